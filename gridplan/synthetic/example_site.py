"""The embedded example: a synthetic town that comes with the package."""

from __future__ import annotations

from pathlib import Path

from gridplan.errors import RuleError
from gridplan.reading.read import read_site
from gridplan.site import SITE_TABLES, Site

EXAMPLE = Path(__file__).parent / "example" / "town.gpkg"


def load_example(communities: int | None = None) -> Site:
    """Load the example: a synthetic town of three urban communities and two villages.

    Parameters
    ----------
    communities
        Only the first so many of its five communities; one of them is divided
        in under a second.

    Raises
    ------
    RuleError
        If the town does not have so many communities.

    Examples
    --------
    >>> load_example(communities=1).communities["kind"].to_dict()
    {'130203001001': 'urban'}
    """
    site = read_site(EXAMPLE)
    if communities is None:
        return site
    if not 1 <= communities <= len(site.communities):
        raise RuleError(
            f"communities = {communities} is not from 1 to {len(site.communities)}, "
            "as many as the example has"
        )
    # with the hyphen: without it the code of one community could begin that of another
    others = tuple(f"{code}-" for code in site.communities.index[communities:])
    kept = {"communities": site.communities.iloc[:communities]}
    # The town's keys begin with the code of their community, or with the
    # county's where a river or a railway belongs to several.
    for name in set(SITE_TABLES) - {"communities", "ledger"}:
        table = getattr(site, name)
        kept[name] = table[~table.index.str.startswith(others)] if others else table
    # The town's total is that of five communities: estimates would be scaled up to meet it.
    kept["counts"] = kept["counts"][kept["counts"]["level"] != "site"]
    return site.replace(**kept)
