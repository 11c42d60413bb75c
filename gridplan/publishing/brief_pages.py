"""A brief as Markdown, and its tables for pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from gridplan.publishing.brief_plan import Brief, write_value
from gridplan.publishing.figure_words import say_filter, say_how, say_table
from gridplan.publishing.published_figures import BriefFigure, list_figures
from gridplan.tables.requirements import read_document
from gridplan.tables.schema import Language
from gridplan.tables.words import say, say_code

# In the order in which a page prints them.
TABLES = ("unmet", "worst", "ratios", "figures")
NOTES = ("note_estimates", "note_source")
PAGE_TABLES = ("ratios",)  # what a page whose sections have all the rest shows beside them
Rows = Iterable[Sequence[str]]


def write_markdown(brief: Brief) -> str:
    """Write a brief as Markdown, one language after the other."""
    parts = []
    for lang, text in brief.paragraphs.items():
        parts += [f"# {say('brief.title', lang)}", text]
        for name in TABLES:
            rows = list(_list_rows(brief, name, lang))
            if rows:
                parts += [
                    f"## {say(f'brief.{name}', lang)}",
                    _write_table(_name_columns(name, lang), rows),
                ]
        parts += [
            f"## {say('brief.unknown', lang)}",
            "\n".join(list_unknown(brief, lang)),
            f"## {say('brief.notes', lang)}",
            *(say(f"brief.{note}", lang) for note in NOTES),
        ]
        parts += [f"> {brief.stamp[lang]}"]
    return "\n\n".join(parts) + "\n"


def list_brief_tables(
    brief: Brief, lang: Language, names: Sequence[str] = PAGE_TABLES
) -> list[tuple[str, list[str], list[Sequence[str]]]]:
    """List tables of a brief that have rows: caption, names of columns, rows of text."""
    tables = [
        (say(f"brief.{name}", lang), _name_columns(name, lang), list(_list_rows(brief, name, lang)))
        for name in names
    ]
    return [table for table in tables if table[2]]


def _list_rows(brief: Brief, name: str, lang: Language) -> Rows:
    """List the rows of one of the brief's tables as text."""
    if name == "figures":
        # Unknown figures have a list of their own, with what they need.
        for code, row in brief.figures[brief.figures["status"] != "unknown"].iterrows():
            figure = list_figures()[str(code)]
            # Tangshan's figure goes through the same rounding and unit as the plan's.
            printed = pd.Series(
                {
                    "status": "unknown" if np.isnan(figure.published) else "shown",
                    "value": figure.published,
                }
            )
            beside = "" if np.isnan(figure.published) else write_value(printed, figure, lang)
            yield (
                row[lang],
                write_value(row, figure, lang),
                beside,
                *_say_source(figure, lang),
            )
    elif name == "unmet":
        for row in brief.gaps.itertuples():
            yield (
                say_code("room", row.room, lang),
                _name_rule(row.rule, lang),
                f"{row.value:.0f}",
            )
    elif name == "worst":
        for row in brief.worst.itertuples():
            yield (
                f"{brief.names.get(str(row.Index), '')} {row.Index}".strip(),
                f"{row.value:.0f}",
                _name_rule(row.first, lang),
            )
    else:
        # A ratio is known only where both of its figures are.
        for row in brief.ratios[brief.ratios["value"].notna()].itertuples():
            # The star marks what is further off than tangshan_ratios.FAR.
            off = "" if np.isnan(row.off) else f"{100 * row.off:+.0f} %{' *' if row.far else ''}"
            # A ratio that is a figure of the paragraph reads as it does there.
            same = list_figures().get(row.expression)
            texts = [
                ""
                if np.isnan(value)
                else f"{value:.{digits}g}"
                if same is None
                else write_value({"status": "shown", "value": value}, same, lang)
                for value, digits in ((row.value, 3), (row.tangshan, 4))
            ]
            yield (getattr(row, lang), *texts, off)


def _say_source(figure: BriefFigure, lang: Language) -> tuple[str, str, str]:
    """Say where a figure comes from: in Chinese in words, in English as expressions to be run."""
    if lang == "zh":
        return say_table(figure, lang), say_filter(figure, lang), say_how(figure, lang)
    return figure.table, f"`{figure.filter}`" if figure.filter else "", figure.how


def _name_rule(rule: str, lang: Language) -> str:
    """Name the rule of a gap; a requirement goes by its name, others by their code."""
    requirements = read_document()
    return (
        requirements[rule].name(lang) if rule in requirements else say_code("gap_rule", rule, lang)
    )


def list_unknown(brief: Brief, lang: Language) -> list[str]:
    """List what is not known, and what would have to be given."""
    rows = brief.figures[brief.figures["status"] == "unknown"]
    figures = list_figures()
    return [
        say(
            "brief.needed",
            lang,
            figure=row[lang],
            needs=figures[str(code)].needs_zh if lang == "zh" else row["needs"],
        )
        for code, row in rows.iterrows()
    ]


def _name_columns(name: str, lang: Language) -> list[str]:
    """Name the columns of one of the brief's tables."""
    return say(f"brief.{name}_columns", lang).split("|")


def _write_table(columns: Sequence[str], rows: Rows) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    # A bare | in a name would end its cell.
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)
