"""The verbs that draw the next plan: redraw, repair and budget."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.csv_output import write_csv
from gridplan.cli.options import (
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
    CurrentLand,
    Date,
    Datum,
    Encoding,
    Institutions,
    Lang,
    LangOption,
    NextPlan,
    NotPersonal,
    Openings,
    Overwrite,
    PictureFile,
    Place,
    Places,
    PlanPath,
    PlanSeed,
    RulesFile,
    Set,
    Streets,
    Threads,
    Zones,
)
from gridplan.cli.pictures import write_picture
from gridplan.cli.plan import Land, name_files
from gridplan.cli.plan_to_plan import choose_day, choose_rules, find_folder, take_rules
from gridplan.cli.read_options import list_paths, read_columns
from gridplan.cli.screen import note_figures

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from gridplan.plan import Plan
    from gridplan.rules.all_rules import Rules
    from gridplan.site import Site

SHOWN = 12  # triggers that are printed; the rest are counted


@verb("redraw", figures=True)
def redraw_command(
    path: PlanPath,
    site: CurrentLand = None,
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
    most_moved: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="SHARE",
            help="Move at most this share of the households, e.g. 0.05.",
        ),
    ] = None,
    everywhere: Annotated[
        bool,
        typer.Option(
            "--all", help="Improve whatever is worth a move, not only what is out of rule."
        ),
    ] = False,
    only_look: Annotated[
        bool,
        typer.Option("--triggers", help="List what is out of rule and why, and change nothing."),
    ] = False,
    by: By = "",
    date: Date = None,
    output: NextPlan = None,
    overwrite: Overwrite = False,
    rules_file: RulesFile = None,
    settings: Set = None,
    seed: PlanSeed = None,
    workers: Threads = None,
) -> None:
    """Draw the next plan, moving as few households as possible.

    What is out of rule is repaired; every other household stays where it is.
    Sub-grids that continue keep their codes. A household that changes its
    sub-grid costs redraw.move household-metres.

    [dim]gridplan redraw outputs/town --site town-2026.gpkg -o outputs/town-2026[/dim]

    [dim]gridplan redraw outputs/town --site town-2026.gpkg --triggers[/dim]

    [dim]gridplan redraw outputs/town --site town-2026.gpkg --most-moved 0.05 -o outputs/new[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.redrawing.redraw_plan import find_triggers, redraw
    from gridplan.storage.kept_versions import replace_plan

    files = name_files(
        *(communities, zones, compounds, barriers, openings, streets, places),
        *(institutions, counts, boundary),
    )
    land = Land(site, files, crs, datum, encoding, not_personal, place, cache)
    target = output or find_folder(path)
    # Before the work, which may take long; no other run changes the plan meanwhile.
    hold = nullcontext() if only_look else storage.reserve_plan(target, overwrite)
    how: dict[str, Any] = {"seed": seed, "date": choose_day(date), "by": by, "workers": workers}
    with hold, console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        rules = choose_rules(take_rules(plan), rules_file, settings)
        rules = _set_scope(rules, most_moved, everywhere)
        now = _read_site(land, rules, columns)
        # Without a plan to write, the search that takes the time is left out.
        if only_look:
            triggers = find_triggers(plan, now, rules, progress=clock)
        else:
            new = redraw(plan, now, rules, **how, progress=clock)
            clock("writing", 0, 1)
            replace_plan(new, target, overwrite=overwrite)
    if only_look:
        _print_triggers(triggers)
        return
    _report(plan, new, clock.seconds, target)
    console.print_line("next", f"gridplan compare {path} {target}; gridplan audit {target}")


def _set_scope(rules: Rules, most_moved: float | None, everywhere: bool) -> Rules:
    """Set how much may move and where; what was not asked for stays as the rules have it."""
    changed: dict[str, Any] = {} if most_moved is None else {"most_moved": most_moved}
    if everywhere:
        changed["scope"] = "all"
    return rules.replace(redraw=changed)


@verb("repair", figures=True)
def repair_command(
    path: PlanPath,
    around: Annotated[
        list[str] | None,
        typer.Option(
            "--around",
            metavar="CODE",
            help="Only this sub-grid, may be repeated; by default all that are out of rule.",
        ),
    ] = None,
    by: By = "",
    date: Date = None,
    output: NextPlan = None,
    overwrite: Overwrite = False,
    settings: Set = None,
    seed: PlanSeed = None,
) -> None:
    """Repair what is out of rule after edits by hand, changing only its surroundings.

    What was moved by hand stays where it was put.

    [dim]gridplan repair outputs/town --overwrite[/dim]

    [dim]gridplan repair outputs/town --around 0301-007 --overwrite[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.redrawing.repair_plan import repair
    from gridplan.storage.kept_versions import replace_plan

    target = output or find_folder(path)
    with storage.reserve_plan(target, overwrite), console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        rules = choose_rules(take_rules(plan), None, settings)
        new = repair(plan, around, rules, seed=seed, date=choose_day(date), by=by, progress=clock)
        clock("writing", 0, 1)
        # repair gives the plan back as it is if there is nothing to do.
        if new is not plan:
            replace_plan(new, target, overwrite=overwrite)
    if new is plan:
        console.out.print(
            "nothing there is out of rule and can be repaired; nothing is written", soft_wrap=True
        )
        return
    _report(plan, new, clock.seconds, target)
    console.print_line("next", f"gridplan audit {target}")


@verb("budget", figures=True)
def budget_command(
    path: PlanPath,
    site: CurrentLand = None,
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
    shares: Annotated[
        list[float] | None,
        typer.Option(
            "--share", min=0, max=1, help="Share of the households that may move; may be repeated."
        ),
    ] = None,
    plot: PictureFile = None,
    table: CsvFile = None,
    lang: LangOption = Lang.en,
    rules_file: RulesFile = None,
    settings: Set = None,
    seed: PlanSeed = None,
    workers: Threads = None,
) -> None:
    """Show how good the next plan can be when 0, 1, 2, 5, 10 or 20 % of households may move.

    [dim]gridplan budget outputs/town --site town-2026.gpkg --plot budget.png[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.redrawing.change_budget import SHARES, trace_budget

    files = name_files(
        *(communities, zones, compounds, barriers, openings, streets, places),
        *(institutions, counts, boundary),
    )
    land = Land(site, files, crs, datum, encoding, not_personal, place, cache)
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        rules = choose_rules(take_rules(plan), rules_file, settings)
        curve = trace_budget(
            plan,
            _read_site(land, rules, columns),
            rules,
            shares=shares or SHARES,
            seed=seed,
            workers=workers,
            progress=clock,
        )
        # Within the progress, since a first picture takes seconds.
        pictures = write_picture(curve, plot, lang)
    _print_budget(curve.table)
    write_csv(curve.table, table)
    for picture in pictures:
        console.print_line("written", picture)


def _print_budget(table: pd.DataFrame) -> None:
    """Print the best plan for each share of the households that may move."""
    from gridplan.cli import console

    note_figures("budget", table)
    names = (
        *("may move", "moved", "share", "sub-grids"),
        *("in band", "likely", "mean walk", "price", "dearer by"),
    )
    rows = [
        (
            _say_share(share),
            f"{int(r.moved):,}",
            f"{r.moved_share:.1%}",
            f"{int(r.subgrids):,}",
            f"{r.in_band:.1%}",
            console.say_share(r.likely_in_band),
            f"{r.mean_walk:.1f} m",
            f"{r.price:,.0f}",
            f"{r.lost:.2%}",
        )
        for share, r in table.iterrows()
    ]
    console.print_table("The best plan by how many households may move", names, rows)
    console.out.print("\nin band: by the estimate; likely: to be in truth", soft_wrap=True)


def _say_share(share: Any) -> str:
    """Say a share in per cent; the last row of a budget has a name instead."""
    return f"{share:.0%}" if isinstance(share, float) else str(share)


def _read_site(land: Land, rules: Rules, columns: list[str] | None) -> Site | None:
    """Read the land as it is now, if it was named, with the words that the plan was read by."""
    if land.source is not None and land.place is not None:
        raise typer.BadParameter("give either --site or --place NAME", param_hint="--place")
    if land.source is None and land.place is None:
        if list_paths(None, land.files):
            raise typer.BadParameter(
                "tables are given and no land: name it too, such as --site buildings.gpkg",
                param_hint="--site",
            )
        return None
    return land.read(rules.replace(columns={**dict(rules.columns), **read_columns(columns)}))


def _report(before: Plan, after: Plan, seconds: Mapping[str, float], target: Path) -> None:
    """Report what was out of rule, what came of it, and where the new plan is."""
    from gridplan.cli import console

    console.print_remarks(after.site.ledger)
    _print_triggers(after.triggers)
    _print_redrawn(before, after)
    console.print_times(seconds)
    console.print_line("written", target)


def _print_triggers(triggers: Any) -> None:
    """Print what was out of rule, kind by kind, and the first of it."""
    from gridplan.cli import console

    urgent = triggers[triggers["urgent"]]
    # Sorted by urgency first; turned round, what must be repaired is on top.
    kinds = triggers.groupby(["urgent", "rule"], sort=True).agg(
        places=("rule", "size"), households=("households", "sum")
    )
    rows = [
        (rule, "yes" if must else "no", f"{r.places:,}", f"{r.households:,}")
        for (must, rule), r in kinds[::-1].iterrows()
    ]
    if not rows:
        console.out.print("nothing is out of rule", soft_wrap=True)
        return
    console.print_table("What changed", ("what", "must be repaired", "places", "households"), rows)
    # New homes are in no sub-grid yet, so that there is none to name.
    first = urgent[urgent["rule"] != "new"].head(SHOWN)
    if len(first):
        lines = list(zip(first["subgrid"], first["reason"], strict=True))
        console.print_table(f"\nThe first {len(first)} to be repaired", ("sub-grid", "why"), lines)


def _print_redrawn(before: Plan, after: Plan) -> None:
    """Print the outcome of a redraw in a few lines."""
    from gridplan.cli import console

    # The last entry of the history is the step that was just made.
    entry = after.manifest["history"][-1] if after.manifest.get("history") else {}
    note_figures("figures", after.manifest["figures"])
    note_figures("step", entry)
    # Exclusive grids have no band, so that they are no part of the share.
    old, new = (p.subgrids[p.subgrids["kind"] == "residential"] for p in (before, after))
    # Sub-grids that continue keep their codes, so that codes show how many do.
    kept = len(old.index.intersection(new.index))
    console.out.print(
        f"\nmoved      {entry.get('households_moved', 0):,} households changed their sub-grid",
        soft_wrap=True,
    )
    # What a redraw writes into the history behind the semicolon is its reservation.
    _, _, reservation = str(entry.get("what", "")).partition("; ")
    if reservation:
        console.print_line("note", console.escape(reservation))
    console.print_line(
        "sub-grids",
        f"{len(old):,} before, {len(new):,} now: {kept:,} continue, {len(new) - kept:,} new, "
        f"{len(old) - kept:,} ended",
    )
    console.print_line("in band", console.say_in_band_change(before, after))
    # Tables about the old sub-grids would be wrong for the new ones.
    if entry.get("emptied"):
        names = ", ".join(entry["emptied"])
        console.print_line(
            "left out", f"{names}: they belong to the plan before; run their verbs again"
        )
