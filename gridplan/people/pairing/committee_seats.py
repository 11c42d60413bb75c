"""Seats of outsiders in the big committees of communities and subdistricts, and candidates."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridplan.plan import Plan
from gridplan.rules.pairing import PairingRules
from gridplan.tables.indicators import make_figures

# Each kind gets a seat before any gets a second; and the kind of link that its seat is.
ORDER = {"institution": "seat", "owners_committee": "seat_owners", "property_firm": "seat_firm"}


def list_candidates(plan: Plan, institutions: pd.DataFrame, towns: pd.DataFrame) -> pd.DataFrame:
    """List candidates: institutions on a community's land, owners' committees and firms.

    Source: part-time members come from resident institutions, owners'
    committees and property firms (China City News, 25 September 2023, p. 19).
    """
    points = gpd.GeoDataFrame(
        {
            "code": institutions.index.to_numpy(object),
            "size": institutions["members"].fillna(0).to_numpy(float),
        },
        geometry=gpd.points_from_xy(institutions["x"], institutions["y"]),
        crs=plan.crs,
    )
    land = plan.site.communities.loc[towns.index, ["geometry"]]
    # On a common limit an institution counts for the first community by code.
    inside = gpd.sjoin(points, land.rename_axis("community").reset_index(), predicate="intersects")
    inside = inside.sort_values(["code", "community"]).drop_duplicates("code")
    frames = [
        pd.DataFrame(inside[["code", "size", "community", "geometry"]]).assign(kind="institution")
    ]
    homes = plan.stairwells.groupby("compound")["households"].sum()
    counts = plan.site.counts
    # Owners' committees and firms have no place of their own: they are in their compound.
    for measure in list(ORDER)[1:]:
        counted = counts[
            (counts["level"] == "compound") & (counts["measure"] == measure) & (counts["value"] > 0)
        ]
        # A count of a compound that does not exist, or a second one of the
        # same, seats nobody.
        counted = counted[counted["of"].isin(plan.site.compounds.index)].drop_duplicates("of")
        compounds = plan.site.compounds.loc[counted["of"]]
        frames.append(
            pd.DataFrame(
                {
                    "code": counted["of"].to_numpy(object),
                    "size": homes.reindex(counted["of"]).fillna(0).to_numpy(float),
                    "community": compounds["community"].to_numpy(object),
                    "geometry": compounds.geometry.centroid.to_numpy(),
                    "kind": measure,
                }
            )
        )
    # Empty tables would change the types of the columns; one is kept if all are empty.
    both = pd.concat([frame for frame in frames if len(frame)] or [frames[0]], ignore_index=True)
    return both[both["community"].isin(towns.index)].reset_index(drop=True)


def take_seats(candidates: pd.DataFrame, towns: pd.DataFrame, rules: PairingRules) -> pd.DataFrame:
    """Seat candidates in both committees: the largest of each kind first, kinds in turn.

    Examples
    --------
    >>> two = pd.DataFrame({"code": ["i1", "x1"], "size": [40.0, 300.0],
    ...     "community": ["a", "a"], "kind": ["institution", "owners_committee"],
    ...     "geometry": gpd.points_from_xy([0.0, 3.0], [0.0, 4.0])})
    >>> towns = pd.DataFrame({"subdistrict": [""], "x": [0.0], "y": [0.0]}, index=["a"])
    >>> take_seats(two, towns, PairingRules())[["source", "target", "distance"]].values.tolist()
    [['i1', 'a', 0.0], ['x1', 'a', 5.0]]
    """
    frames = []
    bodies = {
        "community": candidates["community"],
        "subdistrict": towns["subdistrict"].reindex(candidates["community"]),
    }
    middle = towns[["x", "y"]].reindex(candidates["community"]).to_numpy(float)
    shapes = gpd.GeoSeries(candidates["geometry"].to_numpy())
    distance = (
        np.hypot(shapes.x.to_numpy() - middle[:, 0], shapes.y.to_numpy() - middle[:, 1])
        if len(candidates)
        else []
    )
    kinds = candidates["kind"].map({kind: n for n, kind in enumerate(ORDER)})
    for body in bodies.values():
        ranked = candidates.assign(
            body=np.asarray(body.fillna(""), object),
            order=kinds,
            less=-candidates["size"],
            distance=distance,
        )
        # Largest first within a kind; the code decides between equals.
        ranked = ranked[ranked["body"] != ""].sort_values(
            ["body", "order", "less", "code"], kind="stable"
        )
        # The turn of a candidate among its kind; sorted by turn first, each
        # kind gets a seat before any gets a second.
        turn = ranked.groupby(["body", "order"]).cumcount()
        ranked = ranked.assign(turn=turn).sort_values(
            ["body", "turn", "order", "less", "code"], kind="stable"
        )
        frames.append(ranked[ranked.groupby("body").cumcount() < rules.seats_most])
    both = pd.concat(frames, ignore_index=True)
    return pd.DataFrame(
        {
            "kind": both["kind"].map(ORDER),
            "source": both["code"],
            "community": both["community"],
            "target": both["body"],
            "amount": 1.0,
            "hours": np.nan,
            "distance": both["distance"],
            "kept": False,
            "price": 0.0,
        }
    )


def write_seats(
    seats: pd.DataFrame, candidates: pd.DataFrame, towns: pd.DataFrame, rules: PairingRules
) -> pd.DataFrame:
    """Write the seats taken and the candidates of each body beside the seats wanted."""
    frames = []
    of_district = towns["subdistrict"].reindex(candidates["community"]).to_numpy(object)
    for level, bodies, of in (
        ("community", towns.index, candidates["community"].to_numpy(object)),
        ("subdistrict", pd.Index(sorted(set(towns["subdistrict"]) - {""})), of_district),
    ):
        taken = seats.groupby("target").size().reindex(bodies, fill_value=0).to_numpy(float)
        there = pd.Series(of).value_counts().reindex(bodies, fill_value=0).to_numpy(float)
        community: Any = bodies if level == "community" else ""
        frames.append(
            make_figures(level, bodies, community, "outside_seats", taken, float(rules.seats))
        )
        frames.append(make_figures(level, bodies, community, "seat_candidates", there))
    return pd.concat(frames, ignore_index=True)
