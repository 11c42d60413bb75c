"""What a planner would know of the synthetic town: incomplete facts, and aggregate counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.synthetic.shapes import Sheets

FLOORS_KNOWN = 0.92
HEIGHT_KNOWN = 0.25
STAIRS_KNOWN = 0.8
USE_KNOWN = 0.9
OBSERVED = 0.3
TOTAL_KNOWN = 0.85  # of communities
PROBATIONARY = 0.03  # of Party members
# of an urban community (Tangshan), and its households
VOLUNTEERS = 71.5
VOLUNTEER_HOUSEHOLDS = 2367.0
# of a village; Party members among volunteers (Tangshan)
RURAL_VOLUNTEERS = 18.0
PARTY_VOLUNTEERS = 0.558
# institutions of a community besides schools and the like, which makes up some
# 3.4 (Tangshan)
OFFICES = 0.6

# two-committee cadres of a town community and of a village, from and below
CADRES = (6, 10)
RURAL_CADRES = (3, 6)
WORKERS = 14.5  # community workers for 10,000 residents; the rule of Gansu asks for 18
# households that one representative of residents or villagers speaks for
REPRESENTATIVES = 45.0
RURAL_REPRESENTATIVES = 12.0
# shares: in the Party; building and stairwell captains found
CADRES_PARTY = 0.85
WORKERS_PARTY = 0.45
CAPTAINS = (0.93, 0.8)
# compounds with an owners' committee, of them with the Party (Tangshan); with a firm
OWNERS = 0.7
OWNERS_PARTY = 0.8776
FIRMS = 0.8
LEADING_CADRES = 1.57  # leading cadres of an urban community (1,103 of 703 in Tangshan)
CAPTAIN_HOMES = 8  # households of a building that has a captain


def observe_buildings(rng: np.random.Generator, drawn: pd.DataFrame, kind: str) -> pd.DataFrame:
    """List what a planner would know of each building; the rest is missing."""
    n = len(drawn)
    lived = drawn["homes"].to_numpy(float)
    home = np.isfinite(lived)
    # each fact is missing by itself: real lists come from different offices
    known = {name: rng.uniform(size=n) < share for name, share in _list_shares(kind).items()}
    height = drawn["height"].fillna(drawn["floors"] * 4.0).to_numpy(float) + rng.normal(0.0, 0.3, n)
    counted = rng.uniform(size=n) < 0.6  # of those whose use is not known
    # lists are never quite right: 2.5 % off, in small buildings now and then one household
    stray = np.rint(rng.normal(0.0, 1.0, n) * np.maximum(0.025 * np.nan_to_num(lived), 0.25))
    residential = pd.Series(pd.NA, index=drawn.index, dtype="boolean")
    residential[~known["use"] & counted] = home[~known["use"] & counted]
    return pd.DataFrame(
        {
            "building_name": drawn.get("building_name", pd.Series("", index=drawn.index)).fillna(
                ""
            ),
            "use": drawn["use"].where(known["use"], ""),
            "residential": residential,
            "floors": drawn["floors"].where(known["floors"]),
            "height": np.where(known["height"], height.round(1), np.nan),
            "stairwell_count": drawn["stairs"].where(known["stairs"] & home),
            "households_observed": np.where(
                home & known["observed"], np.maximum(0.0, lived + stray), np.nan
            ),
            "geometry": drawn["geometry"],
        }
    )


def _list_shares(kind: str) -> dict[str, float]:
    """List the share of buildings that each fact is known of."""
    stairs = STAIRS_KNOWN if kind == "urban" else 0.0
    return {
        "floors": FLOORS_KNOWN,
        "height": HEIGHT_KNOWN,
        "stairs": stairs,
        "use": USE_KNOWN,
        "observed": OBSERVED,
    }


def count_people(
    rng: np.random.Generator, drawn: pd.DataFrame, codes: pd.Series[str], community: str, kind: str
) -> pd.DataFrame:
    """Count Party members, elders and volunteers, by building in towns, else by community."""
    home = drawn["homes"].to_numpy(float) > 0
    lived = drawn["homes"].to_numpy(float)[home]
    residents = np.rint(
        lived * drawn["persons"].to_numpy(float)[home] * rng.uniform(0.93, 1.07, home.sum())
    ).astype(np.int64)
    # counts are sampled from counts: a person exists nowhere, not even while a town is made
    members = rng.binomial(residents, drawn["members"].to_numpy(float)[home])
    probationary = rng.binomial(members, PROBATIONARY)
    elders = rng.binomial(residents, drawn["elders"].to_numpy(float)[home])
    of = codes.to_numpy(object)[home]
    measures = {
        "elders": elders,
        "party_members_full": members - probationary,
        "party_members_probationary": probationary,
    }
    rows = []
    for measure, values in measures.items():
        if kind == "rural":
            rows.append(
                pd.DataFrame(
                    {
                        "level": "community",
                        "of": [community],
                        "measure": measure,
                        "value": values.sum(),
                    }
                )
            )
            continue
        # a building with none has no row, as in a register
        some = values > 0
        rows.append(
            pd.DataFrame(
                {"level": "building", "of": of[some], "measure": measure, "value": values[some]}
            )
        )
    usual = VOLUNTEERS * lived.sum() / VOLUNTEER_HOUSEHOLDS if kind == "urban" else RURAL_VOLUNTEERS
    volunteers = int(rng.poisson(usual))
    for measure, value in (
        ("volunteers", volunteers),
        ("volunteers_party", rng.binomial(volunteers, PARTY_VOLUNTEERS)),
    ):
        rows.append(
            pd.DataFrame(
                {"level": "community", "of": [community], "measure": measure, "value": value}
            )
        )
    return pd.concat(rows, ignore_index=True)


def count_bodies(
    rng: np.random.Generator,
    drawn: pd.DataFrame,
    compounds: pd.Series[str],
    community: str,
    kind: str,
) -> pd.DataFrame:
    """Count posts of a community, and the bodies that it and its compounds have.

    Everything is a count. Compounds say whether they have an owners' committee
    and a property firm, and whether these have a Party organisation: 1 or 0.
    Villages have neither, and nobody counts captains there.
    """
    homes = drawn["homes"].fillna(0.0).to_numpy(float)
    lived = float(homes.sum())
    people = float((homes * drawn["persons"].fillna(0.0).to_numpy(float)).sum())
    urban = kind == "urban"
    cadres = int(rng.integers(*(CADRES if urban else RURAL_CADRES)))
    workers = int(rng.poisson(people * WORKERS / 10_000)) if urban else 0
    counts: dict[str, float] = {
        "cadres": cadres,
        "cadres_party": rng.binomial(cadres, CADRES_PARTY),
        "community_workers": workers,
        "community_workers_party": rng.binomial(workers, WORKERS_PARTY),
        "resident_representatives": rng.poisson(
            lived / (REPRESENTATIVES if urban else RURAL_REPRESENTATIVES)
        ),
        "residents_committee": 1,
        "service_station": int(rng.uniform() < 0.95),
    }
    if urban:
        large = homes >= CAPTAIN_HOMES
        stairs = int(np.nansum(drawn["stairs"].to_numpy(float)[large]))
        counts["building_captains"] = rng.binomial(int(large.sum()), CAPTAINS[0])
        counts["stairwell_captains"] = rng.binomial(stairs, CAPTAINS[1])
        counts["leading_cadres"] = rng.poisson(LEADING_CADRES)
    rows = [
        pd.DataFrame(
            {
                "level": "community",
                "of": community,
                "measure": list(counts),
                "value": list(counts.values()),
            }
        )
    ]
    rows += _list_compound_bodies(rng, compounds)
    return pd.concat([batch for batch in rows if len(batch)], ignore_index=True)


def _list_compound_bodies(
    rng: np.random.Generator, compounds: pd.Series[str]
) -> list[pd.DataFrame]:
    """List which compounds have an owners' committee and a property firm, with the Party or not."""
    rows = []
    n = len(compounds)
    owners = rng.uniform(size=n) < OWNERS
    firms = rng.uniform(size=n) < FIRMS
    # sampled for all compounds, though only those with a committee use it: the stream of
    # chances then does not depend on how many have one
    led = rng.uniform(size=n) < OWNERS_PARTY
    for measure, has in (
        ("owners_committee", owners),
        ("owners_committee_party", owners & led),
        ("property_firm", firms),
        ("property_party", firms),
    ):
        rows.append(
            pd.DataFrame(
                {
                    "level": "compound",
                    "of": compounds.to_numpy(object),
                    "measure": measure,
                    "value": has * 1.0,
                }
            )
        )
    return rows


def settle_institutions(
    rng: np.random.Generator, sheets: Sheets, title: str, kind: str
) -> pd.DataFrame:
    """Give institutions their Party members; add offices and firms in shops of the town."""
    drawn = sheets.collect("institutions")
    shops = sheets.collect("buildings")
    shops = shops[shops["use"] == "retail"]
    if kind == "urban" and len(shops):
        count = min(int(rng.poisson(OFFICES)), len(shops))
        # sorted, so that the order of rows and names is that of the shops
        chosen = shops.iloc[np.sort(rng.permutation(len(shops))[:count])]
        organ = rng.uniform(size=count) < 0.5
        more: dict[str, Any] = {
            "kind": np.where(organ, "organ", "enterprise"),
            "name": [
                title + ("办事处" if o else "商贸公司") + str(n) for n, o in enumerate(organ, 1)
            ],
            "size": np.where(organ, 60.0, 25.0),
            "geometry": shapely.point_on_surface(chosen["geometry"].to_numpy(object)),
        }
        drawn = pd.concat([drawn, pd.DataFrame(more)], ignore_index=True)
    if not len(drawn):
        return drawn
    # log-normal, since a few institutions are far larger than the others of their kind
    members = rng.poisson(
        drawn["size"].to_numpy(float) * rng.lognormal(0.0, 0.4, len(drawn))
    ).astype(float)
    return drawn.drop(columns="size").assign(party_members=members)
