"""The verb that makes a town to try gridplan on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridplan.cli.app import verb
from gridplan.cli.options import Overwrite, Seed, Workers
from gridplan.cli.outputs import try_town
from gridplan.cli.screen import note_figures, note_written


@verb("synth", figures=True)
def synth_command(
    output: Annotated[
        Path,
        typer.Argument(
            metavar="OUTPUT",
            help="GeoPackage to write, e.g. town.gpkg, or a folder for GeoParquet files.",
            callback=try_town,
        ),
    ],
    communities: Annotated[int, typer.Option(min=1, help="Number of communities.")] = 5,
    urban_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of urban communities.")
    ] = 0.6,
    households: Annotated[
        int | None, typer.Option(min=1, help="Exact total number of households.")
    ] = None,
    hierarchy: Annotated[
        list[Path] | None,
        typer.Option(
            help="CSV of real communities (code, name, kind, subdistrict), or register of "
            "divisions, to lay out instead; may be repeated, and later files fill what earlier "
            "ones lack."
        ),
    ] = None,
    example: Annotated[
        bool,
        typer.Option(
            "--example",
            help="Write the embedded example instead, and files beside it to try every command "
            "on; OUTPUT is their folder.",
        ),
    ] = False,
    seed: Seed = 0,
    workers: Workers = None,
    overwrite: Overwrite = False,
) -> None:
    """Make a synthetic town to try gridplan on.

    It has slabs, towers, villages, a river, a railway and counts of people.

    [dim]gridplan synth town.gpkg --communities 20 --seed 7[/dim]

    [dim]gridplan synth city --hierarchy villages.csv --households 6000[/dim]

    [dim]gridplan synth trial --example[/dim]
    """
    from gridplan.cli import console
    from gridplan.engine.placement import list_placed
    from gridplan.errors import OutputExistsError
    from gridplan.reading.hierarchy import read_hierarchy
    from gridplan.synthetic.town import lay_out_town, make_town, write_town
    from gridplan.synthetic.trial_files import write_trial_files

    if example:
        for path in write_trial_files(output, overwrite):
            console.print_line("written", path)
        return
    # A folder that a killed run has made is empty but for what is hidden.
    is_there = bool(list_placed(output)) if output.is_dir() else output.exists()
    if is_there and not overwrite:
        raise OutputExistsError(f"{output} already exists; use --overwrite or another name")
    # Real communities take the place of made-up ones, with their names and codes.
    wards = read_hierarchy(hierarchy) if hierarchy else None
    # A town fits in memory and in one file; a city is written part by part.
    if output.suffix.lower() == ".gpkg":
        with console.show_progress() as clock:
            clock("laying out", 0, 1)
            reading = make_town(communities, urban_share, households, seed, hierarchy=wards)
            clock("writing", 0, 1)
            write_town(reading, output)
        counts = {name: len(table) for name, table in reading.tables.items()}
        size = output.stat().st_size
    else:
        from gridplan.synthetic.city import write_city
        from gridplan.tables.parquet import count_rows

        with console.show_progress() as clock:
            town = lay_out_town(communities, urban_share, households, seed, wards)
            write_city(town, output, workers=workers, progress=clock)
        files = sorted(output.glob("*.parquet"))
        counts = {file.stem: count_rows(file) for file in files}
        size = sum(file.stat().st_size for file in files)
        console.print_times(clock.seconds)
    note_figures("rows", counts)
    note_written(output)
    rows = [(f"{count:,}", name) for name, count in counts.items()]
    console.print_table(f"{output} ({size / 1e6:.1f} MB)", ("rows", "table"), rows, right=(0,))
