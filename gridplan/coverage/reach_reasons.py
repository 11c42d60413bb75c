"""Why households are not served: no street, no way between, too far, a barrier, stairs, no room."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints, Objects
from gridplan.coverage.coverage_inputs import CoverageInputs
from gridplan.coverage.walk_times import WalkingInputs, find_groups
from gridplan.rules.coverage import Service
from gridplan.walking.door_access import CUT_OFF, reach_doors


def find_reasons(
    footing: WalkingInputs, service: Service, posts: Any, metres: Floats, count: Ints, served: Ints
) -> Objects:
    """Find why not all households of each stairwell are served; empty where they are.

    What could walk there in time by a straight line, times the detour factor,
    is cut off by a barrier if a hard one lies between; else streets lead
    round, or no streets lead there at all.
    """
    ground = footing.ground
    rules = footing.rules
    # somebody within reach who is not served found every service point full
    reason = np.where(served < ground.weight, "capacity", "").astype(object)
    off = np.flatnonzero((count == 0) & (ground.weight > 0))
    post, straight = find_straight(ground, posts, service.scope, off)
    # from the weakest reason to the strongest: each later one overrides
    word = np.full(len(off), "far", object)
    near = (
        rules.walking.to_minutes(straight * rules.walking.detour) + ground.stairs[off]
        <= service.minutes
    )
    xy = shapely.get_coordinates(posts.geometry.to_numpy())
    word[near] = "roundabout"
    unreached = np.isinf(metres[off])
    # beyond the farthest ways that are looked for, far is all that is known
    asked = np.flatnonzero(unreached & (straight <= rules.coverage.farthest))
    word[asked[find_apart(footing, posts, service.scope, off[asked])]] = "apart"
    blocked = np.flatnonzero(near)
    blocked = (
        blocked[footing.obstacles.find_blocked(ground.xy[off[blocked]], xy[post[blocked]])]
        if len(blocked)
        else blocked
    )
    word[blocked] = "barrier"
    # the streets reach one in time, so it is the climb that takes too long
    word[rules.walking.to_minutes(metres[off]) <= service.minutes] = "stairs"
    lost = ~footing.snapped[off] & unreached
    word[lost] = "unsnapped"
    word[lost & (footing.access_reasons[off] == CUT_OFF)] = "shut"
    word[post < 0] = "none"
    reason[off] = word
    return reason


def find_apart(footing: WalkingInputs, posts: Any, scope: str, doors: Ints) -> Bools:
    """Find the stairwells from which no streets lead to any service point they may go to: bool[n].

    Their streets and those of the service points are pieces that nothing joins.
    """
    network = footing.network
    if network is None or footing.access is None or len(doors) == 0 or len(posts) == 0:
        return np.zeros(len(doors), bool)
    ends = reach_doors(network, posts, footing.site, footing.rules.walking)[0]
    # the piece of both feet of each; -1, no foot, reads the -1 at the end
    piece = np.append(network.component[network.u], -1)
    names = ["edge", "other_edge"]
    theirs = piece[ends[names].to_numpy(np.int64)]
    homes = piece[footing.access[names].to_numpy(np.int64)[doors]]
    # who goes where they may not is of another group
    groups = find_groups(footing.ground, posts, scope)
    asking = footing.ground.group(scope)[doors]
    held = pd.MultiIndex.from_arrays([np.repeat(groups, 2), theirs.ravel()])
    asked = pd.MultiIndex.from_arrays([np.repeat(asking, 2), homes.ravel()])
    joined = (asked.isin(held) & (homes.ravel() >= 0)).reshape(-1, 2).any(axis=1)
    return np.asarray(~joined)


def find_straight(
    ground: CoverageInputs, posts: Any, scope: str, doors: Ints
) -> tuple[Ints, Floats]:
    """Find the nearest service point by a straight line that each stairwell may go to.

    -1 where there is none; and the metres.

    Groups are set far apart in a third dimension, so that one tree answers for
    all of them.
    """
    from scipy.spatial import cKDTree

    # metres, more than any city is wide; within a group the third coordinate is equal,
    # so distances stay exact
    apart = 1e8
    groups = find_groups(ground, posts, scope)
    rows = np.flatnonzero(groups >= 0)
    if len(rows) == 0 or len(doors) == 0:
        return np.full(len(doors), -1), np.full(len(doors), np.inf)
    xy = shapely.get_coordinates(posts.geometry.to_numpy())[rows]
    # another group lies farther off than any place of the same one
    tree = cKDTree(np.column_stack([xy, groups[rows] * apart]))
    metres, nearest = tree.query(
        np.column_stack([ground.xy[doors], ground.group(scope)[doors] * apart])
    )
    in_group = metres < apart / 2
    # the tree answers with one past the end where it finds nothing
    return np.where(in_group, rows[np.minimum(nearest, len(rows) - 1)], -1), np.where(
        in_group, metres, np.inf
    )
