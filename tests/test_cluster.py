"""Engines: the same plan, byte for byte, in this process, in several, and on a Dask cluster."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

import gridplan as gp
from gridplan.city.city_plan import plan_city
from gridplan.engine.parallel_map import map_processes
from gridplan.synthetic.city import write_city
from gridplan.synthetic.town import lay_out_town

QUICK = gp.Rules().replace(division={"effort": "quick"})
DASK = [sys.executable, "-m", "dask"]


def read_files(folder):
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """Three villages, each a chunk of its own."""
    town = lay_out_town(communities=3, urban_share=0.0, households=120, seed=2)
    return write_city(town, tmp_path_factory.mktemp("cluster") / "town", workers=1)


def plan(town, output, **how):
    plan_city(town, output, QUICK, seed=1, chunk=1, **how)
    return read_files(output)


@pytest.fixture(scope="module")
def serial(town, tmp_path_factory):
    return plan(town, tmp_path_factory.mktemp("cluster") / "plan", engine="serial")


@pytest.fixture
def scheduler(tmp_path):
    """A scheduler on loopback with two workers of one thread, each a process by itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    host, port = address.removeprefix("tcp://").split(":")
    words = [["scheduler", "--host", host, "--port", port, "--no-dashboard"]]
    words += [
        [
            "worker",
            address,
            "--nthreads",
            "1",
            "--no-nanny",
            "--no-dashboard",
            "--local-directory",
            str(tmp_path),
        ]
    ] * 2
    processes = [
        subprocess.Popen([*DASK, *word], cwd=tmp_path, stderr=subprocess.DEVNULL) for word in words
    ]
    yield address
    for process in reversed(processes):
        process.kill()
        process.wait()


@pytest.mark.slow  # a scheduler and two workers are processes that load everything again
def test_a_cluster_reached_by_its_address_makes_the_same_plan(
    town, serial, scheduler, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert plan(town, Path("plan"), engine="dask", scheduler=scheduler) == serial


@pytest.mark.slow
def test_a_cluster_of_this_machine_makes_the_same_plan(town, serial, tmp_path):
    assert plan(town, tmp_path / "plan", engine="dask", workers=2) == serial


@pytest.mark.slow
def test_processes_make_the_same_plan(town, serial, tmp_path):
    assert plan(town, tmp_path / "plan", engine="processes", workers=2) == serial


@pytest.mark.slow
def test_the_command_line_takes_the_address_of_a_scheduler(town, serial, scheduler, tmp_path):
    words = [
        "plan",
        town,
        "-o",
        "plan",
        "--seed",
        1,
        "--effort",
        "quick",
        "--chunk",
        1,
        "--scheduler",
        scheduler,
    ]
    words = [sys.executable, "-m", "gridplan", *map(str, words)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    mine = read_files(tmp_path / "plan")
    assert {name for name in mine if mine[name] != serial[name]} == {
        "tables/manifest.json"
    }  # it knows the hashes of its inputs


def test_a_scheduler_that_does_not_answer_is_a_clear_error(monkeypatch):
    monkeypatch.setattr("gridplan.engine.parallel_map.ANSWERS", 0.5)
    with pytest.raises(
        gp.errors.EngineError,
        match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1 .*dask scheduler",
    ):
        map_processes(abs, [1, 2], engine="dask", scheduler="tcp://127.0.0.1:1")


def test_a_missing_dask_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(gp.errors.MissingPackageError, match=r"pip install 'gridplan\[dask\]'"):
        map_processes(abs, [1, 2], engine="dask")


def test_an_engine_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="serial, processes, dask"):
        map_processes(abs, [1, 2], engine="spark")
