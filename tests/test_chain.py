"""One command for everything: what runs, what is skipped, and what runs again."""

import json
from dataclasses import fields, replace

import pytest
from shapely.geometry import Point
from typer.testing import CliRunner

import gridplan as gp
from gridplan.chain import plan_steps, run_chain
from gridplan.chain.chain_notes import NOTES, read_notes
from gridplan.chain.fingerprints import mark_tables
from gridplan.chain.handouts import FILE_STEPS, FileStep, Handout
from gridplan.chain.plan_steps import PLAN_STEPS, take_drawn
from gridplan.chain.run_chain import Chain, Source
from gridplan.cli import app
from gridplan.errors import OutputExistsError
from gridplan.plan import PEOPLE_TABLES, REACH_TABLES
from gridplan.rules.all_rules import Rules
from gridplan.synthetic.board_plan import X0, Y0, make_board_plan, make_table
from gridplan.synthetic.people_plan import CITY_COUNTS, count_rows, settle

COUNTS = count_rows({**CITY_COUNTS, "party_members_full": 24})
CANTEEN = {"place": "p", "kind": "canteen", "geometry": Point(X0 + 15, Y0 + 15)}
PLAN = settle(make_board_plan(), {"i1": 100, "i2": 30}).replace(
    counts=COUNTS, places=make_table("places", [CANTEEN])
)
RULES = Rules()


def run_all(folder, plan=PLAN, rules=RULES, **how):
    """Run the chain on a plan; returns the status of each step, and what became of it."""
    results = []
    source = Source({"plan": mark_tables(take_drawn(plan))}, lambda: plan, rules)
    chain = Chain(source, folder, report=results.append, **how)
    chain.run()
    return {result.name: result.status for result in results}, results


def keep_files(monkeypatch, *names):
    """Let the chain write these files alone, which saves seconds."""
    chosen = tuple(step for step in FILE_STEPS if step.name in names)
    monkeypatch.setattr(run_chain, "FILE_STEPS", chosen)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chain") / "all"
    return folder, *run_all(folder)


def copy_made(made, place):
    import shutil

    return shutil.copytree(made[0], place / "all")


def test_every_step_is_done_or_says_which_data_it_lacks(made):
    folder, statuses, _results = made
    assert list(statuses) == [
        *("plan", "organise", "staff", "pair", "reach", "rate"),
        *("audit", "map", "release", "brief"),
    ]
    assert {name for name, status in statuses.items() if status != "done"} == set()
    assert {path.name for path in folder.iterdir()} >= {
        *("plan.gpkg", "audit.txt", "audit.csv", "map.html", "release", NOTES)
    }
    assert (folder / "release" / "brief.md").exists()


def test_a_place_that_fills_a_kind_of_service_is_enough_for_reach():
    clinic = {"place": "p", "kind": "hospital", "geometry": Point(X0 + 15, Y0 + 15)}
    plan = PLAN.replace(places=make_table("places", [clinic]))
    reach = next(step for step in PLAN_STEPS if step.name == "reach")
    assert reach.explain_missing(plan, RULES) == ""


def test_what_has_no_data_is_skipped_and_names_the_table(tmp_path, monkeypatch):
    keep_files(monkeypatch, "audit")
    bare = PLAN.replace(
        counts=COUNTS.iloc[:0],
        institutions=PLAN.site.institutions.iloc[:0],
        places=PLAN.site.places.iloc[:0],
    )
    statuses, results = run_all(tmp_path / "bare", bare)
    reasons = {r.name: r.because for r in results if r.status == "skipped"}
    assert list(reasons) == ["organise", "staff", "pair", "reach", "rate"]
    assert reasons["organise"] == "the table counts has no rows of the measure party_members_full"
    assert "places" in reasons["reach"]
    assert statuses["audit"] == "done"
    again, _ = run_all(tmp_path / "bare", bare)
    assert set(again.values()) == {"skipped", "up to date"}
    # the counts arrive: the same command adds what they allow
    late, _ = run_all(tmp_path / "bare", PLAN)
    assert late["organise"] == late["staff"] == late["audit"] == "done"


def test_nothing_is_done_twice(made, tmp_path):
    folder = copy_made(made, tmp_path)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    statuses, _ = run_all(folder)
    assert set(statuses.values()) == {"up to date"}
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_changed_rule_runs_the_steps_that_read_it_and_gives_what_a_new_run_gives(
    made, tmp_path, monkeypatch
):
    folder = copy_made(made, tmp_path)
    rules = RULES.replace(rating={"share_a": 0.5})
    statuses, results = run_all(folder, rules=rules)
    stale = {name for name, status in statuses.items() if status == "done"}
    assert stale == {"rate", "audit", "map", "release", "brief"}
    # the release before may have gone out: it is kept, with the plan it was made from
    figures = next(r.figures for r in results if r.name == "release")
    assert figures["kept"] == "release-1"
    kept = gp.read_plan(folder / figures["kept_plan"])
    assert kept.rules.rating.share_a == RULES.rating.share_a
    keep_files(monkeypatch, "release")
    run_all(folder, rules=rules, before=[folder / figures["kept_plan"]])
    assert gp.read_plan(folder / "release").manifest["release"]["compared"]
    keep_files(monkeypatch)
    run_all(tmp_path / "new", rules=rules)
    old, new = gp.read_plan(folder), gp.read_plan(tmp_path / "new")
    assert old.manifest == new.manifest
    for name in (*PEOPLE_TABLES, *REACH_TABLES):
        assert old.get_table(name).equals(new.get_table(name)), name


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path, monkeypatch):
    steps = {step.name: step for step in PLAN_STEPS}

    def stop(plan, rules):
        raise KeyboardInterrupt

    broken = [replace(s, work=stop) if s.name == "staff" else s for s in steps.values()]
    monkeypatch.setattr(run_chain, "PLAN_STEPS", broken)
    keep_files(monkeypatch, "audit")
    with pytest.raises(KeyboardInterrupt):
        run_all(tmp_path / "all")
    monkeypatch.setattr(run_chain, "PLAN_STEPS", PLAN_STEPS)
    statuses, _ = run_all(tmp_path / "all")
    assert statuses["plan"] == statuses["organise"] == "up to date"
    assert statuses["staff"] == statuses["audit"] == "done"


def test_what_somebody_changed_is_kept(made, tmp_path, monkeypatch):
    keep_files(monkeypatch, "map")
    monkeypatch.setattr(run_chain, "PLAN_STEPS", PLAN_STEPS[:1])
    folder = copy_made(made, tmp_path)
    plan = gp.read_plan(folder)
    edited = plan.replace(communities=plan.site.communities.assign(name="by hand"))
    gp.write_plan(edited, folder, overwrite=True)
    (folder / "map.html").write_text("mine", encoding="utf-8")
    statuses, _ = run_all(folder)
    assert statuses["plan"] == statuses["map"] == "kept"
    assert statuses["organise"] == "done"
    assert (gp.read_plan(folder).site.communities["name"] == "by hand").all()
    again, _ = run_all(folder)
    assert again["plan"] == "kept"
    assert again["organise"] == "up to date"
    other = PLAN.replace(communities=PLAN.site.communities.assign(name="other land"))
    with pytest.raises(OutputExistsError, match="--overwrite"):
        run_all(folder, other)
    assert run_all(folder, other, overwrite=True)[0]["plan"] == "done"
    assert (gp.read_plan(folder).site.communities["name"] == "other land").all()


def test_what_went_with_a_plan_is_made_again(tmp_path, monkeypatch):
    """The notes say that it was done; the plan that was drawn again has nothing of it."""
    keep_files(monkeypatch)
    monkeypatch.setattr(run_chain, "PLAN_STEPS", PLAN_STEPS[:1])
    run_all(tmp_path / "all")
    (tmp_path / "all" / "plan.gpkg").unlink()
    assert run_all(tmp_path / "all")[0] == {"plan": "done", "organise": "done"}
    assert len(gp.read_plan(tmp_path / "all").party_orgs)


def test_a_plan_that_this_command_did_not_write_is_not_replaced(tmp_path):
    gp.write_plan(PLAN, tmp_path / "mine")
    with pytest.raises(OutputExistsError, match="another folder"):
        run_all(tmp_path / "mine")


def test_the_command_prints_its_steps_and_exits_with_1_if_the_audit_finds_errors(
    tmp_path, monkeypatch
):
    failed = FileStep(
        *("audit", ("audit.txt",), (), ("plan",), False),
        lambda inputs: Handout({"errors": 2}, passed=False),
    )
    monkeypatch.setattr(run_chain, "PLAN_STEPS", PLAN_STEPS[:1])
    monkeypatch.setattr(run_chain, "FILE_STEPS", (failed,))
    gp.write_plan(PLAN, tmp_path / "mine")
    words = ["make", str(tmp_path / "mine"), "-o", str(tmp_path / "all")]
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == 1
    steps = {row["step"]: row for row in json.loads(done.stdout)["steps"]}
    assert [row["status"] for row in steps.values()] == ["done", "done", "done"]
    assert steps["audit"]["figures"] == {"errors": 2}
    assert steps["plan"]["figures"]["households"] == 120
    # into the plan itself nothing is made, and the message names another folder
    done = CliRunner().invoke(app, ["make", str(tmp_path / "mine"), "-o", str(tmp_path / "mine")])
    assert "mine-all" in str(done.exception)


def test_notes_that_cannot_be_read_are_no_notes(tmp_path):
    (tmp_path / NOTES).write_text("{", encoding="utf-8")
    assert read_notes(tmp_path) is None
    (tmp_path / NOTES).write_text(json.dumps({"steps": {"plan": {"what": 1}}}), encoding="utf-8")
    assert read_notes(tmp_path) is None


def watch(value, seen, names):
    """Make a value that notes which of some attributes are looked at."""
    kind = type(value)

    class Watched(kind):
        def __getattribute__(self, name):
            if name in names:
                seen.add(name)
            return super().__getattribute__(name)

    new = object.__new__(Watched)
    new.__dict__.update(value.__dict__)
    return new


@pytest.fixture(scope="module")
def stages():
    """The plan before the first step, and after each."""
    plans = [PLAN]
    for step in PLAN_STEPS:
        plans.append(step.work(plans[-1], RULES))
    return plans


def test_a_step_reads_no_rules_but_those_it_names(stages):
    names = {field.name for field in fields(Rules)} - {"columns"}
    whole = RULES.to_dict()
    for step, plan in zip(PLAN_STEPS, stages, strict=False):
        seen = set()
        watched = watch(RULES, seen, names)
        # what a step notes of the rules in the manifest it takes from all of them
        type(watched).to_dict = lambda self: whole
        step.work(plan, watched)
        step.explain_missing(plan, watched)
        assert seen <= {*step.sections}, step.name


def test_a_step_gives_the_same_whatever_later_steps_wrote(stages):
    for number, step in enumerate(PLAN_STEPS, 1):
        again = step.take_results(step.work(stages[-1], RULES))
        assert mark_tables(again) == mark_tables(step.take_results(stages[number])), step.name


def test_the_sections_of_people_are_sections():
    assert {field.name for field in fields(Rules)} >= plan_steps.PEOPLE_SECTIONS
