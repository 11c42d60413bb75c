"""What a map shows: the plan's shapes, simplified and in degrees, and their figures.

Both kinds of page, class layers and tiles, are drawn from the same
:class:`Sheet`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Shapes
from gridplan.geometry.tones import choose_tones
from gridplan.maps.building_counts import count_buildings
from gridplan.maps.exception_texts import explain_exceptions
from gridplan.maps.likely_classes import list_community_ranges, list_likely
from gridplan.plan import Plan
from gridplan.publishing.release_seal import is_released
from gridplan.tables.kind_families import BARRIER_FAMILIES, STREET_FAMILIES, find_family
from gridplan.tables.palette import grade_loads
from gridplan.tables.schema import Language

# Corners of outlines smaller than a square of this side, in metres, are cut on
# the screen.
TOLERANCE = 0.7
FINE = 0.25  # metres; the same for buildings, streets and barriers
DIGITS = 6  # of a degree: 0.1 m
CONTEXT = 0.05  # streets and barriers are shown this share of the plan's width beyond it

# The columns of subgrids that a tooltip shows, in this order, and the digits
# after the point of each. Labels and units come from schema.csv, so that one
# more line of the tooltip is one more entry here.
TOOLTIP_COLUMNS: dict[str, int] = {"households": 0, "building_count": 0, "mean_walk": 0}


@dataclass(frozen=True)
class Sheet:
    """The shapes of a map in degrees, and the figures of its sub-grids and communities.

    ``records`` and ``communities`` hold one list per field, in the order of
    the plan's tables; they are what tooltips, search and labels read. Openings
    have a kind and a name each. ``party`` holds the land of branches and groups,
    ``compounds`` those to be picked out by their property service.
    ``bounds`` is west, south, east, north.
    """

    subgrids: Shapes
    communities: Shapes
    homes: Shapes
    home_names: list[str]
    home_codes: list[str]
    other_buildings: Shapes
    other_names: list[str]
    other_codes: list[str]
    streets: Mapping[str, Shapes]
    barriers: Mapping[str, Shapes]
    openings: Shapes
    opening_names: list[tuple[str, str]]
    specials: Shapes
    grids: Shapes
    records: Mapping[str, list[Any]]
    community_records: Mapping[str, list[Any]]
    bounds: tuple[float, float, float, float]
    party: Mapping[str, Shapes] = field(default_factory=dict)
    compounds: Mapping[str, Shapes] = field(default_factory=dict)


def compose_sheet(plan: Plan, lang: Language = "en") -> Sheet:
    """Simplify the shapes of a plan, bring them to degrees and gather the figures that a map shows.

    Outlines are simplified as a coverage, so borders stay common (tolerance in
    metres: ``TOLERANCE``).
    """
    site = plan.site
    window = _find_window(plan)
    subgrids = to_degrees(plan, simplify_coverage(plan.subgrids.geometry.to_numpy()))
    communities = to_degrees(plan, simplify_coverage(site.communities.geometry.to_numpy()))
    buildings = site.buildings
    # People live where the data says so, and also where it only counts them.
    lives = buildings["residential"].fillna(False).to_numpy(dtype=bool) | (
        buildings["households"].to_numpy() > 0
    )
    footprints = to_degrees(plan, _simplify_shapes(buildings.geometry.to_numpy()))
    names = buildings["building_name"].to_numpy(dtype=object)
    # Codes are for those who edit the plan; a release is not edited.
    codes = np.where(is_released(plan), "", buildings.index.to_numpy(dtype=object))
    drawn = _is_drawn(footprints)
    # An opening is a sign of fixed size, whatever shape it was given in.
    openings = to_degrees(plan, shapely.centroid(site.openings.geometry.to_numpy()))
    return Sheet(
        subgrids=subgrids,
        communities=communities,
        homes=footprints[lives & drawn],
        home_names=names[lives & drawn].tolist(),
        home_codes=codes[lives & drawn].tolist(),
        other_buildings=footprints[~lives & drawn],
        other_names=names[~lives & drawn].tolist(),
        other_codes=codes[~lives & drawn].tolist(),
        streets=_sort_families(plan, site.streets, STREET_FAMILIES, window),
        barriers=_sort_families(plan, site.barriers, BARRIER_FAMILIES, window),
        openings=openings[_is_drawn(openings)],
        opening_names=list(
            site.openings.loc[_is_drawn(openings), ["kind", "name"]].itertuples(index=False)
        ),
        specials=to_degrees(plan, _simplify_shapes(plan.special_grids.geometry.to_numpy())),
        grids=to_degrees(plan, simplify_coverage(plan.grids.geometry.to_numpy())),
        records=_record_subgrids(plan, subgrids, lang),
        community_records=_record_communities(plan, communities),
        bounds=find_bounds(subgrids, communities, footprints),
    )


def simplify_coverage(outlines: Shapes, tolerance: float = TOLERANCE) -> Shapes:
    """Simplify outlines that tile the land so that common borders stay common.

    What would vanish stays as it was.

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
    # GEOS refuses a coverage that holds anything but polygons (types 3 and 6).
    sound = _is_drawn(outlines) & np.isin(shapely.get_type_id(outlines), (3, 6))
    if sound.any():
        simple = shapely.coverage_simplify(outlines[sound], tolerance)
        # Outlines that overlap are no coverage: their result may be invalid.
        kept = _is_drawn(simple) & shapely.is_valid(simple)
        out[sound] = np.where(kept, simple, outlines[sound])
    return out


def _simplify_shapes(shapes: Shapes) -> Shapes:
    """Drop the points that a screen cannot show; a shape that would vanish stays as it was."""
    simple = shapely.simplify(shapes, FINE, preserve_topology=True)
    return np.asarray(np.where(_is_drawn(simple), simple, shapes), dtype=object)


def _is_drawn(shapes: Shapes) -> Bools:
    """Whether there is anything to draw."""
    return np.asarray(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))


def to_degrees(plan: Plan, shapes: Shapes) -> Shapes:
    """Bring shapes from the plan's metres to longitude and latitude, rounded."""
    from pyproj import Transformer

    # Without always_xy EPSG:4326 gives latitude first, against GeoJSON's order.
    transformer = Transformer.from_crs(plan.crs, "EPSG:4326", always_xy=True)

    def turn(points: Floats) -> Floats:
        return np.round(np.column_stack(transformer.transform(points[:, 0], points[:, 1])), DIGITS)

    return np.asarray(shapely.transform(shapes, turn), dtype=object)


def _find_window(plan: Plan) -> Any:
    """Find the rectangle within which streets and barriers are shown."""
    tables = [t for t in (plan.subgrids, plan.site.communities, plan.site.buildings) if len(t)]
    if not tables:
        # Nothing bounds the view, so everything that there is lies within it.
        return shapely.box(-np.inf, -np.inf, np.inf, np.inf)
    boxes = np.array([t.total_bounds for t in tables])
    low = boxes[:, :2].min(axis=0)
    high = boxes[:, 2:].max(axis=0)
    margin = CONTEXT * float(np.max(high - low))
    return shapely.box(*(low - margin), *(high + margin))


def _sort_families(
    plan: Plan, table: Any, families: Mapping[str, tuple[str, ...]], window: Any
) -> dict[str, Shapes]:
    """Sort the shapes of a table that reach into the window by the family of their kind.

    Families without any are left out.
    """
    shapes = table.geometry.to_numpy()
    near = _is_drawn(shapes) & shapely.intersects(shapes, window)
    shapes = to_degrees(plan, _simplify_shapes(shapes[near]))
    kinds = table["kind"].to_numpy(dtype=object)[near]
    # A city has many streets of few kinds, so each kind is looked up once.
    known = {kind: find_family(kind, families) for kind in set(kinds)}
    family_of = np.array([known[kind] for kind in kinds], dtype=object)
    return {
        family: shapes[family_of == family] for family in families if (family_of == family).any()
    }


def _record_subgrids(plan: Plan, shapes: Shapes, lang: Language) -> dict[str, list[Any]]:
    """Gather the figures of the sub-grids, one list per field."""
    table = plan.subgrids
    rank = {code: n for n, code in enumerate(plan.site.communities.index)}
    doors = plan.stairwells.geometry.reindex(table["centre"]).to_numpy()
    return {
        "code": table.index.tolist(),
        # The page finds a community by its row; -1 is a code that the site lacks.
        "community": [rank.get(c, -1) for c in table["community"]],
        # 0: homes, 1: an institution, 2: open land.
        "exclusive": table["kind"].map({"exclusive": 1, "open": 2}).fillna(0).astype(int).tolist(),
        "land": table["land"].tolist(),
        "responsible": table["responsible"].tolist(),
        **{name: table[name].tolist() for name in ("low", "target", "high")},
        **{name: list_figures(table[name], digits) for name, digits in TOOLTIP_COLUMNS.items()},
        "building_count": count_buildings(plan),
        **_list_released_bands(plan),
        "in_band": table["in_band"].astype(int).tolist(),
        "owner": _name_owners(plan),
        "grid": table["grid"].tolist(),
        "special": _name_specials(plan),
        "tone": choose_tones(table.geometry.to_numpy()).tolist(),
        "load": grade_loads(table).tolist(),
        "why": explain_exceptions(plan, lang),
        **list_likely(plan),
        "box": list_boxes(shapes),
        "point": _list_points(_find_inner_points(shapes)),
        "centre": _list_points(to_degrees(plan, doors)),
    }


def list_figures(column: Any, digits: int) -> list[Any]:
    """List the values of a column as a tooltip shows them; None where nothing is known.

    Examples
    --------
    >>> list_figures(pd.Series([31.46, np.nan]), 0), list_figures(pd.Series([31.46]), 1)
    ([31, None], [31.5])
    >>> list_figures(pd.Series(["A-1", "B-2"]), 0)
    ['A-1', 'B-2']
    """
    values: list[Any] = column.tolist()
    if not pd.api.types.is_float_dtype(column):
        return values
    # round() without digits gives whole numbers, which are shorter on the page.
    return [None if pd.isna(value) else round(value, digits or None) for value in values]


def _name_owners(plan: Plan) -> list[str]:
    """Name the institution of each exclusive grid, by its code if it has no name; else empty."""
    site = plan.site
    owner = plan.subgrids["institution"]
    names = pd.concat(
        [site.institutions["name"], site.places["name"], site.buildings["building_name"]]
    )
    # An exclusive grid is carved out for an institution, a place or a building;
    # of equal codes the first table in this order gives the name.
    names = names[(names != "") & ~names.index.duplicated()]
    named = names.reindex(owner)
    return list(named.where(named.notna(), owner.to_numpy(object)))


def _name_specials(plan: Plan) -> list[str]:
    """Name the special grids that each sub-grid touches, with their rivers and railways."""
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


def _list_released_bands(plan: Plan) -> dict[str, list[Any]]:
    """List the households of a release, which are bands as text, in place of the counts."""
    if not is_released(plan):
        return {}
    return {
        "households": [band.replace("-", "–") or "–" for band in plan.subgrids["household_band"]]
    }


def _record_communities(plan: Plan, shapes: Shapes) -> dict[str, list[Any]]:
    """Gather the figures of the communities, one list per field."""
    table = plan.site.communities
    ordinary = plan.subgrids[plan.subgrids["kind"] == "residential"]
    grouped = ordinary.groupby("community")
    sizes = {
        name: grouped[column].sum().reindex(table.index)
        for name, column in (("households", "households"), ("in", "in_band"))
    }
    # In a release sub-grids have bands only; communities keep their counts.
    if is_released(plan):
        sizes["households"] = table["households"]
    return {
        "code": table.index.tolist(),
        "name": table["name"].tolist(),
        "subgrids": grouped.size().reindex(table.index).fillna(0).astype(int).tolist(),
        "households": _list_totals(sizes["households"], is_released(plan)),
        "in_band": sizes["in"].fillna(0).astype(int).tolist(),
        **list_community_ranges(plan),
        "tone": choose_tones(table.geometry.to_numpy()).tolist(),
        "box": list_boxes(shapes),
        "point": _list_points(_find_inner_points(shapes)),
    }


def _list_totals(totals: pd.Series[Any], has_hidden: bool) -> list[int | None]:
    """List households; None where a release does not give them, 0 where there are none."""
    if not has_hidden:
        return [int(total) for total in totals.fillna(0)]
    return [None if np.isnan(total) else int(total) for total in totals]


def _find_inner_points(shapes: Shapes) -> Shapes:
    """Find where the label of each shape goes.

    That is its centroid, or, if that lies outside, some point that lies inside.
    """
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
    # A plan without anything shows the inhabited world.
    if not boxes:
        return (-180.0, -60.0, 180.0, 75.0)
    west, south = np.min([b[:2] for b in boxes], axis=0)
    east, north = np.max([b[2:] for b in boxes], axis=0)
    return float(west), float(south), float(east), float(north)
