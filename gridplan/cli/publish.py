"""The verb that makes what may leave: release."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridplan.cli.app import verb
from gridplan.cli.options import (
    NewFolder,
    PlanPath,
    RulesFile,
    Set,
)
from gridplan.cli.plan_to_plan import choose_rules, take_rules
from gridplan.cli.screen import note_figures


@verb("release", figures=True)
def release_command(
    path: PlanPath,
    output: NewFolder = None,
    before: Annotated[
        list[Path] | None,
        typer.Option(
            help="Working plan of a release that went out before; "
            "again for each, in the order they went out."
        ),
    ] = None,
    published: Annotated[
        list[Path] | None,
        typer.Option(
            help="That release itself, if it was made by other rules; again for each of several."
        ),
    ] = None,
    names: Annotated[
        bool,
        typer.Option(
            "--names",
            help="Keep the names of buildings, compounds, streets, institutions and places.",
        ),
    ] = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Make a plan that may be handed out: no small count in it can be worked out.

    Small counts are suppressed, households are given in bands, and the result
    is attacked before it is written, into a folder that is new or empty.

    [dim]gridplan release outputs/town -o outputs/town-release[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.publishing.release_plan import release

    if output is None:
        raise typer.BadParameter(
            "say where the release goes: -o outputs/NAME", param_hint="--output"
        )
    # Before the work, which may take long.
    storage.require_empty(output)
    with storage.reserve_plan(output, False), console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        # What two releases hold together must not give away what neither does alone.
        earlier = {"before": before, "published": published}
        plans = {
            name: [storage.read_plan(place) for place in places or []]
            for name, places in earlier.items()
        }
        clock("release", 0, 1)
        leaving = release(
            plan,
            **plans,
            names=names,
            rules=choose_rules(take_rules(plan), rules_file, settings).disclosure,
        )
        clock("writing", 0, 1)
        storage.write_plan(leaving, output)
    note = leaving.manifest["release"]
    note_figures("check", note)
    console.out.print(
        f"disclosure check passed: {note['suppressed']:,} of {note['counts']:,} counts are "
        f"suppressed; {note['bands_withheld']:,} sub-grids without a band of households",
        soft_wrap=True,
    )
    console.print_times(clock.seconds)
    console.print_line("written", output)
    console.print_line(
        "next", f"gridplan brief {output}; gridplan briefing {output} -o {output}-briefing"
    )
