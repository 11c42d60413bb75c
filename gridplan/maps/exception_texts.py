"""Why a sub-grid is out of rule, as the plan's table of exceptions says, for its tooltip."""

from __future__ import annotations

from typing import Any

from gridplan.plan import Plan


def explain_exceptions(plan: Plan) -> list[str]:
    """Explain why each sub-grid is out of its band, in the words of the plan's exceptions.

    Empty where it is in its band.
    """
    # An exception without a sub-grid is about its whole community; it explains
    # those that have none of their own.
    of_subgrid = _join_texts(plan.exceptions[plan.exceptions["subgrid"] != ""], "subgrid")
    of_community = _join_texts(plan.exceptions[plan.exceptions["subgrid"] == ""], "community")
    table = plan.subgrids
    rows = zip(table.index, table["community"], table["in_band"], table["kind"], strict=True)
    return [
        ""
        if inside or kind == "exclusive"
        else of_subgrid.get(subgrid, of_community.get(community, ""))
        for subgrid, community, inside, kind in rows
    ]


def _join_texts(exceptions: Any, by: str) -> dict[str, str]:
    return {
        str(code): " ".join(dict.fromkeys(texts))
        for code, texts in exceptions.groupby(by)["explanation"]
    }
