"""The page: paper and margins of GB/T 9704, its grid of lines, and the number at its foot."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

from gridplan.briefing.word.elements import Element, make, make_text, name_tag, to_twips
from gridplan.briefing.word.styles import LINE
from gridplan.tables.schema import Language

# The line of the page number ends this far from the edge: its top is 7 mm under the text.
FOOTER = 22.0
SIDEWAYS_FOOTER = 13.0
HEADER = 15.0


@dataclass(frozen=True)
class Page:
    """A sheet of paper and its margins, in millimetres; A4 with 156 by 225 mm for text."""

    width: float = 210.0
    height: float = 297.0
    top: float = 37.0
    right: float = 26.0
    bottom: float = 35.0
    left: float = 28.0

    @property
    def text_width(self) -> float:
        """How wide a line of text is, in millimetres."""
        return self.width - self.left - self.right

    @property
    def text_height(self) -> float:
        """How high the place for text is, in millimetres."""
        return self.height - self.top - self.bottom

    def turn(self) -> Page:
        """Turn the sheet on its side, its head to what was the left edge, where it is bound.

        Examples
        --------
        >>> Page().turn().text_width, Page().turn().top
        (225.0, 28.0)
        """
        if self.width > self.height:
            return self
        return Page(self.height, self.width, self.left, self.top, self.right, self.bottom)


def set_page(section: Element, page: Page, lang: Language) -> None:
    """Set the paper, margins and grid of a section of the document, in place."""
    for tag in ("type", "pgSz", "pgMar", "cols", "docGrid", "titlePg"):
        for old in section.findall(name_tag(tag)):
            section.remove(old)
    is_sideways = page.width > page.height
    size = {"w": to_twips(page.width), "h": to_twips(page.height)}
    footer = SIDEWAYS_FOOTER if is_sideways else FOOTER
    grid = {"type": "lines", "linePitch": LINE} if lang == "zh" else {"linePitch": 360}
    parts = (
        make("type", val="nextPage"),
        make("pgSz", **size, **({"orient": "landscape"} if is_sideways else {})),
        make(
            "pgMar",
            top=to_twips(page.top),
            right=to_twips(page.right),
            bottom=to_twips(page.bottom),
            left=to_twips(page.left),
            header=to_twips(HEADER),
            footer=to_twips(min(footer, page.bottom - 4)),
            gutter=0,
        ),
        make("cols", space=720),
        make("docGrid", **grid),
    )
    section.extend(parts)


def close_section(paragraph: Element, section: Element) -> None:
    """End a section with a paragraph: what follows has the section of the document's end."""
    copy = deepcopy(section)
    properties = paragraph.get_or_add_pPr()
    properties.append(copy)
    # The section that follows takes over the feet of the pages before it.
    for tag in ("headerReference", "footerReference"):
        for reference in section.findall(name_tag(tag)):
            section.remove(reference)


def write_footers(document: Element, style_id: str, lang: Language) -> None:
    """Write the number at the foot of each page: at the right of odd pages, left of even ones."""
    section = document.sections[0]
    for footer, side in ((section.footer, "right"), (section.even_page_footer, "left")):
        footer.is_linked_to_previous = False
        root = footer._element
        for child in list(root):
            root.remove(child)
        root.append(make_page_number(style_id, side, lang))


def make_page_number(style_id: str, side: str, lang: Language) -> Element:
    """Make the paragraph of a page number, with a dash on each side of it."""
    indents: dict[str, object] = (
        {"left": 0, "leftChars": 0, "right": 280, "rightChars": 100}
        if side == "right"
        else {"left": 280, "leftChars": 100, "right": 0, "rightChars": 0}
    )
    properties = make(
        "pPr",
        make("pStyle", val=style_id),
        make("ind", **indents),
        make("jc", val=side),
    )
    dash = "—" if lang == "zh" else "–"
    return make(
        "p",
        properties,
        make("r", make_text(f"{dash} ")),
        make("r", make("fldChar", fldCharType="begin")),
        make("r", _make_field(" PAGE ")),
        make("r", make("fldChar", fldCharType="separate")),
        make("r", make_text("1")),
        make("r", make("fldChar", fldCharType="end")),
        make("r", make_text(f" {dash}")),
    )


def _make_field(code: str) -> Element:
    from docx.oxml.ns import qn

    element = make("instrText")
    element.set(qn("xml:space"), "preserve")
    element.text = code
    return element
