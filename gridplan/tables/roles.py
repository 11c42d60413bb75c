"""The roles of posts, read from ``roles.csv``.

A row has what a role is called, how its posts are filled, what they do and
when. A role that is filled by one of the patterns below is one row of that file.
Staffing, the audit, the simulations and the schema take their lists of roles
from here.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

# How the posts of a role come to be. Buildings, stairwells and subgrids have
# one post each; "layers" one for each river, lake or railway of a community and for
# each upper grid; "counts" are people who answer without a post in the plan; the
# others are problems of their own, solved in gridplan/people.
PATTERNS = (
    "leaders",
    "zones",
    "helpers",
    "buildings",
    "stairwells",
    "subgrids",
    "members",
    "committees",
    "layers",
    "counts",
)
# The patterns with one post for each place: a role of theirs needs no code.
PLACED = ("buildings", "stairwells", "subgrids")
WORKLOADS = ("", "subgrid", "round", "household")
REACHES = ("", "own", "volunteer", "community", "street")


@dataclass(frozen=True)
class Role:
    """One role of posts, as its row in ``roles.csv`` says.

    Parameters
    ----------
    role, zh, en
        Its code, and its name in two languages.
    letters
        What stands before the number in the codes of its posts.
    filled_by
        One of ``PATTERNS``: buildings, stairwells and subgrids have one post
        each; the others have code of their own.
    source
        Who fills the posts of those three patterns, such as resident.
    supply
        The measure of the table counts that says how many there are, by
        community; where it is empty, nobody counts them and every post is
        taken to be filled.
    worker
        Whether its posts are grid workers, of which a share are Party members.
    single
        Whether a sub-grid has one such post at most.
    workload, per
        A rule of the section staffing, or a number; and what it is for: hours
        a month for each subgrid, rounds of visits to all households with the
        ways (round), or visits without the ways (household).
    turn
        The rule of the section simulation whose hours its posts keep; empty
        where they do not answer requests.
    serves
        Which sub-grids they answer for: own, those of the whole community
        (volunteer or community, by who is asked first), or street.
    neighbours
        Whether they also help in adjoining sub-grids.
    starts
        ``office`` where their ways begin at the community's office, else empty.
    over
        What posts of the pattern layers are over: the kind of a special grid, such
        as river, ``other`` for kinds that no row names, or ``grid``; else empty.
    """

    role: str
    zh: str
    en: str
    letters: str
    filled_by: str
    source: str = ""
    supply: str = ""
    worker: bool = False
    single: bool = False
    workload: str = ""
    per: str = ""
    turn: str = ""
    serves: str = ""
    neighbours: bool = False
    starts: str = ""
    over: str = ""

    def __post_init__(self) -> None:
        """Refuse words that nothing reads."""
        for name, words in (
            ("filled_by", PATTERNS),
            ("per", WORKLOADS),
            ("serves", REACHES),
            ("starts", ("", "office")),
        ):
            if getattr(self, name) not in words:
                known = ", ".join(word for word in words if word)
                value = getattr(self, name)
                raise ValueError(
                    f"roles.csv: {self.role}: {name} must be one of {known}, not {value!r}"
                )

    @property
    def measure(self) -> str:
        """The measure that counts its filled posts, such as building_captains."""
        return f"{self.role}s"

    def find_amount(self, rules: Any) -> float:
        """Find the amount of its workload: the rule of that name, or the number; 0 for none."""
        if not self.workload:
            return 0.0
        return float(getattr(rules, self.workload, self.workload))


@cache
def read_roles() -> tuple[Role, ...]:
    """Read ``roles.csv``: the roles in their order.

    Examples
    --------
    >>> read_roles()[0].role, read_roles()[0].en
    ('grid_leader', 'grid leader')
    """
    text = files("gridplan.tables").joinpath("roles.csv").read_text(encoding="utf-8")
    # yes and no in the file, true and false in the class
    flags = {entry.name for entry in fields(Role) if entry.type == "bool"}
    roles = []
    for row in csv.DictReader(text.splitlines()):
        entries: dict[str, Any] = {
            name: value == "yes" if name in flags else value for name, value in row.items()
        }
        roles.append(Role(**entries))
    return tuple(roles)


def find_roles(**wanted: Any) -> tuple[Role, ...]:
    """Find the roles whose entries are as wanted; a tuple lists values of which any may match.

    Examples
    --------
    >>> [role.role for role in find_roles(filled_by=("buildings", "stairwells"))]
    ['building_captain', 'stairwell_captain']
    """
    choices = {
        name: value if isinstance(value, tuple) else (value,) for name, value in wanted.items()
    }
    return tuple(
        role
        for role in read_roles()
        if all(getattr(role, name) in values for name, values in choices.items())
    )


def name_roles(**wanted: Any) -> tuple[str, ...]:
    """Name the roles that :func:`find_roles` finds.

    Examples
    --------
    >>> name_roles(worker=True)
    ('grid_worker_full', 'grid_worker_part')
    """
    return tuple(role.role for role in find_roles(**wanted))


def find_letters() -> dict[str, str]:
    """Find the letters of the codes of posts, by role."""
    return {role.role: role.letters for role in read_roles()}


def name_posts() -> tuple[str, ...]:
    """Name the roles of posts that a plan may hold, in the order of the patterns that fill them."""
    roles = [role for role in read_roles() if role.filled_by != "counts"]
    # sorting is stable: within a pattern the order of the file stays
    return tuple(r.role for r in sorted(roles, key=lambda r: PATTERNS.index(r.filled_by)))


def name_answering() -> tuple[str, ...]:
    """Name the roles that answer requests, which are those with hours of duty.

    Examples
    --------
    >>> "volunteer" in name_answering(), "branch_secretary" in name_answering()
    (True, False)
    """
    return tuple(role.role for role in read_roles() if role.turn)
