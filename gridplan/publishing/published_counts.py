"""What a release publishes beside counts of people: plain sums by place, and the figures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from gridplan.plan import Plan
from gridplan.publishing.earlier_households import Earlier
from gridplan.publishing.hidden_figures import find_hidden_figures
from gridplan.publishing.household_release import HouseholdChoice
from gridplan.publishing.place_sums import CITY, UPPER, list_cells
from gridplan.rules.disclosure import DisclosureRules
from gridplan.tables.level_indicators import place_bodies

COLUMNS = ["level", "of", "community", "measure", "value", "shown"]


def publish_households(plan: Plan, households: HouseholdChoice) -> pd.DataFrame:
    """Publish households, sub-grids and grids of each place; a total may be suppressed."""
    table = pd.DataFrame(plan.subgrids.drop(columns="geometry", errors="ignore"))
    bodies = place_bodies(plan.site.communities)
    table = table[table["community"].isin(bodies.index)]
    community = table["community"].astype(object)
    measures = pd.DataFrame(
        {
            "households": table["households"].groupby(community).sum(),
            "subgrids": (table["kind"] == "residential").groupby(community).sum(),
            "exclusive": (table["kind"] == "exclusive").groupby(community).sum(),
        }
    )
    cells = [list_cells(measures, bodies)]
    if len(plan.special_grids):
        special = plan.special_grids["community"].value_counts()
        column = special.reindex(bodies.index).fillna(0).astype(np.int64)
        cells.append(list_cells(column.to_frame("special"), bodies))
    rows = pd.concat(cells, ignore_index=True)
    pairs = pd.MultiIndex.from_frame(rows[["level", "of"]])
    hidden = (rows["measure"] == "households") & pairs.isin(list(households.hidden))
    return rows.assign(value=rows["value"].astype(float).mask(hidden), shown=~hidden)


def publish_pairings(plan: Plan) -> pd.DataFrame:
    """Publish how many institutions answer for each place: each counts once in a place.

    The pairings themselves leave too.
    """
    links = plan.links[plan.links["kind"] == "pairing"]
    if links.empty:
        return pd.DataFrame(columns=COLUMNS)
    bodies = place_bodies(plan.site.communities)
    bodies["community"] = bodies.index.astype(object)
    frames = []
    for level in ("community", *UPPER):
        of = links["community"].map(bodies[level])
        count = links["source"].groupby(of.to_numpy(object)).nunique()
        names = _list_names(bodies[level])
        value = count.reindex(names).fillna(0).to_numpy(float)
        frame = pd.DataFrame({"of": names, "value": value})
        frames.append(
            frame.assign(level=level, community=frame["of"] if level == "community" else "")
        )
    rows = pd.concat(frames, ignore_index=True)
    return rows.assign(measure="institutions_paired", shown=True)[COLUMNS]


def _list_names(names: Iterable[str]) -> list[str]:
    return sorted({str(name) for name in names} - {""})


def publish_figures(
    plan: Plan,
    values: pd.Series[Any],
    cells: pd.DataFrame,
    others: pd.DataFrame,
    rules: DisclosureRules,
    households: HouseholdChoice,
    earlier: Earlier = (),
) -> pd.DataFrame:
    """Publish the figures of the paragraph for the city; what is suppressed has no value."""
    shut = find_hidden_figures(plan, cells, others, values, rules, earlier)
    of_kind = {("city", CITY): "households", ("kind", "urban"): "households_urban"}
    of_kind[("kind", "rural")] = "households_rural"
    shut |= {figure for pair, figure in of_kind.items() if pair in households.hidden}
    # The households that nobody counted are those of a few buildings at times.
    counted = values["households_counted"]
    if any(0 < part < rules.household_width for part in (counted, values["households"] - counted)):
        shut.add("households_counted")
    # An unknown figure has no row; a suppressed one has a row without value.
    known = values.dropna()
    return pd.DataFrame(
        {
            "level": "city",
            "of": CITY,
            "community": "",
            "measure": ["figure:" + name for name in known.index],
            "value": [np.nan if name in shut else float(known[name]) for name in known.index],
            "shown": [name not in shut for name in known.index],
        }
    )
