"""Reach: distances on the walking network against networkx, osmnx and pandana."""

import importlib.util
import time

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely

from benchmarks.cases import CASES
from gridplan.land.stairwells import find_stairwells
from gridplan.planning.prepare import prepare_site
from gridplan.reading.read import read_site
from gridplan.rules.all_rules import Rules
from gridplan.site import SITE_TABLES, Site
from gridplan.tables.conform import make_empty
from gridplan.walking.detour import fit_detour
from gridplan.walking.door_access import reach_doors
from gridplan.walking.network import build_network
from gridplan.walking.network_distances import find_nearest, measure_paths

LIMIT = 1_000.0  # metres
# crossings along a side, metres, posts and doors of the made-up city
SIDE = 317
BLOCK = 80.0
POSTS = 700
DOORS = 50_000


def run():
    """Print seconds of one core, the largest difference from each peer, and the ratio of times."""
    print(f"\nReach: seconds of CPU; ways of at most {LIMIT:g} m; differences in metres")
    print(
        f"{'case':20}{'what':34}{'size':>22}{'seconds':>10}{'farthest off':>14}{'times slower':>14}"
    )
    if CASES["Liechtenstein 2015"]["source"].exists():
        measure_liechtenstein()
    else:
        print("left out: Liechtenstein, its data is not here")
    measure_city()


def measure_liechtenstein():
    """Measure from all doors of Liechtenstein to all places."""
    rules = Rules()
    site = prepare_site(read_site(CASES["Liechtenstein 2015"]["source"]), rules)
    doors, _ = find_stairwells(
        site.buildings, site.communities["kind"], rules.urban, rules.rural, rules.stairwells
    )
    network, access = measure_case("Liechtenstein 2015", site, doors, site.places)
    fitted, seconds = clock(fit_detour, network, access, doors, site)
    print_row(
        "Liechtenstein 2015",
        f"detour fitted: {fitted.factor:.3f}",
        f"{fitted.pairs:,} pairs",
        seconds,
    )


def measure_city():
    """Measure from 700 posts to 50,000 doors of a made-up city of 100,489 crossings."""
    rng = np.random.default_rng(1)
    crossing = np.stack(
        np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij"), axis=-1
    ).reshape(-1, 2)
    xy = 500_000 + BLOCK * crossing + rng.uniform(-15, 15, crossing.shape)
    number = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    # streets along both axes, of which a tenth is missing below
    ends = np.concatenate(
        [
            np.stack([number[:-1], number[1:]], -1).reshape(-1, 2),
            np.stack([number[:, :-1], number[:, 1:]], -1).reshape(-1, 2),
        ]
    )
    ends = ends[rng.random(len(ends)) > 0.1]
    codes = pd.Index([f"s{n:06d}" for n in range(len(ends))], name="street")
    data = {"kind": "residential", "name": "", "bridge": False, "tunnel": False}
    streets = gpd.GeoDataFrame(data, index=codes, geometry=shapely.linestrings(xy[ends]), crs=32650)
    site = Site(
        **({table: make_empty(table, 32650) for table in SITE_TABLES} | {"streets": streets})
    )
    spread = [500_000 + BLOCK * SIDE * rng.random((count, 2)) for count in (DOORS, POSTS)]
    doors, posts = (
        gpd.GeoDataFrame(
            geometry=shapely.points(places),
            index=pd.Index([f"{n:06d}" for n in range(len(places))], name="door"),
            crs=32650,
        )
        for places in spread
    )
    measure_case("100,000 nodes", site, doors, posts)


def measure_case(name, site, doors, posts):
    """Measure one case; returns its network and how its doors reach it."""
    (network, _), seconds = clock(build_network, site)
    print_row(name, "network", f"{len(network.x):,} nodes", seconds)
    (access, _), seconds = clock(reach_doors, network, doors, site)
    print_row(
        name,
        "doors to the streets",
        f"{access['snapped'].sum():,} of {len(access):,} doors",
        seconds,
    )
    compare_osmnx(name, network, doors, access, seconds)
    post, _ = reach_doors(network, posts, site)
    ways, seconds = clock(measure_paths, network, post, access, LIMIT)
    size = f"{len(post)} x {len(access):,}"
    print_row(name, "ways from posts to doors", size, seconds)
    _, near = clock(find_nearest, network, access, post, LIMIT)
    print_row(name, "nearest post of each door", size, near)
    table, slow = clock(measure_networkx, network, post)
    print_row(
        name,
        "the same by networkx",
        size,
        slow,
        compare(network, ways, table, post, access),
        slow / seconds,
    )
    if importlib.util.find_spec("pandana"):
        compare_pandana(name, network, post, seconds)
    else:
        print(f"{name:20}left out: pandana is not installed")
    return network, access


def measure_networkx(network, post):
    """Measure by networkx from the ends of each post's edge to all nodes within the limit."""
    kept = network.kept_edges
    graph = nx.Graph()
    graph.add_weighted_edges_from(
        zip(
            network.u[kept].tolist(),
            network.v[kept].tolist(),
            network.metres[kept].tolist(),
            strict=True,
        )
    )
    tables = []
    for edge, u, v, leg in post.loc[
        post["snapped"], ["edge", "metres_u", "metres_v", "leg"]
    ].itertuples(index=False):
        table = {}
        for node, start in ((network.u[edge], u + leg), (network.v[edge], v + leg)):
            for other, metres in nx.single_source_dijkstra_path_length(
                graph, node, cutoff=LIMIT
            ).items():
                table[other] = min(table.get(other, np.inf), metres + start)
        tables.append(table)
    return tables


def compare(network, ways, tables, post, access):
    """Compare with ways from networkx: the largest difference; a missing way is infinite."""
    worst = 0.0
    known = access["snapped"].to_numpy()
    edge = access["edge"].to_numpy()
    along = access[["metres_u", "metres_v"]].to_numpy()
    leg = access["leg"].to_numpy()
    for row, table in zip(np.flatnonzero(post["snapped"]), tables, strict=True):
        nodes = np.full(len(network.x), np.inf)
        nodes[list(table)] = list(table.values())
        metres = (
            np.minimum(nodes[network.u[edge]] + along[:, 0], nodes[network.v[edge]] + along[:, 1])
            + leg
        )
        this = post.iloc[row]
        # on one and the same edge, the way need not go by either of its ends
        direct = np.abs(along[:, 0] - this["metres_u"]) + leg + this["leg"]
        metres = np.where(
            known, np.where(edge == this["edge"], np.minimum(metres, direct), metres), np.inf
        )
        held = ways[[row], :].tocoo()
        within = metres <= LIMIT - 1e-6
        if not set(np.flatnonzero(within)) <= set(held.coords[1]):
            return np.inf
        worst = max(worst, float(np.abs(metres[held.coords[1]] - held.data).max(initial=0.0)))
    return worst


def compare_osmnx(name, network, doors, access, seconds):
    """Compare ways to the street with osmnx's nearest edges, which know no barriers."""
    import osmnx

    kept = network.kept_edges
    graph = nx.MultiGraph(crs="EPSG:32650")
    graph.add_nodes_from(
        (n, {"x": x, "y": y})
        for n, (x, y) in enumerate(zip(network.x.tolist(), network.y.tolist(), strict=True))
    )
    ends = zip(
        network.u[kept].tolist(),
        network.v[kept].tolist(),
        network.metres[kept].tolist(),
        strict=True,
    )
    graph.add_edges_from((u, v, {"length": metres}) for u, v, metres in ends)
    graph.remove_nodes_from(list(nx.isolates(graph)))
    graph = nx.MultiDiGraph(graph)
    xy = shapely.get_coordinates(doors.geometry.to_numpy())
    (_, off), slow = clock(
        lambda: osmnx.distance.nearest_edges(graph, xy[:, 0], xy[:, 1], return_dist=True)
    )
    same = access["snapped"].to_numpy() & (np.abs(access["leg"].to_numpy() - off) < 0.001)
    print_row(
        name,
        "nearest edges by osmnx",
        f"same for {same.sum():,} of {len(off):,}",
        slow,
        times=slow / seconds,
    )


def compare_pandana(name, network, post, seconds):
    """Compare with pandana: building, and the nodes within the limit of one end of each post."""
    import pandana

    kept = network.kept_edges
    used = np.unique(np.concatenate([network.u[kept], network.v[kept]]))
    ends = (pd.Series(nodes[kept]) for nodes in (network.u, network.v))
    places = (pd.Series(values[used], index=used) for values in (network.x, network.y))
    net, slow = clock(
        lambda: pandana.Network(
            *places, *ends, pd.DataFrame({"metres": network.metres[kept]}), twoway=True
        )
    )
    print_row(name, "pandana: building", f"{len(used):,} nodes", slow, times=slow / seconds)
    start = network.u[post.loc[post["snapped"], "edge"].to_numpy()]
    ranges, slow = clock(lambda: net.nodes_in_range(np.unique(start).tolist(), LIMIT))
    column = ranges.columns[-1]
    graph = nx.Graph()
    graph.add_weighted_edges_from(
        zip(
            network.u[kept].tolist(),
            network.v[kept].tolist(),
            network.metres[kept].tolist(),
            strict=True,
        )
    )
    worst = 0.0
    for node in np.unique(start)[:: max(1, len(start) // 20)]:
        right = nx.single_source_dijkstra_path_length(graph, node, cutoff=LIMIT)
        theirs = ranges[ranges["source"] == node].set_index("destination")[column]
        worst = max(
            worst, max(abs(theirs[n] - metres) for n, metres in right.items() if n in theirs.index)
        )
    print_row(
        name,
        "pandana: nodes within the limit",
        f"{len(np.unique(start))} nodes",
        slow,
        worst,
        slow / seconds,
    )


def clock(call, *args):
    """Call, and return what comes back with the seconds of CPU."""
    began = time.process_time()
    return call(*args), time.process_time() - began


def print_row(name, what, size, seconds, off=None, times=None):
    """Print one row."""
    more = f"{off:14.6f}" if off is not None else f"{'':14}"
    print(
        f"{name:20}{what:34}{size:>22}{seconds:10.2f}{more}"
        + (f"{times:14.1f}" if times is not None else "")
    )
