"""The verb that simulates requests on a staffed plan, and sets scenarios side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    Workers,
)
from gridplan.cli.outputs import try_output_file
from gridplan.cli.pictures import write_page, write_picture
from gridplan.cli.plan_to_plan import choose_rules, take_rules
from gridplan.cli.screen import note_figures

if TYPE_CHECKING:
    from gridplan.plan import Plan
    from gridplan.rules.all_rules import Rules
    from gridplan.simulation.requests import Scenario, Simulated
    from gridplan.simulation.requests.calibration import Calibration

SHOWN = (
    "requests",
    "answered_share",
    "green_share",
    "yellow_share",
    "red_share",
    "response_minutes",
    "resolution_minutes",
    "satisfied_share",
    "waiting",
    "up_waiting",
    "up_wait_minutes",
)
# That of the hours comes last, since it is there only if it was asked for.
TABLES = ("requests", "posts", "curve", "unserved", "differences", "waiting")


@verb("simulate", figures=True)
def simulate_command(
    path: OptionalPlanPath = None,
    scenarios: Annotated[
        Path | None,
        typer.Argument(metavar="SCENARIOS", help="TOML file of scenarios; --template prints one."),
    ] = None,
    replications: Replications = 20,
    days: Annotated[
        int | None, typer.Option(min=1, help="Days to simulate, if no scenarios are given.")
    ] = None,
    seed: Seed = 0,
    workers: Workers = None,
    csv: CsvFolder = None,
    plot: PictureFile = None,
    page: PageFile = None,
    hourly: Annotated[
        bool,
        typer.Option("--hourly", help="Record who waits at each hour of the week, as --map does."),
    ] = False,
    lang: LangOption = Lang.en,
    template: Template = False,
    rules_file: RulesFile = None,
    settings: Set = None,
    calibrate: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Monthly totals of requests (month, hour, kind, count), of which the rules of "
            "demand are taken.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    calibrated: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="With --calibrate, write the rules taken from the totals to this TOML file.",
            callback=try_output_file,
        ),
    ] = None,
) -> None:
    """Simulate requests on a staffed plan: how soon they are answered, and which are not.

    Posts answer while they are on duty (rules, section simulation). Every
    scenario meets the same requests, so that small differences show. Response
    is the time from a request until somebody arrives, resolution until it is
    settled. The picture shows the share answered in time, the map who waits,
    with a slider through the week.

    [dim]gridplan simulate --template > scenario.toml[/dim]

    [dim]gridplan simulate outputs/town scenario.toml --replications 50 --map week.html[/dim]

    [dim]gridplan simulate outputs/town --calibrate hotline.csv --calibrated rules.toml[/dim]
    """
    from gridplan.cli import console
    from gridplan.simulation.requests.scenarios import TEMPLATE

    if template:
        typer.echo(TEMPLATE, nl=False)
        return
    if path is None:
        raise typer.BadParameter("name the plan: gridplan simulate outputs/town", param_hint="PLAN")
    if calibrated is not None and calibrate is None:
        raise typer.BadParameter("give the totals too: --calibrate CSV", param_hint="--calibrated")
    chosen = _choose_scenarios(scenarios, days)
    choose = _Chooser(rules_file, settings, calibrate)
    with console.show_progress() as clock:
        how: dict[str, Any] = {
            "replications": replications,
            "seed": seed,
            "workers": workers,
            "progress": clock,
            "hourly": hourly or page is not None,  # the slider of the map needs the hours
        }
        plan, simulated, chances = _simulate(path, chosen, choose, how)
    console.print_times(clock.seconds)
    _print_calibration(choose.calibration, calibrated)
    _print_results(simulated)
    _print_chances(chances)
    if csv is not None:
        _write_results(simulated, chances, csv)
    for file in write_picture(simulated, plot, lang):
        console.print_line("written", file)
    if page is not None and plan is None:
        console.print_line("no map", "the plan is too large for a map of its week; use --csv")
    elif plan is not None:
        for file in write_page(plan, simulated, page, lang):
            console.print_line("written", file)


class _Chooser:
    """Chooses the rules of a simulation: the plan's, those that are set, those of counts."""

    def __init__(
        self, rules_file: Path | None, settings: list[str] | None, counts: Path | None
    ) -> None:
        self._rules_file = rules_file
        self._settings = settings
        self._counts = counts
        self.calibration: Calibration | None = None

    def __call__(self, rules: Rules, subgrids: Any) -> Rules:
        """Choose the rules for a plan of these sub-grids."""
        chosen = choose_rules(rules, self._rules_file, self._settings)
        if self._counts is None:
            return chosen
        from gridplan.simulation.requests.calibration import calibrate, read_request_counts

        self.calibration = calibrate(read_request_counts(self._counts), subgrids, chosen)
        return self.calibration.rules


def _print_calibration(calibration: Calibration | None, file: Path | None) -> None:
    """Print the rules that were taken from counts, and write them as a file of rules."""
    from gridplan.cli import console
    from gridplan.engine.placement import write_files

    if calibration is None:
        return
    changes = calibration.changes
    note_figures("calibrated", changes)

    def say(value: Any) -> str:
        return f"{value:.3g}" if isinstance(value, float) else f"{len(value)} weights"

    rows = [
        (f"{row.section}.{row.rule}", say(row.before), say(row.now), f"{row.counted:,.0f}")
        for row in changes.itertuples()
    ]
    console.print_table(
        "\nrules taken from the totals", ("rule", "before", "now", "counted"), rows, right=(3,)
    )
    if file is not None:
        write_files({file: calibration.to_toml().encode()})
        console.print_line("written", file)


def _choose_scenarios(file: Path | None, days: int | None) -> list[Scenario]:
    """Choose the scenarios of the file, else a single one of so many days."""
    from gridplan.simulation.requests import Scenario, read_scenarios

    if file is None:
        return [Scenario("base", days=days or Scenario("base").days)]
    if days is not None:
        raise typer.BadParameter("the file of scenarios says how many days", param_hint="--days")
    return read_scenarios(file)


def _write_results(simulated: Simulated, chances: Any, folder: Path) -> None:
    """Write all tables of a simulation, that of the hours only if they were recorded."""
    from gridplan.cli import console

    names = TABLES[: None if simulated.manifest["hourly"] else -1]
    tables = {name: getattr(simulated, name) for name in names}
    write_tables({**tables, "chances": chances}, simulated.manifest, folder)
    console.print_line("written", folder)


def _simulate(
    path: Path,
    scenarios: list[Scenario],
    choose: Callable[[Rules, Any], Rules],
    how: dict[str, Any],
) -> tuple[Plan | None, Simulated, Any]:
    """Simulate a plan and measure its chances; a city is read in parts, and no plan is returned."""
    from gridplan import storage
    from gridplan.city.city_simulation import measure_city_chances, simulate_city
    from gridplan.city.read_part import count_buildings, read_manifest
    from gridplan.rules.all_rules import Rules
    from gridplan.simulation.requests import measure_chances, simulate

    clock = how["progress"]
    clock("reading", 0, 1)
    # So many buildings do not fit in memory together.
    if count_buildings(path) > storage.LARGE:
        rules = choose(
            Rules.from_dict(read_manifest(path).get("rules") or {}), _read_subgrids(path)
        )
        simulated = simulate_city(path, scenarios, rules, **how)
        chances = measure_city_chances(
            path, rules, seed=how["seed"], workers=how["workers"], progress=clock
        )
        return None, simulated, chances
    plan = storage.read_plan(path)
    rules = choose(take_rules(plan), plan.subgrids)
    simulated = simulate(plan, scenarios, rules, **how)
    clock("chances", 0, 1)
    return plan, simulated, measure_chances(plan, rules, seed=how["seed"])


def _read_subgrids(path: Path) -> Any:
    """Read the classes and households of a city's sub-grids."""
    import pandas as pd

    from gridplan.city.read_part import open_tables

    columns = ["community_kind", "households"]
    return pd.read_parquet(open_tables(path) / "subgrids.parquet", columns=columns)


def _print_results(simulated: Simulated) -> None:
    """Print notes, the scenarios side by side, what differs, and who was not served."""
    from gridplan.cli import console

    # Notes come first: they say what of the plan could not be used.
    for note in simulated.manifest["notes"]:
        console.print_line("note", console.escape(note))
    for name, how in simulated.manifest["scenarios"].items():
        days = how["volunteer_days"]
        themes = ", ".join(dict.fromkeys(day["theme"] for day in days))
        if days:
            text = f"{name}: volunteers on {len(days)} days, {themes}"
            console.print_line("days", console.escape(text))
    _print_side_by_side(simulated)
    _print_differences(simulated)
    _print_unserved(simulated)


def _print_side_by_side(simulated: Simulated) -> None:
    """Print the city's figures with a column for each scenario, each with half its interval."""
    from gridplan.cli import console

    names = list(simulated.manifest["scenarios"])
    note_figures("requests", simulated.requests[simulated.requests["level"] == "city"])
    note_figures("differences", simulated.differences[simulated.differences["level"] == "city"])
    city = simulated.requests[
        (simulated.requests["level"] == "city") & simulated.requests["measure"].isin(SHOWN)
    ]
    cells = city.set_index(["kind", "measure", "scenario"])
    rows = [
        (kind, name.replace("_", " "), *(_say(cells.loc[(kind, name, s)], name) for s in names))
        for kind in ("request", "wish")
        for name in SHOWN
    ]
    title = (
        f"\nmeans of {simulated.manifest['replications']} replications, ± half the 95 % interval"
    )
    console.print_table(
        title, ("kind", "measure", *names), rows, right=tuple(range(2, 2 + len(names)))
    )


def _say(row: Any, measure: str) -> str:
    """Say a figure in the unit of its measure; hours and days where minutes would be many."""
    value = float(row["mean"])
    half = float(row["high"] - row["mean"])
    if value != value:  # NaN: nothing came of which this could be measured
        return "-"
    if measure.endswith("_share"):
        text = f"{value:.1%}"
        wide = f"{half:.1%}"
    elif measure.endswith("_minutes"):
        # From two hours on in hours, from two days on in days.
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
    # A single replication has no interval.
    return text if half != half else f"{text} ± {wide}"


def _print_differences(simulated: Simulated) -> None:
    """Print what clearly differs from the first scenario in the city."""
    from gridplan.cli import console

    table = simulated.differences
    clear = table[(table["level"] == "city") & table["measure"].isin(SHOWN) & table["clear"]]
    if clear.empty:
        return
    rows = [
        (
            r["scenario"],
            r["kind"],
            r["measure"].replace("_", " "),
            _say(r, r["measure"]),
            r["rank"] or "",
        )
        for _, r in clear.iterrows()
    ]
    first = next(iter(simulated.manifest["scenarios"]))
    title = f"\nclearly more or less than in {first} (rank 1: the best scenario by this measure)"
    console.print_table(
        title, ("scenario", "kind", "measure", "difference", "rank"), rows, right=(3, 4)
    )


def _print_chances(chances: Any) -> None:
    """Print how likely sub-grids are in their band when the counts of households are estimates."""
    from gridplan.cli import console

    sure = (chances["chance"] >= 0.9).mean()
    console.out.print(
        f"\nin band    {chances['chance'].mean():.1%} of sub-grids on average, "
        f"as households may be; {sure:.1%} of them in nine samples of ten",
        soft_wrap=True,
    )


def _print_unserved(simulated: Simulated) -> None:
    """Print who was not served, and why."""
    from gridplan.cli import console

    table = simulated.unserved
    unserved = table[(table["level"] == "city") & (table["mean"] > 0)]
    rows = [
        (r["scenario"], r["kind"], r["reason"].replace("_", " "), f"{r['mean']:,.2f}")
        for _, r in unserved.iterrows()
    ]
    if rows:
        title = "\nnot served, of those that came"
        console.print_table(title, ("scenario", "kind", "why", "mean"), rows, right=(3,))
