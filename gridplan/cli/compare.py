"""The verbs that set plans side by side: compare, history and alternatives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import app
from gridplan.cli.options import Effort, Lang, PlanPath, RulesFile, Threads

if TYPE_CHECKING:
    from gridplan.plan import Plan

TABLES = (
    "concordance",
    "events",
    "moved",
    "quality",
    "subgrids",
)  # of a comparison, each a file of its own


@app.command("compare")
def compare_command(
    old: Annotated[
        Path, typer.Argument(metavar="OLD", help="The earlier plan: its folder or its .gpkg.")
    ],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The later one.")],
    tables: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FOLDER", help="Write all tables to this folder."),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option("--map", metavar="FILE", help="Write the difference as a map, one page."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Write the difference as a picture."),
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of map and picture.")] = Lang.en,
    rules_file: RulesFile = None,
    workers: Threads = None,
) -> None:
    """Compare two plans, whoever drew them: who moves, what became of each sub-grid, and how good each plan is.

    [dim]gridplan compare outputs/town-2024 outputs/town-2026 --map
    difference.html --csv difference[/dim]

    Both are judged by the rules of the later one, or those given. A household
    moves if its sub-grid has another code; it is displaced if it would have
    moved whatever the new sub-grids were called.
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.comparison import compare
    from gridplan.rules.all_rules import Rules

    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plans = storage.read_plan(old), storage.read_plan(new)
        found = compare(
            *plans,
            Rules.from_file(rules_file) if rules_file else None,
            workers=workers,
            progress=clock,
        )
        written = _draw(plans, found, page, picture, lang.value, clock)
    console.out.print(console.escape(str(found)), soft_wrap=True)
    if tables:
        written += _write_tables({name: getattr(found, name) for name in TABLES}, tables)
    for path in written:
        console.out.print(f"written    {path}", soft_wrap=True)


def _draw(
    plans: tuple[Plan, Plan],
    found: Any,
    page: Path | None,
    picture: Path | None,
    lang: Any,
    clock: Any,
) -> list[Path]:
    """Draw the map and the picture that were asked for."""
    written = []
    if page:
        from gridplan.maps.draw import draw_map
        from gridplan.maps.offline import write_map

        clock("map", 0, 1)
        written.append(write_map(draw_map(plans[1], found, lang=lang), page, overwrite=True))
    if picture:
        from gridplan.plots.figure import save_plot
        from gridplan.plots.plot_results import plot

        written.append(save_plot(plot(found, lang=lang), picture))
    return written


def _write_tables(tables: dict[str, Any], folder: Path) -> list[Path]:
    """Write each table as a CSV that Excel opens in the right encoding."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        table.to_csv(path, encoding="utf-8-sig")
        written.append(path)
    return written


@app.command("history")
def history_command(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PLAN...", help="One plan, or several versions, the earliest first."
        ),
    ],
    log: Annotated[
        bool, typer.Option("--log", help="Print the edits as a script that makes them again.")
    ] = False,
    table: Annotated[
        Path | None, typer.Option("--csv", help="Write the table to this file.")
    ] = None,
    workers: Threads = None,
) -> None:
    """Show what was done to a plan, by which office and when; of several plans, each compared with the next.

    [dim]gridplan history outputs/town[/dim]

    [dim]gridplan history outputs/town --log > edits.txt[/dim]      then:
    gridplan edit PLAN --script edits.txt

    [dim]gridplan history outputs/town-2022 outputs/town-2024
    outputs/town-2026[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console

    if log and len(paths) > 1:
        raise typer.BadParameter("the log is that of one plan", param_hint="--log")
    if log:
        from gridplan.redrawing.editing.edit_plan import write_log

        typer.echo(write_log(storage.read_plan(paths[0])), nl=False)
        return
    found = _list_one(paths[0]) if len(paths) == 1 else _compare_several(paths, workers)
    if table:
        found.to_csv(table, encoding="utf-8-sig")
        console.out.print(f"written    {table}", soft_wrap=True)


def _list_one(path: Path) -> Any:
    """Print what was done to one plan, and its edits."""
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.comparison.history import list_history

    plan = storage.read_plan(path)
    found = list_history(plan)
    rows = [
        (str(r.Index), r.date, r.by, r.verb, r.what, f"{r.moved:,}", _say(r.subgrids), r.version)
        for r in found.itertuples()
    ]
    heads = ("step", "date", "by", "verb", "what", "moved", "sub-grids", "version")
    console.print_table(f"history of {path}", heads, rows, right=(0, 5, 6))
    if len(plan.edits):
        edits = [
            (e.Index, e.date, e.by, e.command, f"{e.moved:,}", e.effect)
            for e in plan.edits.itertuples()
        ]
        console.print_table(
            "\nedits by hand",
            ("edit", "date", "by", "command", "moved", "effect"),
            edits,
            right=(4,),
        )
        console.out.print(
            f"\nnext       gridplan history {path} --log > edits.txt, which makes them again",
            soft_wrap=True,
        )
    return found


def _compare_several(paths: list[Path], workers: int | None) -> Any:
    """Print several versions one below the other, each compared with the one before."""
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.comparison.history import compare_versions

    names = [str(path) for path in paths]
    if len(set(names)) < len(names):
        raise typer.BadParameter("a plan is named twice", param_hint="PLAN...")
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plans = {name: storage.read_plan(path) for name, path in zip(names, paths, strict=True)}
        found, _ = compare_versions(plans, workers=workers, progress=clock)
    rows = [
        (
            r.Index,
            f"{r.subgrids:,}",
            f"{r.households:,}",
            f"{r.in_band:.1%}",
            f"{r.spread:.1%}",
            f"{r.mean_walk:.1f}",
            f"{r.price_per_household:,.1f}",
            _say(r.moved),
            _say_share(r.moved_share),
            _say(r.displaced),
            _say(r.gone),
            _say(r.new),
            _say(r.kept),
        )
        for r in found.itertuples()
    ]
    heads = (
        *("plan", "sub-grids", "households", "in band", "spread", "walk m", "price"),
        *("moved", "share", "displaced", "gone", "new", "kept"),
    )
    console.print_table(
        "versions, each compared with the one above", heads, rows, right=tuple(range(1, len(heads)))
    )
    console.out.print(
        "\nprice: household-metres and broken wishes by household, all by the last plan's rules; kept: sub-grids as they were",
        soft_wrap=True,
    )
    return found


def _say(count: Any) -> str:
    """Write a whole number, nothing where it is not known."""
    import pandas as pd

    return "" if pd.isna(count) else f"{int(count):,}"


def _say_share(share: Any) -> str:
    import pandas as pd

    return "" if pd.isna(share) else f"{float(share):.1%}"


@app.command("alternatives")
def alternatives_command(
    path: PlanPath,
    communities: Annotated[
        list[str] | None,
        typer.Option("--community", metavar="CODE", help="Only these communities."),
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(metavar="OLD", help="Plan that households move from; PLAN if not given."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Write each as a plan, a table and a picture."
        ),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="How many at the most.")] = 6,
    lang: Annotated[Lang, typer.Option(help="Language of the picture.")] = Lang.en,
    effort: Annotated[
        Effort, typer.Option(help="How long to search at each price.")
    ] = Effort.default,
    rules_file: RulesFile = None,
    seed: Annotated[int, typer.Option(help="Same seed: same alternatives.")] = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace plans that are there already.")
    ] = False,
    workers: Threads = None,
) -> None:
    """Find several good plans to choose from, between balance, short walks, whole buildings and compounds, and little change.

    [dim]gridplan alternatives outputs/town -o outputs/town-choice[/dim]

    [dim]gridplan alternatives outputs/town --community 130203001001 --before
    outputs/town-2024[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.comparison.alternatives import find_alternatives
    from gridplan.rules.all_rules import Rules

    if output:
        storage.refuse_existing(output, overwrite)
    rules = Rules.from_file(rules_file) if rules_file else None
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        old = storage.read_plan(before) if before else None
        found = find_alternatives(
            plan,
            communities,
            rules,
            before=old,
            most=most,
            effort=effort.value,
            seed=seed,
            workers=workers,
            progress=clock,
        )
        written = _write_alternatives(found, output, lang.value, overwrite, clock) if output else []
    _print_alternatives(found.table)
    for target in written:
        console.out.print(f"written    {target}", soft_wrap=True)
    if output:
        first = output / found.table.index[-1]
        console.out.print(
            f"next       gridplan compare {path} {first} --map difference.html", soft_wrap=True
        )


def _write_alternatives(
    found: Any, folder: Path, lang: Any, overwrite: bool, clock: Any
) -> list[Path]:
    """Write each alternative as a plan of its own, the table, the assignment and, where it can be drawn, the picture."""
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.errors import MissingPackageError
    from gridplan.plots.figure import save_plot
    from gridplan.plots.plot_results import plot

    written = _write_tables({"alternatives": found.table, "members": found.members}, folder)
    for n, name in enumerate(found.table.index):
        clock("writing", n, len(found.table))
        storage.write_plan(found.make_plan(name), folder / name, overwrite=overwrite)
        written.append(folder / name)
    try:
        written.append(save_plot(plot(found, lang=lang), folder / "alternatives.png"))
    except MissingPackageError as error:
        console.err.print(f"no picture: {console.escape(str(error))}", soft_wrap=True)
    return written


def _print_alternatives(table: Any) -> None:
    """Print the figures of the alternatives."""
    from gridplan.cli import console

    rows = [
        (
            name,
            f"{r.moved:,}",
            _say_share(r.moved_share),
            f"{r.subgrids:,}",
            f"{r.out_of_band:,}",
            f"{r.spread:.1%}",
            f"{r.mean_walk:.1f}",
            f"{r.buildings_split:,}",
            f"{r.compounds_crossed:,}",
            f"{r.price:,.0f}",
            r.priced,
        )
        for name, r in zip(table.index, table.itertuples(), strict=True)
    ]
    heads = (
        "plan",
        "moved",
        "share",
        "sub-grids",
        "out",
        "spread",
        "walk m",
        "split",
        "crossed",
        "price",
        "best where prices are",
    )
    console.print_table(
        "alternatives, none beaten by another in every figure",
        heads,
        rows,
        right=tuple(range(1, 10)),
    )
    console.out.print(
        "\nout: sub-grids out of band; split: buildings in several sub-grids; crossed: compounds beyond the first;"
    )
    console.out.print(
        "price: household-metres and broken wishes at the rules' own prices, without moves"
    )
