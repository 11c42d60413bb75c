"""The communities of a synthetic town before they are drawn: codes, names, kinds, sizes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.arrays import Floats
from gridplan.errors import InputError, Problem
from gridplan.synthetic.names import name_community, name_subdistrict

# Households of a community that is alone: least, usual, most.
SIZES = {
    "town": (1_300.0, 2_600.0, 3_200.0),
    "fringe": (250.0, 500.0, 1_050.0),
    "village": (150.0, 330.0, 600.0),
}
_VILLAGE = r"(?:村|村委会|村民委员会)$"  # names of villages, whatever their class
COUNTY = "130203"


def make_rng(seed: int, purpose: str, number: int = 0) -> np.random.Generator:
    """Make the generator of one purpose and community, which nothing else samples from."""
    # NumPy mixes all entries of the list, so near seeds and numbers give unrelated streams
    return np.random.default_rng([seed, number, *purpose.encode()])


def list_wards(communities: int, urban_share: float) -> pd.DataFrame:
    """List invented communities in subdistricts and townships, coded as in the real register."""
    rows = []
    counts = {"urban": round(communities * urban_share)}
    counts["rural"] = communities - counts["urban"]
    # In the register towns are numbered below 100 and townships from 100; the last three
    # digits are below 200 for residents' committees and from 200 for villagers' committees.
    for kind, size, first, serial in (("urban", 8, 1, 1), ("rural", 12, 100, 200)):
        # with more than 99 groups the codes of towns would run into those of townships
        size = max(size, -(-counts[kind] // 99))
        for n in range(counts[kind]):
            group, place = divmod(n, size)
            code = f"{COUNTY}{first + group:03d}{serial + place:03d}"
            rows.append((code, name_community(n, kind), kind, name_subdistrict(group, kind)))
    return pd.DataFrame(rows, columns=["code", "name", "kind", "subdistrict"])


def take_hierarchy(hierarchy: pd.DataFrame) -> pd.DataFrame:
    """Take the user's communities, in order of code."""
    problems = []
    missing = [c for c in ("code", "name", "kind") if c not in hierarchy.columns]
    if missing:
        problems.append(
            Problem(
                "hierarchy", "columns", f"columns are missing: {', '.join(missing)}", "add them"
            )
        )
    else:
        codes = hierarchy["code"].astype("str")
        unknown = ~hierarchy["kind"].isin(["urban", "rural"])
        if unknown.any():
            text = f"{unknown.sum()} kinds are neither urban nor rural"
            remedy = "write urban or rural"
            problems.append(
                Problem("hierarchy", "kinds are known", text, remedy, tuple(codes[unknown]))
            )
        if codes.duplicated().any():
            doubled = tuple(codes[codes.duplicated()].unique())
            problems.append(
                Problem(
                    "hierarchy",
                    "codes are unique",
                    "codes stand more than once",
                    "keep one row of each",
                    doubled,
                )
            )
        if hierarchy.empty:
            problems.append(
                Problem("hierarchy", "not empty", "there is no community", "give at least one row")
            )
    if problems:
        raise InputError(problems)
    # in order of code, since a community's number is part of its seed
    taken = (
        hierarchy.reindex(columns=["code", "name", "kind", "subdistrict"]).astype("str").fillna("")
    )
    return taken.sort_values("code", ignore_index=True)


def find_forms(wards: pd.DataFrame) -> pd.Series[str]:
    """Find how each community is built: town, village, or fringe (a village counted as urban).

    More than half of the urban communities of Tangshan's register are villages
    by their names; they are built as such.

    Examples
    --------
    >>> names = ["翠湖社区", "王家庄村", "西街村民委员会"]
    >>> find_forms(pd.DataFrame({"name": names, "kind": ["urban", "rural", "urban"]})).tolist()
    ['town', 'village', 'fringe']
    """
    village = wards["name"].str.contains(_VILLAGE)
    forms = np.where(wards["kind"] == "rural", "village", np.where(village, "fringe", "town"))
    return pd.Series(forms, index=wards.index, name="form", dtype="str")


def wish_households(seed: int, forms: pd.Series[str]) -> Floats:
    """Sample how many households each community would have if it were alone."""
    # one generator a community: adding a community changes the size of no other
    wished = np.empty(len(forms))
    for number, form in enumerate(forms):
        wished[number] = make_rng(seed, "size", number).triangular(*SIZES[form])
    return wished.round()
