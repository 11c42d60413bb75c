"""The verbs that draw the next plan: redraw, repair and budget."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.options import By, CsvFile, Date, Lang, PlanPath, RulesFile, Set, Threads
from gridplan.cli.plan_to_plan import Output, Overwrite, choose_rules, take_rules, write_next

if TYPE_CHECKING:
    from gridplan.plan import Plan
    from gridplan.site import Site

SHOWN = 12  # triggers that are printed; the rest are counted
Seed = Annotated[int | None, typer.Option(help="Seed of the search; by default that of the plan.")]
OnSite = Annotated[
    str | None,
    typer.Option(
        "--site",
        metavar="SITE",
        help="The land as it is now, as `gridplan plan` reads it; by default the plan's own.",
    ),
]


@verb("redraw")
def redraw_command(
    path: PlanPath,
    site: OnSite = None,
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
    output: Output = None,
    overwrite: Overwrite = False,
    rules_file: RulesFile = None,
    settings: Set = None,
    seed: Seed = None,
    workers: Threads = None,
) -> None:
    """Draw the next plan, moving as few households as possible.

    What is out of rule is repaired; every other household stays where it is.
    Sub-grids that continue keep their codes. A household that changes its
    sub-grid costs redraw.move household-metres.

    [dim]gridplan redraw outputs/town --site town-2026.gpkg -o outputs/town-2026[/dim]

    [dim]gridplan redraw outputs/town --site town-2026.gpkg --triggers[/dim]

    [dim]gridplan redraw outputs/town --site town-2026.gpkg --most-moved 0.05 -o outputs/town-2026[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.redrawing.redraw_plan import find_triggers, redraw

    target = output or (path if path.is_dir() else path.parent)
    if not only_look:
        storage.refuse_existing(target, overwrite)
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        land = _read_site(site, plan)
        rules = choose_rules(take_rules(plan), rules_file, settings)
        changed: dict[str, Any] = {"most_moved": most_moved} if most_moved is not None else {}
        rules = rules.replace(redraw=changed | ({"scope": "all"} if everywhere else {}))
        if only_look:
            triggers = find_triggers(plan, land, rules, progress=clock)
        else:
            new = redraw(
                plan,
                land,
                rules,
                seed=seed,
                date=_choose_day(date),
                by=by,
                workers=workers,
                progress=clock,
            )
            clock("writing", 0, 1)
            write_next(new, target, overwrite)
            triggers = new.triggers
    _print_triggers(triggers)
    if only_look:
        return
    _print_redrawn(plan, new)
    console.print_times(clock.seconds)
    console.out.print(f"written    {target}", soft_wrap=True)
    console.out.print(
        f"next       gridplan compare {path} {target}; gridplan audit {target}", soft_wrap=True
    )


@verb("repair")
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
    output: Output = None,
    overwrite: Overwrite = False,
    settings: Set = None,
    seed: Seed = None,
) -> None:
    """Repair what is out of rule after edits by hand, changing only its surroundings.

    What was moved by hand stays where it was put.

    [dim]gridplan repair outputs/town --overwrite[/dim]

    [dim]gridplan repair outputs/town --around 0301-007 --overwrite[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.redrawing.repair_plan import repair

    target = output or (path if path.is_dir() else path.parent)
    storage.refuse_existing(target, overwrite)
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        rules = choose_rules(take_rules(plan), None, settings)
        new = repair(plan, around, rules, seed=seed, date=_choose_day(date), by=by, progress=clock)
        clock("writing", 0, 1)
        if new is not plan:
            write_next(new, target, overwrite)
    if new is plan:
        console.out.print(
            "nothing there is out of rule and can be repaired; nothing is written", soft_wrap=True
        )
        return
    _print_triggers(new.triggers)
    _print_redrawn(plan, new)
    console.print_times(clock.seconds)
    console.out.print(f"written    {target}", soft_wrap=True)
    console.out.print(f"next       gridplan audit {target}", soft_wrap=True)


@verb("budget")
def budget_command(
    path: PlanPath,
    site: OnSite = None,
    shares: Annotated[
        list[float] | None,
        typer.Option(
            "--share", min=0, max=1, help="Share of the households that may move; may be repeated."
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Write the curve as a picture, e.g. budget.png."
        ),
    ] = None,
    table: CsvFile = None,
    lang: Annotated[Lang, typer.Option(help="Language of the picture.")] = Lang.en,
    rules_file: RulesFile = None,
    settings: Set = None,
    seed: Seed = None,
    workers: Threads = None,
) -> None:
    """Show how good the next plan can be when 0, 1, 2, 5, 10 or 20 % of households may move.

    [dim]gridplan budget outputs/town --site town-2026.gpkg --plot budget.png[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.plots.figure import save_plot
    from gridplan.plots.plot_results import plot as draw_plot
    from gridplan.redrawing.change_budget import SHARES, trace_budget

    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        rules = choose_rules(take_rules(plan), rules_file, settings)
        curve = trace_budget(
            plan,
            _read_site(site, plan),
            rules,
            shares=shares or SHARES,
            seed=seed,
            workers=workers,
            progress=clock,
        )
        if plot:
            save_plot(draw_plot(curve, lang=lang.value), plot)
    names = (
        "may move",
        "moved",
        "share",
        "sub-grids",
        "in band",
        "mean walk",
        "price",
        "dearer by",
    )
    rows = [
        (
            _say_share(share),
            f"{int(r.moved):,}",
            f"{r.moved_share:.1%}",
            f"{int(r.subgrids):,}",
            f"{r.in_band:.1%}",
            f"{r.mean_walk:.1f} m",
            f"{r.price:,.0f}",
            f"{r.lost:.2%}",
        )
        for share, r in curve.table.iterrows()
    ]
    console.print_table("The best plan by how many households may move", names, rows)
    for path_, what in ((table, "table"), (plot, "picture")):
        if path_ is not None:
            if what == "table":
                curve.table.to_csv(path_, encoding="utf-8-sig")
            console.out.print(f"written    {path_}", soft_wrap=True)


def _say_share(share: Any) -> str:
    return f"{share:.0%}" if isinstance(share, float) else str(share)


def _choose_day(date: str | None) -> str:
    return datetime.date.today().isoformat() if date is None else date


def _read_site(source: str | None, plan: Plan) -> Site | None:
    from gridplan.reading.read import read_site

    return None if source is None else read_site(source, crs=None)


def _print_triggers(triggers: Any) -> None:
    """Print what was out of rule, kind by kind, and the first of it."""
    from gridplan.cli import console

    urgent = triggers[triggers["urgent"]]
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
    first = urgent[urgent["rule"] != "new"].head(SHOWN)
    if len(first):
        lines = list(zip(first["subgrid"], first["reason"], strict=True))
        console.print_table(f"\nThe first {len(first)} to be repaired", ("sub-grid", "why"), lines)


def _print_redrawn(before: Plan, after: Plan) -> None:
    """Print the outcome of a redraw in a few lines."""
    from gridplan.cli import console

    entry = after.manifest["history"][-1] if after.manifest.get("history") else {}
    old, new = (p.subgrids[p.subgrids["kind"] != "exclusive"] for p in (before, after))
    kept = len(old.index.intersection(new.index))
    console.out.print(
        f"\nmoved      {entry.get('households_moved', 0):,} households changed their sub-grid",
        soft_wrap=True,
    )
    _, _, over = str(entry.get("what", "")).partition("; ")
    if over:
        console.out.print(f"note       {console.escape(over)}", soft_wrap=True)
    console.out.print(
        f"sub-grids  {len(old):,} before, {len(new):,} now: {kept:,} continue, {len(new) - kept:,} new, {len(old) - kept:,} ended",
        soft_wrap=True,
    )
    console.out.print(
        f"in band    {old['in_band'].mean():.1%} before, {new['in_band'].mean():.1%} now",
        soft_wrap=True,
    )
    if entry.get("emptied"):
        names = ", ".join(entry["emptied"])
        console.out.print(
            f"left out   {names}: they belong to the plan before; run their verbs again",
            soft_wrap=True,
        )
