"""The language of edits: lines of plain text, in English or Chinese, to commands and back."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gridplan.errors import Problem

EXAMPLES = {
    "move": "move building B12 to 0301-007",
    "swap": "swap building B12 with building B40",
    "split": "split 0301-007 into 2",
    "merge": "merge 0301-007 into 0301-008",
    "lock": "lock subgrid 0301-007 because school buses",
    "unlock": "unlock subgrid 0301-007",
    "recode": "recode 0301-007 as 0301-021",
    "centre": "centre of 0301-007 at B12-1",
    "undo": "undo",
}
_VERBS = {verb: verb for verb in EXAMPLES} | {
    "center": "centre",
    "exchange": "swap",
    "rename": "recode",
    "join": "merge",
}
_CHINESE_VERBS = {
    "设中心": "centre",
    "移动": "move",
    "交换": "swap",
    "拆分": "split",
    "合并": "merge",
    "解锁": "unlock",
    "锁定": "lock",
    "改码": "recode",
    "撤销": "undo",
}
_NOUNS = {
    "building": "building",
    "buildings": "building",
    "stairwell": "stairwell",
    "stairwells": "stairwell",
    "door": "stairwell",
    "subgrid": "subgrid",
    "subgrids": "subgrid",
    "sub-grid": "subgrid",
    "sub-grids": "subgrid",
    "community": "community",
    "communities": "community",
    "code": "code",
    "codes": "code",
}
_CHINESE_NOUNS = {
    "楼栋": "building",
    "单元": "stairwell",
    "子网格": "subgrid",
    "社区": "community",
    "编码": "code",
}
_CHINESE_WORDS = {"全部": "all", "所有": "all", "新": "new"}
_PARTICLES = {
    "并入": "to",
    "到": "to",
    "至": "to",
    "入": "to",
    "与": "and",
    "和": "and",
    "为": "as",
    "在": "at",
    "于": "at",
}
_TO = {"to", "into", "onto"}
_AND = {"and", "with", "for"}
_AS = {"as", "to", "into"}
_AT = {"at", "to", "in", "on"}
_FILLERS = {"the", "a", "an", "of", "parts", "part", "份", "个"}
_BECAUSE = re.compile(r"\s+because\s+|[\s,，]*因为\s*", re.IGNORECASE)
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|([^\s,，、"]+)')
_HEADER = re.compile(
    r"#\s*(?:(\d{4}-\d{2}-\d{2})\b)?\s*(?:(.*?):\s*)?moved (?:no|[\d,]+) households?\b"
)


@dataclass(frozen=True)
class EditCommand:
    """One command of a script.

    ``level`` says what ``things`` are (building, stairwell, subgrid,
    community, code, all; empty where the script does not say, or where each
    says it of itself, as in ``subgrid:0301-007``), ``others`` is the other
    side of it: where to, with which, or the new code.
    """

    verb: str
    level: str = ""
    things: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    new: bool = False
    count: int = 0
    note: str = ""
    line: int = 0


@dataclass(frozen=True)
class CommandBatch:
    """Commands that were made at one time, by one office; both may be empty."""

    commands: tuple[EditCommand, ...]
    date: str = ""
    by: str = ""


class _UnclearError(Exception):
    """A line that is not understood; the text says why."""


def parse_script(script: str | Sequence[str]) -> tuple[list[CommandBatch], list[Problem]]:
    """Parse a script to batches of commands, and list all lines that are not understood.

    A line begins with its verb; words after # are a comment. A comment as
    :func:`gridplan.redrawing.editing.edit_plan.write_log` writes it begins a
    new batch.

    Examples
    --------
    >>> batches, problems = parse_script("Move  building b12, b13 TO 0301-007  # nearer the school")
    >>> batches[0].commands[0].things, batches[0].commands[0].others
    (('b12', 'b13'), ('0301-007',))
    >>> parse_script("移动楼栋B12到0301-007")[0][0].commands[0].things
    ('B12',)
    >>> print(parse_script(["mvoe building b12 to 0301-007"])[1][0])
    script: line 1: no verb 'mvoe' -> did you mean move? For example: move building B12 to 0301-007
    """
    lines = (
        script.splitlines()
        if isinstance(script, str)
        else [line for text in script for line in text.splitlines()]
    )
    batches: list[CommandBatch] = []
    problems: list[Problem] = []
    date = by = ""
    open_: list[EditCommand] = []
    for number, line in enumerate(lines, 1):
        header = _HEADER.match(line.strip())
        if header:
            batches += [CommandBatch(tuple(open_), date, by)] if open_ else []
            open_ = []
            date = header[1] or ""
            by = header[2] or ""
            continue
        body = _strip_comment(line)
        if not body:
            continue
        try:
            open_.append(_parse_line(body, number))
        except _UnclearError as error:
            what, remedy = error.args
            problems.append(
                Problem("script", "commands are understood", f"line {number}: {what}", remedy)
            )
    batches += [CommandBatch(tuple(open_), date, by)] if open_ else []
    return batches, problems


def _strip_comment(line: str) -> str:
    quoted = False
    for n, letter in enumerate(line):
        quoted ^= letter == '"'
        if letter == "#" and not quoted and (n == 0 or line[n - 1].isspace()):
            return line[:n].strip()
    return line.strip()


def _parse_line(body: str, number: int) -> EditCommand:
    text, note = [*_BECAUSE.split(body, maxsplit=1), ""][:2]
    tokens = _split(_translate(text))
    word = tokens[0][0].lower() if tokens else ""
    if word == "set" and len(tokens) > 1:
        tokens = [t for t in tokens[1:] if t[0].lower() != "the" or t[1]]
        word = tokens[0][0].lower() if tokens else ""
    verb = _VERBS.get(word)
    if verb is None:
        near = difflib.get_close_matches(word, list(_VERBS), 1)
        verb = _VERBS[near[0]] if near else ""
        hint = (
            f"did you mean {verb}? For example: {EXAMPLES[verb]}"
            if verb
            else f"the verbs are {', '.join(EXAMPLES)}"
        )
        raise _UnclearError(f"no verb {word!r}", hint)
    rest = [(t, quoted) for t, quoted in tokens[1:] if quoted or t.lower() not in _FILLERS]
    note = note.strip()
    note = note[1:-1].replace('""', '"') if len(note) > 1 and note[0] == note[-1] == '"' else note
    command = _PARSERS[verb](rest)
    return EditCommand(verb, *command, note=note, line=number)


def _translate(text: str) -> str:
    """Turn Chinese verbs, nouns and particles into the English ones; codes stay as they are."""
    text = text.strip()
    for chinese, verb in _CHINESE_VERBS.items():
        if text.startswith(chinese):
            text = f"{verb} {text[len(chinese) :]}"
            break
    pieces = re.split(r'("(?:[^"]|"")*")', text)
    nouns = "|".join([*_CHINESE_NOUNS, *_CHINESE_WORDS])
    words = _CHINESE_NOUNS | _CHINESE_WORDS
    for n in range(0, len(pieces), 2):
        piece = re.sub(rf"(?<![^\s,，、])({nouns})", lambda m: f" {words[m[1]]} ", pieces[n])
        piece = re.sub(
            rf"(?<=[0-9A-Za-z\s])({'|'.join(_PARTICLES)})", lambda m: f" {_PARTICLES[m[1]]} ", piece
        )
        pieces[n] = re.sub(rf"(?<![^\s,，、])({nouns})", lambda m: f" {words[m[1]]} ", piece)
    return "".join(pieces)


def _split(text: str) -> list[tuple[str, bool]]:
    """Split a line into words, and say which of them were quoted."""
    return [
        (m[1].replace('""', '"'), True) if m[1] is not None else (m[2], False)
        for m in _TOKEN.finditer(text)
    ]


Words = list[tuple[str, bool]]
Parsed = tuple[str, tuple[str, ...], tuple[str, ...], bool, int]


def _cut(words: Words, at: set[str], last: bool = True) -> tuple[Words, Words]:
    """Cut words at the last, or first, of some particles."""
    places = [n for n, (word, quoted) in enumerate(words) if not quoted and word.lower() in at]
    if not places:
        return words, []
    n = places[-1 if last else 0]
    return words[:n], words[n + 1 :]


def _read_things(words: Words) -> tuple[str, tuple[str, ...]]:
    """Read what kind of things are named, and their codes."""
    level = ""
    codes = []
    for word, quoted in words:
        low = word.lower()
        if not quoted and low in _NOUNS:
            level = level or _NOUNS[low]
        elif not quoted and low in _AND:
            continue
        else:
            codes.append(word)
    return level, tuple(dict.fromkeys(codes))


def _parse_move(words: Words) -> Parsed:
    left, right = _cut(words, _TO)
    level, things = _read_things(left)
    _need(
        bool(things) and level in ("", "building", "stairwell"),
        "move",
        "which building or stairwell goes where?",
    )
    if right and right[0] == ("new", False):
        codes = _read_things([w for w in right[1:] if w[1] or w[0].lower() not in _AS])[1]
        _need(len(codes) < 2, "move", "a new sub-grid has one code")
        return level, things, codes, True, 0
    codes = _read_things(right)[1]
    _need(len(codes) == 1, "move", "to which sub-grid?")
    return level, things, codes, False, 0


def _parse_swap(words: Words) -> Parsed:
    left, right = _cut(words, _AND, last=False)
    level, things = _read_things(left)
    _, others = _read_things(right)
    if not right and len(things) == 2:
        things, others = things[:1], things[1:]
    _need(
        bool(things and others) and level in ("", "building", "stairwell"),
        "swap",
        "which building with which?",
    )
    return level, things, others, False, 0


def _parse_split(words: Words) -> Parsed:
    left, right = _cut(words, _AS | {"in"})
    _, things = _read_things(left)
    if not right and len(things) == 2 and things[-1].isdecimal():
        things, right = things[:1], [(things[-1], False)]
    count = re.sub(r"\D*$", "", right[0][0]) if right else "2"
    _need(
        len(things) == 1 and count.isdecimal() and 2 <= int(count) <= 99,
        "split",
        "which sub-grid into how many, 2 or more?",
    )
    return "subgrid", things, (), False, int(count)


def _parse_merge(words: Words) -> Parsed:
    left, right = _cut(words, _TO)
    things = _read_things(left)[1]
    others = _read_things(right)[1]
    _need(
        bool(things) and len(others) == 1, "merge", "which sub-grid into which, whose code stays?"
    )
    return "subgrid", things, others, False, 0


def _parse_lock(words: Words) -> Parsed:
    if [(w.lower(), q) for w, q in words] == [("all", False)]:
        return "all", (), (), False, 0
    level, things = _read_things(words)
    _need(
        bool(things) and level != "stairwell",
        "lock",
        "which sub-grid, building, community or code, or all?",
    )
    return level, things, (), False, 0


def _parse_recode(words: Words) -> Parsed:
    left, right = _cut(words, _AS)
    things = _read_things(left)[1]
    others = _read_things(right)[1]
    if not right and len(things) == 2:
        things, others = things[:1], things[1:]
    _need(len(things) == 1 and len(others) == 1, "recode", "which code becomes which?")
    return "subgrid", things, others, False, 0


def _parse_centre(words: Words) -> Parsed:
    left, right = _cut(words, _AT)
    things = _read_things(left)[1]
    others = _read_things(right)[1]
    if not right and len(things) == 2:
        things, others = things[:1], things[1:]
    _need(len(things) == 1 and len(others) == 1, "centre", "of which sub-grid, at which stairwell?")
    return "subgrid", things, others, False, 0


def _parse_undo(words: Words) -> Parsed:
    _need(not words, "undo", "undo takes back the command before it, and stands alone")
    return "", (), (), False, 0


_PARSERS = {
    "move": _parse_move,
    "swap": _parse_swap,
    "split": _parse_split,
    "merge": _parse_merge,
    "lock": _parse_lock,
    "unlock": _parse_lock,
    "recode": _parse_recode,
    "centre": _parse_centre,
    "undo": _parse_undo,
}


def _need(holds: bool, verb: str, what: str) -> None:
    if not holds:
        raise _UnclearError(f"{verb}: {what}", f"for example: {EXAMPLES[verb]}")


def write_command(command: EditCommand) -> str:
    """Write a command as one line that parses to it again.

    Examples
    --------
    >>> write_command(EditCommand("move", "building", ("B 12", "B13"), ("0301-021",), new=True))
    'move building "B 12" B13 to new as 0301-021'
    >>> write_command(EditCommand("lock", "subgrid", ("0301-007",), note="school buses"))
    'lock subgrid 0301-007 because school buses'
    """
    things = _quote(command.things)
    others = _quote(command.others)
    level = f"{command.level} " if command.level else ""
    if command.verb == "move":
        line = f"move {level}{things} to {'new as ' if command.new else ''}{others}"
    elif command.verb == "swap":
        line = f"swap {level}{things} with {level}{others}"
    elif command.verb == "split":
        line = f"split {things} into {command.count}"
    elif command.verb == "merge":
        line = f"merge {things} into {others}"
    elif command.verb == "recode":
        line = f"recode {things} as {others}"
    elif command.verb == "centre":
        line = f"centre of {things} at {others}"
    else:
        line = f"{command.verb} {level}{things}".strip()
    if not command.note:
        return line
    note = " ".join(command.note.split())
    escaped = note.replace('"', '""')
    return f"{line} because " + (f'"{escaped}"' if "#" in note or '"' in note else note)


def _quote(codes: Iterable[str]) -> str:
    return " ".join(_quote_one(code) for code in codes)


def _quote_one(code: str) -> str:
    """Quote a code that the language would take for something else."""
    plain = (
        _TOKEN.fullmatch(code)
        and not code.startswith(('"', "#"))
        and _translate(f"x {code}") == f"x {code}"
    )
    keyword = (
        code.lower() in {*_NOUNS, *_TO, *_AND, *_AS, *_AT, *_FILLERS, "new", "all", "because"}
        or ":" in code
    )
    if plain and not keyword:
        return code
    escaped = code.replace('"', '""')
    return f'"{escaped}"'
