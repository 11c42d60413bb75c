"""Rules on size and on what is written down: band, codes and figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Objects
from gridplan.auditing.centres import measure_walks
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.exceptions import BAND_RULES, report_excuses
from gridplan.auditing.findings import Reporter, join_findings, write_findings
from gridplan.auditing.layers import layer_subgrids
from gridplan.plan import ALL_TABLES
from gridplan.tables.schema import find_key

# Tables of which rules look at doubled codes themselves.
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
BAND_COLUMNS = ("low", "target", "high")
RECOMPUTE = "compute the figures of the sub-grids again"
NOT_AFTER_REDRAW = "none needed after a redraw; survivors keep their codes"
METRE = 0.01  # metres by which figures may differ; outlines are drawn on a grid of it


def check_band(evidence: Evidence) -> pd.DataFrame:
    """Check that every residential sub-grid holds low to high households of its class.

    Outside the band is an error unless a row in ``exceptions`` explains it,
    and a row explains only what the audit finds too: a proof that arithmetic or
    enumeration gives from households and barriers (a note), or an approval
    by a post that the plan knows (a warning). Any other row explains nothing:
    the error says what would cure it, where the audit finds that.

    Source: about 30 households in towns and 50 in the countryside (China City
    News, 25 September 2023, p. 19); the width of the band is the planner's.
    """
    e = evidence
    layer = e.take(layer_subgrids)
    out = np.flatnonzero(layer.out)
    rows = e.subgrids.iloc[out]
    what = np.array(
        [
            f"{households} households, allowed are {low} to {high}"
            for households, low, high in zip(
                e.held[out], e.bands[out, 0], e.bands[out, 2], strict=True
            )
        ],
        object,
    )
    excuses = e.plan.exceptions[e.plan.exceptions["rule"].isin(BAND_RULES)]
    reporter = Reporter("band", "subgrids", rows, subgrid=rows.index)
    return report_excuses(e, layer, reporter, excuses, what)


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
    doubles = []
    for table in ALL_TABLES:
        # The evidence keeps each code once, so that doubled ones are sought in the plan itself.
        index = e.stated.get_table(table).index
        doubles.append(report_doubles(table, index[index.duplicated()].unique()))
    code = e.subgrids.index.to_numpy(object)
    community = e.subgrids["community"].to_numpy(object)
    begins = np.array([c.startswith(f"{of}-") for c, of in zip(code, community, strict=True)], bool)
    # Survivors of a redraw are never renumbered, even where limits of communities moved.
    survived = np.isin(code, e.plan.concordance["old"].to_numpy(object))
    what = "whose code does not begin with the community's"
    reporter = Reporter("codes", "subgrids", e.subgrids, noun="sub-grid")
    return join_findings(
        [
            *doubles,
            reporter.warning(~begins & ~survived, what, "code it community, hyphen, number"),
            reporter.note(~begins & survived, what, NOT_AFTER_REDRAW),
            *_check_numbers(e, begins),
        ]
    )


def report_doubles(table: str, doubled: Any) -> pd.DataFrame:
    """Report codes that are in more than one row of a table."""
    what = f"in more than one row of {find_key(table)}"
    remedy = "give every row its own code"
    return write_findings(
        "codes", "error", table, doubled, "", noun="code", what=what, remedy=remedy
    )


def _check_numbers(e: Evidence, begins: Bools) -> list[pd.DataFrame]:
    """Check the numbers of the codes that begin with their community's: gaps, and the sweep."""
    code = e.subgrids.index.to_numpy(object)
    community = e.subgrids["community"].to_numpy(object)
    tails = [
        c[len(of) + 1 :] if known else ""
        for c, of, known in zip(code, community, begins, strict=True)
    ]
    number = np.array([int(t) if t.isdecimal() else -1 for t in tails], np.int64)
    x, y = _find_middles(e)
    frame = pd.DataFrame({"code": code, "community": community, "number": number, "x": x, "y": y})
    # The code breaks ties of numbers such as 7 and 007.
    frame = frame[frame["number"] >= 0].sort_values(["community", "number", "code"])
    frame = frame.set_index("code")
    numbers = frame.groupby("community", sort=True)["number"]
    # Numbers begin at 1, so that without gaps the highest is how many there are.
    has_gaps = numbers.max() > numbers.size()
    gaps = has_gaps.index[has_gaps]
    previous = frame.groupby("community")[["x", "y"]].shift()
    # NaN, for the first of a community or one without homes, compares as false.
    against_sweep = (frame["x"] < previous["x"] - METRE) & (frame["y"] > previous["y"] + METRE)
    swept = Reporter("codes", "subgrids", frame, noun="sub-grid")
    return [
        write_findings(
            "codes",
            "note",
            "subgrids",
            gaps,
            gaps,
            what="numbers of sub-grids have gaps",
            remedy=NOT_AFTER_REDRAW,
        ),
        swept.note(
            against_sweep,
            "numbered after one that lies to the south-east of it",
            "none needed after a redraw; else number from west to east and north to south",
        ),
    ]


def _find_middles(e: Evidence) -> tuple[Floats, Floats]:
    """Find the mean position of the households of each sub-grid; NaN where it has none."""
    kept = (e.part >= 0) & np.isfinite(e.xy).all(axis=1)
    part = e.part[kept]
    weight = e.weight[kept]
    k = len(e.subgrids)
    total = np.bincount(part, weight, minlength=k)
    # 0 / 0 is the NaN that sub-grids without households are meant to have.
    with np.errstate(invalid="ignore", divide="ignore"):
        x = np.bincount(part, weight * e.xy[kept, 0], minlength=k) / total
        y = np.bincount(part, weight * e.xy[kept, 1], minlength=k) / total
    return x, y


def check_figures(evidence: Evidence) -> pd.DataFrame:
    """Check that the figures of sub-grids and manifest are what the other tables come to.

    Figures that a plan does not give (empty) are one note. Distances may
    differ by a centimetre for each household.

    Source: gridplan's schema, which says what each column is.
    """
    wrong, absent = _compare_counts(evidence)
    wrong_measures, absent_measures = _compare_measures(evidence)
    return join_findings(
        [
            _report_wrong(evidence, wrong + wrong_measures),
            _report_absent(evidence, absent + absent_measures),
            _check_manifest(evidence),
        ]
    )


def _compare_counts(e: Evidence) -> tuple[Objects, Objects]:
    """Compare whole numbers: for each sub-grid the columns that are wrong, and those not given."""
    rows = e.subgrids
    pairs = pd.DataFrame({"part": e.part, "home": e.home})
    touched = pairs[(pairs >= 0).all(axis=1)].drop_duplicates()
    counts = {
        "building_count": np.bincount(touched["part"], minlength=len(rows)),
        "stairwell_count": e.count_by_subgrid(),
        "pieces": shapely.get_num_geometries(rows.geometry.to_numpy()),
        "low": e.bands[:, 0],
        "target": e.bands[:, 1],
        "high": e.bands[:, 2],
        "in_band": e.in_band,
    }
    wrong = np.full(len(rows), "", object)
    absent = np.full(len(rows), "", object)
    # Three zeros are a layer of old grids that never had a band: not given, rather than wrong.
    bandless = e.residential & (rows[list(BAND_COLUMNS)] == 0).all(axis=1).to_numpy()
    for column, right in counts.items():
        differs = rows[column].to_numpy() != right
        if column in BAND_COLUMNS:
            absent[bandless] += f", {column}"
        if column in (*BAND_COLUMNS, "in_band"):
            # The band of an exclusive grid is the business of the rule on those.
            differs &= e.residential & ~bandless
        wrong[differs] += f", {column}"
    return wrong, absent


def _compare_measures(e: Evidence) -> tuple[Objects, Objects]:
    """Compare metres and areas: for each sub-grid the columns that are off, and those not given."""
    rows = e.subgrids
    walks = e.take(measure_walks)
    households = np.maximum(e.held, 1)
    area = np.nan_to_num(shapely.area(rows.geometry.to_numpy()))
    centimetre = np.full(len(rows), METRE)
    measures = {
        # Household-metres add up the rounding of every household.
        "household_metres": (walks.of_centre, METRE * households),
        "mean_walk": (walks.of_centre / households, centimetre),
        "max_walk": (walks.longest, centimetre),
        "area": (area, METRE + 1e-6 * area),
    }
    wrong = np.full(len(rows), "", object)
    absent = np.full(len(rows), "", object)
    for column, (right, tolerance) in measures.items():
        stated = rows[column].to_numpy(float)
        # NaN on either side compares as false: what is not known is not wrong.
        wrong[np.abs(stated - right) > tolerance] += f", {column}"
        # Where nobody lives there is no walk to give.
        absent[np.isnan(stated) & ((column == "area") | (e.held > 0))] += f", {column}"
    return wrong, absent


def _report_wrong(e: Evidence, columns: Objects) -> pd.DataFrame:
    """Report the figures that are wrong, by sub-grid."""
    off = columns != ""
    return Reporter(
        "figures", "subgrids", e.subgrids, remedy=RECOMPUTE, subgrid=e.subgrids.index
    ).error(off, "not what the tables come to: " + _name_columns(columns[off]))


def _report_absent(e: Evidence, columns: Objects) -> pd.DataFrame:
    """Report the figures that are missing, by community: a layer without them has none at all."""
    off = columns != ""
    reporter = Reporter("figures", "subgrids", e.subgrids, noun="sub-grid", remedy=RECOMPUTE)
    return reporter.note(off, "without " + _name_columns(columns[off]))


def _name_columns(columns: Objects) -> Objects:
    """Drop the comma before the first of some columns."""
    return np.array([names.removeprefix(", ") for names in columns], object)


def _check_manifest(e: Evidence) -> pd.DataFrame:
    plan = e.plan
    is_exclusive = plan.subgrids["kind"] == "exclusive"
    right = {
        "communities": len(plan.site.communities),
        "buildings": len(plan.site.buildings),
        "households": int(plan.stairwells["households"].sum()),
        "stairwells": len(plan.stairwells),
        "subgrids": int((plan.subgrids["kind"] == "residential").sum()),
        "in_band": int((e.in_band & e.residential).sum()),
        "exceptions": len(plan.exceptions),
        "exclusive": int(is_exclusive.sum()),
        "special_grids": len(plan.special_grids),
        "grids": len(plan.grids),
    }
    return check_manifest(plan.manifest.get("figures") or {}, right)


def check_manifest(stated: Mapping[str, Any], right: Mapping[str, int]) -> pd.DataFrame:
    """Check that the figures of a manifest are what the tables come to."""
    # Manifests of other versions may state fewer figures, and others.
    off = [name for name in right if name in stated and stated[name] != right[name]]
    what = [
        f"its figure {name} says {stated[name]}, the tables come to {right[name]}" for name in off
    ]
    # The name stands for a sub-grid, so that each figure is a finding of its own.
    findings = write_findings(
        "figures", "warning", "manifest", off, "", off, what=what, remedy="write the manifest again"
    )
    return findings.assign(subgrid="")
