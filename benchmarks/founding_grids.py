"""Rows 1 to 23 of the founding document: grids, the Party's chain, staffing and pairing."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import gridplan as gp
from benchmarks.founding_row import Row
from gridplan.publishing.published_figures import count_figures

URBAN_BAND, RURAL_BAND = (20, 40), (35, 65)
WORKERS = ("grid_worker_full", "grid_worker_part")
# m; an institution that is given as a point in its yard stands between its buildings, whose
# surroundings its grid is
ASIDE = 20.0
BUILT = ("river", "lake", "railway")


class Town:
    """A plan with what its rows are reckoned again from."""

    def __init__(self, plan):
        self.plan = plan
        self.site = plan.site
        self.figures = count_figures(plan)
        self.doors = plan.stairwells
        self.homes = plan.subgrids.index[plan.subgrids["kind"] == "residential"]
        held = self.doors.groupby("subgrid")["households"].sum()
        self.sizes = held.reindex(self.homes).fillna(0)
        # a sub-grid's code begins with that of its community
        self.towns = self.site.communities.drop(columns="geometry").sort_index()
        self.kinds = self.towns["kind"].reindex(self.homes.str.slice(0, -4)).to_numpy(object)
        self.urban = self.towns.index[self.towns["kind"] == "urban"]

    def read(self, measure, level="city"):
        """Take a measure that a verb states: of the city, or of all bodies of a level by code."""
        table = self.plan.indicators
        rows = table[(table["measure"] == measure) & (table["level"] == level)]
        values = rows.set_index("of")["value"].sort_index()
        return float(values.iloc[0]) if level == "city" else values

    def read_level(self, indicator, level):
        """Take an indicator of the four levels by body."""
        table = self.plan.level_indicators
        rows = table[(table["indicator"] == indicator) & (table["level"] == level)]
        return rows.set_index("body")["value"].sort_index()

    def count(self, measure, level=None):
        """Add up what was given as counts, by place."""
        rows = self.site.counts[self.site.counts["measure"] == measure]
        rows = rows if level is None else rows[rows["level"] == level]
        return rows.groupby("of")["value"].sum()


def list_rows(plan):
    """List the rows with what is stated and what comes out again."""
    town = Town(plan)
    parts = (
        list_grids,
        list_audited,
        list_beside,
        list_chain,
        list_orgs,
        list_centres,
        list_duties,
    )
    parts += (list_leaders, list_workers, list_levels, list_partners, list_modes)
    parts += (list_cadres, list_seats, list_bodies, list_property)
    return [Row(*row) for part in parts for row in part(town)]


def list_grids(town):
    """List row 1: sub-grids, their sizes and their share in the band."""
    sizes, kinds = town.sizes, town.kinds
    urban, rural = sizes[kinds == "urban"], sizes[kinds == "rural"]
    within = [*urban.between(*URBAN_BAND), *rural.between(*RURAL_BAND)]
    given = town.count("households", "site").sum()
    by_town = sizes.groupby(sizes.index.str.slice(0, -4)).mean()
    street = town.towns["subdistrict"].reindex(sizes.index.str.slice(0, -4)).to_numpy(object)
    by_street = sizes.groupby(street).mean()
    stated = town.figures
    land = town.plan.subgrids.groupby("community")["area"].sum()
    outlines = town.site.communities.geometry.area.reindex(land.index)
    return [
        (1, "plan", "subgrids", "sub-grids of homes", stated["subgrids"], len(sizes[sizes > 0])),
        (1, "plan", "subgrids", "households, as the site was given", stated["households"], given),
        (1, "plan", "subgrids", "mean, urban", stated["households_urban"], urban.mean()),
        (1, "plan", "subgrids", "mean, rural", stated["households_rural"], rural.mean()),
        (1, "plan", "subgrids", "share in band", stated["in_band"], np.mean(within)),
        (1, "levels", "level_indicators", "mean by community",
         town.read_level("mean_households", "community"), by_town),
        (1, "levels", "level_indicators", "mean by subdistrict",
         town.read_level("mean_households", "subdistrict"), by_street),
        (1, "plan", "subgrids", "land of each community, m2, tiled", land, outlines),
    ]  # fmt: skip


def list_audited(town):
    """List row 1 further: how even sub-grids are, and how many a community needs."""
    stated = gp.audit(town.plan).communities
    codes = stated.index
    of_town = town.sizes.groupby(town.sizes.index.str.slice(0, -4))
    held = town.doors.groupby("community")["households"].sum().reindex(codes)
    needed = []
    for code, households in held.items():
        band = getattr(town.plan.rules, town.towns.loc[code, "kind"])
        counts = [
            k for k in range(1, int(households)) if band.low * k <= households <= band.high * k
        ]
        needed.append(min(counts, key=lambda k: (abs(households / k - band.target), k)))
    ways = [
        ("spread of sizes by community (CV)", "cv", of_town.std(ddof=0) / of_town.mean()),
        ("smallest by community", "min", of_town.min()),
        ("largest by community", "max", of_town.max()),
        ("sub-grids needed by community", "wanted", pd.Series(needed, codes)),
    ]
    return [
        (1, "audit", "communities", what, stated[column], again.reindex(codes))
        for what, column, again in ways
    ]


def list_beside(town):
    """List rows 2 and 3: exclusive grids, and the stretches of rivers, lakes and railways."""
    plan = town.plan
    grids = plan.subgrids[plan.subgrids["kind"] == "exclusive"]
    kinds = plan.rules.exclusive.kinds
    site = town.site
    owners = pd.concat([site.institutions.geometry, site.places.geometry, site.buildings.geometry])
    owner = owners[~owners.index.duplicated()].reindex(grids["institution"])
    inside = shapely.distance(grids.geometry.to_numpy(), owner.to_numpy()) <= ASIDE
    asked = site.institutions[site.institutions["kind"].isin(kinds)].geometry.centroid
    standing = shapely.distance(grids.geometry.union_all(), asked.to_numpy()) <= ASIDE
    living = town.doors["subgrid"].isin(grids.index)
    special = plan.special_grids
    lands = town.site.communities.sort_index()
    barriers = town.site.barriers[town.site.barriers["kind"].isin(BUILT)]
    rivers = count_stretches(barriers, lands)
    long = special.geometry.length[special.geom_type == "LineString"]
    apart = shapely.distance(
        special.geometry.to_numpy()[:, None], plan.subgrids.geometry.to_numpy()[None, :]
    )
    same = special["community"].to_numpy(object)[:, None] == plan.subgrids["community"].to_numpy(
        object
    )
    near = (apart <= plan.rules.special.touch) & same
    return [
        (2, "plan", "subgrids", "exclusive grids, their owner's place 20 m off at most",
         town.figures["exclusive"], inside.sum()),
        (2, "plan", "subgrids", "institutions of its kinds that have one there",
         len(asked), int(standing.sum())),
        (2, "plan", "subgrids", "households in exclusive grids",
         grids["households"].sum(), town.doors.loc[living, "households"].sum()),
        (2, "levels", "level_indicators", "kept out of the count of sub-grids",
         town.read_level("subgrids", "city"), town.doors["subgrid"].nunique()),
        (3, "plan", "special_grids", "stretches that a community's land has",
         special.groupby(["kind", "community"]).ngroups, rivers),
        (3, "plan", "special_grids", "length of stretches of railway",
         special.loc[long.index, "length"], long),
        (3, "plan", "touches", "crossings of stretches and grids", len(plan.touches), near.sum()),
        (3, "staff", "layer_duties", "chiefs, one for each river of a community",
         town.figures["chiefs"], rivers),
        (3, "staff", "indicators", "metres of a chief", town.read("chief_metres"),
         special["length"].sum() / rivers),
    ]  # fmt: skip


def count_stretches(barriers, lands):
    """Count the rivers, lakes and railways of communities; on a common limit the first has them."""
    count = 0
    for shape in barriers.geometry:
        rest = shape
        for land in lands.geometry:
            # m; what is shorter is a rounding of the limit
            count += rest.intersection(land).length > 1.0
            rest = rest.difference(land)
    return count


def list_chain(town):
    """List row 4: the chain from community to door, each inside the one above."""
    plan, doors, members = town.plan, town.doors, town.plan.members
    compounds = town.site.compounds
    points = gpd.GeoDataFrame(geometry=doors.geometry, crs=plan.crs)
    strays = {}
    for level, lands in (("community", town.site.communities), ("compound", compounds)):
        claimed = doors[level].to_numpy(object)
        known = lands.geometry.reindex(claimed).to_numpy()
        apart = shapely.distance(points.geometry.to_numpy(), known)
        # a door stands on its building's front, up to a few metres outside a limit
        strays[level] = int((apart > 30.0).sum())
    homes = town.site.buildings.index[town.site.buildings["households"] > 0]
    given = town.site.counts[town.site.counts["measure"] == "party_members_full"]
    at_home = given[(given["level"] == "community") | given["of"].isin(homes)]
    orgs = plan.party_orgs
    branches = orgs[orgs["level"] == "branch"]
    groups = orgs[orgs["level"] == "group"]
    parents = members.loc[members["group"] != "", ["group", "branch"]].drop_duplicates()
    return [
        (4, "plan", "stairwells", "buildings with homes that have doors",
         doors["building"].nunique(), len(homes)),
        (4, "plan", "stairwells", "doors 30 m and more outside their community or compound",
         0, sum(strays.values())),
        (4, "organise", "party_orgs", "full members of branches, as counted in homes",
         branches["full"].sum(), at_home["value"].sum()),
        (4, "organise", "party_orgs", "full members by branch", branches["full"].sort_index(),
         members[members["branch"] != ""].groupby("branch")["full"].sum()),
        (4, "organise", "party_orgs", "groups inside one branch",
         int(groups["parent"].isin(branches.index).sum()), len(parents)),
    ]  # fmt: skip


def list_orgs(town):
    """List rows 5 and 6: branches and groups, their sizes, and what is short."""
    plan, members = town.plan, town.plan.members
    people = members["full"] + members["probationary"]
    orgs = plan.party_orgs
    sums = {}
    for level in ("branch", "group"):
        held = members[level] != ""
        sums[level] = (
            members[held].groupby(level)["full"].sum(),
            people[held].groupby(members.loc[held, level]).sum(),
        )
    branch_full, branch_all = sums["branch"]
    group_full, group_all = sums["group"]
    branches, groups = (orgs[orgs["level"] == level] for level in ("branch", "group"))
    stated = town.figures
    towns_of = members[members["branch"] != ""].groupby("branch")["community"].nunique()
    sizes = branches["full"] + branches["probationary"]
    return [
        (5, "organise", "party_orgs", "branches", stated["branches"], members["branch"][
            members["branch"] != ""].nunique()),
        (5, "organise", "party_orgs", "branches of three full members and more",
         int((branches["full"] >= 3).sum()), int((branch_full >= 3).sum())),
        (5, "organise", "party_orgs", "branches of more than 50, which advice says",
         int((branches["advice"] != "").sum()), int((branch_all > 50).sum())),
        (5, "organise", "party_orgs", "members of each branch", sizes.sort_index(), branch_all),
        (5, "organise", "party_orgs", "branches in one community", len(branches),
         int((towns_of == 1).sum())),
        (6, "organise", "party_orgs", "groups", stated["groups"], len(group_all)),
        (6, "organise", "party_orgs", "groups of three members, one of them full, and more",
         int(((groups["full"] + groups["probationary"] >= 3) & (groups["full"] > 0)).sum()),
         int(((group_all >= 3) & (group_full > 0)).sum())),
        (6, "brief", "published", "groups of a branch", stated["groups"] / stated["branches"],
         len(group_all) / len(branch_all)),
    ]  # fmt: skip


def list_centres(town):
    """List row 7: central households, where one is wanted and somebody could host it."""
    plan, sizes = town.plan, town.sizes
    wanted = np.maximum(1, np.ceil(sizes / plan.rules.organisation.central_load))
    able = plan.members[plan.members["available"] > 0].groupby("subgrid").size()
    hosted = np.minimum(wanted, able.reindex(sizes.index).fillna(0))
    short = plan.gaps[plan.gaps["rule"] == "central_household"]
    short = short[short["room"] == "organisation"]
    hosts = plan.posts[plan.posts["role"] == "central_household"]
    metres = (hosts["households"] * hosts["mean_walk"]).groupby(hosts["subgrid"]).sum()
    served = hosts["households"].sum()
    near = plan.reach[(plan.reach["kind"] == "central_household") & (plan.reach["minutes"] <= 5)]
    covered = plan.coverage[
        (plan.coverage["kind"] == "central_household")
        & (plan.coverage["level"] == "city")
        & plan.coverage["own"]
    ]
    with_host = sizes[hosted > 0]
    return [
        (7, "organise", "posts", "central households", town.figures["central_households"],
         hosted.sum()),
        (7, "organise", "posts", "sub-grids with one", town.figures["subgrids_with_centre"],
         int((hosted > 0).sum())),
        (7, "organise", "gaps", "sub-grids that lack one", len(short),
         int((hosted < wanted).sum())),
        (7, "organise", "posts", "households that they serve", served, with_host.sum()),
        (7, "levels", "level_indicators", "share of sub-grids with one",
         town.read_level("central_households", "city"), float((hosted > 0).mean())),
        (7, "organise", "posts", "metres that a sub-grid's households walk to theirs", metres,
         walk_to_hosts(town, hosts).reindex(metres.index)),
        (7, "reach", "coverage", "households within 5 minutes of theirs",
         covered["reachable"].sum(), near["households"].sum()),
    ]  # fmt: skip


def walk_to_hosts(town, hosts):
    """Add up the household-metres of each sub-grid to its nearest central household.

    A way is straight, down the stairs and up again; over one door only the floors count.
    """
    doors = town.doors
    points = doors.geometry
    table = pd.DataFrame({
        "subgrid": doors["subgrid"], "x": points.x, "y": points.y, "climb": doors["climb"],
        "households": doors["households"],
        "stack": doors["building"] + "-" + doors["door"].astype(str),
    })  # fmt: skip
    both = table.reset_index().merge(table.loc[hosts["stairwell"]], on="subgrid")
    apart = np.hypot(both["x_x"] - both["x_y"], both["y_x"] - both["y_y"])
    way = apart + both["climb_x"] + both["climb_y"]
    floors = (both["climb_x"] - both["climb_y"]).abs()
    both["way"] = way.where(both["stack_x"] != both["stack_y"], floors) * both["households_x"]
    return both.groupby(["subgrid", "stairwell"])["way"].min().groupby("subgrid").sum()


def list_duties(town):
    """List row 8: every household in one sub-grid, every grid with a post that answers."""
    plan, doors = town.plan, town.doors
    duties = plan.duties.merge(
        plan.posts[["role", "filled"]], left_on="post", right_index=True, how="left"
    )
    leads = duties[(duties["role"] == "grid_leader") & duties["filled"].astype(bool)]
    everywhere = plan.subgrids.index
    answering = plan.posts[plan.posts["role"].isin(("grid_leader", *WORKERS))]
    buildings = town.site.buildings["households"].sum()
    twice = int(doors.index.duplicated().sum())
    lost = int((~doors["subgrid"].isin(everywhere)).sum())
    return [
        (8, "plan", "subgrids", "households of sub-grids, as those of buildings",
         plan.subgrids["households"].sum(), buildings),
        (8, "plan", "stairwells", "doors in no sub-grid, or in two", 0, twice + lost),
        (8, "staff", "indicators", "share of grids that a post answers for",
         town.read("coverage"), duties.loc[duties["filled"].astype(bool), "subgrid"].nunique()
         / len(everywhere)),
        (8, "staff", "posts", "grids that leaders and workers serve, one by one",
         answering["served"].sum(), len(duties)),
        (8, "staff", "indicators", "grids with one leader", town.read("led"),
         float((leads["subgrid"].value_counts().reindex(everywhere) == 1).mean())),
    ]  # fmt: skip


def list_leaders(town):
    """List row 9: leaders from seats of committees, else cadres, and how many grids they have."""
    plan, rules = town.plan, town.plan.rules.organisation
    full = plan.members[plan.members["branch"] != ""].groupby("branch")["full"].sum()
    more = 3 + (full - rules.committee_full) // rules.seats_step
    seats = np.where(full < rules.committee_full, 1, more.clip(3, rules.seats_most))
    place = full.index.map(plan.party_orgs["community"])
    over = plan.party_orgs[plan.party_orgs["level"].isin(["committee", "general_branch"])]
    by_town = pd.Series(seats, place).groupby(level=0).sum().reindex(town.towns.index).fillna(0)
    by_town += rules.community_seats * over.groupby("community").size().reindex(
        town.towns.index).fillna(0)  # fmt: skip
    grids = plan.subgrids.groupby("community").size().reindex(town.towns.index)
    wanted = np.ceil(grids / plan.rules.staffing.span_most)
    lead = np.minimum(by_town, grids)
    lead += np.minimum((wanted - lead).clip(lower=0), town.count("cadres").reindex(grids.index))
    short = int((lead < wanted).sum())
    gaps = plan.gaps[plan.gaps["rule"].isin(["leaders", "leader_span"])]
    return [
        (9, "staff", "indicators", "seats that may lead", town.read("leader_seats"), by_town.sum()),
        (9, "staff", "posts", "leaders by community", town.read("leaders", "community"), lead),
        (9, "brief", "published", "leaders", town.figures["grid_leaders"], lead.sum()),
        (9, "staff", "indicators", "grids of a leader", town.read("leader_span"),
         len(plan.subgrids) / lead.sum()),
        (9, "staff", "gaps", "communities with too few leaders", len(gaps), short),
    ]  # fmt: skip


def list_workers(town):
    """List row 10: grid workers, their Party share, and what would bring it to 60 %."""
    plan = town.plan
    posts = plan.posts[plan.posts["role"].isin(WORKERS) & plan.posts["filled"].astype(bool)]
    party = posts["party"].astype(bool)
    by_town = party.groupby(posts["community"])
    least = plan.rules.staffing.party_share
    lacking = np.ceil(least * by_town.size() - 1e-9) - by_town.sum()
    # cadres who do not lead and counted community workers
    leading = plan.posts[(plan.posts["role"] == "grid_leader") & (plan.posts["source"] == "cadre")]
    full = town.count("cadres").sum() + town.count("community_workers").sum() - len(leading)
    homes = posts.loc[posts["role"] == "grid_worker_part", "households"]
    return [
        (10, "staff", "indicators", "full-time workers, as counted", town.read("full_workers"),
         full),
        (10, "staff", "indicators", "workers", town.read("workers"), len(posts)),
        (10, "staff", "indicators", "Party share", town.read("party_share"), party.mean()),
        (10, "staff", "indicators", "Party share by community",
         town.read("party_share", "community"), by_town.mean()),
        (10, "staff", "indicators", "members lacking for 60 % in each community",
         town.read("party_missing"), lacking.clip(lower=0).sum()),
        (10, "staff", "posts", "households of part-time workers", homes.sum(), town.sizes.sum()),
    ]  # fmt: skip


def list_levels(town):
    """List rows 11 to 13: the bodies that need a leading group, nesting, and four levels."""
    plan, towns = town.plan, town.towns
    # the first six digits name the district where no column does
    districts = towns.index.str.slice(0, 6)
    bodies = {"city": 1, "district": districts.nunique()}
    bodies["subdistrict"] = towns["subdistrict"].nunique()
    bodies["community"] = len(towns)
    needs = plan.inventory[plan.inventory["requirement"].str.startswith("leading_group_")]
    asked = needs[needs["requirement"] == "leading_group_" + needs["level"].astype(str)]
    levels = plan.level_indicators
    wide = {name: set(rows["indicator"]) for name, rows in levels.groupby("level")}
    street = town.doors["community"].map(towns["subdistrict"])
    by_street = town.doors.groupby(street.to_numpy(object))["households"].sum()
    by_district = town.doors.groupby(town.doors["community"].str.slice(0, 6))["households"].sum()
    of_subgrid = town.doors[town.doors["subgrid"] != ""].groupby("subgrid")["community"].nunique()
    return [
        (11, "inventory", "inventory", "leading groups needed: city, districts, subdistricts",
         asked["need"].sum(), bodies["city"] + bodies["district"] + bodies["subdistrict"]),
        (11, "inventory", "inventory", "said to be there, where nobody says: unknown, not none",
         int((asked["state"] == "unknown").sum()), len(asked)),
        (12, "brief", "published", "subdistricts", town.figures["subdistricts"],
         bodies["subdistrict"]),
        (12, "brief", "published", "urban communities", town.figures["urban_communities"],
         len(town.urban)),
        (12, "plan", "subgrids", "sub-grids in one community", len(town.homes),
         int((of_subgrid == 1).sum())),
        (12, "levels", "level_indicators", "households by subdistrict",
         town.read_level("households", "subdistrict"), by_street),
        (13, "levels", "level_indicators", "bodies of four levels",
         [levels.loc[levels["level"] == name, "body"].nunique() for name in bodies],
         list(bodies.values())),
        (13, "levels", "level_indicators", "indicators that a level lacks",
         sum(len(wide["city"] ^ wide[name]) for name in bodies), 0),
        (13, "levels", "level_indicators", "households by district",
         town.read_level("households", "district"), by_district),
        (13, "levels", "level_indicators", "Party share of the city, from its communities",
         town.read_level("party_share", "city"), town.read("party_share")),
    ]  # fmt: skip


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
