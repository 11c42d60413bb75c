"""Rules on the ranges of sub-grids: what the estimates of their buildings leave open, again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from scipy.special import gammainc

from gridplan.arrays import Bools, Floats, Ints
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import Reporter
from gridplan.auditing.totals_again import find_totals

LOW, HIGH = 0.05, 0.95
ODDS = 0.7  # spread between places of the log odds of homes
SLACK = 2e-3  # of a chance, as two ways of adding it up differ
NONE = 1e-9


def check_ranges(evidence: Evidence) -> pd.DataFrame:
    """Check the range, chances and shared error of each sub-grid against its buildings.

    Source: gridplan's schema: the mean and variance of a sub-grid are those of
    its buildings, whose errors are alike by the rules error_shared and
    error_near, less what a known total settles.
    """
    e = evidence
    stated = e.subgrids["chance_in_band"].to_numpy(float)
    rows = e.subgrids
    again = "draw the plan again"
    reporter = Reporter("estimates", "subgrids", rows, remedy=again, subgrid=rows.index)
    # where the row's households are wrong, the rule on sums says so
    given = ~np.isnan(stated) & (rows["households"].to_numpy() == e.held)
    if not given.any():
        return reporter.error(np.zeros(len(stated), bool), "")
    return reporter.error(
        given & ~_fit(e), "whose range or chances are not those of its buildings' households"
    )


def _fit(e: Evidence) -> Bools:
    rows = e.subgrids
    cases = find_cases(e)
    low, high = (rows[name].to_numpy(float) for name in ("households_low", "households_high"))
    held = np.asarray(e.held, float)
    chance, above, shared = (
        rows[name].to_numpy(float) for name in ("chance_in_band", "chance_above", "error_shared")
    )
    # the band as it is stated: whether it is the right one is judged with the figures
    up_to = cumulate(rows["high"].to_numpy(float), cases)
    below = cumulate(rows["low"].to_numpy(float) - 1.0, cases)
    fits = (np.abs(chance - (up_to - below)) <= SLACK) & (np.abs(above - (1 - up_to)) <= SLACK)
    fits &= (low <= held) & (held <= high)
    for level, end in ((LOW, low), (HIGH, high)):
        reached = cumulate(end, cases) >= level - SLACK
        first = cumulate(end - 1.0, cases) < level + SLACK
        fits &= (reached | (end == held)) & (first | (end == held))
    fits &= np.abs(shared - cases["shared"]) <= SLACK
    nobody = (chance == 1) & (above == 0) & (low == 0) & (high == 0)
    return np.asarray(np.where(e.residential, fits, nobody))


def cumulate(number: Floats, cases: dict[str, Floats]) -> Floats:
    """Find the chance of at most so many households, over both cases of the doubtful building."""
    chance, size, own, mean, variance, sure, first = (
        cases[name] for name in ("chance", "size", "own", "mean", "variance", "sure", "first")
    )
    doubt = chance * (1 - chance) * size**2
    home = (mean + (1 - chance) * size, variance - doubt, sure + np.minimum(first, size))
    none = (np.maximum(mean - chance * size, sure), variance - own, sure)
    return chance * _reach(number, *home) + (1 - chance) * _reach(number, *none)


def _reach(number: Floats, mean: Floats, variance: Floats, sure: Floats) -> Floats:
    beyond, wide = mean - sure, np.maximum(variance, 0.0)
    fixed = (wide <= NONE) | (beyond <= NONE)
    safe, spread = np.where(fixed, 1.0, beyond), np.where(fixed, 1.0, wide)
    place = np.maximum(number + 0.5 - sure, 0.0)
    chance = gammainc(safe**2 / spread, place * safe / spread)
    return np.asarray(np.where(fixed, mean < number + 0.5, chance))


def find_cases(e: Evidence, of_communities: bool = False) -> dict[str, Floats]:
    """Add up the moments of each sub-grid, or community, from its buildings."""
    count = len(e.communities) if of_communities else len(e.subgrids)
    held = _share_buildings(e)
    if of_communities:
        held["part"] = e.lies_in[held["part"].to_numpy(np.int64)]
        held = held[held["part"] >= 0].groupby(["part", "home"], as_index=False)["share"].sum()
    part, home = held["part"].to_numpy(np.int64), held["home"].to_numpy(np.int64)
    share = held["share"].to_numpy(float)
    b = _describe(e.buildings)
    rules = e.rules.simulation
    near = min(rules.error_near, 1.0 - rules.error_shared)
    deviation = share * np.sqrt(b["variance"] * b["alike"])[home]
    middle = shapely.centroid(e.buildings.geometry.to_numpy()[home])
    xy = np.column_stack([shapely.get_x(middle), shapely.get_y(middle)])
    alone = (b["variance"] * (1 - b["alike"] * (rules.error_shared + near)))[home]
    stray = (e.home < 0) & (e.part >= 0)
    place = e.lies_in[e.part[stray]] if of_communities else e.part[stray]
    strays = np.bincount(np.maximum(place, 0), e.weight[stray] * (place >= 0), minlength=count)
    sums = {
        name: np.bincount(part, share * b[name][home], minlength=count) for name in ("mean", "sure")
    }
    pairs = _Pairs(part, deviation, share * alone, share**2 * alone, share * b["free"][home], xy)
    of = e.take(find_totals).of[home]
    variance, loading = _add_variance(e, pairs, of, (count, of_communities))
    shared = rules.error_shared * loading**2 / np.maximum(variance, NONE)
    return {
        "mean": sums["mean"] + strays,
        "sure": sums["sure"] + strays,
        "variance": variance,
        "shared": np.where(variance > NONE, np.clip(shared, 0, 1), 0.0),
        **_find_doubt(part, home, share, b, count),
    }


def _describe(table: Any) -> dict[str, Floats]:
    """Find mean, variance and what can be alike of each building's households."""
    held, low, high, chance, mean, spread = (
        table[name].to_numpy(float)
        for name in (
            *("households", "households_low", "households_high"),
            *("home_chance", "households_mean", "households_spread"),
        )
    )
    by_hand = np.isnan(mean)
    known = np.where(by_hand, high <= low, (spread == 0) & np.isin(chance, [0.0, 1.0]))
    rest = np.maximum(held - 1, NONE)
    by_range = np.sqrt(np.maximum((np.maximum(high - low, 0) / 3.29) ** 2 - rest, 0)) / rest
    mean = np.where(by_hand | known, held, mean)
    chance = np.where(by_hand, np.minimum(held, 1), chance)
    spread = np.where(by_hand, np.minimum(by_range, 3.0), spread)
    size = mean / np.where(chance > 0, chance, 1)
    beyond = np.maximum(size - 1, 0)
    doubt = chance * (1 - chance)
    whole = chance * (beyond + (beyond * spread) ** 2) + doubt * size**2
    alike = chance * (beyond * spread) ** 2 + (ODDS * doubt * size) ** 2
    share = np.where(by_hand, 1.0, np.clip(alike / np.where(whole > 0, whole, 1), 0, 1))
    certain = np.where(known, mean, np.where(chance >= 1, np.minimum(1.0, mean), 0.0))
    return {
        "chance": chance,
        "size": size,
        "mean": mean,
        "variance": np.where(known, 0.0, whole),
        "alike": share,
        "sure": certain,
        "free": np.where(known, 0.0, mean),
        "doubt": np.where(known, 0.0, doubt * size**2),
    }


def _share_buildings(e: Evidence) -> pd.DataFrame:
    """Find what share of each building each residential sub-grid holds, by row numbers."""
    seen = (e.part >= 0) & (e.home >= 0)
    seen[seen] = e.residential[e.part[seen]]
    held = e.buildings["households"].to_numpy(float)
    share = e.weight[seen] / np.maximum(held[e.home[seen]], NONE)
    doors = pd.DataFrame({"part": e.part[seen], "home": e.home[seen], "share": share})
    doors = doors.groupby(["part", "home"], as_index=False)["share"].sum()
    # what was taken for no home, but may be one, is where it stands
    idle = (e.buildings["households_mean"].fillna(0).to_numpy() > 0) & (held == 0)
    idle[e.home[e.home >= 0]] = False
    return pd.concat([doors, _place(e, np.flatnonzero(idle)).assign(share=1.0)])


def _place(e: Evidence, homes: Ints) -> pd.DataFrame:
    rows = e.subgrids
    code = rows.index.to_numpy(object)
    carer = np.where(e.residential, code, rows["responsible"].to_numpy(object))
    carer = np.where((rows["kind"] == "exclusive").to_numpy(), "", carer)
    column = rows.index.get_indexer(pd.Index(carer))
    middle = shapely.centroid(e.buildings.geometry.to_numpy()[homes])
    land, point = shapely.STRtree(middle).query(rows.geometry.to_numpy(), predicate="intersects")
    of = e.buildings["community"].to_numpy(object)[homes][point]
    fits = (rows["community"].to_numpy(object)[land] == of) & (column[land] >= 0)
    pairs = pd.DataFrame({"part": column[land[fits]], "home": homes[point[fits]]})
    pairs = pairs.sort_values(["home", "part"]).drop_duplicates("home")
    return pairs.astype("int64")


def _fade(xy: Floats, reach: float) -> Floats:
    from scipy.spatial.distance import cdist

    return np.asarray(np.exp(-cdist(xy, xy, "sqeuclidean") / (2.0 * reach**2)))


@dataclass(frozen=True)
class _Pairs:
    """Pairs of sub-grid and building: deviation that can be alike, variance that cannot, place.

    ``alone`` is the variance with a sum of all, ``own`` that of the part, and
    ``free`` the households that vary.
    """

    part: Ints
    deviation: Floats
    alone: Floats
    own: Floats
    free: Floats
    xy: Floats

    def take(self, rows: Ints) -> _Pairs:
        """Take some of the pairs."""
        return _Pairs(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def _add_variance(
    e: Evidence, pairs: _Pairs, of: Any, size: tuple[int, bool]
) -> tuple[Floats, Floats]:
    """Add up variance and alike deviation of each part, less what each known total settles.

    ``size`` is how many parts there are, and whether each has too many buildings for a matrix.
    """
    count, many = size
    variance, loading = np.zeros(count), np.zeros(count)
    rows_of: dict[Any, list[int]] = {}
    for n, name in enumerate(of):
        rows_of.setdefault(name, []).append(n)
    for name, rows in rows_of.items():
        here = pairs.take(np.array(rows, np.int64))
        wide, mass = _measure(e, here, count, many)
        if name is not None:
            wide, mass = _settle(e, here, wide, mass)
        variance += wide
        loading += mass
    return variance, loading


def _measure(e: Evidence, pairs: _Pairs, count: int, many: bool) -> tuple[Floats, Floats]:
    rules = e.rules.simulation
    near = min(rules.error_near, 1.0 - rules.error_shared)
    mass = np.bincount(pairs.part, pairs.deviation, minlength=count)
    variance = np.bincount(pairs.part, pairs.own, minlength=count) + rules.error_shared * mass**2
    for code, members in pd.Series(pairs.part).groupby(pairs.part).indices.items():
        deviation = pairs.deviation[members]
        if deviation.any():
            xy = pairs.xy[members]
            # of a community there are too many for a matrix
            around = (
                _sum_around(xy, deviation, rules.error_reach)
                if many
                else _fade(xy, rules.error_reach) @ deviation
            )
            variance[code] += near * (deviation @ around)
    return np.asarray(variance, float), np.asarray(mass, float)


def _settle(e: Evidence, pairs: _Pairs, wide: Floats, mass: Floats) -> tuple[Floats, Floats]:
    """Take off the variance that one known total settles."""
    total = pairs.free.sum()
    if total <= 0:
        return wide, mass
    rules = e.rules.simulation
    near = min(rules.error_near, 1.0 - rules.error_shared)
    around = _sum_around(pairs.xy, pairs.deviation, rules.error_reach)
    alike = rules.error_shared * pairs.deviation.sum() + near * around
    with_sum = pairs.alone + pairs.deviation * alike
    each = np.bincount(pairs.part, with_sum, minlength=len(wide))
    part = np.bincount(pairs.part, pairs.free, minlength=len(wide)) / total
    left = np.maximum(wide - 2 * part * each + part**2 * with_sum.sum(), 0.0)
    left = left * (1.0 + 3.0 * with_sum.sum() / total**2)
    left = np.where(part > 1.0 - NONE, 0.0, left)
    return left, mass - part * pairs.deviation.sum()


def _sum_around(xy: Floats, mass: Floats, reach: float) -> Floats:
    """Sum what lies around each building, by squares of a third of the reach."""
    squares, of = np.unique(np.floor(xy / (reach / 3.0)), axis=0, return_inverse=True)
    weight = np.bincount(of.ravel(), mass, minlength=len(squares))
    middle = [np.bincount(of.ravel(), mass * axis, minlength=len(squares)) for axis in xy.T]
    kept = weight > 0
    places = np.column_stack(middle)[kept] / weight[kept, None]
    field = np.zeros(len(xy))
    # a city's are too many for one matrix
    for place, amount in zip(places, weight[kept], strict=True):
        field += amount * np.exp(-((xy - place) ** 2).sum(axis=1) / (2.0 * reach**2))
    return field


def _find_doubt(
    part: Ints, home: Ints, share: Floats, b: dict[str, Floats], count: int
) -> dict[str, Floats]:
    """Find the building of each sub-grid that is most in doubt of being a home."""
    table = pd.DataFrame({"part": part, "home": home, "share": share})
    table["doubt"] = (share**2 * b["doubt"][home]).round(9)
    table = table[table["doubt"] > NONE].sort_values(
        ["part", "doubt", "home"], ascending=[True, False, True]
    )
    table = table.drop_duplicates("part").set_index("part").reindex(range(count))
    of = table["home"].fillna(-1).astype(int).to_numpy()
    there, held = of >= 0, table["share"].fillna(0.0).to_numpy()
    return {
        "chance": np.where(there, b["chance"][of], 1.0),
        "size": np.where(there, held * b["size"][of], 0.0),
        "own": np.where(there, held**2 * b["variance"][of], 0.0),
        "first": held,
    }
