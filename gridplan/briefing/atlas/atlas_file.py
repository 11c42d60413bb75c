"""The atlas as a PDF: drawn part by part, joined with bookmarks, the same bytes every time."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from gridplan.briefing.atlas.contents import AtlasSheet, list_letters, list_sheets
from gridplan.briefing.atlas.front_pages import (
    Index,
    draw_cover,
    draw_index_pages,
    lay_out_index,
    write_title,
)
from gridplan.briefing.atlas.pages import draw_sheet_pages
from gridplan.briefing.atlas.request import AtlasRequest
from gridplan.briefing.facts import Facts
from gridplan.briefing.request import BriefingRequest
from gridplan.engine.parallel_map import Progress, keep_silent, map_processes
from gridplan.errors import MissingPackageError, PlanError
from gridplan.plan import Plan
from gridplan.plots.figure import need_matplotlib
from gridplan.plots.fonts import choose_font, choose_pdf_type
from gridplan.plots.printed_map import WRITING, order_rows
from gridplan.plots.sheet.compose import compose_view, list_sheet_letters
from gridplan.plots.sheet.sheet_texts import write_foot
from gridplan.plots.sheet.texts import Typeface
from gridplan.plots.sheet.view import View
from gridplan.publishing.release_seal import require_release
from gridplan.storage import read_plan
from gridplan.tables.words import say

PART = 16  # sheets drawn into one file before all are joined; bytes do not depend on workers
PLAIN: dict[str, Any] = {"Creator": "gridplan", "Producer": None, "CreationDate": None}


@dataclass(frozen=True)
class Atlas:
    """An atlas as laid out, before it is drawn: its sheets, its index, and all its pages."""

    request: AtlasRequest
    title: str
    sheets: tuple[AtlasSheet, ...]
    index: Index
    pages: int

    @property
    def of(self) -> tuple[int, int]:
        """How many sheets and how many pages it has."""
        return len(self.sheets), self.pages


@dataclass(frozen=True)
class _Task:
    """A part of an atlas for a worker: where the plan is, which sheets, and the file to write."""

    plan: Path
    atlas: Atlas
    first: int
    last: int
    file: Path


def write_atlas(facts: Facts, request: BriefingRequest) -> bytes:
    """Write the atlas of a released plan as a PDF on A3.

    Raises
    ------
    MissingPackageError
        If matplotlib, pypdf or a font with all characters is missing.

    Examples
    --------
    >>> from gridplan.briefing.facts import collect_facts
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> facts = collect_facts(release(make_board_plan()))
    >>> write_atlas(facts, BriefingRequest(lang="en"))[:5]
    b'%PDF-'
    """
    asked = AtlasRequest(
        lang=request.lang,
        office=request.office,
        date=request.date,
        title=request.title,
        map_number=request.map_number,
        font=request.font,
    )
    buffer = io.BytesIO()
    draw_atlas(facts.plan, buffer, asked)
    return buffer.getvalue()


def draw_atlas(
    plan: Plan,
    target: Any,
    request: AtlasRequest,
    *,
    path: Path | None = None,
    workers: int | None = 1,
    progress: Progress = keep_silent,
) -> Atlas:
    """Draw an atlas part by part, and write its PDF into a file that is open for bytes.

    Parameters
    ----------
    plan
        A released plan; its disclosure check is run again.
    target
        A binary file to write to.
    request
        Paper, language, and what stands on every sheet.
    path
        The plan's folder, which worker processes read; without it this process
        draws all.
    workers
        Processes; one for each core if None.
    progress
        What is called with how many sheets are drawn.

    Raises
    ------
    PlanError
        If the plan is not released.
    MissingPackageError
        If matplotlib, pypdf or a font with all characters is missing.
    """
    need_matplotlib()
    _need_pypdf()
    if not plan.is_release:
        raise PlanError(
            "an atlas is made from a released plan alone -> gridplan release PLAN -o FOLDER, "
            "then gridplan atlas FOLDER -o atlas.pdf"
        )
    require_release(plan)
    plan = order_rows(plan)
    view = compose_view(plan, request.ask_sheet())
    letters = list_sheet_letters(plan, request.ask_sheet(), view) + list_letters(plan, request)
    request = replace(request, font=choose_font(letters, request.font))
    atlas = lay_out_atlas(plan, request, view)
    foot = write_foot(plan, request.ask_sheet())
    count = len(atlas.sheets)
    bounds = [(n, min(n + PART, count)) for n in range(0, count, PART)]
    progress("atlas", 0, count)
    with tempfile.TemporaryDirectory(prefix="gridplan-") as folder:
        files = [Path(folder) / f"{n:05d}.pdf" for n in range(len(bounds) + 1)]
        with WRITING:
            _write_part(files[0], atlas, lambda: _draw_front(plan, foot, atlas))
        if path is None or workers == 1:
            for (first, last), file in zip(bounds, files[1:], strict=True):
                with WRITING:
                    _write_sheets(plan, view, foot, _Task(Path(), atlas, first, last, file))
                progress("atlas", last, count)
        else:
            tasks = [
                _Task(path, atlas, first, last, file)
                for (first, last), file in zip(bounds, files[1:], strict=True)
            ]
            sizes = [task.last - task.first for task in tasks]
            map_processes(
                _work, tasks, workers=workers, sizes=sizes, stage="atlas", progress=progress
            )
        _join_parts(files, target, atlas)
    return atlas


def lay_out_atlas(plan: Plan, request: AtlasRequest, view: View) -> Atlas:
    """Lay out an atlas: which pages it has is known before any is drawn."""
    sheets = list_sheets(plan, request, view, Typeface(request.font))
    # How long the index is depends on no page number, which it holds.
    index = lay_out_index(plan, sheets, request)
    page = 2 + index.pages
    placed = []
    for sheet in sheets:
        placed.append(replace(sheet, page=page))
        page += sheet.pages
    index = lay_out_index(plan, placed, request)
    if 2 + index.pages != placed[0].page:
        shift = 2 + index.pages - placed[0].page
        placed = [replace(sheet, page=sheet.page + shift) for sheet in placed]
        index = lay_out_index(plan, placed, request)
        page += shift
    return Atlas(request, write_title(plan, request), tuple(placed), index, page - 1)


def _work(task: _Task) -> int:
    """Draw a part in a worker process, which reads the plan once."""
    plan, view, foot = _read(task.plan, task.atlas.request)
    _write_sheets(plan, view, foot, task)
    return task.last - task.first


@lru_cache(maxsize=1)
def _read(path: Path, request: AtlasRequest) -> tuple[Plan, View, list[str]]:
    plan = order_rows(read_plan(path))
    asked = request.ask_sheet()
    return plan, compose_view(plan, asked), write_foot(plan, asked)


def _write_sheets(plan: Plan, view: View, foot: list[str], task: _Task) -> None:
    def draw() -> Iterator[Any]:
        for sheet in task.atlas.sheets[task.first : task.last]:
            yield from draw_sheet_pages(plan, sheet, task.atlas.of, view, foot, task.atlas.request)

    _write_part(task.file, task.atlas, draw)


def _draw_front(plan: Plan, foot: list[str], atlas: Atlas) -> Iterator[Any]:
    yield draw_cover(plan, atlas.sheets, atlas.pages, foot, atlas.request)
    yield from draw_index_pages(plan, atlas.index, atlas.sheets, atlas.pages, foot, atlas.request)


def _write_part(file: Path, atlas: Atlas, draw: Callable[[], Iterator[Any]]) -> None:
    """Write pages into a PDF one by one: hundreds of them take no more memory than one."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_pdf import PdfPages

    fonttype = choose_pdf_type((atlas.request.font,))
    settings: Any = {"pdf.fonttype": fonttype, "path.simplify": False}
    with rc_context(settings), PdfPages(file, metadata=PLAIN) as pages:
        for figure in draw():
            pages.savefig(figure)
            figure.clear()


def _join_parts(files: Sequence[Path], target: Any, atlas: Atlas) -> None:
    """Join the parts into one PDF, with bookmarks: cover, index, subdistricts, communities."""
    from pypdf import PdfWriter

    writer = PdfWriter()
    for file in files:
        writer.append(str(file), import_outline=False)
    index = say("atlas.index", atlas.request.lang)
    writer.add_outline_item(title=atlas.title, page_number=0)
    writer.add_outline_item(title=index, page_number=1)
    above: Any = None
    named: str | None = None
    for sheet in atlas.sheets:
        page = sheet.page - 1
        if sheet.subdistrict != named:
            named = sheet.subdistrict
            above = writer.add_outline_item(title=named, page_number=page) if named else None
        text = f"{sheet.number} {sheet.name}"
        writer.add_outline_item(title=text, page_number=page, parent=above)
    writer.metadata = None
    writer.add_metadata({"/Title": atlas.title, "/Creator": "gridplan", "/Producer": "gridplan"})
    writer.write(target)


def _need_pypdf() -> None:
    try:
        import pypdf  # noqa: F401
    except ImportError as error:
        raise MissingPackageError("an atlas needs pypdf -> pip install 'gridplan[report]'") from (
            error
        )
