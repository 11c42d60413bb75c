"""What the inventory answers of rows 24 to 46: what should be there, and what is."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

import gridplan as gp
from benchmarks.founding_row import Row
from gridplan.people.inventory.holdings import read_holdings
from gridplan.people.inventory.take_inventory import list_bodies, take_inventory
from gridplan.tables.personal import find_personal_columns
from gridplan.tables.requirements import read_document, read_requirements

INVENTORY = "gridplan inventory PLAN --holdings HELD.csv"
POWERS = "micro_powers"  # the requirement that a town adds for the list of micro-powers
DOCUMENT = Path(gp.__file__).parent / "tables" / "requirements.csv"


def list_inventory(plan: gp.Plan) -> list[Row]:
    """Take the inventory by a sheet that is filled in, and list what it answers."""
    held = make_holdings(plan)
    added = read_requirements(_write_powers(), "powers.csv")
    known = read_document() | {one.key: one for one in added}
    counts = read_holdings(held, "held.csv", known, list_bodies(plan))
    sheet = pd.read_csv(io.StringIO(held), dtype={"body": str})
    return list_checklists(take_inventory(plan, counts, added), sheet)


def make_holdings(plan: gp.Plan) -> str:
    """Fill in a sheet of holdings by a fixed pattern: some have all that is needed, some not."""
    towns = plan.site.communities.sort_index()
    urban = towns.index[towns["kind"] == "urban"]
    streets = sorted(set(towns["subdistrict"]) - {""})
    lots = plan.site.compounds.groupby("community").size()
    rows: list[tuple[str, str, float]] = []
    for n, code in enumerate(urban):
        rows += [
            (code, "cross_appointment", max(0, int(lots.get(code, 0)) - n % 2)),
            (code, "issues_solved", 8 + n),
            (code, "volunteer_team", float(n % 7 != 6)),
            (code, "complete_parcel_point", float(n % 3 != 2)),
            (code, POWERS, float(n % 2 == 0)),
        ]
    for n, street in enumerate(streets):
        rows += [
            (street, "street_posts", 50 - 3 * (n % 2)),
            (street, "command_centre", 1),
            (street, "six_optimisations", 6 - n % 3),
            (street, "fifteen_tasks", 15 - n % 4),
        ]
    rows += [("site", "secretary_studios", 4), ("site", "new_secretaries", 5)]
    rows.append(("site", "secretary_mentors", 4))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([("body", "requirement", "count"), *rows])
    return text.getvalue()


def _write_powers() -> str:
    """Write the requirement of a list of micro-powers, as a town adds one of its own."""
    names = DOCUMENT.read_text(encoding="utf-8-sig").splitlines()[0]
    words = "lists,份,list of micro-powers,小微权力清单,yes,the town's sheet"
    return f"{names}\n{POWERS},46,governance,community,body,1,1,urban,,{words}\n"


def list_checklists(plan: gp.Plan, sheet: pd.DataFrame) -> list[Row]:
    """List the rows that the inventory answers, beside the sheet that was filled in."""
    towns = plan.site.communities
    urban = set(towns.index[towns["kind"] == "urban"])
    streets = towns["subdistrict"][towns["subdistrict"] != ""].nunique()
    lots = plan.site.compounds["community"].isin(urban).sum()
    homes = plan.site.communities["households"]
    at_city = plan.inventory[plan.inventory["level"] == "city"].set_index("requirement")
    given = sheet.groupby("requirement")["count"]
    total, enough = given.sum(), sheet[sheet["count"] >= 1].groupby("requirement").size()

    def state(number: int, key: str, column: str, what: str, again: Any, scale: float = 1) -> Row:
        stated = float(at_city.at[key, column]) * scale
        return Row(number, INVENTORY, "inventory", what, stated, float(again))

    in_towns = float(homes.reindex(sorted(urban)).sum())
    full = sheet[sheet["requirement"] == "six_optimisations"]["count"]
    tasks = sheet[sheet["requirement"] == "fifteen_tasks"]["count"]
    posts = sheet[sheet["requirement"] == "street_posts"]["count"]
    return [
        state(24, "cross_appointment", "need", "compounds that need cross-appointment", lots),
        state(24, "cross_appointment", "present", "compounds with cross-appointment",
              total["cross_appointment"]),
        state(25, "issues_solved", "per_1000", "issues solved per 1,000 households",
              1000 * total["issues_solved"] / in_towns),
        state(27, "volunteer_team", "met", "communities with a volunteer team",
              enough["volunteer_team"]),
        state(27, "volunteer_team", "bodies", "communities that need one", len(urban)),
        *_list_complete(plan, at_city, urban, sheet),
        state(37, "street_posts", "need", "posts that subdistricts need", 50 * streets),
        state(37, "street_posts", "missing", "posts missing", (50 - posts).clip(lower=0).sum()),
        state(37, "street_posts", "per_1000", "posts per 10,000 households",
              1e4 * posts.sum() / homes.sum(), 10),
        state(39, "secretary_studios", "present", "studios of excellent secretaries",
              total["secretary_studios"]),
        state(39, "secretary_mentors", "missing", "new secretaries without a mentor",
              total["new_secretaries"] - total["secretary_mentors"]),
        state(44, "six_optimisations", "missing", "optimisations not carried out",
              (6 - full).sum()),
        state(44, "fifteen_tasks", "missing", "key tasks not carried out", (15 - tasks).sum()),
        state(46, POWERS, "met", "nothing asked by the document; a list that a town adds: there",
              enough[POWERS]),
        _list_burden(plan),
    ]  # fmt: skip


def _list_complete(
    plan: gp.Plan, at_city: pd.DataFrame, urban: set[str], sheet: pd.DataFrame
) -> list[Row]:
    """List how many communities have each place of the complete-community checklist."""
    inside = place_in_communities(plan)
    rows = []
    for key, kind in (("kindergarten", "kindergarten"), ("shop", "market")):
        again = len(set(inside.loc[inside["kind"] == kind, "over"]) & urban)
        what = f"complete community: communities with a {key}"
        stated = float(at_city.at[f"complete_{key}", "met"])
        rows.append(Row(36, INVENTORY, "inventory", what, stated, float(again)))
    parcels = sheet[sheet["requirement"] == "complete_parcel_point"]["count"]
    stated = float(at_city.at["complete_parcel_point", "missing"])
    what = "complete community: parcel points missing"
    return [*rows, Row(36, INVENTORY, "inventory", what, stated, float((1 - parcels).sum()))]


def _list_burden(plan: gp.Plan) -> Row:
    """List what holds row 45: nothing that the plan asks of a town is about a person."""
    tables = {name: getattr(plan.site, name) for name in ("buildings", "counts", "institutions")}
    found = sum(
        len(
            find_personal_columns(
                name, pd.DataFrame(table.drop(columns="geometry", errors="ignore"))
            )
        )
        for name, table in tables.items()
    )
    what = "nothing spatial; held by counts alone: columns of persons in the tables that are asked"
    return Row(45, "gridplan schema", "buildings, counts, institutions", what, float(found), 0.0)


def place_in_communities(plan: gp.Plan) -> gpd.GeoDataFrame:
    """Place each place in the community that its middle lies in: column over."""
    places = plan.site.places
    middle = gpd.GeoDataFrame(
        places[["kind", "floor_area"]], geometry=places.geometry.centroid, crs=places.crs
    )
    land = plan.site.communities[["geometry"]].rename_axis("over").reset_index()
    return gpd.sjoin(middle, land, predicate="within")
