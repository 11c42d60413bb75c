"""The grammar of each verb: from the words of a line to the parts of a command."""

from __future__ import annotations

import math
import re

from gridplan.redrawing.editing.script_words import (
    ALONG_WORDS,
    AND_WORDS,
    AS_WORDS,
    AT_WORDS,
    BY_WORDS,
    EXAMPLES,
    FREELY,
    INTO_WORDS,
    MOVING_WORDS,
    NOUN_LEVELS,
    ON_WORDS,
    TO_WORDS,
    Words,
)

# level, things, others, new and count of an edit command, in its order
Plain = tuple[str, tuple[str, ...], tuple[str, ...], bool, int]
Points = tuple[tuple[float, float], ...]
# The same, and the corners and homes of something that was drawn.
Drawn = tuple[str, tuple[str, ...], tuple[str, ...], bool, int, Points, tuple[str, ...]]
Parsed = Plain | Drawn


class UnclearError(Exception):
    """A line that is not understood; the text says why, and how to write it."""


def _cut_at(words: Words, particles: set[str], last: bool = True) -> tuple[Words, Words]:
    """Cut words at the last, or first, of some particles."""
    places = [
        n for n, (word, quoted) in enumerate(words) if not quoted and word.lower() in particles
    ]
    if not places:
        return words, []
    n = places[-1 if last else 0]
    return words[:n], words[n + 1 :]


def _read_things(words: Words) -> tuple[str, tuple[str, ...]]:
    """Read what kind of things are named, and their codes."""
    level = ""
    codes = []
    # The first noun names the kind: one line is about things of one kind.
    for word, quoted in words:
        low = word.lower()
        if not quoted and low in NOUN_LEVELS:
            level = level or NOUN_LEVELS[low]
        elif not quoted and low in AND_WORDS:
            continue
        else:
            codes.append(word)
    # A code named twice counts once, and the order of the line is kept.
    return level, tuple(dict.fromkeys(codes))


def _read_two_sides(words: Words, particles: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read the codes before and after the last of some particles."""
    before, after = _cut_at(words, particles)
    things = _read_things(before)[1]
    # Without a particle two codes side by side are the two sides.
    if not after and len(things) == 2:
        return things[:1], things[1:]
    return things, _read_things(after)[1]


def _parse_move(words: Words) -> Parsed:
    before, after = _cut_at(words, TO_WORDS)
    level, things = _read_things(before)
    _require(
        bool(things) and level in ("", "building", "stairwell"),
        "move",
        "which building or stairwell goes where?",
    )
    if after and after[0] == ("new", False):
        codes = _read_things([w for w in after[1:] if w[1] or w[0].lower() not in AS_WORDS])[1]
        _require(len(codes) < 2, "move", "a new sub-grid has one code")
        return level, things, codes, True, 0
    codes = _read_things(after)[1]
    _require(len(codes) == 1, "move", "to which sub-grid?")
    return level, things, codes, False, 0


def _parse_swap(words: Words) -> Parsed:
    # The first particle divides the sides, for later ones list the other side:
    # swap A with B and C.
    before, after = _cut_at(words, AND_WORDS, last=False)
    level, things = _read_things(before)
    others = _read_things(after)[1]
    if not after and len(things) == 2:
        others = things[1:]
        things = things[:1]
    _require(
        bool(things and others) and level in ("", "building", "stairwell"),
        "swap",
        "which building with which?",
    )
    return level, things, others, False, 0


def _parse_split(words: Words) -> Parsed:
    if any(word.lower() in ALONG_WORDS and not quoted for word, quoted in words):
        return _parse_split_along(words)
    before, after = _cut_at(words, AS_WORDS | {"in"})
    _, things = _read_things(before)
    if not after and len(things) == 2 and things[-1].isdecimal():
        after = [(things[-1], False)]
        things = things[:1]
    # Chinese writes a measure word behind the number, as in 3个.
    count = re.sub(r"\D*$", "", after[0][0]) if after else "2"
    _require(
        len(things) == 1 and count.isdecimal() and 2 <= int(count) <= 99,
        "split",
        "which sub-grid into how many, 2 or more?",
    )
    return "subgrid", things, (), False, int(count)


def _parse_split_along(words: Words) -> Parsed:
    before, after = _cut_at(words, ALONG_WORDS, last=False)
    line, moving = _cut_at(after, MOVING_WORDS, last=False)
    corners, fresh = _cut_at(line, AS_WORDS)
    things, others, points = _read_things(before)[1], _read_things(fresh)[1], _read_points(corners)
    _require(
        len(things) == 1 and len(others) < 2 and len(points) > 1,
        "split",
        "which sub-grid along which line, of two corners or more, each as x,y?",
        "split 0301-007 along 12,4 60.5,80",
    )
    return "subgrid", things, others, False, 2, points, _read_things(moving)[1]


def _parse_enclose(words: Words) -> Parsed:
    line, moving = _cut_at(words, MOVING_WORDS, last=False)
    corners, target = _cut_at(line, INTO_WORDS, last=False)
    new = bool(target) and target[0] == ("new", False)
    target = [w for w in target[1:] if w[1] or w[0].lower() not in AS_WORDS] if new else target
    others, points = _read_things(target)[1], _read_points(corners)
    _require(
        len(points) > 2 and (len(others) == 1 or (new and not others)),
        "enclose",
        "what lies in which outline, of three corners or more, each as x,y, to which sub-grid?",
    )
    return "stairwell", (), others, new, 0, points, _read_things(moving)[1]


def _read_points(words: Words) -> Points:
    """Read corners to the centimetre; none where something is no pair of numbers."""
    try:
        values = [round(float(word), 2) for word, _ in words]
    except ValueError:
        return ()
    if len(values) % 2 or not all(math.isfinite(value) for value in values):
        return ()
    return tuple(zip(values[::2], values[1::2], strict=True))


def _parse_merge(words: Words) -> Parsed:
    before, after = _cut_at(words, TO_WORDS)
    things = _read_things(before)[1]
    others = _read_things(after)[1]
    _require(
        bool(things) and len(others) == 1, "merge", "which sub-grid into which, whose code stays?"
    )
    return "subgrid", things, others, False, 0


def _parse_lock(words: Words) -> Parsed:
    if [(w.lower(), q) for w, q in words] == [("all", False)]:
        return "all", (), (), False, 0
    level, things = _read_things(words)
    _require(
        bool(things) and level != "stairwell",
        "lock",
        "which sub-grid, building, community or code, or all?",
    )
    return level, things, (), False, 0


def _parse_recode(words: Words) -> Parsed:
    things, others = _read_two_sides(words, AS_WORDS)
    _require(len(things) == 1 and len(others) == 1, "recode", "which code becomes which?")
    return "subgrid", things, others, False, 0


def _parse_centre(words: Words) -> Parsed:
    freely = bool(words) and words[-1][0].lower() == FREELY and not words[-1][1]
    if freely:
        things = _read_things(_cut_at(words[:-1], AT_WORDS)[0])[1]
        others: tuple[str, ...] = ()
    else:
        things, others = _read_two_sides(words, AT_WORDS)
    _require(
        len(things) == 1 and (freely or len(others) == 1),
        "centre",
        f"of which sub-grid, at which stairwell, or {FREELY}?",
    )
    return "subgrid", things, others, False, 0


def _parse_approve(words: Words) -> Parsed:
    before, day = _cut_at(words, ON_WORDS)
    before, post = _cut_at(before, BY_WORDS)
    # A role may be of several words: grid leader.
    others = (" ".join(word for word, _ in post), " ".join(word for word, _ in day))
    level, things = _read_things(before)
    if [(word.lower(), quoted) for word, quoted in before] == [("all", False)]:
        level, things = "all", ()
    _require(
        bool(things or level == "all") and level in ("", "all", "subgrid") and all(others),
        "approve",
        "which sub-grid, or all, by which post, on which day?",
    )
    return level or "subgrid", things, others, False, 0


def _parse_undo(words: Words) -> Parsed:
    _require(not words, "undo", "undo takes back the command before it, and stands alone")
    return "", (), (), False, 0


PARSERS = {
    "move": _parse_move,
    "swap": _parse_swap,
    "split": _parse_split,
    "merge": _parse_merge,
    "enclose": _parse_enclose,
    "lock": _parse_lock,
    "unlock": _parse_lock,
    "recode": _parse_recode,
    "centre": _parse_centre,
    "approve": _parse_approve,
    "undo": _parse_undo,
}


def _require(holds: bool, verb: str, what: str, example: str = "") -> None:
    if not holds:
        raise UnclearError(f"{verb}: {what}", f"for example: {example or EXAMPLES[verb]}")
