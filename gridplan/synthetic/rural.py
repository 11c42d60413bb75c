"""Villages of the synthetic town: courtyard houses along lanes, hamlets, sheds and paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gridplan.arrays import Bools, Floats, Ints, Shapes
from gridplan.synthetic.lattice import Lattice
from gridplan.synthetic.lots import LANE, YARD, draw_lanes, find_door, lay_out_lots, stamp_houses
from gridplan.synthetic.shapes import (
    CENTIMETRE,
    RECTANGLE,
    Sheets,
    inset,
    keep_inside,
    stamp,
    turn,
    turn_shape,
)
from gridplan.synthetic.terrain import ROADS, find_quad

HOUSE_LAND = 400.0  # m2 that a house takes with its share of the lanes
FIELD_RIM = 16.0  # m from the roads around a village's land to its first house
HAMLET_GAP = 120.0  # m between a hamlet and the village
# of a village household; Party members and over-sixties among residents
PERSONS = 2.6
MEMBERS = 0.05
ELDERS = 0.27


@dataclass(frozen=True)
class Cluster:
    """A village or hamlet: its houses, sheds, public buildings and lanes, all in place."""

    houses: Shapes
    sheds: Shapes
    public: Shapes
    lanes: list[Any]
    stems: list[tuple[Floats, Floats]]  # an end of a lane and the direction it points
    centre: Floats


def draw_rural(
    rng: np.random.Generator,
    lattice: Lattice,
    number: int,
    title: str,
    households: int,
    sheets: Sheets,
) -> None:
    """Draw a village of exactly so many households; for the parameters see ``draw_urban``."""
    quads = [find_quad(lattice, cell) for cell in lattice.quads[number]]
    parts = [
        p
        for p in shapely.get_parts(shapely.union_all([quad.shape for quad in quads]))
        if shapely.get_type_id(p) == 3
    ]
    # the village goes on the largest part; equal areas are ordered by place, not by chance
    parts.sort(key=lambda part: (-round(part.area), part.centroid.x, part.centroid.y))
    roads = [
        shapely.LineString(s)
        for q in quads
        for s, kind in zip(q.sides, q.kinds, strict=True)
        if kind in ROADS
    ]
    # crossings over the barriers around arrive here and need a path to the village
    landings = [
        q.landings[k]
        for q in quads
        for k in range(4)
        if q.kinds[k] in ("river", "railway", "stream")
    ]
    clusters, ways = _draw_clusters(rng, parts, roads, households)
    village = clusters[0]
    # where a cluster has room for fewer houses than wanted, some get two households below
    houses = np.concatenate([c.houses for c in clusters])
    lanes = [lane for c in clusters for lane in c.lanes]
    sheds = np.concatenate([c.sheds for c in clusters])
    walls = np.concatenate([houses, sheds, village.public])
    # each place is joined to what is reached already, so all lanes are one network
    reached = [*village.lanes, *ways, *roads]
    ends: list[tuple[Floats, list[Any]]] = [(c.centre, c.lanes) for c in clusters[1:]]
    ends += [(landing, []) for landing in landings]
    for point, lanes_there in ends:
        way = _connect(point, reached, walls, parts)
        ways += way
        reached += way + lanes_there
    sheets.add("streets", lanes, kind="residential", name="", bridge=False, tunnel=False)
    sheets.add("streets", ways, kind="path", name="", bridge=False, tunnel=False)
    _add_houses(rng, houses, households, sheets)
    _add_public(rng, village, title, sheets)
    taken = [shapely.buffer(_find_hull(c), 14.0, quad_segs=2) for c in clusters]
    taken += [shapely.buffer(way, 14.0, quad_segs=2) for way in ways]
    free = shapely.difference(
        shapely.union_all([inset(part, FIELD_RIM) for part in parts]), shapely.union_all(taken)
    )
    _add_sheds(rng, free, households, title, sheets)
    use = rng.choice(("shed", "garage", "farm_auxiliary"), len(sheds), p=(0.5, 0.3, 0.2))
    sheets.add("buildings", sheds, use=use, floors=1.0)


def _draw_clusters(
    rng: np.random.Generator, parts: list[Any], roads: list[Any], households: int
) -> tuple[list[Cluster], list[Any]]:
    """Draw the village, then its hamlets; returns them and the ways from the village to roads."""
    # hamlets of 5 to 15 households, taken from the village's number
    apart = [int(n) for n in rng.integers(5, 16, rng.integers(1, 4))] if households >= 120 else []
    village = _draw_village(rng, parts[0], households - sum(apart))
    clusters = [village]
    ways = _extend_stems(village, parts[0], roads)
    for wanted in apart:
        hamlet = _draw_hamlet(rng, parts, clusters, ways, wanted)
        if hamlet is not None:
            clusters.append(hamlet)
    return clusters, ways


def _draw_village(rng: np.random.Generator, part: Any, wanted: int) -> Cluster:
    """Draw the main village where there is most room on the largest part."""
    land = inset(part, FIELD_RIM)
    points = _throw_points(rng, land, 60)
    # farthest from the rim, but for some chance: villages are not exactly in the middle
    room = shapely.distance(shapely.boundary(land), points) * rng.uniform(0.7, 1.0, len(points))
    centre = shapely.get_coordinates(points[np.argmax(room)])[0]
    return _draw_cluster(rng, land, centre, wanted, public=True)


def _draw_hamlet(
    rng: np.random.Generator,
    parts: list[Any],
    clusters: list[Cluster],
    ways: list[Any],
    wanted: int,
) -> Cluster | None:
    """Draw a hamlet away from the village, its road and other hamlets; None without room."""
    taken = shapely.union_all(
        [shapely.buffer(_find_hull(c), HAMLET_GAP, quad_segs=4) for c in clusters]
        + [shapely.buffer(way, 60.0, quad_segs=2) for way in ways]
    )
    for land in [inset(part, 60.0) for part in rng.permutation(np.array(parts, dtype=object))]:
        free = inset(shapely.difference(land, taken), 0.0)
        if free.area > 2_500.0:
            centre = shapely.get_coordinates(_throw_points(rng, free, 1))[0]
            # thirty metres more land, since the centre may be at the very edge of what is free
            cluster = _draw_cluster(
                rng, inset(shapely.buffer(free, 30.0), 0.0), centre, wanted, public=False
            )
            return cluster if len(cluster.houses) else None
    return None


def _find_hull(cluster: Cluster) -> Any:
    """Find the land that a cluster covers: the convex hull of its houses and lanes."""
    shapes = np.array([*cluster.houses, *cluster.public, *cluster.lanes], dtype=object)
    return shapely.convex_hull(shapely.multipoints(shapely.get_coordinates(shapes)))


def _throw_points(rng: np.random.Generator, land: Any, count: int) -> Shapes:
    """Throw points at random that fall on the land; a point inside it where all miss."""
    west, south, east, north = land.bounds
    # thirty times as many as wanted in one go: the land fills a good part of its bounds
    points = shapely.points(rng.uniform((west, south), (east, north), (30 * count, 2)))
    hits = np.asarray(points)[keep_inside(land, points)][:count]
    return hits if len(hits) else np.array([shapely.point_on_surface(land)], dtype=object)


def _draw_cluster(
    rng: np.random.Generator, land: Any, centre: Floats, wanted: int, public: bool
) -> Cluster:
    """Draw houses in rows around a centre: the wanted number, or as many as there is room for."""
    angle = rng.normal(0.0, np.radians(5.0))
    turned = turn_shape(land, -angle)
    middle = turn(centre, -angle)
    yard = rng.uniform(*YARD)
    lane = rng.uniform(*LANE)
    flat = rng.uniform(0.75, 1.0)
    radius = np.sqrt(wanted * HOUSE_LAND / np.pi) * 1.1
    # The radius grows until there is room for a quarter more. Each try has a generator with the
    # same seed, so the lanes stay, and later chances do not depend on the number of tries.
    seed = int(rng.integers(1 << 62))
    for _ in range(12):
        lots = lay_out_lots(
            np.random.default_rng(seed),
            turned,
            middle,
            (radius / flat, radius * flat),
            yard,
            lane,
            public,
        )
        if len(lots.middle) >= 1.25 * wanted:
            break
        radius *= 1.12
    x, y = ((lots.middle - middle) / (1 / flat, flat)).T
    # the nearest lots are built on, but for some chance, so the rim is ragged
    far = np.hypot(x, y) * rng.uniform(0.92, 1.08, len(lots.middle))
    phase = rng.uniform(0, 2 * np.pi, 3)  # a village grows farther in some directions
    far *= 1 + sum(0.13 * np.sin(k * np.arctan2(y, x) + phase[k - 1]) for k in (1, 2, 3))
    kept = np.sort(np.argsort(far, kind="stable")[:wanted])
    lanes, stems = draw_lanes(lots, kept, lane)
    houses, sheds = stamp_houses(rng, lots.middle[kept], lots.width[kept], yard, angle)
    return Cluster(
        houses=houses,
        sheds=sheds,
        public=stamp(RECTANGLE, turn(lots.public[:, :2], angle), lots.public[:, 2:], angle),
        lanes=[turn_shape(line, angle) for line in lanes],
        stems=[(turn(end, angle), turn(way, angle)) for end, way in stems],
        centre=turn(find_door(lots, kept, lane), angle),
    )


def _extend_stems(village: Cluster, part: Any, roads: list[Any]) -> list[Any]:
    """Extend the main lanes of a village to the roads around its land: the two shortest ways."""
    extensions = []
    network = shapely.union_all(roads)
    for end, way in village.stems:
        # beginning a centimetre on, since the lane's own end may be on the rim
        ray = shapely.LineString([end + way * 0.01, end + way * 5_000.0])
        hit = shapely.shortest_line(shapely.Point(end), shapely.intersection(ray, part.exterior))
        if shapely.is_empty(hit) or shapely.get_num_coordinates(hit) < 2:
            continue
        last = shapely.get_coordinates(hit)[-1]
        # only to a road: the rim is also made of banks and field paths
        if network.distance(shapely.Point(last)) < 0.05:
            # a vertex every 60 m, for hamlets to join at
            steps = np.linspace(0, 1, int(np.hypot(*(last - end)) // 60) + 2)[:, None]
            extensions.append(shapely.LineString((end + (last - end) * steps).round(CENTIMETRE)))
    return sorted(extensions, key=lambda line: round(line.length, 3))[:2]


def _connect(point: Floats, lines: list[Any], walls: Shapes, parts: list[Any]) -> list[Any]:
    """Connect a point with the nearest corner of a street, past no house and within the land."""
    corners = shapely.get_coordinates(np.array(lines, dtype=object))
    gap = np.hypot(*(corners - point).T)
    order = np.argsort(gap, kind="stable")
    # a corner nearer than a metre is the point itself
    order = order[gap[order] > 1.0]
    part = next((p for p in parts if p.distance(shapely.Point(point)) < 0.05), parts[0])
    land = shapely.buffer(part, 0.1)
    tree = shapely.STRtree(walls)
    # one of the twelve nearest will nearly always do, so the others are tried only after them
    for some in (order[:12], order[12:400]):
        if len(some):
            ways = shapely.linestrings(
                np.stack([np.broadcast_to(point, (len(some), 2)), corners[some]], axis=1)
            )
            hit = ~shapely.covers(land, ways)
            hit[tree.query(ways, predicate="intersects")[0]] = True
            if not hit.all():
                return [ways[np.argmin(hit)]]
    return []


def _add_houses(rng: np.random.Generator, houses: Shapes, households: int, sheets: Sheets) -> None:
    """Add houses: one household in each, but for a few empty ones and as many with two."""
    whole, more = divmod(households, len(houses))
    lived = np.full(len(houses), whole)
    lived[rng.permutation(len(houses))[:more]] += 1
    # of a hundred houses two give their household to two others, so the sum stays exact
    if whole == 1:
        pairs = rng.permutation(len(houses))[: 2 * (len(houses) // 50)].reshape(2, -1)
        lived[pairs[0]] -= 1
        lived[pairs[1]] += 1
    floors = rng.choice((1.0, 2.0), len(houses), p=(0.8, 0.2))
    sheets.add(
        "buildings",
        houses,
        use="house",
        floors=floors,
        height=floors * 3.3,
        stairs=1.0,
        homes=lived,
        persons=PERSONS,
        members=MEMBERS,
        elders=ELDERS,
    )


def _add_public(rng: np.random.Generator, village: Cluster, title: str, sheets: Sheets) -> None:
    """Add the office of the village committee, and at times a school and a clinic."""
    office, school, clinic = village.public
    sheets.add("buildings", office, use="civic", floors=2.0, building_name="村委会")
    where = shapely.point_on_surface(office)
    sheets.add("places", where, kind="volunteer_post", name=title + "志愿服务站")
    sheets.add(
        "places",
        where,
        kind="service_centre",
        name=title + "党群服务站",
        floor_area=float(np.round(office.area * rng.uniform(0.7, 1.2))),
    )
    sheets.add("institutions", where, kind="organ", name=title + "村民委员会", size=12.0)
    if rng.uniform() < 0.45:
        sheets.add("buildings", school, use="school", floors=2.0)
        sheets.add(
            "places",
            shapely.point_on_surface(school),
            kind="school",
            name=title + "小学",
            floor_area=round(school.area * 2),
        )
        sheets.add(
            "institutions",
            shapely.point_on_surface(school),
            kind="school",
            name=title + "小学",
            size=18.0,
        )
    if rng.uniform() < 0.6:
        sheets.add("buildings", clinic, use="clinic", floors=1.0)
        sheets.add(
            "places",
            shapely.point_on_surface(clinic),
            kind="clinic",
            name=title + "卫生室",
            floor_area=round(clinic.area),
        )


def _add_sheds(
    rng: np.random.Generator, free: Any, households: int, title: str, sheets: Sheets
) -> None:
    """Add groups of sheds in the fields, and a workshop in one village of four."""
    groups = max(1, households // 40)
    if free.area < 5_000.0:
        return
    centres = shapely.get_coordinates(_throw_points(rng, free, groups))
    count = rng.integers(2, 6, len(centres))
    group = np.repeat(np.arange(len(centres)), count)
    number = np.arange(len(group)) - np.repeat(np.cumsum(count) - count, count)
    angle = rng.normal(0.0, 0.15, len(centres))
    size = np.column_stack(
        [rng.uniform(24.0, 55.0, len(centres)), rng.uniform(7.0, 10.0, len(centres))]
    )
    works = bool(rng.uniform() < 0.25)
    # in such a village the first group is the workshop, with larger halls
    size[0] = (46.0, 18.0) if works else size[0]
    step = number * (size[group, 1] + 4.0)
    middle = centres[group] + np.column_stack(
        [-np.sin(angle[group]) * step, np.cos(angle[group]) * step]
    )
    shapes = stamp(RECTANGLE, middle, size[group], angle[group])
    built = keep_inside(free, shapes) & ~_find_later_overlaps(shapes, group)
    works = works and bool(built[group == 0].any())
    use = np.where((group == 0) & works, "industrial", "farm_auxiliary")
    sheets.add("buildings", shapes[built], use=use[built], floors=1.0)
    if works:
        first = shapes[built & (group == 0)][0]
        sheets.add(
            "institutions",
            shapely.centroid(first),
            kind="enterprise",
            name=title + "农机厂",
            size=30.0,
        )


def _find_later_overlaps(shapes: Shapes, group: Ints) -> Bools:
    """Find the shapes that are too near one of an earlier group."""
    # sheds of one group are a fixed step apart and need no check
    late = np.zeros(len(shapes), bool)
    a, b = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=6.0)
    late[a[group[a] > group[b]]] = True
    return late
