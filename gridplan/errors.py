"""The errors of gridplan, as one tree.

::

    GridplanError
    ├── InputError (ValueError)              the data is wrong; ``.problems`` says all that is wrong
    │   └── PersonalDataError                a column looks like personal data
    ├── ArgumentError (TypeError)            an argument is of a type that cannot be taken
    ├── RuleError (ValueError)               a rule is unknown or out of its range
    ├── PlanError (ValueError)               a plan's tables do not hold together
    ├── OutputExistsError (FileExistsError)  writing would destroy something
    ├── PlanBusyError (RuntimeError)         another run writes the plan, or has changed it
    ├── UnwritableError (OSError)            nothing can be written to the place that was named
    ├── EngineError (RuntimeError)           the processes or the cluster for the work fail
    └── MissingPackageError (ImportError)    an optional package is not installed

A caller who wants to show what is wrong writes::

    try:
        site = gp.read_site("town.gpkg")
    except gp.errors.GridplanError as error:
        print(error)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SHOWN_IDS = 5  # ids written out in a message; the rest are only counted


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where, and what to do about it.

    Examples
    --------
    >>> remedy = "correct it or leave it empty"
    >>> print(Problem("buildings", "floors", "2 have negative floors", remedy, ("b1", "b7")))
    buildings: 2 have negative floors (b1, b7) -> correct it or leave it empty
    """

    table: str
    rule: str
    message: str
    remedy: str
    ids: tuple[str, ...] = ()
    file: str = ""

    def __str__(self) -> str:
        """Write the problem on one line: place, message, ids, remedy."""
        place = f"{self.file}: {self.table}" if self.file else self.table
        return f"{place}: {self.message}{quote_ids(self.ids)} -> {self.remedy}"


def quote_ids(ids: Sequence[str], shown: int = SHOWN_IDS) -> str:
    """Write the first ids of a list in brackets and count the others.

    Examples
    --------
    >>> quote_ids(["a", "b", "c"], shown=2)
    ' (a, b and 1 more)'
    """
    if not ids:
        return ""
    head = ", ".join(str(i) for i in ids[:shown])
    more = len(ids) - shown
    return f" ({head} and {more} more)" if more > 0 else f" ({head})"


class GridplanError(Exception):
    """Anything that gridplan itself refuses to do; the message says what to do next."""


class InputError(GridplanError, ValueError):
    """The data is wrong; every problem found is in ``problems``.

    Examples
    --------
    >>> problem = Problem("buildings", "not empty", "it has no rows", "give another file")
    >>> try:
    ...     raise InputError([problem])
    ... except InputError as error:
    ...     print(error)
    1 problem in the input:
      1. buildings: it has no rows -> give another file
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        # kept as values too, for callers that show them in their own way
        self.problems = tuple(problems)
        noun = "problem" if len(self.problems) == 1 else "problems"
        lines = [f"{len(self.problems)} {noun} in the input:"]
        lines += [f"  {i}. {problem}" for i, problem in enumerate(self.problems, 1)]
        super().__init__("\n".join(lines))


class PersonalDataError(InputError):
    """A column looks like data on named persons, which gridplan does not take."""


class ArgumentError(GridplanError, TypeError):
    """An argument of a public function is of a type that it cannot take."""


class RuleError(GridplanError, ValueError):
    """A rule is not known, or its value is out of range."""


class PlanError(GridplanError, ValueError):
    """A plan's tables do not hold together."""


class OutputExistsError(GridplanError, FileExistsError):
    """Writing would overwrite something that is already there."""


class PlanBusyError(GridplanError, RuntimeError):
    """Another run is writing the plan, or has changed it since it was read."""


class UnwritableError(GridplanError, OSError):
    """Nothing can be written to the place that was named."""


class MissingPackageError(GridplanError, ImportError):
    """A package that this function needs is not installed."""


class EngineError(GridplanError, RuntimeError):
    """The processes or the cluster that should do the work cannot be reached or are lost."""
