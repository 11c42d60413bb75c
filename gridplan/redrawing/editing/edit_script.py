"""The language of edits: lines of plain text, in English or Chinese, to commands."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import replace

from gridplan.errors import InputError, Problem
from gridplan.redrawing.editing.edit_commands import CommandBatch, EditCommand
from gridplan.redrawing.editing.script_words import EXAMPLES, FILLERS, VERBS, split_words, translate
from gridplan.redrawing.editing.verb_grammar import PARSERS, UnclearError

_BECAUSE = re.compile(r"\s+because\s+|[\s,，]*因为\s*", re.IGNORECASE)
# The heading of a batch as the log writes it: a comment to a reader, the date
# and the office to the parser. A comment without the count is only a comment.
_HEADER = re.compile(
    r"#\s*(?:(\d{4}-\d{2}-\d{2})\b)?\s*(?:(.*?):\s*)?moved (?:no|[\d,]+) households?\b"
)


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
    batch: list[EditCommand] = []
    for number, line in enumerate(lines, 1):
        # A heading without commands below it leaves no batch.
        header = _HEADER.match(line.strip())
        if header:
            batches += [CommandBatch(tuple(batch), date, by)] if batch else []
            batch = []
            date = header[1] or ""
            by = header[2] or ""
            continue
        body = _strip_comment(line)
        if not body:
            continue
        try:
            batch.append(_parse_line(body, number))
        # All lines are read before anything is reported, so that a planner
        # corrects a script in one go.
        except UnclearError as error:
            what, remedy = error.args
            problems.append(
                Problem("script", "commands are understood", f"line {number}: {what}", remedy)
            )
    batches += [CommandBatch(tuple(batch), date, by)] if batch else []
    return batches, problems


def refuse_unclear(script: str | Sequence[str]) -> None:
    """Refuse a script with lines that are not understood, before any plan is looked at.

    Raises
    ------
    InputError
        With all such lines.
    """
    problems = parse_script(script)[1]
    if problems:
        raise InputError(problems)


def _strip_comment(line: str) -> str:
    """Strip a comment: # at the start of a word, outside quotes."""
    quoted = False
    for n, letter in enumerate(line):
        quoted ^= letter == '"'
        if letter == "#" and not quoted and (n == 0 or line[n - 1].isspace()):
            return line[:n].strip()
    return line.strip()


def _parse_line(body: str, number: int) -> EditCommand:
    # The note is cut off first: it is free text, whose words mean nothing here.
    text, note = [*_BECAUSE.split(body, maxsplit=1), ""][:2]
    tokens = split_words(translate(text))
    word = tokens[0][0].lower() if tokens else ""
    # "set the centre of X to Y" is how people say it: the verb comes after.
    if word == "set" and len(tokens) > 1:
        tokens = [t for t in tokens[1:] if t[0].lower() != "the" or t[1]]
        word = tokens[0][0].lower() if tokens else ""
    verb = VERBS.get(word)
    if verb is None:
        near = difflib.get_close_matches(word, list(VERBS), 1)
        verb = VERBS[near[0]] if near else ""
        hint = (
            f"did you mean {verb}? For example: {EXAMPLES[verb]}"
            if verb
            else f"the verbs are {', '.join(EXAMPLES)}"
        )
        raise UnclearError(f"no verb {word!r}", hint)
    # A quoted word is a code even if it spells a filler.
    rest = [(t, quoted) for t, quoted in tokens[1:] if quoted or t.lower() not in FILLERS]
    note = note.strip()
    note = note[1:-1].replace('""', '"') if len(note) > 1 and note[0] == note[-1] == '"' else note
    parsed = PARSERS[verb](rest)
    command = EditCommand(verb, *parsed[:5], note=note, line=number)
    if len(parsed) == 7:
        command = replace(command, points=parsed[5], homes=parsed[6])
    return command
