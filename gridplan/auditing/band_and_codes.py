"""Rules on size and on what is written down: band, codes, exceptions and figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Objects
from gridplan.auditing.centres import Walks
from gridplan.auditing.evidence import Evidence, find_rows, join_findings, write_findings
from gridplan.auditing.walking import Steps, number_pieces
from gridplan.tables.schema import find_key

BAND_RULES = frozenset({"band", "households"})  # words by which an exception speaks of the band
# Tables whose codes are checked.
CODED = (
    "communities",
    "buildings",
    "stairwells",
    "neighbours",
    "subgrids",
    "exceptions",
    "grids",
    "special_grids",
    "touches",
)
METRE = 0.01  # figures in metres may differ by this; outlines are drawn on a grid of it


def check_band(evidence: Evidence, steps: Steps) -> pd.DataFrame:
    """Check that every residential sub-grid holds low to high households of its class.

    Outside the band is an error without a row in ``exceptions``, a warning
    with one, and a note where that row says that no plan could do better; the
    audit then says whether it can confirm the proof from households and
    barriers.

    Source: about 30 households in towns and 50 in the countryside (China City
    News, 25 September 2023, p. 19); the width of the band is the planner's.
    """
    e = evidence
    out = np.flatnonzero(e.residential & (e.held > 0) & ~e.in_band)
    codes = e.subgrids.index[out]
    community = e.subgrids["community"].to_numpy(object)[out]
    excuses = e.plan.exceptions[e.plan.exceptions["rule"].isin(BAND_RULES)]
    whole = excuses["subgrid"] == ""

    def excuse(rows: Any) -> Bools:
        return np.asarray(
            codes.isin(rows["subgrid"])
            | np.isin(community, rows["community"][whole.loc[rows.index]])
        )

    explained = excuse(excuses)
    proven = excuse(excuses[excuses["proven"]])
    shown = _prove(e, steps)[out]
    low = e.bands[out, 0]
    high = e.bands[out, 2]
    what = np.array(
        [
            f"{h} households, allowed are {a} to {b}"
            for h, a, b in zip(e.held[out], low, high, strict=True)
        ],
        object,
    )
    proof = np.where(
        shown,
        ": proven, the audit finds the same",
        ": said to be proven; the audit cannot confirm it",
    )
    found = []
    for severity, mask, end, remedy in (
        (
            "error",
            ~explained,
            ", no exception says why",
            "divide again, or explain it in the table exceptions",
        ),
        (
            "warning",
            explained & ~proven,
            ", explained in exceptions",
            "see the remedy in exceptions",
        ),
        ("note", proven, proof[proven], "see the remedy in exceptions"),
    ):
        found.append(
            write_findings(
                "band",
                severity,
                "subgrids",
                codes[mask],
                community[mask],
                codes[mask],
                what=what[mask] + end,
                remedy=remedy,
            )
        )
    return join_findings(found)


def _prove(e: Evidence, steps: Steps) -> Bools:
    """Find the sub-grids that no plan could bring into the band.

    Either one of its stairwells is too large, or its island has no number of
    parts. An island is what can be walked to within a community; its
    households make parts within the band only if ceil(households / high) <=
    floor(households / low).
    """
    low = e.bands[:, 0]
    high = e.bands[:, 2]
    largest = np.zeros(len(e.subgrids), np.int64)
    known = e.part >= 0
    np.maximum.at(largest, e.part[known], e.weight[known])
    too_large = largest > high
    if len(e.plan.neighbours) == 0:
        return too_large
    label, count = number_pieces(len(e.part), steps.a[steps.sound], steps.b[steps.sound])
    island = np.bincount(label, e.weight, minlength=count).astype(np.int64)
    member = np.full(len(e.subgrids), -1)
    member[e.part[known]] = label[known]
    held = np.where(member >= 0, island[member], 0)
    return np.asarray(too_large | (-(-held // np.maximum(high, 1)) > held // np.maximum(low, 1)))


def check_codes(evidence: Evidence) -> pd.DataFrame:
    """Check that codes are unique, begin with their community's, and are numbered without gaps.

    The sweep goes from west to east in each row and from north to south: no
    number may follow one that lies both further east and further south,
    however high the rows are. Gaps are only a note, since a redraw never
    renumbers the sub-grids that survive it.

    Source: Beijing DB11 on unit grids (three digits of sequence in the
    community, west to east, north to south); Xi'an DB6101/T 3185-2024, 4.2 and
    4.3, for unique and stable codes; CJ/T 349-2010 for left to right, top to
    bottom.
    """
    e = evidence
    plan = evidence.plan
    found = []
    for table in CODED:
        index = plan.get_table(table).index
        found.append(report_doubles(table, index[index.duplicated()].unique()))
    code = e.subgrids.index.to_numpy(object)
    over = e.subgrids["community"].to_numpy(object)
    starts = np.array([c.startswith(f"{o}-") for c, o in zip(code, over, strict=True)], bool)
    went_on = np.isin(
        code, plan.concordance["old"].to_numpy(object)
    )  # survivors of a redraw are never renumbered
    for mask, severity, remedy in (
        (~starts & ~went_on, "warning", "code it community, hyphen, number"),
        (~starts & went_on, "note", "none needed after a redraw; survivors keep their codes"),
    ):
        what = "whose code does not begin with the community's"
        found.append(
            write_findings(
                "codes",
                severity,
                "subgrids",
                code[mask],
                over[mask],
                noun="sub-grid",
                what=what,
                remedy=remedy,
            )
        )
    found += _check_numbers(e, code, over, starts)
    return join_findings(found)


def report_doubles(table: str, twice: Any) -> pd.DataFrame:
    """Report codes that stand in more than one row of a table."""
    what = f"in more than one row of {find_key(table)}"
    remedy = "give every row its own code"
    return write_findings("codes", "error", table, twice, "", noun="code", what=what, remedy=remedy)


def _check_numbers(e: Evidence, code: Objects, over: Objects, starts: Bools) -> list[pd.DataFrame]:
    tail = [c[len(o) + 1 :] if s else "" for c, o, s in zip(code, over, starts, strict=True)]
    number = np.array([int(t) if t.isdecimal() else -1 for t in tail], np.int64)
    x, y = _find_middles(e)
    frame = pd.DataFrame({"code": code, "community": over, "number": number, "x": x, "y": y})
    frame = frame[frame["number"] >= 0].sort_values(
        ["community", "number", "code"], ignore_index=True
    )
    by = frame.groupby("community", sort=True)["number"]
    gaps = (by.max() > by.size())[lambda s: s].index
    before = frame.groupby("community")[["x", "y"]].shift()
    back = (frame["x"] < before["x"] - METRE) & (frame["y"] > before["y"] + METRE)
    wrong = frame[back]
    sweep = "numbered after one that lies to the south-east of it"
    return [
        write_findings(
            "codes",
            "note",
            "subgrids",
            gaps,
            gaps,
            what="numbers of sub-grids have gaps",
            remedy="none needed after a redraw; survivors keep their codes",
        ),
        write_findings(
            "codes",
            "note",
            "subgrids",
            wrong["code"],
            wrong["community"].to_numpy(),
            noun="sub-grid",
            what=sweep,
            remedy="none needed after a redraw; else number from west to east and north to south",
        ),
    ]


def _find_middles(e: Evidence) -> tuple[Floats, Floats]:
    """Find the mean position of the households of each sub-grid; NaN where it has none."""
    kept = (e.part >= 0) & np.isfinite(e.xy).all(axis=1)
    part = e.part[kept]
    weight = e.weight[kept]
    k = len(e.subgrids)
    total = np.bincount(part, weight, minlength=k)
    with np.errstate(invalid="ignore", divide="ignore"):
        x = np.bincount(part, weight * e.xy[kept, 0], minlength=k) / total
        y = np.bincount(part, weight * e.xy[kept, 1], minlength=k) / total
    return x, y


def check_exceptions(evidence: Evidence) -> pd.DataFrame:
    """Check that every exception is about something out of rule, and gives a reason and a remedy.

    Source: gridplan's promise that nothing is out of rule without being
    explained.
    """
    e = evidence
    rows = evidence.plan.exceptions
    rows = rows[~rows.index.duplicated()].sort_index()
    named = (rows["subgrid"] != "").to_numpy()
    own = find_rows(e.subgrids, rows["subgrid"])
    over = find_rows(e.communities, rows["community"])
    above = pd.concat([e.subgrids["community"], e.plan.grids["community"]])
    above = above[~above.index.duplicated()].reindex(rows["subgrid"]).to_numpy(object)
    lost = (over < 0) | (named & (above != rows["community"].to_numpy(object)))
    kept = np.append(e.in_band, False)[own]
    stale = ~lost & named & rows["rule"].isin(BAND_RULES).to_numpy() & kept
    silent = ((rows["explanation"] == "") | (rows["remedy"] == "")).to_numpy()

    def report(severity: str, mask: Bools, what: str, remedy: str) -> pd.DataFrame:
        wrong = rows[mask]
        return write_findings(
            "exceptions",
            severity,
            "exceptions",
            wrong.index,
            wrong["community"].to_numpy(),
            noun="exception",
            what=what,
            remedy=remedy,
        )

    return join_findings(
        [
            report(
                "error",
                lost,
                "for a community or sub-grid that does not exist",
                "leave it out, or correct its codes",
            ),
            report("warning", stale, "for a sub-grid that is within the band", "leave it out"),
            report(
                "warning",
                silent,
                "without explanation or remedy",
                "say why it is so and what would cure it",
            ),
        ]
    )


def check_figures(evidence: Evidence, walks: Walks) -> pd.DataFrame:
    """Check that the figures of sub-grids and manifest are what the other tables come to.

    Figures that a plan does not give (empty) are one note. Distances may
    differ by a centimetre for each household.

    Source: gridplan's schema, which says what each column is.
    """
    e = evidence
    rows = evidence.subgrids
    households = np.maximum(e.held, 1)
    pairs = pd.DataFrame({"part": e.part, "home": e.home})
    touched = pairs[(pairs >= 0).all(axis=1)].drop_duplicates()
    land = rows.geometry.to_numpy()
    area = np.nan_to_num(shapely.area(land))
    counts = {
        "building_count": np.bincount(touched["part"], minlength=len(rows)),
        "stairwell_count": e.count_by_subgrid(),
        "pieces": shapely.get_num_geometries(land),
        "low": e.bands[:, 0],
        "target": e.bands[:, 1],
        "high": e.bands[:, 2],
        "in_band": e.in_band,
    }
    measures = {
        "household_metres": (walks.of_centre, METRE * households),
        "mean_walk": (walks.of_centre / households, np.full(len(rows), METRE)),
        "max_walk": (walks.longest, np.full(len(rows), METRE)),
        "area": (area, METRE + 1e-6 * area),
    }
    wrong = np.full(len(rows), "", object)
    absent = np.full(len(rows), "", object)
    sizeless = e.residential & (rows[["low", "target", "high"]] == 0).all(axis=1).to_numpy()
    for column, right in counts.items():
        banded = column in {"low", "target", "high", "in_band"}
        right = np.where(
            banded & ~e.residential, rows[column].to_numpy(), right
        )  # the rule on exclusive grids looks at these
        unsaid = sizeless & (column in {"low", "target", "high"})
        wrong[
            (rows[column].to_numpy() != right) & ~unsaid & ~(sizeless & (column == "in_band"))
        ] += f", {column}"
        absent[unsaid] += f", {column}"
    for column, (right, tolerance) in measures.items():
        says = rows[column].to_numpy(float)
        wrong[np.abs(says - right) > tolerance] += f", {column}"
        absent[np.isnan(says) & ((column == "area") | (e.held > 0))] += f", {column}"
    return join_findings(
        [_report_columns(e, "error", wrong), _report_columns(e, "note", absent), _check_manifest(e)]
    )


def _report_columns(e: Evidence, severity: str, columns: Objects) -> pd.DataFrame:
    """Report figures of sub-grids that are wrong, and by community those that are missing."""
    off = columns != ""
    codes = e.subgrids.index[off]
    over = e.subgrids["community"].to_numpy(object)[off]
    names = np.array([c[2:] for c in columns[off]], object)
    remedy = "compute the figures of the sub-grids again"
    if severity == "note":
        return write_findings(
            "figures",
            severity,
            "subgrids",
            codes,
            over,
            noun="sub-grid",
            what="without " + names,
            remedy=remedy,
        )
    return write_findings(
        "figures",
        severity,
        "subgrids",
        codes,
        over,
        codes,
        what="not what the tables come to: " + names,
        remedy=remedy,
    )


def _check_manifest(e: Evidence) -> pd.DataFrame:
    plan = e.plan
    right = {
        "communities": len(plan.site.communities),
        "buildings": len(plan.site.buildings),
        "households": int(plan.stairwells["households"].sum()),
        "stairwells": len(plan.stairwells),
        "subgrids": int((plan.subgrids["kind"] != "exclusive").sum()),
        "in_band": int((e.in_band & e.residential).sum()),
        "exceptions": len(plan.exceptions),
        "exclusive": int((plan.subgrids["kind"] == "exclusive").sum()),
        "special_grids": len(plan.special_grids),
        "grids": len(plan.grids),
    }
    return check_manifest(plan.manifest.get("figures") or {}, right)


def check_manifest(says: Mapping[str, Any], right: Mapping[str, int]) -> pd.DataFrame:
    """Check that the figures of a manifest are what the tables come to."""
    off = [name for name in right if name in says and says[name] != right[name]]
    what = [
        f"its figure {name} says {says[name]}, the tables come to {right[name]}" for name in off
    ]
    found = write_findings(
        "figures", "warning", "manifest", off, "", off, what=what, remedy="write the manifest again"
    )
    return found.assign(subgrid="")
