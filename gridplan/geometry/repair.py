"""Shapes made fit to be measured: one metric CRS, valid, of one dimension, borders matched."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any, cast

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS, Proj, Transformer

from gridplan.arrays import Bools, Ints, Shapes

Mask = Bools

GRID = 0.01  # m, the grid that outlines are snapped to
CREVICE = 5 * GRID  # m, a gap between outlines that is no wider than this is closed
# degrees, about 200 m: a straight line so long in degrees bends by less than a
# fifth of GRID
DEGREE_STEP = 0.002
SMALLEST = 0.01  # m2 of an area, m of a line: a smaller shape counts as without extent
# a projected CRS that is off by more is not one to measure in; Web Mercator is
# off by 30 % in Beijing
SCALE_ERROR = 0.01

# CGCS2000 / 3-degree Gauss-Kruger zones by central meridian: EPSG:4534 is 75 E,
# EPSG:4554 is 135 E. The box holds some land of neighbours too, for which such
# a zone is as exact as any.
_CGCS2000_FIRST = 4534
_MERIDIAN_FIRST = 75
_MERIDIAN_LAST = 135
_CHINA = (73.4, 3.8, 135.1, 53.6)


def find_middle(series: gpd.GeoSeries) -> tuple[float, float]:
    """Find the middle of shapes in degrees, longitude and latitude.

    It is the median of their places, so that strays do not count.

    Examples
    --------
    >>> find_middle(gpd.GeoSeries.from_xy([118.1, 118.2, 0.0], [39.6, 39.7, 0.0], crs=4326))
    (118.1, 39.6)
    """
    bounds = shapely.bounds(unwrap_longitudes(series).to_numpy())
    places = np.column_stack([bounds[:, 0] + bounds[:, 2], bounds[:, 1] + bounds[:, 3]]) / 2
    places = places[np.isfinite(places).all(axis=1)]
    x, y = np.median(places, axis=0) if len(places) else (np.nan, np.nan)
    lon, lat = _find_transformer(series.crs).transform(x, y)
    # Of shapes on both sides of 180 degrees the middle may lie beyond it.
    return float(lon - 360 if lon > 180 else lon), float(lat)


def unwrap_longitudes(series: gpd.GeoSeries) -> gpd.GeoSeries:
    """Lay shapes on both sides of 180 degrees east beside one another, with longitudes up to 360.

    A town there has rows at 179.9 and at -179.9, and outlines with corners at
    both, which would else reach round the globe.

    Examples
    --------
    >>> fiji = gpd.GeoSeries.from_xy([179.9, -179.9], [-16.8, -16.8], crs=4326)
    >>> unwrap_longitudes(fiji).x.round(1).tolist()
    [179.9, 180.1]
    """
    if series.crs is None or not series.crs.is_geographic or not len(series):
        return series
    west, _, east, _ = series.total_bounds
    if not east - west > 180:
        return series
    shapes = shapely.transform(
        series.to_numpy(),
        lambda xy: np.column_stack([np.where(xy[:, 0] < 0, xy[:, 0] + 360, xy[:, 0]), xy[:, 1]]),
    )
    turned = gpd.GeoSeries(shapes, index=series.index, crs=series.crs)
    # Data of the whole world has no such seam; it stays as it is.
    return turned if np.ptp(turned.total_bounds[[0, 2]]) < 180 else series


@cache
def _find_transformer(crs: CRS) -> Transformer:
    """Find the transformer from a CRS to degrees; PROJ takes a tenth of a second for it."""
    return Transformer.from_crs(crs, CRS.from_epsg(4326), always_xy=True)


def find_metric_crs(series: gpd.GeoSeries) -> CRS:
    """Find the projected CRS in metres to measure shapes in.

    It is their own where that is projected, in metres, and true to scale
    within 1 %; else a CGCS2000 3-degree zone in China, and the UTM zone
    elsewhere, from the middle of the shapes.

    Examples
    --------
    >>> def find_name(lon: float, lat: float, crs: int) -> str:
    ...     return find_metric_crs(gpd.GeoSeries.from_xy([lon], [lat], crs=4326).to_crs(crs)).name
    >>> find_name(118.18, 39.63, 4326), find_name(118.18, 39.63, 32650)
    ('CGCS2000 / 3-degree Gauss-Kruger CM 117E', 'WGS 84 / UTM zone 50N')
    >>> find_name(39.9, 59.2, 3857)
    'WGS 84 / UTM zone 37N'
    """
    lon, lat = find_middle(series)
    if _is_true_to_scale(series.crs, lon, lat):
        return cast(CRS, series.crs)
    west, south, east, north = _CHINA
    if west <= lon <= east and south <= lat <= north:
        # the box reaches a little beyond the first and the last zone
        meridian = min(max(3 * round(lon / 3), _MERIDIAN_FIRST), _MERIDIAN_LAST)
        return CRS.from_epsg(_CGCS2000_FIRST + (meridian - _MERIDIAN_FIRST) // 3)
    zone = min(int((lon + 180) // 6) + 1, 60)
    return CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)


def _is_true_to_scale(crs: CRS, lon: float, lat: float) -> bool:
    if not crs.is_projected or any(
        axis.unit_conversion_factor != 1.0 for axis in crs.axis_info[:2]
    ):
        return False
    factors = Proj(crs).get_factors(lon, lat)
    scales = np.array([factors.meridional_scale, factors.parallel_scale])
    return bool(np.abs(scales - 1).max() <= SCALE_ERROR)


def project_shapes(
    series: gpd.GeoSeries, target: CRS, dimension: int | None = None, bend: bool = False
) -> Shapes:
    """Return shapes flat, unpacked to one dimension and in the CRS ``target``.

    A shape that has no position there becomes none.

    With ``bend``, long straight lines in degrees get points between, so that a
    border looks the same from both sides even if one side has more points on
    it than the other.

    Examples
    --------
    >>> place = gpd.GeoSeries.from_xy([117.0], [0.0], z=[55.0], crs=4326)
    >>> project_shapes(place, CRS.from_epsg(4548))[0].wkt
    'POINT (500000 0)'
    """
    flat = gpd.GeoSeries(
        unpack_collections(shapely.force_2d(series.to_numpy()), dimension), crs=series.crs
    )
    flat = unwrap_longitudes(flat)
    if series.crs != target:
        flat = (flat.segmentize(DEGREE_STEP) if bend and series.crs.is_geographic else flat).to_crs(
            target
        )
    out = flat.to_numpy().copy()
    # PROJ answers infinity for a place outside the projection
    out[~np.isfinite(shapely.bounds(out)).all(axis=1)] = None
    return cast(Shapes, out)


def unpack_collections(shapes: Shapes, dimension: int | None = None) -> Shapes:
    """Unpack geometry collections to the parts of one dimension, by default the highest.

    Examples
    --------
    >>> triangle = "POLYGON ((0 0, 1 0, 1 1, 0 0))"
    >>> mixed = shapely.from_wkt(f"GEOMETRYCOLLECTION (POINT (0 0), {triangle})")
    >>> unpack_collections(np.array([mixed]))[0].wkt
    'MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))'
    """
    mixed = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION)
    out = shapes.copy()
    build = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)
    for i in mixed:  # rare enough for a loop
        parts = shapely.get_parts(shapes[i])
        # a collection may hold multi-part shapes and collections again
        while (shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT).any():
            parts = shapely.get_parts(parts)
        dimensions = shapely.get_dimensions(parts)
        wanted = dimension if dimension is not None else max(dimensions, default=0)
        out[i] = build[wanted](parts[dimensions == wanted])
    return out


def repair_shapes(shapes: Shapes) -> tuple[Shapes, Mask]:
    """Make invalid shapes valid without changing their dimension; what collapses becomes empty.

    Returns the shapes, and which of them were repaired.

    Examples
    --------
    >>> bow = shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")
    >>> shapes, repaired = repair_shapes(np.array([bow, shapely.box(0, 0, 1, 1)]))
    >>> shapes[0].geom_type, shapes[0].area, repaired.tolist()
    ('MultiPolygon', 2.0, [True, False])
    """
    wrong = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    out = shapes.copy()
    valid = shapely.make_valid(shapes[wrong], method="structure", keep_collapsed=False)
    kept = [
        _keep_dimension(new, dimension)
        for new, dimension in zip(valid, shapely.get_dimensions(shapes[wrong]), strict=True)
    ]
    out[wrong] = np.array(kept, dtype=object)
    return out, wrong


def _keep_dimension(shape: Any, dimension: int) -> Any:
    if shape.geom_type == "GeometryCollection" and not shape.is_empty:
        return unpack_collections(np.array([shape], dtype=object), int(dimension))[0]
    return shape


def keep_areas(shape: Any) -> Any:
    """Leave out of a shape the points and lines that a cut along its edge left.

    Examples
    --------
    >>> mixed = "GEOMETRYCOLLECTION (POINT (9 9), POLYGON ((0 0, 1 0, 1 1, 0 0)))"
    >>> keep_areas(shapely.from_wkt(mixed)).wkt
    'POLYGON ((0 0, 1 0, 1 1, 0 0))'
    """
    parts = shapely.get_parts(shape)
    parts = parts[shapely.get_dimensions(parts) == 2]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(list(parts))


def snap_outlines(shapes: Shapes) -> Shapes:
    """Snap outlines to a grid of 1 cm, all together.

    Neighbours then have the very same points on a common border. Where
    outlines overlap, the land is the first one's; gaps no wider than 5 cm go
    to the first of those that adjoin.

    Examples
    --------
    >>> west = shapely.from_wkt("POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0))")
    >>> east = shapely.from_wkt("POLYGON ((10.004 0, 20 0, 20 10, 10.003 10, 10.001 5, 10.004 0))")
    >>> left, right = snap_outlines(np.array([west, east]))
    >>> left.area + right.area, left.intersection(right).area
    (200.0, 0.0)
    >>> bool(shapely.coverage_is_valid([left, right]))
    True
    """
    if not len(shapes):
        return shapes
    # Noded all at once, every face lies in the same outlines throughout; whole faces
    # are then given to outlines, so that nothing is cut twice.
    lines = shapely.union_all(shapely.boundary(shapes), grid_size=GRID)
    faces = shapely.get_parts(shapely.polygonize([lines]))
    owner = _find_owners(faces, shapes)
    owned = owner >= 0
    order = np.flatnonzero(owned)[np.argsort(owner[owned], kind="stable")]
    starts = np.searchsorted(owner[order], np.arange(len(shapes) + 1))
    groups = [faces[order[a:b]] for a, b in pairwise(starts)]
    return np.array([shapely.coverage_union_all(group) for group in groups], dtype=object)


def _find_owners(faces: Shapes, shapes: Shapes) -> Ints:
    """Find which outline each face belongs to; -1 for land that is nobody's."""
    tree = shapely.STRtree(shapes)
    owner = np.full(len(faces), len(shapes), dtype=np.int64)
    face, holder = tree.query(shapely.point_on_surface(faces), predicate="within")
    # of several outlines the lowest number: the first one's land
    np.minimum.at(owner, face, holder)
    nobody = owner == len(shapes)
    # 2 A / P is the width of a long strip
    narrow = np.flatnonzero(nobody & (2 * shapely.area(faces) <= CREVICE * shapely.length(faces)))
    gap, beside = tree.query_nearest(faces[narrow], all_matches=True)
    np.minimum.at(owner, narrow[gap], beside)
    return cast("Ints", np.where(owner == len(shapes), -1, owner))
