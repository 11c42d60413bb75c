"""The verbs that look at a plan: audit and map."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridplan.cli.door import app
from gridplan.options import Lang, Layers, PlanPath


@app.command("audit")
def audit_command(
    path: PlanPath,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with status 1 if any rule is broken.")] = False,
    rules_file: Annotated[Path | None, typer.Option("--rules", help="Judge by these rules instead of the plan's own.")] = None,
    table: Annotated[Path | None, typer.Option("--csv", help="Write the table by community to this file.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes for a city; one for each core if not given.")] = None,
) -> None:
    """Check a plan against every rule, from its own tables, whoever drew it.

    [dim]gridplan audit outputs/town --strict[/dim]
    """
    from gridplan import auditing, console, storage
    from gridplan.city.auditing import audit_city
    from gridplan.city.reading import count_buildings
    from gridplan.rules import Rules

    rules = Rules.from_file(rules_file) if rules_file else None
    if count_buildings(path) > storage.LARGE:
        with console.show_progress() as clock:
            result = audit_city(path, rules, workers=workers, progress=clock)
    else:
        result = auditing.audit(storage.read_plan(path), rules)
    console.out.print(console.escape(str(result)), soft_wrap=True)
    if table:
        result.communities.to_csv(table, encoding="utf-8-sig")
        console.out.print(f"written    {table}", soft_wrap=True)
    if strict and not result.passed:
        raise typer.Exit(1)


@app.command("map")
def map_command(
    path: PlanPath,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Page to write; PLAN/map.html if not given.")] = None,
    lang: Annotated[Lang, typer.Option(help="Language of the page.")] = Lang.en,
    layers: Annotated[Layers, typer.Option(help="classes for small plans, tiles for big ones.")] = Layers.auto,
    base_map: Annotated[bool, typer.Option("--base-map", help="Lay it over OpenStreetMap tiles (needs the internet).")] = False,
    title: Annotated[str | None, typer.Option(help="Title of the page.")] = None,
    only: Annotated[
        str | None, typer.Option(metavar="CODE", help="Map only communities whose code begins so, e.g. a district of a city.")
    ] = None,
) -> None:
    """Write a map of a plan as one page that opens without internet.

    [dim]gridplan map outputs/town --lang zh[/dim]

    [dim]gridplan map outputs/city --only 130203001[/dim]
    """
    from gridplan import console, storage
    from gridplan.city.mapping import read_sheet_plan
    from gridplan.maps.draw import draw_map
    from gridplan.maps.offline import write_map

    page = output or (path if path.is_dir() else path.parent) / "map.html"
    with console.show_progress() as clock:
        clock("map", 0, 1)
        plan, left_out = read_sheet_plan(path, only)
        drawn = draw_map(plan or storage.read_plan(path), lang=lang.value, layers=layers.value, base_map=base_map, title=title)
        write_map(drawn, page, overwrite=True)
    if left_out:
        console.out.print(f"left out   {left_out}", soft_wrap=True)
    console.out.print(f"written    {page} ({page.stat().st_size / 1e6:.1f} MB)", soft_wrap=True)
