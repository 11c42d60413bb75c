"""Rows 24 to 46 of the founding document: volunteers, facilities, ratings, drills and checklists.

Each value that a verb wrote stands beside the same value worked out again in
pandas, from what the town gave. Where the made-up town has no counts of its
own, such as of issues solved or of studios, a sheet of holdings is filled in
by a fixed pattern, and read as a town's sheet would be.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import gridplan as gp
from benchmarks.founding_checklists import list_inventory, place_in_communities
from benchmarks.founding_row import Row
from benchmarks.founding_steering import list_steering
from gridplan.people.inventory.take_inventory import take_inventory
from gridplan.rules.coverage import STREET_SERVICE
from gridplan.tables.conform import conform_table

REACH = "gridplan reach PLAN"


def list_rows(plan: gp.Plan, replications: int = 2, seed: int = 0) -> list[Row]:
    """List the rows 24 to 46 of a plan on which all steps of ``gridplan make`` have run.

    Drills, demonstration points, proposals, levels, the inventory and the
    simulation are worked out here, since that command leaves them out.
    """
    rows = [
        *list_inventory(plan),
        *list_volunteers(plan),
        *list_simulated(plan, replications, seed),
        *list_facilities(plan),
        *list_steering(plan, seed),
    ]
    return sorted(rows, key=lambda row: row.number)


def list_volunteers(plan: gp.Plan) -> list[Row]:
    """List the rows of volunteers, from counts, households and ways alone."""
    rules = plan.rules.coverage
    counts = plan.site.counts[plan.site.counts["level"] == "community"]
    total = counts.groupby("measure")["value"].sum()
    ways = plan.reach[(plan.reach["kind"] == "volunteer_post") & (plan.reach["state"] == "now")]
    homes = ways["households"].to_numpy(float)
    minutes = ways["minutes"].to_numpy(float)
    city = plan.indicators[plan.indicators["level"] == "city"].set_index("measure")["value"]
    rural = (ways["community"].map(plan.site.communities["kind"]) == "rural").to_numpy()
    asked = homes * np.where(rural, rules.requests_rural, rules.requests_urban) / 100
    near = minutes <= max(rules.thresholds)
    # a request takes its hours, and the way there and back
    hours = (asked * (rules.request_hours + 2 * minutes / 60))[near].sum()
    hands = total["volunteers"]
    served = asked[near].sum() * min(1.0, hands * rules.volunteer_hours / hours) / hands
    visits = plan.indicators[
        (plan.indicators["level"] == "subgrid")
        & (plan.indicators["measure"] == "volunteer_visits_month")
    ].set_index("of")["value"]
    team = counts[counts["measure"] == "volunteers"].groupby("of")["value"].sum()
    grids = plan.subgrids[plan.subgrids["kind"] == "residential"]
    in_town = grids.groupby("community")["households"].transform("sum")
    month = rules.volunteer_hours / rules.volunteer_visit
    each = grids["community"].map(team) * month * grids["households"] / in_town
    return [
        Row(26, REACH, "indicators", "volunteers per 100 households",
            float(city["volunteers_per_100"]), 100 * hands / homes.sum()),
        Row(26, REACH, "indicators", "share of households within 10 minutes of a volunteer post",
            float(city["volunteer_within_10"]), homes[minutes <= 10].sum() / homes.sum()),
        Row(26, REACH, "reach", "ways shorter than the straight line", *_count_short_ways(plan)),
        Row(28, REACH, "indicators", "visits of volunteer days a month, all sub-grids",
            float(visits.sum()), float(hands * month)),
        Row(28, REACH, "indicators", "most visits of a sub-grid a month",
            float(visits.max()), float(each.max())),
        Row(29, REACH, "indicators", "services of a volunteer a month",
            float(city["services_per_volunteer"]), float(served)),
    ]  # fmt: skip


def _count_short_ways(plan: gp.Plan) -> tuple[float, float]:
    """Count ways of all kinds that are shorter than the straight line; there should be none."""
    ways = plan.reach[(plan.reach["state"] == "now") & plan.reach["metres"].notna()]
    doors = plan.stairwells.geometry.reindex(ways["stairwell"]).to_numpy()
    posts = plan.service_posts.geometry.reindex(ways["post"]).to_numpy()
    straight = shapely.distance(doors, posts)
    return float((ways["metres"].to_numpy(float) < straight - 0.01).sum()), 0.0


def list_simulated(plan: gp.Plan, replications: int, seed: int) -> list[Row]:
    """List the rows of wishes and requests: the city's figures again from its communities'."""
    simulated = gp.simulate(plan, replications=replications, seed=seed)
    table = simulated.requests
    city = table[table["level"] == "city"].set_index(["kind", "measure"])["mean"]
    towns = table[table["level"] == "community"].pivot_table(
        index=["kind", "of"], columns="measure", values="mean"
    )
    command = f"gridplan simulate PLAN --replications {replications}"
    rows = []
    for number, kind in ((30, "wish"), (31, "request")):
        of_kind = towns.loc[kind]
        came = of_kind["requests"]
        done = came * of_kind["resolved_share"].fillna(0)
        for measure, again in (
            ("requests", came.sum()),
            ("answered_share", (of_kind["answered_share"] * came).sum() / came.sum()),
            ("resolved_share", (of_kind["resolved_share"] * came).sum() / came.sum()),
            # of those that were resolved
            ("up_share", (of_kind["up_share"].fillna(0) * done).sum() / done.sum()),
        ):
            what = f"{kind}: {measure}"
            stated = float(city[kind, measure])
            rows.append(Row(number, command, "simulated", what, stated, float(again)))
    days = next(iter(simulated.manifest["scenarios"].values()))
    dates = pd.date_range(days["start"], periods=days["days"])
    what = "volunteer days of the month simulated: its Saturdays"
    stated = float(len(days["volunteer_days"]))
    rows.append(Row(28, command, "simulated", what, stated, float((dates.dayofweek == 5).sum())))
    return rows


def list_facilities(plan: gp.Plan) -> list[Row]:
    """List the rows of service centres, canteens, courtyards and street service centres."""
    rules = plan.rules.pairing
    communities = plan.site.communities
    town = plan.indicators[plan.indicators["level"] == "community"]
    area = town[town["measure"] == "centre_area"].set_index("of")
    homes = communities["households"].astype(float)
    need = homes * rules.centre_area / 100
    need = need.mask(homes >= rules.centre_small, need.clip(lower=rules.centre_least))
    inside = place_in_communities(plan)
    inside = inside[inside["kind"] == "service_centre"]
    there = inside.groupby("over")["floor_area"].sum().reindex(homes.index)
    return [
        Row(33, "gridplan pair PLAN", "indicators", "floor area that service centres need, m2",
            float(area["need"].sum()), float(need[area.index].sum())),
        Row(33, "gridplan pair PLAN", "indicators", "communities with enough floor area",
            float(area["met"].sum()), float((there >= need)[area.index].sum())),
        _list_second_sites(plan, inside),
        *(
            _list_reach(plan, 33, "service_centre", minutes)
            for minutes in (5.0, 10.0, 15.0)
        ),
        *_list_elders(plan),
        *_list_courtyards(plan),
        *_list_street_centres(plan),
        *_list_staffing(plan),
    ]  # fmt: skip


def _list_second_sites(plan: gp.Plan, centres: gpd.GeoDataFrame) -> Row:
    """List communities whose centres leave too many households far off, in straight lines."""
    rules = plan.rules.pairing
    doors = plan.stairwells
    again = 0
    for code, of_town in centres.groupby("over"):
        homes = doors[doors["community"] == code]
        xy = shapely.get_coordinates(homes.geometry.to_numpy())
        to = shapely.get_coordinates(of_town.geometry.to_numpy())
        metres = np.hypot(*(xy[:, None] - to[None]).transpose(2, 0, 1)).min(axis=1)
        near = homes["households"].to_numpy(float) @ (metres <= rules.centre_reach)
        again += near / homes["households"].sum() < rules.centre_within
    city = plan.indicators[plan.indicators["level"] == "city"].set_index("measure")["value"]
    what = "communities that need a second site"
    stated = float(city["centre_second_site"])
    return Row(33, "gridplan pair PLAN", "indicators", what, stated, float(again))


def _list_reach(plan: gp.Plan, number: int, kind: str, minutes: float) -> Row:
    """List the share of a kind's people within so many minutes, again from their ways."""
    at = plan.coverage[
        (plan.coverage["level"] == "city")
        & (plan.coverage["kind"] == kind)
        & (plan.coverage["state"] == "now")
        & (plan.coverage["minutes"] == minutes)
    ]
    ways = plan.reach[(plan.reach["kind"] == kind) & (plan.reach["state"] == "now")]
    again = ways.loc[ways["minutes"] <= minutes, "demand"].sum() / ways["demand"].sum()
    what = f"share within {minutes:g} minutes of a {kind.replace('_', ' ')}"
    return Row(number, REACH, "coverage", what, float(at["reachable_share"].iloc[0]), float(again))


def _list_elders(plan: gp.Plan) -> list[Row]:
    """List whom canteens serve: the elders that somebody counted, and what siting adds."""
    city = plan.indicators[plan.indicators["level"] == "city"].set_index("measure")["value"]
    posts = plan.service_posts[plan.service_posts["kind"] == "canteen"]
    capacity = next(s.capacity for s in plan.rules.coverage.services if s.kind == "canteen")
    siting = gp.propose_posts(plan, "canteen", add=1, question="most")
    brought = siting.siting[(siting.siting["kind"] == "canteen")].set_index("added")["served"]
    after = siting.reach[
        (siting.reach["kind"] == "canteen") & (siting.reach["state"] == "proposed")
    ]
    return [
        Row(34, REACH, "indicators", "elders whom canteens serve",
            float(city["elders_demand"]), _count_elders(plan)),
        _list_reach(plan, 34, "canteen", 15.0),
        Row(34, REACH, "service_posts", "canteens serving more than they have room for",
            float((posts["served"] > posts["capacity"]).sum()),
            float((posts["served"] > capacity).sum())),
        Row(34, "gridplan propose PLAN canteen --add 1", "siting", "elders served with one more",
            float(brought[1]), float(after["served"].sum())),
    ]  # fmt: skip


def _count_elders(plan: gp.Plan) -> float:
    """Count elders: counts of communities, of buildings with homes, and a rate for other homes."""
    counts = plan.site.counts[plan.site.counts["measure"] == "elders"]
    towns = counts[counts["level"] == "community"].set_index("of")["value"]
    blocks = counts[counts["level"] == "building"].set_index("of")["value"]
    homes = plan.stairwells.groupby(["community", "building"])["households"].sum()
    homes = homes.reset_index().set_index("building")
    homes = homes[~homes["community"].isin(towns.index)]
    # a count of a building without homes is left out, as the ledger says
    counted = blocks[blocks.index.isin(homes.index)]
    others = homes[~homes.index.isin(blocks.index)].groupby("community")["households"].sum()
    estimated = np.floor(others * plan.rules.coverage.elders + 0.5)
    return float(towns.sum() + counted.sum() + estimated.sum())


def _list_courtyards(plan: gp.Plan) -> list[Row]:
    """List the courtyards that are proposed, which serve the households of their community."""
    proposed = gp.propose_posts(plan, "courtyard", add=2)
    curve = proposed.siting[proposed.siting["kind"] == "courtyard"].set_index("added")
    ways = proposed.reach[
        (proposed.reach["kind"] == "courtyard") & (proposed.reach["state"] == "proposed")
    ]
    minutes = next(s.minutes for s in plan.rules.coverage.services if s.kind == "courtyard")
    near = ways.loc[ways["minutes"] <= minutes, "households"].sum()
    command = "gridplan propose PLAN courtyard --add 2"
    return [
        Row(32, command, "siting", "households within reach of two courtyards",
            float(curve.at[2, "served"]), float(near)),
        Row(32, command, "siting", "share of households that no two courtyards could exceed",
            float(curve.at[2, "bound"]), float(near / ways["households"].sum())),
    ]  # fmt: skip


def _list_street_centres(plan: gp.Plan) -> list[Row]:
    """List who reaches the service centre of the subdistrict, here in its first community's.

    Ways are measured again on straight lines too: nobody farther off can be in reach.
    """
    communities = plan.site.communities.sort_index()
    streets = communities["subdistrict"][communities["subdistrict"] != ""]
    first = streets[~streets.duplicated()]
    middles = communities.geometry.reindex(first.index).representative_point()
    rows = gpd.GeoDataFrame(
        {"place": [f"street-{n}" for n in range(len(first))], "kind": "street_centre"},
        geometry=middles.to_numpy(),
        crs=plan.crs,
    )
    others = plan.site.places[plan.site.places["kind"] != "street_centre"]
    places = pd.concat([others, conform_table("places", rows)])
    seen = take_inventory(gp.reach(plan.replace(places=conform_table("places", places))))
    stated = seen.inventory.set_index(["requirement", "level"])["present"]
    minutes = STREET_SERVICE.minutes
    ways = seen.reach[(seen.reach["kind"] == "street_centre") & (seen.reach["state"] == "now")]
    near = ways[ways["minutes"] <= minutes]
    doors = plan.stairwells.geometry.reindex(near["stairwell"]).to_numpy()
    their = near["community"].map(streets)
    centre = pd.Series(middles.to_numpy(), first.to_numpy()).reindex(their).to_numpy()
    far = shapely.distance(doors, centre) > plan.rules.walking.to_metres(minutes)
    command = "gridplan inventory PLAN, after reach"
    return [
        Row(35, command, "inventory", "service centres of subdistricts",
            float(stated["street_service_centre", "city"].sum()), float(len(first))),
        Row(35, command, "inventory", "households within reach of that of their subdistrict",
            float(stated["street_centre_reach", "city"].sum()), float(near["households"].sum())),
        Row(35, "gridplan reach PLAN", "reach", "of these, in another subdistrict or too far off",
            float(far.sum()), 0.0),
    ]  # fmt: skip


def _list_staffing(plan: gp.Plan) -> list[Row]:
    """List the community workers that the quota gives each community."""
    rules = plan.rules.staffing
    towns = plan.site.communities
    homes = towns["households"].astype(float)
    people = homes * plan.rules.households.persons
    quota = np.ceil(people * rules.workers_per_10000 / 1e4 - 1e-9)
    small = (people < rules.small_community) & (people > 0)
    quota = quota.mask(small, quota.clip(lower=rules.small_workers))
    country = np.ceil(homes / rules.households_per_worker - 1e-9)
    need = quota.where(towns["kind"] == "urban", country)
    city = plan.indicators[plan.indicators["level"] == "city"].set_index("measure")
    counts = plan.site.counts
    hands = counts.loc[counts["measure"].isin(["community_workers", "cadres"]), "value"].sum()
    # cadres lead where the branches' committees have too few members
    lead = plan.posts[(plan.posts["role"] == "grid_leader") & (plan.posts["source"] == "cadre")]
    command = "gridplan staff PLAN"
    return [
        Row(38, command, "indicators", "community workers that the quota gives",
            float(city.at["full_workers", "need"]), float(need.sum())),
        Row(38, command, "indicators", "full-time workers there",
            float(city.at["full_workers", "value"]), float(hands - len(lead))),
    ]  # fmt: skip
