"""The verb that ranks the bodies of one level, for the report of a period."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.csv_output import write_csv
from gridplan.cli.options import CsvFile, Lang, LangOption, PlanPath, RulesFile, Set
from gridplan.cli.screen import note_figures

if TYPE_CHECKING:
    import pandas as pd

    from gridplan.tables.schema import Language


class RankedLevel(StrEnum):
    """Levels whose bodies can be ranked."""

    community = "community"
    subdistrict = "subdistrict"
    district = "district"


@verb("rank", figures=True)
def rank_command(
    path: PlanPath,
    before: Annotated[
        Path | None,
        typer.Option(metavar="PLAN", help="The plan of the period before, to see what moved."),
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(
            help="Period of the report: a week 2026-W48, month 2026-11, two months 2026-11/12, "
            "quarter 2026-Q4, half year 2026-H2 or year 2026."
        ),
    ] = None,
    level: Annotated[
        RankedLevel, typer.Option(help="Which bodies are ranked.")
    ] = RankedLevel.subdistrict,
    indicator: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE", help="Show the whole ranking by this indicator; may be repeated."
        ),
    ] = None,
    within: Annotated[
        str, typer.Option(metavar="BODY", help="Only bodies of this subdistrict or district.")
    ] = "",
    csv: CsvFile = None,
    lang: LangOption = Lang.en,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Rank communities, subdistricts or districts by each indicator, and say what moved.

    [dim]gridplan rank outputs/town --level community --period 2026-11[/dim]

    Equal values share a rank. What rests on few is shown and not ranked; a
    change that may be chance is called so.
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.cli.plan_to_plan import choose_rules
    from gridplan.comparison.periods import read_period
    from gridplan.comparison.rank_bodies import rank_bodies

    # A mistake in the period is reported before plans are read.
    span = None if period is None else read_period(period)
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        earlier = None if before is None else storage.read_plan(before)
        clock("rank", 0, 1)
        table = rank_bodies(
            plan,
            earlier,
            level=level.value,
            indicators=indicator or (),
            within=within,
            rules=choose_rules(plan.rules, rules_file, settings),
        )
    named = table.assign(
        name=table["body"].map(_name_bodies(plan)).fillna(table["body"]),
        period="" if span is None else span.label,
        period_before="" if span is None or earlier is None else span.shift(-1).label,
    )
    blank = named.astype(object).where(named.notna(), None)
    note_figures("ranking", blank.to_dict("records"))
    label = "" if span is None else span.name(lang.value)
    if indicator:
        for code, rows in named.groupby("indicator", sort=False):
            _print_ranking(str(code), rows, label, lang.value)
    else:
        _print_summary(named, level.value, label, lang.value)
    write_csv(named.set_index(["period", "level", "indicator", "body"]), csv)


def _name_bodies(plan: Any) -> dict[str, str]:
    """Name communities by their names; other bodies go by their own."""
    names = plan.site.communities["name"]
    return {str(code): str(name) for code, name in names[names != ""].items()}


def _print_ranking(code: str, rows: pd.DataFrame, period: str, lang: Language) -> None:
    """Print the whole ranking by one indicator."""
    from gridplan.cli import console
    from gridplan.tables.level_indicators import list_level_indicators
    from gridplan.tables.words import say

    entry = list_level_indicators()[code]
    level = say(f"ranking.level_{rows['level'].iloc[0]}", lang)
    key = "ranking.title" if period else "ranking.title_plain"
    title = say(key, lang, level=level, indicator=entry.name(lang), period=period)
    has_before = "moved" in rows
    lines = []
    for row in rows.to_dict("records"):
        moved = f"{_write(row['change'], entry.unit, sign=True)} " if has_before else ""
        lines.append(
            (
                _write_rank(row, lang),
                row["name"],
                _write(row["value"], entry.unit),
                _write_interval(row, entry.unit),
                _write(row["denominator"], ""),
                _write(row["before"], entry.unit) if has_before else "",
                moved + say(f"ranking.moved_{row['moved']}", lang) if has_before else "",
                _write_caveat(row, lang),
            )
        )
    columns = say("ranking.columns", lang).split("|")
    # Without a plan before there is nothing to say in two of the columns.
    kept = [n for n in range(len(columns)) if has_before or n not in (5, 6)]
    console.print_table(
        f"{title}\n", [columns[n] for n in kept], [[line[n] for n in kept] for line in lines]
    )


def _print_summary(table: pd.DataFrame, level: str, period: str, lang: Language) -> None:
    """Print a line for each indicator: the first, the last, and how many moved."""
    from gridplan.cli import console
    from gridplan.tables.level_indicators import list_level_indicators
    from gridplan.tables.words import say

    key = "ranking.summary" if period else "ranking.summary_plain"
    title = say(
        key,
        lang,
        level=say(f"ranking.level_{level}", lang),
        count=table["body"].nunique(),
        period=period,
    )
    has_before = "moved" in table
    lines = []
    for code, rows in table.groupby("indicator", sort=False):
        entry = list_level_indicators()[str(code)]
        ranked = rows[rows["rank"].notna()]
        ends = []
        for number, rank in enumerate((ranked["rank"].min(), ranked["rank"].max())):
            tied = ranked[ranked["rank"] == rank]
            # Where all share one rank, nobody is last.
            shown = tied if number == 0 or ranked["rank"].nunique() > 1 else tied.iloc[:0]
            ends += [_write_several(shown["name"].tolist(), lang)]
            ends += [_write(shown["value"].iloc[0], entry.unit) if len(shown) else ""]
        moved = rows["moved"].value_counts() if has_before else {}
        lines.append(
            (
                entry.name(lang),
                *ends,
                len(ranked),
                len(rows) - len(ranked),
                *(moved.get(word, 0) for word in ("better", "worse", "chance") if has_before),
            )
        )
    columns = say("ranking.summary_columns", lang).split("|")
    console.print_table(
        f"{title}\n", columns[: 7 + 3 * has_before], lines, right=(2, 4, 5, 6, 7, 8, 9)
    )


def _write(value: float, unit: str, sign: bool = False) -> str:
    """Write a value: a share in per cent, others to three digits; nothing where it is unknown."""
    if value != value:
        return ""
    plus = "+" if sign else ""
    if unit == "share":
        return f"{100 * value:{plus}.1f} %"
    return f"{value:{plus},.0f}" if abs(value) >= 100 else f"{value:{plus}.3g}"


def _write_interval(row: Any, unit: str) -> str:
    if row["low"] != row["low"]:
        return ""
    return f"{_write(row['low'], unit)} - {_write(row['high'], unit)}"


def _write_rank(row: Any, lang: Language) -> str:
    from gridplan.tables.words import say

    if row["rank"] != row["rank"]:
        return say("ranking.not_ranked", lang)
    if row["tied"] > 1:
        return say("ranking.tie", lang, rank=int(row["rank"]), count=row["tied"])
    return say("ranking.rank", lang, rank=int(row["rank"]))


def _write_caveat(row: Any, lang: Language) -> str:
    from gridplan.tables.words import say

    if not row["caveat"]:
        return ""
    numbers = {
        name: 0 if row[name] != row[name] else int(row[name]) for name in ("known", "communities")
    }
    return say(f"ranking.{row['caveat']}", lang, **numbers)


def _write_several(names: list[str], lang: Language) -> str:
    from gridplan.tables.words import say

    if len(names) <= 1:
        return "".join(names)
    count = len(names) if lang == "zh" else len(names) - 1
    return say("ranking.several", lang, body=names[0], count=count)
