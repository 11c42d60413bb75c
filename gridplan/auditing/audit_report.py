"""The report of an audit: a verdict, the plan's figures, and a line for each kind of finding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

SHOWN_FINDINGS = 12  # kinds of findings in the printed report; the rest are counted
_OTHERS = {"exclusive": "exclusive grid", "special_grids": "special grid", "grids": "upper grid"}


def write_verdict(passed: bool, summary: Mapping[str, Any]) -> str:
    """Write whether the plan passed, and how many findings there are of each severity."""
    counts = ", ".join(_count(n, word) for word, n in summary["findings"].items())
    return f"audit      {'passed' if passed else 'FAILED'}: {counts}"


def _count(number: int, noun: str) -> str:
    """Write a number and its noun.

    Examples
    --------
    >>> _count(1, "building"), _count(2000, "community")
    ('1 building', '2,000 communities')
    """
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else many}"


def write_figures(summary: Mapping[str, Any]) -> str:
    """Write the figures of the plan and of its classes."""
    homes = f"{_count(summary['buildings'], 'building')} ({_count(summary['homes'], 'home')})"
    sizes = [
        _count(summary[f"{noun.replace('-', '')}s"], noun)
        for noun in ("stairwell", "household", "sub-grid")
    ]
    lines = [
        f"plan       {', '.join([_count(summary['communities'], 'community'), homes, *sizes])}"
    ]
    for word, own in summary["classes"].items():
        if word == "all" and len(summary["classes"]) == 2:
            continue
        size = f"mean {own['mean']:.1f}" + (
            f" (CV {100 * own['cv']:.0f} %)" if own["cv"] is not None else ""
        )
        rest = (
            f", {100 * own['explained']:.0f} % of the others explained"
            if own["in_band"] < 1
            else ""
        )
        walk = f", mean walk {own['mean_walk']:.0f} m" if own["mean_walk"] is not None else ""
        lines.append(
            f"{word:<10} {_count(own['subgrids'], 'sub-grid')} of {own['min']} to {own['max']} households, {size}; "
            f"{100 * own['in_band']:.2f} % in band{rest}{walk}"
        )
    others = [_count(summary[table], noun) for table, noun in _OTHERS.items() if summary[table]]
    if others:
        lines.append(f"beside     {', '.join(others)}")
    lines += [
        f"walking    {_count(summary['non_contiguous'], 'sub-grid')} not contiguous, {summary['crossings']:,} across community "
        f"limits, {summary['barrier_crossings']:,} across hard barriers",
        f"wholes     {_count(summary['split_buildings'], 'building')} and {_count(summary['split_compounds'], 'compound')} split",
        f"land       area error {summary['area_error']:.1e} at most; {100 * summary['home_area_outside']:.3f} % of home area "
        f"outside its sub-grid; {_count(summary['homes_cut_by_limits'], 'home')} cut by community limits",
    ]
    if summary["dropped"]:
        rows = ", ".join(f"{n:,} {table}" for table, n in summary["dropped"].items())
        lines.append(f"left out   {rows} never entered the plan; the ledger says why")
    return "\n".join(lines)


def write_kinds(findings: pd.DataFrame) -> list[str]:
    """Write a line for each kind of finding: severity, rule, places, the first of them, remedy."""
    if findings.empty:
        return ["nothing found"]
    kind = (
        findings["message"]
        .str.replace(r"[\d,.]*\d", "#", regex=True)
        .str.replace(r"#( \w+?)s\b", r"#\1", regex=True)
    )
    lines = []
    groups = findings.groupby(["severity", "rule", kind.rename("kind")], sort=False)
    for (severity, rule, _), own in groups:
        first = own.iloc[0]
        places = len(own)
        where = first["subgrid"] or first["community"] or first["ids"].split(", ")[0]
        more = f" and {places - 1:,} more place{'s' if places > 2 else ''}" if places > 1 else ""
        rows = f", {own['count'].sum():,} in all" if own["count"].sum() > places > 1 else ""
        lines.append(
            f"{severity:<10} {rule}: {first['message']} ({where}{more}{rows})\n           -> {first['remedy']}"
        )
    shown = lines[:SHOWN_FINDINGS]
    return shown + (
        [f"and {len(lines) - len(shown)} more kinds of findings"] if len(lines) > len(shown) else []
    )
