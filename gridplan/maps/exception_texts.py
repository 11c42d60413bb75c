"""Why a sub-grid is out of rule, as the plan's table of exceptions says, for its tooltip."""

from __future__ import annotations

from typing import Any

from gridplan.plan import Plan
from gridplan.tables.schema import Language
from gridplan.tables.translations import translate


def explain_exceptions(plan: Plan, lang: Language = "en") -> list[str]:
    """Explain why each sub-grid is out of its band, as the plan's exceptions say, in a language.

    Empty where it is in its band.
    """
    # An exception without a sub-grid is about its whole community; it explains
    # those that have none of their own.
    is_one = plan.exceptions["subgrid"] != ""
    of_subgrid = _join_texts(plan.exceptions[is_one], "subgrid", lang)
    of_community = _join_texts(plan.exceptions[~is_one], "community", lang)
    table = plan.subgrids
    rows = zip(table.index, table["community"], table["in_band"], table["kind"], strict=True)
    return [
        ""
        if inside or kind == "exclusive"
        else of_subgrid.get(subgrid, of_community.get(community, ""))
        for subgrid, community, inside, kind in rows
    ]


def _join_texts(exceptions: Any, by: str, lang: Language) -> dict[str, str]:
    return {
        str(code): (
            "；".join(translate(text) for text in dict.fromkeys(texts))
            if lang == "zh"
            else " ".join(dict.fromkeys(texts))
        )
        for code, texts in exceptions.groupby(by)["explanation"]
    }
