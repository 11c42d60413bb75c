"""Rules on the inventory: need, present and missing of each body again, and added up again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.auditing.derived import compare_rows
from gridplan.auditing.evidence import Evidence
from gridplan.auditing.findings import join_findings
from gridplan.auditing.gap_rows import list_gaps
from gridplan.auditing.level_figures import chain_communities
from gridplan.auditing.tallies import count_again
from gridplan.tables.requirements import Requirement, list_requirements

AGAIN = "run gridplan inventory on it again"
KEY = ("requirement", "level", "body")
LEVELS = ("city", "district", "subdistrict", "community")
BLANK = float("nan")


@dataclass(frozen=True)
class Body:
    """A body: its level and name, the bodies that it lies in, and what lies in it."""

    level: str
    name: str
    chain: tuple[str, ...]
    kind: str
    numbers: Mapping[str, float]


def check_inventory(evidence: Evidence) -> pd.DataFrame:
    """Check every row of the inventory: what is needed, what is there, and what nobody says.

    Source: gridplan's schema; requirements are rows of requirements.csv or of
    the town's own file.
    """
    e = evidence
    stated = e.plan.inventory
    if stated.empty:
        return join_findings([])
    right = e.take(list_inventory)
    checklists = e.plan.indicators[e.plan.indicators["room"] == "inventory"]
    return join_findings(
        [
            compare_rows("inventory", "inventory", stated, pd.DataFrame(right), KEY, AGAIN, "item"),
            compare_rows(
                "inventory",
                "indicators",
                checklists,
                _list_checklists(right),
                ("level", "of", "measure"),
                AGAIN,
                "indicator",
            ),
        ]
    )


def _list_checklists(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """List the share of each group's checklist that each community meets."""
    states: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row["level"] == "community" and row["state"] != "counted":
            states.setdefault((row["group"], row["body"]), []).append(row["state"])
    figures = [
        (
            code,
            f"checklist_{group}",
            words.count("met") / len(words) if set(words) != {"unknown"} else BLANK,
        )
        for (group, code), words in states.items()
    ]
    table = pd.DataFrame(figures, columns=["of", "measure", "value"])
    known = table["value"].notna()
    return table.assign(
        level="community",
        community=table["of"],
        need=1.0,
        met=table["value"] == 1,
        low=BLANK,
        high=BLANK,
        origin=np.where(known, "computed", "unknown"),
    )


def list_inventory(e: Evidence) -> list[dict[str, Any]]:
    """List the rows that the inventory should have."""
    kept = e.plan.manifest.get("people", {}).get("inventory", {}).get("requirements") or []
    held = {
        (row.level, row.body, row.requirement): row.count_
        for row in e.plan.holdings.rename(columns={"count": "count_"}).itertuples()
    }
    bodies = _list_bodies(e)
    rows: list[dict[str, Any]] = []
    for one in list_requirements(kept).values():
        asked = [b for b in bodies if b.level == one.level]
        if one.kind and one.level == "community":
            asked = [b for b in asked if b.kind == one.kind]
        known = _know(e, one)
        judged = [row for b in asked if (row := _judge(one, b, held, known)) is not None]
        rows += [_finish(one, row) for row in judged]
        for depth, level in enumerate(LEVELS[: LEVELS.index(one.level)]):
            inside: dict[str, list[dict[str, Any]]] = {}
            for row in judged:
                if row["of"].chain[depth]:
                    inside.setdefault(row["of"].chain[depth], []).append(row)
            over = {b.name: b for b in bodies if b.level == level}
            rows += [_finish(one, _join(over[name], some)) for name, some in inside.items()]
    return rows


def _list_bodies(e: Evidence) -> list[Body]:
    """List the bodies of all levels with what lies in them."""
    chains = chain_communities(e)
    homes = pd.Series(e.held).groupby(e.subgrids["community"].to_numpy(object)).sum()
    is_home = (e.subgrids["kind"] == "residential").to_numpy()
    grids = e.subgrids["community"][is_home].value_counts()
    compounds = e.plan.site.compounds["community"].value_counts()
    kinds = e.communities["kind"].fillna("")
    bodies = []
    for depth, level in enumerate(LEVELS):
        parts: dict[str, list[tuple[str, ...]]] = {}
        for chain in chains:
            if chain[depth]:
                parts.setdefault(chain[depth], []).append(chain)
        for name, some in sorted(parts.items()):
            codes = [chain[-1] for chain in some]
            numbers = {
                "households": sum(float(homes.get(code, 0)) for code in codes),
                "subgrids": sum(float(grids.get(code, 0)) for code in codes),
                "compounds": sum(float(compounds.get(code, 0)) for code in codes),
                "communities": float(len(codes)),
                "body": 1.0,
            }
            above = tuple(min((c[n] for c in some if c[n]), default="") for n in range(depth))
            kind = str(kinds[name]) if level == "community" else ""
            bodies.append(Body(level, name, above, kind, numbers))
    return bodies


def _know(e: Evidence, one: Requirement) -> Mapping[str, float]:
    """Count what the plan's own tables know of a requirement, by body."""
    source, _, what = one.counted.partition(":")
    codes = e.communities.index
    if one.level != "community":
        if source not in ("places", "reach"):
            return {}
        depth = LEVELS.index(one.level)
        number: dict[str, float] = {}
        known = _know(e, replace(one, level="community"))
        for chain in chain_communities(e):
            if chain[depth] and chain[-1] in known:
                number[chain[depth]] = number.get(chain[depth], 0.0) + known[chain[-1]]
        return number
    if source == "reach":
        ways = e.plan.reach[(e.plan.reach["kind"] == what) & (e.plan.reach["state"] == "now")]
        near = ways["households"].where(ways["reachable"] > 0, 0)
        return dict(near.groupby(ways["community"]).sum().astype(float))
    if source == "counts":
        tally = count_again(e, what, pd.Series(0.0, codes))
        return dict(tally.values[tally.origins == "counted"].astype(float))
    if source == "orgs" and len(e.plan.party_orgs):
        of = e.plan.party_orgs[e.plan.party_orgs["level"].isin(what.split("|"))]["community"]
        return {str(code): float((of == code).sum()) for code in codes}
    if source != "places":
        return {}
    places = e.plan.site.places
    points = shapely.centroid(places.geometry[places["kind"].isin(what.split("|"))].to_numpy())
    held: dict[str, float] = {}
    free = np.ones(len(points), bool)
    for code in codes:
        # On a common limit a place counts for the first community by code.
        inside = free & shapely.intersects(points, e.communities.geometry[code])
        free &= ~inside
        if inside.any():
            held[str(code)] = float(inside.sum())
    return held


def _judge(
    one: Requirement, body: Body, held: Mapping[Any, float], known: Mapping[str, float]
) -> dict[str, Any] | None:
    """Judge one body by one requirement; None where nothing is needed."""
    count = held.get((body.level, body.name, one.key), BLANK)
    present = known.get(body.name, BLANK) if math.isnan(count) else count
    need = BLANK
    if one.base != "none":
        base = (
            held.get((body.level, body.name, one.base.removeprefix("given:")), BLANK)
            if one.base.startswith("given:")
            else body.numbers[one.base]
        )
        exact = one.amount * base / one.per
        need = exact if math.isnan(exact) else float(math.ceil(exact - 1e-9))
    if need == 0:
        return None
    missing = max(need - present, 0.0) if need == need and present == present else BLANK
    if math.isnan(present) or (one.base != "none" and math.isnan(need)):
        state = "unknown"
    else:
        state = "counted" if one.base == "none" else "short" if missing > 0 else "met"
    origin = "given" if count == count else "plan" if present == present else "unknown"
    homes = BLANK if state == "unknown" else body.numbers["households"]
    return _write_row(body, need, present, missing, homes, state, origin, (state,))


def _write_row(
    body: Body, need: float, present: float, missing: float, homes: float, state: str,
    origin: str, states: tuple[str, ...],
) -> dict[str, Any]:  # fmt: skip
    return {
        "of": body,
        "need": need,
        "present": present,
        "missing": missing,
        "households": homes,
        "state": state,
        "origin": origin,
        "bodies": len(states),
        "met": states.count("met"),
        "unknown": states.count("unknown"),
    }


def _join(body: Body, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Join the rows of the bodies that lie in one."""

    def add(name: str) -> float:
        known = [row[name] for row in rows if row[name] == row[name]]
        return float(sum(known)) if known else BLANK

    states = tuple(row["state"] for row in rows)
    if "short" in states:
        state = "short"
    elif all(word == "unknown" for word in states):
        state = "unknown"
    elif "counted" in states:
        state = "counted"
    else:
        state = "unknown" if "unknown" in states else "met"
    return _write_row(
        body,
        add("need"),
        add("present"),
        add("missing"),
        add("households"),
        state,
        "added up",
        states,
    )


def _finish(one: Requirement, row: dict[str, Any]) -> dict[str, Any]:
    """Finish a row: its names, and what is present for each thousand households."""
    body: Body = row["of"]
    homes = row["households"]
    related = 1000 * row["present"] / homes if homes > 0 else BLANK
    return {
        "requirement": one.key,
        "level": body.level,
        "body": body.name,
        "group": one.group,
        "above": next((name for name in body.chain[::-1] if name), ""),
        "community": body.name if body.level == "community" else "",
        **{name: value for name, value in row.items() if name != "of"},
        "per_1000": related,
    }


def list_short(e: Evidence) -> list[dict[str, Any]]:
    """List the gaps of the inventory: what is short at the level that the requirement asks."""
    kept = e.plan.manifest.get("people", {}).get("inventory", {}).get("requirements") or []
    homes = {(b.level, b.name): b.numbers["households"] for b in _list_bodies(e)}
    asked = {key: one.level for key, one in list_requirements(kept).items()}
    return [
        list_gaps(
            row["requirement"],
            row["level"],
            [row["body"]],
            row["community"],
            row["present"],
            row["need"],
            homes[row["level"], row["body"]],
        )
        for row in e.take(list_inventory)
        if row["state"] == "short" and row["level"] == asked[row["requirement"]]
    ]
