"""What sums leave over: places that are withheld are found from a sum less those that are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from gridplan.publishing.place_sums import UPPER


@dataclass(frozen=True)
class LeftOver:
    """A body, and the withheld communities that its sum leaves over what is shown below it.

    ``may_join`` says that these are together so many that their sum gives none of them
    away; what does not join is left over for the next body above.
    """

    level: str
    of: str
    communities: tuple[str, ...]
    may_join: bool


def list_left_over(
    withheld: Iterable[str],
    bodies: pd.DataFrame,
    may_join: Callable[[tuple[str, ...]], bool],
    never: Iterable[tuple[str, str]] = (),
) -> list[LeftOver]:
    """List what the sum of each body leaves over, from below.

    Parameters
    ----------
    withheld
        Communities of which nothing is shown.
    bodies
        The bodies above each community, as ``place_bodies`` names them.
    may_join
        Whether the sum of some communities may be known.
    never
        Bodies, as level and name, whose sum stays behind whatever it leaves over.

    Examples
    --------
    One community is withheld in each of two subdistricts: together they may be known.

    >>> bodies = pd.DataFrame({"subdistrict": list("sst"), "district": "", "city": "site"})
    >>> both = list_left_over([0, 2], bodies, lambda codes: len(codes) > 1)
    >>> [(one.of, one.communities, one.may_join) for one in both]
    [('s', (0,), False), ('t', (2,), False), ('site', (0, 2), True)]
    """
    asked, shut = set(withheld), set(never)
    pending = [code for code in bodies.index if code in asked]
    listed = []
    for level in UPPER:
        above = bodies[level].to_dict()
        inside: dict[str, list[str]] = {name: [] for name in sorted(set(above.values()) - {""})}
        for code in pending:
            if above[code] in inside:
                inside[above[code]].append(code)
        joined: set[str] = set()
        for name, rows in inside.items():
            codes = tuple(rows)
            may = (level, name) not in shut and (not codes or may_join(codes))
            if codes or not may:
                listed.append(LeftOver(level, name, codes, may))
            if may:
                joined |= set(codes)
        pending = [code for code in pending if code not in joined]
    return listed
