"""The papers beside a plan's data: a list of sub-grids for Excel, and a note on every file."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from gridplan.plan import ALL_TABLES, OPTIONAL_TABLES, Plan
from gridplan.tables.csv_text import write_csv_text
from gridplan.tables.schema import find_key, read_schema
from gridplan.tables.words import list_words, say

if TYPE_CHECKING:
    from pyproj import CRS

# columns of subgrids.csv that Excel would take for numbers or dates
_CODES = "subgrid, community, centre"
_WIDTH = 100


@dataclass(frozen=True)
class Summary:
    """What the papers say of a plan: sub-grids, rows of tables, households, CRS, manifest."""

    subgrids: pd.DataFrame
    rows: Mapping[str, int]
    households: int
    crs: CRS
    manifest: Mapping[str, Any]


def title_table(table: str) -> str:
    """Write what a table of a plan holds, in English and Chinese.

    Examples
    --------
    >>> title_table("streets")
    'streets 道路'
    """
    return _say_both(f"plan_table.{table}")


def _say_both(key: str) -> str:
    return f"{say(key)} {say(key, 'zh')}"


def summarise_plan(plan: Plan) -> Summary:
    """Sum up a plan that is in memory."""
    flat = pd.DataFrame(plan.subgrids.drop(columns="geometry"))
    rows = {
        table: len(plan.get_table(table))
        for table in ALL_TABLES
        if table not in OPTIONAL_TABLES or len(plan.get_table(table))
    }
    return Summary(flat, rows, int(plan.stairwells["households"].sum()), plan.crs, plan.manifest)


def list_subgrids(subgrids: pd.DataFrame) -> str:
    """List a plan's sub-grids as CSV text, figures to one decimal place."""
    return write_csv_text(subgrids, float_format="%.1f", line_end="\r\n")


def describe_plan(summary: Summary, files: Sequence[str]) -> str:
    """Describe a plan's files, tables and columns in English and Chinese, from the schema."""
    crs = summary.crs.to_string()
    # a code such as EPSG:4548 is shown; WKT would fill the page
    code = f" ({crs})" if len(crs) < 20 else ""
    place = f"{summary.crs.name}{code}, {_say_both('plan_note.metres')}"
    lines = [_say_both("plan_note.title"), "", *_state_release(summary.manifest)]
    lines += [
        *_count_grids(summary),
        f"{_say_both('plan_note.households')}: {summary.households}",
        f"{_say_both('plan_note.communities')}: {summary.rows['communities']}",
        f"{_say_both('plan_note.crs')}: {place}",
        "",
        _say_both("plan_note.files"),
        "",
    ]
    english_notes = list_words("plan_file")
    chinese_notes = list_words("plan_file", "zh")
    for name in files:
        english = english_notes[name].format(texts=_CODES)
        chinese = chinese_notes[name].format(texts=_CODES)
        indented = textwrap.fill(english, _WIDTH, initial_indent="    ", subsequent_indent="    ")
        lines += [name, indented, f"    {chinese}", ""]
    lines += [_say_both("plan_note.tables"), "", f"* {_say_both('plan_note.key')}", ""]
    for table in (t for t in ALL_TABLES if t in summary.rows):
        lines += [
            f"{table} ({summary.rows[table]}): {title_table(table)}",
            *_describe_columns(table),
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


def _count_grids(summary: Summary) -> list[str]:
    """Count the sub-grids of homes, and the other kinds of grid where there are any."""
    lone = int((summary.subgrids["kind"] == "exclusive").sum())
    others = {
        "plan_note.exclusive": lone,
        "plan_note.special": summary.rows.get("special_grids", 0),
        "plan_note.grids": summary.rows.get("grids", 0),
    }
    return [
        f"{_say_both('plan_note.subgrids')}: {len(summary.subgrids) - lone}",
        *(f"{_say_both(key)}: {count}" for key, count in others.items() if count),
    ]


def _state_release(manifest: Mapping[str, Any]) -> list[str]:
    """State whether the plan may leave, with the result of the disclosure check."""
    note = manifest.get("release")
    if not note:
        return [_say_both("plan_note.working"), ""]
    checked = (
        f"{note['suppressed']} of {note['counts']} counts suppressed, households in bands, "
        f"seal {note['seal']}"
    )
    release = _say_both("plan_note.release")
    return [f"{release}: {_say_both('plan_note.checked')} ({checked})", ""]


def _describe_columns(table: str) -> list[str]:
    lines = []
    for column in read_schema()[table]:
        mark = "*" if column.name == find_key(table) else " "
        unit = f" [{column.unit}]" if column.unit else ""
        words = f" ({' | '.join(column.values)})" if column.values else ""
        lines.append(f"  {mark} {column.name}  {column.zh}{unit}: {column.meaning}{words}")
    return lines
