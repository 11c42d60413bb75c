"""Organise: the verb that gives a plan its chain of organisation and central households."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from gridplan.engine.parallel_map import Progress, keep_silent, map_tasks
from gridplan.people.organisation.central_households import Centres, choose_centres
from gridplan.people.organisation.chain_inputs import ChainInputs, prepare_chain
from gridplan.people.organisation.members import count_members
from gridplan.people.organisation.party_chain import Chain, build_chain
from gridplan.people.organisation.party_land import draw_party_land
from gridplan.people.organisation.party_orgs import write_chain
from gridplan.people.organisation.shortfalls import ROOM, list_uncentred, list_unserved, rank_gaps
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.tables.conform import conform_table, make_empty

CENTRAL = "central_household"
GAP = "organisation_gap"  # measure of the indicator that holds a community's optimality gap


def organise(
    plan: Plan,
    rules: Rules | None = None,
    *,
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> Plan:
    """Organise a plan: members by stairwell, branches and groups over them, and central households.

    Counts of Party members come from the site's table of counts, at any level;
    they are counts, never persons. Run again, it replaces what it wrote
    before.

    Parameters
    ----------
    plan
        A drawn plan.
    rules
        Sizes, prices and loads (section ``organisation``); those of the plan's
        manifest if not given.
    workers
        Threads to use; one for each core if not given. The result does not
        depend on it.
    progress
        Called with the stage, the steps done and all steps.

    Returns
    -------
    The plan with the tables ``members``, ``party_orgs``, the land of ``branches``
    and ``groups``, the posts of central households, gaps of the room
    ``organisation``, each community's proven optimality gap among
    ``indicators``, and the rules and headline figures in its manifest.

    Raises
    ------
    InputError
        If counts have unknown codes, negative or doubled values, or contradict
        each other.
    RuleError
        If rules contradict each other.

    Examples
    --------
    >>> from gridplan.synthetic.board_plan import make_board_plan, make_table
    >>> members = {"measure": "party_members_full", "value": 24}
    >>> counts = [{"count": "1", "level": "community", "of": "0301", **members}]
    >>> plan = organise(make_board_plan().replace(counts=make_table("counts", counts)))
    >>> plan.party_orgs["full"].to_dict(), len(plan.posts)
    ({'0301-B01': 24, '0301-B01-G01': 24}, 4)
    """
    rules = rules or plan.rules
    org_rules = rules.organisation
    progress("members", 0, 1)
    members, entries = count_members(plan, org_rules)
    every_input = prepare_chain(plan, members, org_rules.branch_whole)
    # Communities share no organisation, so each is built by itself.
    chains = map_tasks(
        lambda inputs: build_chain(inputs, org_rules),
        every_input,
        workers=workers,
        stage="organisation",
        progress=progress,
    )
    known = members.assign(households=plan.stairwells.sort_index()["households"])
    orgs, members, gaps = _write_chains(plan, known, every_input, chains, rules)
    progress("central households", 0, 1)
    centres = choose_centres(plan, members["available"].to_numpy(np.int64), org_rules)
    gaps = rank_gaps(gaps + list_uncentred(plan, members, centres))
    posts = _write_posts(members, centres)
    proofs = _write_proofs(every_input, chains)
    figures = _sum_up(plan, members, orgs, posts, gaps, chains, org_rules.central_warn)
    land = draw_party_land(plan.replace(members=members, party_orgs=orgs))
    figures["shared_subgrids"] = len(list_shared(members))
    # Rows of an earlier run are replaced; those of other rooms stay.
    return plan.replace(
        **land,
        members=members,
        party_orgs=orgs,
        posts=_join_rows("posts", plan.posts[plan.posts["role"] != CENTRAL], posts),
        gaps=_join_rows("gaps", plan.gaps[plan.gaps["room"] != ROOM], gaps),
        indicators=_join_rows(
            "indicators", plan.indicators[plan.indicators["measure"] != GAP], proofs
        ),
        ledger=plan.site.ledger[plan.site.ledger["step"] != "organise"],
        manifest=_note_figures(plan, rules, figures),
    ).note(entries)


def _write_chains(
    plan: Plan,
    members: pd.DataFrame,
    every_input: list[ChainInputs],
    chains: list[Chain],
    rules: Rules,
) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, Any]]]:
    """Write all organisations, the branch and group of each stairwell, and the unserved."""
    called = plan.site.communities["name"]
    compounds = plan.site.compounds["name"]
    branch = np.full(len(members), "", object)
    group = np.full(len(members), "", object)
    rows: list[dict[str, Any]] = []
    gaps: list[dict[str, Any]] = []
    for inputs, chain in zip(every_input, chains, strict=True):
        stairwells = members.iloc[inputs.rows]
        name = str(called.get(inputs.code, "") or inputs.code)
        more, branch[inputs.rows], group[inputs.rows] = write_chain(
            inputs, chain, stairwells, rules.organisation, name, compounds
        )
        rows += more
        gaps += list_unserved(inputs, chain, stairwells, rules.organisation)
    orgs = (
        conform_table("party_orgs", pd.DataFrame(rows)).sort_index()
        if rows
        else make_empty("party_orgs")
    )
    return orgs, conform_table("members", members.assign(branch=branch, group=group)), gaps


def list_shared(members: pd.DataFrame) -> pd.Series[Any]:
    """List the sub-grids that lie in several branches, with how many.

    Examples
    --------
    >>> doors = pd.DataFrame({"subgrid": ["a", "a", "b"], "branch": ["B1", "B2", "B1"]})
    >>> list_shared(doors).to_dict()
    {'a': 2}
    """
    held = members[(members["branch"] != "") & (members["subgrid"] != "")]
    count = held.groupby("subgrid")["branch"].nunique()
    return count[count > 1]


def _write_posts(members: pd.DataFrame, centres: Centres) -> pd.DataFrame:
    """Write one post for each central household."""
    if centres.posts.empty:
        return make_empty("posts")
    host = members.iloc[centres.posts["row"].to_numpy(int)]
    # In the order of the choice, so that codes do not depend on the table's order.
    number = centres.posts.groupby("subgrid").cumcount() + 1
    frame = pd.DataFrame(
        {
            "post": centres.posts["subgrid"] + "-H" + number.astype(str),
            "role": CENTRAL,
            "community": host["community"].to_numpy(),
            "subgrid": centres.posts["subgrid"],
            "building": host["building"].to_numpy(),
            "stairwell": host.index.to_numpy(),
            "org": host["group"].to_numpy(),
            "source": "member",
            "party": True,
            "filled": True,
            "served": 1,
            "households": centres.posts["households"],
            "mean_walk": centres.posts["mean_walk"],
        }
    )
    return conform_table("posts", frame).sort_index()


def _write_proofs(every_input: list[ChainInputs], chains: list[Chain]) -> pd.DataFrame:
    """Write the optimality gap of each community's chain as an indicator."""
    rows = [
        {
            "indicator": f"{GAP}-{inputs.code}",
            "level": "community",
            "of": inputs.code,
            "community": inputs.code,
            "measure": GAP,
            "value": measure_gap(chain.price, chain.bound),
            "need": np.nan,
            "met": True,
            "origin": "computed",
        }
        for inputs, chain in zip(every_input, chains, strict=True)
    ]
    return conform_table("indicators", pd.DataFrame(rows)).sort_index()


def measure_gap(price: float, bound: float) -> float:
    """Measure by what share of the price nothing can be cheaper, at most.

    Examples
    --------
    >>> measure_gap(200.0, 190.0)
    0.05
    """
    # Without a price, as where nobody is organised, nothing could be cheaper.
    return round(max(0.0, price - bound) / price, 6) if price > 0 else 0.0


def _join_rows(table: str, kept: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    both = [frame for frame in (kept, new) if len(frame)]
    return conform_table(table, pd.concat(both)).sort_index() if both else make_empty(table)


def _sum_up(
    plan: Plan,
    members: pd.DataFrame,
    orgs: pd.DataFrame,
    posts: pd.DataFrame,
    gaps: pd.DataFrame,
    chains: list[Chain],
    warn: int,
) -> dict[str, Any]:
    """Sum up the headline figures and the ratios compared with Tangshan's published counts."""
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    levels = orgs["level"].value_counts()
    branches = int(levels.get("branch", 0))
    groups = int(levels.get("group", 0))
    centres = len(posts)
    # Each community's price is a choice of its own, so the sums bound each other.
    price = sum(c.price for c in chains)
    bound = sum(c.bound for c in chains)
    served = int(homes["households"].sum())
    return {
        "full": int(members["full"].sum()),
        "probationary": int(members["probationary"].sum()),
        "available": int(members["available"].sum()),
        "committees": int(levels.get("committee", 0)),
        "general_branches": int(levels.get("general_branch", 0)),
        "branches": branches,
        "groups": groups,
        "joint_branches": int(((orgs["level"] == "branch") & (orgs["form"] == "joint")).sum()),
        "central_households": centres,
        "subgrids": len(homes),
        "subgrids_per_branch": round(len(homes) / max(1, branches), 3),
        "groups_per_branch": round(groups / max(1, branches), 3),
        "central_per_subgrid": round(centres / max(1, len(homes)), 4),
        "households_per_central": round(served / max(1, centres), 2),
        # How many the looser rule of thumb would ask for, for comparison.
        "central_needed_at": {str(warn): int(np.ceil(homes["households"] / warn).sum())},
        "gaps": {str(rule): int(n) for rule, n in gaps["rule"].value_counts().sort_index().items()},
        "attached_places": sum(c.attached for c in chains),
        "price": round(price, 1),
        "bound": round(bound, 1),
        "optimality_gap": measure_gap(price, bound),
    }


def _note_figures(plan: Plan, rules: Rules, figures: dict[str, Any]) -> dict[str, Any]:
    """Note the rules and figures in the manifest, so that an audit holds to the same rules."""
    # An audit reads the rules from here, whatever the rules of the day are.
    used = dataclasses.asdict(rules.organisation)
    people = {**plan.manifest.get("people", {}), "organise": {"rules": used, "figures": figures}}
    of_plan = {**(plan.manifest.get("rules") or {}), "organisation": used}
    return {**plan.manifest, "rules": of_plan, "people": people}
