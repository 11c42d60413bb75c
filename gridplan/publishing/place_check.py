"""The check of what a release says by place: sums less what is shown leave nobody alone."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from gridplan.errors import Problem
from gridplan.plan import Plan
from gridplan.publishing.household_bands import read_bands, write_bands
from gridplan.publishing.in_band_cells import may_be_counted, read_states
from gridplan.publishing.place_sums import UPPER
from gridplan.publishing.published_functions import NEEDED, ORGANISATIONS, may_be_summed
from gridplan.rules.disclosure import DisclosureRules
from gridplan.tables.level_indicators import place_bodies

AGAIN = "release the plan again"
# What is counted -> what must be shown of the same place with it.
FOLLOWS = {**dict.fromkeys(ORGANISATIONS, "members"), NEEDED: "households"}
Judge = Callable[[tuple[str, ...], float], bool]


def check_places(plan: Plan) -> list[Problem]:
    """Find counts that follow from a hidden one, alone or as what a sum leaves over.

    Examples
    --------
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> check_places(release(make_board_plan()))
    []
    """
    table = plan.published
    bodies = place_bodies(plan.site.communities)
    problems = []
    shown = table["shown"].astype(bool)
    for measure, whole in FOLLOWS.items():
        rows = table[table["measure"] == measure]
        closed = table[(table["measure"] == whole) & ~shown]
        pairs = pd.MultiIndex.from_frame(closed[["level", "of"]])
        betrayed = pd.MultiIndex.from_frame(rows[["level", "of"]]).isin(pairs) & rows["shown"]
        if betrayed.any():
            text = f"{int(betrayed.sum())} {measure} are shown where the {whole} are not"
            problems.append(_report(text, rows.index[betrayed.to_numpy(bool)]))
        problems += _report_told(
            measure, _find_told(rows, bodies, _judge_needed if measure == NEEDED else _judge_sum)
        )
    for measure, rows in table[table["measure"].str.match("(reach|served):")].groupby("measure"):
        wrong = _find_told(rows, bodies, _judge_share, add_up=False)
        problems += _report_told(str(measure), wrong)
    return [*problems, *_check_gaps(table)]


def _judge_sum(codes: tuple[str, ...], rest: float) -> bool:
    return may_be_summed(len(codes), rest, 0)


def _judge_needed(codes: tuple[str, ...], rest: float) -> bool:
    return may_be_summed(len(codes), rest, 1)


def _judge_share(codes: tuple[str, ...], rest: float) -> bool:
    return len(codes) > 1


def check_in_band(plan: Plan, rules: DisclosureRules) -> tuple[list[Problem], Plan]:
    """Find counts of sub-grids within the band that say more than the bands do.

    Returns
    -------
    What was found, and the plan with the bands that its counts give away: where all
    sub-grids that a sum leaves over are within the limits, those are their bands.
    """
    bands = read_bands(plan.subgrids["household_band"])
    states = read_states(plan.subgrids, bands)
    community = states["community"].astype(object)
    inside = states["inside"].groupby(community).sum()
    unknown = states["open"].groupby(community).sum()
    table = plan.published
    rows = table[table["measure"] == "in_band"]
    bodies = place_bodies(plan.site.communities)
    sure: set[str] = set()

    def judge(codes: tuple[str, ...], rest: float) -> bool:
        here = [code for code in codes if code in unknown.index]
        asked = int(unknown.reindex(here).sum())
        held = int(rest - inside.reindex(here).sum())
        if may_be_counted(asked, held, rules):
            return True
        if held == asked:
            sure.update(here)
        return held == asked

    towns = rows[(rows["level"] == "community") & rows["shown"].astype(bool)]
    blank = towns[towns["of"].map(unknown).fillna(0) > 0]
    off = towns[towns["of"].map(inside).fillna(0) != towns["value"]]
    problems = [
        _report(
            f"{len(wrong)} communities say more of what is in band than their bands", wrong.index
        )
        for wrong in (blank, off.drop(blank.index, errors="ignore"))
        if len(wrong)
    ]
    problems += _report_told("in_band", _find_told(rows, bodies, judge))
    figure = table[(table["measure"] == "figure:in_band") & table["shown"].astype(bool)]
    city = rows[rows["level"] == "city"]
    if len(figure) and not city["shown"].astype(bool).all():
        problems.append(_report("the share in band follows from what is suppressed", figure.index))
    known = states.index[states["open"] & states["community"].isin(sure)]
    bands.loc[known, ["first", "last"]] = states.loc[known, ["low", "high"]].to_numpy()
    return problems, plan.replace(subgrids=plan.subgrids.assign(household_band=write_bands(bands)))


def _find_told(
    rows: pd.DataFrame, bodies: pd.DataFrame, may_know: Judge, *, add_up: bool = True
) -> list[tuple[str, str]]:
    """Find the bodies whose sum less what is shown below gives a hidden community away.

    Without ``add_up`` the numbers are shares, and it is asked only who is left over.
    """
    if rows.empty:
        return []
    shown = rows[rows["shown"].astype(bool)]
    value = shown.set_index(["level", "of"])["value"]
    listed = set(rows.loc[rows["level"] == "community", "of"])
    open_ = set(shown.loc[shown["level"] == "community", "of"])
    pending = [code for code in bodies.index if code in listed - open_]
    of_town = {str(of): float(v) for (level, of), v in value.items() if level == "community"}
    # What is known of a community, or of several together, by the first of them.
    known = pd.Series(of_town, dtype=float).reindex(bodies.index).fillna(0.0)
    wrong = []
    for level in UPPER:
        for name in sorted({str(name) for name in bodies[level]} - {""}):
            if (level, name) not in value.index:
                continue
            codes = tuple(code for code in pending if bodies.at[code, level] == name)
            rest = float(value[(level, name)]) - float(known[bodies[level] == name].sum())
            if (codes and not may_know(codes, rest)) or (not codes and add_up and rest):
                wrong.append((level, name))
            if codes:
                known[codes[0]] = rest
                pending = [code for code in pending if code not in codes]
    return wrong


def _check_gaps(table: pd.DataFrame) -> list[Problem]:
    """Find gaps of communities that have a hidden count, and sums that are none."""
    gaps = table[table["measure"].str.startswith("gaps:")]
    sums = table[table["measure"] == "gaps"]
    people = ("members", "full", "probationary", "volunteers", "volunteers_party", "elders")
    hidden = ~table["shown"].astype(bool) & (table["level"] == "community")
    closed = set(table.loc[hidden & table["measure"].isin(people), "of"])
    told = pd.concat([gaps, sums])
    told = told[(told["level"] == "community") & told["of"].isin(closed) & told["shown"]]
    total = gaps.groupby(["level", "of"])["value"].sum()
    pairs = pd.MultiIndex.from_frame(sums[["level", "of"]])
    differs = sums["shown"].astype(bool) & (
        total.reindex(pairs).fillna(0.0).to_numpy() != sums["value"].to_numpy()
    )
    found = (
        (told.index, f"{len(told)} gaps are given of communities with a suppressed count"),
        (sums.index[differs.to_numpy(bool)], "sums of gaps are not those of their rules"),
    )
    return [_report(text, ids) for ids, text in found if len(ids)]


def _report(text: str, ids: pd.Index) -> Problem:
    return Problem("published", "places", text, AGAIN, tuple(map(str, ids)))


def _report_told(measure: str, wrong: list[tuple[str, str]]) -> list[Problem]:
    if not wrong:
        return []
    text = f"{measure} of {len(wrong)} places leave over what is suppressed"
    return [Problem("published", "places", text, AGAIN, tuple(of for _, of in wrong))]
