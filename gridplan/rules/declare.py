"""The grammar of rules: how a value is declared, checked and written.

Each has its unit, meaning and source. A value is a number, a word, yes or no,
a list of such values, or a row: a small frozen dataclass. Rows stand alone or
in lists. In ``plan.toml`` a list is an array and a row a table; Python takes
lists and mappings for them too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, field, fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from gridplan.errors import RuleError
from gridplan.rules.chinese_rules import translate_rule, translate_unit
from gridplan.tables.schema import Language

# sources that many rules name
FOUNDING = "China City News, 25 September 2023, p. 19 (Tangshan)"
ASSUMED = "assumption of gridplan; set your own"
# Larger whole numbers are not exact as floats, and sums of them would overflow.
LARGEST = 10**15
WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def rule(
    default: Any,
    unit: str,
    meaning: str,
    source: str = ASSUMED,
    least: float | None = None,
    old: Callable[[str], Any] | None = None,
) -> Any:
    """Declare one value of a rule: default, unit, meaning, source and the least value allowed.

    Parameters
    ----------
    default, unit, meaning, source, least
        What ``gridplan rules`` prints; a list's ``least`` holds for each of its
        numbers.
    old
        Reads the text that earlier versions wrote in place of a list or table,
        so that the refusal can print the new form.
    """
    return field(
        default=default,
        metadata={"unit": unit, "meaning": meaning, "source": source, "least": least, "old": old},
    )


@cache
def read_types(owner: type[Any]) -> dict[str, Any]:
    """Read the types of a class's fields."""
    return get_type_hints(owner)


def check_fields(owner: Any) -> None:
    """Bring values to their types, and refuse those of another type or too small, all at once.

    Lists become tuples and mappings become rows.
    """
    wrong: list[str] = []
    kind: Any = type(owner)
    hints = read_types(kind)
    for entry in fields(owner):
        value = getattr(owner, entry.name)
        hint = hints[entry.name]
        if isinstance(value, str) and hint is not str and entry.metadata.get("old"):
            wrong.append(_refuse_text(entry, value))
            continue
        # a value of the wrong type is not compared with the least one too
        known = len(wrong)
        value = convert(entry.name, value, hint, wrong)
        if len(wrong) > known:
            continue
        # rules are frozen; only here, while one is made, are its values brought to type
        object.__setattr__(owner, entry.name, value)
        least = entry.metadata.get("least")
        if least is None:
            continue
        wrong += [
            f"{entry.name} = {number} is below {least} {entry.metadata['unit']}"
            for number in (value if isinstance(value, tuple) else [value])
            if number < least
        ]
    if wrong:
        raise RuleError(f"{type(owner).__name__}: " + "; ".join(wrong))


def convert(name: str, value: Any, hint: Any, wrong: list[str]) -> Any:
    """Bring a value to a type, adding to ``wrong`` what cannot be.

    Examples
    --------
    >>> wrong = []
    >>> convert("minutes", [5, 10.0], tuple[float, ...], wrong)
    (5.0, 10.0)
    >>> convert("drawn", 1, bool, wrong), wrong
    (1, ['drawn must be true or false, not 1'])
    """
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            wrong.append(f"{name} must be a list, not {value!r}")
            return value
        kind = get_args(hint)[0]
        return tuple(
            convert(f"{name}[{number}]", item, kind, wrong) for number, item in enumerate(value)
        )
    if is_dataclass(hint):
        if is_dataclass(value):  # made in Python, where 5 may stand for 5.0
            value = {entry.name: getattr(value, entry.name) for entry in fields(value)}
        return _make_row(name, value, hint, wrong)
    is_number = hint in (int, float) and isinstance(value, (int, float))
    if is_number and not isinstance(value, bool) and not abs(value) <= LARGEST:
        wrong.append(f"{name} must be a number of at most {LARGEST:,}, not {value!r:.40}")
        return value
    # 5 is a number too; TOML writes whole numbers without a point
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    # Python takes True for a whole number
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        wrong.append(f"{name} must be {WORDS[hint]}, not {value!r}")
    return value


def _make_row(name: str, value: Any, kind: Any, wrong: list[str]) -> Any:
    """Make a row from a mapping; unknown and missing keys are named."""
    known = [entry.name for entry in fields(kind)]
    if not isinstance(value, Mapping):
        wrong.append(f"{name} must be a table with {', '.join(known)}, not {value!r}")
        return value
    # keys are checked before values, so that a misspelt key is named as such
    needed = [entry.name for entry in fields(kind) if entry.default is MISSING]
    missing = [key for key in needed if key not in value]
    unknown = [str(key) for key in value if key not in known]
    if unknown or missing:
        parts = [f"unknown {', '.join(unknown)}"] if unknown else []
        parts += [f"no {', '.join(missing)}"] if missing else []
        wrong.append(f"{name} has {' and '.join(parts)}; it has {', '.join(known)}")
        return value
    before = len(wrong)
    hints = read_types(kind)
    values = {key: convert(f"{name}.{key}", item, hints[key], wrong) for key, item in value.items()}
    if len(wrong) > before:
        return value
    try:
        return kind(**values)
    except RuleError as error:
        wrong.append(f"{name}: {error}")
        return value


def _refuse_text(entry: Field[Any], text: str) -> str:
    """Refuse the text that earlier versions wrote for a list, and print its new form."""
    try:
        new = entry.metadata["old"](text)
        note = "is a list or table now, no text; write"
    except (ValueError, RuleError):
        new = entry.default
        note = f"is a list or table now, and {text!r} is not understood; write such as"
    return f"{entry.name} {note}\n{write_pair(entry.name, new)}\n"


def name_rules(section: str, owner: Any, text: str) -> str:
    """Name the rules in an error of a section as ``plan.toml`` does: by section and name.

    Examples
    --------
    >>> from gridplan.rules.band import Band
    >>> name_rules("urban", Band(), "Band: target must be a whole number, not 2.5")
    'urban.target must be a whole number, not 2.5'
    """
    names = "|".join(entry.name for entry in fields(owner))
    plain = text.removeprefix(f"{type(owner).__name__}: ")
    named = re.sub(rf"(^|; )(?=(?:{names})\b)", rf"\g<1>{section}.", plain)
    return named if f"{section}." in named else f"{section}: {named}"


def check_shares(owner: Any, *names: str) -> None:
    """Refuse shares above 1, naming all of them at once."""
    wrong = [f"{name} = {getattr(owner, name)}" for name in names if getattr(owner, name) > 1]
    if wrong:
        raise RuleError(f"{type(owner).__name__}: {'; '.join(wrong)}: a share is from 0 to 1")


def check_words(owner: Any, name: str, *words: str) -> None:
    """Refuse a word that is not one of those allowed."""
    value = getattr(owner, name)
    if value not in words:
        raise RuleError(
            f"{type(owner).__name__}: {name} must be {' or '.join(words)}, not {value!r}"
        )


def check_once(owner: Any, name: str, key: str) -> None:
    """Refuse a list in which two rows have the same key, and one that is empty."""
    keys = [getattr(row, key) for row in getattr(owner, name)]
    twice = [word for word in dict.fromkeys(keys) if keys.count(word) > 1]
    if twice:
        raise RuleError(f"{type(owner).__name__}: {name}: {', '.join(twice)} stands twice")
    if not keys:
        raise RuleError(f"{type(owner).__name__}: {name}: there is none")


def make_plain(value: Any) -> Any:
    """Make lists of tuples and dictionaries of rows, as JSON has them.

    Examples
    --------
    >>> make_plain(((1.0, 2.0), "word"))
    [[1.0, 2.0], 'word']
    """
    if isinstance(value, tuple):
        return [make_plain(item) for item in value]
    if is_dataclass(value):
        return {entry.name: make_plain(getattr(value, entry.name)) for entry in fields(value)}
    return value


def write_value(value: Any) -> str:
    """Write a value as TOML; a list of tables has a line for each.

    Examples
    --------
    >>> write_value((5.0, 10.0)), write_value(True), write_value("drop")
    ('[5.0, 10.0]', 'true', '"drop"')
    """
    # before numbers, since True is one
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        if value and is_dataclass(value[0]):
            return "[\n" + "".join(f"  {write_value(row)},\n" for row in value) + "]"
        return "[" + ", ".join(write_value(item) for item in value) + "]"
    if is_dataclass(value):
        pairs = [f"{f.name} = {write_value(getattr(value, f.name))}" for f in fields(value)]
        return "{" + ", ".join(pairs) + "}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def write_pair(name: str, value: Any, note: str = "") -> str:
    """Write a name and its value as TOML; a note stands behind the first line of a value."""
    first, *others = f"{name} = {write_value(value)}".split("\n")
    return "\n".join([f"{first}  # {note}" if note else first, *others])


def describe(entry: Field[Any], lang: Language = "en") -> str:
    """Describe a rule in a language: unit, meaning and source."""
    unit, meaning, source = (entry.metadata[name] for name in ("unit", "meaning", "source"))
    if lang == "zh":
        meaning, source = translate_rule(meaning), translate_rule(source)
        return f"{translate_unit(unit)}：{meaning} [{source}]" if unit else f"{meaning} [{source}]"
    return f"{unit}: {meaning} [{source}]" if unit else f"{meaning} [{source}]"
