"""The verb that simulates emergencies on a staffed plan, as usual and in a surge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.csv_output import write_tables
from gridplan.cli.options import Chance, CsvFolder, Lang, RulesFile, Set
from gridplan.cli.plan_to_plan import choose_rules, take_rules

if TYPE_CHECKING:
    from gridplan.simulation.surge import Surged

TABLES = ("helped", "curve", "worth")
SHOWN = {
    "helped_share": "sub-grids with help",
    "all_helped": "all have help",
    "first_minutes": "help comes, mean",
    "last_minutes": "the last has help",
    "done_share": "households visited",
    "seen_minutes": "visited, mean",
    "done_minutes": "the last is visited",
    "request_answered_share": "requests answered",
    "request_minutes": "response to requests",
}
COMERS = ("own", "neighbour", "community", "volunteer", "street", "institution", "aid")
MOST = 8  # pairings and bridges printed,
WORTH_PRINTING = 0.05  # those that make at least so many minutes of difference


@verb("surge")
def surge_command(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[PLAN]", help="Folder of a staffed plan, or its plan.gpkg."),
    ] = None,
    events: Annotated[
        Path | None,
        typer.Argument(metavar="[EVENTS]", help="TOML file of emergencies; --template prints one."),
    ] = None,
    replications: Annotated[
        int, typer.Option(min=1, help="How often each emergency is repeated.")
    ] = 20,
    worth: Annotated[
        bool,
        typer.Option(help="Repeat it without each pairing and each bridge in turn, to rank them."),
    ] = True,
    seed: Chance = 0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Number of threads; by default one for each core.")
    ] = None,
    csv: CsvFolder = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a picture of how help spreads, as PNG."),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            "--map",
            metavar="FILE",
            help="Write a map with a slider through the minutes, one HTML page.",
        ),
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of the picture and the map.")] = Lang.en,
    template: Annotated[
        bool, typer.Option("--template", help="Print a file of emergencies to start from.")
    ] = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Simulate an emergency on a staffed plan: how soon help arrives, and what it depends on.

    A flood, power cut, snow or heat closes ways and raises demand; every
    household affected is visited once. As usual, posts help while they are on
    duty; in a surge they are called up, and institutions paired with the
    communities send members (rules, section surge). Without EVENTS, it is a
    flood along the longest water.

    [dim]gridplan surge --template > events.toml[/dim]

    [dim]gridplan surge outputs/town events.toml --plot surge.png --map surge.html[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.simulation.surge import surge
    from gridplan.simulation.surge.emergencies import TEMPLATE

    if template:
        typer.echo(TEMPLATE, nl=False)
        return
    if path is None:
        raise typer.BadParameter("name the plan: gridplan surge outputs/town", param_hint="PLAN")
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        rules = choose_rules(take_rules(plan), rules_file, settings)
        done = surge(
            plan,
            events,
            rules,
            replications=replications,
            seed=seed,
            worth=worth,
            workers=workers,
            progress=clock,
        )
    console.print_times(clock.seconds)
    for name in done.manifest["events"]:
        _print_event(done, name)
        _print_postures(done, name)
        if worth:
            _print_worth(done, name)
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

        console.out.print(
            f"written    {write_map(draw_map(plan, done, lang=lang.value), page, overwrite=True)}",
            soft_wrap=True,
        )


def _print_event(done: Surged, name: str) -> None:
    """Print what an event affects and closes, and which posts it calls up."""
    from gridplan.cli import console

    event = done.manifest["events"][name]
    say = console.out.print
    say(
        f"\nevent      {console.escape(name)}: {event['kind'].replace('_', ' ')}, from {event['start'].replace('T', ' ')[:16]}, "
        f"{event['hours']} hours",
        soft_wrap=True,
    )
    say(
        f"affects    {event['households']:,.0f} households in {event['subgrids']:,} sub-grids, "
        f"{event['communities']:,} of the communities; {event['demand']:g} times the usual requests",
        soft_wrap=True,
    )
    if event["shut"] or event["closed_street_metres"]:
        ways = f"{len(event['shut'])} bridges and other crossings" + (
            f" ({', '.join(event['shut'][:6])})" if event["shut"] else ""
        )
        say(
            f"closes     {ways}, {event['closed_street_metres'] / 1000:,.1f} km of streets",
            soft_wrap=True,
        )
    called = ", ".join(f"{stage} {number:,}" for stage, number in event["called"].items() if number)
    say(f"calls up   {called} posts", soft_wrap=True)
    for note in event["notes"]:
        say(f"note       {console.escape(note)}", soft_wrap=True)


def _print_postures(done: Surged, name: str) -> None:
    """Print the city's figures in both postures, and who visited the households."""
    from gridplan.cli import console

    own = done.helped[(done.helped["event"] == name) & (done.helped["level"] == "city")].set_index(
        ["measure", "posture"]
    )
    rows = [
        (words, *(_say(own.loc[(measure, p)], measure) for p in ("usual", "surge")))
        for measure, words in SHOWN.items()
    ]
    title = f"\nmeans of {done.manifest['replications']} replications, ± half the 95 % interval"
    console.print_table(title, ("measure", "as usual", "in a surge"), rows, right=(1, 2))
    who = [
        f"{c} {own.loc[(f'by_{c}', 'surge'), 'mean']:.0%}"
        for c in COMERS
        if own.loc[(f"by_{c}", "surge"), "mean"] >= 0.005
    ]
    console.out.print(f"visited by {', '.join(who)} (in a surge)", soft_wrap=True)
    late = done.helped[
        (done.helped["event"] == name)
        & (done.helped["posture"] == "surge")
        & (done.helped["level"] == "subgrid")
        & (done.helped["measure"] == "first_minutes")
    ]
    slow = late.sort_values(["mean", "of"], ascending=[False, True]).head(3)
    slowest = ", ".join(f"{r['of']} after {_say_minutes(r['mean'])}" for _, r in slow.iterrows())
    console.out.print(f"last       {slowest} (in a surge)", soft_wrap=True)


def _say_minutes(value: float) -> str:
    return f"{value / 60:.1f} h" if value >= 120 else f"{value:.0f} min"


def _say(row: Any, measure: str) -> str:
    """Say a figure in the unit of its measure, with half its interval."""
    value = float(row["mean"])
    half = float((row["high"] - row["low"]) / 2)
    if value != value:
        return "-"
    if not measure.endswith("_minutes"):
        text = f"{value:.1%}"
        wide = f"{half:.1%}"
    else:
        size, unit = (60.0, "h") if value >= 120 else (1.0, "min")
        text = f"{value / size:.1f} {unit}"
        wide = f"{half / size:.1f}"
    return text if half != half else f"{text} ± {wide}"


def _print_worth(done: Surged, name: str) -> None:
    """Print the pairings and bridges that matter most."""
    from gridplan.cli import console

    own = done.worth[
        (done.worth["event"] == name) & done.worth["measure"].isin(["seen_minutes", "last_minutes"])
    ]
    if own.empty:
        return
    table = own.set_index(["kind", "of", "measure"])
    keys = list(dict.fromkeys(zip(own["kind"], own["of"], strict=True)))
    own = own[own["clear"] & (own["mean"].abs() >= WORTH_PRINTING)]
    clear = list(dict.fromkeys(zip(own["kind"], own["of"], strict=True)))
    rows = []
    for kind, of in clear[:MOST]:
        seen, last = (
            table.loc[(kind, of, measure)] for measure in ("seen_minutes", "last_minutes")
        )
        rows.append(
            (kind.replace("_", " "), of, f"{seen['number']:,}", _say_later(seen), _say_later(last))
        )
    if rows:
        title = "\nminutes later without it"
        console.print_table(
            title,
            ("what", "code", "number", "visited, mean", "the last has help"),
            rows,
            right=(2, 3, 4),
        )
        console.out.print(
            "number: members that it sends, or sub-grids to which a way is longer without it",
            soft_wrap=True,
        )
    rest = len(keys) - len(clear)
    console.out.print(
        f"{rest:,} others of {len(keys):,} pairings and crossings make no clear difference alone",
        soft_wrap=True,
    )


def _say_later(row: Any) -> str:
    half = float(row["high"] - row["mean"])
    return f"{row['mean']:+.1f}" + ("" if half != half else f" ± {half:.1f}")
