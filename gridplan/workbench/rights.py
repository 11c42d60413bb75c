"""Rights: what a viewer, an editor and a chief may ask for and change."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from gridplan.errors import Problem
from gridplan.redrawing.editing.code_lookup import RefusedError, refuse
from gridplan.workbench.effects import Effect
from gridplan.workbench.events import DeskEvent

ROLES = ("viewer", "editor", "chief")
# What only looks. A kind of question that is in neither set takes an editor.
LOOKS = frozenset(
    {"hello", "open", "try", "suggest", "log", "here", "seats", "posts", "locks"}
    | {"look", "search", "splits", "far", "land_list"}
    # What is on offer to take away or bring up to date.
    | {"take_look", "update_look", "take_away"}
    # Versions and branches.
    | {"versions", "branches", "enter_branch", "compare", "compare_place", "offices", "script"}
)
LEADS = frozenset(
    {"save", "name_version", "revoke", "new_link", "approve", "update", "update_cancel"}
    | {"make_branch", "delete_branch", "leave_as_branch"}
)


def require_role(role: str, kind: str) -> None:
    """Refuse a kind of question that a role may not ask.

    Raises
    ------
    RefusedError
        With who may.

    Examples
    --------
    >>> require_role("viewer", "open")
    >>> try:
    ...     require_role("editor", "save")
    ... except RefusedError as error:
    ...     print(error.problems[0].message)
    this is for a chief
    """
    needed = "viewer" if kind in LOOKS else "chief" if kind in LEADS else "editor"
    if ROLES.index(role) >= ROLES.index(needed):
        return
    if needed == "chief":
        raise _refuse("this is for a chief", "ask the chief of this plan")
    raise _refuse("this seat only looks", "ask the chief for an editor's link")


def require_communities(
    effect: Effect,
    allowed: Collection[str],
    of_homes: Iterable[str],
    find_community: Callable[[str], str],
) -> None:
    """Refuse a change that leads outside some communities.

    Parameters
    ----------
    effect
        What it would do.
    allowed
        The communities that may be changed.
    of_homes
        The communities of its homes.
    find_community
        Finds the community of a sub-grid, building or community; empty where
        there is no such thing.

    Raises
    ------
    RefusedError
        With the communities that are not allowed, or the things of none.
    """
    # Sub-grids that begin are nowhere yet; the effect says where they will be.
    begun = {code: after or before for code, (before, after) in effect.grids.items()}
    things = {*effect.subgrids, *(name.partition(":")[2] for name in effect.locks)}
    over = {thing: find_community(thing) or begun.get(thing, "") for thing in things}
    strange = sorted(thing for thing, community in over.items() if not community)
    others = sorted(({*over.values(), *of_homes} - {""}) - set(allowed))
    if others:
        raise _refuse(
            f"this seat may not change {', '.join(others)}", "ask its editor or the chief"
        )
    # What lies in no community, such as a code kept for later, is nobody's but the chief's.
    if strange:
        raise _refuse(f"this seat may not change {', '.join(strange)}", "ask the chief")


def require_keys(effect: Effect, role: str, chief_locks: Collection[str]) -> None:
    """Refuse to open or change a lock that a chief has set, unless a chief asks.

    Raises
    ------
    RefusedError
        With the locks.
    """
    held = sorted(set(effect.locks) & set(chief_locks))
    if held and role != "chief":
        raise RefusedError(
            [
                Problem(
                    "script",
                    "a chief's locks are a chief's",
                    f"{', '.join(held)} was locked by a chief",
                    "ask the chief to open it",
                )
            ]
        )


def refuse_ending(effect: Effect, locks: Collection[str]) -> None:
    """Refuse to end sub-grids whose codes are locked.

    Raises
    ------
    RefusedError
        With the first.
    """
    for code, (_, over) in effect.grids.items():
        name = f"code:{code}"
        if not over and name in locks:
            raise refuse("locks hold", f"{code} would end, and {name} keeps it", f"unlock {name}")


def note_chief_locks(locks: set[str], event: DeskEvent) -> None:
    """Note in a set of locks those that an event of a chief set, and drop what it opened."""
    for name, (_, note) in event.effect.locks.items():
        if note is not None and event.role == "chief":
            locks.add(name)
        else:
            locks.discard(name)


def read_chief_locks(folder: Path) -> set[str]:
    """Read from the journals of a plan which of its locks a chief has set.

    All journals are read, since a lock outlasts the save after which the next
    one begins.
    """
    locks: set[str] = set()
    for file in sorted(folder.glob("journal-*.jsonl")):
        for line in file.read_bytes().splitlines():
            # Most lines set no lock, and need no reading.
            if b'"locks"' in line:
                for name, notes, role in _read_locks(line):
                    (locks.add if notes[1] is not None and role == "chief" else locks.discard)(name)
    return locks


def _read_locks(line: bytes) -> list[tuple[str, list[Any], str]]:
    """Read the locks of one line of a journal; none where it was not written to its end."""
    try:
        data: Mapping[str, Any] = json.loads(line)
    except ValueError:
        return []
    entry = data.get("entry", data)
    locks = entry.get("effect", {}).get("locks", {})
    return [(str(name), notes, str(entry.get("role", ""))) for name, notes in locks.items()]


def _refuse(message: str, remedy: str) -> RefusedError:
    return RefusedError([Problem("script", "seats have rights", message, remedy)])
