"""The audit of a city: communities judged some at a time, and what only shows over all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gridplan.auditing.audit_plan import Audit, audit_part, find_across, join_audits
from gridplan.auditing.band_and_codes import CODED, check_manifest, report_doubles
from gridplan.auditing.land_tiling import check_limits
from gridplan.city.read_part import group_communities, open_tables, read_communities, read_manifest
from gridplan.engine.parallel_map import Progress, keep_silent, map_processes
from gridplan.rules.all_rules import Rules
from gridplan.tables.schema import find_key

AT_ONCE = 30_000  # buildings judged at once
# The ledger is counted over the whole plan.
_UNUSED = ("ledger",)
# Figures of a manifest that the summary of an audit has too.
_MANIFEST_FIGURES = (
    "communities",
    "buildings",
    "households",
    "stairwells",
    "subgrids",
    "exclusive",
    "special_grids",
    "grids",
)
# Tables without which no rule across communities has anything to judge.
_ACROSS = (
    "links",
    "ratings",
    "coverage",
    "posts",
    "service_posts",
    "indicators",
    "gaps",
    "level_indicators",
    "inventory",
    "layer_duties",
)
# What such rules do not read, and what may be too much for memory in a city.
_OF_LAND = ("streets", *_UNUSED, "neighbours", "barriers", "openings")


def audit_city(
    path: str | Path,
    rules: Rules | None = None,
    *,
    workers: int | None = None,
    most: int = AT_ONCE,
    progress: Progress = keep_silent,
) -> Audit:
    """Check a plan kept as a folder of GeoParquet, some communities at a time.

    Parameters
    ----------
    path
        The plan's folder.
    rules
        Rules to judge by; those in the plan's manifest if not given.
    workers
        Processes; one for each core if not given.
    most
        Most buildings that are judged at once.
    progress
        Called with the stage, the buildings done and all of them.

    Raises
    ------
    PlanError
        If there is no such plan, or something in it is missing or broken.
    """
    folder = open_tables(path)
    groups = group_communities(folder, most)
    # Rules cross to the processes as plain values.
    chosen = None if rules is None else rules.to_dict()
    tasks = [(str(folder), first, last, chosen) for first, last, _ in groups]
    sizes = [count for _, _, count in groups]
    parts = map_processes(
        _audit_part, tasks, workers=workers, sizes=sizes, stage="audit", progress=progress
    )
    ledger = pd.read_parquet(folder / "ledger.parquet")
    dropped = ledger[ledger["action"] == "dropped"].groupby("table")["count"].sum()
    figures = read_manifest(folder).get("figures") or {}
    findings = [
        *_judge_whole(folder, rules),
        check_manifest(figures, _count_figures(folder, join_audits(parts))),
    ]
    return join_audits(parts, findings, {str(k): int(v) for k, v in dropped.items()})


def _judge_whole(folder: Path, rules: Rules | None) -> list[pd.DataFrame]:
    """Judge what only shows over all communities: doubled codes, limits, and rules across them."""
    findings = [
        _find_doubles(folder, table) for table in CODED if (folder / f"{table}.parquet").exists()
    ]
    communities = gpd.read_parquet(folder / "communities.parquet").set_index("community")
    findings.append(check_limits(communities))
    if any((folder / f"{table}.parquet").exists() for table in _ACROSS):
        findings.append(find_across(read_communities(folder, without=_OF_LAND), rules))
    return findings


def _count_figures(folder: Path, joined: Audit) -> dict[str, int]:
    """Count the figures that a manifest states, from what was found again of all parts."""
    subgrids = joined.subgrids
    return {
        **{name: joined.summary[name] for name in _MANIFEST_FIGURES},
        "in_band": int((subgrids["in_band"] & subgrids["residential"]).sum()),
        "exceptions": pq.read_metadata(folder / "exceptions.parquet").num_rows,
    }


def _audit_part(task: tuple[str, str, str, Any]) -> Audit:
    """Judge the communities from the first to the last."""
    folder, first, last, rules = task
    plan = read_communities(folder, first, last, without=_UNUSED)
    # Figures are of the whole plan, and would not fit a part of it; that there are some says
    # that gridplan drew it.
    manifest = dict(plan.manifest) | (
        {"figures": {"parts": 1}} if plan.manifest.get("figures") else {}
    )
    judged_by = None if rules is None else Rules.from_dict(rules)
    return audit_part(plan.replace(manifest=manifest), judged_by)


def _find_doubles(folder: Path, table: str) -> pd.DataFrame:
    """Find the codes that are in more than one row of a whole table."""
    # One column of one table is read: two rows of a code may lie in different parts.
    codes = pq.read_table(folder / f"{table}.parquet", columns=[find_key(table)]).column(0)
    counts = codes.value_counts()
    doubled = counts.field("values").filter(pc.greater(counts.field("counts"), 1)).to_pylist()
    return report_doubles(table, pd.Index(sorted(doubled)))
