"""Why nobody lives on a site: which step took the homes away, and what to do about it."""

from __future__ import annotations

import pandas as pd

from gridplan.errors import InputError, Problem

NAMED = 3  # causes and words of use that are named


def refuse_without_homes(buildings: pd.DataFrame, ledger: pd.DataFrame) -> InputError:
    """Return the error of a site without homes, which names the cause and its remedy.

    Parameters
    ----------
    buildings
        The buildings table: columns ``residential``, ``use`` and
        ``households_observed`` are looked at.
    ledger
        What was dropped on the way.

    Examples
    --------
    >>> school = {"residential": [False], "use": ["school"], "households_observed": [None]}
    >>> ledger = pd.DataFrame(columns=["table", "action", "count", "reason"])
    >>> print(refuse_without_homes(pd.DataFrame(school), ledger))
    1 problem in the input:
      1. buildings: no building counts as a home: 1 building is not residential (use: school 1) \
-> say which are homes in a column residential, or their households in a column households
    """
    cause, remedy = _find_cause(buildings, ledger)
    message = f"no building counts as a home: {cause}"
    return InputError([Problem("buildings", "homes", message, remedy)])


def _find_cause(buildings: pd.DataFrame, ledger: pd.DataFrame) -> tuple[str, str]:
    if buildings.empty:
        is_loss = (ledger["table"] == "buildings") & (ledger["action"] == "dropped")
        dropped = ledger[is_loss & (ledger["count"] > 0)]
        dropped = dropped.sort_values("count", ascending=False, kind="stable")
        reasons = [
            f"{count:,} {reason}"
            for count, reason in zip(dropped["count"], dropped["reason"], strict=True)
        ]
        if reasons:
            text = f"all were left out before: {'; '.join(reasons[:NAMED])}"
            return text, "put right what these rows are left out for"
        return "there is none", "give a file with outlines or points of buildings"
    residential = buildings["residential"].fillna(False).to_numpy(bool)
    observed = buildings["households_observed"]
    zero = int((residential & (observed.fillna(-1) == 0).to_numpy(bool)).sum())
    if not residential.any():
        noun = "building is" if len(buildings) == 1 else "buildings are"
        words = buildings["use"].fillna("").astype("str").replace("", "not given").value_counts()
        # by number, then by word, so that no order of rows shows
        words = words.sort_index().sort_values(ascending=False, kind="stable").head(NAMED)
        uses = ", ".join(f"{word} {count:,}" for word, count in words.items())
        small = (buildings["use"].fillna("") == "").any()
        lower = ", or lower households.smallest, below which they are sheds" if small else ""
        return (
            f"{len(buildings):,} {noun} not residential (use: {uses})",
            "say which are homes in a column residential, "
            f"or their households in a column households{lower}",
        )
    if zero:
        noun = "home has" if zero == 1 else "homes have"
        return (
            f"{zero:,} {noun} 0 households by the column of households",
            "correct that column, or leave it empty where nobody counted",
        )
    return (
        f"{int(residential.sum()):,} are residential, but none has a household",
        "give a column of households or floors",
    )
