"""What every verb says of households and of the share in band that rest on estimates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gridplan.plan import Plan


def say_range(figures: Mapping[str, Any]) -> str:
    """Say between which numbers the households are, where they were not all counted.

    Examples
    --------
    >>> say_range({"households_low": 2562, "households_high": 5684}), say_range({})
    (' (by estimate; 2,562 to 5,684)', '')
    """
    if "households_low" not in figures:
        return ""
    low, high = figures["households_low"], figures["households_high"]
    return f" (by estimate; {low:,} to {high:,})" if low < high else " (by estimate)"


def say_likely(figures: Mapping[str, Any]) -> str:
    """Say how much of a plan is likely in band, where households were not all counted.

    Examples
    --------
    >>> say_likely({"likely_in_band": 0.912, "likely_low": 0.84, "likely_high": 0.95})
    ' by the estimate; 91 % likely, 84 to 95'
    """
    if "likely_in_band" not in figures:
        return ""
    return f" by the estimate; {_say_ends(figures)}"


def _say_ends(figures: Mapping[str, Any]) -> str:
    share, low, high = (
        f"{100 * figures[name]:.0f}" for name in ("likely_in_band", "likely_low", "likely_high")
    )
    return f"{share} % likely, {low} to {high}"


def say_in_band(plan: Plan) -> str:
    """Say the share of a plan's sub-grids in band, and how much of it is likely.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> say_in_band(make_board_plan())
    '100.0%'
    """
    return f"{_find_share(plan):.1%}{say_likely(plan.manifest.get('figures', {}))}"


def say_in_band_change(before: Plan, after: Plan) -> str:
    """Say the share in band before a change and after it, and how much of each is likely.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> say_in_band_change(make_board_plan((1, 1, 1, 1, 2, 2) * 2), make_board_plan())
    '0.0% before, 100.0% now'
    """
    text = f"{_find_share(before):.1%} before, {_find_share(after):.1%} now"
    old, new = (plan.manifest.get("figures", {}) for plan in (before, after))
    if "likely_in_band" not in old and "likely_in_band" not in new:
        return text
    # where one of them leaves nothing open, its share is what is likely too
    first, last = (
        _say_ends(figures) if "likely_in_band" in figures else f"{100 * _find_share(plan):.0f} %"
        for figures, plan in ((old, before), (new, after))
    )
    return f"{text} by the estimate; {first} before, {last} now"


def _find_share(plan: Plan) -> float:
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    return float(homes["in_band"].mean()) if len(homes) else 1.0
