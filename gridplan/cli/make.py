"""The verb make: everything that a plan is good for, by one command that may be given again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridplan.cli.app import verb
from gridplan.cli.options import (
    OSM_CACHE,
    Barriers,
    Boundary,
    Cache,
    Columns,
    Communities,
    Compounds,
    Counts,
    Crs,
    Datum,
    Encoding,
    Institutions,
    Lang,
    LangOption,
    NewFolder,
    NotPersonal,
    Openings,
    OptionalSource,
    Overwrite,
    Place,
    Places,
    RulesFile,
    Seconds,
    Seed,
    Set,
    Streets,
    Workers,
    Zones,
)
from gridplan.cli.plan import Land, name_files, require_source
from gridplan.cli.read_options import list_paths, read_rules
from gridplan.cli.screen import note_figures

if TYPE_CHECKING:
    from gridplan.chain.run_chain import Source, StepResult
    from gridplan.cli.progress import StageClock
    from gridplan.plan import Plan
    from gridplan.rules.all_rules import Rules

SHOWN_FIGURES = 4  # of a step, in the closing table; --json has them all


@verb("make", figures=True)
def make_command(
    source: OptionalSource = None,
    output: NewFolder = None,
    communities: Communities = None,
    zones: Zones = None,
    compounds: Compounds = None,
    barriers: Barriers = None,
    openings: Openings = None,
    streets: Streets = None,
    places: Places = None,
    institutions: Institutions = None,
    counts: Counts = None,
    boundary: Boundary = None,
    columns: Columns = None,
    crs: Crs = None,
    datum: Datum = None,
    encoding: Encoding = None,
    not_personal: NotPersonal = None,
    rules_file: RulesFile = None,
    settings: Set = None,
    place: Place = None,
    cache: Cache = OSM_CACHE,
    seed: Seed = 0,
    seconds: Seconds = None,
    workers: Workers = None,
    lang: LangOption = Lang.en,
    before: Annotated[
        list[Path] | None,
        typer.Option(
            help="Working plan of a release that went out before; "
            "again for each, in the order they went out."
        ),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Make all from land or a plan: people, reach, ratings, audit, map, release and brief.

    A step is skipped where its data are missing. The same command given again
    does what has become stale, and goes on where a run was stopped.

    [dim]gridplan make town.gpkg -o outputs/town[/dim]

    Exit status 1 if the audit finds errors.
    """
    from gridplan.chain.run_chain import Chain
    from gridplan.cli import console
    from gridplan.storage.plan_folder import is_plan

    require_source(source, place)
    if output is None:
        raise typer.BadParameter("say where it all goes: -o outputs/NAME", param_hint="--output")
    files = name_files(
        *(communities, zones, compounds, barriers, openings, streets, places),
        *(institutions, counts, boundary),
    )
    land = Land(source, files, crs, datum, encoding, not_personal, place, cache)
    results: list[StepResult] = []
    with console.show_progress() as clock:
        clock("reading", 0, 1)
        begun = (
            _take_plan(Path(source), output, rules_file, settings)
            if source is not None and is_plan(source)
            else _take_land(
                land, read_rules(rules_file, settings, None, columns), seed, seconds, workers, clock
            )
        )
        chain = Chain(
            begun,
            output,
            lang=lang.value,
            before=before or [],
            overwrite=overwrite,
            progress=clock,
            report=results.append,
        )
        try:
            passed = chain.run()
        except BaseException:
            # what is done is kept, whatever stopped the rest
            _print_steps(results)
            raise
    _print_steps(results)
    _print_release(output, results)
    console.print_times(clock.seconds)
    console.print_line("written", output)
    console.print_line("next", f"gridplan briefing {output} -o {output}-briefing")
    if not passed:
        console.err.print(
            f"the audit found errors: {output / 'audit.txt'} lists them", soft_wrap=True
        )
        raise typer.Exit(1)


def _take_land(
    land: Land,
    rules: Rules,
    seed: int,
    seconds: float | None,
    workers: int | None,
    clock: StageClock,
) -> Source:
    """Take land as the source: its files, how they are read, and the seed of the search."""
    from gridplan import storage
    from gridplan.chain.run_chain import Source
    from gridplan.engine.deadline import Deadline
    from gridplan.planning import site_to_plan

    inputs = storage.hash_files(list_paths(land.source, land.files))

    def draw() -> Plan:
        clock("reading", 0, 1)
        site = land.read(rules)
        return site_to_plan.divide(
            site,
            rules,
            seed=seed,
            workers=workers,
            inputs=inputs,
            progress=clock,
            deadline=Deadline(seconds),
        )

    given = [sorted(land.crs or []), sorted(land.datum or []), sorted(land.not_personal or [])]
    limit = list_roles(land.files)
    reads = {"inputs": inputs, "files": limit, "seed": seed, "seconds": seconds, "how": given}
    return Source({**reads, "encoding": land.encoding, "place": land.place}, draw, rules)


def list_roles(files: Mapping[str, Any]) -> dict[str, Any]:
    """List which file is given as what, by name alone: files may move from folder to folder.

    Examples
    --------
    >>> list_roles({"counts": Path("a/counts.csv"), "barriers": (Path("b/rail.gpkg"),)})
    {'counts': 'counts.csv', 'barriers': ['rail.gpkg']}
    """
    return {
        name: [Path(one).name for one in value] if isinstance(value, tuple) else Path(value).name
        for name, value in files.items()
        if value
    }


def _take_plan(
    path: Path, output: Path, rules_file: Path | None, settings: list[str] | None
) -> Source:
    """Take a plan as the source: its land and its drawing."""
    from gridplan import storage
    from gridplan.chain.fingerprints import mark_tables
    from gridplan.chain.plan_steps import take_drawn
    from gridplan.chain.run_chain import Source
    from gridplan.cli.plan_to_plan import choose_rules, find_folder
    from gridplan.errors import PlanError

    if find_folder(path).resolve() == output.resolve():
        raise PlanError(
            f"{output} is the plan itself -> give another folder, such as {output}-all: "
            "a plan is taken as it is, and what is made of it lies beside it"
        )
    plan = storage.read_plan(path)
    if plan.is_release:
        raise PlanError(f"{path} is a release -> give the working plan that it was made from")
    reads = {"plan": mark_tables(take_drawn(plan)), "seed": plan.manifest.get("seed")}
    return Source(reads, lambda: plan, choose_rules(plan.rules, rules_file, settings))


def _print_steps(results: list[StepResult]) -> None:
    """Print what became of each step."""
    from gridplan.cli import console

    note_figures(
        "steps",
        [
            {
                "step": result.name,
                "status": result.status,
                "because": result.because,
                "seconds": round(result.seconds, 2),
                "figures": result.figures,
            }
            for result in results
        ],
    )
    rows = [
        (
            result.name,
            result.status,
            f"{result.seconds:.1f}",
            result.because or _say_figures(result.figures),
        )
        for result in results
    ]
    console.print_table("", ("step", "status", "seconds", "what"), rows, right=(2,))


def _say_figures(figures: Mapping[str, Any]) -> str:
    """Say the first figures of a step.

    Examples
    --------
    >>> _say_figures({"subgrids": 1250, "party_share": 0.5})
    'subgrids 1,250, party share 0.5'
    """
    shown = list(figures.items())[:SHOWN_FIGURES]
    return ", ".join(
        f"{name.replace('_', ' ')} {value:,}"
        if isinstance(value, int)
        else f"{name.replace('_', ' ')} {value:.3g}"
        if isinstance(value, float)
        else f"{name.replace('_', ' ')} {value}"
        for name, value in shown
    )


def _print_release(output: Path, results: list[StepResult]) -> None:
    """Print where the release before is kept, since two that went out are looked at together."""
    from gridplan.cli import console

    kept = [r.figures["kept"] for r in results if r.name == "release" and "kept" in r.figures]
    for name in kept:
        plan = next(r.figures.get("kept_plan") for r in results if r.name == "release")
        advice = f"run again with --before {output / str(plan)}" if plan else "see release --help"
        console.err.print(
            f"the release before is kept as {output / name}; if it went out, {advice}",
            soft_wrap=True,
        )
