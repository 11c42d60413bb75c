"""What each pairing and each bridge is worth: how much later help comes without it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Ints
from gridplan.engine.parallel_map import Progress
from gridplan.simulation.requests.kernel_state import AID, STREET
from gridplan.simulation.surge.call_up import Muster, find_links, measure_muster, place_homes
from gridplan.simulation.surge.closed_land import Bridge, close_ground, list_bridges, spare_bridge
from gridplan.simulation.surge.event_course import AROUND, EventCourse, run_posture
from gridplan.simulation.surge.surge_inputs import make_blocks
from gridplan.simulation.surge.surge_tables import Outcome, compare_outcomes
from gridplan.simulation.surge.surge_travel import SurgeTravel

MEASURES = ("seen_minutes", "done_minutes", "first_minutes", "last_minutes", "helped_share")
SLACK = 60.0  # metres: a bridge is looked for at its middle
TIME_TOLERANCE = 1e-9  # minutes; ways that differ by less are the same


def measure_worth(course: EventCourse, whole: Outcome, progress: Progress) -> pd.DataFrame:
    """Measure what each pairing and bridge is worth in a surge, with the same chances.

    Differences of the city's measures, ranked by the first.

    A bridge that the event shuts is compared with what would come if it were
    held open. One that makes nobody's way longer is worth nothing and is not
    run again.

    Returns
    -------
    Rows of the table ``surge_worth``.
    """
    pairs = _list_sources(course.muster)
    shut = {bridge.code for bridge in course.shut}
    bridges_left = list_bridges(course.ways.site, course.rules.walking)
    spans = [
        b
        for b in bridges_left
        if b.code not in shut and shapely.dwithin(b.place, course.near, AROUND)
    ]
    total = len(pairs) + len(spans) + len(course.shut)
    rows = []

    def report_progress(n: int) -> None:
        progress(f"{course.event.name}, each pairing and bridge", n, total)

    blocks_before = make_blocks(course.muster, course.event, course.rules, "surge")
    for n, (kind, code, mask) in enumerate(pairs):
        report_progress(n)
        # only blocks in which a helper is missing change; the others keep their outcome
        blocks = set(course.muster.system.posts["block"].to_numpy(object)[mask])
        rows += _tabulate_difference(
            course,
            kind,
            code,
            int(mask.sum()),
            whole,
            _run(course, whole, blocks, prepared=blocks_before, without=mask),
        )
    reach = Detours(course)
    for n, bridge in enumerate(spans):
        report_progress(len(pairs) + n)
        # only communities whose ways could lead over the bridge are measured again
        fewer = _remeasure(course, course.ways.shut(bridge), reach.find_towns(bridge))
        longer = _find_longer(course.muster, fewer)
        rows += _tabulate_difference(
            course,
            bridge.kind,
            bridge.code,
            len(longer),
            whole,
            _run_other(course, whole, fewer, longer),
        )
    for n, bridge in enumerate(course.shut):
        report_progress(len(pairs) + len(spans) + n)
        ways = SurgeTravel(_close(course, bridge), course.rules.walking)
        # shut bridges are compared the other way round: with them held open
        more = _remeasure(course, ways, reach.find_towns(bridge))
        longer = _find_longer(more, course.muster)
        rows += _tabulate_difference(
            course,
            bridge.kind,
            bridge.code,
            len(longer),
            _run_other(course, whole, more, longer),
            whole,
        )
    report_progress(total)
    return _rank(pd.DataFrame(rows))


def _list_sources(muster: Muster) -> list[tuple[str, str, Bools]]:
    """List those who send helpers: kind, code, and which posts they are.

    All institutions together, and all neighbours together, come first.
    """
    sent = muster.stage == "institution"
    sources = []
    for kind, stage in (("all_pairings", "institution"), ("all_aid", "aid")):
        if (muster.stage == stage).any():
            sources.append((kind, "", muster.stage == stage))
    codes = sorted({str(source) for source in muster.source[sent]})
    return sources + [("pairing", code, sent & (muster.source == code)) for code in codes]


def _close(course: EventCourse, spared: Bridge) -> Any:
    """Close what the event closes, but for a bridge that is held open."""
    rules = course.rules.walking
    openings = tuple(code for code in course.event.openings if code != spared.code)
    return close_ground(
        course.land, spare_bridge(course.land, course.closed, spared, rules), openings, rules
    )


def _remeasure(course: EventCourse, ways: SurgeTravel, towns: list[str]) -> Muster:
    """Measure the muster by other ways in some communities, with all its first links."""
    slow = course.event.find_effect("slow", course.rules.surge)
    return measure_muster(
        course.plan, course.unmeasured, ways, course.rules, slow, course.muster, towns
    )


class Detours:
    """Which communities a bridge may matter to, by straight lines over it.

    Those with a way that is at least as long as these lines.

    Parameters
    ----------
    course
        With all links that there were at first, and the minutes of those that
        are left.
    """

    def __init__(self, course: EventCourse) -> None:
        every = course.unmeasured
        measured = course.muster.system
        rules = course.rules
        links = every.system
        minutes = np.full(len(every.system.way), np.inf)
        # links that no way is left for stay infinite
        minutes[find_links(links, measured)] = measured.way
        speed = np.where(
            links.tier >= AID, rules.surge.speed, rules.walking.speed
        ) / course.event.find_effect("slow", rules.surge)
        centre = links.cells["centre"].to_numpy(object)[links.cell]
        home = np.where(every.home[links.post] == "", centre, every.home[links.post])
        # ways of no length, and those of staff without a home, change with no bridge
        kept = np.flatnonzero(every.hit[links.cell] & (links.tier != STREET) & (home != centre))
        codes, row = np.unique(
            np.concatenate([home[kept], centre[kept]]).astype(str), return_inverse=True
        )
        spots = shapely.get_coordinates(
            shapely.centroid(place_homes(course.plan, codes).geometry.to_numpy())
        )[row]
        self.home = spots[: len(kept)]
        self.centre = spots[len(kept) :]
        self.metres = (minutes * speed)[kept] + SLACK
        self.town = links.cells["community"].to_numpy(object)[links.cell[kept]]

    def find_towns(self, bridge: Bridge) -> list[str]:
        """Find the communities to which a bridge may matter."""
        middle = np.array([bridge.place.x, bridge.place.y])
        # no way over the bridge is shorter than the straight lines to and from it
        straight = np.hypot(*(self.home - middle).T) + np.hypot(*(self.centre - middle).T)
        return sorted(set(self.town[straight <= self.metres]))


def _run_other(course: EventCourse, whole: Outcome, other: Muster, changed: Ints) -> Outcome:
    """Run the blocks of the sub-grids to which ways changed with another muster."""
    # posts of a whole block may be called to where the way changed
    blocks = set(course.muster.system.cells["block"].to_numpy(object)[changed])
    return _run(course, whole, blocks, muster=other) if blocks else whole


def _run(
    course: EventCourse, whole: Outcome, blocks: set[Any], prepared: Any = None, **other: Any
) -> Outcome:
    """Run the blocks that change; the others stay as they were."""
    outcome = run_posture(course, "surge", only=blocks, blocks=prepared, **other)
    block = course.muster.system.cells["block"].to_numpy(object)[course.muster.affected]
    stays = ~np.isin(block, list(blocks))
    parts = {name: getattr(outcome, name) for name in ("first", "finished", "sums")}
    for name, part in parts.items():
        # blocks do not meet, so what did not run is as before
        part[:, stays] = getattr(whole, name)[:, stays]
    return replace(outcome, **parts)


def _find_longer(with_: Muster, without: Muster) -> Ints:
    """Find the sub-grids to which a way is longer, or gone, without: rows of cells."""
    links = with_.system
    fewer_links = without.system
    minutes = np.full(len(links.way), np.inf)
    minutes[find_links(links, fewer_links)] = fewer_links.way
    return np.asarray(np.unique(links.cell[minutes > links.way + TIME_TOLERANCE]))


def _tabulate_difference(
    course: EventCourse, kind: str, code: str, number: int, with_: Outcome, without: Outcome
) -> list[dict[str, Any]]:
    """Tabulate by how much later help comes without something, a row for each measure."""
    return [
        {
            "event": course.event.name,
            "kind": kind,
            "of": code,
            "number": number,
            "measure": measure,
            "mean": float(difference.mean[0]),
            "low": float(difference.low[0]),
            "high": float(difference.high[0]),
        }
        for measure, difference in compare_outcomes(with_, without, MEASURES)
    ]


def _rank(rows: pd.DataFrame) -> pd.DataFrame:
    """Rank pairings and bridges together by each measure, what is missed most first."""
    if rows.empty:
        return rows
    # a share that falls is as bad as minutes that rise
    worse = np.where(rows["measure"] == "helped_share", -rows["mean"], rows["mean"])
    table = rows.assign(clear=(rows["low"] > 0) | (rows["high"] < 0), worse=worse)
    table["rank"] = (
        table.groupby("measure")["worse"].rank(method="min", ascending=False).astype(np.int64)
    )
    # the first measure decides the order of all rows
    key = table[table["measure"] == MEASURES[0]].set_index(["kind", "of"])["rank"]
    table["first"] = [key[pair] for pair in zip(table["kind"], table["of"], strict=True)]
    table["place"] = table["measure"].map({m: n for n, m in enumerate(MEASURES)})
    return table.sort_values(["first", "kind", "of", "place"], kind="stable").drop(
        columns=["worse", "first", "place"]
    )
