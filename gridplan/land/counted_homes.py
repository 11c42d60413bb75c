"""What the counted buildings teach about the others: a posterior in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats, Ints
from gridplan.land.home_chances import HomeChances
from gridplan.land.home_classes import FLATS
from gridplan.site import Site

MOST = 400  # counted buildings of a kind that are learned from; more teach hardly anything
DIGITS = 4  # of what is learned, so that all machines find the same
SLOPE = 0.2  # how far a place's blocks may differ in the power of their size
LOCAL = 0.2  # how far blocks alike in place and size may differ from the rest
NEAR = 400.0  # m over which blocks are alike
ALIKE = 0.5  # logarithm of floors or of volume over which blocks are alike
HOUSES = 1.0  # spread of the second households of houses between places
WEIGHT = 12.0  # counted buildings that the chances of the rules are worth
FIRM = 60.0  # the same for buildings that their use says are homes
SHAPES = np.array([0.5, 0.7, 1.0, 1.4, 2.0, 2.8])  # spreads tried, of that of the coefficients


def order_by_code(codes: Any) -> Ints:
    """Rank codes in an order that has nothing to do with place, the same on every machine."""
    names = np.asarray(codes, dtype=object)
    hashed = pd.util.hash_array(names, categorize=False)
    rank = np.empty(len(names), np.int64)
    rank[np.lexsort((names.astype(str), hashed))] = np.arange(len(names))
    return rank


def learn_chances(site: Site, chances: HomeChances) -> pd.Series[Any]:
    """Move the chances of being a home by what was counted on buildings judged alike.

    Chances of one kind (by use, by size) are taken as counts of their own, so
    that a dozen counted buildings weigh as much as the rules do.
    """
    counted = site.buildings["households_observed"].fillna(site.buildings["population"])
    chance = chances.chance.copy()
    rank = order_by_code(site.buildings.index)
    for basis, weight in (("size", WEIGHT), ("beside", WEIGHT), ("use", FIRM)):
        alike = ((chances.prior_basis == basis) & (chances.prior > 0)).to_numpy()
        teaches = _take_first(alike & counted.notna().to_numpy(), rank)
        if not len(teaches):
            continue
        prior = chances.prior.to_numpy()[teaches]
        lived = (counted.to_numpy(float)[teaches] > 0).astype(float)
        rows = alike & (chances.basis == basis).to_numpy()
        # a use that says home is right but for one in hundreds
        first = np.clip(chances.prior.to_numpy()[rows], 0.0, 0.995)
        shift = _find_shift(np.clip(prior, 0.001, 0.995), lived, weight)
        odds = first / (1.0 - first) * np.exp(shift)
        learned = np.round(odds / (1.0 + odds), DIGITS)
        # without a single counter-example what the use says stands
        if basis == "use" and lived.all():
            learned = np.ones(len(learned))
        chance[rows] = learned
    return chance


def _take_first(mask: Any, rank: Ints) -> Ints:
    rows = np.flatnonzero(mask)
    return np.asarray(rows[np.argsort(rank[rows])][:MOST])


def _find_shift(prior: Floats, lived: Floats, weight: float) -> float:
    """Find how far the log odds of all move: the mode of a posterior on a grid.

    The prior of the shift is worth ``weight`` buildings of the mean chance.
    """
    shifts = np.linspace(-5.0, 5.0, 401)
    logit = np.log(prior / (1.0 - prior))
    odds = logit[:, None] + shifts[None, :]
    fit = (lived[:, None] * odds - np.logaddexp(0.0, odds)).sum(axis=0)
    mean = float(prior.mean())
    middle = np.log(mean / (1.0 - mean)) + shifts
    fit += weight * (mean * middle - np.logaddexp(0.0, middle))
    return float(shifts[int(np.argmax(np.round(fit, 6)))])


def learn_second_households(
    site: Site, kinds: pd.Series[Any], expected: pd.DataFrame
) -> pd.DataFrame:
    """Move the expected second households by what was counted, and narrow their spread.

    Houses learn one factor (gamma prior and Poisson counts); blocks of flats
    a Gaussian process over size, floors and place, whose kernels are those of
    the coefficients.

    Returns
    -------
    ``expected`` with ``second``, ``spread`` and ``place_spread`` as learned.
    """
    observed = site.buildings["households_observed"]
    counted = ((observed > 0) & expected["second"].notna()).to_numpy()
    rank = order_by_code(site.buildings.index)
    flats = kinds.isin(FLATS).to_numpy()
    learned = expected.copy()
    houses = _take_first(counted & ~flats, rank)
    if len(houses):
        strength = 1.0 / HOUSES**2
        beyond = observed.to_numpy(float)[houses] - 1.0
        said = expected["second"].to_numpy()[houses]
        # one village's only block would say something of blocks, not of houses
        usual = beyond <= np.maximum(3.0, 6.0 * said)
        factor = (strength + beyond[usual].sum()) / (strength + said[usual].sum())
        rows = ~flats & expected["second"].notna().to_numpy()
        learned.loc[rows, "second"] *= round(float(factor), DIGITS)
    blocks = _take_first(counted & flats, rank)
    if len(blocks):
        rows = np.flatnonzero(flats & expected["second"].notna().to_numpy())
        _learn_blocks(site, observed.to_numpy(float), expected, learned, blocks, rows)
    return learned


def _learn_blocks(
    site: Site,
    observed: Floats,
    expected: pd.DataFrame,
    learned: pd.DataFrame,
    blocks: Ints,
    rows: Ints,
) -> None:
    """Fit the process to the counted blocks and fill in ``learned`` for the rows."""
    # only here, as loading it takes longer than a village does
    from sklearn.gaussian_process import GaussianProcessRegressor

    second = expected["second"].to_numpy()
    place_spread = float(np.median(expected["place_spread"].to_numpy()[blocks]))
    features = _describe_blocks(site, expected)
    # half a household more, as a block of one has a logarithm too
    seen = np.log((np.maximum(observed[blocks], 1.0) - 0.5) / (second[blocks] + 0.5))
    best: tuple[float, Any, float] | None = None
    for shape in SHAPES:
        spread = expected["spread"].to_numpy()[blocks] * shape
        noise = spread**2 + 1.0 / (second[blocks] + 0.5)
        process = GaussianProcessRegressor(
            _make_kernel(place_spread), alpha=noise, optimizer=None
        ).fit(features[blocks], seen + spread**2 / 2)
        likely = float(process.log_marginal_likelihood_value_) - np.log(shape) ** 2
        if best is None or likely > best[0] + 1e-6:
            best = (likely, process, shape)
    assert best is not None
    _, process, shape = best
    # in pieces, as the kernel of a city would not fit into memory
    for piece in np.array_split(rows, max(1, len(rows) // 20_000)):
        shift, doubt = process.predict(features[piece], return_std=True)
        names = learned.index[piece]
        factor = np.exp(np.round(shift, DIGITS) + np.round(doubt, DIGITS) ** 2 / 2)
        learned.loc[names, "second"] = second[piece] * factor
        learned.loc[names, "spread"] = expected["spread"].to_numpy()[piece] * shape
        learned.loc[names, "place_spread"] = np.round(doubt, DIGITS)


def _make_kernel(place_spread: float) -> Any:
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct

    return (
        ConstantKernel(place_spread**2)
        + ConstantKernel(SLOPE**2) * DotProduct(sigma_0=0.01)
        + ConstantKernel(LOCAL**2) * RBF(1.0)
    )


def _describe_blocks(site: Site, expected: pd.DataFrame) -> Floats:
    """Describe blocks by size, floors and place, in units over which they are alike."""
    middle = shapely.centroid(site.buildings.geometry.to_numpy())
    volume = np.log(np.maximum(expected["volume"].fillna(1.0).to_numpy(), 1.0))
    area = np.log(np.maximum(shapely.area(site.buildings.geometry.to_numpy()), 1.0))
    place = np.column_stack([shapely.get_x(middle), shapely.get_y(middle)]) / NEAR
    return np.column_stack([(volume - 8.5) / ALIKE, (volume - area - 2.0) / ALIKE, place])
