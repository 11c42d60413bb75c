"""The verbs about people and about what may leave: each reads a plan, calls one function, writes, and says what comes next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import app
from gridplan.cli.options import PlanPath, RulesFile, Set
from gridplan.cli.plan_to_plan import Output, Overwrite, choose_rules, rework, take_rules

if TYPE_CHECKING:
    from gridplan.plan import Plan

SHOWN_GAPS = 10
NEXT = {"organise": "staff", "staff": "pair", "pair": "rate", "rate": "release"}


class BriefLang(StrEnum):
    """Languages of a brief."""

    zh = "zh"
    en = "en"
    both = "both"


@app.command("organise")
def organise_command(
    path: PlanPath,
    output: Output = None,
    overwrite: Overwrite = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Build the chain of organisation on a plan: branches, groups and central households.

    [dim]gridplan organise outputs/town --overwrite[/dim]
    """
    from gridplan.people.organisation.organise_plan import organise

    _serve("organise", "organisation", path, output, overwrite, rules_file, settings, organise)


@app.command("staff")
def staff_command(
    path: PlanPath,
    output: Output = None,
    overwrite: Overwrite = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Fill the posts of every sub-grid, never with persons: leaders, workers, captains; test the Party share.

    [dim]gridplan staff outputs/town --overwrite[/dim]
    """
    from gridplan.people.staffing.staff_plan import staff

    _serve("staff", "staffing", path, output, overwrite, rules_file, settings, staff)


@app.command("pair")
def pair_command(
    path: PlanPath,
    output: Output = None,
    overwrite: Overwrite = False,
    rules_file: RulesFile = None,
    settings: Set = None,
    existing: Annotated[
        Path | None,
        typer.Option(
            help="CSV of pairs that stand already (institution, community); kept at a price."
        ),
    ] = None,
    cadre_rule: Annotated[
        str | None,
        typer.Option(
            metavar="KEY=VALUE", help="One rule of how cadres are paired, in the section pairing."
        ),
    ] = None,
) -> None:
    """Pair institutions and cadres with communities at the proven least price, and spread the members' check-in.

    [dim]gridplan pair outputs/town --existing pairs.csv --overwrite[/dim]
    """
    import pandas as pd

    from gridplan.people.pairing.pair_plan import pair

    more: dict[str, Any] = {}
    if existing is not None:
        more["existing"] = pd.read_csv(existing, dtype=str, encoding="utf-8-sig")
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


@app.command("rate")
def rate_command(
    path: PlanPath,
    output: Output = None,
    overwrite: Overwrite = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Score the organisations into bands A, B and C, and say which are nearest the cut.

    [dim]gridplan rate outputs/town --overwrite[/dim]
    """
    from gridplan.people.rate_plan import rate

    _serve("rate", "rating", path, output, overwrite, rules_file, settings, rate)


@app.command("release")
def release_command(
    path: PlanPath,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the release.", show_default=False),
    ] = None,
    before: Annotated[
        Path | None, typer.Option(help="The working plan whose release went out earlier.")
    ] = None,
    published: Annotated[
        Path | None, typer.Option(help="That release, if it was made by other rules.")
    ] = None,
    overwrite: Overwrite = False,
    rules_file: RulesFile = None,
    settings: Set = None,
) -> None:
    """Make the plan that may leave: small counts suppressed so that none can be worked out, households in bands; checked.

    [dim]gridplan release outputs/town -o outputs/town-release[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.publishing.release_plan import release

    if output is None:
        raise typer.BadParameter(
            "say where the release goes: -o outputs/NAME", param_hint="--output"
        )
    storage.refuse_existing(output, overwrite)
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        plan = storage.read_plan(path)
        earlier = {"before": before, "published": published}
        plans = {
            name: storage.read_plan(place) for name, place in earlier.items() if place is not None
        }
        clock("release", 0, 1)
        leaving = release(
            plan, **plans, rules=choose_rules(take_rules(plan), rules_file, settings).disclosure
        )
        clock("writing", 0, 1)
        storage.write_plan(leaving, output, overwrite=overwrite)
    note = leaving.manifest["release"]
    console.out.print(
        f"disclosure check passed: {note['suppressed']:,} of {note['counts']:,} counts are not told; "
        f"{note['bands_withheld']:,} sub-grids without a band of households",
        soft_wrap=True,
    )
    console.print_times(clock.seconds)
    console.out.print(f"written    {output}", soft_wrap=True)
    console.out.print(
        f"next       gridplan brief {output}; gridplan map {output} --release", soft_wrap=True
    )


@app.command("brief")
def brief_command(
    path: PlanPath,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write, .md or .html; PLAN/brief.md, .html and .csv if not given.",
        ),
    ] = None,
    lang: Annotated[BriefLang, typer.Option(help="Language of the brief.")] = BriefLang.both,
) -> None:
    """Write the paragraph of figures in Chinese and English, and the table behind it, from a released plan.

    [dim]gridplan brief outputs/town-release --lang zh[/dim]
    """
    from gridplan import storage
    from gridplan.cli import console
    from gridplan.publishing.brief_pages import write_markdown, write_page
    from gridplan.publishing.brief_plan import write_brief

    brief = write_brief(storage.read_plan(path), lang.value)
    stem = output.with_suffix("") if output else (path if path.is_dir() else path.parent) / "brief"
    texts = {
        ".md": write_markdown(brief),
        ".html": write_page(brief),
        ".csv": "\ufeff" + brief.to_csv(),
    }
    wanted = (output.suffix.lower(), ".csv") if output else (".md", ".html", ".csv")
    if output and wanted[0] not in (".md", ".html"):
        raise typer.BadParameter(
            f"{output}: name a file that ends in .md or .html", param_hint="--output"
        )
    stem.parent.mkdir(parents=True, exist_ok=True)
    for suffix in wanted:
        stem.with_suffix(suffix).write_text(texts[suffix], encoding="utf-8", newline="")
    for paragraph in brief.paragraphs.values():
        console.out.print(console.escape(paragraph) + "\n", soft_wrap=True)
    unknown = int((brief.figures["status"] == "unknown").sum())
    console.out.print(
        f"not known  {unknown} of {len(brief.figures)} figures; the brief says what each needs",
        soft_wrap=True,
    )
    for suffix in wanted:
        console.out.print(f"written    {stem.with_suffix(suffix)}", soft_wrap=True)


def read_mapped(path: Path, only: str | None, for_release: bool) -> tuple[Plan, str]:
    """Read the plan that a map shows and say what is left out; one marked for release must be a release that passed."""
    from gridplan import storage
    from gridplan.city.city_map import read_sheet_plan
    from gridplan.publishing.brief_plan import require_release

    if for_release and only:
        raise typer.BadParameter(
            "a release is mapped whole, as it was checked", param_hint="--only"
        )
    plan, left_out = read_sheet_plan(path, only)
    plan = plan or storage.read_plan(path)
    if for_release:
        require_release(plan)
    return plan, left_out


def _serve(
    verb: str,
    room: str,
    path: Path,
    output: Path | None,
    overwrite: bool,
    rules_file: Path | None,
    settings: list[str] | None,
    work: Callable[..., Plan],
) -> None:
    """Read the plan, do the work, write the new plan and print what it came to."""
    from gridplan.cli import console

    target, done, seconds = rework(verb, path, output, overwrite, rules_file, settings, work)
    _print_headline(verb, done.manifest.get("people", {}).get(verb, {}))
    _print_gaps(done, room)
    console.print_times(seconds)
    console.out.print(f"written    {target}", soft_wrap=True)
    more = f" -o {target}-release" if NEXT[verb] == "release" else " --overwrite"
    console.out.print(f"next       gridplan {NEXT[verb]} {target}{more}", soft_wrap=True)


def _print_headline(verb: str, note: Mapping[str, Any]) -> None:
    """Print the headline figures that a verb left in the manifest."""
    from gridplan.cli import console

    figures = note.get("figures", note)
    plain = {
        name: value
        for name, value in figures.items()
        if isinstance(value, int | float | str) and name != "version"
    }
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

    own = plan.gaps[plan.gaps["room"] == room].sort_values(["rule", "rank"], kind="stable")
    if own.empty:
        console.out.print("no gaps")
        return
    grouped = own.groupby("rule").agg(
        count=("rule", "size"),
        households=("households", "sum"),
        of=("of", "first"),
        remedy=("remedy", "first"),
    )
    top = grouped.sort_values(["count"], ascending=False, kind="stable").head(SHOWN_GAPS)
    rows = [
        (f"{row.count_:,}", row.Index, row.of, row.remedy)
        for row in top.rename(columns={"count": "count_"}).itertuples()
    ]
    console.print_table(
        f"\n{len(own):,} gaps", ("gaps", "rule", "first", "remedy"), rows, right=(0,)
    )
