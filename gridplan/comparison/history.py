"""The history of a plan: what was done to it, and several versions of it one beside the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from gridplan.comparison.compare_plans import Comparison, compare
from gridplan.comparison.quality import measure_plan
from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.errors import InputError, Problem
from gridplan.plan import Plan
from gridplan.redrawing.revision.plan_history import digest_plan
from gridplan.rules.all_rules import Rules

HISTORY_COLUMNS = ("date", "by", "verb", "what", "moved", "subgrids", "version")
STEP_FIGURES = (
    "in_band",
    "likely_in_band",
    "spread",
    "mean_walk",
    "price_per_household",
    "buildings_split",
    "compounds_crossed",
    "non_contiguous",
)


def list_history(plan: Plan) -> pd.DataFrame:
    """List what was done to a plan since it was first drawn, the earliest first.

    Returns
    -------
    pandas.DataFrame
        ``HISTORY_COLUMNS``: date (as given; empty where none was), by (office
        or post), verb, what, moved (households), subgrids and version (of the
        plan that came of it, a short digest of who lives in which sub-grid).
        The last row is the plan as it stands; the first one is the plan as it
        was drawn, of which no more is known.

    Examples
    --------
    >>> from gridplan.redrawing.editing.edit_plan import edit
    >>> from gridplan.synthetic import make_board_plan
    >>> script = "move building h04 to 0301-001"
    >>> edited = edit(make_board_plan(), script, by="planning office", date="2026-11-24").plan
    >>> list_history(edited)[["date", "by", "verb", "moved"]].values.tolist()
    [['', '', 'drawn', 0], ['2026-11-24', 'planning office', 'edit', 10]]
    """
    entries: Sequence[Mapping[str, Any]] = plan.manifest.get("history") or []
    # An entry knows the version before it, so that each version is the next one's "before".
    versions = [str(entry.get("before", "")) for entry in entries] + [digest_plan(plan)]
    count_now = int((plan.subgrids["kind"] == "residential").sum())
    seed = plan.manifest.get("seed", "?")
    maker = plan.manifest.get("gridplan", "?")
    drawn = {
        "date": "",
        "by": "",
        "verb": "drawn",
        "what": f"by gridplan {maker}, seed {seed}",
        "moved": 0,
        # How many a plan had before its first change is not kept.
        "subgrids": pd.NA if entries else count_now,
        "version": versions[0],
    }
    rows = [drawn]
    for entry, version in zip(entries, versions[1:], strict=True):
        rows.append(
            {
                **{name: entry.get(name, "") for name in ("date", "by", "verb", "what")},
                "moved": entry.get("households_moved", 0),
                "subgrids": entry.get("subgrids"),
                "version": version,
            }
        )
    types = {"moved": "int64", "subgrids": "Int64"} | dict.fromkeys(
        ("date", "by", "verb", "what", "version"), "str"
    )
    return pd.DataFrame(rows, columns=list(HISTORY_COLUMNS)).astype(types).rename_axis("step")


def compare_versions(
    plans: Mapping[str, Plan],
    rules: Rules | None = None,
    *,
    workers: int | None = None,
    progress: Progress = keep_silent,
) -> tuple[pd.DataFrame, list[Comparison]]:
    """Compare each of several plans with the next, all judged by the same rules.

    Parameters
    ----------
    plans
        At least two plans by name, the earliest first.
    rules
        Bands and prices to judge by; those of the last plan if not given.
    workers, progress
        As :func:`gridplan.divide` takes them.

    Returns
    -------
    A table with a row for each plan: subgrids, households, moved, moved_share,
    displaced, gone and new since the one before (NA for the first), kept
    (sub-grids that stay as they were), and the ``STEP_FIGURES`` of quality;
    and the comparison of each plan with the next.

    Raises
    ------
    InputError
        If fewer than two plans are given.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> plans = {"2024": make_board_plan(), "2026": make_board_plan((1, 1, 1, 1, 2, 2) * 2)}
    >>> table, _ = compare_versions(plans)
    >>> table[["subgrids", "in_band"]].values.tolist(), table["moved"].tolist()
    ([[2.0, 1.0], [2.0, 0.0]], [<NA>, 20])
    """
    if len(plans) < 2:
        what = "one plan has nothing to be compared with"
        raise InputError([Problem("plans", "several", what, "give two or more")])
    every = list(plans.values())
    rules = rules or every[-1].rules
    # All steps by the same rules, so that the figures can be set side by side.
    steps = [compare(a, b, rules, workers=workers, progress=progress) for a, b in pairwise(every)]
    rows: list[dict[str, Any]] = []
    for n, plan in enumerate(every):
        figures = measure_plan(plan, rules, workers=workers).loc[""]
        # Nothing is known of what came before the first; NA is not zero.
        summary = steps[n - 1].summary if n else {}
        since = {
            name: summary.get(name, pd.NA)
            for name in ("moved", "moved_share", "displaced", "gone", "new")
        }
        rows.append(
            {
                **{name: int(figures[name]) for name in ("subgrids", "households")},
                **since,
                "kept": summary["events"]["kept"] if n else pd.NA,
                **{name: float(figures[name]) for name in STEP_FIGURES},
            }
        )
    table = pd.DataFrame(rows, index=pd.Index(list(plans), dtype="str", name="plan"))
    # Types with NA, as the first row has no numbers here.
    whole = dict.fromkeys(("moved", "displaced", "gone", "new", "kept"), "Int64")
    return table.astype(whole | {"moved_share": "Float64"}), steps
