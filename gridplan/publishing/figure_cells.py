"""Figures of the city as functions of cells: hidden when what they are made of is."""

from __future__ import annotations

from collections.abc import Mapping

# What leaves of it -> the figures that equal it, are made from it, or would
# show how large it is. A share or a sum of hours is hidden with what it is of.
FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "members": (
        "members",
        "branches",
        "groups",
        "general_branches",
        "central_households",
        "subgrids_with_centre",
    ),
    "volunteers": ("volunteers", "volunteer_party_share"),
    "volunteers_party": ("volunteers_party", "volunteer_party_share"),
    "volunteers_other": ("volunteer_party_share",),
    "members_checked_in": ("members_checked_in", "checkin_hours"),
    "central_households": ("central_households", "subgrids_with_centre"),
    "grid_leaders": ("grid_leaders", "leader_span"),
    "grid_workers": ("grid_workers", "party_share"),
    "workers_party": ("party_share",),
    "workers_other": ("party_share",),
}
FEWEST_SENDERS = 3  # institutions; with two, each knows what the other sends
