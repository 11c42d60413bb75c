"""Rows 1 to 23 of the founding document; those of grids and levels are here, others beside."""

import numpy as np
import pandas as pd
import shapely

import gridplan as gp
from benchmarks import founding_chain, founding_partners
from benchmarks.founding_row import Row
from benchmarks.founding_town import Town

URBAN_BAND, RURAL_BAND = (20, 40), (35, 65)
# m; an institution that is given as a point in its yard stands between its buildings, whose
# surroundings its grid is
ASIDE = 20.0
BUILT = ("river", "lake", "railway")


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


PARTS = (
    *(list_grids, list_audited, list_beside, list_levels),
    *(founding_chain.list_chain, founding_chain.list_orgs, founding_chain.list_centres),
    *(founding_chain.list_duties, founding_chain.list_leaders, founding_chain.list_workers),
    *(founding_partners.list_partners, founding_partners.list_modes),
    *(founding_partners.list_cadres, founding_partners.list_seats),
    *(founding_partners.list_bodies, founding_partners.list_property),
)


def list_rows(plan):
    """List the rows with what is stated and what comes out again."""
    town = Town(plan)
    return [Row(*row) for part in PARTS for row in part(town)]
