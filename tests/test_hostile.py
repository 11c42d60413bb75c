"""A sample of the corpus of hostile inputs by kinds; ``python -m benchmarks hostile`` has all."""

import pytest

from benchmarks import hostile
from benchmarks.hostile.trial import Outcome, Trial, find_faults

# Each stands for a kind that once ended in a trace, or did not end.
SAMPLE = (
    "shapes: infinite, all rows",
    "shapes: hole outside, a community",
    "values: floors: lists",
    "values: households_observed: structures",
    "values: population: bytes",
    "texts: building: clears the screen",
    "texts: building_name: a megabyte",
    "columns: all alike",
    "damaged: .parquet 0",
    "damaged: .osm.pbf 1",
    "no plain file: pipe .csv",
    "pointers: VRT to an address as .gpkg",
    "pointers: WFS as .json",
    "zips: wrong checksum",
    "OpenStreetMap: entity bomb",
    "JSON: nested 100,000 deep",
    "CSV: NUL",
    "plans: tables/neighbours.parquet damaged 4",
    "plans: manifest: nested 50,000 deep",
    "edits: script: binary",
    "edits: script: one line of 5 MB",
    "rules: a huge number",
    "pairs: missing",
)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    trials = {f"{t.kind}: {t.name}": t for t in hostile.list_trials()}
    chosen = [trials[name] for name in SAMPLE]
    loaded = (("check", "buildings.parquet"), ("audit", "plan-parquet"))
    return hostile.try_inputs(chosen, tmp_path_factory.mktemp("hostile"), loaded=loaded)


def test_hostile_inputs_are_read_or_refused_with_a_remedy_within_bounds(outcomes):
    faults = {f"{o.trial.kind}: {o.trial.name}": (o.faults, o.errors[-300:]) for o in outcomes}
    assert len(faults) == len(SAMPLE)
    assert {name: fault for name, fault in faults.items() if fault[0]} == {}


def test_the_corpus_has_every_kind_and_no_name_twice():
    trials = hostile.list_trials()
    names = [(t.kind, t.name) for t in trials]
    assert len(names) == len(set(names)) >= 300
    assert {name.partition(":")[0] for name in SAMPLE} >= {t.kind for t in trials} - {
        "crowds",
        "encodings",
    }


@pytest.mark.parametrize(
    ("status", "seconds", "errors", "fault"),
    [
        (3, 1.0, "error: unexpected KeyError -> please report this", "status 3"),
        (1, 1.0, "error: it is wrong", "no remedy is said"),
        (1, 1.0, "", "no error is said"),
        (0, 99.0, "", "no end within 20 s"),
        (1, 1.0, "error: a\x1b[2J -> correct it", "a control character on the screen: '\\x1b'"),
        (1, 1.0, "Traceback (most recent call last)\nerror: a -> b", "a trace"),
    ],
)
def test_what_is_not_held_is_seen(status, seconds, errors, fault):
    trial = Trial("kind", "name", print, (("check", "b.csv"),))
    outcome = Outcome(trial, status, seconds, 100.0, "", errors)
    assert list(find_faults(outcome, {}, {})) == [fault]


def test_files_left_behind_are_seen():
    trial = Trial("kind", "name", print, (("plan", "b.csv", "-o", "out"),))
    outcome = Outcome(trial, 1, 1.0, 100.0, "", "error: a -> b")
    assert list(find_faults(outcome, {"b.csv": 3}, {"b.csv": 3, "out": None})) == [
        "files changed though it failed: ['out']"
    ]
