"""The sections of a briefing in words and tables, from its facts: documents only lay them out."""

from __future__ import annotations

from dataclasses import dataclass

from gridplan.briefing.facts import Facts
from gridplan.briefing.request import BriefingRequest
from gridplan.tables.words import say

SECTIONS = (
    *("overview", "coverage", "gaps", "organisation", "staffing", "changes", "ranking"),
    *("simulation", "next_steps", "sources"),
)


@dataclass(frozen=True)
class Table:
    """A table of a briefing as it is printed.

    ``rows`` are texts already rounded, ``numeric`` says which columns are numbers
    and stand at the right, ``note`` stands below.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A section: its title, the sentences, tables, the views of its maps, what is missing.

    ``finding`` is the title that states what was found, for a slide. A section
    without data has no sentence and no table, and ``missing`` says what is to be given.
    """

    key: str
    title: str
    finding: str
    sentences: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    views: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def write_sections(facts: Facts, request: BriefingRequest) -> list[Section]:
    """Write the sections of a briefing in one language, in their order.

    Examples
    --------
    >>> from gridplan.briefing.facts import collect_facts
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> facts = collect_facts(release(make_board_plan()))
    >>> write_sections(facts, BriefingRequest(lang="en"))[0].key
    'overview'
    """
    text = facts.brief.paragraphs[request.lang]
    title = say("brief.title", request.lang)
    return [Section("overview", title, title, (text,), views=("subgrids",))]
