"""The verbs about people, from organise to levels; each fills its own tables."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.options import (
    Lang,
    LangOption,
    NextPlan,
    Overwrite,
    PlanPath,
    RulesFile,
    Set,
)
from gridplan.cli.outputs import try_output_file
from gridplan.cli.plan_to_plan import rework
from gridplan.cli.screen import note_figures

if TYPE_CHECKING:
    import pandas as pd

    from gridplan.plan import Plan

SHOWN_GAPS = 10
# The order in which the verbs are usually run.
NEXT = {
    "organise": "gridplan staff {plan} --overwrite",
    "staff": "gridplan pair {plan} --overwrite",
    "pair": "gridplan rate {plan} --overwrite",
    "rate": "gridplan levels {plan} --overwrite",
    "inventory": "gridplan levels {plan} --overwrite",
    "levels": "gridplan rank {plan} --level community",
}


@verb("organise", figures=True)
def organise_command(
    path: PlanPath,
    output: NextPlan = None,
    overwrite: Overwrite = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Form Party branches and groups, and choose central households.

    [dim]gridplan organise outputs/town --overwrite[/dim]
    """
    from gridplan.people.organisation.organise_plan import organise

    _serve("organise", "organisation", path, output, overwrite, rules_file, settings, organise)


@verb("staff", figures=True)
def staff_command(
    path: PlanPath,
    output: NextPlan = None,
    overwrite: Overwrite = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Count the posts that every sub-grid needs, and test the Party share among them.

    Posts are grid leaders, workers, captains and so on, never named persons.

    [dim]gridplan staff outputs/town --overwrite[/dim]
    """
    from gridplan.people.staffing.staff_plan import staff

    _serve("staff", "staffing", path, output, overwrite, rules_file, settings, staff)


@verb("pair", figures=True)
def pair_command(
    path: PlanPath,
    output: NextPlan = None,
    overwrite: Overwrite = False,
    rules_file: RulesFile = None,
    settings: Set = None,
    existing: Annotated[
        Path | None,
        typer.Option(
            help="CSV of existing pairs (institution, community); "
            "they are kept unless that is too dear.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    cadre_rule: Annotated[
        str | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Short for --set pairing.KEY=VALUE.",
        ),
    ] = None,
) -> None:
    """Pair institutions and cadres with communities at the least cost, which is proven.

    [dim]gridplan pair outputs/town --existing pairs.csv --overwrite[/dim]
    """
    from gridplan.people.pairing.pair_plan import pair

    more: dict[str, Any] = {}
    if existing is not None:
        more["existing"] = _read_pairs(existing)
    # The last setting of a rule counts, so that the short form wins over --set.
    if cadre_rule is not None:
        settings = [*(settings or []), f"pairing.{cadre_rule}"]
    _serve(
        "pair",
        "pairing",
        path,
        output,
        overwrite,
        rules_file,
        settings,
        lambda plan, rules: pair(plan, rules=rules, **more),
    )


def _read_pairs(file: Path) -> pd.DataFrame:
    """Read a CSV of existing pairs as text, so that codes keep their zeros."""
    import pandas as pd

    from gridplan.errors import InputError, Problem
    from gridplan.reading.encoding import decode_text

    text = decode_text(file.read_bytes(), str(file))
    try:
        return pd.read_csv(io.StringIO(text), dtype=str)
    except ValueError as error:  # pandas' own errors of parsing are such
        remedy = "write a line of names, institution,community, and a line for each pair"
        raise InputError(
            [Problem("pairs", "it is a CSV", f"not a CSV: {error}", remedy, file=str(file))]
        ) from error


@verb("rate", figures=True)
def rate_command(
    path: PlanPath,
    output: NextPlan = None,
    overwrite: Overwrite = False,
    rules_file: RulesFile = None,
    settings: Set = None,
    lang: LangOption = Lang.en,
) -> None:
    """Score Party organisations into bands A, B and C, and show which are near a limit.

    [dim]gridplan rate outputs/town --overwrite[/dim]

    Each field (urban, village, institution, other) has a share in band A of
    its own. What nobody knows earns nothing.
    """
    from gridplan.cli.rating_lines import print_fields
    from gridplan.people.rate_plan import rate

    plan = _serve("rate", "rating", path, output, overwrite, rules_file, settings, rate)
    print_fields(plan, lang.value)


@verb("levels", figures=True)
def levels_command(
    path: PlanPath,
    output: NextPlan = None,
    overwrite: Overwrite = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Add up the same indicators for communities, subdistricts, districts and the city.

    [dim]gridplan levels outputs/town --overwrite[/dim]

    Ratios are those of the sums, never means of ratios.
    """
    from gridplan.people.levels.level_table import roll_levels

    _serve("levels", "levels", path, output, overwrite, rules_file, settings, roll_levels)


@verb("inventory", figures=True)
def inventory_command(
    path: PlanPath,
    holdings: Annotated[
        Path | None,
        typer.Option(
            help="CSV of what bodies have (body, requirement, count); "
            "what is not given is unknown.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    requirements: Annotated[
        Path | None,
        typer.Option(
            help="CSV of requirements of your own, with the columns of requirements.csv.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a CSV of everything that can be counted to fill in, and stop.",
            callback=try_output_file,
        ),
    ] = None,
    output: NextPlan = None,
    overwrite: Overwrite = False,
    lang: LangOption = Lang.en,
) -> None:
    """Set what should be there beside what is: need, present and missing by body and level.

    [dim]gridplan inventory outputs/town --holdings held.csv --overwrite[/dim]

    Of an earlier file everything stays that the new one does not name.
    """
    from gridplan.cli import inventory_files

    if template is not None:
        inventory_files.write_template(path, requirements, template)
        return
    plan = _serve(
        "inventory",
        "inventory",
        path,
        output,
        overwrite,
        None,
        None,
        lambda plan, rules: inventory_files.take(plan, holdings, requirements),
    )
    inventory_files.print_matrix(plan, lang.value)


def _serve(
    verb: str,
    room: str,
    path: Path,
    output: Path | None,
    overwrite: bool,
    rules_file: Path | None,
    settings: list[str] | None,
    work: Callable[..., Plan],
) -> Plan:
    """Read the plan, do the work, write the new plan and print what it came to."""
    from gridplan.cli import console

    target, plan, seconds = rework(verb, path, output, overwrite, rules_file, settings, work)
    _print_headline(verb, plan.manifest.get("people", {}).get(verb, {}))
    _print_gaps(plan, room)
    console.print_times(seconds)
    console.print_line("written", target)
    console.print_line("next", NEXT[verb].format(plan=target))
    return plan


def _print_headline(verb: str, note: Mapping[str, Any]) -> None:
    """Print the headline figures that a verb left in the manifest."""
    from gridplan.cli import console

    # Lists and tables in the note are too long for a line.
    figures = note.get("figures", note)
    plain = {
        name: value
        for name, value in figures.items()
        if isinstance(value, int | float | str) and name != "version"
    }
    note_figures("figures", plain)
    rows = [
        (
            name.replace("_", " "),
            f"{v:,.3g}" if isinstance(v, float) else f"{v:,}" if isinstance(v, int) else v,
        )
        for name, v in plain.items()
    ]
    console.print_table(verb, ("figure", "value"), rows, right=(1,))


def _print_gaps(plan: Plan, room: str) -> None:
    """Print the rules with most gaps, each with its first place."""
    from gridplan.cli import console

    gaps = plan.gaps[plan.gaps["room"] == room].sort_values(["rule", "rank"], kind="stable")
    if gaps.empty:
        console.out.print("no gaps")
        return
    grouped = gaps.groupby("rule").agg(
        count=("rule", "size"),
        households=("households", "sum"),
        of=("of", "first"),
        remedy=("remedy", "first"),
    )
    top = grouped.sort_values(["count"], ascending=False, kind="stable").head(SHOWN_GAPS)
    # A row of itertuples has a method called count.
    rows = [
        (f"{row.count_:,}", row.Index, row.of, row.remedy)
        for row in top.rename(columns={"count": "count_"}).itertuples()
    ]
    console.print_table(
        f"\n{len(gaps):,} gaps", ("gaps", "rule", "first", "remedy"), rows, right=(0,)
    )
