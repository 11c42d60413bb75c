"""What the counted buildings teach about the others: a posterior in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely
from scipy.special import expit, logit

from gridplan.arrays import Floats, Ints
from gridplan.land.home_chances import HomeChances
from gridplan.land.home_classes import FLATS
from gridplan.site import Site

MOST = 200  # counted buildings of a lesson; more teach hardly anything
DIGITS = 4  # of what is learned, so that all machines find the same
SLOPE = 0.2  # how far a place's blocks may differ in the power of their size
LOCAL = 0.2  # how far blocks alike in place and size may differ from the rest
NEAR = 400.0  # m over which blocks are alike
ALIKE = 0.5  # logarithm of floors or of volume over which blocks are alike
HOUSES = 1.0  # spread of the second households of houses between places
# Counted buildings that the chances of the rules are worth; what a use says is firm.
WEIGHTS = {"size": 12.0, "beside": 12.0, "use": 60.0}
SLOPES = (1.0, 0.7, 0.5, 0.35, 0.25)  # tried for how much size says of homes
FEATURES = ("volume", "floors", "east", "north", "time")
USUAL_YEAR, GENERATION = 1990.0, 20.0  # where no year is known; years over which blocks are alike
MOST_LIFT = 0.2  # from the mean of the logarithms to the logarithm of the mean
SHAPES = np.array([0.5, 0.7, 1.0, 1.4])  # spreads tried, of that of the coefficients


def order_by_code(codes: Any) -> Ints:
    """Rank codes in an order that has nothing to do with place, the same on every machine."""
    names = np.asarray(codes, dtype=object)
    hashed = pd.util.hash_array(names, categorize=False)
    rank = np.empty(len(names), np.int64)
    rank[np.lexsort((names.astype(str), hashed))] = np.arange(len(names))
    return rank


def pick_teachers(
    site: Site, chances: HomeChances, kinds: pd.Series[Any], expected: pd.DataFrame
) -> pd.DataFrame:
    """Pick the counted buildings that the others learn from, at most ``MOST`` of a lesson.

    Which they are depends on their codes alone, so that those of the parts of
    a city, joined and cut by :func:`join_teachers`, are those of the whole.

    Returns
    -------
    One row for each lesson of each building: ``lesson`` (size, beside, use:
    is it a home; houses, blocks: how many live there), ``building``,
    ``prior``, ``lived``, ``observed``, ``second``, ``spread``,
    ``place_spread`` and the features of a block.
    """
    observed = site.buildings["households_observed"]
    counted = observed.fillna(site.buildings["population"])
    features = _describe_blocks(site, expected)
    table = pd.DataFrame(
        {
            "building": site.buildings.index,
            "prior": chances.prior.to_numpy(),
            "lived": (counted > 0).to_numpy(float),
            "observed": observed.to_numpy(float),
            **{name: expected[name].to_numpy() for name in ("second", "spread", "place_spread")},
            **{name: features[:, n] for n, name in enumerate(FEATURES)},
        }
    )
    has_size = ((observed > 0) & expected["second"].notna()).to_numpy()
    is_flats = kinds.isin(FLATS).to_numpy()
    open_ = counted.notna().to_numpy() & (chances.prior > 0).to_numpy()
    basis = chances.prior_basis.to_numpy(object)
    lessons = {word: open_ & (basis == word) for word in WEIGHTS}
    lessons |= {"houses": has_size & ~is_flats, "blocks": has_size & is_flats}
    parts = [table[mask].assign(lesson=word) for word, mask in lessons.items()]
    return join_teachers(parts)


def join_teachers(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join teachers picked in parts of a site, and keep the first of each lesson."""
    table = pd.concat(parts, ignore_index=True)
    hashed = pd.util.hash_array(table["building"].to_numpy(object), categorize=False)
    table = table.assign(hashed=hashed).sort_values(["lesson", "hashed", "building"])
    return table.groupby("lesson").head(MOST).drop(columns="hashed").reset_index(drop=True)


def learn_chances(chances: HomeChances, teachers: pd.DataFrame) -> pd.Series[Any]:
    """Move the chances of being a home by what was counted on buildings judged alike.

    Chances of one kind (by use, by size) are taken as counts of their own, so
    that a dozen counted buildings weigh as much as the rules do.
    """
    chance = chances.chance.copy()
    for basis, weight in WEIGHTS.items():
        taught = teachers[teachers["lesson"] == basis]
        if taught.empty:
            continue
        lived = taught["lived"].to_numpy(float)
        rows = ((chances.basis == basis) & (chances.prior > 0)).to_numpy()
        # a use that says home is right but for one in hundreds
        prior = np.clip(taught["prior"].to_numpy(float), 0.001, 0.995)
        first = np.clip(chances.prior.to_numpy()[rows], 0.0, 0.995)
        shift, slope = _find_shift(prior, lived, weight)
        learned = np.round(expit(slope * logit(first) + shift), DIGITS)
        # without a single counter-example what the use says stands
        if basis == "use" and lived.all():
            learned = np.ones(len(learned))
        chance[rows] = learned
    return chance


def _find_shift(prior: Floats, lived: Floats, weight: float) -> tuple[float, float]:
    """Find how the log odds of all change: the mode of a posterior on a grid.

    They are shifted, and flattened where size says less than it does
    elsewhere. The prior is worth ``weight`` buildings of the mean chance.
    """
    shifts = np.linspace(-5.0, 5.0, 401)
    mean = float(prior.mean())
    best = (-np.inf, 0.0, 1.0)
    for slope in SLOPES:
        odds = slope * logit(prior)[:, None] + shifts[None, :]
        fit = (lived[:, None] * odds - np.logaddexp(0.0, odds)).sum(axis=0)
        middle = slope * logit(mean) + shifts
        fit += weight * (mean * middle - np.logaddexp(0.0, middle)) - np.log(slope) ** 2
        row = int(np.argmax(np.round(fit, 6)))
        best = max(best, (round(float(fit[row]), 6), float(shifts[row]), slope))
    return best[1], best[2]


def learn_second_households(
    site: Site, kinds: pd.Series[Any], expected: pd.DataFrame, teachers: pd.DataFrame
) -> pd.DataFrame:
    """Move the expected second households by what was counted, and narrow their spread.

    Houses learn one factor (gamma prior and Poisson counts); blocks of flats
    a Gaussian process over size, floors, place and year, whose kernels are those of
    the coefficients.

    Returns
    -------
    ``expected`` with ``second``, ``spread`` and ``place_spread`` as learned.
    """
    flats = kinds.isin(FLATS).to_numpy()
    known = expected["second"].notna().to_numpy()
    learned = expected.copy()
    houses = teachers[teachers["lesson"] == "houses"]
    if len(houses):
        strength = 1.0 / HOUSES**2
        beyond = houses["observed"].to_numpy(float) - 1.0
        said = houses["second"].to_numpy(float)
        # one village's only block would say something of blocks, not of houses
        usual = beyond <= np.maximum(3.0, 6.0 * said)
        factor = (strength + beyond[usual].sum()) / (strength + said[usual].sum())
        learned.loc[~flats & known, "second"] *= round(float(factor), DIGITS)
    blocks = teachers[teachers["lesson"] == "blocks"]
    rows = np.flatnonzero(flats & known)
    if len(blocks) and len(rows):
        _learn_blocks(_describe_blocks(site, expected), expected, learned, blocks, rows)
    return learned


def _learn_blocks(
    features: Floats,
    expected: pd.DataFrame,
    learned: pd.DataFrame,
    blocks: pd.DataFrame,
    rows: Ints,
) -> None:
    """Fit the process to the counted blocks and fill in ``learned`` for the rows."""
    process, shape = _fit_blocks(blocks)
    second, spread = (expected[name].to_numpy() for name in ("second", "spread"))
    # in pieces, as the kernel of a city would not fit into memory
    for piece in np.array_split(rows, max(1, len(rows) // 20_000)):
        shift, doubt = process.predict(features[piece], return_std=True)
        names = learned.index[piece]
        factor = np.exp(np.round(shift, DIGITS) + np.round(doubt, DIGITS) ** 2 / 2)
        learned.loc[names, "second"] = second[piece] * factor
        learned.loc[names, "spread"] = spread[piece] * shape
        learned.loc[names, "place_spread"] = np.round(doubt, DIGITS)


def _fit_blocks(blocks: pd.DataFrame) -> tuple[Any, float]:
    """Fit the process to the counted blocks, with the likeliest of the spreads tried."""
    # only here, as loading it takes longer than a village does
    from sklearn.gaussian_process import GaussianProcessRegressor

    second = blocks["second"].to_numpy(float)
    kernel = _make_kernel(float(blocks["place_spread"].median()))
    # half a household more, as a block of one has a logarithm too
    seen = np.maximum(blocks["observed"].to_numpy(float), 1.0) - 0.5
    seen = np.log(seen / (second + 0.5))
    fits = []
    for shape in SHAPES:
        spread = blocks["spread"].to_numpy(float) * shape
        noise = spread**2 + 1.0 / (second + 0.5)
        process = GaussianProcessRegressor(kernel, alpha=noise, optimizer=None)
        # the mean of a logarithm lies below the logarithm of the mean; what is far
        # off is no matter of a spread, but of buildings that are something else
        process.fit(
            blocks[list(FEATURES)].to_numpy(float), seen + np.minimum(spread**2 / 2, MOST_LIFT)
        )
        likely = float(process.log_marginal_likelihood_value_) - np.log(shape) ** 2
        fits.append((round(likely, 6), process, float(shape)))
    _, process, shape = max(fits, key=lambda fit: fit[0])
    return process, shape


def _make_kernel(place_spread: float) -> Any:
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct

    return (
        ConstantKernel(place_spread**2)
        + ConstantKernel(SLOPE**2) * DotProduct(sigma_0=0.01)
        + ConstantKernel(LOCAL**2) * RBF(1.0)
    )


def _describe_blocks(site: Site, expected: pd.DataFrame) -> Floats:
    """Describe blocks by size, floors, place and time, in units over which they are alike."""
    middle = shapely.centroid(site.buildings.geometry.to_numpy())
    volume = np.log(np.maximum(expected["volume"].fillna(1.0).to_numpy(), 1.0))
    area = np.log(np.maximum(shapely.area(site.buildings.geometry.to_numpy()), 1.0))
    place = np.column_stack([shapely.get_x(middle), shapely.get_y(middle)]) / NEAR
    year = site.buildings["year_built"].fillna(USUAL_YEAR).to_numpy(float)
    time = (year - USUAL_YEAR) / GENERATION
    size = (volume - 8.5) / ALIKE
    return np.column_stack([size, (volume - area - 2.0) / ALIKE, place, time])
