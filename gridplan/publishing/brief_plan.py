"""The brief: a paragraph in Chinese and English, its table, gaps, and Tangshan beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from gridplan.plan import Plan
from gridplan.publishing.published_figures import BriefFigure, list_figures
from gridplan.publishing.release_seal import require_release
from gridplan.publishing.tangshan_ratios import compare_ratios, read_figures
from gridplan.rules.all_rules import Rules
from gridplan.tables.csv_text import write_csv_text
from gridplan.tables.html import say_count, show_html
from gridplan.tables.schema import Language
from gridplan.tables.words import list_words, say

SHOWN_COMMUNITIES = 10  # with most gaps
Lang = Literal["zh", "en", "both"]


@dataclass(frozen=True)
class Brief:
    """A brief made from a released plan.

    ``figures`` has a row for each figure (zh, en, value, unit, status, table,
    filter, how, published, ratio, needs), ``ratios`` those of
    :func:`compare_ratios`, ``gaps`` how many gaps each rule has, ``worst`` the
    communities with most gaps. ``paragraphs`` maps a language to its text,
    ``stamp`` says the result of the disclosure check in both.
    """

    figures: pd.DataFrame
    ratios: pd.DataFrame
    gaps: pd.DataFrame
    worst: pd.DataFrame
    paragraphs: Mapping[Language, str]
    stamp: Mapping[Language, str]
    names: Mapping[str, str]

    def __repr__(self) -> str:
        """Write on one line what it holds."""
        return f"Brief({say_count(len(self.figures), 'figure')}; {', '.join(self.paragraphs)})"

    def _repr_html_(self) -> str:
        """Write the figures for a notebook."""
        return show_html(repr(self), self.figures)

    def to_csv(self) -> str:
        """Write the table of figures as CSV."""
        # Line ends as RFC 4180 has them, so that spreadsheets open the file.
        return write_csv_text(self.figures, float_format="%.6g", line_end="\r\n")


def write_brief(leaving: Plan, lang: Lang = "both") -> Brief:
    """Write the brief of a released plan.

    Parameters
    ----------
    leaving
        A plan as :func:`release` gives it; a working plan is refused.
    lang
        ``zh``, ``en`` or ``both``.

    Raises
    ------
    PlanError
        If the plan was not released, if its tables are no longer those that
        were checked, or if the check, which is run again, does not pass.

    Examples
    --------
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> "120 households" in write_brief(release(make_board_plan()), "en").paragraphs["en"]
    True
    """
    require_release(leaving)
    figures = describe_figures(leaving)
    languages: tuple[Language, ...] = ("zh", "en") if lang == "both" else (lang,)
    gaps, worst = _rank_gaps(leaving)
    names = leaving.site.communities["name"]
    return Brief(
        figures,
        compare_ratios(leaving),
        gaps,
        worst,
        {one: write_paragraph(figures, find_targets(leaving.rules), one) for one in languages},
        {one: write_stamp(leaving, one) for one in languages},
        {str(code): str(name) for code, name in names.items()},
    )


def keep_languages(brief: Brief, languages: Sequence[Language]) -> Brief:
    """Keep the texts of a brief in some languages only."""
    texts = {lang: brief.paragraphs[lang] for lang in languages if lang in brief.paragraphs}
    stamp = {lang: brief.stamp[lang] for lang in texts}
    return replace(brief, paragraphs=texts, stamp=stamp)


def describe_figures(leaving: Plan) -> pd.DataFrame:
    """Describe every figure: value, status, the table and expression behind it, and Tangshan's."""
    released = read_figures(leaving)
    rows = []
    for name, figure in list_figures().items():
        value = float(released.loc[name, "value"])
        shown = bool(released.loc[name, "shown"])
        # Suppressed comes first: a suppressed figure has no value either.
        status = "suppressed" if not shown else "unknown" if np.isnan(value) else "shown"
        rows.append(
            {
                "figure": name,
                "zh": figure.zh,
                "en": figure.en,
                "value": value,
                "unit": figure.unit,
                "status": status,
                "table": figure.table,
                "filter": figure.filter,
                "how": figure.how,
                "published": figure.published,
                "ratio": value / figure.published,
                "needs": figure.needs if status == "unknown" else "",
            }
        )
    return pd.DataFrame(rows).set_index("figure")


def find_targets(rules: Rules) -> dict[str, str]:
    """Find the targets that sentences name beside figures: households, and a share in per cent."""
    return {
        "target_urban": f"{rules.urban.target}",
        "target_rural": f"{rules.rural.target}",
        "target_party": f"{100 * rules.staffing.party_share:g}",
    }


def write_paragraph(
    figures: pd.DataFrame, targets: Mapping[str, str], lang: Language, *, whole: bool = False
) -> str:
    """Write the paragraph: every sentence with a known figure, in the document's order.

    ``whole`` leaves out sentences that have an unknown figure too.
    """
    parts: list[str] = []
    # The key of a sentence names the figures that it takes.
    for key, sentence in list_words("sentence", lang).items():
        names = key.split("|")
        unknown = figures.loc[names, "status"] == "unknown"
        # One known figure is enough; the others of the sentence read as unknown.
        if unknown.all() or (whole and unknown.any()):
            continue
        values = {
            name: write_value(figures.loc[name], list_figures()[name], lang) for name in names
        }
        parts.append(sentence.format(**targets, **values))
    # Chinese sentences end in a full-width stop and take no space.
    return ("" if lang == "zh" else " ").join(parts)


def write_value(row: Any, figure: BriefFigure, lang: Language) -> str:
    """Write a value as a paragraph has it; words say what is suppressed or unknown."""
    if row["status"] == "suppressed":
        return say("brief.suppressed_value", lang)
    if row["status"] == "unknown":
        return say("brief.unknown_value", lang)
    value = float(row["value"])
    if figure.unit == "share":
        # Rounded down: 59.96 % must not read as the 60.0 % that the rules ask for.
        text = f"{np.floor(value * 1000) / 10:.1f}"
        return f"{text}%" if lang == "zh" else f"{text} %"
    # Counts and sums are whole; a mean keeps one decimal.
    whole = figure.how.partition(":")[0] != "mean"
    return (f"{round(value)}" if lang == "zh" else f"{round(value):,}") if whole else f"{value:.1f}"


def write_stamp(leaving: Plan, lang: Language) -> str:
    """Write the result of the disclosure check in one line."""
    note = leaving.manifest["release"]
    return say(
        "brief.stamp",
        lang,
        smallest=note["smallest"],
        suppressed=note["suppressed"],
        counts=note["counts"],
        compared=say("brief.compared", lang) if note["compared"] else "",
        seal=note["seal"],
    )


def _rank_gaps(leaving: Plan) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rank the rules by their gaps, and the communities by all of theirs."""
    gaps = leaving.published[leaving.published["measure"].str.startswith("gaps:")]
    # A measure is gaps:ROOM:RULE; a table without rows splits into no columns.
    parts = gaps["measure"].str.split(":", n=2, expand=True)
    by_rule = gaps.assign(room=parts[1] if len(gaps) else "", rule=parts[2] if len(gaps) else "")
    # Equal numbers of gaps are ordered by name, so that the brief is always the same.
    city = by_rule[by_rule["level"] == "city"].sort_values(
        ["value", "measure"], ascending=[False, True]
    )
    by = (
        by_rule[by_rule["level"] == "community"]
        .groupby("community")
        .agg(value=("value", "sum"), rules=("rule", "nunique"))
    )
    # The rule with most gaps is the one to name for a community.
    top = (
        by_rule[by_rule["level"] == "community"]
        .sort_values(["value", "rule"], ascending=[False, True])
        .groupby("community")
        .first()
    )
    by["first"] = top["rule"]
    worst = (
        by.reset_index()
        .sort_values(["value", "community"], ascending=[False, True])
        .head(SHOWN_COMMUNITIES)
    )
    return city[["room", "rule", "value"]].reset_index(drop=True), worst.set_index("community")
