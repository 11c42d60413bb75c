"""Households at the door: estimated for a site as it was read, before any plan is drawn."""

from __future__ import annotations

import pandas as pd

from gridplan.land import households
from gridplan.land.communities import assign_communities
from gridplan.land.counted_homes import order_by_code
from gridplan.rules.all_rules import Rules
from gridplan.site import Site


def estimate_households(site: Site, rules: Rules | None = None) -> Site:
    """Estimate the households of a site's buildings, with chances and ranges.

    Parameters
    ----------
    site
        The land as it was read; buildings outside its communities are dealt
        with as the rules of the site say. Known totals of zones and communities are met.
    rules
        The section ``households``, with the profile of the country, is used.

    Returns
    -------
    The site, whose buildings say ``households`` with ``households_low`` and
    ``households_high`` (5 % and 95 % quantiles), ``home_chance``,
    ``households_mean``, ``households_spread`` and ``households_origin``. Its
    ledger says what was judged by what.

    Examples
    --------
    >>> from gridplan.synthetic import make_checkerboard
    >>> made = estimate_households(make_checkerboard())
    >>> int(made.buildings["households"].sum()), made.buildings["households_origin"].unique()[0]
    (120, 'observed')
    """
    rules = rules or Rules()
    if len(site.communities):
        site = assign_communities(site, rules.site)
    return households.estimate_households(site, rules.households)


def hold_out(site: Site, rules: Rules | None = None, folds: int = 5) -> Site:
    """Estimate each counted building from the others, as if nobody had counted it.

    Buildings are held out a fold at a time, by an order that has nothing to do
    with place; only counted buildings are kept.

    Returns
    -------
    A site of the counted buildings: ``households_observed`` beside the
    estimates that were made without it.

    Examples
    --------
    >>> from gridplan.synthetic import make_checkerboard
    >>> held = hold_out(make_checkerboard(), folds=3).buildings
    >>> len(held), bool((held["households_origin"] == "observed").any())
    (12, False)
    """
    rules = rules or Rules()
    if len(site.communities):
        # a known total would say of the last building what was held out
        known = site.communities.assign(households=float("nan"))
        site = assign_communities(site, rules.site).replace(communities=known)
    site = site.replace(zones=site.zones.iloc[:0])
    free = (
        rules.households
        if not rules.households.total
        else rules.replace(households={"total": 0}).households
    )
    table = site.buildings
    counted = table.index[table["households_observed"].notna()]
    rank = order_by_code(counted)
    parts = []
    for fold in range(folds):
        out = counted[rank % folds == fold]
        if not len(out):
            continue
        observed = table["households_observed"].mask(table.index.isin(out))
        hidden = table.assign(
            households_observed=observed, population=table["population"].mask(table.index.isin(out))
        )
        made = households.estimate_households(site.replace(buildings=hidden), free).buildings
        parts.append(made.loc[out].assign(households_observed=table["households_observed"][out]))
    kept = pd.concat(parts).sort_index() if parts else table.iloc[:0]
    return site.replace(buildings=kept)


def measure_fit(held: Site) -> dict[str, float]:
    """Measure how estimates fit the counts of buildings that were held out; nothing without any.

    Returns
    -------
    ``counted`` (buildings), ``bias`` (of the sum), ``error`` (what each is off
    by, over all households) and ``cover`` (share within low to high).

    Examples
    --------
    >>> from gridplan.synthetic import make_checkerboard
    >>> sorted(measure_fit(hold_out(make_checkerboard(), folds=3)))
    ['bias', 'counted', 'cover', 'error']
    """
    table = held.buildings
    if not len(table):
        return {}
    real = table["households_observed"].to_numpy(float)
    guess, low, high = (
        table[name].to_numpy(float) for name in ("households", "households_low", "households_high")
    )
    total = max(float(real.sum()), 1.0)
    return {
        "counted": len(table),
        "bias": round(float(guess.sum()) / total - 1.0, 4),
        "error": round(float(abs(guess - real).sum()) / total, 4),
        "cover": round(float(((low <= real) & (real <= high)).mean()), 4),
    }
