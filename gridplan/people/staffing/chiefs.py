"""Chiefs of rivers, lakes and railways, leaders of upper grids, and where chiefs hand over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.people.staffing.supply_and_need import COMMITTEES
from gridplan.plan import Plan
from gridplan.tables.conform import conform_table, make_empty
from gridplan.tables.indicators import make_figures, roll_up
from gridplan.tables.roles import Role, find_roles

PATTERN = "layers"
OTHER = "other"  # the role over kinds of special grids that no row of the table names
GRID = "grid"
# m; stretches of one river that end so near to one another meet. Of tracks side by
# side, each community may keep another one.
MEETING = 30.0
# What stretches are one river by; nameless ones are told apart by their barrier.
RIVER = ["community", "kind", "name", "line"]


@dataclass(frozen=True)
class Chiefs:
    """Posts over special and upper grids, what each is over, and where they hand over."""

    posts: pd.DataFrame
    duties: pd.DataFrame
    handovers: gpd.GeoDataFrame


def appoint_chiefs(plan: Plan, supply: pd.DataFrame) -> Chiefs:
    """Appoint a chief to each river, lake and railway of a community, a leader to each upper grid.

    A chief answers for all stretches of one river within the community, and
    hands over to the chief of the next community at its limit. The posts go to
    the seats of the community's Party organisations in turn, its own
    organisation's secretary first, else to counted cadres; a seat may hold
    other posts too. Where there are neither, the post is there and empty.

    Source: special grids run under the chief systems of rivers, lakes and
    railways (NetEase Hebei, 4 September 2023).

    Parameters
    ----------
    plan
        A plan with its Party organisations.
    supply
        The counted cadres of each community, by its code.
    """
    layers = pd.concat([_list_stretches(plan), _list_upper(plan)], ignore_index=True)
    if layers.empty:
        return Chiefs(pd.DataFrame(), make_empty("layer_duties"), make_empty("handovers", plan.crs))
    posts = layers.groupby("post", sort=True).agg(
        role=("role", "first"), community=("community", "first")
    )
    of = layers.set_index("of")["post"]
    posts = _fill_posts(posts, plan, supply).join(_measure_land(plan, of))
    duties = layers.sort_values(["community", "post", "of"], ignore_index=True)
    width = len(str(len(duties)))
    duties["filled"] = posts["filled"].reindex(duties["post"]).to_numpy(bool)
    duties["duty"] = [f"{n:0{width}d}" for n in range(1, len(duties) + 1)]
    return Chiefs(
        posts.reset_index(),
        conform_table("layer_duties", duties),
        find_handovers(plan, of),
    )


def _list_stretches(plan: Plan) -> pd.DataFrame:
    """List the stretches with the post of their chief: one for each river of a community."""
    grids = plan.special_grids.sort_index()
    named = (grids["name"] != "").to_numpy()
    rows = pd.DataFrame(grids.drop(columns="geometry")).assign(
        of=grids.index.to_numpy(object),
        line=np.where(named, "", grids["barrier"]),
        layer="special_grids",
        subgrids=grids["subgrid_count"],
    )
    roles = {role.over: role for role in find_roles(filled_by=PATTERN)}
    rows["role"] = [_choose_role(kind, roles).role for kind in rows["kind"]]
    letters = {role.role: role.letters for role in roles.values()}
    # Numbered in the order of their first stretch, each kind by itself.
    river = rows.groupby(RIVER, sort=False)["of"].transform("min")
    number = river.groupby([rows["community"], rows["role"]]).rank(method="dense").astype(int)
    rows["post"] = [
        f"{c}-{letters[role]}{n}"
        for c, role, n in zip(rows["community"], rows["role"], number, strict=True)
    ]
    return rows[["post", "role", "layer", "of", "community", "length", "subgrids"]]


def _choose_role(kind: str, roles: dict[str, Role]) -> Role:
    return roles.get(kind, roles[OTHER])


def _list_upper(plan: Plan) -> pd.DataFrame:
    """List the upper grids with the post of their leader."""
    grids = plan.grids.sort_index()
    role = find_roles(filled_by=PATTERN, over=GRID)[0]
    return pd.DataFrame(
        {
            "post": [f"{code}-{role.letters}1" for code in grids.index],
            "role": role.role,
            "layer": "grids",
            "of": grids.index.to_numpy(object),
            "community": grids["community"].to_numpy(object),
            "length": np.nan,
            "subgrids": grids["subgrid_count"].to_numpy(np.int64),
        }
    )


def _fill_posts(posts: pd.DataFrame, plan: Plan, supply: pd.DataFrame) -> pd.DataFrame:
    """Fill the posts of each community from its seats in turn, else from its cadres."""
    orgs = plan.party_orgs[plan.party_orgs["level"].isin(COMMITTEES)]
    # The community's own organisation before its branches.
    rank = orgs["level"].map({level: n for n, level in enumerate(COMMITTEES)})
    orgs = orgs.assign(rank=rank, code=orgs.index).sort_values(["community", "rank", "code"])
    seats: dict[str, list[tuple[str, str]]] = {}
    for org in orgs.itertuples():
        held = ["secretary", *["committee"] * (int(org.committee_seats) - 1)]
        seats.setdefault(str(org.community), []).extend(
            (str(org.Index), source) for source in held[: int(org.committee_seats)]
        )
    cadres = supply["cadres"].fillna(0)
    turn = posts.groupby(["community", "role"]).cumcount()
    filled = []
    for community, number in zip(posts["community"], turn, strict=True):
        here = seats.get(community)
        if here:
            filled.append(here[number % len(here)])
        else:
            filled.append(("", "cadre" if cadres.get(community, 0) > 0 else "none"))
    source = np.array([source for _, source in filled], object)
    return posts.assign(
        org=[org for org, _ in filled],
        source=source,
        party=source != "none",
        filled=source != "none",
    )


def _measure_land(plan: Plan, post: pd.Series[Any]) -> pd.DataFrame:
    """Measure the sub-grids along the stretches or within the upper grid of each post."""
    touches = pd.DataFrame(
        {
            "post": post.reindex(plan.touches["special_grid"]).to_numpy(object),
            "subgrid": plan.touches["subgrid"].to_numpy(object),
        }
    )
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    within = pd.DataFrame(
        {
            "post": post.reindex(homes["grid"]).to_numpy(object),
            "subgrid": homes.index.to_numpy(object),
        }
    )
    # A sub-grid beside two stretches of one chief counts once.
    pairs = pd.concat([touches, within]).dropna(subset="post").drop_duplicates()
    pairs["households"] = plan.subgrids["households"].reindex(pairs["subgrid"]).to_numpy()
    sums = pairs.groupby("post").agg(served=("subgrid", "size"), households=("households", "sum"))
    return sums.reindex(sorted(set(post)), fill_value=0)


def find_handovers(plan: Plan, post: pd.Series[Any]) -> gpd.GeoDataFrame:
    """Find where stretches of one river meet at a community limit, and who hands over to whose.

    Stretches are of one river if kind and name are the same. The point is the
    middle of a common limit across a river's bed, or where two lines meet.
    """
    grids = plan.special_grids.sort_index()
    shapes = grids.geometry.to_numpy()
    a, b = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=MEETING)
    community, kind, name = (
        grids[column].to_numpy(object) for column in ("community", "kind", "name")
    )
    meets = (a < b) & (community[a] != community[b]) & (kind[a] == kind[b]) & (name[a] == name[b])
    a, b = a[meets], b[meets]
    codes = grids.index.to_numpy(object)
    order = np.lexsort((codes[b].astype(str), codes[a].astype(str)))
    a, b = a[order], b[order]
    width = len(str(len(a)))
    frame = gpd.GeoDataFrame(
        {
            "handover": [f"{n:0{width}d}" for n in range(1, len(a) + 1)],
            "special_grid": codes[a],
            "next": codes[b],
            "community": community[a],
            "next_community": community[b],
            "kind": kind[a],
            "post": post.reindex(codes[a]).to_numpy(object),
            "next_post": post.reindex(codes[b]).to_numpy(object),
        },
        geometry=[_find_meeting(shapes[i], shapes[j]) for i, j in zip(a, b, strict=True)],
        crs=plan.crs,
    )
    return conform_table("handovers", frame)


def _find_meeting(one: Any, other: Any) -> Any:
    """Find the point where two stretches meet, to a centimetre.

    Examples
    --------
    >>> _find_meeting(shapely.box(0, 0, 10, 4), shapely.box(10, 0, 20, 4)).wkt
    'POINT (10 2)'
    """
    if shapely.get_dimensions(one) == shapely.get_dimensions(other) == 2:
        common = shapely.intersection(shapely.boundary(one), shapely.boundary(other))
        lines = [part for part in shapely.get_parts(common) if shapely.length(part) > 0]
        if lines:
            merged = shapely.get_parts(shapely.line_merge(shapely.union_all(lines)))
            longest = merged[np.argmax(np.round(shapely.length(merged), 3))]
            return _round_point(shapely.line_interpolate_point(longest, 0.5, normalized=True))
    way = shapely.shortest_line(one, other)
    return _round_point(shapely.line_interpolate_point(way, 0.5, normalized=True))


def _round_point(point: Any) -> Any:
    return shapely.Point(np.round(shapely.get_coordinates(point)[0], 2))


def list_chief_figures(chiefs: Chiefs, plan: Plan) -> list[pd.DataFrame]:
    """List how many chiefs and upper leaders there are of those needed, and the metres of a chief.

    A plan without special grids or without upper grids has no such figures.
    """
    codes = plan.site.communities.sort_index()
    frames = []
    for layer, measure in (("special_grids", "chiefs"), ("grids", "upper_leaders")):
        duties = chiefs.duties[chiefs.duties["layer"] == layer]
        if duties.empty:
            continue
        of_layer = chiefs.posts[chiefs.posts["post"].isin(duties["post"])]
        counts = pd.DataFrame(
            {
                "slots": of_layer.groupby("community").size(),
                "filled": of_layer[of_layer["filled"]].groupby("community").size(),
                "metres": duties.groupby("community")["length"].sum(),
            }
        )
        counts = counts.reindex(codes.index).fillna(0)
        for level, sums in roll_up(counts, codes).items():
            over = sums.index if level == "community" else ""
            frames.append(
                make_figures(level, sums.index, over, measure, sums["filled"], sums["slots"])
            )
            if layer == "special_grids":
                mean = sums["metres"] / sums["slots"].where(sums["slots"] > 0)
                frames.append(make_figures(level, sums.index, over, "chief_metres", mean))
    return frames


def list_chief_gaps(chiefs: Chiefs, households: pd.Series[Any]) -> pd.DataFrame:
    """List the communities whose rivers or upper grids have posts that nobody can fill."""
    rows = []
    for layer, rule in (("special_grids", "chief"), ("grids", "upper_leader")):
        of_layer = chiefs.duties.loc[chiefs.duties["layer"] == layer, "post"]
        if of_layer.empty:
            continue
        posts = chiefs.posts[chiefs.posts["post"].isin(of_layer)]
        for community, there in posts.groupby("community", sort=True):
            filled = int(there["filled"].sum())
            if filled == len(there):
                continue
            rows.append(
                {
                    "rule": rule,
                    "level": "community",
                    "of": community,
                    "community": community,
                    "value": float(filled),
                    "need": float(len(there)),
                    "households": households[community],
                    "reason": "no committee seat in the community, and no cadre counted",
                    "remedy": "count the community's cadres, or form a branch with a secretary",
                }
            )
    return pd.DataFrame(rows)
