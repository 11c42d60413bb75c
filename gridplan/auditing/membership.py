"""Rules on belonging: each household in one sub-grid, one community over it, sums that agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools
from gridplan.auditing.evidence import Evidence, find_rows, join_findings, write_findings

PLAN_MADE_OVER = "divide again, or correct the column by hand"


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
    own = evidence.stairwells
    part = evidence.part
    none = (own["subgrid"].fillna("") == "").to_numpy()
    lost = (part < 0) & ~none
    nowhere: Bools = ~np.asarray(np.isfinite(e.xy).all(axis=1))
    bare: Bools = np.asarray(
        (e.buildings["households"] > 0) & ~e.buildings.index.isin(own["building"])
    )
    empty = e.residential & (e.held == 0)
    strange = ~e.subgrids["kind"].isin(["residential", "exclusive"]).to_numpy()

    def report(
        table: str, rows: Any, mask: Bools, noun: str, what: str, remedy: str
    ) -> pd.DataFrame:
        wrong = rows[mask]
        subgrid = wrong.index if table == "subgrids" else ""
        where = wrong["community"].to_numpy()
        return write_findings(
            "membership",
            "error",
            table,
            wrong.index,
            where,
            subgrid,
            noun=noun,
            what=what,
            remedy=remedy,
        )

    return join_findings(
        [
            report("stairwells", own, none, "stairwell", "in no sub-grid", PLAN_MADE_OVER),
            report(
                "stairwells",
                own,
                lost,
                "stairwell",
                "in a sub-grid that does not exist",
                PLAN_MADE_OVER,
            ),
            report(
                "stairwells",
                own,
                nowhere,
                "stairwell",
                "without a position",
                "give its door a point",
            ),
            report(
                "buildings",
                e.buildings,
                bare,
                "building",
                "with households but no stairwell",
                "find its stairwells again",
            ),
            report(
                "subgrids",
                e.subgrids,
                empty,
                "",
                "no household",
                "merge it with a neighbour, or make it exclusive",
            ),
            report(
                "subgrids",
                e.subgrids,
                strange,
                "",
                "its kind is unknown",
                "say residential or exclusive",
            ),
        ]
    )


def check_communities(evidence: Evidence) -> pd.DataFrame:
    """Check that every sub-grid lies in exactly one community, and so do all of its stairwells.

    Source: Xi'an DB6101/T 3185-2024, 5.2(b): every grid belongs to exactly one
    village or community.
    """
    e = evidence
    lost = e.subgrids[e.lies_in < 0]
    known = e.part >= 0
    above = np.append(e.subgrids["community"].to_numpy(object), "")[e.part]
    across = e.stairwells[known & (e.stairwells["community"].to_numpy(object) != above)]
    over = e.subgrids["community"].reindex(across["subgrid"]).to_numpy()
    return join_findings(
        [
            write_findings(
                "communities",
                "error",
                "subgrids",
                lost.index,
                lost["community"].to_numpy(),
                lost.index,
                what="its community does not exist",
                remedy="name a community of the table communities",
            ),
            write_findings(
                "communities",
                "error",
                "stairwells",
                across.index,
                over,
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
    own = evidence.stairwells
    known = e.home >= 0
    found = [
        _report(
            e,
            "stairwells",
            own,
            ~known,
            "of a building that does not exist",
            "correct its building",
        )
    ]
    for column in ("community", "compound"):
        of_building = np.append(e.buildings[column].to_numpy(object), "")[e.home]
        other = known & (own[column].to_numpy(object) != of_building)
        what = f"of another {column} than the building"
        found.append(
            _report(e, "stairwells", own, other, what, f"take the {column} of the building")
        )
    held = (e.buildings["households"] > 0).to_numpy()
    within = find_rows(e.communities, e.buildings["community"])
    what = "with households in a community that does not exist"
    found.append(
        _report(e, "buildings", e.buildings, held & (within < 0), what, "assign communities again")
    )
    found += _check_compounds(e)
    for table, rows in (("stairwells", own), ("subgrids", e.subgrids)):
        lies = find_rows(e.communities, rows["community"])
        kind = np.append(e.communities["kind"].to_numpy(object), "")[lies]
        other = (lies >= 0) & (kind != "") & (rows["community_kind"].to_numpy(object) != kind)
        found.append(
            _report(
                e,
                table,
                rows,
                other,
                "of another class than the community",
                "take the class of the community",
            )
        )
    return join_findings(found)


def _check_compounds(e: Evidence) -> list[pd.DataFrame]:
    """Check that compounds of buildings exist, and lie in the building's community."""
    compounds = e.plan.site.compounds
    compounds = compounds[~compounds.index.duplicated()]
    named = (e.buildings["compound"].fillna("") != "").to_numpy()
    row = find_rows(compounds, e.buildings["compound"])
    over = np.append(compounds["community"].to_numpy(object), "")[row]
    other = named & (row >= 0) & (over != "") & (over != e.buildings["community"].to_numpy(object))
    lost = _report(
        e,
        "buildings",
        e.buildings,
        named & (row < 0),
        "of a compound that does not exist",
        "correct its compound",
    )
    beside = write_findings(
        "nesting",
        "warning",
        "buildings",
        e.buildings.index[other],
        e.buildings["community"][other].to_numpy(),
        noun="building",
        what="of a compound that another community holds",
        remedy="check the limit between the two communities",
    )
    return [lost, beside]


def _report(
    e: Evidence, table: str, rows: Any, mask: Bools, what: str, remedy: str
) -> pd.DataFrame:
    wrong = rows[mask]
    noun = "sub-grid" if table == "subgrids" else table[:-1]
    where = wrong["community"].to_numpy()
    return write_findings(
        "nesting", "error", table, wrong.index, where, noun=noun, what=what, remedy=remedy
    )


def check_sums(evidence: Evidence) -> pd.DataFrame:
    """Check that households add up by building, sub-grid and community.

    A household count given by the data's owner always wins over an estimate. A
    known total of a community that the buildings do not add up to is a
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
    known = e.home >= 0
    behind = (
        np.bincount(e.home[known], e.weight[known], minlength=len(e.buildings))
        .round()
        .astype(np.int64)
    )
    has = np.bincount(e.home[known], minlength=len(e.buildings)) > 0
    wrong = e.buildings[has & (behind != e.buildings["households"].to_numpy())]
    return write_findings(
        "sums",
        "error",
        "buildings",
        wrong.index,
        wrong["community"].to_numpy(),
        noun="building",
        what="whose stairwells do not add up to its households",
        remedy="find the stairwells again",
    )


def _check_subgrids(e: Evidence) -> pd.DataFrame:
    says = e.subgrids["households"].to_numpy()
    off = says != e.held
    wrong = e.subgrids[off]
    what = [
        f"its row says {s} households, its stairwells hold {h}"
        for s, h in zip(says[off], e.held[off], strict=True)
    ]
    return write_findings(
        "sums",
        "error",
        "subgrids",
        wrong.index,
        wrong["community"].to_numpy(),
        wrong.index,
        what=what,
        remedy=PLAN_MADE_OVER,
    )


def _check_by_community(e: Evidence) -> pd.DataFrame:
    codes = e.communities.index
    by = {
        "buildings": e.buildings.groupby("community")["households"].sum(),
        "stairwells": e.stairwells.groupby("community")["households"].sum(),
        "sub-grids": e.subgrids.groupby("community")["households"].sum(),
    }
    sums = np.column_stack([s.reindex(codes, fill_value=0).to_numpy() for s in by.values()])
    off = (sums != sums[:, :1]).any(axis=1)
    what = [", ".join(f"{name} {n}" for name, n in zip(by, row, strict=True)) for row in sums[off]]
    return write_findings(
        "sums",
        "error",
        "communities",
        codes[off],
        codes[off],
        what=[f"households do not add up: {w}" for w in what],
        remedy="see what else is found in this community",
    )


def _check_observed(e: Evidence) -> pd.DataFrame:
    seen = e.buildings["households_observed"].to_numpy(float)
    off = (
        np.abs(seen - e.buildings["households"].to_numpy()) > 0.5
    )  # an observed mean may be broken; NaN is not observed
    wrong = e.buildings[off]
    return write_findings(
        "sums",
        "error",
        "buildings",
        wrong.index,
        wrong["community"].to_numpy(),
        noun="building",
        what="with other households than were observed",
        remedy="take the observed households",
    )


def _check_known(e: Evidence) -> pd.DataFrame:
    known = e.communities["households"].to_numpy(float)
    held = (
        e.buildings.groupby("community")["households"]
        .sum()
        .reindex(e.communities.index, fill_value=0)
        .to_numpy()
    )
    off = np.isfinite(known) & (np.round(np.nan_to_num(known)) != held)
    codes = e.communities.index[off]
    what = [
        f"{h} households in buildings, {k:.0f} known in all"
        for h, k in zip(held[off], known[off], strict=True)
    ]
    remedy = "check the observed households of its buildings against the total"
    return write_findings("sums", "warning", "communities", codes, codes, what=what, remedy=remedy)
