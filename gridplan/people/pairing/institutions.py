"""Institutions that answer for communities, each for as many as its members can serve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints
from gridplan.errors import InputError, Problem
from gridplan.people.pairing.feasibility import Shortage, find_shortage
from gridplan.people.pairing.minimum_cost_flow import Flow, FlowProblem, solve_flow
from gridplan.people.pairing.paired_communities import make_steps
from gridplan.plan import Plan
from gridplan.rules.pairing import PairingRules


@dataclass(frozen=True, eq=False)
class Paired:
    """The links of institutions, the flow behind them, and the shortage where there is one."""

    links: pd.DataFrame
    flow: Flow | None
    shortage: Shortage | None


def prepare_institutions(plan: Plan, rules: PairingRules) -> pd.DataFrame:
    """Prepare the institutions: position, members (NaN: unknown) and communities at most.

    One without members can answer for none; one whose members nobody counted,
    for one.
    """
    listed = plan.site.institutions.sort_index()
    points = shapely.centroid(listed.geometry.to_numpy())
    members = listed["party_members"].to_numpy(float)
    # Whoever has members answers for one at least, whatever its size.
    places = np.clip(np.rint(members / rules.members_per_community), 1, rules.capacity_most)
    # Without members it serves none; with an unknown number it is trusted with one.
    capacity = np.where(np.isnan(members), 1, np.where(members > 0, places, 0)).astype(np.int64)
    table = {
        "x": shapely.get_x(points),
        "y": shapely.get_y(points),
        "members": members,
        "capacity": capacity,
    }
    return pd.DataFrame({**table, "kind": listed["kind"].to_numpy(object)}, index=listed.index)


def check_existing(existing: Any, institutions: pd.DataFrame, towns: pd.DataFrame) -> pd.DataFrame:
    """Check existing pairs, and report everything that is wrong with them at once.

    Raises
    ------
    InputError
        If columns are missing, codes are unknown or out of scope, or a pair is
        repeated.

    Examples
    --------
    >>> known = pd.DataFrame(index=["i1"])
    >>> stood = pd.DataFrame({"institution": ["i1", "i1", "i9"], "community": ["a", "a", "b"]})
    >>> check_existing(stood, known, known.set_axis(["a"]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    gridplan.errors.InputError: 3 problems in the input:
      1. existing: 1 institution is not in the table institutions (i9) -> correct the code...
      2. existing: 1 community is unknown or out of scope (b) -> correct the code, leave...
      3. existing: 1 pair stands more than once (i1 a) -> keep one row of each
    """
    if existing is None:
        return pd.DataFrame({"institution": [], "community": []}, dtype=str)
    absent = [name for name in ("institution", "community") if name not in existing.columns]
    if absent:
        # Without these columns nothing else can be checked.
        raise InputError(
            [
                Problem(
                    "existing", "columns", f"columns are missing: {', '.join(absent)}", "add them"
                )
            ]
        )
    # Codes are texts, also where a spreadsheet made numbers of them.
    pairs_given = existing[["institution", "community"]].astype("str")
    problems = []
    for column, table, what, remedy in (
        (
            "institution",
            institutions,
            "institution is not in the table institutions",
            "correct the code or leave the row out",
        ),
        (
            "community",
            towns,
            "community is unknown or out of scope",
            "correct the code, leave the row out, or widen pairing.scope",
        ),
    ):
        strange = sorted(set(pairs_given[column]) - set(table.index))
        if strange:
            problems.append(
                Problem(
                    "existing", "codes are known", f"{len(strange)} {what}", remedy, tuple(strange)
                )
            )
    double = pairs_given[pairs_given.duplicated()].drop_duplicates()
    if len(double):
        pairs = tuple(f"{a} {b}" for a, b in double.itertuples(index=False))
        text = f"{len(double)} pair{'s stand' if len(double) > 1 else ' stands'} more than once"
        problems.append(
            Problem("existing", "pairs are unique", text, "keep one row of each", pairs)
        )
    if problems:
        raise InputError(problems)
    return pairs_given.sort_values(["institution", "community"], ignore_index=True)


def pair_institutions(
    institutions: pd.DataFrame, towns: pd.DataFrame, existing: pd.DataFrame, rules: PairingRules
) -> Paired:
    """Pair institutions with communities at the least price, proven.

    Every institution that has members answers for one community at least; for
    more only where communities would otherwise have too few. Prices, in
    metres: the way; a community below or above its share of institutions by
    need; an existing pair that is given up. Where not every community can be
    served, as many as can be are, and the shortage says why.
    """
    able = institutions[institutions["capacity"] > 0]
    places = towns[["x", "y"]].to_numpy(float)
    farthest = rules.farthest if rules.farthest > 0 else np.inf
    most = able["capacity"].to_numpy(np.int64)
    sources = able[["x", "y"]].to_numpy(float)
    one = np.ones(len(able), np.int64)
    # Each institution goes to a community once, so it gives it 1 at most.
    shortage = find_shortage(sources, places, most, one, rules.institutions_least, farthest)
    if not len(able) or not len(towns):
        return Paired(
            _name_links(np.zeros((0, 3), np.int64), able, towns, existing, rules), None, shortage
        )
    # A pair of an institution that lost its members is not worth keeping.
    kept = existing[existing["institution"].isin(able.index)]
    bonus = np.column_stack(
        [
            able.index.get_indexer(pd.Index(kept["institution"])),
            towns.index.get_indexer(pd.Index(kept["community"])),
            np.full(len(kept), round(rules.kept_price)),
        ]
    ).astype(float)
    steps = make_steps(towns["need"].to_numpy(float), len(able), rules.institutions_least, rules)
    # Whoever is too far from everybody is free to answer for none; others must.
    least = np.where(
        np.isfinite(farthest) & _find_lonely(sources, places, farthest), 0, np.minimum(1, most)
    )
    flow = solve_flow(FlowProblem(sources, places, least, most, one, steps, bonus, farthest))
    return Paired(_name_links(flow.links, able, towns, existing, rules), flow, shortage)


def _find_lonely(sources: Floats, targets: Floats, farthest: float) -> Bools:
    """Find the sources that no target is near enough to."""
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(targets).query(sources)[0] > farthest)


def _name_links(
    links: Ints,
    able: pd.DataFrame,
    towns: pd.DataFrame,
    existing: pd.DataFrame,
    rules: PairingRules,
) -> pd.DataFrame:
    """Name the links by codes, with their distances and whether they existed before."""
    i = links[:, 0]
    j = links[:, 1]
    step = able[["x", "y"]].to_numpy(float)[i] - towns[["x", "y"]].to_numpy(float)[j]
    source = able.index.to_numpy(object)[i]
    community = towns.index.to_numpy(object)[j]
    stood = set(zip(existing["institution"], existing["community"], strict=True))
    kept = np.array([pair in stood for pair in zip(source, community, strict=True)], bool)
    distance = np.hypot(step[:, 0], step[:, 1])
    return pd.DataFrame(
        {
            "kind": "pairing",
            "source": source,
            "community": community,
            "target": community,
            "amount": links[:, 2].astype(float),
            "hours": np.nan,
            "distance": distance,
            "kept": kept,
            # The price that the programme counted: the way, less what keeping
            # the pair is worth.
            "price": np.rint(distance) - kept * round(rules.kept_price),
        }
    )
