"""The verbs that look at a plan: audit, map, prove and frontier."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gridplan.cli.app import app
from gridplan.cli.options import Effort, Lang, Layers, PlanPath, RulesFile, Threads


@app.command("audit")
def audit_command(
    path: PlanPath,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with status 1 if any rule is broken.")
    ] = False,
    rules_file: Annotated[
        Path | None, typer.Option("--rules", help="Judge by these rules instead of the plan's own.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--csv", help="Write the table by community to this file.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes for a city; one for each core if not given."),
    ] = None,
) -> None:
    """Check a plan against every rule, from its own tables, whoever drew it.

    [dim]gridplan audit outputs/town --strict[/dim]
    """
    from gridplan import storage
    from gridplan.auditing import audit_plan
    from gridplan.city.city_audit import audit_city
    from gridplan.city.read_part import count_buildings
    from gridplan.cli import console
    from gridplan.rules.all_rules import Rules

    rules = Rules.from_file(rules_file) if rules_file else None
    if count_buildings(path) > storage.LARGE:
        with console.show_progress() as clock:
            result = audit_city(path, rules, workers=workers, progress=clock)
    else:
        result = audit_plan.audit(storage.read_plan(path), rules)
    console.out.print(console.escape(str(result)), soft_wrap=True)
    if table:
        result.communities.to_csv(table, encoding="utf-8-sig")
        console.out.print(f"written    {table}", soft_wrap=True)
    if strict and not result.passed:
        raise typer.Exit(1)


@app.command("map")
def map_command(
    path: PlanPath,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Page to write; PLAN/map.html if not given."),
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of the page.")] = Lang.en,
    layers: Annotated[
        Layers, typer.Option(help="classes for small plans, tiles for big ones.")
    ] = Layers.auto,
    base_map: Annotated[
        bool,
        typer.Option("--base-map", help="Lay it over OpenStreetMap tiles (needs the internet)."),
    ] = False,
    title: Annotated[str | None, typer.Option(help="Title of the page.")] = None,
    reach: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="Open with minutes on foot to posts of a kind, e.g. canteen (after reach).",
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="CODE",
            help="Map only communities whose code begins so, e.g. a district of a city.",
        ),
    ] = None,
    for_release: Annotated[
        bool, typer.Option("--release", help="Refuse any plan but a release that passed its check.")
    ] = False,
) -> None:
    """Write a map of a plan as one page that opens without internet.

    [dim]gridplan map outputs/town --lang zh[/dim]

    [dim]gridplan map outputs/town --reach canteen[/dim]

    [dim]gridplan map outputs/city --only 130203001[/dim]
    """
    from gridplan.cli import console
    from gridplan.cli.people import read_mapped
    from gridplan.maps.draw import draw_map
    from gridplan.maps.offline import write_map

    page = output or (path if path.is_dir() else path.parent) / "map.html"
    with console.show_progress() as clock:
        clock("map", 0, 1)
        plan, left_out = read_mapped(path, only, for_release)
        drawn = draw_map(
            plan, lang=lang.value, layers=layers.value, base_map=base_map, title=title, reach=reach
        )
        write_map(drawn, page, overwrite=True)
    if left_out:
        console.out.print(f"left out   {left_out}", soft_wrap=True)
    console.out.print(f"written    {page} ({page.stat().st_size / 1e6:.1f} MB)", soft_wrap=True)


@app.command("prove")
def prove_command(
    path: PlanPath,
    communities: Annotated[
        list[str] | None,
        typer.Option("--community", metavar="CODE", help="Only these communities."),
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--csv", help="Write the table to this file.")
    ] = None,
    workers: Threads = None,
) -> None:
    """Prove how much cheaper any other plan could be at most, community by community.

    [dim]gridplan prove outputs/town[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.comparison import proof

    with console.show_progress() as clock:
        found = proof.prove(storage.read_plan(path), communities, workers=workers, progress=clock)
    console.print_proof(found)
    _write_csv(found, table)


@app.command("frontier")
def frontier_command(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SITE|PLAN", help="A plan, or a file or folder that `gridplan plan` reads."
        ),
    ],
    community: Annotated[str, typer.Option(metavar="CODE", help="The community.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Picture to write, e.g. frontier.png.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--csv", help="Write the table to this file.")
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of the picture.")] = Lang.en,
    effort: Annotated[
        Effort, typer.Option(help="How long to search at each price.")
    ] = Effort.default,
    rules_file: RulesFile = None,
    seed: Annotated[int, typer.Option(help="Same seed: same table.")] = 0,
    workers: Threads = None,
) -> None:
    """Show what one community gains and pays when balance, whole buildings or whole compounds are priced higher or lower.

    [dim]gridplan frontier outputs/town --community 130203001001 -o
    frontier.png[/dim]
    """
    from gridplan.cli import console
    from gridplan.comparison.frontier import trace_frontier
    from gridplan.plots.figure import save_plot
    from gridplan.plots.plot_results import plot
    from gridplan.rules.all_rules import Rules

    rules = Rules.from_file(rules_file) if rules_file else None
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        land = _read_land(source)
        found = trace_frontier(
            land, community, rules, effort=effort.value, seed=seed, workers=workers, progress=clock
        )
        if output:
            save_plot(plot(found, title=community, lang=lang.value), output)
    console.print_frontier(f"Trade-offs of {community}", found.table)
    _write_csv(found.table, table)
    if output:
        console.out.print(f"written    {output}", soft_wrap=True)


def _read_land(source: str) -> Any:
    """Read a plan where there is one, else a site."""
    from gridplan import storage
    from gridplan.errors import PlanError
    from gridplan.reading.read import read_site

    try:
        return storage.read_plan(source)
    except PlanError:
        return read_site(source)


def _write_csv(found: Any, path: Path | None) -> None:
    from gridplan.cli import console

    if path:
        found.to_csv(path, encoding="utf-8-sig")
        console.out.print(f"written    {path}", soft_wrap=True)
