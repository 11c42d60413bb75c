"""What a map shows: the plan's shapes, simplified and in degrees, and the figures that go with them.

Both kinds of page, class layers and tiles, are drawn from the same
:class:`Sheet`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Shapes
from gridplan.maps.colours import choose_tones, grade_loads
from gridplan.plan import Plan
from gridplan.publishing.release_plan import is_released

TOLERANCE = (
    0.7  # metres; corners of outlines smaller than a square of this side are cut on the screen
)
FINE = 0.25  # metres; the same for buildings, streets and barriers
DIGITS = 6  # of a degree: 0.1 m
CONTEXT = 0.05  # streets and barriers are shown this share of the plan's width beyond it

# Which words of the column ``kind`` are drawn alike; the first family of which
# a word holds a part is taken.
BARRIER_FAMILIES: Mapping[str, tuple[str, ...]] = {
    "water": (
        "river",
        "lake",
        "stream",
        "canal",
        "water",
        "ditch",
        "drain",
        "pond",
        "reservoir",
        "dock",
        "sea",
    ),
    "rail": ("rail", "tram", "metro", "subway"),
    "road": (
        "motorway",
        "road",
        "trunk",
        "primary",
        "secondary",
        "expressway",
        "highway",
        "street",
    ),
    "wall": ("",),
}
STREET_FAMILIES: Mapping[str, tuple[str, ...]] = {
    "major": ("motorway", "trunk", "primary", "secondary", "main"),
    "path": ("foot", "path", "cycle", "steps", "track", "pedestrian", "bridleway", "corridor"),
    "minor": ("",),
}


@dataclass(frozen=True)
class Sheet:
    """The shapes of a map in degrees, and the figures of its sub-grids and communities.

    ``records`` and ``communities`` hold one list per field, in the order of
    the plan's tables; they are what tooltips, search and labels read.
    ``bounds`` is west, south, east, north.
    """

    subgrids: Shapes
    communities: Shapes
    homes: Shapes
    home_names: list[str]
    other_buildings: Shapes
    other_names: list[str]
    streets: Mapping[str, Shapes]
    barriers: Mapping[str, Shapes]
    openings: Shapes
    specials: Shapes
    grids: Shapes
    records: Mapping[str, list[Any]]
    community_records: Mapping[str, list[Any]]
    bounds: tuple[float, float, float, float]


def compose_sheet(plan: Plan) -> Sheet:
    """Simplify the shapes of a plan, bring them to degrees and gather the figures that a map shows.

    Outlines are simplified as a coverage, so borders stay common (tolerance in
    metres: ``TOLERANCE``).
    """
    site = plan.site
    window = _find_window(plan)
    subgrids = to_degrees(plan, simplify_coverage(plan.subgrids.geometry.to_numpy()))
    communities = to_degrees(plan, simplify_coverage(site.communities.geometry.to_numpy()))
    buildings = site.buildings
    lives = buildings["residential"].fillna(False).to_numpy(dtype=bool) | (
        buildings["households"].to_numpy() > 0
    )
    footprints = to_degrees(plan, _ease(buildings.geometry.to_numpy()))
    names = buildings["building_name"].to_numpy(dtype=object)
    drawn = _is_drawn(footprints)
    openings = to_degrees(plan, shapely.centroid(site.openings.geometry.to_numpy()))
    return Sheet(
        subgrids=subgrids,
        communities=communities,
        homes=footprints[lives & drawn],
        home_names=names[lives & drawn].tolist(),
        other_buildings=footprints[~lives & drawn],
        other_names=names[~lives & drawn].tolist(),
        streets=_sort_families(plan, site.streets, STREET_FAMILIES, window),
        barriers=_sort_families(plan, site.barriers, BARRIER_FAMILIES, window),
        openings=openings[_is_drawn(openings)],
        specials=to_degrees(plan, _ease(plan.special_grids.geometry.to_numpy())),
        grids=to_degrees(plan, simplify_coverage(plan.grids.geometry.to_numpy())),
        records=_record_subgrids(plan, subgrids),
        community_records=_record_communities(plan, communities),
        bounds=find_bounds(subgrids, communities, footprints),
    )


def simplify_coverage(outlines: Shapes, tolerance: float = TOLERANCE) -> Shapes:
    """Simplify outlines that tile the land so that common borders stay common; what would vanish stays as it was.

    Parameters
    ----------
    outlines
        Array of polygons, in metres.
    tolerance
        Corners smaller than a square of this side are cut, in metres
        (Visvalingam and Whyatt 1993).

    Examples
    --------
    >>> bent = shapely.Polygon([(0, 0), (5, 0.1), (10, 0), (10, 10), (0, 10)])
    >>> simplify_coverage(np.array([bent]), 1.0)[0].equals(shapely.box(0, 0, 10, 10))
    True
    """
    out: Shapes = outlines.copy()
    sound = _is_drawn(outlines) & np.isin(shapely.get_type_id(outlines), (3, 6))
    if sound.any():
        eased = shapely.coverage_simplify(outlines[sound], tolerance)
        kept = _is_drawn(eased) & shapely.is_valid(eased)
        out[sound] = np.where(kept, eased, outlines[sound])
    return out


def _ease(shapes: Shapes) -> Shapes:
    """Drop the points that a screen cannot show; a shape that would vanish stays as it was."""
    eased = shapely.simplify(shapes, FINE, preserve_topology=True)
    return np.asarray(np.where(_is_drawn(eased), eased, shapes), dtype=object)


def _is_drawn(shapes: Shapes) -> Bools:
    """Whether there is anything to draw."""
    return np.asarray(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))


def to_degrees(plan: Plan, shapes: Shapes) -> Shapes:
    """Bring shapes from the plan's metres to longitude and latitude, rounded."""
    from pyproj import Transformer

    transformer = Transformer.from_crs(plan.crs, "EPSG:4326", always_xy=True)

    def turn(points: Floats) -> Floats:
        return np.round(np.column_stack(transformer.transform(points[:, 0], points[:, 1])), DIGITS)

    return np.asarray(shapely.transform(shapes, turn), dtype=object)


def _find_window(plan: Plan) -> Any:
    """Find the rectangle within which streets and barriers are shown."""
    tables = [t for t in (plan.subgrids, plan.site.communities, plan.site.buildings) if len(t)]
    if not tables:
        return shapely.box(-np.inf, -np.inf, np.inf, np.inf)
    boxes = np.array([t.total_bounds for t in tables])
    low = boxes[:, :2].min(axis=0)
    high = boxes[:, 2:].max(axis=0)
    margin = CONTEXT * float(np.max(high - low))
    return shapely.box(*(low - margin), *(high + margin))


def _sort_families(
    plan: Plan, table: Any, families: Mapping[str, tuple[str, ...]], window: Any
) -> dict[str, Shapes]:
    """Sort the shapes of a table that reach into the window by the family of their kind; families without any are left out."""
    shapes = table.geometry.to_numpy()
    near = _is_drawn(shapes) & shapely.intersects(shapes, window)
    shapes = to_degrees(plan, _ease(shapes[near]))
    kinds = table["kind"].to_numpy(dtype=object)[near]
    known = {kind: find_family(kind, families) for kind in set(kinds)}
    of = np.array([known[kind] for kind in kinds], dtype=object)
    return {family: shapes[of == family] for family in families if (of == family).any()}


def find_family(kind: str, families: Mapping[str, tuple[str, ...]] = BARRIER_FAMILIES) -> str:
    """Find the family that a kind of barrier or street is drawn as.

    Examples
    --------
    >>> find_family("river"), find_family("main_road"), find_family("hedge")
    ('water', 'road', 'wall')
    """
    return next(
        family for family, words in families.items() if any(word in kind.lower() for word in words)
    )


def _record_subgrids(plan: Plan, shapes: Shapes) -> dict[str, list[Any]]:
    """Gather the figures of the sub-grids, one list per field."""
    table = plan.subgrids
    rank = {code: n for n, code in enumerate(plan.site.communities.index)}
    doors = plan.stairwells.geometry.reindex(table["centre"]).to_numpy()
    numbers = ("households", "low", "target", "high", "building_count")
    return {
        "code": table.index.tolist(),
        "community": [rank.get(c, -1) for c in table["community"]],
        "exclusive": (table["kind"] == "exclusive").astype(int).tolist(),
        **{name: table[name].tolist() for name in numbers},
        **_tell_bands(plan),
        "in_band": table["in_band"].astype(int).tolist(),
        "mean_walk": np.round(table["mean_walk"].fillna(0).to_numpy()).astype(int).tolist(),
        "owner": _name_owners(plan),
        "grid": table["grid"].tolist(),
        "special": _name_specials(plan),
        "tone": choose_tones(table.geometry.to_numpy()).tolist(),
        "load": grade_loads(table).tolist(),
        "why": explain_exceptions(plan),
        "box": list_boxes(shapes),
        "point": _list_points(_find_inner_points(shapes)),
        "centre": _list_points(to_degrees(plan, doors)),
    }


def _name_owners(plan: Plan) -> list[str]:
    """Name the institution of each exclusive grid, by its code where it has no name; empty for others."""
    site = plan.site
    owner = plan.subgrids["institution"]
    names = pd.concat(
        [site.institutions["name"], site.places["name"], site.buildings["building_name"]]
    )
    names = names[(names != "") & ~names.index.duplicated()]
    named = names.reindex(owner)
    return list(named.where(named.notna(), owner.to_numpy(object)))


def _name_specials(plan: Plan) -> list[str]:
    """Name the special grids that each sub-grid touches, with the names of their rivers and railways."""
    touches = plan.touches
    name = plan.special_grids["name"].reindex(touches["special_grid"]).fillna("").to_numpy(object)
    texts = pd.Series(
        [
            f"{code} {word}".strip()
            for code, word in zip(touches["special_grid"], name, strict=True)
        ],
        dtype=object,
    )
    joined = texts.groupby(touches["subgrid"].to_numpy()).agg(", ".join)
    return list(joined.reindex(plan.subgrids.index).fillna(""))


def _tell_bands(plan: Plan) -> dict[str, list[Any]]:
    """Tell the households of a release: its bands as text."""
    if not is_released(plan):
        return {}
    return {
        "households": [band.replace("-", "–") or "–" for band in plan.subgrids["household_band"]]
    }


def explain_exceptions(plan: Plan) -> list[str]:
    """Say for each sub-grid why it is out of its band, in the words of the plan's exceptions; empty where it is in."""
    own = _join_texts(plan.exceptions[plan.exceptions["subgrid"] != ""], "subgrid")
    general = _join_texts(plan.exceptions[plan.exceptions["subgrid"] == ""], "community")
    table = plan.subgrids
    rows = zip(table.index, table["community"], table["in_band"], table["kind"], strict=True)
    return [
        "" if inside or kind == "exclusive" else own.get(s, general.get(c, ""))
        for s, c, inside, kind in rows
    ]


def _join_texts(exceptions: Any, by: str) -> dict[str, str]:
    return {
        str(code): " ".join(dict.fromkeys(texts))
        for code, texts in exceptions.groupby(by)["explanation"]
    }


def _record_communities(plan: Plan, shapes: Shapes) -> dict[str, list[Any]]:
    """Gather the figures of the communities, one list per field."""
    table = plan.site.communities
    ordinary = plan.subgrids[plan.subgrids["kind"] != "exclusive"]
    grouped = ordinary.groupby("community")
    sizes = {
        name: grouped[column].sum().reindex(table.index)
        for name, column in (("households", "households"), ("in", "in_band"))
    }
    if is_released(plan):
        sizes["households"] = table["households"]
    return {
        "code": table.index.tolist(),
        "name": table["name"].tolist(),
        "subgrids": grouped.size().reindex(table.index).fillna(0).astype(int).tolist(),
        "households": sizes["households"].fillna(0).astype(int).tolist(),
        "in_band": sizes["in"].fillna(0).astype(int).tolist(),
        "tone": choose_tones(table.geometry.to_numpy()).tolist(),
        "box": list_boxes(shapes),
        "point": _list_points(_find_inner_points(shapes)),
    }


def _find_inner_points(shapes: Shapes) -> Shapes:
    """Find where the label of each shape goes: its centroid if that lies inside, else some point that does."""
    centroids = shapely.centroid(shapes)
    inside = shapely.contains(shapes, centroids)
    return np.asarray(np.where(inside, centroids, shapely.point_on_surface(shapes)), dtype=object)


def list_boxes(shapes: Shapes) -> list[Any]:
    """List west, south, east and north of each shape; None where there is nothing."""
    boxes = np.round(shapely.bounds(shapes), DIGITS)
    return [None if np.isnan(box[0]) else box.tolist() for box in boxes]


def _list_points(points: Shapes) -> list[Any]:
    places = np.round(np.column_stack([shapely.get_x(points), shapely.get_y(points)]), DIGITS)
    return [None if np.isnan(place[0]) else place.tolist() for place in places]


def find_bounds(*shapes: Shapes) -> tuple[float, float, float, float]:
    """Find west, south, east and north of all shapes."""
    boxes = [shapely.total_bounds(s) for s in shapes if len(s) and _is_drawn(s).any()]
    if not boxes:
        return (-180.0, -60.0, 180.0, 75.0)
    west, south = np.min([b[:2] for b in boxes], axis=0)
    east, north = np.max([b[2:] for b in boxes], axis=0)
    return float(west), float(south), float(east), float(north)
