"""Rows 4 to 10 of the founding document: the Party's chain, central households and staffing."""

import numpy as np
import pandas as pd
import shapely

WORKERS = ("grid_worker_full", "grid_worker_part")


def list_chain(town):
    """List row 4: the chain from community to door, each inside the one above."""
    plan, doors, members = town.plan, town.doors, town.plan.members
    compounds = town.site.compounds
    strays = {}
    for level, lands in (("community", town.site.communities), ("compound", compounds)):
        claimed = doors[level].to_numpy(object)
        known = lands.geometry.reindex(claimed).to_numpy()
        apart = shapely.distance(doors.geometry.to_numpy(), known)
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
