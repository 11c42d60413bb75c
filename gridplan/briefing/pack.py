"""A briefing pack: every product of a released plan, with what each came to."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gridplan.briefing.facts import Facts, list_facts
from gridplan.briefing.pack_maps import draw_maps, draw_wall_map
from gridplan.briefing.products import find_writer
from gridplan.briefing.request import BriefingRequest
from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.errors import ArgumentError, GridplanError, MissingPackageError
from gridplan.tables.csv_text import MARK, write_csv_text
from gridplan.tables.words import say

# In the order in which a pack lists them.
PACK_PRODUCTS = ("docx", "pptx", "xlsx", "atlas", "maps", "wallmap", "html", "csv")
_PDF_PAGE = re.compile(rb"/Type\s*/Page\b")
_PARTS = {".pptx": r"ppt/slides/slide\d+\.xml", ".xlsx": r"xl/worksheets/sheet\d+\.xml"}


@dataclass(frozen=True)
class PackFile:
    """A file of a pack: its name, product and content.

    ``pages`` is 0 where nobody can count, ``views`` are those of a file of maps.
    """

    name: str
    product: str
    content: bytes
    pages: int
    seconds: float
    views: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """A product that was not written, and why; the reason says what to do."""

    product: str
    why: str


@dataclass(frozen=True)
class Pack:
    """The files of a pack in one language, and the products that were not written."""

    files: tuple[PackFile, ...]
    failures: tuple[Failure, ...]


def make_pack(
    facts: Facts,
    request: BriefingRequest,
    products: Sequence[str] = PACK_PRODUCTS,
    templates: Sequence[Path] = (),
    progress: Progress = keep_silent,
) -> Pack:
    """Make the products of a pack, one after the other; one that fails stops no other.

    Raises
    ------
    ArgumentError
        If a product is not known.

    Examples
    --------
    >>> from gridplan.briefing.facts import collect_facts
    >>> from gridplan.publishing.release_plan import release
    >>> from gridplan.synthetic import make_board_plan
    >>> facts = collect_facts(release(make_board_plan()))
    >>> [file.name for file in make_pack(facts, BriefingRequest(lang="en"), ["csv"]).files]
    ['figures.csv']
    """
    check_products(products)
    files: list[PackFile] = []
    failures: list[Failure] = []
    for product in products:
        progress(product, 0, 1)
        began = time.perf_counter()
        asked = replace(request, template=choose_template(product, templates))
        try:
            content, views = _make_content(product, facts, asked)
        except (GridplanError, ImportError) as error:
            failures.append(Failure(product, _explain(error)))
            continue
        name = say(f"pack.file_{product}", request.lang)
        seconds = time.perf_counter() - began
        files.append(PackFile(name, product, content, count_pages(name, content), seconds, views))
    return Pack(tuple(files), tuple(failures))


def check_products(products: Sequence[str]) -> None:
    """Refuse a product that no pack has.

    Raises
    ------
    ArgumentError
        With those that there are.
    """
    for product in products:
        if product not in PACK_PRODUCTS:
            raise ArgumentError(
                f"there is no product {product!r} -> one of {', '.join(PACK_PRODUCTS)}"
            )


def choose_template(product: str, templates: Sequence[Path]) -> Path | None:
    """Choose the office's own document for a product: the one of its kind."""
    return next((path for path in templates if path.suffix.lower() == f".{product}"), None)


def _make_content(
    product: str, facts: Facts, request: BriefingRequest
) -> tuple[bytes, tuple[str, ...]]:
    """Make the content of one product, and list the views of its maps."""
    if product in _MAKERS:
        return _MAKERS[product](facts, request)
    return find_writer("pdf" if product == "atlas" else product)(facts, request), ()


def _write_figures(facts: Facts, request: BriefingRequest) -> tuple[bytes, tuple[str, ...]]:
    """Write the figures of all bodies as CSV."""
    known = list_facts()
    lang = request.lang
    table = facts.values.merge(facts.bodies[["level", "body", "name"]], on=["level", "body"])
    names = [known[fact].name(lang) for fact in table["fact"]]
    units = [known[fact].unit_zh if lang == "zh" else known[fact].unit for fact in table["fact"]]
    table = table.assign(title=names, unit=units)
    columns = ["level", "body", "name", "fact", "title", "value", "unit", "part", "whole", "state"]
    text = write_csv_text(table[columns], index=False, float_format="%.6g", line_end="\r\n")
    return (MARK + text).encode(), ()


Maker = Callable[[Facts, BriefingRequest], tuple[bytes, tuple[str, ...]]]
_MAKERS: Mapping[str, Maker] = {
    "maps": draw_maps,
    "wallmap": draw_wall_map,
    "csv": _write_figures,
}


def _explain(error: Exception) -> str:
    """Explain why a product was not written: on one line, with what to do."""
    if isinstance(error, ImportError) and not isinstance(error, MissingPackageError):
        return f"{error.name or 'a package'} is missing -> pip install 'gridplan[report]'"
    return " ".join(str(error).split())


def count_pages(name: str, content: bytes) -> int:
    """Count the pages of a PDF, the slides or the sheets of a document; 0 for others.

    Examples
    --------
    >>> count_pages("a.pdf", b"<</Type /Pages>> <</Type /Page /Parent 1 0 R>>")
    1
    """
    ending = Path(name).suffix
    if ending == ".pdf":
        return len(_PDF_PAGE.findall(content)) or _count_pdf(content)
    if ending not in _PARTS:
        return 0
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        return sum(bool(re.fullmatch(_PARTS[ending], part)) for part in parts.namelist())


def _count_pdf(content: bytes) -> int:
    """Count the pages of a PDF whose objects are packed."""
    try:
        from pypdf import PdfReader
    except ImportError:
        return 0
    return len(PdfReader(io.BytesIO(content)).pages)
