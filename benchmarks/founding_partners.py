"""Rows 14 to 23 of the founding document: pairing, the surge, committees and property."""

import numpy as np
import pandas as pd
import shapely

import gridplan as gp


def find_middles(town):
    """Find the mean position of each community's households."""
    doors = town.doors
    weight = doors["households"].to_numpy(float)
    table = pd.DataFrame({
        "x": shapely.get_x(doors.geometry.to_numpy()) * weight,
        "y": shapely.get_y(doors.geometry.to_numpy()) * weight,
        "weight": weight,
    }).groupby(doors["community"].to_numpy(object)).sum()  # fmt: skip
    return table[["x", "y"]].div(table["weight"], axis=0)


def list_partners(town):
    """List rows 14 to 16: members who check in, institutions paired, and hours of help."""
    plan, rules = town.plan, town.plan.rules.pairing
    given = town.site.institutions["party_members"].fillna(0)
    pairs = plan.links[plan.links["kind"] == "pairing"]
    joined = plan.links[plan.links["kind"] == "member_checkin"]
    middles = find_middles(town)
    of = town.site.institutions.geometry.centroid.reindex(pairs["source"])
    way = np.hypot(
        of.x.to_numpy() - middles["x"].reindex(pairs["community"]).to_numpy(),
        of.y.to_numpy() - middles["y"].reindex(pairs["community"]).to_numpy(),
    )
    able = np.rint(given / rules.members_per_community).clip(1, rules.capacity_most)
    able = able.where(given > 0, 0)
    over = pairs["source"].value_counts().reindex(able.index).fillna(0) > able
    stated = town.figures
    return [
        (14, "pair", "links", "members who check in, as the institutions have",
         stated["members_checked_in"], given.sum() * rules.checkin_share),
        (14, "pair", "links", "members by institution",
         joined.groupby("source")["amount"].sum(), given[given > 0].sort_index()),
        (14, "pair", "indicators", "members by community",
         town.read("checkin_members", "community"), joined.groupby("community")["amount"].sum()),
        (15, "pair", "links", "institutions that answer for a community",
         stated["institutions_paired"], int((given > 0).sum())),
        (15, "pair", "links", "urban communities with one", stated["communities_paired"],
         len(town.urban)),
        (15, "pair", "links", "institutions with more communities than they can serve", 0,
         int(over.sum())),
        (15, "pair", "links", "metres of each pair", pairs["distance"].to_numpy(), way),
        (16, "pair", "links", "hours of members a month", stated["checkin_hours"],
         given.sum() * rules.checkin_share * rules.checkin_hours),
        (16, "brief", "published", "members of an institution",
         stated["members_checked_in"] / stated["institutions_paired"],
         given.sum() / (given > 0).sum()),
        (16, "brief", "published", "members of an urban community",
         stated["members_checked_in"] / stated["urban_communities"],
         given.sum() / len(town.urban)),
    ]  # fmt: skip


def list_modes(town):
    """List row 17: as things usually are, and in a surge; more help never reaches fewer."""
    table = gp.surge(town.plan, replications=2, seed=1, worth=False).helped
    city = table[(table["level"] == "city") & (table["measure"] == "helped_share")]
    grids = table[(table["level"] == "subgrid") & (table["measure"] == "helped_share")]
    usual, surge = (city.loc[city["posture"] == name, "mean"].iloc[0] for name in (
        "usual", "surge"))  # fmt: skip
    again = grids.groupby("posture")["mean"].mean()
    return [
        (17, "surge", "surged", "share of affected sub-grids helped, usual", usual,
         again["usual"]),
        (17, "surge", "surged", "share of affected sub-grids helped, surge", surge,
         again["surge"]),
        (17, "surge", "surged", "the surge reaches as many or more", str(surge >= usual), "True"),
    ]  # fmt: skip


def list_cadres(town):
    """List row 18: leading cadres paired with the Party organisations of communities."""
    posts = town.count("leading_cadres")
    stated = town.figures
    return [
        (18, "pair", "links", "leading cadres paired", stated["cadres"], posts.sum()),
        (18, "pair", "links", "urban communities with one", stated["communities_with_cadre"],
         min(len(town.urban), posts.sum())),
        (18, "brief", "published", "cadres of an urban community",
         stated["cadres"] / stated["urban_communities"], posts.sum() / len(town.urban)),
    ]  # fmt: skip


def list_seats(town):
    """List row 19: seats of outsiders in the big committees, and who could take them."""
    site, most = town.site, town.plan.rules.pairing.seats_most
    lands = site.communities.sort_index().loc[town.urban]
    points = site.institutions.geometry.centroid
    inside = [int(shapely.intersects(land, points.to_numpy()).sum()) for land in lands.geometry]
    candidates = pd.Series(inside, lands.index)
    for measure in ("owners_committee", "property_firm"):
        there = town.count(measure, "compound")
        over = site.compounds["community"].reindex(there.index[there > 0])
        candidates += over.value_counts().reindex(lands.index).fillna(0)
    by_street = candidates.groupby(town.towns["subdistrict"].reindex(lands.index)).sum()
    seats = candidates.clip(upper=most).sum() + by_street.clip(upper=most).sum()
    empty = int((candidates == 0).sum())
    outside = town.read("outside_seats", "community")
    return [
        (19, "pair", "indicators", "candidates by community",
         town.read("seat_candidates", "community"), candidates),
        (19, "pair", "links", "seats taken", town.figures["committee_members"], seats),
        (19, "pair", "indicators", "communities without any", int((outside == 0).sum()), empty),
    ]  # fmt: skip


def list_bodies(town):
    """List rows 20 and 21: six in one, and captains of buildings and stairwells."""
    plan, towns = town.plan, town.urban
    compounds = town.site.compounds["community"]
    six = pd.DataFrame(index=towns)
    led = plan.members.loc[plan.members["branch"] != "", "community"]
    six["party_org"] = towns.isin(led)
    for name in ("residents_committee", "building_captains", "service_station"):
        six[name] = town.count(name, "community").reindex(towns) > 0
    for name in ("owners_committee", "property_firm"):
        counted = town.count(name, "compound")
        six[name] = counted.groupby(compounds.reindex(counted.index)).sum().reindex(towns) > 0
    rules = plan.rules.staffing
    doors = town.doors.groupby(["community", "building", "door"])["households"].sum()
    held = doors.groupby(level=["community", "building"]).agg(["sum", "size"])
    held = held[held["sum"] >= rules.building_households]
    several = held.index[held["size"] > 1]
    stairs = doors[doors >= rules.stairwell_households].reset_index()
    stairs = stairs[pd.MultiIndex.from_frame(stairs[["community", "building"]]).isin(several)]
    rows = [
        (20, "pair", "indicators", "bodies of six, by community",
         town.read("six_in_one", "community"), six.sum(axis=1)),
        (20, "pair", "indicators", "communities with all six", town.read("six_complete"),
         int(six.all(axis=1).sum())),
    ]  # fmt: skip
    slots = {
        "building_captain": held.groupby(level="community").size(),
        "stairwell_captain": stairs.groupby("community").size(),
    }
    for role, needed in slots.items():
        counted = town.count(f"{role}s", "community").reindex(needed.index).fillna(0)
        posts = plan.posts[plan.posts["role"] == role]
        rows += [
            (21, "staff", "posts", f"slots of {role}s", len(posts), needed.sum()),
            (21, "staff", "posts", f"slots of {role}s filled", town.figures[f"{role}s"],
             np.minimum(needed, counted).sum()),
        ]  # fmt: skip
    return rows


def list_property(town):
    """List rows 22 and 23: Party organisations of owners and firms, stars and lists."""
    names = ("owners_committee", "owners_committee_party", "property_firm", "property_party")
    owners, owners_party, firms, firms_party = (town.count(name).sum() for name in names)
    share = town.plan.rules.pairing.owners_share
    there, led = (town.count(name, "compound") for name in names[:2])
    bare = int(((there > 0) & ~(led.reindex(there.index) > 0)).sum())
    gaps = town.plan.gaps[town.plan.gaps["rule"] == "owners_party"]
    compounds = town.site.compounds.sort_index()
    number = np.arange(len(compounds))
    stated = town.figures
    return [
        (22, "brief", "published", "owners' committees with a Party organisation",
         stated["owners_committees"], owners_party / owners),
        (22, "pair", "gaps", "compounds whose committee has none", len(gaps), bare),
        (22, "pair", "indicators", "committees lacking for 87.76 %",
         town.read("owners_party_lacking"), max(0, np.ceil(share * owners) - owners_party)),
        (23, "brief", "published", "firms with a Party organisation", stated["property_firms"],
         firms_party / firms),
        (23, "brief", "published", "stars on average", stated["property_stars"],
         np.mean(1 + number % 5)),
        (23, "brief", "published", "compounds on the red list", stated["property_red"],
         int((number % 7 == 0).sum())),
        (23, "brief", "published", "compounds on the black list", stated["property_black"],
         int((number % 11 == 1).sum())),
    ]  # fmt: skip
