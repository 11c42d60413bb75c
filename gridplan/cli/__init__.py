"""The command line: ``gridplan VERB ...`` parses, calls one function, and writes.

Exit status: 0 all is well, 1 problems found in the data or the plan, 2 the
command itself was wrong, 3 an unexpected error or a machine out of memory or
disk space, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

from gridplan.cli import (
    alternatives,
    atlas,
    audit,
    bench,
    brief,
    briefing,
    compare,
    edit,
    explain,
    history,
    households,
    import_grids,
    make,
    map,
    people,
    plan,
    prove,
    publish,
    rank,
    reach,
    redraw,
    sample,
    simulate,
    studio,
    surge,
    synth,
    template,
    visits,
    years,
)
from gridplan.cli.app import app
from gridplan.cli.entry import main

__all__ = [
    "alternatives",
    "app",
    "atlas",
    "audit",
    "bench",
    "brief",
    "briefing",
    "compare",
    "edit",
    "explain",
    "history",
    "households",
    "import_grids",
    "main",
    "make",
    "map",
    "people",
    "plan",
    "prove",
    "publish",
    "rank",
    "reach",
    "redraw",
    "sample",
    "simulate",
    "studio",
    "surge",
    "synth",
    "template",
    "visits",
    "years",
]
