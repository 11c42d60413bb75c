"""The house itself: stairs only go down, the door is the door, and every verb has its help."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import gridplan
from gridplan.tables.schema import read_schema

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gridplan"

# The floors stand once, in the page that shows them. A room may import within
# itself and from any floor below.
PAGE = (ROOT / "docs" / "design" / "house.md").read_text(encoding="utf-8")
FLOORS = {
    room: int(line.split()[0])
    for line in re.search(r"```floors\n(.*?)```", PAGE, re.DOTALL).group(1).splitlines()
    for room in line.split()[1:]
}
HEAVY = {
    "folium",
    "branca",
    "osmnx",
    "numba",
    "sklearn",
    "matplotlib",
    "selenium",
    "dask",
    "distributed",
}
COMPILED = {"division", "coverage/siting", "simulation"}  # the rooms whose business the kernels are


def list_modules():
    return sorted(p.relative_to(PACKAGE).with_suffix("").parts for p in PACKAGE.rglob("*.py"))


def find_imports(parts, everywhere=True):
    tree = ast.parse(PACKAGE.joinpath(*parts).with_suffix(".py").read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if everywhere else tree.body
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (
                name if name in MODULES or node.module == "gridplan" else node.module
                for name in names
            )
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def name_module(parts):
    return ".".join(("gridplan", *parts)).removesuffix(".__init__")


MODULES = {name_module(parts) for parts in list_modules()}


@pytest.mark.parametrize("parts", list_modules(), ids="/".join)
def test_stairs_only_go_down(parts):
    room = parts[0]
    for name in find_imports(parts):
        words = name.split(".")
        if words[0] != "gridplan" or len(words) == 1 or words[1] == "__version__":
            continue
        other = words[1]
        if other != room and room not in ("__init__", "__main__"):
            assert FLOORS[other] < FLOORS[room], (
                f"{'/'.join(parts)} imports {name}: not a floor below"
            )


def test_every_room_has_a_floor_and_every_floor_its_rooms():
    rooms = {parts[0] for parts in list_modules()} - {"__init__", "__main__"}
    assert rooms == set(FLOORS)


def test_no_modules_import_each_other_in_a_circle():
    below = {
        name_module(parts): set(find_imports(parts)) & MODULES - {name_module(parts)}
        for parts in list_modules()
    }
    below["gridplan"] = set()  # the door names rooms for type checkers only
    TopologicalSorter(below).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("parts", list_modules(), ids="/".join)
def test_heavy_libraries_are_imported_where_they_are_used(parts):
    if "/".join(parts).startswith(tuple(COMPILED)):
        return
    heavy = {name.split(".")[0] for name in find_imports(parts, everywhere=False)} & HEAVY
    assert not heavy, f"{'/'.join(parts)} imports {heavy} at its top"


def test_all_is_the_door():
    """What the door hands out is what type checkers read in its stub, and nothing is left over."""
    stub = (PACKAGE / "__init__.pyi").read_text(encoding="utf-8")
    names = re.findall(r"^from (gridplan\S*) import (\w+) as \2$", stub, re.MULTILINE)
    assert len(names) == stub.count("\nfrom ") == len({name for _, name in names})
    assert sorted(gridplan.__all__) == gridplan.__all__ == dir(gridplan)
    assert set(gridplan.__all__) == {name for _, name in names} | {"__version__"}
    for module, name in names:
        value = getattr(gridplan, name)
        assert inspect.unwrap(value) is getattr(importlib.import_module(module), name)
    # 45 until the estimates of households and their sampler were put at the door, 47 until
    # printed maps and the studio were
    assert len(gridplan.__all__) <= 50


def test_only_the_plan_reaches_up_and_only_through_the_door():
    """``plan.plot()`` and ``plan.explore()`` call what a caller would; no other room does."""
    using = [
        "/".join(parts)
        for parts in list_modules()
        if "gridplan" in set(find_imports(parts)) and parts != ("__init__",)
    ]
    assert using == ["plan"]
    assert "gridplan" not in set(find_imports(("plan",), everywhere=False))


LIBRARIES = "{'numpy', 'pandas', 'geopandas', 'shapely', 'folium', 'numba'}"


def test_importing_gridplan_imports_no_library():
    code = f"import sys, gridplan; print(sorted({LIBRARIES} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_help_needs_no_heavy_library():
    code = (
        "import sys\nfrom gridplan import cli\nfrom typer.testing import CliRunner\n"
        "assert CliRunner().invoke(cli.app, ['--help']).exit_code == 0\n"
        f"print(sorted({LIBRARIES} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def list_verbs():
    from gridplan.cli import app

    return sorted(command.name for command in app.registered_commands)


@pytest.mark.parametrize("verb", list_verbs())
def test_every_verb_has_help_and_stands_in_the_readme(verb):
    from typer.testing import CliRunner

    from gridplan.cli import app

    result = CliRunner().invoke(app, [verb, "--help"])
    assert result.exit_code == 0
    assert "gridplan " + verb in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_schema_has_unique_columns_with_labels_in_both_languages():
    for table, columns in read_schema().items():
        names = [c.name for c in columns]
        assert len(names) == len(set(names)), table
        assert [c.need for c in columns].count("key") == 1, table
        for column in columns:
            assert column.zh, f"{table}.{column.name}"
            assert column.label, f"{table}.{column.name}"
            assert column.meaning, f"{table}.{column.name}"
            assert re.search("[一-鿿]", column.zh), f"{table}.{column.name} has no Chinese label"


def test_no_room_is_too_large():
    large = []
    for parts in list_modules():
        text = PACKAGE.joinpath(*parts).with_suffix(".py").read_text(encoding="utf-8")
        if len(text.splitlines()) > 400:
            large.append("/".join(parts))
    assert not large
