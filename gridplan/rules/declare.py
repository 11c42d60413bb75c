"""The grammar of rules: how one value is declared, checked and written, with its unit, meaning and source."""

from __future__ import annotations

import json
from dataclasses import Field, field, fields, is_dataclass
from typing import Any

from gridplan.errors import RuleError

FOUNDING = "China City News, 25 September 2023, p. 19 (Tangshan)"
ASSUMED = "assumption of gridplan; set your own"


def rule(
    default: Any, unit: str, meaning: str, source: str = ASSUMED, least: float | None = None
) -> Any:
    """Declare one value of a rule: default, unit, meaning, source and the least value allowed."""
    return field(
        default=default,
        metadata={"unit": unit, "meaning": meaning, "source": source, "least": least},
    )


def check_fields(owner: Any) -> None:
    """Refuse values of another type or below their least value, naming all of them at once."""
    wrong = []
    for entry in fields(owner):
        value = getattr(owner, entry.name)
        least = entry.metadata.get("least")
        wants = type(entry.default)
        number = (
            wants in (int, float) and isinstance(value, int | float) and not isinstance(value, bool)
        )
        if wants is float and number:
            object.__setattr__(owner, entry.name, float(value))
        elif (not is_dataclass(value) and not isinstance(value, wants)) or (
            wants is int and isinstance(value, bool)
        ):
            wrong.append(f"{entry.name} must be {wants.__name__}, not {value!r}")
            continue
        if number and least is not None and value < least:
            wrong.append(f"{entry.name} = {value} is below {least} {entry.metadata['unit']}")
    if wrong:
        raise RuleError(f"{type(owner).__name__}: " + "; ".join(wrong))


def check_shares(owner: Any, *names: str) -> None:
    """Refuse shares above 1, naming all of them at once."""
    wrong = [f"{name} = {getattr(owner, name)}" for name in names if getattr(owner, name) > 1]
    if wrong:
        raise RuleError(f"{type(owner).__name__}: {'; '.join(wrong)}: a share is from 0 to 1")


def check_words(owner: Any, name: str, *words: str) -> None:
    """Refuse a word that is not one of those allowed."""
    if getattr(owner, name) not in words:
        raise RuleError(
            f"{type(owner).__name__}: {name} must be {' or '.join(words)}, not {getattr(owner, name)!r}"
        )


def write_value(value: Any) -> str:
    """Write a value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def describe(entry: Field[Any]) -> str:
    """Describe a rule: unit, meaning and source."""
    unit = f"{entry.metadata['unit']}: " if entry.metadata["unit"] else ""
    return f"{unit}{entry.metadata['meaning']} [{entry.metadata['source']}]"
