"""Estimates of households held against buildings whose dwellings are known.

Reads the sets in ``../shared/truth``; without them it says so and measures nothing.
``python -m benchmarks households --install`` sets up tobler, to compare with, in an
environment of its own under outputs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from threadpoolctl import threadpool_limits

from gridplan.land.communities import assign_communities
from gridplan.land.households import estimate_households
from gridplan.land.total_groups import group_by_totals
from gridplan.reading.zones import place_in_zones
from gridplan.rules.households import HouseholdRules
from gridplan.rules.simulation import SimulationRules
from gridplan.rules.site import SiteRules
from gridplan.simulation.requests.household_draws import draw_buildings
from gridplan.site import SITE_TABLES, Site
from gridplan.tables.conform import conform_table, make_empty

TRUTH = Path("../shared/truth")
DRAWS = 4
COUNTED = (0, 10, 30, 100)
CELL = 300.0  # m, side of a zone that is a community
ACROSS = 200.0  # m, side of a zone that crosses communities
STRIPS = 3  # communities of a set whose zones cross them
COVER = (0.85, 0.95)
RIVALS = ("by volume", "by area", "tobler")
HOME = Path(__file__).parents[1] / "outputs" / "tobler-venv"


def run(folder: Path = TRUTH, install: bool = False) -> bool:
    """Print the table of errors, cover and homes; return whether all covers are held."""
    if install:
        subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
        subprocess.run([str(HOME / "bin" / "python"), "-m", "pip", "install", "tobler"], check=True)
    if not folder.exists():
        print(f"the sets of {folder} are not here: nothing was measured")
        return True
    rows, across = [], []
    for name, buildings, profile, home_class in read_sets(folder):
        # the profile of the country, and that of a user who chose none
        for profile_name in dict.fromkeys(["china", profile]):
            rows += [
                {"set": name, "profile": profile_name, "known": known}
                | _measure(buildings, profile_name, known, home_class)
                for known in (*COUNTED, "zones")
            ]
            across.append(
                {"set": name, "profile": profile_name}
                | measure_across(buildings, profile_name, home_class)
            )
    table = pd.DataFrame(rows)
    with pd.option_context("display.width", 200, "display.max_rows", 500):
        print(table.round(2).to_string(index=False))
    held = table["cover"].between(*COVER)
    print(f"cover of 85 to 95 %: {len(held)} tried, {int(held.sum())} held")
    zones = table[table["known"] == "zones"]
    _print_rivals(zones)
    exact = _print_across(pd.DataFrame(across))
    _print_chances(folder)
    _print_city()
    return bool(held.all() and exact)


def _print_across(table: pd.DataFrame) -> bool:
    """Print how zones that cross communities do; return whether all their sums are exact."""
    print(f"zones of {ACROSS:g} m that cross communities, whose totals nobody knows")
    with pd.option_context("display.width", 200, "display.max_columns", 30):
        print(table.round(2).to_string(index=False))
    less = table["error"] <= table["by volume"] + 1e-9
    print(f"zones across: no more error than by volume: {len(less)} tried, {int(less.sum())} held")
    held = table["cover"].between(*COVER)
    print(f"zones across: cover of 85 to 95 %: {len(held)} tried, {int(held.sum())} held")
    tried, exact = int(table["sums"].sum()), int(table["exact"].sum())
    print(f"zones across: sums exact, in estimates and draws: {tried:,} tried, {exact:,} held")
    return tried == exact


def measure_across(buildings: gpd.GeoDataFrame, profile: str, home_class: str) -> dict[str, float]:
    """Measure a set whose zones cross its communities: scores, and sums of zones that are exact.

    Sums are tried in the estimates and in each of twenty draws.
    """
    none = np.zeros(len(buildings), bool)
    site = make_truth_site(buildings, "across", none)
    made = estimate_households(site, HouseholdRules(profile=profile)).buildings
    scores = _score(buildings, made, none, site, "across", home_class)
    wanted = site.zones["households"].to_numpy(float)
    number = site.zones.index.get_indexer(pd.Index(made["zone"]))
    # as a plan draws them: by the totals that its buildings are grouped by
    group = group_by_totals(site.replace(buildings=made)).number
    exact = tried = 0
    draws = draw_buildings(made, group, 20, 0, SimulationRules())
    for values in (made["households"].to_numpy(float), *draws):
        sums = np.bincount(number, values, minlength=len(wanted))
        exact += int((np.abs(sums - wanted) <= 1e-6).sum())
        tried += len(wanted)
    kept = ("bias", "error", "by volume", "by area", "constant", "cover", "score")
    return {"zones": len(wanted)} | {k: scores[k] for k in kept} | {"sums": tried, "exact": exact}


def _print_rivals(zones: pd.DataFrame) -> None:
    """Print the errors with zone totals beside those of other ways to share them out."""
    if find_tobler() is None:
        print("tobler is left out, it is not installed (python -m benchmarks households --install)")
        zones = zones.drop(columns="tobler")
    rivals = [name for name in RIVALS if name in zones]
    print(zones[["set", "profile", "error", *rivals]].round(3).to_string(index=False))
    for rival in rivals:
        less = zones["error"] <= zones[rival] + 1e-9
        print(f"with zone totals no more error than {rival}: {len(less)} tried, {less.sum()} held")


@cache
def find_tobler() -> str | None:
    """Find a Python that has tobler: that of its own environment, else this one, else none."""
    for python in (str(HOME / "bin" / "python"), sys.executable):
        try:
            done = subprocess.run([python, "-c", "import tobler"], capture_output=True, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return python
    return None


def _interpolate(shapes: Any, rows: Any, truth: Any, site: Site) -> Any:
    """Share the totals of zones out to the footprints that may be homes, by tobler."""
    python = find_tobler()
    out = np.full(len(truth), np.nan)
    if python is None:
        return out
    corner = site.buildings["community"].str.extract(r"z(-?\d+)_(-?\d+)").astype(float) * CELL
    totals = corner.assign(truth=truth).groupby([0, 1], as_index=False)["truth"].sum()
    x, y = totals[0].to_numpy(), totals[1].to_numpy()
    given = {
        "totals": totals["truth"].tolist(),
        "zones": [shape.hex() for shape in shapely.to_wkb(shapely.box(x, y, x + CELL, y + CELL))],
        "footprints": [shape.hex() for shape in shapely.to_wkb(shapes[rows])],
    }
    script = Path(__file__).with_name("tobler_peer.py")
    done = subprocess.run(
        [python, str(script)], input=json.dumps(given), capture_output=True, text=True, check=True
    )
    out[:] = 0.0
    out[rows] = json.loads(done.stdout)
    return out


def _print_city(buildings: int = 800_000) -> None:
    """Print the seconds of a made-up city, and whether rows and threads matter."""
    chance = np.random.default_rng(0)
    side = int(np.sqrt(buildings)) + 1
    number = np.arange(buildings)
    x, y = 30.0 * (number % side), 30.0 * (number // side)
    width, depth = chance.uniform(6, 60, buildings), chance.uniform(6, 16, buildings)
    frame = gpd.GeoDataFrame(
        {
            "building": [f"b{n:06d}" for n in number],
            "floors": chance.choice([np.nan, 1, 2, 6, 11, 18], buildings),
            "use": chance.choice(["", "house", "apartments", "school"], buildings),
            "community": [f"c{int(a // 600)}_{int(b // 600)}" for a, b in zip(x, y, strict=True)],
            "households_observed": np.where(chance.random(buildings) < 0.001, 2.0, np.nan),
        },
        geometry=shapely.box(x, y, x + width, y + depth),
        crs="EPSG:32650",
    )
    empty = Site(**{table: make_empty(table, "EPSG:32650") for table in SITE_TABLES})
    site = empty.replace(buildings=conform_table("buildings", frame))
    order = np.random.default_rng(1).permutation(buildings)
    first = None
    for workers, rows, name in (
        (1, slice(None), "in order"),
        (2, order, "shuffled"),
        (4, slice(None, None, -1), "reversed"),
    ):
        began, clock = time.process_time(), time.perf_counter()
        # the learning is scikit-learn's, whose threads are these
        with threadpool_limits(workers):
            some = site.replace(buildings=site.buildings.iloc[rows])
            made = estimate_households(some, HouseholdRules()).buildings
        seconds, passed = time.process_time() - began, time.perf_counter() - clock
        found = made.sort_index().drop(columns="geometry")
        first = found if first is None else first
        print(
            f"{buildings:,} buildings, rows {name}, {workers} workers: {seconds:.0f} s of "
            f"processor in {passed:.0f} s; as the first: {found.equals(first)}",
            flush=True,
        )


def read_sets(folder: Path) -> list[tuple[str, gpd.GeoDataFrame, str, str]]:
    """Read the sets with and without uses: name, buildings, profile, class of a home."""
    canary = gpd.read_file(folder / "canary_catastro.gpkg")
    decany = gpd.read_file(folder / "decany_ruian.gpkg").assign(use="")
    # a building of which no dwelling is recorded is no home
    decany["dwellings"] = decany["dwellings"].fillna(0.0)
    bishan = gpd.read_file(folder / "hdb_bishan_made_footprints.gpkg")
    sembawang = _make_sembawang(folder)
    lots = _make_lots(folder)
    return [
        ("canary, uses", canary, "spain", "house"),
        ("canary, no uses", canary.assign(use=""), "spain", "house"),
        ("decany, no uses", decany, "czechia", "house"),
        ("bishan, uses", bishan, "singapore", "block"),
        ("sembawang, uses", sembawang, "singapore", "block"),
        ("manhattan, uses", lots, "united_states", "block"),
        ("manhattan, no uses", lots.assign(use=""), "united_states", "block"),
    ]


def _make_sembawang(folder: Path) -> gpd.GeoDataFrame:
    """Make rectangles of the net area, as the set of Bishan does: the footprints are not real."""
    table = pd.read_csv(folder / "hdb_bishan_sembawang.csv")
    table = table[(table["town"] == "SEMBAWANG") & (table["dwellings"] > 0)]
    table = table[table["lng"].notna() & (table["net_floor_area_from_flat_mix_m2"] > 0)]
    area = table["net_floor_area_from_flat_mix_m2"] / 0.8 / (table["floors"] - 1).clip(lower=1)
    x, y = _project(table["lng"], table["lat"], "EPSG:4326", "EPSG:3414")
    table = table.assign(use="apartments", building=[f"s{n:03d}" for n in range(len(table))])
    return gpd.GeoDataFrame(table, geometry=_draw_blocks(x, y, area, 12.0), crs="EPSG:3414")


def _make_lots(folder: Path) -> gpd.GeoDataFrame:
    table = pd.read_csv(folder / "lower_manhattan_half.csv")
    area = table["BldgFront"] * table["BldgDepth"] * 0.3048**2
    table = table[(area > 0) & (table["NumFloors"] > 0)]
    use = (
        table["LandUse"]
        .map(
            {
                1: "house",
                2: "apartments",
                3: "apartments",
                4: "apartments",
                5: "office",
                6: "industrial",
                8: "public",
            }
        )
        .fillna("")
    )
    depth = (table["BldgDepth"] * 0.3048).to_numpy()
    shapes = _draw_blocks(
        table["x_utm18"].to_numpy(), table["y_utm18"].to_numpy(), area[table.index], depth
    )
    columns = {
        "building": table["BBL"].astype(str),
        "floors": table["NumFloors"],
        "use": use,
        "dwellings": table["UnitsRes"].astype(float),
    }
    return gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:32618").reset_index(drop=True)


def _project(x: Any, y: Any, source: str, target: str) -> tuple[Any, Any]:
    from pyproj import Transformer

    there = Transformer.from_crs(source, target, always_xy=True).transform(x, y)
    return there[0], there[1]


def _draw_blocks(x: Any, y: Any, area: Any, depth: Any) -> Any:
    width = np.asarray(area, float) / depth
    return shapely.box(x - width / 2, y - depth / 2, x + width / 2, y + depth / 2)


def make_truth_site(buildings: gpd.GeoDataFrame, zones: bool | str, counted: Any) -> Site:
    """Make a site of a set: some buildings counted, or totals of square zones known.

    Zones are the communities, or lie ``across`` communities that are strips of the set.
    """
    if zones == "across":
        return _lay_across(buildings, make_truth_site(buildings, False, counted))
    crs = buildings.crs
    truth = buildings["dwellings"].to_numpy(float)
    middle = shapely.centroid(buildings.geometry.to_numpy())
    cell = [f"z{int(shapely.get_x(m) // CELL)}_{int(shapely.get_y(m) // CELL)}" for m in middle]
    frame = buildings[["building", "floors", "use", "geometry"]].assign(
        households_observed=np.where(counted, truth, np.nan),
        community=cell if zones else "all",
    )
    totals = pd.Series(truth).groupby(frame["community"].to_numpy()).sum()
    shape = shapely.box(*buildings.total_bounds)
    communities = gpd.GeoDataFrame(
        {"community": totals.index, "households": totals.to_numpy() if zones else np.nan},
        geometry=[shape] * len(totals),
        crs=crs,
    )
    site = Site(**{table: make_empty(table, str(crs)) for table in SITE_TABLES})
    tables = {"buildings": frame, "communities": communities}
    return site.replace(**{name: conform_table(name, made) for name, made in tables.items()})


def _lay_across(buildings: gpd.GeoDataFrame, site: Site) -> Site:
    """Cut a set to strips as communities, and to squares as zones with their true totals."""
    west, south, east, north = buildings.total_bounds
    edges = np.quantile(
        shapely.get_x(shapely.centroid(buildings.geometry.to_numpy())), [1 / 3, 2 / 3]
    )
    strips = gpd.GeoDataFrame(
        {"community": [f"c{n}" for n in range(STRIPS)]},
        geometry=shapely.box([west, *edges], south, [*edges, east], north),
        crs=buildings.crs,
    )
    x, y = (np.arange(low, high, ACROSS) for low, high in ((west, east), (south, north)))
    columns, rows = (axis.ravel() for axis in np.meshgrid(x, y))
    squares = gpd.GeoDataFrame(
        {"zone": [f"z{n:04d}" for n in range(len(columns))], "households": 0.0},
        geometry=shapely.box(columns, rows, columns + ACROSS, rows + ACROSS),
        crs=buildings.crs,
    )
    tables = {"communities": strips, "zones": squares}
    site = site.replace(**{name: conform_table(name, made) for name, made in tables.items()})
    site = assign_communities(site, SiteRules())
    placed = place_in_zones(site.buildings, site.zones)[0]
    truth = pd.Series(buildings["dwellings"].to_numpy(float), buildings["building"].astype(str))
    sums = truth.groupby(placed["zone"].reindex(truth.index).to_numpy()).sum()
    known = site.zones[site.zones.index.isin(sums.index)]
    return site.replace(buildings=placed, zones=known.assign(households=sums.reindex(known.index)))


def draw_counted(buildings: gpd.GeoDataFrame, number: int, draw: int) -> Any:
    counted = np.zeros(len(buildings), bool)
    rows = np.random.default_rng(draw).permutation(len(buildings))[:number]
    counted[rows] = True
    return counted


def _measure(
    buildings: gpd.GeoDataFrame, profile: str, known: Any, home_class: str
) -> dict[str, float]:
    """Measure one case: means over draws of which buildings are counted."""
    draws = range(DRAWS if known in COUNTED and known else 1)
    found = []
    for draw in draws:
        zones = known == "zones"
        counted = draw_counted(buildings, 0 if zones else known, draw)
        site = make_truth_site(buildings, zones, counted)
        made = estimate_households(site, HouseholdRules(profile=profile)).buildings
        found.append(_score(buildings, made, counted, site, zones, home_class))
    return dict(pd.DataFrame(found).mean())


def _score(
    buildings: gpd.GeoDataFrame,
    made: pd.DataFrame,
    counted: Any,
    site: Site,
    zones: bool | str,
    home_class: str,
) -> dict[str, float]:
    open_ = ~counted
    truth = buildings["dwellings"].to_numpy(float)
    guess, low, high = (
        made[name].to_numpy(float) for name in ("households", "households_low", "households_high")
    )
    total = max(truth[open_].sum(), 1.0)
    is_home, said = truth[open_] > 0, guess[open_] > 0
    miss = np.maximum(low - truth, 0.0) + np.maximum(truth - high, 0.0)
    score = (high - low) + 2.0 / 0.1 * miss
    volume = buildings.area.to_numpy() * buildings["floors"].fillna(1.5).to_numpy()
    volume = np.where(made["home_chance"] > 0, volume, 0.0)
    ratio = _share(volume, truth, counted, site, zones)
    constant = _share((made["home_chance"] > 0.5).to_numpy(float), truth, counted, site, zones)
    # what areal interpolation of zones to footprints comes to, as tobler does it
    area = _share(np.where(volume > 0, buildings.area.to_numpy(), 0.0), truth, counted, site, zones)
    tobler = np.full(len(truth), np.nan)
    if zones:
        tobler = _interpolate(buildings.geometry.to_numpy(), volume > 0, truth, site)
    poisson = _regress(buildings, volume, truth, counted)
    return {
        "bias": guess[open_].sum() / total - 1.0,
        "error": np.abs(guess - truth)[open_].sum() / total,
        "by volume": np.abs(ratio - truth)[open_].sum() / total,
        "by area": np.abs(area - truth)[open_].sum() / total,
        "tobler": np.abs(tobler - truth)[open_].sum() / total,
        "poisson": np.abs(poisson - truth)[open_].sum() / total,
        "constant": np.abs(constant - truth)[open_].sum() / total,
        "cover": ((truth >= low) & (truth <= high))[open_].mean(),
        "score": score[open_].mean(),
        "precision": (is_home & said).sum() / max(said.sum(), 1),
        "recall": (is_home & said).sum() / max(is_home.sum(), 1),
        "homes": said.sum() / max(is_home.sum(), 1) - 1.0,
    }


def _regress(buildings: gpd.GeoDataFrame, volume: Any, truth: Any, counted: Any) -> Any:
    """Fit Poisson regression to the counted buildings; NaN where nothing was counted."""
    from sklearn.linear_model import PoissonRegressor

    rows = counted & (volume > 0)
    if rows.sum() < 5:
        return np.full(len(truth), np.nan)
    floors = buildings["floors"].fillna(1.5).to_numpy(float)
    features = np.column_stack([np.log(np.maximum(volume, 1.0)), np.log(np.maximum(floors, 1.0))])
    fitted = PoissonRegressor(alpha=1e-3, max_iter=1000).fit(features[rows], truth[rows])
    return np.where(volume > 0, fitted.predict(features), 0.0)


def _share(weight: Any, truth: Any, counted: Any, site: Site, zones: bool | str) -> Any:
    """Share households in proportion to a weight: by zone, else by the ratio of the counted.

    With nothing counted the ratio is that of the whole set, which no user has.
    """
    column = "zone" if zones == "across" else "community"
    zone = site.buildings[column].to_numpy() if zones else np.zeros(len(truth))
    rows = pd.DataFrame({"zone": zone, "weight": weight, "truth": truth})
    if counted.any():
        ratio = truth[counted].sum() / max(weight[counted].sum(), 1e-9)
        return weight * ratio
    sums = rows.groupby("zone")[["weight", "truth"]].transform("sum")
    return (rows["weight"] * sums["truth"] / sums["weight"].clip(lower=1e-9)).to_numpy()


def _print_chances(folder: Path) -> None:
    """Print the chance claimed that a group is within a fifth of its estimate, and the true share.

    A group is a block, or houses beside one another of about 30 households.
    """
    claimed, true = [], []
    for _, buildings, profile, home_class in read_sets(folder):
        for known in (0, 30):
            for draw in range(DRAWS if known else 1):
                counted = draw_counted(buildings, known, draw)
                site = make_truth_site(buildings, False, counted)
                made = estimate_households(site, HouseholdRules(profile=profile)).buildings
                chance, share = _hold_groups(made, buildings, counted, home_class)
                claimed.append(chance)
                true.append(share)
    chance, held = np.concatenate(claimed), np.concatenate(true)
    tenth = np.minimum((chance * 10).astype(int), 9)
    rows = pd.DataFrame({"tenth": tenth, "claimed": chance, "true": held})
    table = rows.groupby("tenth").agg(
        groups=("true", "size"), claimed=("claimed", "mean"), true=("true", "mean")
    )
    print(table.round(3).to_string())
    full = table[table["groups"] >= 100]
    near = (full["claimed"] - full["true"]).abs() <= 0.1
    print(f"claimed within 0.1 of true, tenths of 100 groups: {len(full)} tried, {near.sum()} held")


def _hold_groups(
    made: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, counted: Any, home_class: str
) -> tuple[Any, Any]:
    """Find the claimed chance of each group, and whether the truth is in its band."""
    truth = buildings["dwellings"].to_numpy(float)
    guess = made["households"].to_numpy(float)
    middle = buildings.geometry.centroid
    # strips of 100 m, along which houses follow one another
    order = np.lexsort((middle.y, middle.x // 100))
    order = order[~counted[order] & ((guess[order] > 0) | (home_class == "house"))]
    if home_class == "house":
        group = (np.cumsum(guess[order]) // 30).astype(int)
    else:
        group = np.arange(len(order))
    size = int(group.max()) + 1
    none = np.full(len(made), -1)
    sums = np.array(
        [
            np.bincount(group, drawn[order], minlength=size)
            for drawn in draw_buildings(made, none, 400, 0, SimulationRules())
        ]
    )
    middle_of = np.bincount(group, guess[order], minlength=size)
    real = np.bincount(group, truth[order], minlength=size)
    low, high = np.floor(middle_of * 0.8), np.ceil(middle_of * 1.2)
    drawn = np.floor(sums + 0.5)
    return ((drawn >= low) & (drawn <= high)).mean(axis=0), (real >= low) & (real <= high)
