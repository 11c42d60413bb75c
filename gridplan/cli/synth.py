"""The verbs that try gridplan out: synth makes a town, bench solves published instances."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridplan.cli.app import app
from gridplan.cli.options import Effort


@app.command("synth")
def synth_command(
    output: Annotated[
        Path,
        typer.Argument(
            metavar="OUTPUT",
            help="GeoPackage to write, e.g. town.gpkg; else a folder of GeoParquet.",
        ),
    ],
    communities: Annotated[int, typer.Option(min=1, help="Number of communities.")] = 5,
    urban_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of urban communities.")
    ] = 0.6,
    households: Annotated[
        int | None, typer.Option(min=1, help="Exact number of households in all.")
    ] = None,
    hierarchy: Annotated[
        list[Path] | None,
        typer.Option(
            help="CSV of real communities to lay out instead (code, name, kind, subdistrict), or a register of divisions; "
            "further ones add what the first lacks."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed: same town.")] = 0,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes for a folder; one for each core if not given."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
) -> None:
    """Make a synthetic town to try gridplan on: slabs, towers, villages, a river, a railway, counts.

    [dim]gridplan synth town.gpkg --communities 20 --seed 7[/dim]

    [dim]gridplan synth city --hierarchy villages.csv --households
    2837237[/dim]
    """
    from gridplan.cli import console
    from gridplan.errors import OutputExistsError
    from gridplan.reading.hierarchy import read_hierarchy
    from gridplan.synthetic.town import lay_out_town, make_town, write_town

    if output.exists() and not overwrite:
        raise OutputExistsError(f"{output} is there already; use --overwrite or another name")
    wards = read_hierarchy(hierarchy) if hierarchy else None
    if output.suffix.lower() == ".gpkg":
        reading = make_town(communities, urban_share, households, seed, hierarchy=wards)
        write_town(reading, output)
        rows = [(f"{len(table):,}", name) for name, table in reading.tables.items()]
        size = output.stat().st_size
    else:
        from gridplan.synthetic.city import write_city
        from gridplan.tables.parquet import count_rows

        with console.show_progress() as clock:
            town = lay_out_town(communities, urban_share, households, seed, wards)
            write_city(town, output, workers=workers, progress=clock)
        files = sorted(output.glob("*.parquet"))
        rows = [(f"{count_rows(file):,}", file.stem) for file in files]
        size = sum(file.stat().st_size for file in files)
        console.print_times(clock.seconds)
    console.print_table(f"{output} ({size / 1e6:.1f} MB)", ("rows", "table"), rows, right=(0,))


@app.command("bench")
def bench_command(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of published instances (.dat, .json).")
    ],
    effort: Annotated[Effort, typer.Option(help="How long to search.")] = Effort.quick,
    only: Annotated[
        str | None, typer.Option(help="Only instances with this in their name.")
    ] = None,
    means: Annotated[
        bool | None,
        typer.Option("--means/--medians", help="Ways go to means (as in folders named cccp)."),
    ] = None,
    best: Annotated[
        Path | None, typer.Option(help="Table of best known objectives: instance, best_known.")
    ] = None,
    curve: Annotated[
        Path | None, typer.Option(help="Write every better answer here, with its seconds and gap.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed: same answers.")] = 0,
) -> None:
    """Solve published instances of capacitated division, check every answer, and compare with the best known.

    [dim]gridplan bench instances --effort default --only SJC --curve
    curve.csv[/dim]
    """
    from gridplan.cli import console
    from gridplan.division.plain import published

    with console.show_progress() as clock:
        table = published.bench_folder(folder, effort.value, only, means, seed, best, curve, clock)
    console.print_bench(f"{folder} ({effort.value})", table)
    if not table["feasible"].all():
        raise typer.Exit(1)
