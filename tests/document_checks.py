"""Check documents from outside: ``python -m tests.document_checks FILE... [--release FOLDER]``.

Pages are looked at by LibreOffice, poppler and, where they are installed,
pypdfium2 and pymupdf; with the release that a document was made from, its
numbers are held against the facts.
"""

import argparse
import getpass
import importlib.util
import io
import os
import platform
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tests import document_numbers, document_pages
from tests.document_pages import OFFICE

EARLIEST = 1980  # the year of all parts of a document; the first that a ZIP file can write
LATEST = 2020  # a date of later is one of the machine
# Folders of users on any machine, and the one at the top that this project stands in.
TOP = re.escape(str(Path(*Path.cwd().parts[:2])).encode())
PATHS = (
    *(rb"/home/[\w.-]+", rb"/tmp/[\w.-]+", rb"/root/", rb"[A-Z]:\\\\?Users"),
    TOP + rb"/[\w.-]+",
)
DATES = re.compile(rb"<dcterms:(?:created|modified)[^>]*>([^<]*)<")
PDF_DATES = (rb"/CreationDate", rb"/ModDate", rb"xmp:CreateDate")
# Two machines that differ in all that documents should not depend on.
MACHINES = (
    {"TZ": "UTC", "LANG": "C.UTF-8", "PYTHONHASHSEED": "1", "SHIFT": "0"},
    {"TZ": "Asia/Shanghai", "LANG": "zh_CN.UTF-8", "PYTHONHASHSEED": "2", "SHIFT": "40000000"},
)
# What another machine runs: the clock is put forward once everything is loaded.
WRITE = """
import datetime, os, sys, time
from pathlib import Path
import pandas, geopandas, matplotlib
import gridplan as gp
from gridplan.briefing.facts import collect_facts
from gridplan.briefing.products import find_writer
from gridplan.briefing.request import BriefingRequest
plan, product, lang, target, before = sys.argv[1:]
facts = collect_facts(gp.read_plan(plan))
earlier = collect_facts(gp.read_plan(before)) if before else None
shift, clock = float(os.environ["SHIFT"]), time.time
local, utc = time.localtime, time.gmtime
time.time = lambda: clock() + shift
time.localtime = lambda moment=None: local(time.time() if moment is None else moment)
time.gmtime = lambda moment=None: utc(time.time() if moment is None else moment)
class Later(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time(), tz)
    @classmethod
    def utcnow(cls):
        return cls.fromtimestamp(time.time(), datetime.timezone.utc).replace(tzinfo=None)
    today = now
datetime.datetime = Later
request = BriefingRequest(lang=lang, date="2026-11-29", before=earlier)
Path(target).write_bytes(find_writer(product)(facts, request))
"""


def check_container(path):
    """Whether a file holds no date, user, host or path of the machine, and no formula or link."""
    content = Path(path).read_bytes()
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return _search_traces(content, Path(path).name) + _search_dates(content)
    return _check_zip(content, Path(path).name)


def _check_zip(content, name):
    faults = []
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        for entry in file.infolist():
            part, place = file.read(entry), f"{name}, {entry.filename}"
            if entry.date_time[0] != EARLIEST:
                faults.append(f"{place}: written on {entry.date_time[:3]}")
            if entry.filename.endswith(OFFICE):
                faults += _check_zip(part, place)
                continue
            faults += _search_traces(part, place)
            faults += [
                f"{place}: date {date.decode()}"
                for date in DATES.findall(part)
                if int(date[:4]) >= LATEST
            ]
            if re.search(rb"<f[ >]", part) and "worksheets/" in entry.filename:
                faults.append(f"{place}: holds a formula")
            if b'TargetMode="External"' in part:
                faults.append(f"{place}: links to something outside")
    return faults


def _search_traces(part, place):
    """Search for names of the machine and its user."""
    names = {platform.node(), os.environ.get("SUDO_USER", ""), getpass.getuser()}
    # A short or common name, such as root, is a word that may well stand in a document.
    patterns = [re.escape(n.encode()) for n in names if len(n) > 5]
    hits = [re.search(pattern, part) for pattern in (*PATHS, *patterns)]
    return [f"{place}: names {hit.group().decode()!r} of the machine" for hit in hits if hit]


def _search_dates(content):
    return [f"holds the date {key.decode()}" for key in PDF_DATES if key in content]


def check_pictures(path):
    """Whether no picture of a .docx stands in a paragraph whose exact spacing would cut it."""
    from docx import Document
    from docx.enum.text import WD_LINE_SPACING

    faults = []
    for paragraph in Document(str(path)).paragraphs:
        if not paragraph._p.xpath(".//pic:pic"):
            continue
        rule, style = paragraph.paragraph_format.line_spacing_rule, paragraph.style
        while rule is None and style is not None:
            rule, style = style.paragraph_format.line_spacing_rule, style.base_style
        if rule == WD_LINE_SPACING.EXACTLY:
            faults.append("a picture is cut by the exact spacing of its paragraph")
        if not all(p.get("descr") for p in paragraph._p.xpath(".//wp:docPr")):
            faults.append("a picture has no description")
    return faults


def check_last_rows(path, pdf):
    """Whether the last row of every table of a .docx is on a page, behind the table's caption.

    A program that takes a table as one that cannot be broken may draw no row
    below the end of a page, and the same words may stand in another table.
    """
    from docx import Document

    text = document_pages.squeeze(document_pages.read_text(pdf))
    tables, caption = [], ""
    for block in Document(str(path)).iter_inner_content():
        if hasattr(block, "rows"):
            tables.append((caption, [cell.text for cell in block.rows[-1].cells]))
        elif block.text.strip():
            caption = document_pages.squeeze(block.text)
    ends = [text.find(caption) for caption, _cells in tables[1:]] + [len(text)]
    faults = []
    for (caption, cells), end in zip(tables, ends, strict=True):
        own = text[max(0, text.find(caption)) : end]
        lost = [c for c in cells if not document_pages.is_found(document_pages.squeeze(c), own)]
        faults += [f"the last row of {caption!r} is on no page: {lost[0]!r}"] if lost else []
    return faults


def check_shapes(path, pdf):
    """Whether the text of every shape and table of a .pptx stays within it on the page."""
    from pptx import Presentation

    faults = []
    pages = document_pages.trace_text(pdf)
    for number, slide in enumerate(Presentation(str(path)).slides, 1):
        frames = [_take_frame(shape) for shape in slide.shapes]
        frames = [frame for frame in frames if frame]
        charts = [_take_box(s) for s in slide.shapes if getattr(s, "has_chart", False)]
        for piece in pages[number - 1][2]:
            text = document_pages.squeeze(document_pages.read_piece(piece))
            if any(document_pages.measure_beyond(piece["bbox"], box) == 0 for box in charts):
                continue  # what a chart writes is in no shape
            homes = [box for words, box in frames if text and text in words]
            over = [document_pages.measure_beyond(piece["bbox"], box) for box in homes]
            if over and min(over) > 2 * document_pages.SLACK:
                faults.append(
                    f"page {number}: {text!r} reaches {min(over):.0f} points beyond its shape"
                )
    return faults


def _take_frame(shape):
    """Take the text of a shape or table and its box in points."""
    if getattr(shape, "has_table", False) and shape.has_table:
        texts = [cell.text for row in shape.table.rows for cell in row.cells]
    elif shape.has_text_frame:
        texts = [shape.text_frame.text]
    else:
        return None
    return document_pages.squeeze("".join(texts)), _take_box(shape)


def _take_box(shape):
    """Take the box of a shape in points."""
    left, top = shape.left / 12700, shape.top / 12700
    return left, top, left + shape.width / 12700, top + shape.height / 12700


def check_same_bytes(release, product, lang, folder, before=""):
    """Whether a product is the same bytes on two machines with other clocks and languages."""
    written = []
    for number, machine in enumerate(MACHINES):
        target = Path(folder) / f"{number}.{product}"
        words = [sys.executable, "-c", WRITE, str(release), product, lang, str(target), str(before)]
        where = {**os.environ, **machine, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run(words, env=where, check=True, capture_output=True, text=True)
        written.append(target.read_bytes())
    return [] if written[0] == written[1] else [f"{product} in {lang}: not the same bytes twice"]


def check_pages(path, pdf):
    """Check the pages of a document that were made into a PDF."""
    ending = Path(path).suffix
    faults = document_pages.check_page_count(pdf, ending) + document_pages.check_pdf(pdf)
    if ending == ".xlsx":
        faults += document_pages.check_wide_numbers(pdf)
    if ending in (".docx", ".pptx"):
        wanted = document_numbers.list_wanted(document_numbers.read_document(path))
        faults += document_pages.check_text(pdf, wanted)
    if ending == ".docx":
        faults += [*check_pictures(path), *check_last_rows(path, pdf)]
    if ending == ".pptx" and importlib.util.find_spec("pymupdf"):
        faults += check_shapes(path, pdf)
    return faults


def check_figures(path, facts, sections, request):
    """Hold the numbers of an Office document against the facts; faults, and how many were held."""
    content = document_numbers.read_document(path)
    cells, compared = document_numbers.check_cells(content, facts, request.lang)
    pool = document_numbers.gather_pool(facts, sections, request)
    others, looked = document_numbers.check_numbers(content, facts, pool)
    return [*cells, *others], (compared, looked)


def collect(release, before, simulation, lang):
    """Collect the facts, the request and the sections that the documents were made from."""
    import pandas as pd

    import gridplan as gp
    from gridplan.briefing.facts import collect_facts
    from gridplan.briefing.request import BriefingRequest
    from gridplan.briefing.sections import write_sections

    facts = collect_facts(gp.read_plan(release))
    earlier = collect_facts(gp.read_plan(before)) if before else None
    figures = pd.read_csv(simulation, encoding="utf-8-sig") if simulation else None
    request = BriefingRequest(lang=lang, date="2026-11-29", before=earlier, simulation=figures)
    return facts, write_sections(facts, request), request


def main(words=None):
    """Check the files and print what is wrong with each; returns 1 if anything is."""
    parser = argparse.ArgumentParser("python -m tests.document_checks", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--release", type=Path, help="the release that they were made from")
    parser.add_argument("--before", type=Path, help="the release before")
    parser.add_argument("--simulation", type=Path, help="requests.csv of a simulation")
    parser.add_argument("--lang", choices=("zh", "en"), default="zh")
    parser.add_argument("--keep", type=Path, help="keep the PDFs of the pages here")
    chosen = parser.parse_args(words)
    source = None
    if chosen.release:
        source = collect(chosen.release, chosen.before, chosen.simulation, chosen.lang)
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        office = [path for path in chosen.files if path.suffix in OFFICE]
        pages = document_pages.convert(office, chosen.keep or Path(scratch)) if office else {}
        for path in chosen.files:
            pdf = path if path.suffix == ".pdf" else pages.get(path)
            faults = check_container(path)
            faults += check_pages(path, pdf) if pdf else []
            held = ""
            if source and path.suffix in (*OFFICE, ".html"):
                more, (compared, looked) = check_figures(path, *source)
                held = f", {compared} cells and {looked} numbers held against the facts"
                faults += more
            count = f"{document_pages.count_pages(pdf)} pages" if pdf else "no pages"
            print(f"{path}: {count}{held}, {len(faults)} faults")  # noqa: T201
            for fault in faults:
                print(f"  {fault}")  # noqa: T201
            wrong += len(faults)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
