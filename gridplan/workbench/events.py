"""Events: every accepted change of a plan, with what was asked, by whom, and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gridplan.workbench.effects import Effect, read_effect

# What kinds of events there are; the last three name the event they are about.
KINDS = ("edit", "proposal", "undo", "redo", "revert")


@dataclass(frozen=True)
class DeskEvent:
    """One accepted change.

    Parameters
    ----------
    number
        1, 2, 3 ... in the order of acceptance.
    kind
        One of ``KINDS``.
    id
        A name that the asking page made up, so that asking again changes nothing.
    seat, office
        The seat that asked, and the office or post it stands for.
    time
        When it was accepted, in local time to the second.
    lines
        The commands, each with codes written out, as an edit script has them.
    effect
        What it did.
    about
        The number of the event that it takes back or puts on again; 0 for edits.
    moved
        Households that changed their sub-grid.
    role
        The role of the seat then: a lock that a chief set is opened by a chief.
    """

    number: int
    kind: str
    id: str
    seat: str
    office: str
    time: str
    lines: tuple[str, ...]
    effect: Effect = field(default_factory=Effect)
    about: int = 0
    moved: int = 0
    role: str = ""

    def to_data(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "number": self.number,
            "kind": self.kind,
            "id": self.id,
            "seat": self.seat,
            "office": self.office,
            "time": self.time,
            "lines": list(self.lines),
            "effect": self.effect.to_data(),
            "about": self.about,
            "moved": self.moved,
            "role": self.role,
        }


def read_event(data: Mapping[str, Any]) -> DeskEvent:
    """Read an event from what :meth:`DeskEvent.to_data` returned.

    Examples
    --------
    >>> event = DeskEvent(1, "edit", "a1", "s1", "planning office", "2026-11-29", ("lock all",))
    >>> read_event(event.to_data()) == event
    True
    """
    return DeskEvent(
        **{**data, "lines": tuple(data["lines"]), "effect": read_effect(data["effect"])}
    )
