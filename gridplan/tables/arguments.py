"""Arguments at the door: of the right type, or refused with what is wanted and how to get it.

A public function says in its annotations what it takes. What is annotated with
types that are known here alone is checked when the function is called through
``gridplan``; modules that call each other inside are not held up by it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from gridplan.errors import ArgumentError

# Classes by their names in annotations, and where each is found. They are on
# floors above, so they are looked up when a call is checked, not imported here.
CLASSES = {
    "Plan": "gridplan.plan",
    "Rules": "gridplan.rules.all_rules",
    "Site": "gridplan.site",
}
NUMBERS: dict[str, type] = {"float": Real, "int": Integral}
WANTED = {
    "Plan": "a Plan",
    "Rules": "Rules, a mapping of rules or the path of a TOML file",
    "Site": "a Site",
    "float": "a number",
    "int": "a whole number",
}
# What to do with what came instead: by what is wanted and what came.
REMEDIES = {
    ("Plan", "path"): "gp.read_plan(path) reads a plan from disk",
    ("Plan", "Site"): "gp.divide(site) makes a plan of a site",
    ("Plan", ""): "gp.divide makes a plan, gp.read_plan reads one",
    ("Site", "path"): "gp.read_site(path) reads a site from files",
    ("Site", "Plan"): "plan.site is the site that a plan was made on",
    ("Site", "frame"): "gp.read_site(table) makes a site of a table of buildings",
    ("Site", ""): "gp.read_site reads a site",
    ("Rules", ""): "gp.Rules() holds them all; gridplan rules prints a file to start from",
}


def check_arguments(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with its arguments checked before each call.

    Rules may come as a mapping or a path.

    Examples
    --------
    >>> def grow(seed: int) -> int:
    ...     return seed
    >>> check_arguments(grow)(3)
    3
    >>> check_arguments(grow)("3")
    Traceback (most recent call last):
    gridplan.errors.ArgumentError: grow: seed must be a whole number, not the text '3'
    """
    signature = inspect.signature(function)
    wanted = {
        name: names
        for name, parameter in signature.parameters.items()
        if (names := _read_annotation(parameter.annotation))
    }

    # help() and completion still show the function's own signature
    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise ArgumentError(
                f"{function.__name__}: {error} -> help(gp.{function.__name__}) lists what it takes"
            ) from error
        for name, value in bound.arguments.items():
            if name in wanted:
                bound.arguments[name] = take_argument(function.__name__, name, value, wanted[name])
        return function(*bound.args, **bound.kwargs)

    return checked


def take_argument(function: str, name: str, value: Any, wanted: tuple[str, ...]) -> Any:
    """Return the value of an argument if it is of a type that is wanted.

    Rules are made of what they can be made of.
    """
    if value is None and "None" in wanted:
        return value
    kinds = [kind for kind in wanted if kind != "None"]
    if isinstance(value, tuple(_find_type(kind) for kind in kinds)):
        return value
    if "Rules" in kinds and isinstance(value, Mapping):
        return _find_type("Rules").from_dict(value)  # type: ignore[attr-defined]
    if "Rules" in kinds and isinstance(value, (str, Path)):
        return _find_type("Rules").from_file(value)  # type: ignore[attr-defined]
    # the remedy for what came, else the general one for what is wanted
    came = (_name_kind(value), "")
    remedies = (REMEDIES.get((kind, what), "") for what in came for kind in kinds)
    remedy = next(filter(None, remedies), "")
    allowed = " or ".join(WANTED[kind] for kind in kinds)
    raise ArgumentError(
        f"{function}: {name} must be {allowed}, not {_describe(value)}"
        + (f" -> {remedy}" if remedy else "")
    )


def _read_annotation(annotation: Any) -> tuple[str, ...]:
    """Read the names of the types in an annotation; none if one of them is not known here."""
    names = tuple(name.strip() for name in str(annotation).split("|"))
    known = {*CLASSES, *NUMBERS, "None"}
    return names if set(names) <= known and names != ("None",) else ()


def _find_type(name: str) -> type:
    if name in NUMBERS:
        return NUMBERS[name]
    kind: type = getattr(import_module(CLASSES[name]), name)
    return kind


def _name_kind(value: Any) -> str:
    """Name the kind of what came: a path, a table, or the class of an object."""
    if isinstance(value, (str, Path)):
        return "path"
    # by name: GeoDataFrame and DataFrame, without importing pandas
    name = type(value).__name__
    return "frame" if name.endswith("DataFrame") else name


def _describe(value: Any) -> str:
    """Describe what came in a few words."""
    if value is None:
        return "None"
    if isinstance(value, str):
        return f"the text {value[:60]!r}"
    if isinstance(value, (int, float)):
        return f"{value!r}"
    return f"a {type(value).__name__}"
