"""The verbs about places to show and to visit: demonstrate and drills."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.options import Crs, Datum, NextPlan, Overwrite, PlanPath, RulesFile, Set
from gridplan.cli.plan_to_plan import rework
from gridplan.cli.read_options import split_by_table
from gridplan.cli.screen import note_figures

if TYPE_CHECKING:
    from gridplan.plan import Plan

SHOWN = 10  # communities and belts printed


@verb("demonstrate", figures=True)
def demonstrate_command(
    path: PlanPath,
    points: Annotated[
        Path,
        typer.Argument(
            exists=True,
            help="Demonstration points: a CSV or layer of codes, names, positions, and the belt "
            "that each is part of, with its order along it.",
            show_default=False,
        ),
    ],
    crs: Crs = None,
    datum: Datum = None,
    output: NextPlan = None,
    overwrite: Overwrite = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Enter demonstration points and belts (示范点、示范带), and measure how they are spread.

    Points become places that reach is measured to, so that the map shows them
    and propose says where the next should go.

    [dim]gridplan demonstrate outputs/town points.csv --overwrite[/dim]
    """
    from gridplan.cli import console
    from gridplan.coverage.demonstration import demonstrate
    from gridplan.coverage.proposals import recall_rules
    from gridplan.reading.read import read_given

    how = {
        "crs": split_by_table(crs, "--crs"),
        "datum": split_by_table(datum, "--datum"),
        "mapping": {},
        "encoding": None,
    }
    table = read_given(points, "demonstrations", how).tables["demonstrations"]

    def work(plan: Plan, rules: Any) -> Plan:
        return demonstrate(plan, table, rules)

    target, new, seconds = rework(
        "demonstrate", path, output, overwrite, rules_file, settings, work, recall_rules
    )
    console.print_times(seconds)
    _print_spread(new)
    console.print_line("written", target)
    console.print_line(
        "next", f"gridplan propose {target} --kind demonstration_point --add 3 --aim each"
    )


@verb("drills", figures=True)
def drills_command(
    path: PlanPath,
    days: Annotated[int, typer.Option(min=1, help="Days of the season.")] = 1,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="Kind of places to visit; may be repeated. If not given: demonstration points, "
            "else service centres.",
            show_default=False,
        ),
    ] = None,
    hours: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="CSV of opening hours: site, opens, closes, minutes.",
            show_default=False,
        ),
    ] = None,
    earlier: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="CSV of earlier visits, a row each: site. Who was visited less comes first.",
            show_default=False,
        ),
    ] = None,
    output: NextPlan = None,
    overwrite: Overwrite = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Plan drills (观摩拉练): which sites to visit on each day, in what order, and when.

    Fair over subdistricts and over time, within opening hours and a day's
    length, along the streets.

    [dim]gridplan drills outputs/town --days 3 --set drills.sites=6 --overwrite[/dim]
    """
    from gridplan.cli import console
    from gridplan.coverage.drills.drill_plan import plan_drills

    sheets = {"hours": _read_sheet(hours), "earlier": _read_sheet(earlier)}

    def work(plan: Plan, rules: Any) -> Plan:
        return plan_drills(plan, days, kinds=kind or (), rules=rules, **sheets)

    target, new, seconds = rework(
        "drills", path, output, overwrite, rules_file, settings, work, _recall_drills
    )
    console.print_times(seconds)
    _print_drills(new, days)
    console.print_line("written", target)
    console.print_line("next", f"gridplan audit {target}; gridplan map {target}")


def _recall_drills(plan: Plan) -> Any:
    """Recall the rules that drills were last planned by; else those of the plan."""
    last = plan.manifest.get("people", {}).get("drills", {}).get("rules", {})
    return plan.rules.replace(**last)


def _read_sheet(path: Path | None) -> Any:
    """Read a small sheet as text; a file that is none is refused."""
    import pandas as pd

    if path is None:
        return None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return pd.read_csv(path, dtype=str, encoding=encoding)
        except UnicodeDecodeError:
            continue
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise typer.BadParameter(f"{path} cannot be read as a CSV: {error}") from None
    raise typer.BadParameter(f"{path} is no text in UTF-8 or GB 18030; save it as UTF-8")


def _print_drills(plan: Plan, days: int) -> None:
    """Print the days, the visits with their times, and who has not been visited."""
    from gridplan.cli import console

    note_figures("drill_days", plan.drill_days.drop(columns="geometry"))
    visits = [
        (
            f"{v.day}",
            v.arrives,
            v.leaves,
            console.escape(str(v.name or v.site)),
            v.subdistrict,
            f"{v.metres:,.0f}",
        )
        for v in plan.drills.itertuples()
    ]
    heads = ("day", "arrives", "leaves", "site", "subdistrict", "metres")
    console.print_table("visits", heads, visits, right=(0, 5))
    lines = [
        (
            str(int(str(d.Index))),
            f"{d.sites}",
            f"{d.subdistricts}",
            d.ends,
            f"{d.drive}",
            f"{d.minutes}",
            f"{d.bound}",
            d.ended,
        )
        for d in plan.drill_days.itertuples()
    ]
    of_days = ("day", "sites", "subdistricts", "ends", "drive", "min", "at least", "")
    console.print_table("\ndays, minutes", of_days, lines, right=(0, 1, 2, 4, 5, 6))
    if len(plan.drill_days) < days:
        console.print_line(
            "days", f"{len(plan.drill_days)} of {days}: no other site could be visited"
        )
    counts = plan.drill_sites.assign(all=plan.drill_sites["earlier"] + plan.drill_sites["visits"])
    by = counts.groupby("subdistrict")["all"].sum()
    console.print_line(
        "fairness",
        f"visits of a subdistrict, earlier ones included: {by.min()} to {by.max()}; "
        f"{int((by == 0).sum())} of {len(by)} subdistricts were never visited",
    )


def _print_spread(plan: Plan) -> None:
    """Print how the points are spread, the belts, and the communities farthest from a point."""
    from gridplan.cli import console

    rows = plan.indicators[plan.indicators["room"] == "demonstration"]
    note_figures("demonstration", rows)
    city = rows[rows["level"] == "city"].set_index("measure")["value"]
    of = {name: city[f"demonstration_{name}"] for name in ("points", "belts", "communities")}
    console.print_line(
        "points",
        f"{of['points']:,.0f} in {of['communities']:,.0f} of "
        f"{len(plan.site.communities):,} communities; {of['belts']:,.0f} belts",
    )
    if of["points"] > 1:
        apart = city["demonstration_nearest"] - city["demonstration_expected"]
        z = apart / city["demonstration_error"]
        word = "clustered" if z < -1.96 else "spread out" if z > 1.96 else "as chance would have it"
        console.print_line(
            "spread",
            f"{city['demonstration_nearest']:,.0f} m to the nearest other point, by chance "
            f"{city['demonstration_expected']:,.0f} m: ratio "
            f"{city['demonstration_ratio']:.2f}, z {z:.1f}, {word}",
        )
    lines = [
        (console.escape(str(b.Index)), f"{b.points}", f"{b.communities}", f"{b.metres:,.0f}")
        for b in plan.belts.sort_values("metres", ascending=False).head(SHOWN).itertuples()
    ]
    if lines:
        heads = ("belt", "points", "communities", "metres")
        console.print_table("belts, the longest first", heads, lines, right=(1, 2, 3))
    ways = rows[rows["measure"] == "demonstration_metres"].sort_values(
        "value", ascending=False, na_position="first", kind="stable"
    )
    far = [
        (w.of, "no way is known" if w.value != w.value else f"{w.value:,.0f}")
        for w in ways.head(SHOWN).itertuples()
    ]
    console.print_table(
        "communities farthest from a point", ("community", "metres on foot"), far, right=(1,)
    )
