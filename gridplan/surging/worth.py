"""What each pairing and each bridge is worth: how much later help comes without it, with the same chances."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.engine import Progress
from gridplan.surging.ground import Bridge, close_ground, list_bridges, shut_bridge, spare_bridge
from gridplan.surging.muster import Muster, find_links, measure_muster
from gridplan.surging.running import AROUND, Course, run_posture
from gridplan.surging.tabling import Outcome, compare_outcomes
from gridplan.surging.ways import Ways
from gridplan.surging.world import lay_blocks

Array = np.ndarray[Any, Any]
MEASURES = ("seen_minutes", "done_minutes", "first_minutes", "last_minutes", "helped_share")
HAIR = 1e-9  # minutes; ways that differ by less are the same


def measure_worth(course: Course, whole: Outcome, progress: Progress) -> pd.DataFrame:
    """Measure what each pairing and bridge is worth in a surge: differences of the city's measures, ranked by the first.

    A bridge that the event shuts is compared with what would come if it were held open. One that makes nobody's way longer is
    worth nothing and is not run again.

    Returns
    -------
    Rows of the table ``surge_worth``.
    """
    pairs = _list_sources(course.muster)
    shut = {bridge.code for bridge in course.shut}
    left = list_bridges(_close(course), course.rules.walking)
    spans = [b for b in left if b.code not in shut and shapely.dwithin(b.at, course.near, AROUND)]
    total, rows = len(pairs) + len(spans) + len(course.shut), []

    def tell(n: int) -> None:
        progress(f"{course.event.name}, each pairing and bridge", n, total)

    laid = lay_blocks(course.muster, course.event, course.rules, "surge")
    for n, (kind, code, mask) in enumerate(pairs):
        tell(n)
        blocks = set(course.muster.system.posts["block"].to_numpy(object)[mask])
        rows += _tell(course, kind, code, int(mask.sum()), whole, _run(course, whole, blocks, laid=laid, without=mask))
    none = _close(course)
    for bridge in spans:
        none = shut_bridge(none, bridge, course.rules.walking)
    towns = _find_towns(course, course.muster, _remeasure(course, none)) if spans else []
    for n, bridge in enumerate(spans):
        tell(len(pairs) + n)
        fewer = _remeasure(course, shut_bridge(_close(course), bridge, course.rules.walking), towns)
        longer = _find_longer(course.muster, fewer)
        rows += _tell(course, bridge.kind, bridge.code, len(longer), whole, _run_other(course, whole, fewer, longer))
    towns = _find_towns(course, _remeasure(course, _close(course, *course.shut)), course.muster) if course.shut else []
    for n, bridge in enumerate(course.shut):
        tell(len(pairs) + len(spans) + n)
        more = _remeasure(course, _close(course, bridge), towns)
        longer = _find_longer(more, course.muster)
        rows += _tell(course, bridge.kind, bridge.code, len(longer), _run_other(course, whole, more, longer), whole)
    tell(total)
    return _rank(pd.DataFrame(rows))


def _list_sources(muster: Muster) -> list[tuple[str, str, Array]]:
    """List those who send helpers: kind, code, and which posts they are; all institutions, and all neighbours, together first."""
    sent, found = muster.stage == "institution", []
    for kind, stage in (("all_pairings", "institution"), ("all_aid", "aid")):
        if (muster.stage == stage).any():
            found.append((kind, "", muster.stage == stage))
    codes = sorted({str(source) for source in muster.source[sent]})
    return found + [("pairing", code, sent & (muster.source == code)) for code in codes]


def _close(course: Course, *spared: Bridge) -> Any:
    """Close what the event closes, but for bridges that are held open."""
    closed, openings, rules = course.closed, course.event.openings, course.rules.walking
    for bridge in spared:
        closed = spare_bridge(course.land, closed, bridge, rules)
        openings = tuple(code for code in openings if code != bridge.code)
    return close_ground(course.land, closed, openings, rules)


def _remeasure(course: Course, ground: Any, towns: Any = None) -> Muster:
    """Measure the muster on other ground, all links that there were at first among them, in some communities or all."""
    slow, ways = course.event.find("slow", course.rules.surge), Ways(ground, course.rules.walking)
    known = None if towns is None else course.muster
    return measure_muster(course.plan, course.unmeasured, ways, course.rules, slow, known, towns)


def _find_towns(course: Course, with_: Muster, without: Muster) -> list[str]:
    """Find the communities in which ways hang on bridges at all; in the others none needs to be looked at by itself."""
    return sorted(set(course.muster.system.cells["community"].to_numpy(object)[_find_longer(with_, without)]))


def _run_other(course: Course, whole: Outcome, other: Muster, changed: Array) -> Outcome:
    """Run the blocks of the sub-grids to which ways changed with another muster."""
    blocks = set(course.muster.system.cells["block"].to_numpy(object)[changed])
    return _run(course, whole, blocks, muster=other) if blocks else whole


def _run(course: Course, whole: Outcome, blocks: set[Any], laid: Any = None, **other: Any) -> Outcome:
    """Run the blocks that change; the others stay as they were."""
    done = run_posture(course, "surge", only=blocks, blocks=laid, **other)
    block = course.muster.system.cells["block"].to_numpy(object)[course.muster.affected]
    stays = ~np.isin(block, list(blocks))
    parts = {name: getattr(done, name) for name in ("first", "done", "sums")}
    for name, part in parts.items():
        part[:, stays] = getattr(whole, name)[:, stays]
    return replace(done, **parts)


def _find_longer(with_: Muster, without: Muster) -> Array:
    """Find the sub-grids to which anybody's way is longer, or gone, without: rows of cells."""
    own, new = with_.system, without.system
    minutes = np.full(len(own.way), np.inf)
    minutes[find_links(own, new)] = new.way
    return np.asarray(np.unique(own.cell[minutes > own.way + HAIR]))


def _tell(course: Course, kind: str, code: str, number: int, with_: Outcome, without: Outcome) -> list[dict[str, Any]]:
    """Tell the differences as rows."""
    return [
        {
            "event": course.event.name, "kind": kind, "of": code, "number": number, "measure": measure,
            "mean": float(found.mean[0]), "low": float(found.low[0]), "high": float(found.high[0]),
        }
        for measure, found in compare_outcomes(with_, without, MEASURES)
    ]  # fmt: skip


def _rank(rows: pd.DataFrame) -> pd.DataFrame:
    """Rank pairings and bridges together by each measure, what is missed most first."""
    if rows.empty:
        return rows
    worse = np.where(rows["measure"] == "helped_share", -rows["mean"], rows["mean"])
    table = rows.assign(clear=(rows["low"] > 0) | (rows["high"] < 0), worse=worse)
    table["rank"] = table.groupby("measure")["worse"].rank(method="min", ascending=False).astype(np.int64)
    key = table[table["measure"] == MEASURES[0]].set_index(["kind", "of"])["rank"]
    table["first"] = [key[pair] for pair in zip(table["kind"], table["of"], strict=True)]
    table["place"] = table["measure"].map({m: n for n, m in enumerate(MEASURES)})
    return table.sort_values(["first", "kind", "of", "place"], kind="stable").drop(columns=["worse", "first", "place"])
