"""The verb that estimates households before any plan is drawn: households."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.options import (
    OSM_CACHE,
    Barriers,
    Boundary,
    Cache,
    Columns,
    Communities,
    Compounds,
    Counts,
    Crs,
    Datum,
    Encoding,
    Institutions,
    Lang,
    LangOption,
    NotPersonal,
    Openings,
    OptionalSource,
    Overwrite,
    PictureFile,
    Place,
    Places,
    RulesFile,
    Set,
    Streets,
    Zones,
)
from gridplan.cli.pictures import write_picture
from gridplan.cli.plan import Land, name_files, require_source
from gridplan.cli.read_options import read_rules
from gridplan.cli.screen import note_figures

if TYPE_CHECKING:
    from gridplan.site import Site


@verb("households", figures=True, ledger=True)
def households_command(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="GeoPackage to write.")
    ],
    source: OptionalSource = None,
    communities: Communities = None,
    zones: Zones = None,
    compounds: Compounds = None,
    barriers: Barriers = None,
    openings: Openings = None,
    streets: Streets = None,
    places: Places = None,
    institutions: Institutions = None,
    counts: Counts = None,
    boundary: Boundary = None,
    columns: Columns = None,
    crs: Crs = None,
    datum: Datum = None,
    encoding: Encoding = None,
    not_personal: NotPersonal = None,
    plot: PictureFile = None,
    lang: LangOption = Lang.en,
    rules_file: RulesFile = None,
    settings: Set = None,
    place: Place = None,
    cache: Cache = OSM_CACHE,
    overwrite: Overwrite = False,
) -> None:
    """Estimate the households of every building, with ranges, and say how well counts are met.

    [dim]gridplan households town.gpkg -o estimates.gpkg --plot fit.png[/dim]
    """
    from gridplan.cli import console
    from gridplan.errors import OutputExistsError
    from gridplan.planning.household_estimates import estimate_households, hold_out

    if output.exists() and not overwrite:
        raise OutputExistsError(
            f"{output} is there already -> give another file, or replace it with --overwrite"
        )
    require_source(source, place)
    rules = read_rules(rules_file, settings, None, columns)
    files = name_files(
        *(communities, zones, compounds, barriers, openings, streets, places),
        *(institutions, counts, boundary),
    )
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        site = Land(source, files, crs, datum, encoding, not_personal, place, cache).read(rules)
        clock("households", 0, 1)
        made = estimate_households(site, rules)
        held = hold_out(site, rules)
        clock("writing", 0, 1)
        _write_estimates(made, output)
        pictures = write_picture(held, plot, lang) if len(held.buildings) else []
    console.print_remarks(made.ledger)
    _print_estimates(made, held)
    console.print_ledger(made.ledger)
    for path in (output, *pictures):
        console.print_line("written", path)


def _write_estimates(site: Site, output: Path) -> None:
    import pyogrio

    from gridplan.engine.gdal_writing import fix_date
    from gridplan.engine.whole_files import draft_file

    # the order of codes, so that the same buildings give the same bytes
    rows = site.buildings.sort_index().reset_index()
    with fix_date(), draft_file(output) as draft:
        pyogrio.write_dataframe(rows, draft, layer="buildings", driver="GPKG")


def _print_estimates(made: Site, held: Site) -> None:
    """Print the households with their range, and what held-out counts say of it."""
    from gridplan.cli import console
    from gridplan.planning.household_estimates import measure_fit

    table = made.buildings
    origin = table["households_origin"].value_counts()
    figures: dict[str, Any] = {
        "buildings": len(table),
        "homes": int((table["households"] > 0).sum()),
        "households": int(table["households"].sum()),
        **{str(word): int(number) for word, number in origin.sort_index().items()},
    }
    fit = measure_fit(held)
    note_figures("figures", figures | {f"fit_{name}": value for name, value in fit.items()})
    console.print_line(
        "households",
        f"{figures['households']:,} in {figures['homes']:,} homes of {len(table):,} buildings; "
        + ", ".join(f"{number:,} {word}" for word, number in origin.sort_index().items()),
    )
    if not fit:
        console.print_line("fit", "not known: no building was counted")
        return
    console.print_line(
        "fit",
        f"of {fit['counted']:,} counted buildings, each from the others: bias {fit['bias']:+.0%}, "
        f"error {fit['error']:.0%}, {fit['cover']:.0%} within low to high (90 % are meant to be)",
    )
