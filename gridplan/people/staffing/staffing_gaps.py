"""The gaps of staffing: what is not reached, why, and the smallest change to repair it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from gridplan.arrays import Bools, Ints, Objects
from gridplan.people.staffing.party_share import Repair
from gridplan.people.staffing.post_tables import FULL, PART, Roster
from gridplan.people.staffing.staffing_inputs import StaffingInputs
from gridplan.rules.staffing import StaffingRules
from gridplan.tables.indicators import CITY
from gridplan.tables.roles import PLACED, find_roles, name_roles

COLUMNS = ["rule", "level", "of", "community", "value", "need", "households", "reason", "remedy"]


def list_gaps(
    roster: Roster,
    counts: pd.DataFrame,
    ground: StaffingInputs,
    supply: pd.DataFrame,
    repair: Repair,
    rules: StaffingRules,
) -> pd.DataFrame:
    """List the gaps: coverage, leaders, workers, captains, and the Party's share at all levels."""
    frames = [
        _list_uncovered(roster, ground),
        *_list_leaders(counts, supply, rules),
        *_list_short(counts),
        _list_subgrid_shares(roster, ground, repair, rules),
        _list_community_shares(counts, rules),
        _list_city(counts, repair, rules),
    ]
    kept = [frame for frame in frames if len(frame)]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=COLUMNS)


def _write_gap_rows(
    rule: str,
    level: str,
    of: Any,
    community: Any,
    value: Any,
    need: Any,
    households: Any,
    reason: Any,
    remedy: Any,
) -> Any:
    frame = pd.DataFrame(
        {
            "of": np.asarray(of, object),
            "value": np.asarray(value, float),
            "need": np.asarray(need, float),
        }
    )
    more = {"community": community, "households": households, "reason": reason, "remedy": remedy}
    return frame.assign(rule=rule, level=level, **more)[COLUMNS]


def _list_uncovered(roster: Roster, ground: StaffingInputs) -> pd.DataFrame:
    worker = np.isin(roster.posts["role"].to_numpy(object), name_roles(worker=True))[
        roster.serves["post"].to_numpy(np.int64)
    ]
    # Not by what is filled but by what is served: a worker may have no zone.
    bare = (
        np.bincount(roster.serves["subgrid"].to_numpy(np.int64)[worker], minlength=len(ground)) == 0
    )
    uncovered = ground.table[bare]
    exclusive = (uncovered["kind"] == "exclusive").to_numpy()
    reason = np.where(
        exclusive,
        "an exclusive grid in a community without counted full-time workers",
        "no full-time worker counted, and no member, representative or volunteer left",
    )
    remedy = np.where(
        exclusive,
        "let its institution name a worker",
        "find one representative or volunteer, or count those there are",
    )
    zero = np.zeros(len(uncovered))
    one = np.ones(len(uncovered))
    community = uncovered["community"].to_numpy(object)
    households = uncovered["households"].to_numpy()
    return _write_gap_rows(
        "coverage", "subgrid", uncovered.index, community, zero, one, households, reason, remedy
    )


def _list_leaders(
    counts: pd.DataFrame, supply: pd.DataFrame, rules: StaffingRules
) -> list[pd.DataFrame]:
    leaders = counts["leaders"]
    grids = counts["subgrids"]
    # Leaders still lacking for the rule of the mean span.
    more = np.maximum(0, np.ceil(grids / rules.span_most) - leaders)
    cadres = np.where(
        supply["cadres"].isna(),
        "cadres are not counted",
        supply["cadres"].fillna(0).astype(int).astype("str") + " cadres",
    )
    # Without any leader there is no span, so the two gaps exclude each other.
    none = (leaders == 0) & (grids > 0)
    wide = (leaders > 0) & (grids > rules.span_most * leaders)
    seats = counts["seats"].astype(int).astype("str")
    reason = (
        seats
        + " secretaries and committee members, "
        + pd.Series(cadres, index=counts.index)
        + ", "
        + grids.astype(int).astype("str")
    )
    reason += " sub-grids"
    words = more.astype(int).astype("str") + " more committee seats or cadres who may lead"
    frames = []
    for rule, mask, value, need in (
        ("leader", none, leaders, np.ceil(grids / rules.span_most)),
        ("leader_span", wide, grids / leaders.replace(0, np.nan), grids * 0 + rules.span_most),
    ):
        c = counts.index[mask]
        homes = counts.loc[mask, "households"].to_numpy()
        frames.append(
            _write_gap_rows(
                rule,
                "community",
                c,
                c,
                value[mask],
                need[mask],
                homes,
                reason[mask].to_numpy(object),
                words[mask].to_numpy(object),
            )
        )
    return frames


def _list_short(counts: pd.DataFrame) -> list[pd.DataFrame]:
    """List communities short of workers or captains, or where nobody counted them."""
    frames = []
    for rule, there, asked, measure in (
        ("full_workers", "full_workers", "workers_needed", "community_workers and cadres"),
        ("part_workers", "part_workers", "part_slots", "resident_representatives and volunteers"),
        # A role without a measure of its supply is filled everywhere and never short.
        *(
            (role.measure, role.measure, f"{role.role}_slots", role.supply)
            for role in find_roles(filled_by=PLACED)
            if role.supply
        ),
    ):
        value = counts[there]
        need = counts[asked]
        # Written the other way round, so that an unknown number is short as well.
        short = (need > 0) & ~(value >= need)
        short_rows = counts[short]
        unknown = value[short].isna().to_numpy()
        # Unknown counts as none here; its reason says otherwise.
        lacking = (need - value.fillna(0))[short].astype(int).astype("str").to_numpy(object)
        noun = rule.replace("_", " ")
        reason = np.where(
            unknown,
            f"nobody counted {noun}: unknown, not none",
            lacking + f" {noun} short of the need",
        )
        remedy = np.where(
            unknown, f"add counts of the measure {measure}", "find " + lacking + f" more {noun}"
        )
        frames.append(
            _write_gap_rows(
                rule,
                "community",
                short_rows.index,
                short_rows.index,
                value[short],
                need[short],
                short_rows["households"].to_numpy(),
                reason,
                remedy,
            )
        )
    return frames


def _list_subgrid_shares(
    roster: Roster, ground: StaffingInputs, repair: Repair, rules: StaffingRules
) -> pd.DataFrame:
    """List the sub-grids with a team whose Party share is too low, with the changes needed."""
    post = roster.serves["post"].to_numpy(np.int64)
    grid = roster.serves["subgrid"].to_numpy(np.int64)
    party = roster.posts["party"].to_numpy(bool)
    worker = np.isin(roster.posts["role"].to_numpy(object), name_roles(worker=True))[post]
    n = len(ground)
    number = np.bincount(grid[worker], minlength=n)
    members = np.bincount(grid[worker], party[post[worker]], minlength=n)
    # The share is one of a team: one worker or two could only have all of it or too little.
    is_team = number >= rules.share_team
    # Less a rounding, so that 3 of 5 meet a share of 0.6.
    low = is_team & (members < rules.party_share * number - 1e-9)
    words = _write_cures(roster, ground, repair, worker)
    table = ground.table[low]
    return _write_gap_rows(
        "party_share",
        "subgrid",
        table.index,
        table["community"].to_numpy(object),
        members[low] / number[low],
        np.full(low.sum(), rules.party_share),
        table["households"].to_numpy(),
        _say_shares(members[low], number[low]),
        words[low].str.rstrip("; ").to_numpy(object),
    )


def _write_cures(
    roster: Roster, ground: StaffingInputs, repair: Repair, worker: Bools
) -> pd.Series[str]:
    """Write for each sub-grid which of its posts should go to a member, and from where."""
    post = roster.serves["post"].to_numpy(np.int64)
    grid = roster.serves["subgrid"].to_numpy(np.int64)
    role = roster.posts["role"].to_numpy(object)[post]
    n = len(ground)
    changed = repair.changed[post] & worker
    # Which post would change decides the words: of the zone, or of the sub-grid itself.
    full = np.bincount(grid[changed & (role == FULL)], minlength=n)
    part = np.bincount(grid[changed & (role == PART)], minlength=n)
    words = pd.Series("", index=range(n))
    words += np.where(full > 0, "give the full-time post of its zone to a member; ", "")
    words += np.where(part > 0, "give the part-time post to a member; ", "")
    words += find_offers(ground, roster, part)
    words += np.where(
        repair.missing > 0, "its community has no member to spare: recruit or bring in one", ""
    )
    return words


def _list_community_shares(counts: pd.DataFrame, rules: StaffingRules) -> pd.DataFrame:
    """List the communities whose Party share is too low, with how many changes they need."""
    share = counts["party_workers"] / counts["workers"].replace(0, np.nan)
    bad = counts[share < rules.party_share - 1e-9]
    # The community's share alone needs fewer changes than every share in it.
    need = np.ceil(bad["workers"] * rules.party_share - 1e-9) - bad["party_workers"]
    cure = [
        f"{int(k)} posts to Party members repair the community's share, {int(a)} every share in it"
        for k, a in zip(need, bad["party_changes"], strict=True)
    ]
    return _write_gap_rows(
        "party_share",
        "community",
        bad.index,
        bad.index,
        share[bad.index],
        np.full(len(bad), rules.party_share),
        bad["households"].to_numpy(),
        _say_shares(bad["party_workers"], bad["workers"]),
        cure,
    )


def _say_shares(members: Any, workers: Any) -> list[str]:
    """Say how many of the grid workers are Party members, row by row."""
    return [
        f"{int(p)} of {int(t)} grid workers are Party members"
        for p, t in zip(members, workers, strict=True)
    ]


def find_offers(ground: StaffingInputs, roster: Roster, wanted: Ints) -> Objects:
    """Find which sub-grid has a member to offer for each part-time post that changes.

    The nearest on the whole, each member once.
    """
    posts = roster.posts
    used = (
        posts.loc[(posts["role"] == PART) & (posts["source"] == "member")].groupby("subgrid").size()
    )
    # Available members less those who hold a part-time post there already.
    spare = (
        ground.table["available"].to_numpy()
        - used.reindex(ground.table.index, fill_value=0).to_numpy()
    )
    words = np.full(len(ground), "", object)
    # Members help within their own community only.
    for c in np.unique(ground.place[wanted > 0]):
        rows = np.flatnonzero(ground.place == c)
        asking = np.repeat(rows, wanted[rows])
        # A sub-grid offers each of its free members once; more than all who ask are no use.
        giving = np.repeat(rows, np.clip(spare[rows], 0, len(asking)))
        if not len(giving):
            continue
        # Decimetres, so that ties do not depend on a machine's last digit.
        apart = cdist(ground.xy[asking], ground.xy[giving]).round(1)
        for a, b in zip(*linear_sum_assignment(apart), strict=True):
            code = ground.table.index[giving[b]]
            metres = apart[a, b]
            words[asking[a]] += f"{code} has {spare[giving[b]]} to spare, {metres:.0f} m away; "
    return words


def _list_city(counts: pd.DataFrame, repair: Repair, rules: StaffingRules) -> pd.DataFrame:
    total = counts["workers"].sum()
    party = counts["party_workers"].sum()
    if total == 0 or party >= rules.party_share * total - 1e-9:
        return pd.DataFrame(columns=COLUMNS)
    need = int(np.ceil(total * rules.party_share - 1e-9) - party)
    (reason,) = _say_shares([party], [total])
    changes = int(counts["party_changes"].sum())
    remedy = f"{need} posts to Party members repair the city's share, {changes} every share in it"
    return _write_gap_rows(
        "party_share",
        "city",
        [CITY],
        "",
        [party / total],
        [rules.party_share],
        int(counts["households"].sum()),
        reason,
        remedy,
    )
