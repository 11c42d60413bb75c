"""Places and institutions from OpenStreetMap: schools, clinics, markets, town halls, works."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Ints
from gridplan.reading.osm_tags import CRS, Features, drop_where, find_kinds, note
from gridplan.tables.conform import conform_table
from gridplan.tables.ledger import Entry

SERVICE_CENTRE = "党群服务中心|党群活动中心|社区服务中心|便民服务中心|社区服务站|党群服务站"
VOLUNTEER_POST = "新时代文明实践|志愿服务站|志愿服务岗"


def make_places(features: Features) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Make the places table: what people walk to, and grounds whose buildings are no homes.

    A name that says service centre (党群服务中心 and the like) or volunteer post
    makes the place one. Practices of a doctor keep no name, since it is a
    person's.

    Examples
    --------
    >>> from gridplan.reading.osm_tags import make_layer
    >>> spot = gpd.points_from_xy([118], [39])
    >>> tags = {"amenity": ["school"], "name": ["东湖小学"]}
    >>> school = gpd.GeoDataFrame(tags, geometry=spot, crs=CRS)
    >>> nothing = make_layer(school[:0], [])
    >>> places, _ = make_places(Features(make_layer(school, ["n1"]), nothing, nothing))
    >>> places[["kind", "name"]].to_numpy().tolist()
    [['school', '东湖小学']]
    """
    places = _find_features("places", features)
    centre = places["name"].str.contains(SERVICE_CENTRE)
    # a service centre often has a volunteer station in its name too
    post = places["name"].str.contains(VOLUNTEER_POST) & ~centre
    places["kind"] = places["kind"].mask(centre, "service_centre").mask(post, "volunteer_post")
    nameless = places.index[~places["named"].to_numpy(bool)]
    entries = [
        note("places", "inferred", places.index[centre], "service centres by their names"),
        note("places", "inferred", places.index[post], "volunteer posts by their names"),
        note(
            "places",
            "noted",
            nameless,
            "practices of a doctor: kept without a name, since it is a person's",
        ),
    ]
    places, doubles = _drop_doubles("places", places)
    return conform_table("places", places.assign(place=places.index)), [*entries, *doubles]


def make_institutions(features: Features) -> tuple[gpd.GeoDataFrame, list[Entry]]:
    """Make the institutions table: named organs, schools, hospitals, companies and works."""
    institutions = _find_features("institutions", features)
    institutions, doubles = _drop_doubles("institutions", institutions)
    # after doubles: an outline without a name may have taken one from inside
    institutions, entries = drop_where(
        "institutions", institutions, institutions["name"] == "", "without a name"
    )
    return conform_table("institutions", institutions.assign(institution=institutions.index)), [
        *doubles,
        *entries,
    ]


def _find_features(table: str, features: Features) -> gpd.GeoDataFrame:
    """Find the points and areas that are something to a table: kind, name, named, shape."""
    parts = []
    for layer in (features.points, features.areas):
        kinds = find_kinds(table, layer)
        tagged = layer.loc[kinds.index]
        name = tagged["name"].where(kinds["named"].to_numpy(bool)).fillna("")
        data = pd.DataFrame(
            {"kind": kinds["kind"], "name": name, "named": kinds["named"]}, index=tagged.index
        )
        parts.append(data.assign(geometry=tagged.geometry.to_numpy()))
    both = pd.concat(parts).sort_index()
    return gpd.GeoDataFrame(both, geometry="geometry", crs=CRS)


def _drop_doubles(table: str, features: gpd.GeoDataFrame) -> tuple[Any, list[Entry]]:
    """Drop what was mapped twice: inside a larger outline of its kind, with its name or none.

    An outline without a name takes the name of what is inside it if that is
    one name.
    """
    inner, around = _find_inside(features)
    name = features["name"].to_numpy(dtype=object).copy()
    inner_names = pd.Series(name[inner], index=around, dtype=object)
    inner_names = (
        inner_names[(inner_names != "").to_numpy(bool) & (name[around] == "")]
        .groupby(level=0)
        .agg(["nunique", "first"])
    )
    # a campus of two schools is neither of them
    inner_names = inner_names[inner_names["nunique"] == 1]
    name[inner_names.index.to_numpy(np.int64)] = inner_names["first"].to_numpy()
    double = np.zeros(len(features), bool)
    double[inner[(name[inner] == "") | (name[inner] == name[around])]] = True
    return drop_where(
        table,
        features.assign(name=name),
        double,
        "mapped twice: inside an outline of the same kind and name",
    )


def _find_inside(features: gpd.GeoDataFrame) -> tuple[Ints, Ints]:
    """Find which features are inside a larger one of their kind; of equals the first is larger."""
    shapes = features.geometry.to_numpy()
    kind = features["kind"].to_numpy(dtype=object)
    size = shapely.area(shapes)
    outer = np.flatnonzero(size > 0)
    inner, n = shapely.STRtree(shapes[outer]).query(
        shapely.point_on_surface(shapes), predicate="intersects"
    )
    around = outer[n]
    # without an order among equals, two alike would drop each other
    larger = (size[around] > size[inner]) | ((size[around] == size[inner]) & (around < inner))
    kept = larger & (kind[inner] == kind[around])
    return inner[kept], around[kept]
