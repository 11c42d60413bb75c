"""The figures that a planner compares before and after a plan is brought up to date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gridplan.chain.stale_steps import AUDIT
from gridplan.plan import Plan
from gridplan.tables.words import list_words, say

# Figures that a step leaves in the manifest, by the step and their name there.
NOTED = {
    "branches": ("organise", "branches"),
    "groups": ("organise", "groups"),
    "central_households": ("organise", "central_households"),
    "workers": ("staff", "workers"),
    "party_share": ("staff", "party_share"),
    "pairs": ("pair", "pairs"),
    "communities_paired": ("pair", "communities_paired"),
    "pairing_metres": ("pair", "pairing_metres"),
    "rated_a": ("rate", "branch_share_a"),
}
SHARES = {"party_share", "rated_a"}
_ENDS = ("_reachable_share", "_served_share")


def count_figures(plan: Plan, audited: Mapping[str, Any] | None = None) -> dict[str, float]:
    """Count the figures of a plan; those that no step has brought are left out.

    Parameters
    ----------
    plan
        A working plan.
    audited
        Findings of its audit by kind, where it was audited.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> figures = count_figures(make_board_plan())
    >>> figures["households"], figures["subgrids"], "branches" in figures
    (120.0, 2.0, False)
    """
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    figures = {
        "households": float(homes["households"].sum()),
        "subgrids": float(len(homes)),
        "in_band": float(homes["in_band"].sum()),
        "exceptions": float(len(plan.exceptions)),
    }
    walked = homes[homes["mean_walk"].notna()]
    if walked["households"].sum() > 0:
        weights = walked["households"].to_numpy(float)
        figures["mean_walk"] = float(np.average(walked["mean_walk"], weights=weights))
    people = plan.manifest.get("people", {})
    for key, (step, name) in NOTED.items():
        value = people.get(step, {}).get("figures", {}).get(name)
        if value is not None and value == value:
            figures[key] = float(value)
    if len(plan.members):
        figures["volunteers"] = float(plan.members["volunteers"].sum())
    for name, value in people.get("reach", {}).get("figures", {}).items():
        # Of kinds without a single post nothing is reached, which is no figure.
        if name.endswith(_ENDS) and people["reach"]["figures"][f"{_cut(name)}_posts"]:
            figures[f"reach:{name}"] = float(value)
    if people:
        figures["gaps"] = float(len(plan.gaps))
    figures |= {f"{AUDIT}:{word}": float(n) for word, n in (audited or {}).items()}
    return figures


def list_differences(before: Mapping[str, float], after: Mapping[str, float]) -> list[Any]:
    """List figures before and after, with their names in both languages.

    A figure that is unknown on one side is None there, and has no difference.
    """
    rows = []
    for key in [*after, *(key for key in before if key not in after)]:
        was, now = before.get(key), after.get(key)
        known = was is not None and now is not None
        rows.append(
            {
                "figure": key,
                "label": {"en": _name(key, "en"), "zh": _name(key, "zh")},
                "share": key in SHARES or key.endswith("_share"),
                "before": _round(was),
                "after": _round(now),
                "difference": _round(now - was) if was is not None and now is not None else None,
                "changed": not known or _round(was) != _round(now),
            }
        )
    return rows


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _cut(name: str) -> str:
    """Cut off of a figure of reach what is counted, so that its kind of post is left."""
    return next(name.removesuffix(end) for end in _ENDS if name.endswith(end))


def _name(key: str, lang: Any) -> str:
    """Name a figure in a language."""
    family, _, rest = key.partition(":")
    if family == "reach":
        kind = _cut(rest)
        what = rest.removeprefix(f"{kind}_").removesuffix("_share")
        return say(f"studio_file.figure_{what}", lang, kind=list_words("post_kind", lang)[kind])
    return say(f"studio_file.figure_{key.replace(':', '_')}", lang)
