"""Taking inventory: need, present and missing of every requirement, by body and level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats, Ints, Objects
from gridplan.errors import PlanError
from gridplan.people.counts import tally_counts
from gridplan.people.inventory.holdings import join_holdings
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.tables.conform import conform_table
from gridplan.tables.indicators import make_figures, round_figures, write_gaps, write_indicators
from gridplan.tables.level_indicators import FOUR_LEVELS, place_bodies
from gridplan.tables.requirements import Requirement, list_requirements

ROOM = "inventory"
PER = 1_000.0  # households by which what is present is related to them


def take_inventory(
    plan: Plan,
    holdings: pd.DataFrame | None = None,
    added: Sequence[Requirement] = (),
    rules: Rules | None = None,
) -> Plan:
    """Set what should be there beside what is: need, present and missing by body and level.

    What is present is what the holdings say, else what the plan's own tables
    know for certain; where neither says anything it is unknown, never missing
    or present. Fills ``inventory``, ``holdings``, and the gaps and indicators
    of the room inventory.

    Parameters
    ----------
    plan
        A working plan.
    holdings
        The table that :func:`read_holdings` reads; it replaces what the plan
        was given before of the same things, and the rest stays.
    added
        Requirements beside those of the founding document, or in their place;
        those that the plan has from an earlier run stay.
    rules
        Not used; every verb on people takes it.

    Raises
    ------
    PlanError
        If the plan is a release.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> table = take_inventory(make_board_plan()).inventory
    >>> row = table[(table["requirement"] == "volunteer_team") & (table["level"] == "city")]
    >>> row[["need", "present", "state", "bodies", "unknown"]].values.tolist()
    [[1.0, nan, 'unknown', 1, 1]]
    """
    if plan.is_release:
        raise PlanError("a release holds no counts of its own -> give the working plan")
    requirements = recall_requirements(plan, added)
    document = list_requirements()
    held = plan.holdings if holdings is None else join_holdings(plan.holdings, holdings)
    plan = plan.replace(holdings=held)
    bodies = list_bodies(plan)
    counts = dict(
        zip(held[["level", "body", "requirement"]].itertuples(index=False, name=None),
            held["count"], strict=True)
    )  # fmt: skip
    asked = [_list_rows(plan, one, bodies, counts) for one in requirements.values()]
    judged = _judge_rows(pd.concat(asked, ignore_index=True), bodies)
    rows = _relate(pd.concat([judged, *_roll_up(judged, bodies)], ignore_index=True))
    table = _number_rows(rows, requirements)
    gaps = write_gaps(plan.gaps, ROOM, _list_gaps(table, requirements, bodies))
    added_rows = [one.to_row() for key, one in requirements.items() if one != document.get(key)]
    note = {"requirements": added_rows, "figures": _sum_up(table, requirements, held)}
    people = {**plan.manifest.get("people", {}), "inventory": note}
    indicators = write_indicators(plan.indicators, ROOM, _list_checklists(table))
    return plan.replace(
        inventory=table,
        gaps=gaps,
        indicators=indicators,
        manifest={**plan.manifest, "people": people},
    )


def recall_requirements(plan: Plan, added: Sequence[Requirement] = ()) -> Mapping[str, Requirement]:
    """List the requirements of a plan: the document's, those kept from before, and new ones."""
    kept = plan.manifest.get("people", {}).get("inventory", {}).get("requirements") or []
    return list_requirements([*kept, *(one.to_row() for one in added)])


def list_bodies(plan: Plan) -> pd.DataFrame:
    """List every body of the four levels, with what needs are reckoned from.

    Columns level, body, above, kind (of a community), households, subgrids,
    compounds, communities, and subdistrict, district and city: the bodies that
    it lies in.
    """
    towns = plan.site.communities
    over = place_bodies(towns).assign(community=towns.index.astype(object))
    homes = plan.subgrids.groupby("community")["households"].sum()
    is_home = plan.subgrids["kind"] == "residential"
    base = pd.DataFrame(
        {
            "households": homes,
            "subgrids": plan.subgrids[is_home].groupby("community").size(),
            "compounds": plan.site.compounds.groupby("community").size(),
        }
    )
    base = base.reindex(towns.index).fillna(0).astype(float).assign(communities=1.0)
    frames = []
    for depth, level in enumerate(FOUR_LEVELS):
        named = over[over[level] != ""]
        by = named[level].to_numpy(object)
        sums = base.loc[named.index].groupby(by).sum()
        # A body whose communities name different bodies above it lies in the first of them.
        above = named[list(FOUR_LEVELS[:depth])].replace("", np.nan).groupby(by).min()
        kind = towns["kind"].reindex(sums.index).fillna("") if level == "community" else ""
        frames.append(sums.join(above).assign(level=level, body=sums.index, kind=kind))
    table = pd.concat(frames, ignore_index=True)
    over_it = pd.Series("", table.index, dtype=object)
    for word in FOUR_LEVELS[-2::-1]:
        table[word] = table[word].fillna("") if word in table else ""
        over_it = over_it.where(over_it != "", table[word])
    return table.assign(above=over_it)


def _list_rows(
    plan: Plan, one: Requirement, bodies: pd.DataFrame, held: Mapping[tuple[str, str, str], float]
) -> pd.DataFrame:
    """List need and present of a requirement for the bodies that it asks."""
    mask = bodies["level"].to_numpy(object) == one.level
    if one.kind and one.level == "community":
        mask &= bodies["kind"].to_numpy(object) == one.kind
    row = np.flatnonzero(mask)
    names = bodies["body"].to_numpy(object)[row]
    present = _take_held(held, one.key, one.level, names)
    origin = np.where(np.isnan(present), "unknown", "given").astype(object)
    known = _count_known(plan, one, names)
    use = np.isnan(present) & ~np.isnan(known)
    present[use], origin[use] = known[use], "plan"
    return pd.DataFrame(
        {
            "row": row,
            "requirement": one.key,
            "group": one.group,
            "need": _reckon_need(one, bodies, row, held),
            "present": present,
            "origin": origin,
            "is_count": one.base == "none",
        }
    )


def _judge_rows(rows: pd.DataFrame, bodies: pd.DataFrame) -> pd.DataFrame:
    """Judge each row: what is missing, and whether the need is met, short or unknown."""
    # Where nothing is needed nothing can be missing: such a body is not asked.
    rows = rows[rows["need"] != 0].reset_index(drop=True)
    of = bodies.iloc[rows["row"].to_numpy(np.int64)].reset_index(drop=True)
    missing = np.maximum(rows["need"] - rows["present"], 0.0)
    is_count = rows["is_count"].to_numpy(bool)
    unknown = (rows["present"].isna() | (rows["need"].isna() & ~is_count)).to_numpy()
    state = np.select([unknown, is_count, missing > 0], ["unknown", "counted", "short"], "met")
    is_town = of["level"] == "community"
    return rows.drop(columns=["row", "is_count"]).assign(
        **{name: of[name] for name in ("level", "body", "above")},
        community=of["body"].where(is_town, ""),
        households=of["households"].where(~unknown),
        missing=missing,
        state=state.astype(object),
        bodies=1,
        met=(state == "met").astype(np.int64),
        unknown=unknown.astype(np.int64),
    )


def _take_held(
    held: Mapping[tuple[str, str, str], float], key: str, level: str, names: Objects
) -> Floats:
    """Take what was given of a requirement, by body; NaN where nothing was."""
    return np.array([held.get((level, str(name), key), np.nan) for name in names], float)


def _count_known(plan: Plan, one: Requirement, codes: Objects) -> Floats:
    """Count what the plan's own tables know of a requirement; NaN where they cannot say.

    Places may be listed in part: one that is there is known, none is not.
    """
    source, _, what = one.counted.partition(":")
    unknown = np.full(len(codes), np.nan)
    if not source or (one.level != "community" and source not in ("places", "reach")):
        return unknown
    towns = plan.site.communities.index
    if source == "counts":
        tally = tally_counts(plan.site, [what], pd.Series(0.0, towns))
        # A share of the city's count is no count of a community.
        values = tally.values[what].where(tally.origins[what] == "counted")
        return np.asarray(values.reindex(codes), float)
    if source == "orgs":
        orgs = plan.party_orgs
        if orgs.empty:
            return unknown
        of_level = orgs[orgs["level"].isin(what.split("|"))]
        return np.asarray(of_level.groupby("community").size().reindex(codes).fillna(0), float)
    number = _count_reached(plan, what) if source == "reach" else _count_places(plan, what)
    if one.level != "community":
        over = place_bodies(plan.site.communities)[one.level].reindex(number.index)
        number = number.groupby(over.to_numpy(object)).sum()
    number = number.reindex(codes)
    return np.asarray(number if source == "reach" else number.where(number > 0), float)


def _count_reached(plan: Plan, kind: str) -> pd.Series[Any]:
    """Count the households of each community within reach of a kind of service point."""
    rows = plan.coverage[
        (plan.coverage["level"] == "community")
        & (plan.coverage["kind"] == kind)
        & (plan.coverage["state"] == "now")
        & plan.coverage["own"]
    ]
    return rows.set_index("of")["reachable"].astype(float)


def _count_places(plan: Plan, kind: str) -> pd.Series[Any]:
    """Count the places of a kind (or several) on the land of each community, each once."""
    places = plan.site.places[plan.site.places["kind"].isin(kind.split("|"))]
    towns = plan.site.communities.sort_index()
    if places.empty:
        return pd.Series(dtype=float)
    middle = places.geometry.centroid
    place, town = towns.sindex.query(middle.to_numpy(), predicate="intersects")
    # On a common limit a place counts for the first community by code.
    order = np.lexsort([town, place])
    first = order[np.unique(place[order], return_index=True)[1]]
    return pd.Series(towns.index.to_numpy(object)[town[first]]).value_counts().astype(float)


def _reckon_need(
    one: Requirement,
    bodies: pd.DataFrame,
    row: Ints,
    held: Mapping[tuple[str, str, str], float],
) -> Floats:
    """Reckon how many each body needs; NaN where nothing is asked, or its base is unknown."""
    if one.base == "none":
        return np.full(len(row), np.nan)
    if one.base == "body":
        base = np.ones(len(row))
    elif one.base.startswith("given:"):
        names = bodies["body"].to_numpy(object)[row]
        base = _take_held(held, one.base.partition(":")[2], one.level, names)
    else:
        base = bodies[one.base].to_numpy(float)[row]
    # Rounded up, but not for a rounding of floats.
    return np.asarray(np.ceil(one.amount * base / one.per - 1e-9), float)


def _roll_up(judged: pd.DataFrame, bodies: pd.DataFrame) -> list[pd.DataFrame]:
    """Add the rows of all requirements up for every level above that of each."""
    keys = pd.MultiIndex.from_frame(bodies[["level", "body"]])
    place = keys.get_indexer(pd.MultiIndex.from_frame(judged[["level", "body"]]))
    depth = judged["level"].map({word: n for n, word in enumerate(FOUR_LEVELS)}).to_numpy()
    sums = ["need", "present", "missing", "households"]
    counts = ["bodies", "met", "unknown", "short", "counted"]
    flags = judged.assign(short=judged["state"] == "short", counted=judged["state"] == "counted")
    flags = flags.astype({"short": np.int64, "counted": np.int64})
    frames = []
    for number, level in enumerate(FOUR_LEVELS[:-1]):
        of = bodies[level].to_numpy(object)[place]
        inside = (depth > number) & (of != "")
        # Nobody may have named a body of this level, or none may be asked.
        if not inside.any():
            continue
        by = flags[inside].assign(of=of[inside]).groupby(["requirement", "group", "of"])
        # Unknown where nothing is known, not zero.
        table = by[sums].sum(min_count=1).join(by[counts].sum()).reset_index()
        states = [
            table["short"] > 0,
            table["unknown"] == table["bodies"],
            table["counted"] > 0,
            table["unknown"] > 0,
        ]
        state = np.select(states, ["short", "unknown", "counted", "unknown"], "met")
        above = bodies["above"].to_numpy(object)[
            keys.get_indexer(pd.MultiIndex.from_product([[level], table["of"]]))
        ]
        frames.append(
            table.drop(columns=["short", "counted"])
            .rename(columns={"of": "body"})
            .assign(
                level=level,
                above=above,
                state=state.astype(object),
                origin="added up",
                community="",
            )
        )
    return frames


def _relate(rows: pd.DataFrame) -> pd.DataFrame:
    """Relate what is present to the households of those that know it."""
    homes = rows["households"].where(rows["households"] > 0)
    return rows.assign(per_1000=PER * rows["present"] / homes)


def _number_rows(rows: pd.DataFrame, requirements: Mapping[str, Requirement]) -> pd.DataFrame:
    """Order the rows by requirement, level and body, and number them."""
    order = {key: n for n, key in enumerate(requirements)}
    level = {word: n for n, word in enumerate(FOUR_LEVELS)}
    by = pd.DataFrame(
        {"r": rows["requirement"].map(order), "l": rows["level"].map(level), "b": rows["body"]}
    ).sort_values(["r", "l", "b"], kind="stable")
    rows = rows.loc[by.index].reset_index(drop=True)
    width = len(str(len(rows)))
    return conform_table(
        ROOM, rows.assign(item=[str(n).zfill(width) for n in range(1, len(rows) + 1)])
    )


def _list_checklists(table: pd.DataFrame) -> pd.DataFrame:
    """List how much of each group's checklist a community meets; unknown counts as not met."""
    rows = table[(table["level"] == "community") & (table["state"] != "counted")]
    known = rows.assign(known=rows["state"] != "unknown")
    sums = known.groupby(["group", "body"]).agg(
        met=("met", "sum"), asked=("bodies", "sum"), known=("known", "any")
    )
    share = (sums["met"] / sums["asked"]).where(sums["known"])
    frames = [
        make_figures("community", of.index, of.index, f"checklist_{group}", of, 1.0)
        for group, of in ((g, share.xs(g)) for g in share.index.unique("group"))
    ]
    blank = pd.DataFrame(columns=["level", "of", "community", "measure", "value"])
    return pd.concat(frames, ignore_index=True) if frames else blank


def _list_gaps(
    table: pd.DataFrame, requirements: Mapping[str, Requirement], bodies: pd.DataFrame
) -> pd.DataFrame:
    """List what is short at the level of each requirement."""
    level_asked = table["requirement"].map({key: one.level for key, one in requirements.items()})
    short = table[(table["state"] == "short") & (table["level"] == level_asked)]
    homes = bodies.set_index(["level", "body"])["households"]
    keys = pd.MultiIndex.from_frame(short[["level", "body"]])
    name = short["requirement"].map({key: one.en for key, one in requirements.items()})
    name = name.astype("str")
    columns = ("need", "present", "missing")
    # where nothing is short, a column that is mapped would be one of numbers
    number = {column: short[column].map("{:g}".format).astype("str") for column in columns}
    return pd.DataFrame(
        {
            "rule": short["requirement"],
            "level": short["level"],
            "of": short["body"],
            "community": short["community"],
            "value": short["present"],
            "need": short["need"],
            "households": homes.reindex(keys).fillna(0).to_numpy(np.int64),
            "reason": number["present"] + " of " + number["need"] + " there: " + name,
            "remedy": "provide " + number["missing"] + " more",
        }
    ).reset_index(drop=True)


def _sum_up(
    table: pd.DataFrame, requirements: Mapping[str, Requirement], held: pd.DataFrame
) -> dict[str, Any]:
    """Sum up how much of the matrix is met, short and unknown."""
    level_asked = table["requirement"].map({key: one.level for key, one in requirements.items()})
    rows = table[table["level"] == level_asked]
    states = rows["state"].value_counts()
    return round_figures(
        {
            "requirements": len(requirements),
            "requirements_without_body": len(set(requirements) - set(table["requirement"])),
            "holdings": len(held),
            **{word: int(states.get(word, 0)) for word in ("met", "short", "unknown", "counted")},
        }
    )
