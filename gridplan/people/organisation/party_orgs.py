"""The registry: the chain as rows of the table of Party organisations, with names and advice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Ints, Objects
from gridplan.people.organisation.chain_inputs import ChainInputs
from gridplan.people.organisation.party_chain import Chain, find_middle
from gridplan.rules.organisation import OrganisationRules

COMMITTEE = "committee"
GENERAL = "general_branch"
BRANCH = "branch"
TITLES = {COMMITTEE: "党委", GENERAL: "党总支", BRANCH: "党支部"}


def choose_level(members: int, branches: int, rules: OrganisationRules) -> tuple[str, str]:
    """Choose the level of a community organisation, and say what the rules advise.

    Examples
    --------
    >>> choose_level(120, 3, OrganisationRules())
    ('committee', '')
    >>> choose_level(30, 2, OrganisationRules())[1]
    '2 branches with 30 members in all, not over 50: one branch would do'
    """
    # The Party's rules go by members: a committee, a general branch or a branch.
    if members > rules.committee_over:
        return COMMITTEE, ""
    if members > rules.general_over:
        return GENERAL, ""
    # Several branches need a head whatever their size; the rules only advise against it.
    if branches > 1:
        return (
            GENERAL,
            f"{branches} branches with {members} members in all, "
            f"not over {rules.general_over}: one branch would do",
        )
    return BRANCH, ""


def count_seats(full: int, rules: OrganisationRules) -> int:
    """Count the seats of a branch's committee: the secretary alone if small, else three to five.

    Examples
    --------
    >>> [count_seats(n, OrganisationRules()) for n in (3, 6, 7, 26, 27, 47, 90)]
    [1, 1, 3, 3, 4, 5, 5]
    """
    if full < rules.committee_full:
        return 1
    return min(
        rules.seats_most, rules.seats_least + (full - rules.committee_full) // rules.seats_step
    )


def write_chain(
    inputs: ChainInputs,
    chain: Chain,
    members: pd.DataFrame,
    rules: OrganisationRules,
    name: str,
    names: pd.Series[str],
) -> tuple[list[dict[str, Any]], Objects, Objects]:
    """Write the organisations of a community.

    ``members`` are the rows of its stairwells with ``households``, ``name``
    and ``names`` what it and its compounds are called. Returns the rows, and
    the code of each stairwell's branch and group (empty where it has none).
    """
    count = len(chain.cut)
    none = np.full(len(inputs), "", object)
    if not count:
        return [], none, none
    # Stairwells that no branch can serve count nowhere.
    total = int(inputs.size[chain.branch >= 0].sum())
    level, advice = choose_level(total, count, rules)
    head = level != BRANCH
    base = {"community": inputs.code, "compound": "", "advice": ""}
    # Codes sort as texts, so their numbers have leading zeros.
    width = max(2, len(str(count)))
    codes = [f"{inputs.code}-B{b + 1:0{width}d}" for b in range(count)]
    top = f"{inputs.code}-P"
    rows: list[dict[str, Any]] = []
    if head:
        rows.append(
            base
            | _write_head(inputs, chain, members, level, rules)
            | {"org": top, "name": name + TITLES[level], "advice": advice}
        )
    groups = np.full(len(inputs), "", object)
    for b, code in enumerate(codes):
        branch_rows = np.flatnonzero(chain.branch == b)
        row = base | _write_branch(
            inputs, chain, members, branch_rows, rules, (name, names), b, alone=not head
        )
        rows.append(row | {"org": code, "level": BRANCH, "parent": top if head else ""})
        kinds = np.unique(chain.group[branch_rows])
        digits = max(2, len(str(len(kinds))))
        for number, g in enumerate(kinds, 1):
            group_rows = branch_rows[chain.group[branch_rows] == g]
            group = f"{code}-G{number:0{digits}d}"
            groups[group_rows] = group
            title = f"{row['name']}第{number}党小组"
            rows.append(
                base
                | _write_group(inputs, members, group_rows, rules)
                | {"org": group, "parent": code, "name": title, "compound": row["compound"]}
            )
    # -1 picks the last entry, which is no code.
    branches = np.where(chain.branch >= 0, np.array([*codes, ""], object)[chain.branch], "")
    return rows, branches, groups


def _write_head(
    inputs: ChainInputs, chain: Chain, members: pd.DataFrame, level: str, rules: OrganisationRules
) -> dict[str, Any]:
    """Write the organisation of the community above its branches."""
    served = np.flatnonzero(chain.branch >= 0)
    # Empty places lie in the branch's ground, but nobody comes from there.
    places = np.unique(inputs.place[served[inputs.size[served] > 0]])
    return _measure_org(inputs, members, served) | {
        "level": level,
        "form": "village" if inputs.kind == "rural" else "community",
        "parent": "",
        "committee_seats": rules.community_seats,
        "places": len(places),
    }


def _write_branch(
    inputs: ChainInputs,
    chain: Chain,
    members: pd.DataFrame,
    rows: Ints,
    rules: OrganisationRules,
    titles: tuple[str, pd.Series[str]],
    b: int,
    *,
    alone: bool,
) -> dict[str, Any]:
    """Write what a branch is: its form, compound, name, size, seats and advice."""
    held = rows[inputs.size[rows] > 0]
    places = np.unique(inputs.place[held])
    compounds = members["compound"].to_numpy(object)
    compound = str(compounds[held[0]]) if len(places) == 1 else ""
    # A community's only branch has its name and form.
    whole = alone and bool((chain.branch >= 0).all())
    # Cut comes before joint: a part of a joint field is a part.
    if chain.cut[b]:
        form = "part"
    elif len(places) > 1:
        form = "joint"
    else:
        form = (
            "village"
            if whole and inputs.kind == "rural"
            else "community"
            if whole
            else "compound"
            if compound
            else "building"
        )
    measured = _measure_org(inputs, members, rows)
    size = measured["full"] + measured["probationary"]
    advice = []
    if size > rules.branch_whole:
        advice.append(
            f"{size} members, generally at most {rules.branch_most}: "
            "no contiguous cut by whole buildings was found"
        )
    elif size > rules.branch_most:
        advice.append(
            f"{size} members, generally at most {rules.branch_most}: "
            "kept whole, for the higher organisation to approve"
        )
    if len(places) > rules.joint_places:
        advice.append(f"{len(places)} places, generally at most {rules.joint_places}")
    community, names = titles
    # By its compound where that has a name, else by its number.
    name = community if whole else community + str(names.get(compound, "") or f"第{b + 1}")
    name += f"第{b + 1}" if form == "part" and names.get(compound, "") else ""
    return measured | {
        "form": form,
        "compound": compound,
        "name": name + TITLES[BRANCH],
        "places": len(places),
        "committee_seats": count_seats(measured["full"], rules),
        "advice": "; ".join(advice),
    }


def _write_group(
    inputs: ChainInputs, members: pd.DataFrame, rows: Ints, rules: OrganisationRules
) -> dict[str, Any]:
    """Write what a group is: a building, several, or part of one."""
    held = np.unique(inputs.building[rows[inputs.size[rows] > 0]])
    # Whole if the group has every stairwell of the buildings that its members live in.
    whole = np.bincount(inputs.building)[held].sum() == np.isin(inputs.building[rows], held).sum()
    form = "joint" if len(held) > 1 else "building" if whole else "part"
    measured = _measure_org(inputs, members, rows)
    size = measured["full"] + measured["probationary"]
    advice = (
        f"{size} members, more than {rules.group_most}: no contiguous division was found"
        if size > rules.group_most
        else ""
    )
    return measured | {
        "level": "group",
        "form": form,
        "places": len(held),
        "committee_seats": 0,
        "advice": advice,
    }


def _measure_org(inputs: ChainInputs, members: pd.DataFrame, rows: Ints) -> dict[str, Any]:
    """Measure an organisation: households, members, sub-grids and its best meeting building."""
    size = inputs.size[rows]
    _, first, home = np.unique(inputs.building[rows], return_index=True, return_inverse=True)
    weight = np.bincount(home, size)
    # A building without members is placed by its stairwells, all alike.
    pull = np.where(weight[home] > 0, size, 1.0)
    middle = np.column_stack(
        [np.bincount(home, pull * inputs.xy[rows, i]) / np.bincount(home, pull) for i in (0, 1)]
    )
    best, _ = find_middle(middle, weight)
    metres = float(np.hypot(*(middle - middle[best]).T) @ weight)
    # Stairwells of exclusive sub-grids may have no code.
    subgrids = members["subgrid"].to_numpy(object)[rows[size > 0]]
    return {
        "households": int(members["households"].to_numpy()[rows].sum()),
        "full": int(inputs.full[rows].sum()),
        "probationary": int((size - inputs.full[rows]).sum()),
        "subgrid_count": len(set(subgrids) - {""}),
        "building": str(members["building"].to_numpy(object)[rows[first[best]]]),
        "mean_walk": metres / max(1, int(size.sum())),
    }
