"""The verbs about reach: reach, which measures it, and propose, which improves it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.options import (
    NextPlan,
    Overwrite,
    PlanPath,
    RulesFile,
    Set,
)
from gridplan.cli.plan_to_plan import rework
from gridplan.cli.screen import note_figures

if TYPE_CHECKING:
    from gridplan.plan import Plan

SHOWN = 10  # gaps printed


class Question(StrEnum):
    """What new service points are optimised for."""

    most = "most"
    median = "median"
    centre = "centre"
    fairest = "fairest"
    each = "each"


@verb("reach", figures=True)
def reach_command(
    path: PlanPath,
    output: NextPlan = None,
    overwrite: Overwrite = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Measure on foot which homes service points reach and serve, and where the gaps are.

    [dim]gridplan reach outputs/town --overwrite[/dim]
    """
    from gridplan.cli import console
    from gridplan.coverage.reach_plan import reach

    target, plan, seconds = rework("reach", path, output, overwrite, rules_file, settings, reach)
    console.print_times(seconds)
    _print_coverage(plan)
    _print_gaps(plan)
    _print_ways(plan)
    console.print_line("written", target)
    console.print_line("next", f"{_advise(plan, target)}")


@verb("propose", figures=True)
def propose_command(
    path: PlanPath,
    kind: Annotated[
        str | None,
        typer.Option(help="Kind of service point to add, e.g. canteen.", show_default=False),
    ] = None,
    add: Annotated[int | None, typer.Option(min=0, help="How many to add.")] = None,
    share: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Serve this share of the households with as few as possible."
        ),
    ] = None,
    question: Annotated[
        Question,
        typer.Option(
            "--aim",
            "--question",
            help="With --add, what to aim at: most served; shortest mean (median) or longest "
            "(centre) walk; the community served least served best (fairest); one in each "
            "community first, then most served (each).",
        ),
    ] = Question.most,
    unlimited: Annotated[
        bool, typer.Option("--unlimited", help="Ignore how many households each can serve.")
    ] = False,
    output: NextPlan = None,
    overwrite: Overwrite = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Propose where to add service points, and show what each one more would bring.

    Existing ones stay. The proposal is proven to be the best where the search
    can close.

    [dim]gridplan propose outputs/town --kind canteen --add 5 --overwrite[/dim]
    """
    from gridplan.cli import console
    from gridplan.coverage.proposals import propose_posts, recall_rules

    if kind is None:
        raise typer.BadParameter(
            "say which kind of service point: --kind canteen", param_hint="--kind"
        )
    asked: dict[str, Any] = {"add": add, "share": share, "limited": not unlimited}
    # A share alone asks for the fewest posts, which is a question of its own.
    asked["question"] = "" if share is not None and add is None else question.value

    def work(plan: Plan, rules: Any) -> Plan:
        return propose_posts(plan, kind, rules=rules, **asked)

    # Proposals go by the rules that reach was measured by, unless others are given.
    target, new, seconds = rework(
        "propose", path, output, overwrite, rules_file, settings, work, recall_rules
    )
    console.print_times(seconds)
    _print_sites(new, kind)
    _print_coverage(new, kind)
    console.print_line("written", target)
    console.print_line("next", f"gridplan map {target} --reach {kind}")


def _print_coverage(plan: Plan, kind: str | None = None) -> None:
    """Print the coverage of the city by kind, at its own threshold and at the others."""
    from gridplan.cli import console
    from gridplan.rules.all_rules import Rules

    city = plan.coverage[plan.coverage["level"] == "city"]
    note_figures("coverage", city)
    city = city if kind is None else city[city["kind"] == kind]
    # The thresholds that reach was measured by, not those of the rules of today.
    note = plan.manifest.get("people", {}).get("reach", {}).get("rules", {}).get("coverage", {})
    times = note.get("thresholds", Rules().coverage.thresholds)
    rows = []
    # The column own marks the rows at the kind's own minutes.
    for row in city[city["own"]].itertuples():
        others = city[(city["kind"] == row.kind) & (city["state"] == row.state)].set_index(
            "minutes"
        )["reachable_share"]
        shares = [
            row.reachable_share,
            row.served_share,
            row.backed_up_share,
            *others.reindex(times),
        ]
        name = f"{row.kind} +" if row.state == "proposed" else str(row.kind)
        name += "" if row.group == "households" else f" ({row.group})"
        rows.append(
            (
                name,
                f"{row.posts:,}",
                f"{row.minutes:g}",
                *(f"{s:.1%}" for s in shares),
                f"{row.worst_minutes:.0f}",
            )
        )
    heads = (
        "kind",
        "posts",
        "min",
        "reach",
        "served",
        "twice",
        *(f"<={t:g}" for t in times),
        "worst",
    )
    title = (
        "coverage: share of households (or group) in reach, served, reached twice; by minutes; "
        "the worst tenth's minutes"
    )
    console.print_table(title, heads, rows, right=tuple(range(1, len(heads))))


def _print_gaps(plan: Plan) -> None:
    """Print the largest gaps."""
    from gridplan.cli import console

    gaps = plan.gaps[plan.gaps["room"] == "reach"]
    if gaps.empty:
        console.out.print("no gaps")
        return
    # Of equal gaps the first by rule and place, so that the list is always the same.
    top = gaps.sort_values(
        ["households", "rule", "of"], ascending=[False, True, True], kind="stable"
    ).head(SHOWN)
    rows = [(f"{r.households:,}", r.rule, r.of, r.reason) for r in top.itertuples()]
    console.print_table(
        f"\n{len(gaps):,} gaps, the largest first",
        ("households", "kind", "where", "why"),
        rows,
        right=(0,),
    )


def _print_ways(plan: Plan) -> None:
    """Print what the ways were measured along."""
    from gridplan.cli import console

    entries = plan.site.ledger[plan.site.ledger["step"] == "reach"]
    for row in entries.itertuples():
        console.out.print(
            f"{row.action:<10} {row.count:,} {row.table}: {console.escape(str(row.reason))}",
            soft_wrap=True,
        )


def _print_sites(plan: Plan, kind: str) -> None:
    """Print the posts proposed, and the curve of the share served against posts added."""
    from gridplan.cli import console

    proposed = plan.service_posts[
        (plan.service_posts["status"] == "proposed") & (plan.service_posts["kind"] == kind)
    ]
    rows = [
        (
            p.Index,
            p.community,
            p.subgrid or console.escape(str(p.name)),
            f"{p.reachable:,}",
            f"{p.served:,}",
        )
        for p in proposed.sort_values("rank").itertuples(name="Post")
    ]
    console.print_table(
        "proposed (+ in what follows)",
        ("post", "community", "at", "reachable", "served"),
        rows,
        right=(3, 4),
    )
    console.out.print(_say_aim(plan, kind), soft_wrap=True)
    curve = plan.siting[plan.siting["kind"] == kind]
    lines = [
        (
            f"{c.added:,}",
            c.question,
            f"{c.share:.1%}",
            "" if c.bound != c.bound else f"{c.bound:.1%}",  # NaN: no bound was found
            c.ended,
        )
        for c in curve.itertuples()
    ]
    console.print_table(
        "\nwhat more posts bring",
        ("added", "question", "served", "at most", ""),
        lines,
        right=(0, 2, 3),
    )


AIMS = {
    "most": "serve the most",
    "fewest": "serve the share asked for with the fewest posts",
    "median": "the least walking in all",
    "centre": "the shortest longest walk",
    "fairest": "serve best the community that is served least",
    "each": "one post in each community that has none, then serve the most",
}


def _say_aim(plan: Plan, kind: str) -> str:
    """Say what a proposal aimed at, and how the communities fare."""
    rows = plan.siting[(plan.siting["kind"] == kind) & plan.siting["chosen"]]
    row = rows.iloc[0]
    worst = "nobody" if row["worst_share"] != row["worst_share"] else f"{row['worst_share']:.1%}"
    text = (
        f"aim        {AIMS[row['question']]} ({row['ended']}); of the community served least "
        f"{worst} are served; communities that are served nothing: {row['unserved']:.0f}"
    )
    if row["question"] != "fairest":
        return text
    return f"{text}; no choice gives every community more than {row['worst_bound']:.1%}"


def _advise(plan: Plan, target: Path) -> str:
    """Name the next command: about the kind that leaves most households unserved."""
    city = plan.coverage[
        (plan.coverage["level"] == "city")
        & plan.coverage["own"]
        & (plan.coverage["state"] == "now")
    ]
    unserved = (city["demand"] - city["served"]).to_numpy()
    if not len(unserved) or unserved.max() <= 0:
        return f"gridplan map {target}"
    kind = city["kind"].iloc[int(unserved.argmax())]
    return f"gridplan propose {target} --kind {kind} --add 3 --overwrite"
