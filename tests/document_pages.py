"""Pages of documents: turned into PDF, drawn by several programs, and searched for faults.

Every check returns the faults it saw as texts, none where all is well.
"""

import functools
import importlib.util
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path

import numpy as np

OFFICE = (".docx", ".pptx", ".xlsx")
FEWEST = {".docx": 1, ".pptx": 3, ".xlsx": 2, ".pdf": 1}
MOST = {".docx": 60, ".pptx": 40, ".xlsx": 1500, ".pdf": 1000}
DPI = 48
BLOCK = 24  # pixels of a block whose ink is compared, half an inch
INK = 0.22  # share of a block's ink that two programs may differ by
INK_PAGE = 0.05  # the same of a whole page, whose fine lines each draws in its own width
SLACK = 1.5  # points that text may reach beyond the page or its shape
OVERLAP = 0.25  # share of the smaller piece of text that another may cover
PIECE = 4  # a text of so many characters may be cut once, of twice as many twice
SEEN_WITHOUT = "\u200b\ufeff\u00ad\u2060"  # characters without a glyph


def find_missing_programs():
    """List the programs that turning documents into pages needs and that are not here."""
    programs = {
        "soffice": "libreoffice-writer libreoffice-calc libreoffice-impress",
        "pdftoppm": "poppler-utils",
        "pdffonts": "poppler-utils",
        "pdftotext": "poppler-utils",
    }
    return sorted({package for name, package in programs.items() if not shutil.which(name)})


def convert(paths, folder):
    """Turn Office documents into PDF by one LibreOffice; returns where each PDF is."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    words = [
        *("soffice", "--headless", f"-env:UserInstallation={(folder / 'profile').as_uri()}"),
        *("--convert-to", "pdf", "--outdir", str(folder), *map(str, paths)),
    ]
    run = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    made = {Path(path): folder / f"{Path(path).stem}.pdf" for path in paths}
    lost = [str(path) for path, pdf in made.items() if not pdf.exists()]
    if lost:
        raise RuntimeError(f"{', '.join(lost)}: not turned into PDF: {run.stdout}{run.stderr}")
    return made


def count_pages(pdf):
    """Count the pages of a PDF."""
    from pypdf import PdfReader

    return len(PdfReader(pdf).pages)


def check_page_count(pdf, ending):
    """Whether a document has as many pages as a sane one may have."""
    pages = count_pages(pdf)
    if FEWEST[ending] <= pages <= MOST[ending]:
        return []
    return [f"{pages} pages; {FEWEST[ending]} to {MOST[ending]} are sane"]


def check_fonts(pdf):
    """Whether every font is embedded as a subset and says which characters its glyphs are."""
    run = subprocess.run(["pdffonts", str(pdf)], capture_output=True, text=True, check=True)
    faults = []
    for line in run.stdout.splitlines()[2:]:
        words = line.split()
        embedded, subset, unicode = words[-5:-2]
        if "no" in (embedded, subset, unicode):
            faults.append(
                f"font {words[0]}: embedded {embedded}, subset {subset}, unicode {unicode}"
            )
    if len(run.stdout.splitlines()) < 3:
        faults.append("no font at all, so no text that can be searched")
    return faults


@functools.lru_cache(maxsize=4)
def trace_text(pdf):
    """List the pieces of text of every page, with their glyphs and boxes; needs pymupdf."""
    import pymupdf

    pages = []
    with pymupdf.open(pdf) as document:
        for page in document:
            types = {font[3].rpartition("+")[2]: font[2] for font in page.get_fonts()}
            pages.append((tuple(page.rect), types, page.get_texttrace()))
    return pages


def check_glyphs(pdf):
    """Whether no character is drawn as the box of a missing glyph."""
    faults = [*_check_drawn_glyphs(pdf)]
    if not importlib.util.find_spec("pymupdf"):
        return faults
    for number, (_page, types, pieces) in enumerate(trace_text(pdf), 1):
        boxes = set()
        for piece in pieces:
            drawn = types.get(piece["font"], "") == "Type3"  # its glyph 0 is like any other
            for code, glyph, *_rest in piece["chars"]:
                missing = glyph == 0 and not drawn and chr(code) not in SEEN_WITHOUT
                if code == 0xFFFD or (missing and not chr(code).isspace()):
                    boxes.add(f"{chr(code)} (U+{code:04X}) in {piece['font']}")
        faults += [f"page {number}: box instead of {box}" for box in sorted(boxes)]
    return faults


def _check_drawn_glyphs(pdf):
    """Look for the box of missing glyphs in fonts whose glyphs are drawings (Type 3)."""
    from pypdf import PdfReader

    seen, faults = set(), []
    for page in PdfReader(pdf).pages:
        resources = page.get("/Resources")
        fonts = resources.get_object().get("/Font") if resources else None
        for font in fonts.get_object().values() if fonts else ():
            font = font.get_object()
            name = str(font.get("/BaseFont", font.get("/Name")))
            glyphs = font.get("/CharProcs")
            if glyphs and name not in seen and "/.notdef" in glyphs.get_object():
                faults.append(f"font {name} draws the box of a missing glyph")
            seen.add(name)
    return faults


def check_inside(pdf):
    """Whether all text lies on its page."""
    faults = []
    for number, (page, _types, pieces) in enumerate(trace_text(pdf), 1):
        for piece in pieces:
            if not read_piece(piece):
                continue
            over = measure_beyond(piece["bbox"], page)
            if over > SLACK:
                faults.append(
                    f"page {number}: {read_piece(piece)!r} lies {over:.0f} points off the page"
                )
    return faults


def measure_beyond(box, frame):
    """Measure by how many points a box reaches beyond a frame, 0 where it is inside."""
    low = max(frame[0] - box[0], frame[1] - box[1])
    return max(low, box[2] - frame[2], box[3] - frame[3], 0.0)


def read_piece(piece):
    """Read the text of a piece."""
    return "".join(chr(char[0]) for char in piece["chars"]).strip()


def check_overlaps(pdf):
    """Whether no piece of text covers another."""
    faults = []
    for number, (_page, _types, pieces) in enumerate(trace_text(pdf), 1):
        flat = [p for p in pieces if read_piece(p) and p["type"] == 0 and p["dir"] == (1.0, 0.0)]
        boxes = [_trim(piece) for piece in flat]
        order = np.argsort([box[0] for box in boxes], kind="stable")
        for a, b in _pair_near(boxes, order):
            share = _share_covered(boxes[a], boxes[b])
            words = read_piece(flat[a]), read_piece(flat[b])
            # The same text twice at one place is bold by overprinting, not a collision.
            if share > OVERLAP and words[0] != words[1]:
                faults.append(f"page {number}: {words[0]!r} and {words[1]!r} cover each other")
    return faults


def _trim(piece):
    """Take the box of the characters without the room that a font keeps above and below."""
    left, top, right, bottom = piece["bbox"]
    spare = max(0.0, (bottom - top) - piece["size"] * 0.8) / 2
    return left, top + spare, right, bottom - spare


def _pair_near(boxes, order):
    """Pair the boxes that overlap from left to right, sweeping over them."""
    open_ones = []
    for b in order:
        open_ones = [a for a in open_ones if boxes[a][2] > boxes[b][0]]
        yield from ((a, b) for a in open_ones)
        open_ones.append(b)


def _share_covered(a, b):
    """Measure which share of the smaller box both cover."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    if width <= 0 or height <= 0 or min(areas) <= 0:
        return 0.0
    return width * height / min(areas)


def check_wide_numbers(pdf):
    """Whether no column of a sheet is too narrow for its numbers (####)."""
    hit = re.search(r"#{3,}", read_text(pdf))
    return ["a column is too narrow: ### instead of a number"] if hit else []


@functools.lru_cache(maxsize=4)
def read_text(pdf):
    """Read the text of a PDF as a reader would search it."""
    run = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, check=True)
    return run.stdout.decode("utf-8")


def check_text(pdf, wanted):
    """Whether every text that is wanted is in the PDF.

    Spaces and breaks do not count, and a text may be cut by the end of a line
    or page, where another column or a page number may come between.
    """
    text = squeeze(read_text(pdf))
    return [f"not on any page: {word!r}" for word in wanted if not is_found(squeeze(word), text)]


def is_found(word, text):
    """Whether a word is in a text, whole or in a few pieces that are as long as can be.

    >>> is_found("网格党支部", "网格党1支部"), is_found("网格党支部", "网1格2党3支4部")
    (True, False)
    """
    pieces = 1 + len(word) // PIECE
    while word and pieces:
        if word in text:
            return True
        low, high = 0, len(word)
        while low + 1 < high:  # if a beginning is in the text, so is each shorter one
            middle = (low + high) // 2
            low, high = (middle, high) if word[:middle] in text else (low, middle)
        if low < min(2, len(word)):
            return False
        word, pieces = word[low:], pieces - 1
    return not word


def squeeze(text):
    """Take the spaces and breaks out of a text."""
    return re.sub(r"\s+", "", text)


def draw_pages(pdf, program):
    """Draw the pages of a PDF in grey, 0 white and 1 black, by one of three programs."""
    if program == "poppler":
        yield from _draw_by_poppler(pdf)
    elif program == "pdfium":
        import pypdfium2

        document = pypdfium2.PdfDocument(str(pdf))
        for page in document:
            grey = page.render(scale=DPI / 72, grayscale=True).to_numpy()
            yield 1 - np.asarray(grey, float).reshape(grey.shape[0], grey.shape[1]) / 255
        document.close()
    else:
        import pymupdf

        with pymupdf.open(pdf) as document:
            for page in document:
                drawn = page.get_pixmap(dpi=DPI, colorspace=pymupdf.csGRAY)
                grey = np.frombuffer(drawn.samples, np.uint8).reshape(drawn.height, drawn.stride)
                yield 1 - grey[:, : drawn.width].astype(float) / 255


def _draw_by_poppler(pdf):
    for number in range(1, count_pages(pdf) + 1):
        page = ["-f", str(number), "-l", str(number)]
        words = ["pdftoppm", "-r", str(DPI), "-gray", *page, str(pdf)]
        run = subprocess.run(words, capture_output=True, check=True)
        head = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", run.stdout)
        width, height = int(head[1]), int(head[2])
        grey = np.frombuffer(run.stdout, np.uint8, width * height, head.end())
        yield 1 - grey.reshape(height, width).astype(float) / 255


def list_programs():
    """List the programs that can draw a PDF here."""
    modules = {"pdfium": "pypdfium2", "mupdf": "pymupdf"}
    return ["poppler", *(p for p, module in modules.items() if importlib.util.find_spec(module))]


def check_ink(pdf):
    """Whether all programs put the same ink in the same places, and every page has some."""
    programs = list_programs()
    drawn = [draw_pages(pdf, program) for program in programs]
    faults = []
    for number, pages in enumerate(zip(*drawn, strict=True), 1):
        blocks = [pool_ink(page) for page in pages]
        if blocks[0].max() < 0.005:
            faults.append(f"page {number} is empty")
        for a, b in combinations(range(len(programs)), 2):
            rows = min(len(blocks[a]), len(blocks[b]))
            columns = min(blocks[a].shape[1], blocks[b].shape[1])
            apart = np.abs(blocks[a][:rows, :columns] - blocks[b][:rows, :columns])
            if apart.max() > INK or apart.mean() > INK_PAGE:
                faults.append(
                    f"page {number}: {programs[a]} and {programs[b]} draw it differently: "
                    f"ink apart by {apart.max():.2f} at most, {apart.mean():.3f} on average"
                )
    return faults


def pool_ink(page):
    """Average the ink of blocks; what is left over at the right and bottom is left out."""
    rows, columns = (size // BLOCK for size in page.shape)
    whole = page[: rows * BLOCK, : columns * BLOCK]
    return whole.reshape(rows, BLOCK, columns, BLOCK).mean((1, 3))


def check_pdf(pdf):
    """Check the pages of a PDF in every way that needs nothing else."""
    faults = [*check_fonts(pdf), *check_glyphs(pdf), *check_ink(pdf)]
    if importlib.util.find_spec("pymupdf"):
        faults += [*check_inside(pdf), *check_overlaps(pdf)]
    return faults
