"""The simulation of a city: prepared some communities at a time, run by subdistrict."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq

from gridplan.city.read_part import group_communities, open_tables, read_communities, read_manifest
from gridplan.engine.parallel_map import Progress, keep_silent, map_processes
from gridplan.people.counts import tally_counts
from gridplan.plan import ALL_TABLES
from gridplan.rules.all_rules import Rules
from gridplan.simulation.requests import Scenario, Simulated, measure_chances
from gridplan.simulation.requests.preparation import Prepared, join_parts, prepare_part
from gridplan.simulation.requests.scenarios import choose_scenarios
from gridplan.simulation.requests.service_system import refuse_unstaffed
from gridplan.simulation.requests.simulate_plan import run_scenarios
from gridplan.tables.conform import conform_table
from gridplan.tables.parquet import count_rows
from gridplan.walking.door_distances import clip_around
from gridplan.walking.network import build_network
from gridplan.walking.street_network import WalkingNetwork

AT_ONCE = 30_000  # buildings read at once
_ALONG = ("communities", "streets", "barriers", "openings")  # what streets are noded with
_NEEDED = frozenset(
    (
        "communities",
        "compounds",
        "buildings",
        "barriers",
        "openings",
        "places",
        "stairwells",
        "neighbours",
        "subgrids",
        "posts",
        "duties",
    )
)
_COUNTED = ("communities", "compounds", "counts")  # what volunteers are counted from


@dataclass(frozen=True)
class _Task:
    """Communities to prepare: the plan's folder, the first and last, and what for."""

    folder: str
    first: str
    last: str
    volunteers: Mapping[str, float]  # of those communities where they are known
    scenarios: Sequence[Scenario]
    rules: Mapping[str, Any]
    replications: int
    seed: int
    networks: str  # file of the walking networks of the whole city


def simulate_city(
    path: str | Path,
    scenarios: str | Path | Scenario | Sequence[Scenario] | None = None,
    rules: Rules | None = None,
    *,
    replications: int = 20,
    seed: int = 0,
    hourly: bool = False,
    workers: int | None = None,
    most: int = AT_ONCE,
    progress: Progress = keep_silent,
) -> Simulated:
    """Simulate requests and wishes on a staffed plan kept as a folder of GeoParquet.

    The plan is read some communities at a time, in processes, of which only
    posts, ways and draws are kept. Subdistricts are then simulated one after
    another, so their communities may have any codes. The tables are those of
    the plan read whole.

    Parameters
    ----------
    path
        The plan's folder.
    scenarios, rules, replications, seed, hourly
        As for :func:`gridplan.simulate`.
    workers
        Processes that read, then threads that simulate; one for each core if
        not given.
    most
        Most buildings that a process reads at once.
    progress
        Called with the stage, what is done and all of it.

    Raises
    ------
    PlanError
        If there is no such plan, it was never staffed or is a release, or
        something in it is missing or broken.
    RuleError
        If a scenario names what is not known.

    Examples
    --------
    >>> from gridplan.people.staffing.staff_plan import staff
    >>> from gridplan.storage import write_plan
    >>> from gridplan.synthetic import make_people_plan
    >>> with TemporaryDirectory() as place:
    ...     folder = write_plan(staff(make_people_plan()), Path(place) / "plan", format="parquet")
    ...     simulate_city(folder, Scenario("month", uncertain=False), replications=4, workers=1)
    Simulated(month; 4 replications)
    """
    folder = open_tables(path)
    manifest = read_manifest(folder)
    chosen = choose_scenarios(scenarios, replications)
    rules = rules or Rules.from_dict(manifest.get("rules") or {})
    refuse_unstaffed(manifest, *(_count_held(folder, table) for table in ("posts", "duties")))
    groups = group_communities(folder, most)
    progress("streets", 0, 1)
    # A count of the whole site is shared out over all communities, before they are parted.
    counted = _count_volunteers(folder)
    # In a file, so that no task has to carry the network of the whole city.
    with TemporaryDirectory() as place:
        networks = _keep_networks(folder, chosen, rules, Path(place) / "networks")
        tasks = [
            _Task(
                str(folder),
                first,
                last,
                counted[(counted.index >= first) & (counted.index <= last)].to_dict(),
                chosen,
                rules.to_dict(),
                replications,
                seed,
                networks,
            )
            for first, last, _ in groups
        ]
        sizes = [count for _, _, count in groups]
        parts = map_processes(
            _prepare, tasks, workers=workers, sizes=sizes, stage="reading", progress=progress
        )
    prepared = join_parts(parts, chosen, rules)
    del parts  # what is joined is all that is needed
    return run_scenarios(
        prepared,
        chosen,
        rules,
        replications=replications,
        seed=seed,
        hourly=hourly,
        workers=workers,
        progress=progress,
    )


def _count_held(folder: Path, table: str) -> int:
    """Count the rows of a table that may not be kept."""
    file = folder / f"{table}.parquet"
    return count_rows(file) if file.exists() else 0


def _count_volunteers(folder: Path) -> pd.Series[Any]:
    """Count volunteers by community where known; those of the whole site are shared out."""
    site = read_communities(folder, without=set(ALL_TABLES) - set(_COUNTED)).site
    volunteers = site.counts[site.counts["measure"] == "volunteers"]
    counted = volunteers.loc[volunteers["level"] == "building", "of"].unique()
    # Of millions of buildings only those that were counted are read.
    buildings = pq.read_table(
        folder / "buildings.parquet",
        columns=["building", "community"],
        filters=[("building", "in", counted)],
    )
    subgrids = pd.read_parquet(
        folder / "subgrids.parquet",
        columns=["community", "households"],
        filters=[("kind", "==", "residential")],
    )
    # The schema wants shapes, which no count looks at.
    named = gpd.GeoDataFrame(buildings.to_pandas(), geometry=[None] * len(buildings), crs=site.crs)
    site = site.replace(buildings=conform_table("buildings", named))
    households = subgrids.groupby("community")["households"].sum()
    return tally_counts(site, ["volunteers"], households).values["volunteers"].dropna()


def _keep_networks(folder: Path, scenarios: Sequence[Scenario], rules: Rules, file: Path) -> str:
    """Keep the whole city's walking network in a file; none where no streets are known."""
    networks = {}
    if count_rows(folder / "streets.parquet"):
        site = read_communities(folder, without=set(ALL_TABLES) - set(_ALONG)).site
        site = site.replace(buildings=_read_homes(folder, site.crs))
        # Scenarios with the same rules of walking share a network; a dict keeps their order.
        each_walking = (scenario.replace_rules(rules).walking for scenario in scenarios)
        for walking in dict.fromkeys(each_walking):
            networks[walking] = build_network(site, walking)[0]
    file.write_bytes(pickle.dumps(networks, protocol=pickle.HIGHEST_PROTOCOL))
    return str(file)


def _read_homes(folder: Path, crs: Any) -> gpd.GeoDataFrame:
    """Read where homes are, of which the pieces of the network that count depend."""
    homes = gpd.read_parquet(
        folder / "buildings.parquet",
        columns=["building", "households", "geometry"],
        filters=[("households", ">", 0)],
    )
    return conform_table("buildings", homes.set_crs(crs, allow_override=True))


def _prepare(task: _Task) -> Prepared:
    """Prepare the communities from the first to the last."""
    plan = read_communities(task.folder, task.first, task.last, without=set(ALL_TABLES) - _NEEDED)
    # The tally of the whole city stands as each community's own count.
    rows = [
        (code, "community", code, "volunteers", value) for code, value in task.volunteers.items()
    ]
    counts = pd.DataFrame(rows, columns=["count", "level", "of", "measure", "value"])
    plan = plan.replace(counts=conform_table("counts", counts))
    whole: dict[Any, WalkingNetwork] = pickle.loads(Path(task.networks).read_bytes())
    # Ways within these communities stay near them, so the rest of the network is dropped.
    networks = {
        walking: clip_around(network, plan.stairwells, walking)
        for walking, network in whole.items()
    }
    return prepare_part(
        plan, task.scenarios, Rules.from_dict(task.rules), task.replications, task.seed, networks
    )


def measure_city_chances(
    path: str | Path,
    rules: Rules | None = None,
    *,
    draws: int = 1000,
    seed: int = 0,
    workers: int | None = None,
    most: int = AT_ONCE,
    progress: Progress = keep_silent,
) -> pd.DataFrame:
    """Measure how likely sub-grids are within their bands, some communities at a time.

    Parameters
    ----------
    path
        The plan's folder.
    rules, draws, seed
        As for :func:`gridplan.measure_chances`.
    workers
        Processes; one for each core if not given.
    most
        Most buildings that a process reads at once.
    progress
        Called with the stage, the buildings done and all of them.

    Raises
    ------
    PlanError
        If there is no such plan, or something in it is missing or broken.
    """
    rules = rules or Rules.from_dict(read_manifest(path).get("rules") or {})
    groups = group_communities(path, most)
    tasks = [(str(path), first, last, rules.to_dict(), draws, seed) for first, last, _ in groups]
    sizes = [count for _, _, count in groups]
    chances = map_processes(
        _measure_part, tasks, workers=workers, sizes=sizes, stage="chances", progress=progress
    )
    return conform_table("chances", pd.concat(chances).sort_index())


def _measure_part(task: tuple[str, str, str, Any, int, int]) -> pd.DataFrame:
    """Measure the chances in the communities from the first to the last."""
    folder, first, last, rules, draws, seed = task
    # Chances are sampled by building, from the seed and its code, whatever it is read with.
    needed = {"communities", "buildings", "stairwells", "subgrids"}
    plan = read_communities(folder, first, last, without=set(ALL_TABLES) - needed)
    return measure_chances(plan, Rules.from_dict(rules), draws=draws, seed=seed)
