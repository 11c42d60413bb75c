"""Known totals of households, of zones and communities: which buildings add up to which.

A total of a zone is always met. One of a community is met beside it where the
two do not cross: the community holds whole zones, and its total is for the
buildings in none of them; or a zone holds whole communities, and the zone's is
for what they leave. All else is compared with what the zones come to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Bools, Ints
from gridplan.site import Site
from gridplan.tables.ledger import Entry


@dataclass(frozen=True)
class TotalGroups:
    """Groups of buildings whose total of households is known, as far as totals are met.

    ``number`` (int64[n]) is the group of each building, -1 for none; ``names``,
    ``codes`` and ``totals`` are those of the groups, ``table`` what each is
    of. ``compared`` are codes of communities whose total is not met, with that
    total.
    """

    number: Ints
    table: tuple[str, ...]
    codes: tuple[str, ...]
    totals: tuple[int, ...]
    compared: dict[str, int]


def group_by_totals(site: Site, buildings: pd.DataFrame | None = None) -> TotalGroups:
    """Group buildings by the known total that they are a part of.

    Parameters
    ----------
    site
        Its zones and communities have the totals; communities must be
        assigned, where there are any.
    buildings
        In this order, with ``community`` and ``zone``; those of the site if
        not given.

    Examples
    --------
    A community of 30 holds a zone of 20, so 10 live in its other buildings:

    >>> from gridplan.synthetic import make_checkerboard
    >>> from gridplan.tables.conform import conform_table
    >>> site = make_checkerboard()
    >>> code = site.communities.index[0]
    >>> rows = pd.DataFrame({"zone": ["t"], "households": [20]}).assign(geometry=None)
    >>> zones = conform_table("zones", type(site.communities)(rows, crs=site.crs))
    >>> homes = site.buildings.iloc[:3].assign(community=code, zone=["t", "t", ""])
    >>> known = site.communities.iloc[:1].assign(households=30.0)
    >>> groups = group_by_totals(site.replace(communities=known, zones=zones, buildings=homes))
    >>> groups.number.tolist(), groups.totals
    ([0, 0, 1], (20, 10))
    """
    table = site.buildings if buildings is None else buildings
    zones = _read_totals(site.zones)
    communities = _read_totals(site.communities)
    zone = pd.Index(sorted(zones)).get_indexer(pd.Index(table["zone"]))
    if not zones:
        number = pd.Index(sorted(communities)).get_indexer(pd.Index(table["community"]))
        codes = tuple(sorted(communities))
        totals = tuple(communities[code] for code in codes)
        return TotalGroups(
            np.asarray(number, np.int64), ("communities",) * len(codes), codes, totals, {}
        )
    return _settle(table["community"].to_numpy(object), zone, zones, communities)


def _read_totals(table: Any) -> dict[str, int]:
    known = table["households"].dropna().sort_index()
    return {str(code): round(value) for code, value in known.items()}


def _settle(
    community: Any, zone: Ints, zones: dict[str, int], communities: dict[str, int]
) -> TotalGroups:
    """Take the totals of zones, and those of communities as far as they do not cross."""
    codes = sorted(zones)
    pairs = pd.DataFrame({"community": community, "zone": zone})
    met = pairs.drop_duplicates()
    holds = met.groupby("community")["zone"].agg(list).to_dict()  # zones of each community
    spans = met[met["zone"] >= 0].groupby("zone")["community"].agg(list).to_dict()
    inner = _find_inner(holds, spans, codes, zones, communities)
    table = ["zones"] * len(codes)
    totals = [zones[code] for code in codes]
    names = list(codes)
    number = zone.copy()
    compared = {}
    rows_of = pairs.groupby("community").indices
    for code in sorted(communities):
        over = holds.get(code, [])
        rows = np.asarray(rows_of.get(code, []), np.int64)
        inside = [z for z in over if z >= 0]
        if code in inner:
            totals[inside[0]] -= communities[code]
            rest = communities[code]
        elif any(len(spans[z]) > 1 for z in inside):
            compared[code] = communities[code]
            continue
        else:
            rest = communities[code] - sum(zones[codes[z]] for z in inside)
            rows = rows[zone[rows] < 0]
            if rest < 0 or (inside and not len(rows)):
                # nothing is left that could be met, or only what is met already
                compared |= {code: communities[code]} if rest else {}
                continue
        number[rows] = len(names)
        table.append("communities")
        names.append(code)
        totals.append(rest)
    return TotalGroups(number, tuple(table), tuple(names), tuple(totals), compared)


def _find_inner(
    holds: dict[str, list[int]],
    spans: dict[int, list[str]],
    codes: Sequence[str],
    zones: dict[str, int],
    communities: dict[str, int],
) -> set[str]:
    """Find the communities that lie in one of several of one zone, where all totals can be met."""
    inner: set[str] = set()
    for z, over in spans.items():
        known = [c for c in over if c in communities and holds[c] == [z] and len(over) > 1]
        left = zones[codes[z]] - sum(communities[c] for c in known)
        # where nothing is left to take it up, they must come to the zone's total
        if left == 0 or (left > 0 and len(known) < len(over)):
            inner |= set(known)
    return inner


def find_grouped(site: Site, total: int) -> Bools:
    """Find the buildings whose households are part of any known total: bool[n].

    ``total`` is that of the site, 0 where it is not known.
    """
    return np.asarray((group_by_totals(site).number >= 0) | (total > 0))


def list_settled(site: Site) -> list[str]:
    """List the communities whose households are known by totals alone, in order of code.

    Every building in them is part of a total, of which no other community has
    any; a community without buildings has its own total, if it is known.
    """
    groups = group_by_totals(site)
    number = groups.number
    of = site.buildings["community"].to_numpy(object)
    met = pd.DataFrame({"community": of, "group": number}).drop_duplicates()
    shared = met["group"][met["group"].duplicated(keep=False)]
    open_ = met["community"][(met["group"] < 0) | met["group"].isin(shared)]
    settled = set(of) - set(open_)
    known = site.communities.index[site.communities["households"].notna()]
    return sorted(settled | (set(known) - set(of)))


def list_settled_together(site: Site) -> list[str]:
    """List the communities whose sum is known: all of them where every building has a total."""
    if len(site.buildings) and (group_by_totals(site).number >= 0).all():
        return sorted(site.communities.index)
    return list_settled(site)


def note_compared(groups: TotalGroups, made: pd.DataFrame) -> list[Entry]:
    """Say by how much communities differ from their known total where zones were met instead.

    ``made`` are the buildings with ``community`` and ``households``.
    """
    if not groups.compared:
        return []
    held = made.groupby("community")["households"].sum()
    entries = []
    for code, total in groups.compared.items():
        off = int(held.get(code, 0)) - total
        reason = (
            f"{code}: known total of {total} households compared and not met, "
            f"as zones that cross or fill it are: {off:+d}"
        )
        entries.append(Entry("households", "communities", "noted", 1, reason, [code]))
    return entries
