"""The verb that simulates the coming years, and sets policies of redrawing side by side."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridplan.cli.app import verb
from gridplan.cli.csv_output import write_tables
from gridplan.cli.options import (
    CsvFolder,
    Lang,
    LangOption,
    OptionalPlanPath,
    PageFile,
    PictureFile,
    Replications,
    RulesFile,
    Seed,
    Set,
    Template,
    Threads,
)
from gridplan.cli.pictures import write_page, write_picture
from gridplan.cli.plan_to_plan import choose_rules, take_rules
from gridplan.cli.screen import note_figures
from gridplan.tables.policies import name_policies

if TYPE_CHECKING:
    import pandas as pd

    from gridplan.plan import Plan
    from gridplan.simulation.years import Years

TABLES = ("by_year", "differences", "subgrids", "bands", "events")
SOONEST = 8  # sub-grids printed that leave their band soonest
# Figures of the last year that are printed: words, measure, factor, form, unit.
OUTCOMES = (
    ("moved in total", "moved_total", 1.0, "{:,.0f}", ""),
    ("in band at the end", "in_band", 100.0, "{:.1f}", " %"),
    ("households out of it", "out", 1.0, "{:,.0f}", ""),
    ("sub-grids at the end", "subgrids", 1.0, "{:,.0f}", ""),
    ("mean walk", "mean_walk", 1.0, "{:.1f}", " m"),
)
# Those that need a plan that was organised.
OUTCOMES_OF_PEOPLE = (
    ("sub-grids without centre", "uncentred", 1.0, "{:,.1f}", ""),
    ("branches too small", "short_branches", 1.0, "{:,.1f}", ""),
)

# The names come from the table of policies, so that a new one is only a row there.
PolicyName = StrEnum("PolicyName", {name: name for name in name_policies()})  # type: ignore[misc]


@verb("years", figures=True)
def years_command(
    path: OptionalPlanPath = None,
    scenario: Annotated[
        Path | None,
        typer.Argument(
            metavar="SCENARIO",
            help="TOML file of what is known of the future; --template prints one.",
        ),
    ] = None,
    years: Annotated[int, typer.Option(min=1, help="Number of years to look ahead.")] = 10,
    replications: Replications = 20,
    policy: Annotated[
        list[PolicyName] | None,
        typer.Option(help="Only this policy of redrawing; may be repeated."),
    ] = None,
    seed: Seed = 0,
    workers: Threads = None,
    csv: CsvFolder = None,
    plot: PictureFile = None,
    page: PageFile = None,
    lang: LangOption = Lang.en,
    template: Template = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Simulate the coming years: when sub-grids leave their band, and what redrawing costs.

    Homes grow, shrink, are demolished and built; members and volunteers age
    (rules, section years). Every policy meets the same futures: never redraw,
    repair each year, redraw every five years with few moves, or draw a new
    plan from scratch. The picture shows sub-grids in band and moves by year,
    the map how likely each sub-grid is in its band, with a slider through the
    years. Where households are estimated, each future starts from its own
    draw of them; counted buildings and known totals are the same in all.

    [dim]gridplan years outputs/town --years 10 --plot years.png --map years.html[/dim]

    [dim]gridplan years --template > scenario.toml[/dim]

    [dim]gridplan years outputs/town scenario.toml --csv outputs/years[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.simulation.years import POLICIES, read_given, simulate_years
    from gridplan.simulation.years.planned_changes import TEMPLATE

    if template:
        typer.echo(TEMPLATE, nl=False)
        return
    if path is None:
        raise typer.BadParameter("name the plan: gridplan years outputs/town", param_hint="PLAN")
    known = None if scenario is None else read_given(scenario)
    chosen = [p.value for p in policy] if policy else list(POLICIES)
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        rules = choose_rules(take_rules(plan), rules_file, settings)
        foreseen = simulate_years(
            plan,
            known,
            rules,
            years=years,
            replications=replications,
            policies=chosen,
            seed=seed,
            workers=workers,
            progress=clock,
        )
    console.print_times(clock.seconds)
    console.print_line("start", _say_start(plan, foreseen.manifest["start"]))
    _print_results(foreseen)
    if csv is not None:
        write_tables({name: getattr(foreseen, name) for name in TABLES}, foreseen.manifest, csv)
        console.print_line("written", csv)
    for file in (*write_picture(foreseen, plot, lang), *write_page(plan, foreseen, page, lang)):
        console.print_line("written", file)


def _say_start(plan: Plan, begins: str) -> str:
    """Say what the futures start from (the manifest's ``start``), and what of it is not known."""
    from gridplan.cli import console

    homes = plan.site.buildings[plan.site.buildings["households"] > 0]
    estimated = int((homes["households_origin"] == "estimated").sum())
    in_band = console.say_in_band(plan)
    if begins == "counts":
        return f"in band {in_band}, all households as counted"
    if begins == "draws":
        return (
            f"in band {in_band}; each future starts from its own draw of what is not counted "
            f"({estimated:,} of {len(homes):,} homes are estimated)"
        )
    return (
        f"in band {in_band}; the only future starts from the estimates "
        f"({estimated:,} of {len(homes):,} homes are estimated); their error is left out"
    )


def _print_results(foreseen: Years) -> None:
    """Print the policies side by side, who leaves the band soonest, and what is missing."""
    _print_side_by_side(foreseen)
    _print_soonest(foreseen)
    _print_people(foreseen)


def _print_side_by_side(foreseen: Years) -> None:
    """Print what each policy comes to, a column for each."""
    from gridplan.cli import console

    manifest = foreseen.manifest
    note_figures("by_year", foreseen.by_year)
    last = int(manifest["years"])
    tables = [
        foreseen.by_year[foreseen.by_year["policy"] == policy].set_index(["year", "measure"])
        for policy in manifest["policies"]
    ]
    lines = OUTCOMES + (OUTCOMES_OF_PEOPLE if manifest["people"] else ())
    rows = [
        (words, *(_say(t.loc[(last, measure)], size, form, unit) for t in tables))
        for words, measure, size, form, unit in lines
    ]
    # What is not the figure of the last year has its own place among them.
    a_year = (_say(t.loc[(last, "moved_total")], 1.0 / last, "{:,.1f}") for t in tables)
    rows.insert(1, ("moved a year", *a_year))
    rows.insert(3, ("worst year", *(_find_worst(t) for t in tables)))
    futures = f"{manifest['replications']} futures"
    title = f"\nafter {last} years, means of {futures}, ± half the 95 % interval"
    console.print_table(
        title, ("", *manifest["policies"]), rows, right=tuple(range(1, 1 + len(tables)))
    )


def _print_people(foreseen: Years) -> None:
    """Print that members and volunteers are missing, if they are."""
    from gridplan.cli import console

    if not foreseen.manifest["people"]:
        console.out.print(
            "\nmembers and volunteers are left out, since the plan was not organised: "
            "gridplan organise"
        )


def _say(row: pd.Series[float], size: float, form: str, unit: str = "") -> str:
    """Say a mean in some form and unit, with half its interval if it has one."""
    value = size * float(row["mean"])
    half = size * float(row["high"] - row["mean"])
    text = form.format(value)
    return f"{text}{unit}" if half != half else f"{text} ± {form.format(half)}{unit}"


def _find_worst(table: pd.DataFrame) -> str:
    """Find the year with the smallest mean share of sub-grids in band."""
    # The earliest of several worst years, as idxmin has it.
    share = table.xs("in_band", level="measure")["mean"]
    return f"{100.0 * share.min():.1f} % (y{share.idxmin()})"


def _print_soonest(foreseen: Years) -> None:
    """Print the sub-grids that leave their band soonest if nothing is redrawn."""
    from gridplan.cli import console

    leaving = foreseen.subgrids[foreseen.subgrids["share"] > 0]
    leaving = leaving.sort_values(["share", "median"], ascending=[False, True], kind="stable")
    # More likely than not: in at least half of the futures.
    likely = int((foreseen.subgrids["share"] >= 0.5).sum())
    console.out.print(
        f"\nleave their band within {foreseen.manifest['years']} years, more likely than not, "
        f"if nothing is redrawn: {likely} of {len(foreseen.subgrids)} sub-grids",
        soft_wrap=True,
    )
    rows = [
        (
            code,
            r["households"],
            f"{r['share']:.0%}",
            *(_say_year(r[c]) for c in ("low", "median", "high")),
            r["why"],
        )
        for code, r in leaving.head(SOONEST).iterrows()
    ]
    if rows:
        columns = ("sub-grid", "households", "likely", "earliest", "year", "latest", "why")
        console.print_table("the first of them", columns, rows, right=(1, 2, 3, 4, 5))


def _say_year(year: float) -> str:
    """Say a year; NaN where the sub-grid is in band to the end in so many futures."""
    return "later" if year != year else f"{year:.0f}"
