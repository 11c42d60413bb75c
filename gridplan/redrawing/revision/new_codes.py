"""Codes of new sub-grids: numbers go on after the community's last, and none is given twice."""

from __future__ import annotations

import re
from collections.abc import Collection

from gridplan.plan import Plan


def find_used(plan: Plan) -> frozenset[str]:
    """Find all codes of sub-grids and grids that a plan has, or had by its history and concordance.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> sorted(find_used(make_board_plan()))
    ['0301-001', '0301-002']
    """
    ended = {
        code for entry in plan.manifest.get("history") or [] for code in entry.get("ended", [])
    }
    old = set(plan.concordance["old"]) if len(plan.concordance) else set()
    return frozenset({*plan.subgrids.index, *plan.grids.index, *ended, *old} - {""})


def number_next(community: str, used: Collection[str], count: int = 1) -> list[str]:
    """Give numbers to new sub-grids of a community after all that it ever had.

    Examples
    --------
    >>> number_next("0301", {"0301-001", "0301-007", "0301-E012", "0302-030"}, 2)
    ['0301-008', '0301-009']
    """
    stem = re.compile(re.escape(community) + r"-(\d+)")
    # Exclusive and upper grids have a letter before their number, and do not
    # count.
    numbers = [match[1] for match in map(stem.fullmatch, used) if match]
    last = max((int(n) for n in numbers), default=0)
    # As wide as the widest code of the community, so that codes sort as texts.
    width = max([3, *(len(n) for n in numbers)])
    return [f"{community}-{last + n:0{width}d}" for n in range(1, count + 1)]
