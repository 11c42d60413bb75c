"""The command line of the benchmarks: help, refusals, and which options go where."""

import sys
from types import SimpleNamespace

import pytest

from benchmarks import __main__ as door
from benchmarks.own_process import call_in_own_process


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["main_jbo"], "no benchmark is called main_jbo; there are main_job"),
        (["--ful"], "unrecognized arguments: --ful"),
        (["main_job", "--full"], "--full is not an option of main_job"),
    ],
)
def test_what_it_does_not_know_is_refused_before_anything_runs(words, said, capsys):
    with pytest.raises(SystemExit) as ended:
        door.main(words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_help_names_every_benchmark_and_runs_none(capsys):
    with pytest.raises(SystemExit) as ended:
        door.main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in door.BENCHMARKS)


def test_an_option_goes_only_to_those_that_take_it(monkeypatch):
    ran = []
    for name in ("division", "published"):
        run = lambda name=name, **options: ran.append((name, options))  # noqa: E731
        monkeypatch.setitem(sys.modules, f"benchmarks.{name}", SimpleNamespace(run=run))
    door.main(["published", "division", "--full"])
    assert ran == [("published", {}), ("division", {"full": True})]


def test_a_promise_that_is_not_held_is_seen_by_the_exit_status(monkeypatch):
    for name, held in (("hostile", False), ("published", None)):
        run = lambda held=held, **options: held  # noqa: E731
        monkeypatch.setitem(sys.modules, f"benchmarks.{name}", SimpleNamespace(run=run))
    assert door.main(["published"]) == 0
    assert door.main(["hostile", "published"]) == 1


def test_a_function_in_a_process_of_its_own_returns_its_figures_or_says_what_went_wrong():
    assert call_in_own_process("people", "show", 12, "{} m") == "12 m"
    with pytest.raises(RuntimeError, match="KeyError"):
        call_in_own_process("people", "show", 12, "{metres} m")
