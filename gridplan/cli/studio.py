"""The verb studio: planners change a plan in a browser of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridplan.cli.app import verb
from gridplan.cli.options import PlanPath
from gridplan.cli.plan_to_plan import find_folder

if TYPE_CHECKING:
    from gridplan.workbench.open_studio import NewerLand


@verb("studio")
def studio_command(
    path: PlanPath,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of this machine; any free one if 0.")
    ] = 0,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Address of this machine in the office's network, so that others work along.",
        ),
    ] = "127.0.0.1",
    seats: Annotated[
        Path | None,
        typer.Option(
            help="CSV of who sits where: office, role (viewer, editor, chief), communities.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    tls: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="CERT KEY",
            help="Files of a certificate and its key, so that the network cannot read along.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    new_links: Annotated[
        bool, typer.Option("--new-links", help="Give all seats new links; those of before end.")
    ] = False,
    site: Annotated[
        str | None,
        typer.Option(
            "--site",
            metavar="SITE",
            help="Newer land, as `gridplan plan` reads it: what broke is listed, and what a "
            "redraw would move is gone through one by one.",
        ),
    ] = None,
    browser: Annotated[
        bool, typer.Option(help="Open the page in the browser of this machine.")
    ] = True,
) -> None:
    """Change a plan in the browser: move, split, merge, lock, undo, and save.

    [dim]gridplan studio outputs/town[/dim]

    [dim]gridplan studio outputs/town --site town-2026.gpkg[/dim]

    [dim]gridplan studio outputs/town --host 192.168.1.20 --seats seats.csv[/dim]

    The page needs no internet. Every accepted change is on disk at once, in
    PLAN/studio; the plan itself changes when you save. Stop with Ctrl-C.
    """
    from gridplan.cli.screen import SCREEN, out
    from gridplan.workbench.open_studio import run_studio

    def say(line: str) -> None:
        # Links are not broken, so that they can be copied.
        out.print(line, soft_wrap=True, highlight=False, markup=False)

    newer = _find_land(path, site) if site else None
    # A studio waits for its planners: it is not at work all the time, and need not say so.
    SCREEN.is_watched = True
    run_studio(
        find_folder(path),
        port=port,
        host=host,
        seats_file=seats,
        newer=newer,
        tls=tls,
        new_links=new_links,
        browser=browser,
        say=say,
    )


def _find_land(path: Path, source: str) -> NewerLand:
    """Find newer land, which is read by the words that the plan was read by."""
    from gridplan import storage
    from gridplan.cli.plan import Land, name_files
    from gridplan.cli.read_options import list_paths
    from gridplan.cli.screen import err
    from gridplan.workbench.open_studio import NewerLand

    files = name_files(*[None] * 10)
    land = Land(source, files, None, None, None)

    stages: list[str] = []

    def say_stage(stage: str, done: int, total: int) -> None:
        # Each once: some come back for every community.
        if stage not in stages:
            stages.append(stage)
            err.print(f"{stage} ...", soft_wrap=True)

    return NewerLand(
        lambda: land.read(storage.read_plan(path).rules),
        storage.hash_files(list_paths(source, files)),
        say_stage,
    )
