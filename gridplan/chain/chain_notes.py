"""The notes beside a plan, ``steps.json``: what each step read, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from gridplan.engine.placement import locate

NOTES = "steps.json"


@dataclass(frozen=True)
class StepNote:
    """What is noted of a step.

    ``reads`` is the fingerprint of all that it read, ``results`` that of the
    tables it wrote, ``files`` those of its files by name; ``because`` says why
    it was skipped, ``figures`` what it came to, ``passed`` is false for an
    audit with errors, ``edited`` true for a plan that another command has changed.
    """

    reads: str
    results: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    because: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    passed: bool = True
    edited: bool = False


@dataclass(frozen=True)
class ChainNotes:
    """What is noted of all steps.

    ``data`` is the fingerprint of the plan's files as they were written last,
    ``rules`` that of its rules, ``released`` that of the plan which the release
    was made from.
    """

    data: str = ""
    rules: str = ""
    released: str = ""
    steps: Mapping[str, StepNote] = field(default_factory=dict)

    def note(self, name: str, step: StepNote) -> ChainNotes:
        """Return the notes with those of one step replaced."""
        return replace(self, steps={**self.steps, name: step})

    def write(self) -> bytes:
        r"""Write the notes as JSON.

        Examples
        --------
        >>> ChainNotes("d").note("map", StepNote("r")).write().splitlines()[0]
        b'{'
        """
        return (json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n").encode()


def read_notes(folder: Path) -> ChainNotes | None:
    """Read the notes of a folder; none where there are none, or none that can be read.

    Without notes nothing is believed to be up to date, which costs time and no result.
    """
    try:
        data = json.loads(locate(folder, NOTES).read_text(encoding="utf-8"))
        steps = {str(name): StepNote(**step) for name, step in data["steps"].items()}
        return ChainNotes(**{**data, "steps": steps})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
