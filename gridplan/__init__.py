"""gridplan draws, audits and maps a city's plan of small grids.

In a notebook::

    import gridplan as gp

    site = gp.load_example()       # or gp.read_site("town.gpkg"): checked and put in order
    plan = gp.divide(site, seed=1) # sub-grids of a few dozen households, for towns and villages
    print(gp.audit(plan))          # every rule, recomputed from the plan's own tables
    plan.explore()                 # a map that needs no network
    gp.write_plan(plan, "outputs/town")

This is the door: every public name and nothing else. The names are written
once, in ``__init__.pyi`` beside this file. What is behind a name is imported
when it is first used, so ``import gridplan`` does nothing and takes no time; and a
function that is called through the door has its arguments checked.
"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

__version__ = "0.1.0"


def _read_door() -> dict[str, str]:
    """Read from the stub which module each public name comes from."""
    # parsed, not imported: importing it would load every room
    stub = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    return {
        alias.name: node.module
        for node in ast.parse(stub).body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


_DOOR = _read_door()
__all__ = sorted([*_DOOR, "__version__"])


def __getattr__(name: str) -> Any:
    """Import what is behind a public name when it is first asked for."""
    if name not in _DOOR:
        raise AttributeError(f"module 'gridplan' has no attribute {name!r}")
    # a whole module, such as errors, and not something in one
    if _DOOR[name] == "gridplan":
        return import_module(f"gridplan.{name}")
    from gridplan.tables.arguments import check_arguments

    value = getattr(import_module(_DOOR[name]), name)
    # classes check what they are given by themselves
    if callable(value) and not isinstance(value, type):
        value = check_arguments(value)
    # from now on the name is found here, and __getattr__ is not called again
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, so that completion shows them."""
    return __all__
