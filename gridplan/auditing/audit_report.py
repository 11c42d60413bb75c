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
    for word, figures in summary["classes"].items():
        # A plan of one class would say everything twice.
        if word == "all" and len(summary["classes"]) == 2:
            continue
        lines.append(f"{word:<10} {_write_class(figures)}")
    others = [_count(summary[table], noun) for table, noun in _OTHERS.items() if summary[table]]
    if others:
        lines.append(f"beside     {', '.join(others)}")
    lines += [
        f"walking    {_count(summary['non_contiguous'], 'sub-grid')} not contiguous, "
        f"{summary['crossings']:,} across community limits, "
        f"{summary['barrier_crossings']:,} across hard barriers",
        f"wholes     {_count(summary['split_buildings'], 'building')} and "
        f"{_count(summary['split_compounds'], 'compound')} split",
        f"land       area error {summary['area_error']:.1e} at most; "
        f"{100 * summary['home_area_outside']:.3f} % of home area outside its sub-grid; "
        f"{_count(summary['homes_cut_by_limits'], 'home')} cut by community limits",
    ]
    if summary["dropped"]:
        rows = ", ".join(f"{n:,} {table}" for table, n in summary["dropped"].items())
        lines.append(f"left out   {rows} never entered the plan; the ledger says why")
    return "\n".join(lines)


def _write_class(figures: Mapping[str, Any]) -> str:
    """Write the figures of one class; what is not known, or all in band, is left out."""
    size = f"mean {figures['mean']:.1f}{_write_ends(figures, 'mean', 1.0)}"
    if figures["cv"] is not None:
        ends = _write_ends(figures, "cv", 100.0)
        size += f", CV {100 * figures['cv']:.0f} %{ends}"
    likely = ""
    # Where all was counted, what is likely is what there is.
    if figures["likely"] is not None and abs(figures["likely"] - figures["in_band"]) > 1e-6:
        ends = _write_ends(figures, "in_band", 100.0)
        likely = f" by the estimate, {100 * figures['likely']:.0f} % likely{ends}"
    rest = ""
    if figures["in_band"] < 1:
        rest = f", {100 * figures['explained']:.0f} % of the others explained"
    walk = ""
    if figures["mean_walk"] is not None:
        walk = f", mean walk {figures['mean_walk']:.0f} m"
    return (
        f"{_count(figures['subgrids'], 'sub-grid')} of {figures['min']} to {figures['max']} "
        f"households, {size}; {100 * figures['in_band']:.2f} % in band{likely}{rest}{walk}"
    )


def _write_ends(figures: Mapping[str, Any], name: str, scale: float) -> str:
    """Write between which values a figure lies, where households are estimated."""
    low, high = (figures.get(f"{name}_{end}") for end in ("low", "high"))
    if low is None or high is None or high - low < 1e-9:
        return ""
    digits = 1 if scale == 1.0 else 0
    return f" ({scale * low:.{digits}f} to {scale * high:.{digits}f})"


def write_kinds(findings: pd.DataFrame) -> list[str]:
    """Write a line for each kind of finding: severity, rule, places, the first of them, remedy."""
    if findings.empty:
        return ["nothing found"]
    # Messages that differ in numbers alone are one kind; so are their plurals.
    kind = (
        findings["message"]
        .str.replace(r"[\d,.]*\d", "#", regex=True)
        .str.replace(r"#( \w+?)s\b", r"#\1", regex=True)
    )
    groups = findings.groupby(["severity", "rule", kind.rename("kind")], sort=False)
    lines = [_write_kind(severity, rule, same) for (severity, rule, _), same in groups]
    shown = lines[:SHOWN_FINDINGS]
    hidden = len(lines) - len(shown)
    return [*shown, f"and {hidden} more kinds of findings"] if hidden else shown


def _write_kind(severity: str, rule: str, findings: pd.DataFrame) -> str:
    """Write the findings of one kind in a line: the first of them, and how many more."""
    first = findings.iloc[0]
    places = len(findings)
    rows_wrong = findings["count"].sum()
    where = first["subgrid"] or first["community"] or first["ids"].split(", ")[0]
    more = f" and {places - 1:,} more place{'s' if places > 2 else ''}" if places > 1 else ""
    # Where every place has one wrong row, the number of places says it already.
    rows = f", {rows_wrong:,} in all" if rows_wrong > places > 1 else ""
    return (
        f"{severity:<10} {rule}: {first['message']} ({where}{more}{rows})\n"
        f"           -> {first['remedy']}"
    )
