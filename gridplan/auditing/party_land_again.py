"""Rules on the land of branches and groups: theirs by the nearest door, and what they share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.auditing.derived import compare_rows
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import join_findings, write_findings

AGAIN = "organise again"
LAYERS = {"branches": "branch", "groups": "group"}
SLACK = 0.05  # m; outlines are kept in millimetres, and cuts between doors are rounded to them
OVERLAP = 1.0  # m2; two outlines may share so little


def check_party_land(evidence: Evidence) -> pd.DataFrame:
    """Check the land of branches and groups, and note the sub-grids that lie in several branches.

    Source: gridplan's schema. A sub-grid in two branches is allowed, and worth
    knowing for whoever leads it.
    """
    e = evidence
    ran = "organise" in e.plan.manifest.get("people", {})
    if not ran and e.plan.branches.empty and e.plan.groups.empty:
        return join_findings([])
    doors = _list_doors(e)
    findings = [_note_shared(e, doors)]
    for table, level in LAYERS.items():
        findings += [_check_columns(e, doors, table, level), _check_spots(e, doors, table, level)]
    findings.append(_check_overlaps(e, doors))
    return join_findings(findings)


def _list_doors(e: Evidence) -> pd.DataFrame:
    """List the doors of each sub-grid with their organisations and members."""
    members = e.plan.members[~e.plan.members.index.duplicated()].reindex(e.stairwells.index)
    doors = pd.DataFrame(
        {
            "subgrid": e.stairwells["subgrid"].to_numpy(object),
            "x": e.xy[:, 0],
            "y": e.xy[:, 1],
            "size": (members["full"] + members["probationary"]).fillna(0).to_numpy(float),
            "branch": members["branch"].fillna("").to_numpy(object),
            "group": members["group"].fillna("").to_numpy(object),
        }
    )
    return doors[doors["subgrid"].isin(e.subgrids.index)]


def _note_shared(e: Evidence, doors: pd.DataFrame) -> pd.DataFrame:
    """Note the sub-grids whose doors belong to several branches."""
    held = doors[doors["branch"] != ""].groupby("subgrid")["branch"].nunique()
    shared = held.index[held > 1]
    return write_findings(
        "organisation",
        "note",
        "subgrids",
        shared,
        e.subgrids["community"].reindex(shared).to_numpy(object),
        noun="sub-grid",
        what="in two branches or more",
        remedy="say which branch its leader reports to, or move its homes: gridplan edit",
    )


def _check_columns(e: Evidence, doors: pd.DataFrame, table: str, level: str) -> pd.DataFrame:
    """Check the rows of a layer against the organisations of its level."""
    orgs = e.plan.party_orgs[e.plan.party_orgs["level"] == level]
    held = doors[doors[level] != ""]
    several = held.groupby("subgrid")[level].nunique()
    pairs = held[["subgrid", level]].drop_duplicates()
    shared = pairs[pairs["subgrid"].isin(several.index[several > 1])].groupby(level).size()
    right = pd.DataFrame(
        {
            level: orgs.index.to_numpy(object),
            "name": orgs["name"].to_numpy(object),
            "community": orgs["community"].to_numpy(object),
            "members": (orgs["full"] + orgs["probationary"]).to_numpy(),
            "households": orgs["households"].to_numpy(),
            "subgrid_count": orgs["subgrid_count"].to_numpy(),
            "shared": shared.reindex(orgs.index).fillna(0).to_numpy(int),
        }
    )
    if level == "group":
        right["branch"] = orgs["parent"].to_numpy(object)
    layer = e.plan.get_table(table)
    stated = pd.DataFrame(layer.drop(columns="geometry")).rename_axis("code")
    stated = stated.assign(**{level: layer.index.to_numpy(object)})
    return compare_rows("organisation", table, stated, right, [level], AGAIN, level)


def _check_spots(e: Evidence, doors: pd.DataFrame, table: str, level: str) -> pd.DataFrame:
    """Check that doors, and spots on the way to others, lie on the land of the nearest door's."""
    layer = e.plan.get_table(table)
    shapes = layer.geometry[~layer.index.duplicated()]
    wrong: set[str] = set()
    for subgrid, rows in doors.groupby("subgrid", sort=True):
        xy = rows[["x", "y"]].to_numpy(float)
        codes = rows[level].to_numpy(object)
        outline = e.subgrids.geometry.loc[subgrid]
        for x, y in np.unique(_choose_spots(xy, codes), axis=0):
            code = _find_owner(rows, xy, x, y, level)
            spot = shapely.Point(x, y)
            if not code or not shapely.intersects(outline, spot):
                continue
            land = shapes.get(code)
            # A gap of an outline that the sum of areas would not show.
            if land is None or shapely.distance(land, spot) > SLACK:
                wrong.add(code)
    ids = sorted(wrong)
    communities = e.plan.party_orgs["community"].reindex(ids).fillna("").to_numpy(object)
    return write_findings(
        "organisation",
        "error",
        table,
        ids,
        communities,
        noun=level,
        what="whose land leaves out a spot that is nearest to one of its doors",
        remedy=AGAIN,
    )


def _choose_spots(xy: Any, codes: Any) -> Any:
    """Choose where to look: at each door, and a little short of half way to the next other one."""
    spots = [xy]
    for k in range(len(xy)):
        other = np.flatnonzero(codes != codes[k])
        if len(other):
            apart = np.hypot(*(xy[other] - xy[k]).T)
            spots.append((xy[k] + 0.45 * (xy[other[apart.argmin()]] - xy[k]))[None])
    return np.concatenate(spots)


def _find_owner(rows: pd.DataFrame, xy: Any, x: float, y: float, level: str) -> str:
    """Find whose a spot is: of most members at the nearest door; of equals the first code."""
    apart = np.hypot(xy[:, 0] - x, xy[:, 1] - y)
    near = apart <= apart.min() + 1e-3
    # Two places that are equally near do not say whose it is.
    if len(np.unique(xy[near].round(2), axis=0)) > 1:
        return ""
    sums = rows[near].groupby(level)["size"].sum()
    return str(sums.index[sums == sums.max()].min())


def _check_overlaps(e: Evidence, doors: pd.DataFrame) -> pd.DataFrame:
    """Check that no land is of two branches, but where doors of both stand over one another."""
    shapes = e.plan.branches.geometry.to_numpy()
    codes = e.plan.branches.index.to_numpy(object)
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    a, b = a[a < b], b[a < b]
    area = shapely.area(shapely.intersection(shapes[a], shapes[b]))
    stacked = doors.assign(spot=doors["x"].round(2).astype(str) + doors["y"].round(2).astype(str))
    stacks = stacked.groupby("spot")["branch"].nunique()
    free = set(stacked.loc[stacked["spot"].isin(stacks.index[stacks > 1]), "branch"])
    wrong = [
        f"{codes[i]}, {codes[j]}"
        for i, j, size in zip(a, b, area, strict=True)
        if size > OVERLAP and not {codes[i], codes[j]} & free
    ]
    return write_findings(
        "organisation",
        "error",
        "branches",
        wrong,
        "",
        noun="pair",
        what="of branches over the same land",
        remedy=AGAIN,
    )
