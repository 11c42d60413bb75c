"""Which known total each building's households are a part of, found again from zones and limits."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridplan.arrays import Bools
from gridplan.auditing.evidence import Evidence

SITE = ("site", "")


@dataclass(frozen=True)
class FoundTotals:
    """The known totals of a plan, and the buildings of each.

    ``of`` (object[n]) is the total of each building in order of the evidence:
    ``("zones", code)``, ``("communities", code)``, :data:`SITE` for what is
    left of a known total of the site, None for none. ``met`` says of each
    community and zone whose total is to be met what its buildings add up to in all.
    """

    of: Any
    met: dict[tuple[str, str], int]


def find_totals(evidence: Evidence) -> FoundTotals:
    """Find the known total of each building.

    Zones come first. A community within a zone beside others is met if the
    zone has room for it; one that holds whole zones is met by its buildings in none.
    """
    e = evidence
    zones = _read(e.plan.site.zones)
    limits = _read(e.communities)
    homes: dict[tuple[str, str], list[int]] = defaultdict(list)
    pairs = zip(e.buildings["community"], e.buildings["zone"], strict=True)
    for n, (community, zone) in enumerate(pairs):
        homes[str(community), str(zone) if str(zone) in zones else ""].append(n)
    held: dict[str, set[str]] = defaultdict(set)
    spans: dict[str, set[str]] = defaultdict(set)
    for community, zone in homes:
        held[community].add(zone)
        spans[zone].add(community)
    of = np.full(len(e.buildings), None, object)
    if e.rules.households.total > 0:
        of[:] = [SITE] * len(of)
    met = {("zones", code): value for code, value in zones.items()}
    for (_, zone), rows in homes.items():
        if zone:
            _put(of, rows, ("zones", zone))
    for code, value in limits.items():
        name = ("communities", code)
        here = {zone: rows for (community, zone), rows in homes.items() if community == code}
        crossed = {zone: [c for c, z in homes if z == zone and c != code] for zone in here if zone}
        if not any(crossed.values()):
            rest = value - sum(zones[zone] for zone in crossed)
            if rest == 0 or (rest > 0 and "" in here) or not crossed:
                met[name] = value
                _put(of, here.get("", []) if rest >= 0 else [], name)
        elif len(here) == 1 and _has_room(next(iter(here)), held, spans, zones, limits):
            met[name] = value
            _put(of, next(iter(here.values())), name)
    return FoundTotals(of, met)


def _read(table: Any) -> dict[str, int]:
    known = table["households"][table["households"].notna()]
    return {str(code): int(np.round(value)) for code, value in known.items()}


def _put(of: Any, rows: list[int], name: tuple[str, str]) -> None:
    for row in rows:
        of[row] = name


def _has_room(zone: str, held: Any, spans: Any, zones: Any, limits: Any) -> bool:
    """Whether all communities that lie in a zone alone can be met within its total."""
    alone = [code for code in spans[zone] if code in limits and held[code] == {zone}]
    left = zones[zone] - sum(limits[code] for code in alone)
    return bool(left == 0 or (left > 0 and len(alone) < len(spans[zone])))


def list_settled(evidence: Evidence) -> Bools:
    """Whether the households of each community follow from totals that no other has a part of."""
    e = evidence
    found = e.take(find_totals)
    parts: dict[Any, set[str]] = defaultdict(set)
    for name, community in zip(found.of, e.buildings["community"], strict=True):
        parts[name].add(str(community))
    known = e.communities["households"].notna().to_numpy()
    out = np.zeros(len(e.communities), bool)
    names: dict[str, set[bool]] = defaultdict(set)
    for name, over in parts.items():
        for community in over:
            names[community].add(name is None or name == SITE or len(over) > 1)
    for n, code in enumerate(e.communities.index):
        out[n] = names[str(code)] == {False} or (not names[str(code)] and known[n])
    return out
