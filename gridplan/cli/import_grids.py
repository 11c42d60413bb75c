"""The verb that imports what others drew: existing grids, or a plan edited in QGIS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.csv_output import write_csv
from gridplan.cli.options import (
    FROM,
    HOW,
    OSM_CACHE,
    Barriers,
    Boundary,
    By,
    Cache,
    Columns,
    Communities,
    Compounds,
    Counts,
    Crs,
    CsvFile,
    Date,
    Datum,
    Encoding,
    Institutions,
    NextPlan,
    NotPersonal,
    Openings,
    Overwrite,
    Place,
    Places,
    RulesFile,
    Set,
    Streets,
    Zones,
)
from gridplan.cli.plan import Land, name_files
from gridplan.cli.plan_to_plan import choose_day, find_folder, take_rules
from gridplan.cli.read_options import list_paths, read_rules, split_by_table

if TYPE_CHECKING:
    import pandas as pd

    from gridplan.plan import Plan
    from gridplan.redrawing.importing.qgis_edits import ReturnedFile

SHOWN = 20  # changes that are printed; --csv writes all of them


@verb("import", figures=True, ledger=True)
def import_command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="The edited plan.gpkg, or a vector file or CSV of existing grids."
        ),
    ],
    output: NextPlan = None,
    overwrite: Overwrite = False,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="The plan that was edited.", rich_help_panel=FROM)
    ] = None,
    site: Annotated[
        str | None,
        typer.Option(
            "--site",
            metavar="SOURCE",
            help="The land that existing grids lie on, as `gridplan plan` reads it.",
            rich_help_panel=FROM,
        ),
    ] = None,
    code: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="The column that holds the grids' codes.", rich_help_panel=HOW
        ),
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The only layer to read.", rich_help_panel=HOW),
    ] = None,
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
    place: Place = None,
    cache: Cache = OSM_CACHE,
    rules_file: RulesFile = None,
    settings: Set = None,
    by: By = "",
    date: Date = None,
    table: CsvFile = None,
) -> None:
    """Import existing grids, or a plan that was edited in QGIS, repair and audit it.

    [dim]gridplan import edited.gpkg --plan outputs/town -o outputs/town-2[/dim]

    [dim]gridplan import grids.shp --site town.osm.pbf --code WGBM -o outputs/town[/dim]
    """
    target = _choose_target(source, plan, [site, place], output, overwrite)
    if plan is not None:
        how: dict[str, Any] = {"layer": layer, "column": code, "encoding": encoding}
        _take_edited(source, plan, target, how, by, choose_day(date), table, overwrite)
        return
    files = name_files(
        *(communities, zones, compounds, barriers, openings, streets, places),
        *(institutions, counts, boundary),
    )
    land = Land(site, files, crs, datum, encoding, not_personal, place, cache)
    rules = read_rules(rules_file, settings, None, columns)
    _take_grids(source, land, {"layer": layer, "code": code}, rules, target, overwrite)


def _choose_target(
    source: Path,
    plan: Path | None,
    lands: list[str | None],
    output: Path | None,
    overwrite: bool,
) -> Path:
    """Choose the folder to write, and refuse what cannot be meant."""
    from gridplan import storage

    if [plan, *lands].count(None) != len(lands):
        raise typer.BadParameter(
            "give either --plan, the plan that was edited, "
            "or --site or --place, the land that existing grids lie on",
            param_hint="--plan",
        )
    # Edits show only against the plan as it was before.
    if plan is not None and _find_file(source) == _find_file(plan):
        remedy = (
            "edit a copy: nothing else says what the plan was before; "
            "gridplan edit PLAN undo may bring it back"
        )
        raise typer.BadParameter(f"{source} is the plan itself -> {remedy}", param_hint="FILE")
    target = output or (None if plan is None else find_folder(plan))
    if target is None:
        raise typer.BadParameter("say where the plan goes: -o outputs/NAME", param_hint="--output")
    storage.refuse_existing(target, overwrite)
    return target


def _find_file(path: Path) -> Path:
    """Find the file that a path means, where it is a plan's folder."""
    from gridplan.redrawing.importing.edited_file import PLAN_FILE

    return (path / PLAN_FILE if path.is_dir() else path).resolve()


def _take_edited(
    source: Path,
    path: Path,
    output: Path,
    how: dict[str, str | None],
    by: str,
    date: str,
    table: Path | None,
    overwrite: bool,
) -> None:
    """Read an edited plan, write the next one, and say what changed."""
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.redrawing.importing.edited_file import read_edited
    from gridplan.redrawing.importing.qgis_edits import import_edits
    from gridplan.storage.kept_versions import replace_plan

    # No other run changes the plan between its reading and its writing.
    with storage.reserve_plan(output, overwrite), console.show_progress() as clock:
        clock("reading", 0, 1)
        before = storage.read_plan(path)
        edited = read_edited(source, **how)
        returned = import_edits(
            before, edited, column=how["column"], by=by, date=date, progress=clock
        )
        # A file without edits makes no version.
        if len(returned.changes):
            clock("writing", 0, 1)
            replace_plan(returned.plan, output, overwrite=overwrite)
    _print_changes(returned)
    write_csv(returned.changes, table)
    if len(returned.changes):
        _print_result(returned.plan, output, clock.seconds)


def _take_grids(
    source: Path,
    land: Land,
    how: dict[str, str | None],
    rules: Any,
    output: Path,
    overwrite: bool,
) -> None:
    """Read old grids and the land they lie on, and write them as a plan."""
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.reading.declared import choose_for
    from gridplan.redrawing.importing.edited_file import read_grids
    from gridplan.redrawing.importing.grids_to_plan import import_grids

    where = {
        "crs": split_by_table(land.crs, "--crs"),
        "datum": split_by_table(land.datum, "--datum"),
        "encoding": land.encoding,
    }
    with storage.reserve_plan(output, overwrite), console.show_progress() as clock:
        clock("reading", 0, 1)
        # The grids are no table of the site; a datum by table may name them as subgrids.
        of_grids = {name: choose_for(word, "subgrids") for name, word in where.items()}
        grids = read_grids(source, how["layer"], **of_grids)
        site = land.read(rules)
        # The plan records which files it came from.
        clock("hashing", 0, 1)
        inputs = storage.hash_files([source, *list_paths(land.source, land.files)])
        plan = import_grids(grids, site, rules, column=how["code"], inputs=inputs, progress=clock)
        clock("writing", 0, 1)
        storage.write_plan(plan, output, overwrite=overwrite)
    console.print_remarks(plan.site.ledger)
    console.print_plan(plan)
    console.print_ledger(plan.site.ledger)
    _print_result(plan, output, clock.seconds)


def _print_changes(returned: ReturnedFile) -> None:
    """Print what was edited, and what of the file was left aside."""
    from gridplan.cli import console

    if returned.changes.empty:
        console.out.print("nothing was edited, so no plan is written")
    else:
        _print_moves(returned.changes)
    for warning in returned.warnings[:SHOWN]:
        console.print_line("warning", console.escape(warning))
    notes = [
        (f"{note.count:,}", note.table, note.action, note.reason)
        for note in returned.notes
        if note.count
    ]
    if notes:
        console.print_table(
            "\nWhat was repaired or left aside",
            ("rows", "table", "action", "why"),
            notes,
            right=(0,),
        )


def _print_moves(changes: pd.DataFrame) -> None:
    """Print the homes that moved, by the sub-grids that they left and went to."""
    from gridplan.cli import console

    by = changes.groupby(["old", "new"], sort=True).agg(
        homes=("households", "size"), households=("households", "sum")
    )
    named = changes.groupby(["old", "new"], sort=True)["building"].agg(
        lambda codes: ", ".join(sorted(set(codes))[:3])
    )
    rows = [
        (old, new, f"{r.homes:,}", f"{r.households:,}", named[old, new])
        for (old, new), r in by.head(SHOWN).iterrows()
    ]
    one = len(changes) == 1
    count = "1 home" if one else f"{len(changes):,} homes"
    households = f"{int(changes['households'].sum()):,} households"
    title = f"{count} of {households} change their sub-grid"
    title = f"{count} of {households} changes its sub-grid" if one else title
    console.print_table(
        title, ("from", "to", "homes", "households", "buildings, e.g."), rows, right=(2, 3)
    )
    if len(by) > SHOWN:
        console.out.print(f"and {len(by) - SHOWN:,} more such moves; --csv FILE writes all homes")


def _print_result(plan: Plan, output: Path, seconds: Any) -> None:
    """Audit the plan and say what comes next."""
    from gridplan.auditing import audit_plan
    from gridplan.cli import console

    # Grids that others drew may break any rule; whoever imports them should see which.
    result = audit_plan.audit(plan, take_rules(plan))
    console.out.print(console.escape(f"\n{result}"), soft_wrap=True)
    console.print_times(seconds)
    console.print_line("written", output)
    console.print_line("next", f"gridplan map {output}")
