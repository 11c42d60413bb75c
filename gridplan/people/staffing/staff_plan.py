"""Staffing: posts, never persons, of those who lead and serve the sub-grids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.errors import PlanError
from gridplan.people.staffing.captains import (
    fill_captains,
    fill_subgrids,
    list_captains,
    list_committees,
)
from gridplan.people.staffing.chiefs import (
    Chiefs,
    appoint_chiefs,
    list_chief_figures,
    list_chief_gaps,
)
from gridplan.people.staffing.leaders import count_leaders, lead_subgrids
from gridplan.people.staffing.party_share import Repair, repair_share
from gridplan.people.staffing.post_tables import PART, Roster, write_duties, write_roster
from gridplan.people.staffing.staffing_figures import count_posts, write_figures
from gridplan.people.staffing.staffing_gaps import list_gaps
from gridplan.people.staffing.staffing_inputs import StaffingInputs, prepare_staffing
from gridplan.people.staffing.supply_and_need import find_need_ends, measure_supply
from gridplan.people.staffing.workers import (
    count_full,
    count_full_party,
    fill_full_posts,
    fill_part_posts,
)
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.staffing import StaffingRules
from gridplan.tables.conform import conform_table
from gridplan.tables.indicators import (
    CITY,
    add_ends,
    round_figures,
    write_gaps,
    write_indicators,
    write_rows,
)
from gridplan.tables.roles import find_roles, name_roles

__all__ = ["staff"]

ROOM = "staffing"
HEADLINES = (
    "coverage",
    "leader_span",
    "leader_span_max",
    "party_share",
    "party_changes",
    "party_missing",
    "workers",
    "full_per_need",
    # where there are special grids, and an upper layer
    "chiefs",
    "chief_metres",
    "upper_leaders",
)


def staff(plan: Plan, rules: Rules | None = None, *, workers: int | None = None) -> Plan:
    """Staff the sub-grids of a plan with posts: leaders, workers, captains and committees.

    Fills the tables posts (except central households), duties, layer_duties,
    handovers, indicators and gaps of the room staffing; run again, it replaces
    its own rows only. Every residential and exclusive sub-grid has one leader
    and one full-time worker where there are any, every residential one its
    part-time workers; every stretch of a special grid has a chief, and every
    upper grid a leader. The accounts stand at sub-grid, community, subdistrict
    and city.

    Parameters
    ----------
    plan
        A plan whose members and party_orgs are filled.
    rules
        The rules; those of the plan's manifest if not given. Section
        ``staffing`` is used, and ``households.persons``.
    workers
        Threads; one for each core if not given. They do not change the result.

    Raises
    ------
    PlanError
        If the plan has no members: organise it first.
    InputError
        If counts contradict one another or name places that do not exist; all
        problems are reported.

    Examples
    --------
    >>> from gridplan.synthetic import make_people_plan
    >>> plan = staff(make_people_plan())
    >>> plan.posts.query("role == 'grid_leader'")[["served", "source"]].values.tolist()
    [[1, 'secretary'], [1, 'committee']]
    """
    if plan.members.empty:
        raise PlanError(
            "the plan has no members: run organise on it first, "
            "since leaders come from its committees"
        )
    rules = rules or plan.rules
    staffing_rules = rules.staffing
    ground = prepare_staffing(plan, staffing_rules)
    supply, tally = measure_supply(plan, ground, staffing_rules, rules.households.persons)
    # Leaders first: a cadre who leads is no full-time worker any more.
    chosen = count_leaders(supply, staffing_rules)
    leading = chosen["cadres"].to_numpy()
    supply = supply.assign(
        full=count_full(supply, leading),
        full_known=~(supply["cadres"].isna() & supply["community_workers"].isna()),
        full_party=count_full_party(supply, leading, staffing_rules),
    )
    leaders = lead_subgrids(plan, ground, chosen, workers)
    part = fill_part_posts(ground, supply, staffing_rules)
    # Part-time posts before full-time ones, which look where members already serve.
    full = fill_full_posts(ground, supply, leading, part, workers)
    others = fill_subgrids(ground, supply)
    # Posts that the rules ask for and nobody fills are posts too, left empty.
    empty = np.maximum(0, supply["workers_needed"] - supply["full"]).to_numpy(np.int64)
    roster = write_roster(ground, leaders, full, part, others, empty, staffing_rules)
    slots = fill_captains(list_captains(plan, staffing_rules), supply)
    repair = _repair_party_share(roster, ground, supply, staffing_rules)
    counts = count_posts(roster, slots, ground, supply, repair)
    figures = write_figures(counts, roster, ground, tally, staffing_rules)
    chiefs = appoint_chiefs(plan, supply)
    figures = pd.concat([figures, *list_chief_figures(chiefs, plan)], ignore_index=True)
    gaps = [
        list_gaps(roster, counts, ground, supply, repair, staffing_rules),
        list_chief_gaps(chiefs, supply["households"]),
    ]
    # more households need more workers, so that the share has its ends the other way round
    needs = find_need_ends(plan, supply, staffing_rules, rules.households.persons)
    low, high = (
        counts["full_workers"] / needs[name].replace(0, np.nan)
        for name in ("households_high", "households_low")
    )
    return _write_plan(
        plan,
        rules,
        roster,
        ground,
        slots,
        chiefs,
        add_ends(figures, "full_per_need", low, high),
        pd.concat([part for part in gaps if len(part)] or gaps[:1], ignore_index=True),
    )


def _repair_party_share(
    roster: Roster, ground: StaffingInputs, supply: pd.DataFrame, rules: StaffingRules
) -> Repair:
    """Find the least changes among worker posts; a part-time one needs a member without post."""
    posts = roster.posts
    worker = np.isin(posts["role"].to_numpy(object), name_roles(worker=True)) & posts[
        "filled"
    ].to_numpy(bool)
    # Row of a post among worker posts, which the repair knows only.
    number = np.cumsum(worker) - 1
    rows = roster.serves["post"].to_numpy(np.int64)
    serves = roster.serves[worker[rows]].assign(post=number[rows[worker[rows]]])
    place = ground.communities.index.get_indexer(pd.Index(posts["community"]))
    worker_posts = pd.DataFrame(
        {"place": place, "party": posts["party"], "fixed": posts["role"] == PART}
    )[worker]
    # Members with a part-time post or a committee's seat are not free for another.
    used = np.bincount(place[(posts["source"] == "member").to_numpy()], minlength=len(supply))
    spare = np.maximum(0, supply["available"] - supply["seats"]).to_numpy(np.int64) - used
    repair = repair_share(
        worker_posts,
        serves,
        np.maximum(0, spare),
        rules.party_share,
        len(ground),
        rules.share_team,
    )
    # The repair's rows are worker posts; back to rows of all posts.
    changed = np.zeros(len(posts), bool)
    changed[np.flatnonzero(worker)] = repair.changed
    return Repair(changed, repair.missing, repair.city)


def _write_plan(
    plan: Plan,
    rules: Rules,
    roster: Roster,
    ground: StaffingInputs,
    slots: pd.DataFrame,
    chiefs: Chiefs,
    figures: pd.DataFrame,
    gaps: pd.DataFrame,
) -> Plan:
    # Captains visit their households: hours by the role's rule, minutes a visit.
    amount = {role.role: role.find_amount(rules.staffing) for role in find_roles()}
    visits = slots["role"].map(amount).astype(float)  # of no captains too, where a map is text
    captains = slots.assign(workload=slots["households"] * rules.staffing.visit * visits / 60.0)
    rows: list[Any] = [roster.posts, captains, list_committees(plan), chiefs.posts]
    new = pd.concat([frame for frame in rows if len(frame)], ignore_index=True)
    # Central households come from organise and stay as they are.
    kept = plan.posts[plan.posts["role"].isin(name_roles(filled_by="members"))]
    posts = pd.concat(
        [part for part in (kept, conform_table("posts", new)) if len(part)]
    ).sort_index()
    if posts.index.has_duplicates:
        raise PlanError(
            f"codes of posts stand twice, such as "
            f"{posts.index[posts.index.duplicated()][0]}: codes of sub-grids clash"
        )
    # Duties of posts that stay are kept; write_rows then replaces none of them.
    duties = plan.duties[plan.duties["post"].isin(kept.index)]
    duties = write_rows(
        "duties",
        duties,
        [False] * len(duties),
        write_duties(roster, ground),
        ["community", "subgrid", "post"],
    )
    indicators = write_indicators(plan.indicators, ROOM, figures)
    city = figures[(figures["level"] == "city") & (figures["of"] == CITY)].set_index("measure")[
        "value"
    ]
    headline = round_figures({name: float(city[name]) for name in HEADLINES if name in city})
    if len(chiefs.handovers):
        headline["handovers"] = len(chiefs.handovers)
    people = {
        **plan.manifest.get("people", {}),
        "staff": {"rules": rules.to_dict()["staffing"], "figures": headline},
    }
    return plan.replace(
        posts=posts,
        duties=duties,
        layer_duties=chiefs.duties,
        handovers=chiefs.handovers,
        indicators=indicators,
        gaps=write_gaps(plan.gaps, ROOM, gaps),
        manifest={**plan.manifest, "people": people},
    )
