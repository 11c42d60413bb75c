"""One run of one peer: ``python peer_runs.py PEER PROBLEM.npz ANSWER.npz SEED SECONDS``.

It runs in an environment of its own and imports nothing of the project. The
problem holds xy, weights, pull, pairs, k, low, high and squared; the answer
holds the part of each point and the seconds of processor, without imports.
"""

import random
import resource
import sys
import time
import warnings

import numpy as np

CHAIN = 200  # steps of the ReCom chain, the best of which counts


def run_kmeans(case, seed):
    from sklearn.cluster import KMeans

    return lambda: KMeans(case["k"], n_init=10, random_state=seed).fit_predict(
        case["xy"], sample_weight=case["pull"]
    )


def run_constrained(case, seed):
    """Run it with limits on the number of points: those on weight, over a point's mean weight."""
    from k_means_constrained import KMeansConstrained

    n = len(case["weights"])
    k = case["k"]
    unit = case["weights"].mean()
    least = min(int(np.ceil(case["low"] / unit)), n // k)
    most = max(int(case["high"] / unit), -(-n // k))
    return lambda: KMeansConstrained(
        k, size_min=least, size_max=most, random_state=seed
    ).fit_predict(case["xy"])


def _open_table(case):
    import geopandas as gpd
    from libpysal.weights import W

    neighbours = {i: [] for i in range(len(case["xy"]))}
    for i, j in case["pairs"].tolist():
        neighbours[i].append(j)
        neighbours[j].append(i)
    x, y = case["xy"].T
    table = gpd.GeoDataFrame({"x": x, "y": y}, geometry=gpd.points_from_xy(x, y))
    return table, W(
        {i: sorted(set(beside)) for i, beside in neighbours.items()}, silence_warnings=True
    )


def run_region_kmeans(case, seed):
    from spopt.region import RegionKMeansHeuristic

    _, w = _open_table(case)
    return lambda: _solve(RegionKMeansHeuristic(case["xy"], case["k"], w, seed=seed))


def run_azp(case, seed):
    from spopt.region import AZP

    table, w = _open_table(case)
    return lambda: _solve(AZP(table, w, ["x", "y"], case["k"], random_state=seed))


def run_ward(case, seed):
    from spopt.region import WardSpatial

    table, w = _open_table(case)
    return lambda: _solve(WardSpatial(table, w, ["x", "y"], case["k"]))


def _solve(model):
    model.solve()
    return model.labels_


def run_metis(case, seed):
    import pymetis

    lists = [[] for _ in case["weights"]]
    for i, j in case["pairs"].tolist():
        lists[i].append(j)
        lists[j].append(i)
    options = pymetis.Options(seed=seed)
    weights = case["weights"].tolist()
    return lambda: pymetis.part_graph(
        case["k"], adjacency=lists, vweights=weights, contiguous=True, options=options
    )[1]


def _draw_tree(case, seed):
    import networkx as nx
    from gerrychain import Graph
    from gerrychain.tree import recursive_tree_part

    random.seed(seed)
    graph = nx.Graph()
    graph.add_nodes_from((i, {"w": int(w)}) for i, w in enumerate(case["weights"]))
    graph.add_edges_from(case["pairs"].tolist())
    graph = Graph.from_networkx(graph)
    even = case["weights"].sum() / case["k"]
    room = max(min(case["high"] / even - 1, 1 - case["low"] / even), 1e-9)
    return graph, even, room, lambda: recursive_tree_part(graph, range(case["k"]), even, "w", room)


def run_tree(case, seed):
    graph, _, _, draw = _draw_tree(case, seed)

    def solve():
        part_of = draw()
        return [part_of[i] for i in range(len(graph))]

    return solve


def run_recom(case, seed):
    from gerrychain import Partition
    from gerrychain.proposals import recom
    from gerrychain.updaters import Tally

    graph, even, room, draw = _draw_tree(case, seed)

    def solve():
        now = Partition(graph, draw(), {"w": Tally("w")})
        best = None
        least = np.inf
        for _ in range(CHAIN):
            part = np.array([now.assignment[i] for i in range(len(graph))])
            total = measure(case, part)
            if total < least:
                best = part
                least = total
            now = recom(now, "w", even, room, node_repeats=1)
        return best

    return solve


def measure(case, part):
    """Sum the ways of points to the best points of their parts."""
    total = 0.0
    for p in np.unique(part):
        inside = part == p
        ways = np.sqrt(((case["xy"][inside][:, None] - case["xy"][inside]) ** 2).sum(axis=2))
        total += float((case["pull"][inside] @ (ways**2 if case["squared"] else ways)).min())
    return total


PEERS = {
    "KMeans": run_kmeans,
    "k-means-constrained": run_constrained,
    "spopt RegionKMeans": run_region_kmeans,
    "spopt AZP": run_azp,
    "spopt Ward": run_ward,
    "METIS": run_metis,
    "GerryChain tree": run_tree,
    "GerryChain ReCom": run_recom,
}


def main(peer, problem, answer, seed, seconds):
    warnings.simplefilter("ignore")
    with np.load(problem) as file:
        case = {key: file[key][()] for key in file.files}
    case = {key: value if np.ndim(value) else int(value) for key, value in case.items()}
    random.seed(int(seed))
    np.random.seed(int(seed))  # peers draw from it
    solve = PEERS[peer](case, int(seed))
    began = time.process_time()
    resource.setrlimit(resource.RLIMIT_CPU, (int(began) + int(seconds) + 1,) * 2)
    part = np.asarray(solve())
    np.savez(
        answer, part=np.unique(part, return_inverse=True)[1], seconds=time.process_time() - began
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
