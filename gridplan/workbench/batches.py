"""Batches of a script: changes of one office and day together, as far as their order allows.

Each batch is a plan of its own when the script is carried out, so that a day's
work of ten offices should not come as a batch for each change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gridplan.workbench.events import DeskEvent

MOST = 20  # batches of a script; where order needs more, offices share one


def group_events(events: Iterable[DeskEvent]) -> list[list[DeskEvent]]:
    """Group changes by day and office; no change comes before one that it may depend on.

    Examples
    --------
    >>> from gridplan.workbench.effects import Effect
    >>> def change(number, office, before, after):
    ...     homes = {f"h{number}": (before, after)}
    ...     return DeskEvent(number, "edit", "", "", office, "", (), Effect(homes))
    >>> apart = [change(1, "east", "A", "B"), change(2, "west", "C", "D")]
    >>> [len(group) for group in group_events([*apart, change(3, "east", "B", "A")])]
    [2, 1]
    >>> [len(group) for group in group_events([*apart, change(3, "east", "D", "A")])]
    [1, 1, 1]
    """
    groups: list[list[DeskEvent]] = []
    latest: dict[str, int] = {}
    closed = 0
    for event in events:
        things = _list_things(event)
        # Locks may be in the way of any change, so that nothing passes them.
        locks = bool(event.effect.locks)
        first = max([closed, *(latest.get(thing, 0) for thing in things)])
        first = len(groups) - 1 if locks else first
        place = next(
            (n for n in range(max(first, 0), len(groups)) if _who(groups[n][0]) == _who(event)),
            len(groups),
        )
        if place == len(groups):
            groups.append([])
        groups[place].append(event)
        latest |= {thing: max(place, latest.get(thing, 0)) for thing in things}
        closed = max(closed, place) if locks else closed
    return groups


def write_batches(groups: Sequence[Sequence[DeskEvent]]) -> list[str]:
    """Write changes below headings of day and office, as the log of edits has them."""
    lines = []
    for group in groups:
        offices = dict.fromkeys(event.office for event in group if event.office)
        day = max(event.time[:10] for event in group)
        moved = sum(event.moved for event in group)
        lines.append(write_heading(day, ", ".join(offices), moved))
        lines += [line for event in group for line in event.lines]
    return lines


def write_heading(day: str, office: str, moved: int) -> str:
    """Write the heading of a batch."""
    who = " ".join(word for word in (day, office) if word)
    count = f"{moved} household{'s' if moved != 1 else ''}" if moved else "no households"
    return f"# {who + ': ' if who else ''}moved {count}"


def _who(event: DeskEvent) -> tuple[str, str]:
    return event.time[:10], event.office


def _list_things(event: DeskEvent) -> set[str]:
    """List what a change may depend on: its sub-grids, and the community where codes began."""
    begun = {f"codes of {after}" for before, after in event.effect.grids.values() if not before}
    return set(event.effect.subgrids) | begun
