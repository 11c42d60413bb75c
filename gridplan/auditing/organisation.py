"""Rules on the chain of organisation: one branch for everyone, sizes, groups, and no pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Bools, Ints, Objects
from gridplan.auditing.evidence import Evidence, find_rows
from gridplan.auditing.findings import Reporter, join_findings, write_findings

AGAIN = "organise again"


def check_chain(evidence: Evidence) -> pd.DataFrame:
    """Check that every member is in one branch or a listed gap, and that groups nest in branches.

    Source: CPC regulations on the work of Party branches, 2018, Art. 4 and 5;
    the chain of the founding article goes from community to compound branch,
    building group and central household.
    """
    e = evidence
    orgs = e.plan.party_orgs
    table = e.plan.members
    if table.empty:
        return join_findings([])
    has_branch = (table["branch"] != "").to_numpy()
    has_members = (table["full"] + table["probationary"] > 0).to_numpy()
    # Codes that are no organisation's give empty texts, which match no level.
    branch = orgs[["level", "community"]].reindex(table["branch"]).fillna("")
    is_branch = branch["level"].to_numpy(object) == "branch"
    parent = orgs["parent"].reindex(table["group"]).fillna("").to_numpy(object)
    is_loose = has_branch & (parent != table["branch"].to_numpy(object))
    community = table["community"].to_numpy(object)
    is_abroad = is_branch & (branch["community"].to_numpy(object) != community)
    reporter = Reporter("chain", "members", table, noun="stairwell", remedy=AGAIN)
    return join_findings(
        [
            reporter.error(
                ~has_branch & has_members & ~_find_listed(e, table),
                "with members in no branch and no listed gap",
            ),
            reporter.error(has_branch & ~is_branch, "in a branch that does not exist"),
            reporter.error(is_loose, "whose group is none of its branch"),
            reporter.error(is_abroad, "in a branch of another community"),
            *_check_parents(e),
        ]
    )


def _find_listed(e: Evidence, table: pd.DataFrame) -> Bools:
    """Find the stairwells whose community, compound or cluster of buildings is listed as a gap."""
    gaps = e.plan.gaps
    gaps = gaps[(gaps["room"] == "organisation") & (gaps["rule"] == "branch_full")]
    listed_of = {
        level: set(gaps.loc[gaps["level"] == level, "of"])
        for level in ("community", "compound", "building")
    }
    place = find_places(e)[find_rows(e.stairwells, table.index)]
    # A gap of buildings outside compounds names one building of the cluster.
    by_building = pd.Series(place, table["building"].to_numpy(object))
    clusters = by_building[by_building.index.isin(listed_of["building"])].unique()
    # The empty code, of no compound, is no place that could be listed.
    is_listed = table["community"].isin(listed_of["community"])
    is_listed |= table["compound"].isin(listed_of["compound"] - {""})
    return np.asarray(is_listed.to_numpy() | np.isin(place, clusters))


def _check_parents(e: Evidence) -> list[pd.DataFrame]:
    """Check that every organisation has one above it, and each community a head."""
    orgs = e.plan.party_orgs
    above = orgs[["level", "community"]].reindex(orgs["parent"]).fillna("")
    level = orgs["level"].to_numpy(object)
    level_above = above["level"].to_numpy(object)
    is_group = level == "group"
    # Groups are in branches, branches in what a community's head may be.
    fits = np.where(
        is_group,
        level_above == "branch",
        np.isin(level_above, ["committee", "general_branch"]) & (level == "branch"),
    )
    fits &= above["community"].to_numpy(object) == orgs["community"].to_numpy(object)
    is_head = (orgs["parent"] == "").to_numpy() & ~is_group
    heads = orgs[is_head].groupby("community").size()
    several = heads.index[heads > 1]
    return [
        Reporter("chain", "party_orgs", orgs, noun="organisation", remedy=AGAIN).error(
            ~fits & ~is_head, "with a parent that is not of the level above in its community"
        ),
        write_findings(
            "chain",
            "error",
            "party_orgs",
            several,
            several.to_numpy(object),
            noun="community",
            what="with more than one organisation at its head",
            remedy="give it one",
        ),
    ]


def check_sizes(evidence: Evidence) -> pd.DataFrame:
    """Check sizes, counted again from the members: branches and groups, figures, seats, advice."""
    e = evidence
    orgs = e.plan.party_orgs
    if orgs.empty:
        return join_findings([])
    full, size = _add_up(e)
    reporter = Reporter("sizes", "party_orgs", orgs, noun="organisation", remedy=AGAIN)
    return join_findings(
        [
            _check_least(e, reporter, full, size),
            *_check_columns(e, reporter, full, size),
            *_advise(e, reporter, size),
        ]
    )


def _check_least(e: Evidence, reporter: Reporter, full: Ints, size: Ints) -> pd.DataFrame:
    """Check that branches and groups have the fewest members that they may have."""
    rules = e.rules.organisation
    is_branch = (reporter.rows["level"] == "branch").to_numpy()
    is_group = (reporter.rows["level"] == "group").to_numpy()
    few = is_branch & (full < rules.branch_full)
    few |= is_group & ((size < rules.group_least) | (full < rules.group_full))
    return reporter.error(
        few, "with too few members, or too few full ones", "join it to one that adjoins it"
    )


def _check_columns(e: Evidence, reporter: Reporter, full: Ints, size: Ints) -> list[pd.DataFrame]:
    """Check that the figures and seats that are written down follow from the members."""
    rules = e.rules.organisation
    orgs = reporter.rows
    off = full != orgs["full"].to_numpy()
    off |= size - full != orgs["probationary"].to_numpy()
    # Small branches have a secretary alone; the seats of others grow by steps to a limit.
    more_seats = (full - rules.committee_full) // rules.seats_step
    of_branch = np.minimum(rules.seats_most, rules.seats_least + more_seats)
    of_branch = np.where(full < rules.committee_full, 1, of_branch)
    level = orgs["level"].to_numpy(object)
    seats = np.select([level == "branch", level == "group"], [of_branch, 0], rules.community_seats)
    return [
        reporter.error(off, "whose members do not add up to its figures"),
        reporter.error(
            seats != orgs["committee_seats"].to_numpy(),
            "with another number of committee seats than the rules give",
        ),
    ]


def _advise(e: Evidence, reporter: Reporter, size: Ints) -> list[pd.DataFrame]:
    """Point out what is larger, wider or lower than usual; none of it breaks a rule."""
    rules = e.rules.organisation
    orgs = reporter.rows
    level = orgs["level"].to_numpy(object)
    is_branch = level == "branch"
    is_group = level == "group"
    many = (is_branch & (size > rules.branch_whole)) | (is_group & (size > rules.group_most))
    large = is_branch & (size > rules.branch_most) & (size <= rules.branch_whole)
    is_joint = (orgs["form"] == "joint").to_numpy()
    wide = is_branch & is_joint & (orgs["places"].to_numpy() > rules.joint_places)
    # Only the head of a community may be of three levels.
    is_head = (orgs["parent"] == "").to_numpy() & ~is_group
    suggested = np.select(
        [size > rules.committee_over, size > rules.general_over],
        ["committee", "general_branch"],
        "branch",
    )
    return [
        reporter.warning(
            many, "with more members than is usual", "cut it where a building can be divided"
        ),
        reporter.note(
            large,
            "with more members than a branch generally has",
            "advice only; lower organisation.branch_whole to cut such compounds",
        ),
        reporter.note(
            wide,
            "joining more places than is usual",
            "raise organisation.joint_places, or accept it",
        ),
        reporter.note(
            is_head & (suggested != level),
            "at another level than its number of members suggests",
            "advice only; the higher organisation decides",
        ),
    ]


def _add_up(e: Evidence) -> tuple[Ints, Ints]:
    """Add up full members and all members of every organisation, communities by their branches."""
    orgs = e.plan.party_orgs
    table = e.plan.members
    full = np.zeros(len(orgs), np.int64)
    size = np.zeros(len(orgs), np.int64)
    full_here = table["full"].to_numpy(np.int64)
    size_here = (table["full"] + table["probationary"]).to_numpy(np.int64)
    branch = find_rows(orgs, table["branch"])
    group = find_rows(orgs, table["group"])
    # The appended -1 is what row -1 reads: no branch has no head.
    head = np.append(find_rows(orgs, orgs["parent"]), -1)[branch]
    for row in (branch, group, head):
        known = row >= 0
        # add.at, since many stairwells add to one organisation.
        np.add.at(full, row[known], full_here[known])
        np.add.at(size, row[known], size_here[known])
    return full, size


def check_pieces(evidence: Evidence) -> pd.DataFrame:
    """Check that branches and groups are in one piece, as far as their land is.

    Buildings, compounds and small villages are wholes, whatever cuts through
    them; a compound that is cut into several branches is no whole any more,
    but what a barrier cuts off in it may go with any of its branches.
    """
    e = evidence
    table = e.plan.members
    # Without neighbours nobody knows what is joined.
    if table.empty or not len(e.plan.neighbours):
        return join_findings([])
    rows = find_rows(table, e.stairwells.index)
    branch_codes = np.append(table["branch"].to_numpy(object), "")[rows]
    group_codes = np.append(table["group"].to_numpy(object), "")[rows]
    branch = pd.factorize(branch_codes, sort=True)[0]
    group = pd.factorize(group_codes, sort=True)[0]
    has_branch = branch_codes != ""
    place = find_places(e)
    n = len(e.stairwells)
    links = np.concatenate([_find_pairs(e), _chain(e.home)])
    # Unique negative labels link nothing: a shared place holds nobody together.
    is_shared = _find_shared(place, branch, has_branch)
    whole_links = np.concatenate([links, _chain(np.where(is_shared, -1 - np.arange(n), place))])
    # Branches that share a place could exchange land, so their ground is one.
    field = _connect(n, np.concatenate([_chain(place), _chain(branch)]))
    torn_branches = _find_torn(branch_codes, branch, whole_links, field, has_branch)
    torn_groups = _find_torn(group_codes, group, links, branch, has_branch)
    return join_findings([_report_torn(e, torn_branches), _report_torn(e, torn_groups)])


def _find_shared(place: Ints, branch: Ints, has_branch: Bools) -> Bools:
    """Find the stairwells whose place is divided among several branches."""
    pairs = pd.DataFrame({"place": place[has_branch], "branch": branch[has_branch]})
    branches = pairs.drop_duplicates().groupby("place").size()
    return np.isin(place, branches.index[branches > 1])


def _find_torn(
    codes: Objects, label: Ints, links: Ints, ground: Ints, counted: Bools
) -> pd.Index[Any]:
    """Find the organisations in more pieces than the ground that they could be joined over."""
    n = len(label)
    piece = _connect(n, links[label[links[:, 0]] == label[links[:, 1]]])
    # The same links over the whole ground: what they do not join, no division could.
    ground_piece = _connect(n, links[ground[links[:, 0]] == ground[links[:, 1]]])
    parts = pd.DataFrame({"org": codes, "piece": piece, "ground": ground_piece})
    by_org = parts[counted & (codes != "")].groupby("org")
    is_torn = by_org["piece"].nunique() > by_org["ground"].nunique()
    return is_torn.index[is_torn]


def _report_torn(e: Evidence, torn: pd.Index[Any]) -> pd.DataFrame:
    return write_findings(
        "pieces",
        "error",
        "party_orgs",
        torn.to_numpy(object),
        e.plan.party_orgs["community"].reindex(torn).fillna("").to_numpy(object),
        noun="organisation",
        what="in pieces that nothing joins",
        remedy="organise again, or exchange buildings",
    )


def find_places(e: Evidence) -> Ints:
    """Find the place of each stairwell again: small village, compound, or cluster."""
    table = e.plan.members
    size = (table["full"] + table["probationary"]).reindex(e.stairwells.index)
    size = size.fillna(0).to_numpy(np.int64)
    community = pd.factorize(e.stairwells["community"])[0]
    is_rural = _read_class(e) == "rural"
    members = np.bincount(community, size)[community]
    # A village that fits in one branch is a whole, compounds or not.
    is_village = is_rural & (members <= e.rules.organisation.branch_whole)
    compound = e.stairwells["compound"].to_numpy(object)
    is_outside = compound == ""
    links = np.concatenate([_find_pairs(e), _chain(e.home)])
    cluster = _connect(len(size), links[is_outside[links].all(axis=1)])
    # Letters keep a village, a cluster and a compound of one number apart.
    names = np.where(
        is_village,
        "v" + community.astype(str).astype(object),
        np.where(is_outside, cluster.astype(str).astype(object), "k"),
    )
    names = names + np.where(is_village | is_outside, "", compound)
    return np.asarray(pd.factorize(names)[0], np.int64)


def _read_class(e: Evidence) -> Objects:
    """Read the class of each stairwell's community, or its own where the community is unknown."""
    kind = pd.Index(e.stairwells["community"]).map(e.communities["kind"].to_dict())
    own_kind = e.stairwells["community_kind"].to_numpy(object)
    return np.where(pd.isna(kind), own_kind, np.asarray(kind, object))


def _find_pairs(e: Evidence) -> Ints:
    """Find the rows of the neighbours of one community."""
    pairs = np.column_stack(
        [find_rows(e.stairwells, e.plan.neighbours[c]) for c in ("focal", "neighbour")]
    )
    community = pd.factorize(e.stairwells["community"])[0]
    # Organisations end at the community's limit, so links across it join nothing.
    pairs = pairs[(pairs >= 0).all(axis=1)]
    return np.asarray(pairs[community[pairs[:, 0]] == community[pairs[:, 1]]])


def _chain(label: Ints) -> Ints:
    """Link the rows of each label in a chain: as good as all pairs, and far fewer."""
    order = np.argsort(label, kind="stable")
    links = np.column_stack([order[:-1], order[1:]])
    return np.asarray(links[label[order[:-1]] == label[order[1:]]])


def _connect(n: int, links: Ints) -> Ints:
    """Find the numbered piece that each row is in when only the links join rows."""
    graph = csr_matrix((np.ones(len(links), np.int8), (links[:, 0], links[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)
