"""Rules on belonging: each household in one sub-grid, one community over it, sums that agree."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.auditing.evidence import Evidence, find_rows, sort_rows
from gridplan.auditing.findings import Reporter, join_findings, write_findings
from gridplan.auditing.totals_again import find_totals

DIVIDE_AGAIN = "divide again, or correct the column by hand"


def check_membership(evidence: Evidence) -> pd.DataFrame:
    """Check that every household has exactly one sub-grid, and no sub-grid of homes is empty.

    Each stairwell names one sub-grid that exists and stands somewhere; each
    building with households has stairwells.

    Source: Tangshan's demand of full coverage of people and houses (NetEase, 4
    September 2023); exclusive and exhaustive areas are also the first of the
    ten criteria for enumeration areas (Humanities and Social Sciences
    Communications, 2020).
    """
    e = evidence
    has_none = (e.stairwells["subgrid"].fillna("") == "").to_numpy()
    lost = (e.part < 0) & ~has_none
    nowhere = ~np.isfinite(e.xy).all(axis=1)
    lived_in = e.buildings["households"] > 0
    bare = lived_in & ~e.buildings.index.isin(e.stairwells["building"])
    stairwells = Reporter(
        "membership", "stairwells", e.stairwells, noun="stairwell", remedy=DIVIDE_AGAIN
    )
    buildings = Reporter("membership", "buildings", e.buildings, noun="building")
    return join_findings(
        [
            stairwells.error(has_none, "in no sub-grid"),
            stairwells.error(lost, "in a sub-grid that does not exist"),
            stairwells.error(nowhere, "without a position", "give its door a point"),
            buildings.error(bare, "with households but no stairwell", "find its stairwells again"),
            *_check_kinds(e),
        ]
    )


def _check_kinds(e: Evidence) -> list[pd.DataFrame]:
    """Check that sub-grids of homes hold homes, and that no sub-grid is of an unknown kind."""
    # An unknown kind counts as residential, so that a fault is not hidden by a misspelling.
    empty = e.residential & (e.held == 0)
    strange = ~e.subgrids["kind"].isin(["residential", "exclusive", "open"])
    reporter = Reporter("membership", "subgrids", e.subgrids, subgrid=e.subgrids.index)
    return [
        reporter.error(empty, "no household", "merge it with a neighbour, or make it exclusive"),
        reporter.error(strange, "its kind is unknown", "say residential, exclusive or open"),
    ]


def check_communities(evidence: Evidence) -> pd.DataFrame:
    """Check that every sub-grid lies in exactly one community, and so do all of its stairwells.

    Source: Xi'an DB6101/T 3185-2024, 5.2(b): every grid belongs to exactly one
    village or community.
    """
    e = evidence
    # Row -1 reads the appended empty text, and is left out by the mask.
    above = np.append(e.subgrids["community"].to_numpy(object), "")[e.part]
    is_across = (e.part >= 0) & (e.stairwells["community"].to_numpy(object) != above)
    across = e.stairwells[is_across]
    reporter = Reporter("communities", "subgrids", e.subgrids, subgrid=e.subgrids.index)
    return join_findings(
        [
            reporter.error(
                e.lies_in < 0,
                "its community does not exist",
                "name a community of the table communities",
            ),
            # Reported where the sub-grid is, since that is what has to be divided again.
            write_findings(
                "communities",
                "error",
                "stairwells",
                across.index,
                above[is_across],
                across["subgrid"].to_numpy(),
                noun="stairwell",
                what="of another community than the sub-grid",
                remedy="move it to a sub-grid of its own community",
            ),
        ]
    )


def check_nesting(evidence: Evidence) -> pd.DataFrame:
    """Check that a stairwell, its building, its compound and its community agree with one another.

    Source: the chain compound, building, unit door of the founding article
    (China City News, 25 September 2023, p. 19).
    """
    e = evidence
    stairwells = Reporter("nesting", "stairwells", e.stairwells, noun="stairwell")
    buildings = Reporter("nesting", "buildings", e.buildings, noun="building")
    known = e.home >= 0
    findings = [
        stairwells.error(~known, "of a building that does not exist", "correct its building")
    ]
    for column in ("community", "compound"):
        of_building = np.append(e.buildings[column].to_numpy(object), "")[e.home]
        differs = known & (e.stairwells[column].to_numpy(object) != of_building)
        what = f"of another {column} than the building"
        findings.append(stairwells.error(differs, what, f"take the {column} of the building"))
    # Buildings without households may lie outside all communities.
    lived_in = (e.buildings["households"] > 0).to_numpy()
    astray = lived_in & (find_rows(e.communities, e.buildings["community"]) < 0)
    what = "with households in a community that does not exist"
    findings.append(buildings.error(astray, what, "assign communities again"))
    findings += _check_compounds(e, buildings)
    findings += _check_classes(e)
    return join_findings(findings)


def _check_compounds(e: Evidence, buildings: Reporter) -> list[pd.DataFrame]:
    """Check that compounds of buildings exist, and lie in the building's community."""
    compounds = sort_rows(e.plan.site.compounds)
    named = (e.buildings["compound"].fillna("") != "").to_numpy()
    row = find_rows(compounds, e.buildings["compound"])
    community = np.append(compounds["community"].to_numpy(object), "")[row]
    differs = community != e.buildings["community"].to_numpy(object)
    # A compound of no community contradicts nobody.
    beside = named & (row >= 0) & (community != "") & differs
    return [
        buildings.error(
            named & (row < 0), "of a compound that does not exist", "correct its compound"
        ),
        # Only a warning: either the limit or the compound may be what is wrong.
        buildings.warning(
            beside,
            "of a compound that another community holds",
            "check the limit between the two communities",
        ),
    ]


def _check_classes(e: Evidence) -> list[pd.DataFrame]:
    """Check that stairwells and sub-grids are of the class, urban or rural, of their community."""
    findings = []
    for table, rows, noun in (
        ("stairwells", e.stairwells, "stairwell"),
        ("subgrids", e.subgrids, "sub-grid"),
    ):
        community = find_rows(e.communities, rows["community"])
        kind = np.append(e.communities["kind"].to_numpy(object), "")[community]
        # Where a community has no class, rows may say their own.
        differs = (kind != "") & (rows["community_kind"].to_numpy(object) != kind)
        reporter = Reporter("nesting", table, rows, noun=noun)
        what = "of another class than the community"
        findings.append(reporter.error(differs, what, "take the class of the community"))
    return findings


def check_sums(evidence: Evidence) -> pd.DataFrame:
    """Check that households add up by building, sub-grid and community.

    A household count given by the data's owner always wins over an estimate. A
    known total of a zone or community that the buildings do not add up to is a
    warning: counted buildings alone may exceed it.

    Source: follows from every household being in exactly one sub-grid; that
    counts win over estimates is gridplan's rule.
    """
    e = evidence
    return join_findings(
        [
            _check_buildings(e),
            _check_subgrids(e),
            _check_by_community(e),
            _check_observed(e),
            _check_known(e),
        ]
    )


def _check_buildings(e: Evidence) -> pd.DataFrame:
    """Check that the stairwells of a building add up to its households."""
    known = e.home >= 0
    count = len(e.buildings)
    behind = np.bincount(e.home[known], e.weight[known], minlength=count).round().astype(np.int64)
    # A building without stairwells is reported by the rule on membership.
    has_stairwells = np.bincount(e.home[known], minlength=count) > 0
    return Reporter("sums", "buildings", e.buildings, noun="building").error(
        has_stairwells & (behind != e.buildings["households"].to_numpy()),
        "whose stairwells do not add up to its households",
        "find the stairwells again",
    )


def _check_subgrids(e: Evidence) -> pd.DataFrame:
    stated = e.subgrids["households"].to_numpy()
    off = stated != e.held
    what = [
        f"its row says {says} households, its stairwells hold {held}"
        for says, held in zip(stated[off], e.held[off], strict=True)
    ]
    reporter = Reporter("sums", "subgrids", e.subgrids, subgrid=e.subgrids.index)
    return reporter.error(off, what, DIVIDE_AGAIN)


def _check_by_community(e: Evidence) -> pd.DataFrame:
    """Check that three tables come to the same households in every community."""
    codes = e.communities.index
    tables = {"buildings": e.buildings, "stairwells": e.stairwells, "sub-grids": e.subgrids}
    columns = [
        table.groupby("community")["households"].sum().reindex(codes, fill_value=0).to_numpy()
        for table in tables.values()
    ]
    sums = np.column_stack(columns)
    off = (sums != sums[:, :1]).any(axis=1)
    what = [
        ", ".join(f"{name} {number}" for name, number in zip(tables, row, strict=True))
        for row in sums[off]
    ]
    return write_findings(
        "sums",
        "error",
        "communities",
        codes[off],
        codes[off],
        what=[f"households do not add up: {text}" for text in what],
        remedy="see what else is found in this community",
    )


def _check_observed(e: Evidence) -> pd.DataFrame:
    """Check that no estimate stands where households were counted."""
    observed = e.buildings["households_observed"].to_numpy(float)
    # An observed mean may be broken, so half a household is allowed; NaN is not observed.
    off = np.abs(observed - e.buildings["households"].to_numpy()) > 0.5
    return Reporter("sums", "buildings", e.buildings, noun="building").error(
        off, "with other households than were observed", "take the observed households"
    )


def _check_known(e: Evidence) -> pd.DataFrame:
    """Check that buildings add up to the known totals of zones and communities.

    That of a community which zones cross is not met by them, and is not checked.
    """
    found = e.take(find_totals)
    findings = []
    for table, column, codes in (
        ("zones", "zone", sort_rows(e.plan.site.zones).index),
        ("communities", "community", e.communities.index),
    ):
        known = np.array([found.met.get((table, str(code)), -1) for code in codes])
        held = e.buildings.groupby(column)["households"].sum()
        held = held.reindex(codes, fill_value=0).to_numpy()
        off = (known >= 0) & (known != held)
        what = [
            f"{number} households in buildings, {total} known in all"
            for number, total in zip(held[off], known[off], strict=True)
        ]
        remedy = "check the observed households of its buildings against the total"
        over = codes[off] if table == "communities" else [""] * int(off.sum())
        findings.append(
            write_findings("sums", "warning", table, codes[off], over, what=what, remedy=remedy)
        )
    return join_findings(findings)
