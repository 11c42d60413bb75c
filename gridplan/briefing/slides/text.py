"""Text on slides: paragraphs in placeholders, notes, and words for who cannot see a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from gridplan.briefing.slides.layouts import EMU
from gridplan.briefing.slides.master import LANG
from gridplan.briefing.slides.measure import (
    LEADING,
    Fitted,
    break_lines,
    fit_text,
    measure_height,
)
from gridplan.tables.plain_text import make_plain
from gridplan.tables.schema import Language

SPACE = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
NUMBER_FIELD = "{C1FF6DA9-008F-8B48-92A6-B652298478BF}"
TAIL_SIZE = 16
BETWEEN = 0.4  # space before a paragraph over the size of its letters


@dataclass(frozen=True)
class Line:
    """A paragraph of a slide: text, size in points, and how it looks."""

    text: str
    size: int
    bold: bool = False
    colour: str = ""
    align: str = ""
    field: bool = False
    tail: str = ""  # a small word behind, such as a unit


def write_lines(shape: Any, lines: Sequence[Line], lang: Language, *, major: bool = False) -> None:
    """Write paragraphs into a shape in place of what stands there."""
    write_body(shape.text_frame._txBody, lines, lang, major=major)


def write_body(body: Any, lines: Sequence[Line], lang: Language, *, major: bool = False) -> None:
    """Write paragraphs into a text body, each run with the fonts of the theme."""
    from pptx.oxml import parse_xml

    for old in body.findall("{*}p"):
        body.remove(old)
    for n, line in enumerate(lines):
        body.append(parse_xml(_write_paragraph(line, lang, first=n == 0, major=major)))


def write_run(text: str, line: Line, lang: Language, *, major: bool = False) -> str:
    """Write one run of text as XML, with a Latin and a Chinese font."""
    face = "+mj" if major else "+mn"
    bold = ' b="1"' if line.bold else ""
    fill = f'<a:solidFill><a:schemeClr val="{line.colour}"/></a:solidFill>' if line.colour else ""
    look = (
        f'<a:rPr lang="{LANG[lang]}" altLang="en-US" sz="{line.size * 100}"{bold} dirty="0">{fill}'
        f'<a:latin typeface="{face}-lt"/><a:ea typeface="{face}-ea"/></a:rPr>'
    )
    lead = " " if text.startswith(" ") else ""
    body = f"{look}<a:t>{lead}{escape(make_plain(text))}</a:t>"
    if line.field:
        return (
            f'<a:fld id="{{C1FF6DA9-008F-8B48-92A6-B652298478BF}}" type="slidenum">{body}</a:fld>'
        )
    return f"<a:r>{body}</a:r>"


def _write_paragraph(line: Line, lang: Language, *, first: bool, major: bool) -> str:
    align = f' algn="{line.align}"' if line.align else ""
    before = 0 if first else round(line.size * BETWEEN * 100)
    leading = round(line.size * LEADING * 100)
    number, _, rest = line.text.partition("/")
    if line.field:  # the number of the slide, which programs keep, then how many there are
        runs = write_run(number, line, lang)
        runs += write_run(f"/{rest}", Line(rest, line.size, line.bold, line.colour), lang)
    else:
        runs = write_run(line.text, line, lang, major=major)
        if line.tail:
            runs += write_run(line.tail, Line(line.tail, TAIL_SIZE, colour="tx2"), lang)
    return (
        f'<a:p {SPACE}><a:pPr{align}><a:lnSpc><a:spcPts val="{leading}"/></a:lnSpc>'
        f'<a:spcBef><a:spcPts val="{before}"/></a:spcBef></a:pPr>{runs}'
        # an empty paragraph is as high as its end says
        f'<a:endParaRPr lang="{LANG[lang]}" sz="{line.size * 100}"/></a:p>'
    )


def find_box(shape: Any, inset: float = 0.0) -> tuple[float, float]:
    """Find how wide and high the text of a shape may be, in points."""
    return shape.width / EMU - 2 * inset, shape.height / EMU - 2 * inset


def fit_shape(
    shape: Any, text: str, sizes: Sequence[int], *, bold: bool = False, inset: float = 0.0
) -> Fitted:
    """Fit a text into a shape."""
    return fit_text(text, *find_box(shape, inset), sizes, bold)


def fit_paragraphs(
    texts: Sequence[str], width: float, height: float, sizes: Sequence[int]
) -> tuple[list[Line], list[str]]:
    """Fit paragraphs into a box; returns those that go in, and the texts that are left.

    The largest size at which all go in, else as many as go in at the smallest.
    A paragraph that is higher than the box alone is cut.
    """
    for size in sizes:
        kept = _count_fitting(texts, width, height, size)
        if kept == len(texts):
            return [Line(text, size) for text in texts], []
    size = sizes[-1]
    kept = _count_fitting(texts, width, height, size)
    if kept == 0:
        fitted = fit_text(texts[0], width, height, (size,))
        return [Line(fitted.text, size)], list(texts[1:])
    return [Line(text, size) for text in texts[:kept]], list(texts[kept:])


def _count_fitting(texts: Sequence[str], width: float, height: float, size: int) -> int:
    """Count the paragraphs that go into a box, from the first on."""
    used = 0.0
    for n, text in enumerate(texts):
        used += measure_height(len(break_lines(text, width, size)), size)
        used += size * BETWEEN if n else 0
        if used > height:
            return n
    return len(texts)


def write_notes(slide: Any, sentences: Sequence[str], lang: Language) -> None:
    """Write the sentences to be spoken into the notes of a slide."""
    lines = [Line(sentence, 12) for sentence in sentences if sentence]
    if lines:
        write_lines(slide.notes_slide.notes_placeholder, lines, lang)


def describe_shape(shape: Any, text: str) -> None:
    """Say what a picture, chart or table shows, for who cannot see it."""
    shape._element.xpath(".//p:cNvPr")[0].set("descr", make_plain(text))
