"""The gaps of pairing: what falls short of the rules, why, and what would repair it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.people.pairing.feasibility import Shortage
from gridplan.people.pairing.service_centres import find_second
from gridplan.plan import Plan
from gridplan.rules.pairing import PairingRules
from gridplan.tables.indicators import CITY


def write_gap_rows(
    rule: str, level: str, of: Any, value: Any, need: Any, households: Any, reason: Any, remedy: Any
) -> pd.DataFrame:
    """Write gaps of one rule and level; a community's own code is its community too."""
    frame = pd.DataFrame({"of": np.asarray(of, object), "value": np.asarray(value, float)})
    more = {"need": need, "households": households, "reason": reason, "remedy": remedy}
    return frame.assign(
        rule=rule, level=level, community=frame["of"] if level == "community" else "", **more
    )


def report_unpaired(
    links: pd.DataFrame, towns: pd.DataFrame, shortage: Shortage | None, rules: PairingRules
) -> list[pd.DataFrame]:
    """Report communities with too few institutions, and the city's shortage that proves it."""
    paired = (
        links[links["kind"] == "pairing"]
        .groupby("community")
        .size()
        .reindex(towns.index, fill_value=0)
    )
    bare = paired[paired < rules.institutions_least]
    homes = towns.loc[bare.index, "households"].to_numpy(np.int64)
    asked = float(rules.institutions_least)
    # Without a shortage all are served as a rule; what is left over has no proof to name.
    if shortage is None:
        return [
            write_gap_rows(
                "pairing",
                "community",
                bare.index,
                bare,
                asked,
                homes,
                "no institution left",
                "raise the capacity",
            )
        ]
    reason = (
        f"{len(shortage.communities)} communities ask for {shortage.wanted} places, "
        f"all institutions that may serve them offer "
        f"{shortage.offered}: no pairing serves all"
    )
    cures = [f"add {shortage.lacking} places (pairing.capacity_most, or more institutions)"]
    # A longer way costs nobody a place, so it is named first.
    if np.isfinite(shortage.reach):
        cures.insert(0, f"raise pairing.farthest to {shortage.reach:.0f} m")
    served = shortage.wanted - shortage.lacking
    return [
        write_gap_rows(
            "pairing",
            "community",
            bare.index,
            bare,
            asked,
            homes,
            "one of the communities that cannot all be served",
            cures[0],
        ),
        write_gap_rows(
            "pairing",
            "city",
            [CITY],
            [served],
            float(shortage.wanted),
            int(homes.sum()),
            reason,
            ", or ".join(cures),
        ),
    ]


def report_institutions(institutions: pd.DataFrame, links: pd.DataFrame) -> list[pd.DataFrame]:
    """Report institutions without members, without a count, or out of reach of communities."""
    members = institutions["members"]
    frames = []
    for mask, reason, remedy in (
        (
            members == 0,
            "it has no Party members, so it answers for no community",
            "correct the count, or leave it out",
        ),
        (
            # NaN == 0 is false, so an unknown count is not taken for none.
            members.isna(),
            "nobody counted its Party members: it bears one community, none check in",
            "count them",
        ),
        (
            # With capacity and without a pair: it is too far from everybody.
            (institutions["capacity"] > 0)
            & ~institutions.index.isin(links.loc[links["kind"] == "pairing", "source"]),
            "it answers for no community: none is within pairing.farthest",
            "raise pairing.farthest",
        ),
    ):
        rows = institutions[mask]
        frames.append(
            write_gap_rows(
                "institution", "institution", rows.index, rows["members"], 1.0, 0, reason, remedy
            )
        )
    return frames


def report_cadres(
    links: pd.DataFrame, towns: pd.DataFrame, cadres: int | None, rules: PairingRules
) -> list[pd.DataFrame]:
    """Report communities with fewer cadres than the rule of degrees asks, or no count."""
    homes = towns["households"].to_numpy(np.int64)
    if cadres is None:
        reason = "nobody counted leading cadres: unknown, not none"
        remedy = "give cadres, or a count of the measure leading_cadres for the site"
        return [
            write_gap_rows(
                "cadre",
                "city",
                [CITY],
                [np.nan],
                float(len(towns)),
                int(homes.sum()),
                reason,
                remedy,
            )
        ]
    # By the looser readings of 1+3 a community needs one cadre.
    need = 1 + rules.cadre_others if rules.cadre_rule == "lead_and_others" else 1
    led = (
        links[links["kind"].isin(["cadre", "cadre_lead"])]
        .groupby("community")
        .size()
        .reindex(towns.index, fill_value=0)
    )
    bare = led < need
    reason = (
        f"{cadres} leading cadres for {len(towns)} communities under the rule {rules.cadre_rule}"
    )
    return [
        write_gap_rows(
            "cadre",
            "community",
            led.index[bare],
            led[bare],
            float(need),
            homes[bare],
            reason,
            "name more leading cadres",
        )
    ]


def report_seats(seats: pd.DataFrame, towns: pd.DataFrame) -> list[pd.DataFrame]:
    """Report committees that have no outside member at all."""
    taken = set(seats["target"])
    reason = "no institution, owners' committee or property firm is known inside the boundary"
    remedy = "name one, or count owners_committee and property_firm of its compounds"
    bare = towns[~towns.index.isin(taken)]
    frames = [
        write_gap_rows(
            "outside_seats",
            "community",
            bare.index,
            [0.0] * len(bare),
            1.0,
            bare["households"].to_numpy(np.int64),
            reason,
            remedy,
        )
    ]
    homes = towns[towns["subdistrict"] != ""].groupby("subdistrict")["households"].sum()
    open_ = homes[~homes.index.isin(taken)]
    frames.append(
        write_gap_rows(
            "outside_seats",
            "subdistrict",
            open_.index,
            [0.0] * len(open_),
            1.0,
            open_.to_numpy(np.int64),
            reason,
            remedy,
        )
    )
    return frames


def report_six(six: pd.DataFrame, towns: pd.DataFrame) -> list[pd.DataFrame]:
    """Report communities that lack some of the six bodies, and those nobody reported on."""
    # Unknown counts as missing, but the reason keeps the two apart.
    number = six.fillna(0).sum(axis=1)
    short = number < 6
    words = pd.Series("", index=six.index)
    for mask, word in ((six == 0, " is missing; "), (six.isna(), " is unknown; ")):
        for name in six.columns:
            words += np.where(mask[name], name + word, "")
    lists = words[short].str.rstrip("; ").to_numpy(object)
    homes = towns.loc[short, "households"].to_numpy(np.int64)
    return [
        write_gap_rows(
            "six_in_one",
            "community",
            six.index[short],
            number[short],
            6.0,
            homes,
            lists,
            "set up what is missing, count what is unknown",
        )
    ]


def report_black(plan: Plan, towns: pd.DataFrame) -> list[pd.DataFrame]:
    """Report the compounds whose property firm is on the black list."""
    compounds = plan.site.compounds.sort_index()
    listed = compounds[compounds["black_list"].fillna(False).to_numpy(bool)]
    listed = listed[listed["community"].isin(towns.index)]
    homes = plan.stairwells.groupby("compound")["households"].sum()
    if listed.empty:
        return []
    frame = write_gap_rows(
        "property_black",
        "compound",
        listed.index,
        1.0,
        0.0,
        homes.reindex(listed.index).fillna(0).to_numpy(np.int64),
        "its property firm is on the black list",
        "call the firm in, or let the owners choose another",
    )
    return [frame.assign(community=listed["community"].to_numpy(object))]


def report_owners(
    owners: pd.DataFrame, bare: pd.DataFrame, rules: PairingRules
) -> list[pd.DataFrame]:
    """Report owners' committees without a Party organisation, and how many the target needs."""
    whole = owners.sum(min_count=1)
    there = whole["owners_committee"]
    led = whole["owners_committee_party"]
    # No owners' committee is known anywhere: no share to reach.
    if np.isnan(there) or there == 0:
        return []
    # Rounded up, less a rounding, so that 87 of 100 is not short of 0.87.
    need = max(0, int(np.ceil(rules.owners_share * there - 1e-9) - np.nan_to_num(led)))
    reason = np.where(
        bare["known"],
        "its owners' committee has no Party organisation",
        "whether its owners' committee has a Party organisation is unknown",
    )
    remedy = (
        f"{need} more in the whole city reach the target of {rules.owners_share:.2%}"
        if need
        else "the city's target is met without it"
    )
    frame = write_gap_rows(
        "owners_party",
        "compound",
        bare.index,
        np.where(bare["known"], 0.0, np.nan),
        1.0,
        bare["households"].to_numpy(),
        reason,
        remedy,
    )
    return [frame.assign(community=bare["community"].to_numpy(object))]


def report_centres(centres: pd.DataFrame, rules: PairingRules) -> list[pd.DataFrame]:
    """Report communities whose centre is missing, too small, unmeasured, or too far for many."""
    # NaN compares as false: an unknown area is neither small nor large enough.
    none = centres["centres"] == 0
    small = centres["area"] < centres["area_need"] - 1e-9
    blank = ~none & centres["area"].isna()
    lacking = (centres["area_need"] - centres["area"]).fillna(0).round().astype(int).astype(
        "str"
    ) + " m2 more"
    reach = f"fewer than {rules.centre_within:.0%} of households within {rules.centre_reach:.0f} m"
    second = pd.Series(find_second(centres, rules), index=centres.index)
    frames = []
    for rule, mask, value, need, reason, remedy in (
        (
            "centre",
            none,
            centres["centres"],
            1.0,
            "no service centre is known on its land",
            "set one up, or add it to places",
        ),
        (
            "centre_area",
            small,
            centres["area"],
            centres["area_need"],
            "its floor area is too small",
            lacking,
        ),
        (
            "centre_area",
            blank,
            centres["area"],
            centres["area_need"],
            "its floor area is unknown",
            "write the area into places",
        ),
        ("centre_second", second, centres["within"], rules.centre_within, reach, "a second site"),
    ):
        rows = centres[mask]
        # The need is one number for all, or one for each community.
        asked = need[mask].to_numpy() if isinstance(need, pd.Series) else need
        cure = remedy[mask].to_numpy(object) if isinstance(remedy, pd.Series) else remedy
        frames.append(
            write_gap_rows(
                rule,
                "community",
                rows.index,
                value[mask],
                asked,
                rows["households"].to_numpy(np.int64),
                reason,
                cure,
            )
        )
    return frames
