"""The verb that simulates requests on a staffed plan, and sets scenarios side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.csv_output import write_tables
from gridplan.cli.options import Chance, CsvFolder, Lang, RulesFile, Set
from gridplan.cli.plan_to_plan import choose_rules, take_rules

if TYPE_CHECKING:
    from gridplan.plan import Plan
    from gridplan.rules.all_rules import Rules
    from gridplan.simulation.requests import Scenario, Simulated

SHOWN = (
    "requests",
    "answered_share",
    "green_share",
    "yellow_share",
    "red_share",
    "response_minutes",
    "resolution_minutes",
)
TABLES = ("requests", "posts", "curve", "unserved", "differences", "waiting")


@verb("simulate")
def simulate_command(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="PLAN", help="Folder of a staffed plan, or its plan.gpkg."),
    ] = None,
    scenarios: Annotated[
        Path | None,
        typer.Argument(metavar="SCENARIOS", help="TOML file of scenarios; --template prints one."),
    ] = None,
    replications: Annotated[
        int, typer.Option(min=1, help="How often each scenario is repeated.")
    ] = 20,
    days: Annotated[
        int | None, typer.Option(min=1, help="Days to simulate, if no scenarios are given.")
    ] = None,
    seed: Chance = 0,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Number of threads, or of processes for a city; by default one for each core.",
        ),
    ] = None,
    csv: CsvFolder = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a picture of the share answered in time, as PNG."),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            "--map",
            metavar="FILE",
            help="Write a map with a slider through the week, one HTML page.",
        ),
    ] = None,
    hourly: Annotated[
        bool,
        typer.Option("--hourly", help="Record who waits at each hour of the week, as --map does."),
    ] = False,
    lang: Annotated[Lang, typer.Option(help="Language of the picture and the map.")] = Lang.en,
    template: Annotated[
        bool, typer.Option("--template", help="Print a file of scenarios to start from.")
    ] = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Simulate requests on a staffed plan: how soon they are answered, and which are not.

    Posts answer while they are on duty (rules, section simulation). Every
    scenario meets the same requests, so that small differences show. Response
    is the time from a request until somebody arrives, resolution until it is
    settled.

    [dim]gridplan simulate --template > scenario.toml[/dim]

    [dim]gridplan simulate outputs/town scenario.toml --replications 50 --map week.html[/dim]
    """
    from gridplan.cli import console
    from gridplan.simulation.requests import Scenario, read_scenarios
    from gridplan.simulation.requests.scenarios import TEMPLATE

    if template:
        typer.echo(TEMPLATE, nl=False)
        return
    if path is None:
        raise typer.BadParameter("name the plan: gridplan simulate outputs/town", param_hint="PLAN")
    if days is not None and scenarios is not None:
        raise typer.BadParameter("the file of scenarios says how many days", param_hint="--days")
    chosen = (
        read_scenarios(scenarios)
        if scenarios is not None
        else [Scenario("base", days=days or Scenario("base").days)]
    )
    with console.show_progress() as clock:
        how: dict[str, Any] = {
            "replications": replications,
            "seed": seed,
            "workers": workers,
            "progress": clock,
            "hourly": hourly or page is not None,
        }
        plan, done, chances = _simulate(
            path, chosen, lambda rules: choose_rules(rules, rules_file, settings), how
        )
    console.print_times(clock.seconds)
    for note in done.manifest["notes"]:
        console.out.print(f"note       {console.escape(note)}", soft_wrap=True)
    _print_side_by_side(done)
    _print_differences(done)
    _print_unserved(done)
    sure = (chances["chance"] >= 0.9).mean()
    console.out.print(
        f"\nin band    {chances['chance'].mean():.1%} of sub-grids on average, as households may be; "
        f"{sure:.1%} of them in nine samples of ten",
        soft_wrap=True,
    )
    if csv is not None:
        names = TABLES[: None if done.manifest["hourly"] else -1]
        write_tables(
            {**{name: getattr(done, name) for name in names}, "chances": chances},
            done.manifest,
            csv,
        )
        console.out.print(f"written    {csv}", soft_wrap=True)
    if plot is not None:
        from gridplan.plots.figure import save_plot
        from gridplan.plots.plot_results import plot as draw_plot

        console.out.print(
            f"written    {save_plot(draw_plot(done, lang=lang.value), plot)}", soft_wrap=True
        )
    if page is not None and plan is None:
        console.out.print(
            "no map     the plan is too large for a map of its week; use --csv", soft_wrap=True
        )
    if page is not None and plan is not None:
        from gridplan.maps.draw import draw_map
        from gridplan.maps.offline import write_map

        written = write_map(draw_map(plan, done, lang=lang.value), page, overwrite=True)
        console.out.print(f"written    {written}", soft_wrap=True)


def _simulate(
    path: Path, scenarios: list[Scenario], choose: Callable[[Rules], Rules], how: dict[str, Any]
) -> tuple[Plan | None, Simulated, Any]:
    """Simulate a plan and measure its chances; a city is read in parts, and no plan is returned."""
    from gridplan import storage
    from gridplan.city.city_simulation import measure_city_chances, simulate_city
    from gridplan.city.read_part import count_buildings, read_manifest
    from gridplan.rules.all_rules import Rules
    from gridplan.simulation.requests import measure_chances, simulate

    clock = how["progress"]
    clock("reading", 0, 1)
    if count_buildings(path) > storage.LARGE:
        rules = choose(Rules.from_dict(read_manifest(path).get("rules") or {}))
        done = simulate_city(path, scenarios, rules, **how)
        return (
            None,
            done,
            measure_city_chances(
                path, rules, seed=how["seed"], workers=how["workers"], progress=clock
            ),
        )
    plan = storage.read_plan(path)
    rules = choose(take_rules(plan))
    done = simulate(plan, scenarios, rules, **how)
    clock("chances", 0, 1)
    return plan, done, measure_chances(plan, rules, seed=how["seed"])


def _print_side_by_side(done: Simulated) -> None:
    """Print the city's figures with a column for each scenario, and half the interval beside each."""
    from gridplan.cli import console

    names = list(done.manifest["scenarios"])
    city = done.requests[(done.requests["level"] == "city") & done.requests["measure"].isin(SHOWN)]
    cells = city.set_index(["kind", "measure", "scenario"])
    rows = [
        (kind, name.replace("_", " "), *(_say(cells.loc[(kind, name, s)], name) for s in names))
        for kind in ("request", "wish")
        for name in SHOWN
    ]
    title = f"\nmeans of {done.manifest['replications']} replications, ± half the 95 % interval"
    console.print_table(
        title, ("kind", "measure", *names), rows, right=tuple(range(2, 2 + len(names)))
    )


def _say(row: Any, measure: str) -> str:
    """Say a figure in the unit of its measure; hours and days where minutes would be many."""
    value = float(row["mean"])
    half = float(row["high"] - row["mean"])
    if value != value:
        return "-"
    if measure.endswith("_share"):
        text = f"{value:.1%}"
        wide = f"{half:.1%}"
    elif measure.endswith("_minutes"):
        size, unit = (
            (1440.0, "d")
            if abs(value) >= 2880
            else (60.0, "h")
            if abs(value) >= 120
            else (1.0, "min")
        )
        text = f"{value / size:.1f} {unit}"
        wide = f"{half / size:.1f}"
    else:
        text = f"{value:,.1f}"
        wide = f"{half:,.1f}"
    return text if half != half else f"{text} ± {wide}"


def _print_differences(done: Simulated) -> None:
    """Print what clearly differs from the first scenario in the city."""
    from gridplan.cli import console

    own = done.differences[
        (done.differences["level"] == "city") & done.differences["measure"].isin(SHOWN)
    ]
    own = own[own["clear"]]
    if own.empty:
        return
    rows = [
        (
            r["scenario"],
            r["kind"],
            r["measure"].replace("_", " "),
            _say(r, r["measure"]),
            r["rank"] or "",
        )
        for _, r in own.iterrows()
    ]
    first = next(iter(done.manifest["scenarios"]))
    title = f"\nclearly more or less than in {first} (rank 1: the best scenario by this measure)"
    console.print_table(
        title, ("scenario", "kind", "measure", "difference", "rank"), rows, right=(3, 4)
    )


def _print_unserved(done: Simulated) -> None:
    """Print who was not served, and why."""
    from gridplan.cli import console

    own = done.unserved[(done.unserved["level"] == "city") & (done.unserved["mean"] > 0)]
    rows = [
        (r["scenario"], r["kind"], r["reason"].replace("_", " "), f"{r['mean']:,.2f}")
        for _, r in own.iterrows()
    ]
    if rows:
        title = "\nnot served, of those that came"
        console.print_table(title, ("scenario", "kind", "why", "mean"), rows, right=(3,))
