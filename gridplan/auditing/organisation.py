"""Rules on the chain of organisation: one branch for everyone, sizes, groups, and no pieces."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gridplan.arrays import Bools, Ints
from gridplan.auditing.evidence import Evidence, find_rows, join_findings, write_findings


def check_chain(evidence: Evidence) -> pd.DataFrame:
    """Check that every member is in one branch or a listed gap, and that groups nest in branches.

    Source: CPC regulations on the work of Party branches, 2018, Art. 4 and 5;
    the chain of the founding article goes from community to compound branch,
    building group and central household.
    """
    e = evidence
    orgs = evidence.plan.party_orgs
    table = evidence.plan.members
    if table.empty:
        return join_findings([])
    level = orgs["level"].reindex(table["branch"]).fillna("").to_numpy(object)
    size = (table["full"] + table["probationary"]).to_numpy()
    codes = table.index
    community = table["community"].to_numpy(object)
    lost = (table["branch"] == "").to_numpy() & (size > 0) & ~_find_listed(e, table)
    unknown = (table["branch"] != "").to_numpy() & (level != "branch")
    group = orgs[["level", "parent"]].reindex(table["group"]).fillna("")
    loose = (table["branch"] != "").to_numpy() & (
        group["parent"].to_numpy(object) != table["branch"].to_numpy(object)
    )
    elsewhere = orgs["community"].reindex(table["branch"]).fillna("").to_numpy(object)
    abroad = (level == "branch") & (elsewhere != community)
    remedy = "organise again"

    def report(mask: Bools, what: str) -> pd.DataFrame:
        return write_findings(
            "chain",
            "error",
            "members",
            codes[mask],
            community[mask],
            noun="stairwell",
            what=what,
            remedy=remedy,
        )

    return join_findings(
        [
            report(lost, "with members in no branch and no listed gap"),
            report(unknown, "in a branch that does not exist"),
            report(loose, "whose group is none of its branch"),
            report(abroad, "in a branch of another community"),
            _check_parents(e),
        ]
    )


def _find_listed(e: Evidence, table: pd.DataFrame) -> Bools:
    """Find the stairwells whose community, compound or cluster of buildings is listed as a gap."""
    gaps = e.plan.gaps[
        (e.plan.gaps["room"] == "organisation") & (e.plan.gaps["rule"] == "branch_full")
    ]
    named = {
        word: set(gaps.loc[gaps["level"] == word, "of"])
        for word in ("community", "compound", "building")
    }
    place = find_places(e)[find_rows(e.stairwells, table.index)]
    at = pd.Series(place, table["building"].to_numpy(object))
    clusters = at[at.index.isin(named["building"])].unique()
    listed = table["community"].isin(named["community"]) | table["compound"].isin(
        named["compound"] - {""}
    )
    return np.asarray(listed.to_numpy() | np.isin(place, clusters))


def _check_parents(e: Evidence) -> pd.DataFrame:
    """Check that every organisation has one above it, and each community a head."""
    orgs = e.plan.party_orgs
    above = orgs[["level", "community"]].reindex(orgs["parent"]).fillna("")
    up = above["level"].to_numpy(object)
    level = orgs["level"].to_numpy(object)
    parent = orgs["parent"].to_numpy(object)
    same = above["community"].to_numpy(object) == orgs["community"].to_numpy(object)
    hung = (
        np.where(
            level == "group",
            up == "branch",
            pd.Index(up).isin(["committee", "general_branch"]) & (level == "branch"),
        )
        & same
    )
    wrong = ~(hung | ((parent == "") & (level != "group")))
    heads = orgs[(orgs["parent"] == "") & (orgs["level"] != "group")].groupby("community").size()
    many = heads[heads > 1]
    return join_findings(
        [
            write_findings(
                "chain",
                "error",
                "party_orgs",
                orgs.index[wrong],
                orgs["community"][wrong].to_numpy(),
                noun="organisation",
                what="with a parent that is not of the level above in its community",
                remedy="organise again",
            ),
            write_findings(
                "chain",
                "error",
                "party_orgs",
                many.index,
                many.index.to_numpy(object),
                noun="community",
                what="with more than one organisation at its head",
                remedy="give it one",
            ),
        ]
    )


def check_sizes(evidence: Evidence) -> pd.DataFrame:
    """Check sizes, counted again from the members: branches and groups, figures, seats, advice."""
    e = evidence
    orgs = evidence.plan.party_orgs
    if orgs.empty:
        return join_findings([])
    r = e.rules.organisation
    full, size = _add_up(e)
    community = orgs["community"].to_numpy(object)
    branch, group = ((orgs["level"] == word).to_numpy() for word in ("branch", "group"))
    top = ~branch & ~group
    few = (branch & (full < r.branch_full)) | (
        group & ((size < r.group_least) | (full < r.group_full))
    )
    off = (full != orgs["full"].to_numpy()) | (size - full != orgs["probationary"].to_numpy())
    seats = np.where(
        full < r.committee_full,
        1,
        np.minimum(r.seats_most, r.seats_least + (full - r.committee_full) // r.seats_step),
    )
    seats = np.where(group, 0, np.where(top, r.community_seats, seats))
    odd = seats != orgs["committee_seats"].to_numpy()
    many = (branch & (size > r.branch_most)) | (group & (size > r.group_most))
    wide = (
        branch & (orgs["places"].to_numpy() > r.joint_places) & (orgs["form"] == "joint").to_numpy()
    )
    head = (orgs["parent"] == "").to_numpy() & ~group
    wanted = np.where(
        size > r.committee_over,
        "committee",
        np.where(size > r.general_over, "general_branch", "branch"),
    )
    low = head & (wanted != orgs["level"].to_numpy(object))

    def report(mask: Bools, severity: str, what: str, remedy: str) -> pd.DataFrame:
        return write_findings(
            "sizes",
            severity,
            "party_orgs",
            orgs.index[mask],
            community[mask],
            noun="organisation",
            what=what,
            remedy=remedy,
        )

    return join_findings(
        [
            report(
                few,
                "error",
                "with too few members, or too few full ones",
                "join it to one that adjoins it",
            ),
            report(off, "error", "whose members do not add up to its figures", "organise again"),
            report(
                odd,
                "error",
                "with another number of committee seats than the rules give",
                "organise again",
            ),
            report(
                many,
                "warning",
                "with more members than is usual",
                "cut it where a building can be divided",
            ),
            report(
                wide,
                "note",
                "joining more places than is usual",
                "raise organisation.joint_places, or accept it",
            ),
            report(
                low,
                "note",
                "at another level than its number of members suggests",
                "advice only; the higher organisation decides",
            ),
        ]
    )


def _add_up(e: Evidence) -> tuple[Ints, Ints]:
    """Add up full members and all members of every organisation, communities by their branches."""
    orgs = e.plan.party_orgs
    table = e.plan.members
    full = np.zeros(len(orgs), np.int64)
    size = np.zeros(len(orgs), np.int64)
    amounts = (
        table["full"].to_numpy(np.int64),
        (table["full"] + table["probationary"]).to_numpy(np.int64),
    )
    own = [find_rows(orgs, table[column]) for column in ("branch", "group")]
    head = np.append(find_rows(orgs, orgs["parent"]), -1)
    for at in (*own, head[own[0]]):
        kept = at >= 0
        for out, amount in zip((full, size), amounts, strict=True):
            np.add.at(out, at[kept], amount[kept])
    return full, size


def check_pieces(evidence: Evidence) -> pd.DataFrame:
    """Check that branches and groups are in one piece, as far as their land is.

    Buildings, compounds and small villages are wholes, whatever cuts through
    them; a compound that is cut into several branches is no whole any more,
    but what a barrier cuts off in it may go with any of its branches.
    """
    e = evidence
    table = evidence.plan.members
    if table.empty or not len(e.plan.neighbours):
        return join_findings([])
    rows = find_rows(table, e.stairwells.index)
    text = {c: np.append(table[c].to_numpy(object), "")[rows] for c in ("branch", "group")}
    branch, group = (pd.factorize(text[c], sort=True)[0] for c in ("branch", "group"))
    held = text["branch"] != ""
    place = find_places(e)
    n = len(e.stairwells)
    several = (
        pd.DataFrame({"p": place[held], "b": branch[held]}).drop_duplicates().groupby("p").size()
    )
    shared = np.isin(place, several.index[several > 1])
    links = np.concatenate([_find_pairs(e), _chain(e.home)])
    whole = np.concatenate([links, _chain(np.where(shared, -1 - np.arange(n), place))])
    field = _connect(n, np.concatenate([_chain(place), _chain(branch)]))
    found = []
    for codes, label, lines, parent in (
        (text["branch"], branch, whole, field),
        (text["group"], group, links, branch),
    ):
        piece = _connect(n, lines[label[lines[:, 0]] == label[lines[:, 1]]])
        ground = _connect(n, lines[parent[lines[:, 0]] == parent[lines[:, 1]]])
        parts = pd.DataFrame({"org": codes, "piece": piece, "ground": ground})[
            held & (codes != "")
        ].drop_duplicates()
        torn = parts.groupby("org")["piece"].nunique() > parts.groupby("org")["ground"].nunique()
        wrong = torn.index[torn]
        found.append(
            write_findings(
                "pieces",
                "error",
                "party_orgs",
                wrong.to_numpy(object),
                e.plan.party_orgs["community"].reindex(wrong).fillna("").to_numpy(object),
                noun="organisation",
                what="in pieces that nothing joins",
                remedy="organise again, or exchange buildings",
            )
        )
    return join_findings(found)


def find_places(e: Evidence) -> Ints:
    """Find the place of each stairwell again: small village, compound, or cluster."""
    table = e.plan.members
    size = (
        (table["full"] + table["probationary"])
        .reindex(e.stairwells.index)
        .fillna(0)
        .to_numpy(np.int64)
    )
    community = pd.factorize(e.stairwells["community"])[0]
    kind = pd.Index(e.stairwells["community"]).map(e.communities["kind"].to_dict())
    kind = np.where(
        pd.isna(kind), e.stairwells["community_kind"].to_numpy(object), np.asarray(kind, object)
    )
    whole = (kind == "rural") & (
        np.bincount(community, size)[community] <= e.rules.organisation.branch_most
    )
    compound = e.stairwells["compound"].to_numpy(object)
    outside = compound == ""
    links = np.concatenate([_find_pairs(e), _chain(e.home)])
    cluster = _connect(len(size), links[outside[links].all(axis=1)])
    names = np.where(
        whole,
        "v" + community.astype(str).astype(object),
        np.where(outside, cluster.astype(str).astype(object), "k"),
    )
    return np.asarray(pd.factorize(names + np.where(whole | outside, "", compound))[0], np.int64)


def _find_pairs(e: Evidence) -> Ints:
    """Find the rows of the neighbours of one community."""
    pairs = np.column_stack(
        [find_rows(e.stairwells, e.plan.neighbours[c]) for c in ("focal", "neighbour")]
    )
    community = pd.factorize(e.stairwells["community"])[0]
    pairs = pairs[(pairs >= 0).all(axis=1)]
    return np.asarray(pairs[community[pairs[:, 0]] == community[pairs[:, 1]]])


def _chain(label: Ints) -> Ints:
    """Link the rows of each label in a chain."""
    order = np.argsort(label, kind="stable")
    links = np.column_stack([order[:-1], order[1:]])
    return np.asarray(links[label[order[:-1]] == label[order[1:]]])


def _connect(n: int, links: Ints) -> Ints:
    graph = csr_matrix((np.ones(len(links), np.int8), (links[:, 0], links[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)
