"""What a map reads of a city's plan: some communities whole, or all without their buildings."""

from __future__ import annotations

from pathlib import Path

from gridplan.city.read_part import WHOLE, count_buildings, find_tables, read_communities
from gridplan.errors import PlanError
from gridplan.plan import ALL_TABLES, Plan
from gridplan.storage import read_plan
from gridplan.tables.conform import make_empty

MOST = 300_000  # buildings that a page can hold; with more it would be a hundred megabytes
MAIN_STREETS = ("motorway", "trunk", "primary", "secondary", "main_road")
_UNUSED = ("neighbours", "counts", "ledger", "compounds")
_END = "\U0010ffff"  # after every character that a code may have


def read_sheet_plan(path: str | Path, only: str | None = None) -> tuple[Plan | None, str]:
    """Read what a map shows of a large plan, and say what is left out; None for a small one.

    Parameters
    ----------
    path
        The plan's folder.
    only
        Beginning of the codes of the communities to be shown.

    Raises
    ------
    PlanError
        If no community has such a code.
    """
    if only:
        # Codes that begin alike are a range in their order.
        plan = (
            take_communities(read_plan(path), only)
            if find_tables(path) is None
            else read_communities(
                path, only, only + _END, without=_UNUSED, centres=True, above=True
            )
        )
        if plan.site.communities.empty:
            raise PlanError(
                f"{path} has no community whose code begins with {only} "
                "-> see its table communities"
            )
        return plan, ""
    buildings = count_buildings(path)
    if buildings <= MOST:
        return None, ""
    # Sub-grids are what a map of a city is for; their buildings are most of its bytes.
    plan = read_communities(path, without=(*_UNUSED, "buildings"), centres=True)
    main = plan.site.streets[plan.site.streets["kind"].isin(MAIN_STREETS)]
    text = (
        f"{buildings:,} buildings and the smaller streets; "
        "--only CODE maps a part of the city with them"
    )
    return plan.replace(streets=main), text


def take_communities(plan: Plan, prefix: str) -> Plan:
    """Take of a plan the communities whose codes begin with a prefix, as a map shows them.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> [len(take_communities(make_board_plan(), code).subgrids) for code in ("03", "04")]
    [2, 0]
    """
    tables = {}
    for name in ALL_TABLES:
        table = plan.get_table(name)
        if name in _UNUSED:
            tables[name] = make_empty(name, plan.crs)
        elif name == "communities":
            tables[name] = table[table.index.str.startswith(prefix)]
        elif name not in WHOLE and "community" in table.columns:
            # the coverage of the city is of no community
            whole = (table["community"] == "") & (name == "coverage")
            tables[name] = table[table["community"].str.startswith(prefix) | whole]
    return plan.replace(**tables)
