"""Rules on chiefs: every stretch and upper grid has one post, and they meet at every limit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.auditing.derived import compare_rows, list_figures, sum_levels
from gridplan.auditing.evidence import Evidence, sort_rows
from gridplan.auditing.findings import join_findings, write_findings
from gridplan.tables.roles import find_roles, name_roles

AGAIN = "staff the plan again"
MEETING = 30.0  # m; within which two stretches of one river meet
SLACK = 0.1  # m; a point is written in centimetres
MEASURES = {"special_grids": "chiefs", "grids": "upper_leaders"}
GAPS = {"special_grids": "chief", "grids": "upper_leader"}


def list_layers(e: Evidence) -> pd.DataFrame:
    """List every stretch and upper grid again, with the code and role of its post."""
    over = {role.over: role for role in find_roles(filled_by="layers")}
    rows: list[dict[str, Any]] = []
    count: dict[tuple[str, str], int] = {}
    river_of: dict[tuple[str, ...], str] = {}
    for code, grid in sort_rows(e.plan.special_grids).iterrows():
        role = over.get(grid["kind"], over["other"])
        line = "" if grid["name"] else grid["barrier"]
        river = (grid["community"], grid["kind"], grid["name"], line)
        if river not in river_of:
            number = count.get((grid["community"], role.role), 0) + 1
            count[grid["community"], role.role] = number
            river_of[river] = f"{grid['community']}-{role.letters}{number}"
        rows.append(
            {
                "post": river_of[river],
                "layer": "special_grids",
                "of": code,
                "community": grid["community"],
                "length": float(grid["length"]),
                "subgrids": int((e.plan.touches["special_grid"] == code).sum()),
                "role": role.role,
            }
        )
    homes = e.subgrids[e.subgrids["kind"] == "residential"]
    held = homes.groupby("grid").size()
    for code, grid in sort_rows(e.plan.grids).iterrows():
        rows.append(
            {
                "post": f"{code}-{over['grid'].letters}1",
                "layer": "grids",
                "of": code,
                "community": grid["community"],
                "length": np.nan,
                "subgrids": int(held.get(code, 0)),
                "role": over["grid"].role,
            }
        )
    columns = ["post", "layer", "of", "community", "length", "subgrids", "role"]
    return pd.DataFrame(rows, columns=columns)


def check_chiefs(evidence: Evidence) -> pd.DataFrame:
    """Check the posts over special and upper grids, what each is over, and every hand-over.

    Source: special grids run under the chief systems of rivers, lakes and
    railways (NetEase Hebei, 4 September 2023).
    """
    e = evidence
    # Chiefs are appointed by the verb that writes duties; before it there are none.
    stated = e.plan.posts[e.plan.posts["role"].isin(name_roles(filled_by="layers"))]
    if "staff" not in e.plan.manifest.get("people", {}) and stated.empty:
        return join_findings([])
    layers = e.take(list_layers)
    filled = stated["filled"].reindex(layers["post"]).fillna(False).to_numpy(bool)
    duties = compare_rows(
        "staffing",
        "layer_duties",
        e.plan.layer_duties,
        layers.drop(columns="role").assign(filled=filled),
        ("layer", "of"),
        AGAIN,
        "duty",
    )
    return join_findings(
        [duties, _check_posts(e, stated, layers), _check_handovers(e, layers), _check_points(e)]
    )


def _check_posts(e: Evidence, stated: pd.DataFrame, layers: pd.DataFrame) -> pd.DataFrame:
    """Check each post: its place, its land and households, and whether anybody could hold it."""
    touched = e.plan.touches.groupby("special_grid")["subgrid"].agg(set).to_dict()
    homes = e.subgrids[e.subgrids["kind"] == "residential"]
    held = homes.groupby("grid").groups
    households = dict(zip(e.subgrids.index, e.held.tolist(), strict=True))
    orgs = e.plan.party_orgs
    seats = orgs[orgs["committee_seats"] > 0].groupby("community").size()
    rows = []
    for post, of_post in layers.groupby("post", sort=True):
        land: set[str] = set()
        for layer, of in zip(of_post["layer"], of_post["of"], strict=True):
            land |= set(touched.get(of, ())) if layer == "special_grids" else set(held.get(of, ()))
        community = of_post["community"].iloc[0]
        org, source = _find_holder(stated, post)
        fits = source in ("secretary", "committee") and _is_seat(orgs, org, community)
        rows.append(
            {
                "post": post,
                "role": of_post["role"].iloc[0],
                "community": community,
                "subgrid": "",
                "building": "",
                "stairwell": "",
                "served": len(land),
                "households": sum(households.get(code, 0) for code in land),
                "mean_walk": np.nan,
                "workload": np.nan,
                # Where there are seats, one of them holds it.
                "org": org if fits or (org == "" and community not in seats) else "of a seat",
            }
        )
    known = stated.rename_axis("code").assign(post=stated.index)
    if not rows:
        rows_of = pd.DataFrame(columns=["post", "community"])
        return compare_rows("staffing", "posts", known, rows_of, ["post"], AGAIN, "post")
    return compare_rows("staffing", "posts", known, pd.DataFrame(rows), ["post"], AGAIN, "post")


def _find_holder(stated: pd.DataFrame, post: Any) -> tuple[str, str]:
    """Find the organisation and source that a post states; empty where it is not there."""
    if post not in stated.index:
        return "", ""
    row = stated.loc[[post]].iloc[0]
    return str(row["org"]), str(row["source"])


def _is_seat(orgs: pd.DataFrame, org: str, community: Any) -> bool:
    """Whether an organisation has a seat in the community."""
    if org not in orgs.index:
        return False
    row = orgs.loc[[org]].iloc[0]
    return bool(row["community"] == community and row["committee_seats"] > 0)


def _check_handovers(e: Evidence, layers: pd.DataFrame) -> pd.DataFrame:
    """Check that there is a hand-over wherever stretches of one river meet at a limit."""
    grids = sort_rows(e.plan.special_grids)
    post = layers.set_index("of")["post"]
    rows = []
    for (kind, _), river in grids.groupby(["kind", "name"], sort=True):
        shapes = river.geometry.to_numpy()
        codes = river.index.to_numpy(object)
        for i, code in enumerate(codes):
            apart = shapely.distance(shapes[i], shapes[i + 1 :])
            for j in np.flatnonzero(apart <= MEETING) + i + 1:
                sides = river["community"].iloc[[i, j]].tolist()
                if sides[0] == sides[1]:
                    continue
                rows.append(
                    {
                        "special_grid": code,
                        "next": codes[j],
                        "community": sides[0],
                        "next_community": sides[1],
                        "kind": kind,
                        "post": post.get(code, ""),
                        "next_post": post.get(codes[j], ""),
                    }
                )
    columns = ["special_grid", "next", "community", "next_community", "kind", "post", "next_post"]
    right = pd.DataFrame(rows, columns=columns)
    stated = pd.DataFrame(e.plan.handovers.drop(columns="geometry"))
    return compare_rows(
        "staffing", "handovers", stated, right, ("special_grid", "next"), AGAIN, "hand-over"
    )


def _check_points(e: Evidence) -> pd.DataFrame:
    """Check that the point of each hand-over lies where both stretches are near."""
    table = e.plan.handovers
    shapes = sort_rows(e.plan.special_grids).geometry
    points = table.geometry.to_numpy()
    one, other = (shapes.reindex(table[c]).to_numpy() for c in ("special_grid", "next"))
    # Half of their distance from each: on the limit where they touch.
    half = shapely.distance(one, other) / 2
    far = np.maximum(shapely.distance(points, one), shapely.distance(points, other)) > half + SLACK
    far |= shapely.is_missing(points)
    return write_findings(
        "staffing",
        "error",
        "handovers",
        table.index[far],
        table["community"].to_numpy(object)[far],
        noun="hand-over",
        what="at a point where the two stretches do not meet",
        remedy=AGAIN,
    )


def count_chiefs(e: Evidence, layer: str) -> pd.DataFrame | None:
    """Count the posts of a layer by community, how many are filled, and their metres."""
    rows = e.take(list_layers)
    rows = rows[rows["layer"] == layer]
    if rows.empty:
        return None
    posts = rows.groupby("post", as_index=False).agg(
        community=("community", "first"), length=("length", "sum")
    )
    filled = e.plan.posts["filled"].reindex(posts["post"]).fillna(False).astype(bool)
    by = posts.assign(filled=filled.to_numpy(float), slots=1.0, metres=posts["length"])
    sums = by.groupby("community")[["slots", "filled", "metres"]].sum()
    return sums.reindex(e.communities.index).fillna(0)


def list_chief_figures(e: Evidence) -> list[dict[str, Any]]:
    """List the figures of chiefs and upper leaders again, at all levels."""
    frames = []
    for layer, measure in MEASURES.items():
        counts = count_chiefs(e, layer)
        if counts is None:
            continue
        for level, sums in sum_levels(counts, e).items():
            over = sums.index if level == "community" else ""
            need = sums["slots"].to_numpy()
            frames.append(
                list_figures(
                    level, sums.index, over, measure, sums["filled"], need, False, "computed"
                )
            )
            if layer == "special_grids":
                mean = sums["metres"] / sums["slots"].where(sums["slots"] > 0)
                frames.append(
                    list_figures(
                        level, sums.index, over, "chief_metres", mean, np.nan, False, "computed"
                    )
                )
    return frames
