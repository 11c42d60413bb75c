"""Figures of all sub-grids and what is listed from them, kept up for those alone that changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from gridplan.workbench.desk import Desk
from gridplan.workbench.effects import Effect

# Lists something of some sub-grids from their figures; each thing names its ``subgrid``.
Lister = Callable[[Desk, Mapping[str, Mapping[str, Any]]], Iterable[Any]]


class KeptFigures:
    """Figures by sub-grid, and lists made of them.

    Parameters
    ----------
    desk
        Whose newest state is measured.
    listers
        What is listed, by name.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> from gridplan.workbench.desk import Seat
    >>> from gridplan.workbench.suggestions import list_faults
    >>> desk = Desk(make_board_plan())
    >>> kept = KeptFigures(desk, {"faults": list_faults})
    >>> event = desk.do(Seat("s1"), "a1", ["merge 0301-002 into 0301-001"])
    >>> kept.renew(event.effect)["households"].to_dict()
    {'0301-001': 120}
    >>> [fault["rule"] for fault in kept.list("faults")]
    ['large']
    """

    def __init__(self, desk: Desk, listers: Mapping[str, Lister]) -> None:
        self._desk = desk
        self._listers = listers
        self._rows: dict[str, dict[str, Any]] = {}
        # Of each list only the sub-grids that something is listed of.
        self._lists: dict[str, dict[str, list[dict[str, Any]]]] = {name: {} for name in listers}
        self._table: pd.DataFrame | None = None
        self._measure(desk.state.lies_in)

    @property
    def table(self) -> pd.DataFrame:
        """The figures of all sub-grids, by code."""
        if self._table is None:
            self._table = pd.DataFrame.from_dict(self._rows, orient="index").sort_index()
            self._table.index.name = "subgrid"
        return self._table

    @property
    def rows(self) -> Mapping[str, Mapping[str, Any]]:
        """The figures of all sub-grids, a row by code."""
        return self._rows

    def take(self, codes: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Take the figures of some sub-grids."""
        return {code: self._rows[code] for code in codes if code in self._rows}

    def list(self, name: str) -> list[dict[str, Any]]:
        """List all that a lister lists, by sub-grid."""
        return [row for _, rows in sorted(self._lists[name].items()) for row in rows]

    def renew(self, effect: Effect) -> pd.DataFrame:
        """Measure what an effect touched again; returns the figures of those that are there."""
        fresh = self._measure(effect.subgrids)
        closed = self._find_under(effect.locks) - effect.subgrids
        if closed:
            self._list_again(closed)
        return fresh

    def _measure(self, codes: Iterable[str]) -> pd.DataFrame:
        touched = list(codes)
        fresh = self._desk.measure(touched)
        for code in touched:
            self._rows.pop(code, None)
        self._rows |= {str(code): row for code, row in fresh.to_dict("index").items()}
        self._table = None
        self._list_again(touched)
        return fresh

    def _list_again(self, codes: Iterable[str]) -> None:
        figures = self.take(codes)
        for name, lister in self._listers.items():
            kept = self._lists[name]
            for code in codes:
                kept.pop(code, None)
            for thing in lister(self._desk, figures):
                kept.setdefault(thing.subgrid, []).append(asdict(thing))

    def _find_under(self, locks: Iterable[str]) -> set[str]:
        """Find the sub-grids that locks of sub-grids and communities are about."""
        named = [name.partition(":")[::2] for name in locks]
        subgrids = {of for level, of in named if level == "subgrid"}
        communities = {of for level, of in named if level == "community"}
        if not communities:
            return subgrids
        lies_in = self._desk.state.lies_in
        return subgrids | {code for code, c in lies_in.items() if c in communities}
