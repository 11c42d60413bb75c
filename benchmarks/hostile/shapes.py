"""Shapes that no building or community has: none, broken, bent, huge, tangled, nested."""

import json
import sqlite3
from functools import cache, partial

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks.hostile.trial import Trial
from benchmarks.hostile.village import (
    CHECK,
    CRS,
    SOUTH,
    WEST,
    box,
    make_buildings,
    make_communities,
    place,
    rng_of,
)

PLAN = ("plan", "{}", "-o", "out", "--effort", "quick", "--workers", "1")
AUDIT = ("audit", "out")


def _ring(corners, radius=60.0, wobble=0.0, seed=0):
    """Make a ring of many corners; with wobble it crosses itself all over."""
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    away = radius * (1 - wobble * rng_of(seed).random(corners))
    if wobble:
        angle = rng_of(seed).permutation(angle)
    middle = np.array(place(60, 60))
    return middle + np.c_[np.cos(angle), np.sin(angle)] * away[:, None]


def _spiral(corners, turns):
    """Make a ring that winds round itself and cuts back through all its turns."""
    angle = np.linspace(0, 2 * np.pi * turns, corners)
    xy = (
        np.array(place(60, 60))
        + np.c_[np.cos(angle), np.sin(angle)] * np.linspace(5, 60, corners)[:, None]
    )
    return shapely.Polygon(xy)


def _nest(depth):
    """Put a collection into a collection, again and again."""
    shape = box(0, 0)
    for _ in range(depth):
        shape = shapely.GeometryCollection([shape])
    return shape


def _comb(teeth):
    """Make an outline of many thin teeth."""
    x = np.repeat(np.linspace(0, 100, teeth), 2)
    y = np.tile([0.0, 50.0, 50.0, 0.0], teeth // 2)
    return shapely.Polygon(np.array(place(0, 0)) + np.c_[x, y])


@cache
def list_shapes():
    """List hostile shapes by name."""
    with np.errstate(invalid="ignore"):
        return _list_shapes()


def _list_shapes():
    shell = box(0, 0, 40, 40)
    far = [place(500, 500), place(520, 500), place(520, 520)]
    inside = [place(10, 10), place(20, 10), place(20, 20)]
    at = np.array(place(0, 0))
    z = np.c_[shapely.get_coordinates(shell), np.arange(5.0)]
    nan, inf = float("nan"), float("inf")
    return {
        "none": None,
        "empty polygon": shapely.Polygon(),
        "empty collection": shapely.GeometryCollection(),
        "empty point": shapely.Point(),
        "not a number": shapely.Polygon([at, place(nan, 9), place(9, 9)]),
        "point of nan": shapely.Point(nan, nan),
        "infinite": shapely.Polygon([at, place(inf, 0), place(9, 9)]),
        "at 1e18": shapely.Polygon([[1e18, 1e18], [1e18 + 1e4, 1e18], [1e18, 1e18 + 1e4]]),
        "at 1e300": shapely.Polygon([[1e300, 0], [1e300, 1e300], [0, 1e300]]),
        "at -1e308": shapely.box(-1e308, -1e308, 1e308, 1e308),
        "tiny numbers": shapely.box(1e-320, 1e-320, 2e-320, 2e-320),
        "the whole globe": shapely.box(-2e7, -2e7, 2e7, 2e7),
        "3D": shapely.Polygon(z),
        "3D with nan": shapely.Polygon(np.where(z == 1.0, nan, z)),
        "self-crossing": shapely.Polygon([at, place(20, 20), place(20, 0), place(0, 20)]),
        "hole outside": shapely.Polygon(shell.exterior, [far]),
        "hole equal to shell": shapely.Polygon(shell.exterior, [shell.exterior.coords]),
        "hole in hole": shapely.Polygon(
            box(0, 0, 90, 90).exterior, [shell.exterior.coords, inside]
        ),
        "holes that overlap": shapely.Polygon(
            box(-5, -5, 90, 90).exterior, [shell.exterior.coords, box(20, 20, 40, 40).exterior]
        ),
        "4,000 holes": shapely.Polygon(
            box(0, 0, 400, 400).exterior,
            [box(3 + 6 * (n % 63), 3 + 6 * (n // 63), 2, 2).exterior for n in range(3_900)],
        ),
        "no extent": shapely.Polygon([at, at, at]),
        "on a line": shapely.Polygon([at, place(5, 0), place(10, 0)]),
        "sliver": shapely.Polygon([at, place(400, 0), place(400, 1e-9)]),
        "sliver of a millimetre": box(0, 0, 500, 0.001),
        "spike": shapely.Polygon([at, place(12, 0), place(1e5, 1e-3), place(12, 10), place(0, 10)]),
        "repeated corners": shapely.Polygon(np.repeat(shapely.get_coordinates(shell), 500, axis=0)),
        "point": shapely.Point(at),
        "many points": shapely.MultiPoint(at + rng_of(1).random((50, 2))),
        "line": shapely.LineString([at, place(50, 0)]),
        "ring as line": shapely.LinearRing(shell.exterior),
        "mixed collection": shapely.GeometryCollection([shell, shapely.Point(at)]),
        "collection of lines": shapely.GeometryCollection([shapely.LineString([at, at + 1])]),
        "nested 50 deep": _nest(50),
        "multipolygon that overlaps": shapely.MultiPolygon([shell, box(20, 20, 40, 40)]),
        "5,000 parts": shapely.MultiPolygon(
            [box(2 * (n % 70), 2 * (n // 70), 1, 1) for n in range(5_000)]
        ),
        "3,000 corners, tangled": shapely.Polygon(_ring(3_000, wobble=0.9)),
        "300 corners, tangled": shapely.Polygon(_ring(300, wobble=0.9)),
        "spiral of 3,000 corners": _spiral(3_000, 40),
        "50,000 corners": shapely.Polygon(_ring(50_000)),
        "1,000,000 corners": shapely.Polygon(_ring(1_000_000)),
        "comb of 4,000 teeth": _comb(4_000),
        "over all others": box(-50, -50, 900, 900),
    }


def _write(frame, path):
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".geojson":
        frame.to_crs(4326).to_file(path, driver="GeoJSON")
    elif path.suffix == ".csv":
        rows = pd.DataFrame(frame.drop(columns="geometry"))
        rows.assign(wkt=frame.geometry.to_wkt()).to_csv(path, index=False)
    else:
        # One kind of shape for the whole layer would refuse the others.
        frame.to_file(path, engine="pyogrio", geometry_type="Unknown")


def spoil_one(name, suffix, table, folder):
    """Give one row of a table a hostile shape."""
    frame = make_buildings() if table == "buildings" else make_communities()
    shapes = frame.geometry.to_numpy(copy=True)
    shapes[0] = list_shapes()[name]
    _write(frame.set_geometry(gpd.GeoSeries(shapes, crs=CRS)), folder / f"b{suffix}")
    if table == "communities":
        _write(make_buildings(), folder / "houses.gpkg")


def spoil_all(name, folder):
    """Give every row the same hostile shape."""
    frame = make_buildings()
    shape = list_shapes()[name]
    shapes = gpd.GeoSeries(np.array([shape] * len(frame), object), crs=CRS)
    _write(frame.set_geometry(shapes), folder / "b.parquet")


def double_many(copies, folder):
    """Write every house again and again at the same place."""
    frame = pd.concat([make_buildings()] * copies, ignore_index=True)
    frame["building"] = [f"B{n}" for n in range(len(frame))]
    _write(gpd.GeoDataFrame(frame, crs=CRS), folder / "b.parquet")


def scatter(seed, folder):
    """Spoil the corners of random houses in random ways."""
    rng = rng_of(seed)
    frame = make_buildings()
    shapes = frame.geometry.to_numpy(copy=True)
    hostile = [s for n, s in list_shapes().items() if "corners" not in n and "000" not in n]
    for row in rng.choice(len(frame), 8, replace=False):
        xy = shapely.get_coordinates(shapes[row]).copy()
        way = rng.integers(5)
        if way == 0:
            shapes[row] = hostile[rng.integers(len(hostile))]
            continue
        if way == 1:
            xy = rng.permutation(xy)
        if way == 2:
            xy += rng.normal(0, 10.0 ** rng.integers(-9, 3), xy.shape)
        if way == 3:
            xy[rng.integers(4)] *= rng.choice([0.0, -1.0, 1.0001, 1e3])
        if way == 4:
            xy = np.repeat(xy, rng.integers(1, 4), axis=0)[: rng.integers(4, 8)]
        shapes[row] = shapely.Polygon(xy)
    _write(frame.set_geometry(gpd.GeoSeries(shapes, crs=CRS)), folder / "b.parquet")


def write_collection(shapes, folder):
    """Write GeoJSON with shapes that no library would make."""
    features = [
        {"type": "Feature", "properties": {"households": 10}, "geometry": shape} for shape in shapes
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    (folder / "b.geojson").write_text(text)


def _square(lon, lat, size=1e-4):
    return [[lon, lat], [lon + size, lat], [lon + size, lat + size], [lon, lat + size], [lon, lat]]


RAW = {
    "coordinates of texts": {"type": "Polygon", "coordinates": [[["a", "b"], ["c", "d"], [0, 0]]]},
    "coordinates of null": {"type": "Polygon", "coordinates": None},
    "no coordinates": {"type": "Polygon"},
    "unknown kind": {"type": "Cube", "coordinates": [1, 2, 3]},
    "kind is a number": {"type": 7, "coordinates": [1, 2]},
    "open ring": {"type": "Polygon", "coordinates": [_square(118.18, 39.63)[:-1]]},
    "ring of two": {"type": "Polygon", "coordinates": [_square(118.18, 39.63)[:2]]},
    "ring of none": {"type": "Polygon", "coordinates": [[]]},
    "numbers without end": {"type": "Point", "coordinates": [10**400, 39.6]},
    "seven dimensions": {"type": "Point", "coordinates": [118.18, 39.63, 1, 2, 3, 4, 5]},
    "latitude of 96": {"type": "Polygon", "coordinates": [_square(118.18, 96)]},
    "across 180 E": {"type": "Polygon", "coordinates": [_square(179.99995, -16.8)]},
    "at the pole": {"type": "Polygon", "coordinates": [_square(118.18, 89.9999)]},
    "at 0, 0": {"type": "Polygon", "coordinates": [_square(0, 0)]},
    "collection within": {
        "type": "GeometryCollection",
        "geometries": [{"type": "Polygon", "coordinates": [_square(118.18, 39.63)]}],
    },
}


def write_raw(name, alone, folder):
    """Write one such shape, alone or among sound ones."""
    sound = [
        {"type": "Polygon", "coordinates": [_square(118.18 + n * 3e-4, 39.63)]} for n in range(9)
    ]
    write_collection([RAW[name]] if alone else [*sound, RAW[name]], folder)


def write_curve(folder):
    """Write a GeoPackage in which one shape is a curve, and one is no shape but noise."""
    path = folder / "b.gpkg"
    _write(make_buildings(), path)
    arc = b"\x01" + (8).to_bytes(4, "little") + (3).to_bytes(4, "little")
    arc += np.array([WEST, SOUTH, WEST + 10, SOUTH + 10, WEST + 20, SOUTH], "<f8").tobytes()
    curve = b"\x01" + (10).to_bytes(4, "little") + (1).to_bytes(4, "little") + arc
    head = b"GP\x00\x01" + (4548).to_bytes(4, "little")
    with sqlite3.connect(path) as file:
        for (trigger,) in file.execute("select name from sqlite_master where type = 'trigger'"):
            file.execute(f'drop trigger "{trigger}"')
        file.execute("update b set geom = ? where fid = 1", (head + curve,))
        file.execute("update b set geom = ? where fid = 2", (b"GP noise",))
        file.execute("update b set geom = ? where fid = 3", (head + b"\x01\xff\xff\xff\xff",))
        file.execute("update b set geom = 'text' where fid = 4")


def list_trials():
    """List all trials of shapes."""

    def check(kind, name, make, file, verbs=None, **more):
        verbs = verbs or (CHECK,)
        filled = tuple(tuple(word.format(file) for word in words) for words in verbs)
        return Trial(kind, name, make, filled, **more)

    names = list(list_shapes())
    both = (PLAN, AUDIT)
    yield from (
        check(
            "shapes",
            f"{n}, one row",
            partial(spoil_one, n, ".parquet", "buildings"),
            "b.parquet",
            None if number % 3 else both,
        )
        for number, n in enumerate(names)
    )
    yield from (
        check("shapes", f"{n}, all rows", partial(spoil_all, n), "b.parquet") for n in names
    )
    yield from (
        check("shapes", f"{n}, {s}", partial(spoil_one, n, s, "buildings"), f"b{s}")
        for s in (".gpkg", ".geojson", ".csv")
        for n in names[::5]
        if not (s == ".geojson" and ("1e" in n or "globe" in n))
    )
    limits = ("check", "houses.gpkg", "--communities", "b.parquet", "--ledger")
    with_limits = ("plan", "houses.gpkg", "--communities", "b.parquet", *PLAN[2:])
    yield from (
        check(
            "shapes",
            f"{n}, a community",
            partial(spoil_one, n, ".parquet", "communities"),
            "b.parquet",
            (limits,) if number % 3 else (with_limits, AUDIT),
        )
        for number, n in enumerate(names)
    )
    yield from (
        check(
            "shapes",
            f"{n}{' alone' if alone else ''}, GeoJSON",
            partial(write_raw, n, alone),
            "b.geojson",
        )
        for n in RAW
        for alone in (False, True)
    )
    yield check("shapes", "curves and noise in a GeoPackage", write_curve, "b.gpkg")
    yield check("shapes", "every house 50 times", partial(double_many, 50), "b.parquet")
    yield from (
        check(
            "shapes",
            f"random corners {seed}",
            partial(scatter, seed),
            "b.parquet",
            None if seed % 4 else both,
        )
        for seed in range(20)
    )
