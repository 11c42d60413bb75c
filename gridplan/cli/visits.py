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
