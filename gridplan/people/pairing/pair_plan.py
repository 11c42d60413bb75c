"""Pairing: institutions and cadres answer for communities, and members check in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridplan.people.pairing.cadres import list_cadres, pair_cadres
from gridplan.people.pairing.committee_seats import list_candidates, take_seats, write_seats
from gridplan.people.pairing.institutions import (
    check_existing,
    pair_institutions,
    prepare_institutions,
)
from gridplan.people.pairing.member_checkin import spread_members
from gridplan.people.pairing.minimum_cost_flow import Flow
from gridplan.people.pairing.paired_communities import prepare_towns
from gridplan.people.pairing.pairing_gaps import (
    report_black,
    report_cadres,
    report_centres,
    report_institutions,
    report_owners,
    report_seats,
    report_six,
    report_unpaired,
)
from gridplan.people.pairing.service_centres import measure_centres, write_centres
from gridplan.people.pairing.six_bodies import measure_owners, measure_six, write_owners, write_six
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.tables.indicators import (
    CITY,
    make_figures,
    round_figures,
    write_gaps,
    write_indicators,
    write_rows,
)

__all__ = ["pair"]

ROOM = "pairing"


def pair(
    plan: Plan, rules: Rules | None = None, *, existing: Any = None, cadres: Any = None
) -> Plan:
    """Pair institutions and cadres with communities, and spread check-ins, at proven least price.

    Fills the table links, and the indicators and gaps of the room pairing; run
    again, it replaces its own rows only. Institutions and cadres go to the
    communities in scope (urban ones unless the rules say all); the six bodies
    and owners' committees are reckoned for the same, service centres for all
    communities and villages. Distances
    are straight, in metres, from the institution to the mean of a community's
    households.

    Parameters
    ----------
    plan
        A plan. Where it is staffed, communities short of full-time workers
        count as needing more.
    rules
        The rules; those of the plan's manifest if not given. Section
        ``pairing`` is used.
    existing
        Pairs that stand: a table with the columns institution and community.
        Giving one up has a price.
    cadres
        Posts of leading cadres (a table with the columns cadre and
        institution) or their number; the count leading_cadres of the site if
        not given.

    Raises
    ------
    InputError
        If codes are unknown, pairs or codes are repeated, or counts contradict
        one another; all problems are reported.

    Examples
    --------
    >>> from gridplan.synthetic.people_plan import make_people_plan, settle
    >>> plan = pair(settle(make_people_plan(), {"i1": 100, "i2": 30}))
    >>> plan.links.query("kind == 'pairing'")[["source", "community"]].values.tolist()
    [['i1', '0301'], ['i2', '0301']]
    """
    rules = rules or plan.rules
    pairing_rules = rules.pairing
    everywhere = prepare_towns(plan, pairing_rules)
    # Villages have few institutions near; the founding pages pair town communities.
    towns = (
        everywhere if pairing_rules.scope == "all" else everywhere[everywhere["kind"] == "urban"]
    )
    institutions = prepare_institutions(plan, pairing_rules)
    stood = check_existing(existing, institutions, towns)
    posts, number = _take_cadres(plan, cadres, institutions)
    paired = pair_institutions(institutions, towns, stood, pairing_rules)
    checkin, spread = spread_members(institutions, towns, pairing_rules)
    led, dealt = pair_cadres(posts, institutions, towns, pairing_rules)
    candidates = list_candidates(plan, institutions, towns)
    seats = take_seats(candidates, towns, pairing_rules)
    # Empty tables would change the types of the columns; one is kept if all are empty.
    links = pd.concat(
        [t for t in (paired.links, checkin, led, seats) if len(t)] or [paired.links],
        ignore_index=True,
    )
    six = measure_six(plan, towns)
    # A village needs its service centre as much as a town community does.
    centres = measure_centres(plan, everywhere, pairing_rules)
    owners, bare = measure_owners(plan, towns)
    gaps = [
        *report_unpaired(links, towns, paired.shortage, pairing_rules),
        *report_institutions(institutions, links),
        *report_cadres(links, towns, number, pairing_rules),
        *report_seats(seats, towns),
        *report_six(six, towns),
        *report_owners(owners, bare, pairing_rules),
        *report_black(plan, towns),
        *report_centres(centres, pairing_rules),
    ]
    figures = [
        *_write_links(links, towns, institutions, pairing_rules.institutions_least),
        write_seats(seats, candidates, towns, pairing_rules),
        write_six(six),
        write_owners(owners, plan.site.communities, pairing_rules),
        write_centres(centres, pairing_rules),
    ]
    flows = {"pairing": paired.flow, "member_checkin": spread, "cadre": dealt}
    return _write_plan(
        plan,
        rules,
        links,
        figures,
        gaps,
        _sum_up_pairing(links, towns, institutions, number, flows),
    )


def _take_cadres(
    plan: Plan, cadres: Any, institutions: pd.DataFrame
) -> tuple[pd.DataFrame, int | None]:
    """Take the cadres listed, or the number counted for the whole site; None if unknown."""
    if cadres is None:
        counted = plan.site.counts[plan.site.counts["measure"] == "leading_cadres"]
        # Unknown is not none: no cadre is paired, and the gap says why.
        if counted.empty:
            return list_cadres(0, institutions), None
        # The count of the site, or the sum of finer ones where it has none.
        cadres = int(
            counted.loc[counted["level"] == "site", "value"].sum() or counted["value"].sum()
        )
    posts = list_cadres(cadres, institutions)
    return posts, len(posts)


def _write_links(
    links: pd.DataFrame, towns: pd.DataFrame, institutions: pd.DataFrame, least: int
) -> list[pd.DataFrame]:
    """Write what communities get beside their need, and institutions give beside their limit."""
    code = towns.index
    frames = []
    kinds = {
        "paired": ["pairing"],
        "cadres": ["cadre", "cadre_lead"],
        "checkin_members": ["member_checkin"],
    }
    # The fair share of a community, in members, rounded down to whole people.
    share = towns["need"] / towns["need"].sum() if len(towns) else towns["need"]
    for name, words in kinds.items():
        rows = links[links["kind"].isin(words)]
        value = (
            rows.groupby("community")["amount"].sum().reindex(code, fill_value=0).to_numpy(float)
        )
        need = (
            float(least)
            if name == "paired"
            else 1.0
            if name == "cadres"
            else np.floor(share * rows["amount"].sum())
        )
        frames.append(make_figures("community", code, code, name, value, need))
        frames.append(make_figures("city", [CITY], "", name, [value.sum()]))
    answered = (
        links[links["kind"] == "pairing"]
        .groupby("source")
        .size()
        .reindex(institutions.index, fill_value=0)
    )
    frames.append(
        make_figures(
            "institution",
            institutions.index,
            "",
            "communities",
            answered,
            institutions["capacity"],
            most=True,
        )
    )
    hours = (
        links[links["kind"] == "member_checkin"]
        .groupby("community")["hours"]
        .sum()
        .reindex(code, fill_value=0)
    )
    frames.append(make_figures("community", code, code, "checkin_hours", hours))
    return frames


def _sum_up_pairing(
    links: pd.DataFrame,
    towns: pd.DataFrame,
    institutions: pd.DataFrame,
    cadres: int | None,
    flows: dict[str, Flow | None],
) -> dict[str, Any]:
    pairs = links[links["kind"] == "pairing"]
    covered = pairs["community"].nunique()
    led = links.loc[links["kind"].isin(["cadre", "cadre_lead"]), "community"].nunique()
    # Without communities in scope the figures are 0 by one and not an error.
    n = max(1, len(towns))
    figures: dict[str, Any] = {
        "communities": len(towns),
        "institutions": len(institutions),
        "pairs": len(pairs),
        "communities_paired": covered,
        "institutions_per_community": len(pairs) / n,
        "pairing_distance": float(pairs["distance"].mean()) if len(pairs) else np.nan,
        "kept": int(pairs["kept"].sum()),
        "cadres": np.nan if cadres is None else cadres,
        "cadre_load": np.nan if cadres is None else cadres / n,
        "communities_with_cadre": led,
        "checkin_members": int(links.loc[links["kind"] == "member_checkin", "amount"].sum()),
        "outside_seats": int(links["kind"].str.startswith("seat").sum()),
    }
    for name, flow in flows.items():
        if flow is not None:
            figures[f"{name}_metres"] = flow.metres
            figures[f"{name}_gap"] = flow.gap
    return round_figures(figures)


def _write_plan(
    plan: Plan,
    rules: Rules,
    links: pd.DataFrame,
    figures: list[pd.DataFrame],
    gaps: list[pd.DataFrame],
    headline: dict[str, Any],
) -> Plan:
    order = ["kind", "community", "source", "target"]
    kept = [frame for frame in gaps if len(frame)]
    joined = (
        pd.concat(kept, ignore_index=True)
        if kept
        else pd.DataFrame(columns=["rule", "level", "of", "community", "households"])
    )
    people = {
        **plan.manifest.get("people", {}),
        "pair": {"rules": rules.to_dict()["pairing"], "figures": headline},
    }
    rows = pd.concat([frame for frame in figures if len(frame)], ignore_index=True)
    return plan.replace(
        links=write_rows("links", plan.links, [True] * len(plan.links), links, order),
        indicators=write_indicators(plan.indicators, ROOM, rows),
        gaps=write_gaps(plan.gaps, ROOM, joined),
        manifest={**plan.manifest, "people": people},
    )
