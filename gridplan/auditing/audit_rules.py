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
    coverage,
    grid_kinds,
    land_tiling,
    membership,
    organisation,
    pairing,
    rating,
    staffing,
    stairwell_members,
    upper_grids,
    walking,
    wholeness,
)
from gridplan.auditing.evidence import Evidence

Rule = Callable[[Evidence], pd.DataFrame]

# Rules that communities can break alone: a city's are judged some at a time.
RULES_WITHIN: tuple[Rule, ...] = (
    membership.check_membership,
    membership.check_communities,
    membership.check_sums,
    band_and_codes.check_band,
    walking.check_contiguity,
    walking.check_neighbours,
    membership.check_nesting,
    land_tiling.check_tiling,
    land_tiling.check_homes,
    wholeness.check_buildings,
    wholeness.check_compounds,
    walking.check_barriers,
    centres.check_centres,
    band_and_codes.check_codes,
    band_and_codes.check_figures,
    band_and_codes.check_exceptions,
    grid_kinds.check_exclusives,
    grid_kinds.check_specials,
    upper_grids.check_grids,
    stairwell_members.check_counts,
    organisation.check_chain,
    organisation.check_sizes,
    organisation.check_pieces,
    central_households.check_central,
    staffing.check_staffing,
)
# Rules that need all communities at once.
RULES_ACROSS: tuple[Rule, ...] = (
    pairing.check_pairing,
    rating.check_rating,
    coverage.check_reach,
)
