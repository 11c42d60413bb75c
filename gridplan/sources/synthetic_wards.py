"""The communities of a synthetic town before they are drawn: codes, names, kinds, and how many households they wish for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridplan.errors import InputError, Problem
from gridplan.sources.synthetic_names import name_community, name_subdistrict
from gridplan.sources.synthetic_shapes import Array, Floats

URBAN_SIZE, RURAL_SIZE = (1_300.0, 2_600.0, 3_200.0), (150.0, 330.0, 600.0)  # households: least, usual, most
COUNTY = "130203"


def make_rng(seed: int, purpose: str, number: int = 0) -> np.random.Generator:
    """Make the generator of one purpose and community, which no other draws from."""
    return np.random.default_rng([seed, number, *purpose.encode()])


def list_wards(communities: int, urban_share: float) -> pd.DataFrame:
    """List invented communities: subdistricts of some eight, townships of some twelve, codes as in the real register."""
    rows = []
    counts = {"urban": round(communities * urban_share)}
    counts["rural"] = communities - counts["urban"]
    for kind, size, first, serial in (("urban", 8, 1, 1), ("rural", 12, 100, 200)):
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
        problems.append(Problem("hierarchy", "columns", f"columns are missing: {', '.join(missing)}", "add them"))
    else:
        codes = hierarchy["code"].astype("str")
        unknown = ~hierarchy["kind"].isin(["urban", "rural"])
        if unknown.any():
            text, remedy = f"{unknown.sum()} kinds are neither urban nor rural", "write urban or rural"
            problems.append(Problem("hierarchy", "kinds are known", text, remedy, tuple(codes[unknown])))
        if codes.duplicated().any():
            doubled = tuple(codes[codes.duplicated()].unique())
            problems.append(
                Problem("hierarchy", "codes are unique", "codes stand more than once", "keep one row of each", doubled)
            )
        if hierarchy.empty:
            problems.append(Problem("hierarchy", "not empty", "there is no community", "give at least one row"))
    if problems:
        raise InputError(problems)
    taken = hierarchy.reindex(columns=["code", "name", "kind", "subdistrict"]).astype("str").fillna("")
    return taken.sort_values("code", ignore_index=True)


def wish_households(seed: int, urban: Array) -> Floats:
    """Draw how many households each community would have if it were alone."""
    wished = np.empty(len(urban))
    for number, is_urban in enumerate(urban):
        wished[number] = make_rng(seed, "size", number).triangular(*(URBAN_SIZE if is_urban else RURAL_SIZE))
    return wished.round()
