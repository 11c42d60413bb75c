"""The steps that add to a plan: what each reads, what it writes, and which data it needs.

A new step is a row of ``PLAN_STEPS``. Its row says what it reads; the test of
the chain watches the step at work and fails where it reads more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gridplan import __version__
from gridplan.chain.fingerprints import mark_value
from gridplan.coverage.reach_plan import reach
from gridplan.coverage.service_points import list_service_points
from gridplan.people.organisation.organise_plan import organise
from gridplan.people.pairing.pair_plan import pair
from gridplan.people.pairing.six_bodies import COUNTED
from gridplan.people.rate_plan import rate
from gridplan.people.staffing.staff_plan import staff
from gridplan.plan import DRAWN_TABLES, LAYER_TABLES, REDRAW_TABLES, Plan
from gridplan.rules.all_rules import Rules
from gridplan.site import SITE_TABLES
from gridplan.tables.roles import name_roles

# Sections of the rules that no plan is drawn by.
PEOPLE_SECTIONS = frozenset(
    {
        *("organisation", "staffing", "pairing", "rating", "coverage"),
        *("simulation", "surge", "disclosure", "redraw", "years"),
    }
)
PLAN = "plan"


@dataclass(frozen=True)
class PlanStep:
    """A step that adds tables to a plan.

    ``after`` are the steps whose results it reads, ``sections`` the rules,
    ``room`` its rows of gaps and indicators, ``explain_missing`` says which
    data are missing, with an empty text where none are, and ``take_results``
    takes the rows that the step wrote.
    """

    name: str
    after: tuple[str, ...]
    sections: tuple[str, ...]
    room: str
    work: Callable[[Plan, Rules], Plan]
    explain_missing: Callable[[Plan, Rules], str]
    take_results: Callable[[Plan], Mapping[str, Any]]

    def mark_reads(self, rules: Rules, results: Mapping[str, str]) -> str:
        """Make the fingerprint of all that the step reads: rules, and what steps before wrote."""
        sections = rules.to_dict()
        read_results = [results.get(name, "") for name in self.after]
        return mark_value([__version__, [sections[name] for name in self.sections], read_results])

    def sum_up(self, plan: Plan) -> dict[str, Any]:
        """Sum up what the step came to: the figures that it left in the manifest, and its gaps."""
        figures = plan.manifest.get("people", {}).get(self.name, {}).get("figures", {})
        plain = {k: v for k, v in figures.items() if isinstance(v, int | float) and v == v}
        return {**plain, "gaps": int((plan.gaps["room"] == self.room).sum())}


def take_drawn(plan: Plan) -> dict[str, Any]:
    """Take the tables of the land and of the drawing; the ledger only describes them."""
    names = (*SITE_TABLES, *DRAWN_TABLES, *LAYER_TABLES, *REDRAW_TABLES)
    return {name: plan.get_table(name) for name in names if name != "ledger"}


def _take_room(plan: Plan, room: str) -> dict[str, Any]:
    """Take the gaps and indicators of one room."""
    tables = {"gaps": plan.gaps, "indicators": plan.indicators}
    return {name: table[table["room"] == room] for name, table in tables.items()}


def _take_organised(plan: Plan) -> dict[str, Any]:
    hosts = plan.posts["role"].isin(name_roles(filled_by="members"))
    tables = {"members": plan.members, "party_orgs": plan.party_orgs, "posts": plan.posts[hosts]}
    return tables | {"gaps": _take_room(plan, "organisation")["gaps"]}


def _take_staffed(plan: Plan) -> dict[str, Any]:
    others = ~plan.posts["role"].isin(name_roles(filled_by="members"))
    tables = {"posts": plan.posts[others], "duties": plan.duties}
    return tables | _take_room(plan, "staffing")


def _take_paired(plan: Plan) -> dict[str, Any]:
    return {"links": plan.links} | _take_room(plan, "pairing")


def _take_reached(plan: Plan) -> dict[str, Any]:
    tables = {name: plan.get_table(name) for name in ("service_posts", "reach", "coverage")}
    return tables | _take_room(plan, "reach")


def _take_rated(plan: Plan) -> dict[str, Any]:
    return {"ratings": plan.ratings, "gaps": _take_room(plan, "rating")["gaps"]}


def _is_counted(plan: Plan, *measures: str) -> bool:
    return bool(plan.site.counts["measure"].isin(measures).any())


def _lack_members(plan: Plan, rules: Rules) -> str:
    if _is_counted(plan, "party_members_full"):
        return ""
    return "the table counts has no rows of the measure party_members_full"


def _lack_organisation(plan: Plan, rules: Rules) -> str:
    if len(plan.members):
        return ""
    return "the table members is empty, since organise was skipped; leaders come from committees"


def _lack_partners(plan: Plan, rules: Rules) -> str:
    centres = (plan.site.places["kind"] == "service_centre").any()
    counted = _is_counted(plan, "leading_cadres", *COUNTED)
    if len(plan.site.institutions) or centres or counted:
        return ""
    return (
        "the table institutions is empty, counts has no leading_cadres, "
        "and places has no service_centre"
    )


def _lack_services(plan: Plan, rules: Rules) -> str:
    if len(list_service_points(plan, rules.coverage.services, rules.coverage.fills)):
        return ""
    kinds = ", ".join(service.kind for service in rules.coverage.services)
    return f"the table places has no row whose kind is one of {kinds}"


def _lack_indicators(plan: Plan, rules: Rules) -> str:
    asked = [criterion.measure for criterion in rules.rating.criteria]
    known = plan.indicators.loc[plan.indicators["level"] == "community", "measure"]
    if known.isin(asked).any():
        return ""
    return f"the table indicators has none of {', '.join(asked)}, since staff and pair were skipped"


PLAN_STEPS = (
    PlanStep(
        *("organise", (PLAN,), ("organisation",), "organisation"),
        *(organise, _lack_members, _take_organised),
    ),
    PlanStep(
        *("staff", (PLAN, "organise"), ("staffing", "households", "walking"), "staffing"),
        *(staff, _lack_organisation, _take_staffed),
    ),
    PlanStep(
        *("pair", (PLAN, "organise", "staff"), ("pairing",), "pairing"),
        *(pair, _lack_partners, _take_paired),
    ),
    PlanStep(
        *("reach", (PLAN, "organise"), ("coverage", "walking", "staffing"), "reach"),
        *(reach, _lack_services, _take_reached),
    ),
    PlanStep(
        *("rate", (PLAN, "organise", "staff", "pair", "reach"), ("rating",), "rating"),
        *(rate, _lack_indicators, _take_rated),
    ),
)
