"""The files that are taken away, each made by the function that the command line makes it with."""

from __future__ import annotations

import html
import io
import re
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridplan.engine.parallel_map import Progress
from gridplan.plan import Plan
from gridplan.tables.schema import Language
from gridplan.tables.words import say
from gridplan.workbench.orders import Order

if TYPE_CHECKING:
    from gridplan.briefing.facts import Facts

# The date in archives: the same state gives the same bytes.
_DAY = (2000, 1, 1, 0, 0, 0)
_OFFICE = "application/vnd.openxmlformats-officedocument"
_MEDIA = {
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "pptx": f"{_OFFICE}.presentationml.presentation",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
}
_TO_COUNT = 30  # buildings of a field sheet, as ``gridplan sample`` proposes them


@dataclass(frozen=True)
class Made:
    """A file that was made: its name, media type and content, and notes for the page."""

    name: str
    media: str
    content: bytes
    notes: tuple[str, ...] = ()


def _make_sheet(plan: Plan, order: Order, progress: Progress) -> Made:
    """Draw the printed sheet of what is on the screen, and a page that lists its sub-grids."""
    from gridplan.workbench.screen_sheet import draw_screen_sheet

    content, notes = draw_screen_sheet(plan, order)
    return Made(order.name_file(".pdf", "sheet"), "application/pdf", content, notes)


def _make_map(plan: Plan, order: Order, progress: Progress) -> Made:
    """Draw the interactive map, one page that opens without a network."""
    from gridplan.maps.draw import draw_map
    from gridplan.maps.offline import write_map

    title = order.title if order.draft else None
    with tempfile.TemporaryDirectory() as place:
        page = Path(place) / "map.html"
        write_map(draw_map(plan, lang=order.lang, title=title), page)
        return Made(order.name_file(".html", "map"), "text/html", page.read_bytes())


def _make_qgis(plan: Plan, order: Order, progress: Progress) -> Made:
    """Pack the GeoPackage with its QGIS project, rules and list."""
    from gridplan.storage.plan_folder import write_plan

    with tempfile.TemporaryDirectory() as place:
        folder = write_plan(plan, Path(place) / "plan", format="gpkg")
        progress("packing", 0, 1)
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            files = {file.name: file.read_bytes() for file in sorted(folder.iterdir())}
            if order.draft:
                files["DRAFT.txt"] = f"{order.title}\n{order.time}\n".encode()
            for name, data in files.items():
                entry = zipfile.ZipInfo(f"{order.name}/{name}", _DAY)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, data)
    return Made(order.name_file(".zip", "qgis"), "application/zip", content.getvalue())


def _collect_facts(plan: Plan, progress: Progress) -> Facts:
    """Make a release of the plan, which passes its disclosure check, and collect its facts."""
    from gridplan.briefing.facts import collect_facts
    from gridplan.publishing.release_plan import release

    progress("release", 0, 2)
    leaving = release(plan, rules=plan.rules.disclosure)
    progress("brief", 1, 2)
    return collect_facts(leaving)


def _make_brief(plan: Plan, order: Order, progress: Progress) -> Made:
    """Write the briefing page from a release of the plan, in both languages."""
    from gridplan.briefing.page.page_file import write_html_parts
    from gridplan.briefing.request import BriefingRequest

    facts = _collect_facts(plan, progress)
    languages: tuple[Language, ...] = ("zh", "en")
    asked = [BriefingRequest(lang=lang, office=order.office) for lang in languages]
    page = write_html_parts([(facts, request) for request in asked]).decode()
    if order.draft:
        stamp = f'<p class="stamp"><strong>{html.escape(order.title)}</strong></p>'
        page = re.sub("<body[^>]*>", lambda tag: tag[0] + stamp, page, count=1)
    return Made(order.name_file(".html", "brief"), "text/html", page.encode())


def _make_document(plan: Plan, order: Order, progress: Progress) -> Made:
    """Write the briefing as a document, slides or workbook from a release of the plan."""
    from gridplan.briefing.products import find_writer
    from gridplan.briefing.request import BriefingRequest

    facts = _collect_facts(plan, progress)
    # What is not saved says so where the title stands.
    title = order.title if order.draft else ""
    request = BriefingRequest(lang=order.lang, office=order.office, title=title)
    content = find_writer(order.what)(facts, request)
    return Made(order.name_file(f".{order.what}", "brief"), _MEDIA[order.what], content)


def _make_field_sheet(plan: Plan, order: Order, progress: Progress) -> Made:
    """Write the sheet of buildings to count, for Excel where that can be written, else CSV."""
    from gridplan.comparison.count_sample import propose_counts
    from gridplan.comparison.count_sheets import encode_workbook
    from gridplan.tables.csv_text import MARK, write_csv_text

    table = propose_counts(plan, _TO_COUNT)
    notes = () if len(table) else (say("studio_file.nothing_to_count", order.lang),)
    if find_spec("xlsxwriter"):
        content = encode_workbook(table)
        return Made(order.name_file(".xlsx", "to-count"), _MEDIA["xlsx"], content, notes)
    text = MARK + write_csv_text(table.set_index("order"))
    return Made(order.name_file(".csv", "to-count"), "text/csv", text.encode(), notes)


def _make_list(plan: Plan, order: Order, progress: Progress) -> Made:
    """Write the list of sub-grids that lies beside every plan."""
    from gridplan.storage.companion_files import list_subgrids
    from gridplan.tables.csv_text import MARK

    text = MARK + list_subgrids(plan.subgrids)
    return Made(order.name_file(".csv", "subgrids"), "text/csv", text.encode())


@dataclass(frozen=True)
class Kind:
    """A kind of file: what makes it, and the packages that it needs."""

    make: Callable[[Plan, Order, Progress], Made]
    needs: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "sheet": Kind(_make_sheet, ("matplotlib",)),
    "map": Kind(_make_map),
    "qgis": Kind(_make_qgis),
    "brief": Kind(_make_brief),
    "docx": Kind(_make_document, ("docx", "matplotlib")),
    "pptx": Kind(_make_document, ("pptx", "matplotlib")),
    "xlsx": Kind(_make_document, ("xlsxwriter",)),
    "field_sheet": Kind(_make_field_sheet),
    "list": Kind(_make_list),
}


def make_file(plan: Plan, order: Order, progress: Progress) -> dict[str, Any]:
    """Make a file, in the process of its own; returns name, media type, content and notes."""
    progress("drawing", 0, 1)
    made = KINDS[order.what].make(plan, order, progress)
    return {
        "name": made.name,
        "media": made.media,
        "content": made.content,
        "notes": list(made.notes),
    }
