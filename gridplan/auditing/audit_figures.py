"""The figures of an audit: by sub-grid, by community, by class and of the whole plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Ints, Objects
from gridplan.auditing.centres import measure_walks
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import SEVERITIES
from gridplan.auditing.land_tiling import HOME_SHARE, measure_insides, measure_tiling
from gridplan.auditing.wholeness import measure_splits
from gridplan.tables.likely_figures import ENDS, find_figure_ends

# Figures of communities that are counts of findings: column, rule and severity.
FINDING_FIGURES = (
    ("barrier_crossings", "barriers", "warning"),
    ("non_contiguous", "contiguity", "error"),
    ("crossings", "communities", "error"),
)
# What sub-grids say of themselves, which rules of their own hold against the buildings.
SAID = (
    *("community", "area", "households_low", "households_high"),
    *("chance_in_band", "chance_above", "error_shared"),
)
ADDED_FIGURES = (
    "split_buildings",
    "split_compounds",
    *(column for column, _, _ in FINDING_FIGURES),
)


def measure_subgrids(e: Evidence, findings: pd.DataFrame) -> pd.DataFrame:
    """List the recomputed class, households, walks and band of each sub-grid."""
    # The rule on the band has looked for excuses already: what it calls an error has none.
    bare = findings.loc[(findings["rule"] == "band") & (findings["severity"] == "error"), "subgrid"]
    return pd.DataFrame(
        {
            "kind": e.kinds,
            "residential": e.residential,
            "households": e.held,
            "least": e.take(measure_walks).least,
            "in_band": e.in_band,
            # a rule of its own holds it against the buildings
            "likely": e.subgrids["chance_in_band"].to_numpy(float),
            "explained": ~e.in_band & ~e.subgrids.index.isin(bare) & (e.held > 0),
            # what the figures of groups lie between follows from these
            **{name: e.subgrids[name].to_numpy() for name in SAID},
            "pool": _name_totals(e),
            "near": e.rules.simulation.near_multiple,
        },
        index=e.subgrids.index,
    )


def _name_totals(e: Evidence) -> Objects:
    """Name the known total that each sub-grid is a part of: a community, * of the site, or none."""
    known = e.communities.index[e.communities["households"].notna()]
    of = e.subgrids["community"].to_numpy(object)
    rest = "*" if e.rules.households.total > 0 else ""
    return np.where(np.isin(of, known.to_numpy(object)), of, rest)


def measure_communities(
    e: Evidence, findings: pd.DataFrame, subgrids: pd.DataFrame
) -> pd.DataFrame:
    """Measure every community: households by residential sub-grid, walks, splits and findings."""
    codes = e.communities.index
    counted = e.residential & (e.lies_in >= 0)
    table = _measure_groups(subgrids[counted], e.lies_in[counted], len(codes)).set_axis(codes)
    kind = e.communities["kind"]
    wanted = [
        e.rules.find_band(str(k)).choose_count(int(h)) if h else 0
        for k, h in zip(kind, table["households"], strict=True)
    ]
    table.insert(0, "kind", kind)
    table.insert(3, "wanted", wanted)
    for level in ("building", "compound"):
        split = e.take(measure_splits, level).count_by_community()
        table[f"split_{level}s"] = split.reindex(codes, fill_value=0)
    for column, rule, severity in FINDING_FIGURES:
        hits = findings[(findings["rule"] == rule) & (findings["severity"] == severity)]
        # One sub-grid counts once, however many of its stairwells are named.
        places = hits.groupby("community")["subgrid"].nunique()
        table[column] = places.reindex(codes, fill_value=0)
    table["area_error"] = e.take(measure_tiling).table["error"].reindex(codes)
    return table


def _measure_groups(subgrids: pd.DataFrame, group: Ints, n: int) -> pd.DataFrame:
    """Measure the sizes and walks of sub-grids by group, a number below n for each.

    ``mean``, ``cv`` and ``in_band`` have a low and a high end each, where
    households are estimated.
    """
    order = np.argsort(subgrids.index.to_numpy(object).astype(str), kind="stable")
    ends = find_figure_ends(subgrids.iloc[order], group[order], n)
    held = subgrids["households"].to_numpy()
    sizes = pd.Series(held).groupby(group)
    metres_sum = np.bincount(group, np.nan_to_num(subgrids["least"].to_numpy()), minlength=n)
    count = np.bincount(group, minlength=n)
    number_out = np.bincount(group, ~subgrids["in_band"].to_numpy(), minlength=n)
    explained = np.bincount(group, subgrids["explained"].to_numpy(), minlength=n)
    households = np.bincount(group, held, minlength=n).round().astype(np.int64)
    index = range(n)
    # Groups without sub-grids have no mean: NaN there, without a warning.
    with np.errstate(invalid="ignore", divide="ignore"):
        return pd.DataFrame(
            {
                "households": households,
                "subgrids": count,
                "mean": households / count,
                "cv": (sizes.std(ddof=0) / sizes.mean()).reindex(index).to_numpy(),
                "min": sizes.min().reindex(index).astype("Int64").array,
                "max": sizes.max().reindex(index).astype("Int64").array,
                "in_band": 1 - number_out / count,
                "likely": np.bincount(group, subgrids["likely"].to_numpy(), minlength=n) / count,
                # Nothing out of band leaves nothing to explain.
                "explained": np.where(number_out > 0, explained / number_out, 1.0),
                "mean_walk": metres_sum / households,
                **{name: ends[name].to_numpy() for name in ENDS},
            },
            index=index,
        )


def summarise(
    e: Evidence,
    findings: pd.DataFrame,
    communities: pd.DataFrame,
    subgrids: pd.DataFrame,
) -> dict[str, Any]:
    """Sum up the whole plan and its two classes in plain numbers."""
    ledger = e.plan.site.ledger
    dropped = ledger[ledger["action"] == "dropped"].groupby("table")["count"].sum()
    insides = e.take(measure_insides)
    area = float(insides.area.sum())
    area_error = communities["area_error"]
    return {
        "communities": len(e.communities),
        "buildings": len(e.buildings),
        "homes": int((e.buildings["households"] > 0).sum()),
        "stairwells": len(e.stairwells),
        "households": int(e.weight.sum()),
        "subgrids": int(e.residential.sum()),
        "exclusive": int((e.subgrids["kind"] == "exclusive").sum()),
        "special_grids": len(e.plan.special_grids),
        "grids": len(e.plan.grids),
        "classes": measure_classes(subgrids),
        **{name: int(communities[name].sum()) for name in ADDED_FIGURES},
        "area_error": float(area_error.max()) if area_error.notna().any() else 0.0,
        "home_area": area,
        "home_area_outside": float(insides.outside.sum()) / area if area else 0.0,
        "homes_cut_by_limits": int((insides.cut > HOME_SHARE * insides.area).sum()),
        "dropped": {str(table): int(count) for table, count in dropped.items()},
        "findings": {word: int((findings["severity"] == word).sum()) for word in SEVERITIES},
    }


def measure_classes(subgrids: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Measure the sub-grids of all homes, and of each class."""
    homes = subgrids[subgrids["residential"]]
    classes = {"all": homes} | {word: homes[homes["kind"] == word] for word in ("urban", "rural")}
    whole_figures = ("households", "subgrids", "min", "max")
    measured = {}
    for word, members in classes.items():
        if len(members):
            if len(members) < len(homes):
                # a total of the site says nothing of a class alone
                members = members.assign(pool=members["pool"].replace("*", ""))
            row = _measure_groups(members, np.zeros(len(members), np.int64), 1).iloc[0]
            measured[word] = {
                name: int(value) if name in whole_figures else _round(value)
                for name, value in row.items()
            }
    return measured


def _round(value: float) -> float | None:
    # JSON has no NaN: an unknown figure is None.
    return round(float(value), 6) if not pd.isna(value) and np.isfinite(value) else None
