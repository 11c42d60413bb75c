"""What of a plan's reach a picture shows: the kind of post, and the bands of minutes."""

from __future__ import annotations

import pandas as pd

from gridplan.errors import PlanError
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules

MOST_BANDS = 5  # as many as there are colours


def has_reach(plan: Plan) -> bool:
    """Whether a plan's reach was measured, so that a map can show it; a release never holds any."""
    return not plan.is_release and len(plan.coverage) > 0


def choose_kind(plan: Plan, kind: str | None) -> str:
    """Choose the kind of post that a map shows first.

    It is the one asked for, else that with most households not served.

    Raises
    ------
    PlanError
        If the plan's reach was not measured, or not that to posts of this
        kind.
    """
    if not has_reach(plan):
        why = (
            "a release holds no posts -> map the working plan"
            if plan.is_release
            else "its reach was not measured -> gridplan reach PLAN"
        )
        raise PlanError(f"the map cannot show how far posts reach: {why}")
    city = pick_city(plan)
    unserved = (city["demand"] - city["served"]).groupby(city["kind"]).max()
    if kind is None:
        return str(unserved.sort_index().idxmax())  # of equals the first by name
    if kind not in unserved.index:
        raise PlanError(
            f"the reach of {kind!r} was not measured; there are {', '.join(sorted(unserved.index))}"
        )
    return kind


def read_bands(plan: Plan) -> list[float]:
    """Read the minutes at which a map's bands end: the thresholds that reach was measured by."""
    return list(read_reach_rules(plan).coverage.thresholds)[:MOST_BANDS]


def read_reach_rules(plan: Plan) -> Rules:
    """Read the rules that reach was measured by, which may differ from the plan's own."""
    measured_by = plan.manifest.get("people", {}).get("reach", {}).get("rules", {})
    return plan.rules.replace(**measured_by)


def pick_city(plan: Plan) -> pd.DataFrame:
    """Pick the city's coverage of each kind at the kind's own minutes (column ``own``)."""
    return plan.coverage[(plan.coverage["level"] == "city") & plan.coverage["own"]]
