"""The release: a plan that holds only what may leave, made from a working plan and attacked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridplan.errors import PlanError
from gridplan.plan import ALL_TABLES, Plan
from gridplan.publishing.cells import count_cells, order_cells, tie_cells
from gridplan.publishing.choose_posts import choose_posts, publish_posts
from gridplan.publishing.earlier_households import Earlier
from gridplan.publishing.earlier_release import add_overlays
from gridplan.publishing.household_bands import blur_subgrids
from gridplan.publishing.household_release import (
    HouseholdChoice,
    choose_households,
    hide_totals,
)
from gridplan.publishing.in_band_cells import publish_in_band
from gridplan.publishing.neutral_codes import write_neutral_codes
from gridplan.publishing.published_counts import (
    publish_figures,
    publish_households,
    publish_pairings,
)
from gridplan.publishing.published_figures import count_figures
from gridplan.publishing.published_functions import publish_needed, publish_organisations
from gridplan.publishing.published_gaps import publish_gaps
from gridplan.publishing.published_reach import publish_reach
from gridplan.publishing.release_check import check_release, list_plans
from gridplan.publishing.release_seal import is_released, seal_tables
from gridplan.publishing.suppression import Suppression, choose_suppressed
from gridplan.publishing.text_check import FREE_TEXT
from gridplan.rules.disclosure import DisclosureRules
from gridplan.tables.conform import conform_table, is_spatial, make_empty
from gridplan.tables.level_indicators import place_bodies

# Tables that leave as they are. A table that is neither here nor in STRIPPED,
# such as one that is new in the schema, leaves empty.
KEPT = (
    "compounds",
    "barriers",
    "openings",
    "streets",
    "places",
    "special_grids",
    "touches",
)
# Tables that certainly stay behind, in the order in which the seal counts them.
WITHHELD = (
    *(
        "stairwells",
        "neighbours",
        "exceptions",
        "members",
        "party_orgs",
        "branches",
        "groups",
        "posts",
        "duties",
        "layer_duties",
        "handovers",
        "indicators",
        "gaps",
        "ratings",
        "level_indicators",
        "inventory",
        "holdings",
    ),
    *("zones", "service_posts", "reach", "coverage", "siting", "counts", "ledger"),
    *("demonstrations", "belts", "drill_sites", "drills", "drill_days"),
    *("triggers", "concordance", "locks", "edits"),
)


def release(
    plan: Plan,
    *,
    before: Plan | Sequence[Plan] | None = None,
    published: Plan | Sequence[Plan] | None = None,
    rules: DisclosureRules | None = None,
    names: bool = False,
) -> Plan:
    """Make a plan that may be handed out: no small count in it can be worked out.

    Counts of people are no finer than branch or community.

    Small counts are suppressed, and with them as few others as keep each open
    to the rules' interval for whoever knows all published sums. Sub-grids
    keep their outlines and the band of their households, no centre;
    stairwells, posts and member counts stay behind.

    Parameters
    ----------
    plan
        The working plan.
    before, published
        The working plan whose release went out earlier, and that release (made
        again by the same rules if not given): both releases together give
        nothing away. Where several went out, a list of each, the first first.
    rules
        What is small, and how open it must stay; those of the plan's manifest
        if not given.
    names
        Whether names and codes of buildings, compounds, streets, institutions,
        places and barriers leave: anybody may have written anything there.
        Communities keep theirs, since the counts are about them.

    Returns
    -------
    A plan with the table ``published``, stamped in ``manifest["release"]``
    with the check's result.

    Raises
    ------
    PlanError
        If the plan is a release already, if earlier releases give away what this
        one withholds, or if the check of what was made does not pass.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> leaving = release(make_board_plan())
    >>> leaving.manifest["release"]["passed"], len(leaving.stairwells)
    (True, 0)
    >>> leaving.subgrids["centre"].tolist()
    ['', '']
    """
    if is_released(plan):
        raise PlanError("the plan is a release already -> give the working plan")
    all_rules = plan.rules
    rules = rules or all_rules.disclosure
    earlier = _pair_earlier(before, published, rules, names)
    cells = _drop_small_branches(count_cells(plan), all_rules.organisation.branch_full)
    choice, cells = _suppress(plan, cells, rules, all_rules.organisation.branch_full, earlier)
    households = choose_households(plan, rules, earlier)
    values = count_figures(plan)
    posts = choose_posts(plan, values.to_dict(), rules, earlier)
    organisations = publish_organisations(plan, cells, earlier)
    in_band = publish_in_band(plan, rules, households, earlier)
    # What the figures of the city are one number with, or made of.
    made_of = pd.concat([posts, organisations, in_band], ignore_index=True)
    table = pd.concat(
        [
            cells,
            publish_posts(posts),
            organisations,
            in_band,
            publish_needed(plan, households, earlier),
            publish_households(plan, households),
            publish_pairings(plan),
            publish_figures(plan, values, cells, made_of, rules, households, earlier),
            publish_gaps(plan, cells, rules),
            publish_reach(plan, rules),
        ]
    )
    # Numbered after sorting, so that codes do not depend on who published first.
    table = order_cells(table)
    table["row"] = [str(n) for n in range(1, len(table) + 1)]
    stripped = _strip(plan, rules, households, names)
    leaving = stripped.replace(
        published=conform_table("published", table), manifest=_keep_manifest(plan)
    )
    return stamp(leaving, plan, rules, choice, earlier, names)


def _pair_earlier(
    before: Plan | Sequence[Plan] | None,
    published: Plan | Sequence[Plan] | None,
    rules: DisclosureRules,
    names: bool,
) -> Earlier:
    """Pair each earlier plan with its release, made again where nobody kept it."""
    olds = list_plans(before)
    outs = list_plans(published)
    if outs and len(outs) != len(olds):
        raise PlanError(
            f"{len(olds)} earlier plans are given and {len(outs)} releases of them -> "
            "give --before and --published once for each release, in the order they went out"
        )
    for n, old in enumerate(olds[len(outs) :]):
        # Each was compared with those that went out before it.
        outs.append(release(old, before=olds[:n], published=outs[:n], rules=rules, names=names))
    return list(zip(olds, outs, strict=True))


def stamp(
    plan: Plan,
    working: Plan,
    rules: DisclosureRules,
    choice: Suppression,
    earlier: Earlier,
    names: bool,
) -> Plan:
    """Check a release and stamp it with the result; refuse one that does not pass."""
    verdict = check_release(
        plan,
        rules=rules,
        names=names,
        working=working if earlier else None,
        before=[old for old, _ in earlier],
        published=[out for _, out in earlier],
    )
    if not verdict.passed:
        raise PlanError(f"the release did not pass its check:\n{verdict}")
    counts = plan.published
    note: dict[str, Any] = {
        "passed": verdict.passed,
        "smallest": rules.smallest,
        "zeros_safe": rules.zeros_safe,
        "interval": rules.interval,
        "household_width": rules.household_width,
        "counts": len(counts),
        "suppressed": int((~counts["shown"]).sum()),
        "bands_withheld": int((plan.subgrids["household_band"] == "").sum()),
        "gap": round(choice.gap, 6),
        "names": names,
        "compared": bool(earlier),
    }
    note["seal"] = seal_tables(plan, note)
    return plan.replace(manifest={**plan.manifest, "release": note})


def _drop_small_branches(cells: pd.DataFrame, floor: int) -> pd.DataFrame:
    """Leave out the branches of a community that has one smaller than a branch may be."""
    branch = cells["level"] == "branch"
    # The attack takes it for granted that no published branch is smaller.
    odd = cells.loc[
        branch & (cells["measure"] == "members") & (cells["value"] < floor), "community"
    ]
    return cells[~(branch & cells["community"].isin(odd))].reset_index(drop=True)


def _suppress(
    plan: Plan,
    cells: pd.DataFrame,
    rules: DisclosureRules,
    floor: int,
    earlier: Earlier,
) -> tuple[Suppression, pd.DataFrame]:
    """Choose what is suppressed, and take the value off it."""
    system = tie_cells(cells, place_bodies(plan.site.communities), int(rules.zeros_safe), floor)
    always = never = None
    if earlier:
        system, always, never = add_overlays(system, plan, earlier)
    choice = choose_suppressed(system, rules, always, never)
    if len(choice.exposed):
        names = system.cells.loc[choice.exposed, "of"].tolist()
        raise PlanError(
            f"{len(names)} small counts are given away by the earlier release, "
            f"whatever this one hides ({', '.join(map(str, names[:5]))})"
            " -> release this plan without branches: give one without party_orgs"
        )
    # Cells that the earlier release added come last and are not published again.
    hidden = choice.hidden[: len(cells)]
    published = cells.assign(
        shown=~hidden, value=np.where(hidden, np.nan, cells["value"].astype(float))
    )
    members = published[(published["level"] == "community") & (published["measure"] == "members")]
    closed = members.loc[~members["shown"], "community"]
    # Whether a community has branches says how many members it has: where
    # these are suppressed, so are those.
    return choice, published[
        ~((published["level"] == "branch") & published["community"].isin(closed))
    ].reset_index(drop=True)


def _strip(plan: Plan, rules: DisclosureRules, households: HouseholdChoice, names: bool) -> Plan:
    """Empty the tables that stay behind, and take off the others what may not leave."""
    # Empty unless named: a table that is new in the schema must not slip out.
    tables: dict[str, Any] = {
        name: make_empty(name, plan.crs if is_spatial(name) else None)
        for name in ALL_TABLES
        if name not in {*KEPT, "subgrids"}
    }
    for name, strip in STRIPPED.items():
        tables[name] = strip(plan, households)
    for name, columns in () if names else FREE_TEXT.items():
        table = tables.get(name, plan.get_table(name))
        tables[name] = table.assign(**dict.fromkeys(columns, ""))
    leaving = plan.replace(**tables, subgrids=blur_subgrids(plan, rules, households.bands))
    return leaving if names else write_neutral_codes(leaving)


def _strip_communities(plan: Plan, households: HouseholdChoice) -> Any:
    """Give each community the households of its sub-grids, as the plan counts them."""
    totals = plan.subgrids.groupby("community")["households"].sum()
    table = plan.site.communities
    values = totals.reindex(table.index).astype(float)
    return table.assign(
        households=values.mask(hide_totals(values, "community", households)),
        # a range would narrow a total that is withheld
        households_low=np.nan,
        households_high=np.nan,
    )


def _strip_grids(plan: Plan, households: HouseholdChoice) -> Any:
    """Take the households off the upper grids whose total would give a sub-grid's away."""
    table = plan.grids
    hidden = hide_totals(table["households"], "grid", households)
    # Without its number a grid does not say either whether it is in band.
    return table.assign(
        households=table["households"].mask(hidden, 0), in_band=table["in_band"] | hidden
    )


def _strip_buildings(plan: Plan, households: HouseholdChoice) -> Any:
    """Leave of a building its outline and whether anybody lives in it."""
    table = plan.site.buildings
    # Where nobody noted the use, households say that a building is lived in.
    lived_in = table["residential"].fillna(False) | (table["households"] > 0)
    return table.assign(
        residential=lived_in.astype("boolean"),
        zone="",
        households=0,
        households_low=0,
        households_high=0,
        home_chance=np.nan,
        households_mean=np.nan,
        households_spread=np.nan,
        households_observed=np.nan,
        population=np.nan,
        households_origin="none",
        stairwell_count=np.nan,
    )


def _strip_institutions(plan: Plan, households: HouseholdChoice) -> Any:
    """Take the Party members off the institutions."""
    return plan.site.institutions.assign(party_members=np.nan)


def _strip_links(plan: Plan, households: HouseholdChoice) -> Any:
    """Keep which institution pairs with which community, not how many members it sends."""
    # Only pairings leave; an amount of 1 says that the pair exists.
    links = plan.links[plan.links["kind"] == "pairing"]
    return links.assign(hours=np.nan, amount=1.0)


# Tables that leave without some of their columns. Sub-grids leave too, with
# bands in place of their households (household_bands.blur_subgrids).
STRIPPED: Mapping[str, Callable[[Plan, HouseholdChoice], Any]] = {
    "communities": _strip_communities,
    "grids": _strip_grids,
    "buildings": _strip_buildings,
    "institutions": _strip_institutions,
    "links": _strip_links,
}


def _keep_manifest(plan: Plan) -> dict[str, Any]:
    """Keep of the manifest how the plan was drawn, not what it counted."""
    return {
        key: plan.manifest[key] for key in ("gridplan", "seed", "rules") if key in plan.manifest
    }
