"""The back door: ``gridplan VERB ...`` parses, calls one function, and writes.

Exit status: 0 done, 1 problems found in the data or the plan, 2 the command
itself was wrong, 130 stopped.
"""

from __future__ import annotations

import os
import sys

import typer

from gridplan.cli import (
    audit,
    compare,
    edit,
    explain,
    import_grids,
    people,
    plan,
    reach,
    redraw,
    simulate,
    surge,
    synth,
    years,
)
from gridplan.cli.app import app
from gridplan.errors import GridplanError, InputError, PlanError

__all__ = [
    "app",
    "audit",
    "compare",
    "edit",
    "explain",
    "import_grids",
    "main",
    "people",
    "plan",
    "reach",
    "redraw",
    "simulate",
    "surge",
    "synth",
    "years",
]

STOPPED = 130


def main() -> None:
    """Run the command line; an error of gridplan is printed, never a traceback."""
    try:
        app()
    except GridplanError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1 if isinstance(error, InputError | PlanError) else 2)
    except (KeyboardInterrupt, SystemExit) as end:
        if not isinstance(end, KeyboardInterrupt) and end.code != STOPPED:
            raise
        typer.echo("stopped", err=True)
        sys.stdout.flush()
        os._exit(STOPPED)  # a plain exit would wait for the threads and processes that still search
