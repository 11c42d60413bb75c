"""The verb that simulates emergencies on a staffed plan, as usual and in a surge."""

from __future__ import annotations

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
    Threads,
)
from gridplan.cli.pictures import write_page, write_picture
from gridplan.cli.plan_to_plan import choose_rules, take_rules
from gridplan.cli.screen import note_figures

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
# Who may come to a household, in the order in which they are printed.
COMERS = ("own", "neighbour", "community", "volunteer", "street", "institution", "aid")
MOST = 8  # pairings and bridges printed
WORTH_PRINTING = 0.05  # minutes of difference; fewer would be printed as 0.0


@verb("surge", figures=True)
def surge_command(
    path: OptionalPlanPath = None,
    events: Annotated[
        Path | None,
        typer.Argument(metavar="EVENTS", help="TOML file of emergencies; --template prints one."),
    ] = None,
    replications: Replications = 20,
    worth: Annotated[
        bool,
        typer.Option(help="Repeat it without each pairing and each bridge in turn, to rank them."),
    ] = True,
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
    """Simulate an emergency on a staffed plan: how soon help arrives, and what it depends on.

    An emergency closes ways and raises demand; every household affected is
    visited once. As usual, posts help while they are on
    duty; in a surge they are called up, and institutions paired with the
    communities send members (rules, section surge). Without EVENTS, it is a
    flood along the longest water. The picture shows how help spreads, the map
    who has help, with a slider through the minutes.

    [dim]gridplan surge --template > events.toml[/dim]

    [dim]gridplan surge outputs/town events.toml --plot surge.png --map surge.html[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.simulation.surge import surge
    from gridplan.simulation.surge.events import write_template

    if template:
        typer.echo(write_template(), nl=False)
        return
    if path is None:
        raise typer.BadParameter("name the plan: gridplan surge outputs/town", param_hint="PLAN")
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        rules = choose_rules(take_rules(plan), rules_file, settings)
        surged = surge(
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
    for name in surged.manifest["events"]:
        _print_event(surged, name)
        _print_postures(surged, name)
        if worth:
            _print_worth(surged, name)
    if csv is not None:
        write_tables({name: getattr(surged, name) for name in TABLES}, surged.manifest, csv)
        console.print_line("written", csv)
    for file in (*write_picture(surged, plot, lang), *write_page(plan, surged, page, lang)):
        console.print_line("written", file)


def _print_event(surged: Surged, name: str) -> None:
    """Print what an event affects and closes, and which posts it calls up."""
    from gridplan.cli import console

    event = surged.manifest["events"][name]
    kind = event["kind"].replace("_", " ")
    start = event["start"].replace("T", " ")[:16]  # to the minute
    console.out.print()
    console.print_line(
        "event", f"{console.escape(name)}: {kind}, from {start}, {event['hours']} hours"
    )
    console.print_line(
        "affects",
        f"{event['households']:,.0f} households in {event['subgrids']:,} sub-grids, "
        f"{event['communities']:,} of the communities; "
        f"{event['demand']:g} times the usual requests",
    )
    if event["shut"] or event["closed_street_metres"]:
        ways = f"{len(event['shut'])} bridges and other crossings" + (
            f" ({', '.join(event['shut'][:6])})" if event["shut"] else ""
        )
        length = f"{event['closed_street_metres'] / 1000:,.1f} km of streets"
        console.print_line("closes", f"{ways}, {length}")
    called = ", ".join(f"{stage} {number:,}" for stage, number in event["called"].items() if number)
    console.print_line("calls up", f"{called} posts")
    for note in event["notes"]:
        console.print_line("note", console.escape(note))


def _print_postures(surged: Surged, name: str) -> None:
    """Print the city's figures in both postures, and who visited the households."""
    from gridplan.cli import console

    helped = surged.helped[surged.helped["event"] == name]
    note_figures(name, helped[helped["level"] == "city"])
    city = helped[helped["level"] == "city"].set_index(["measure", "posture"])
    rows = [
        (words, *(_say(city.loc[(measure, p)], measure) for p in ("usual", "surge")))
        for measure, words in SHOWN.items()
    ]
    title = f"\nmeans of {surged.manifest['replications']} replications, ± half the 95 % interval"
    console.print_table(title, ("measure", "as usual", "in a surge"), rows, right=(1, 2))
    # What rounds to 0 % is left out.
    shares = {comer: city.loc[(f"by_{comer}", "surge"), "mean"] for comer in COMERS}
    who = [f"{comer} {share:.0%}" for comer, share in shares.items() if share >= 0.005]
    console.print_line("visited by", f"{', '.join(who)} (in a surge)")
    late = helped[
        (helped["posture"] == "surge")
        & (helped["level"] == "subgrid")
        & (helped["measure"] == "first_minutes")
    ]
    # Of equals the first by code.
    slow = late.sort_values(["mean", "of"], ascending=[False, True]).head(3)
    slowest = ", ".join(f"{r['of']} after {_say_minutes(r['mean'])}" for _, r in slow.iterrows())
    console.print_line("last", f"{slowest} (in a surge)")


def _say_minutes(value: float) -> str:
    """Say minutes, or hours where they would be many."""
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


def _print_worth(surged: Surged, name: str) -> None:
    """Print the pairings and bridges that matter most."""
    from gridplan.cli import console

    worth = surged.worth
    worth = worth[
        (worth["event"] == name) & worth["measure"].isin(["seen_minutes", "last_minutes"])
    ]
    if worth.empty:
        return
    table = worth.set_index(["kind", "of", "measure"])
    # The table is sorted by rank, an order that dict.fromkeys keeps.
    keys = list(dict.fromkeys(zip(worth["kind"], worth["of"], strict=True)))
    worth = worth[worth["clear"] & (worth["mean"].abs() >= WORTH_PRINTING)]
    clear = list(dict.fromkeys(zip(worth["kind"], worth["of"], strict=True)))
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
    # "Alone": several of them may well matter together.
    rest = len(keys) - len(clear)
    console.out.print(
        f"{rest:,} others of {len(keys):,} pairings and crossings make no clear difference alone",
        soft_wrap=True,
    )


def _say_later(row: Any) -> str:
    """Say a difference in minutes, with its sign and half its interval."""
    half = float(row["high"] - row["mean"])
    return f"{row['mean']:+.1f}" + ("" if half != half else f" ± {half:.1f}")
