"""The rules of the audit, in the order in which their findings are reported.

A rule is a function from the evidence to findings. To add one, write it in the
file of its family and name it here: verdict, report and figures follow. It
computes everything again by itself, and never calls what drew the plan.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from gridplan.auditing import (
    band_and_codes,
    central_households,
    centres,
    chiefs_again,
    community_ranges,
    coverage,
    coverage_figures,
    demonstration,
    drills,
    exceptions,
    gaps_again,
    grid_kinds,
    inventory_again,
    land_figures,
    land_tiling,
    level_figures,
    membership,
    missing_pairs,
    open_land,
    organisation,
    pairing,
    pairing_figures,
    party_land_again,
    people_again,
    posts_again,
    range_figures,
    rating,
    ratios,
    requested_count,
    service_posts,
    staffing,
    staffing_figures,
    stairwell_members,
    upper_grids,
    values,
    volunteer_figures,
    walking,
    wholeness,
)
from gridplan.auditing.evidence import Evidence

Rule = Callable[[Evidence], pd.DataFrame]

# Rules that communities can break alone: a city's are judged some at a time.
RULES_WITHIN: tuple[Rule, ...] = (
    values.check_values,
    membership.check_membership,
    membership.check_communities,
    membership.check_sums,
    band_and_codes.check_band,
    walking.check_contiguity,
    walking.check_neighbours,
    membership.check_nesting,
    land_tiling.check_tiling,
    land_tiling.check_homes,
    land_figures.check_buildings_figures,
    land_figures.check_stairwell_figures,
    land_figures.check_neighbour_figures,
    range_figures.check_ranges,
    community_ranges.check_community_ranges,
    missing_pairs.check_missing_pairs,
    wholeness.check_buildings,
    wholeness.check_compounds,
    walking.check_barriers,
    centres.check_centres,
    band_and_codes.check_codes,
    band_and_codes.check_figures,
    exceptions.check_exceptions,
    grid_kinds.check_exclusives,
    open_land.check_open_land,
    open_land.check_blocks,
    grid_kinds.check_specials,
    upper_grids.check_grids,
    land_figures.check_stretches,
    stairwell_members.check_counts,
    organisation.check_chain,
    organisation.check_sizes,
    organisation.check_pieces,
    people_again.check_members,
    people_again.check_orgs,
    party_land_again.check_party_land,
    central_households.check_central,
    staffing.check_staffing,
    posts_again.check_posts,
)
# Rules that need all communities at once.
RULES_ACROSS: tuple[Rule, ...] = (
    requested_count.check_requested,
    chiefs_again.check_chiefs,
    staffing_figures.check_staffing_figures,
    pairing.check_pairing,
    pairing_figures.check_links,
    pairing_figures.check_pairing_figures,
    rating.check_rating,
    rating.check_rating_columns,
    coverage.check_reach,
    coverage_figures.check_coverage_figures,
    service_posts.check_service_posts,
    demonstration.check_demonstrations,
    drills.check_drills,
    ratios.check_ratios,
    volunteer_figures.check_volunteer_figures,
    gaps_again.check_gaps,
    level_figures.check_levels,
    inventory_again.check_inventory,
)
