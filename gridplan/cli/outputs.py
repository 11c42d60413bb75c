"""What a command will write, tried while its options are read: before the work, not after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from gridplan.cli.language import LANGUAGE
from gridplan.engine.whole_files import try_file, try_folder

_PICTURE = "gridplan.picture"
_LANG = "gridplan.lang"


def try_output_file(path: Path | None) -> Path | None:
    """Try a file that will be written."""
    if path is not None:
        try_file(path)
    return path


def try_output_folder(path: Path | None) -> Path | None:
    """Try a folder that tables will be written into."""
    if path is not None:
        try_folder(path)
    return path


def try_town(path: Path) -> Path:
    """Try what a synthetic town will be written to: a GeoPackage, or a folder of files."""
    if path.suffix.lower() == ".gpkg":
        try_file(path)
    elif not path.is_file():
        try_folder(path)
    return path


def try_picture(context: typer.Context, path: Path | None) -> Path | None:
    """Try a picture that will be drawn: its file, its format and what draws it."""
    if path is None:
        return None
    if path.suffix.lower() != ".png":
        raise typer.BadParameter(f"{path}: name a file that ends in .png")
    try_file(path)
    # it loads matplotlib, which only a picture should cost
    from gridplan.plots.figure import need_matplotlib

    need_matplotlib()
    context.meta[_PICTURE] = path
    _try_font(context)
    return path


def try_sheet(context: typer.Context, param: typer.CallbackParam, path: Path | None) -> Path | None:
    """Try a printed map that will be drawn, whose option names its format."""
    if path is None:
        return None
    if path.suffix.lower() != f".{param.name}":
        raise typer.BadParameter(f"{path}: name a file that ends in .{param.name}")
    try_file(path)
    from gridplan.plots.figure import need_matplotlib

    need_matplotlib()
    context.meta[_PICTURE] = path
    _try_font(context)
    return path


def try_language(context: typer.Context, lang: Any) -> Any:
    """Take the language of the command where a verb names none, and try to draw pictures in it."""
    source = context.get_parameter_source("lang")
    if source is not None and source.name == "DEFAULT":
        lang = type(lang)(LANGUAGE.lang)
    context.meta[_LANG] = lang
    _try_font(context)
    return lang


def _try_font(context: typer.Context) -> None:
    """Look for a font with Chinese characters once both the picture and its language are known."""
    if _PICTURE in context.meta and context.meta.get(_LANG) == "zh":
        from gridplan.plots.fonts import choose_font

        choose_font("网格")


def try_engine(value: Any) -> Any:
    """Try whether the package is there by which an engine of that name works."""
    if value == "dask":
        from gridplan.engine.parallel_map import need_dask

        need_dask()
    return value


def try_scheduler(address: str | None) -> None:
    """Try whether the scheduler of a cluster answers; a verb does so, since it takes seconds."""
    if address is not None:
        from gridplan.engine import parallel_map

        parallel_map.try_scheduler(address)


def try_date(date: str | None) -> str | None:
    """Try whether a day is written as YYYY-MM-DD."""
    import datetime

    if date is None:
        return None
    try:
        good = datetime.date.fromisoformat(date).isoformat() == date
    except ValueError:
        good = False
    if not good:
        raise typer.BadParameter(f"{date}: write YYYY-MM-DD, e.g. 2026-11-29")
    return date
