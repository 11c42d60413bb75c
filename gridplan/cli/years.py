"""The verb that simulates the coming years, and sets policies of redrawing side by side."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gridplan.cli.app import verb
from gridplan.cli.csv_output import write_tables
from gridplan.cli.options import Chance, CsvFolder, Lang, RulesFile, Set
from gridplan.cli.plan_to_plan import choose_rules, take_rules
from gridplan.tables.policies import name_policies

if TYPE_CHECKING:
    import pandas as pd

    from gridplan.simulation.years import Years

TABLES = ("by_year", "differences", "subgrids", "bands", "events")
SOONEST = 8  # sub-grids printed that leave their band soonest


PolicyName = StrEnum("PolicyName", {name: name for name in name_policies()})  # type: ignore[misc]


@verb("years")
def years_command(
    path: Annotated[
        Path | None, typer.Argument(metavar="[PLAN]", help="Folder of the plan, or its plan.gpkg.")
    ] = None,
    scenario: Annotated[
        Path | None,
        typer.Argument(
            metavar="[SCENARIO]",
            help="TOML file of what is known of the future; --template prints one.",
        ),
    ] = None,
    years: Annotated[int, typer.Option(min=1, help="Number of years to look ahead.")] = 10,
    replications: Annotated[int, typer.Option(min=1, help="How many futures are sampled.")] = 20,
    policy: Annotated[
        list[PolicyName] | None,
        typer.Option(help="Only this policy of redrawing; may be repeated."),
    ] = None,
    seed: Chance = 0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Number of threads; by default one for each core.")
    ] = None,
    csv: CsvFolder = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write a picture of sub-grids in band and moves by year, as PNG."
        ),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            "--map",
            metavar="FILE",
            help="Write a map with a slider through the years, one HTML page.",
        ),
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of the picture and the map.")] = Lang.en,
    template: Annotated[
        bool,
        typer.Option("--template", help="Print a file of what is known to start from."),
    ] = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Simulate the coming years: when sub-grids leave their band, and what redrawing costs.

    Homes grow, shrink, are demolished and built; members and volunteers age
    (rules, section years). Every policy meets the same futures: never redraw,
    repair each year, redraw every five years with few moves, or draw a new
    plan from scratch.

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
    given = None if scenario is None else read_given(scenario)
    chosen = [p.value for p in policy] if policy else list(POLICIES)
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        rules = choose_rules(take_rules(plan), rules_file, settings)
        done = simulate_years(
            plan,
            given,
            rules,
            years=years,
            replications=replications,
            policies=chosen,
            seed=seed,
            workers=workers,
            progress=clock,
        )
    console.print_times(clock.seconds)
    _print_side_by_side(done)
    _print_soonest(done)
    if not done.manifest["people"]:
        console.out.print(
            "\nmembers and volunteers are left out, since the plan was not organised: gridplan organise"
        )
    if csv is not None:
        write_tables({name: getattr(done, name) for name in TABLES}, done.manifest, csv)
        console.out.print(f"written    {csv}", soft_wrap=True)
    if plot is not None:
        from gridplan.plots.figure import save_plot
        from gridplan.plots.plot_results import plot as draw_plot

        console.out.print(
            f"written    {save_plot(draw_plot(done, lang=lang.value), plot)}", soft_wrap=True
        )
    if page is not None:
        from gridplan.maps.draw import draw_map
        from gridplan.maps.offline import write_map

        written = write_map(draw_map(plan, done, lang=lang.value), page, overwrite=True)
        console.out.print(f"written    {written}", soft_wrap=True)


def _print_side_by_side(done: Years) -> None:
    """Print what each policy comes to, a column for each."""
    from gridplan.cli import console

    own = done.manifest
    last = int(done.manifest["years"])
    at = {
        p: done.by_year[done.by_year["policy"] == p].set_index(["year", "measure"])
        for p in own["policies"]
    }
    rows = [
        (
            "moved in all",
            *(_say(t.loc[(last, "moved_total")], 1.0, "{:,.0f}") for t in at.values()),
        ),
        (
            "moved a year",
            *(_say(t.loc[(last, "moved_total")], 1.0 / last, "{:,.1f}") for t in at.values()),
        ),
        (
            "in band at the end",
            *(_say(t.loc[(last, "in_band")], 100.0, "{:.1f}", " %") for t in at.values()),
        ),
        ("worst year", *(_find_worst(t) for t in at.values())),
        (
            "households out of it",
            *(_say(t.loc[(last, "out")], 1.0, "{:,.0f}") for t in at.values()),
        ),
        (
            "sub-grids at the end",
            *(_say(t.loc[(last, "subgrids")], 1.0, "{:,.0f}") for t in at.values()),
        ),
        (
            "mean walk",
            *(_say(t.loc[(last, "mean_walk")], 1.0, "{:.1f}", " m") for t in at.values()),
        ),
    ]
    if own["people"]:
        rows += [
            (
                "sub-grids without centre",
                *(_say(t.loc[(last, "uncentred")], 1.0, "{:,.1f}") for t in at.values()),
            ),
            (
                "branches too small",
                *(_say(t.loc[(last, "short_branches")], 1.0, "{:,.1f}") for t in at.values()),
            ),
        ]
    title = (
        f"\nafter {last} years, means of {own['replications']} futures, ± half the 95 % interval"
    )
    console.print_table(
        title, ("", *own["policies"]), rows, right=tuple(range(1, 1 + len(own["policies"])))
    )


def _say(row: pd.Series[float], size: float, form: str, unit: str = "") -> str:
    value = size * float(row["mean"])
    half = size * float(row["high"] - row["mean"])
    text = form.format(value)
    return f"{text}{unit}" if half != half else f"{text} ± {form.format(half)}{unit}"


def _find_worst(table: pd.DataFrame) -> str:
    """Find the year with the smallest mean share of sub-grids in band."""
    share = table.xs("in_band", level="measure")["mean"]
    return f"{100.0 * share.min():.1f} % (y{share.idxmin()})"


def _print_soonest(done: Years) -> None:
    """Print the sub-grids that leave their band soonest if nothing is redrawn."""
    from gridplan.cli import console

    own = done.subgrids[done.subgrids["share"] > 0]
    own = own.sort_values(["share", "median"], ascending=[False, True], kind="stable")
    likely = int((done.subgrids["share"] >= 0.5).sum())
    console.out.print(
        f"\nleave their band within {done.manifest['years']} years, more likely than not, if nothing is redrawn: "
        f"{likely} of {len(done.subgrids)} sub-grids",
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
        for code, r in own.head(SOONEST).iterrows()
    ]
    if rows:
        columns = ("sub-grid", "households", "likely", "earliest", "year", "latest", "why")
        console.print_table("the first of them", columns, rows, right=(1, 2, 3, 4, 5))


def _say_year(year: float) -> str:
    return "later" if year != year else f"{year:.0f}"
