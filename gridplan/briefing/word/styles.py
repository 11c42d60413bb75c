"""The named styles of a document: what each role of a text looks like, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from gridplan.briefing.document_fonts import DOCUMENT_FONTS, FontRole
from gridplan.briefing.word.elements import Element, make
from gridplan.tables.schema import Language

Role = Literal[
    "internal",
    "name",
    "issue",
    "issuer",
    "title",
    "heading",
    "subheading",
    "body",
    "item",
    "missing",
    "table_caption",
    "table_head",
    "table_text",
    "table_note",
    "figure",
    "figure_caption",
    "attachment",
    "tail",
    "page_number",
    "table",
]
LINE = 579  # 28.95 points: 22 lines fill 225 mm
RED = "FF0000"
ENGLISH_LINE = 360


@dataclass(frozen=True)
class TextStyle:
    """A style of paragraphs.

    ``chinese`` is the name that an office's template calls it by, ``built_in``
    that of Word where it has one. ``size`` is in points; ``line`` in twentieths
    of a point, exact, and 0 is single spacing; ``first`` and ``right`` are
    indents in hundredths of a character; ``spacing`` is put between characters,
    in twentieths of a point; ``outline`` is the level in the navigation pane.
    """

    role: Role
    chinese: str
    built_in: str
    font: FontRole
    size: float
    align: Literal["left", "center", "right", "both"] = "both"
    line: int = LINE
    first: int = 0
    right: int = 0
    before: int = 0
    after: int = 0
    spacing: int = 0
    outline: int | None = None
    keep_next: bool = False
    bold: bool = False
    italic: bool = False
    colour: str = ""
    rule: str = ""


# Sizes of Chinese printing: 2号 is 22 points, 3号 16, 4号 14, 小四 12, 五号 10.5, 小五 9.
_CHINESE: tuple[TextStyle, ...] = (
    TextStyle("internal", "密级", "", "heading", 16, "left"),
    TextStyle("name", "简报名称", "", "headline", 48, "center", 0, colour=RED, before=240),
    TextStyle("issue", "期号", "", "body", 16, "center", before=120),
    TextStyle("issuer", "编发单位", "", "body", 16, "left", rule="red", after=240),
    TextStyle("title", "标题", "Title", "headline", 22, "center", before=289, after=289),
    TextStyle(
        "heading", "一级标题", "heading 1", "heading", 16, first=200, outline=0, keep_next=True
    ),
    TextStyle(
        *("subheading", "二级标题", "heading 2", "subheading", 16),
        first=200,
        outline=1,
        keep_next=True,
    ),
    TextStyle("body", "正文", "Normal", "body", 16, first=200, spacing=-6),
    TextStyle("item", "条目", "", "body", 16, first=200, spacing=-6),
    # At the left, since a line before a long Latin word would be stretched.
    TextStyle("missing", "暂缺", "", "subheading", 16, "left", first=200, spacing=-6),
    TextStyle(
        *("table_caption", "表题", "", "heading", 12, "center", 360), before=120, keep_next=True
    ),
    TextStyle("table_head", "表头", "", "heading", 10.5, "center", 280, before=30, after=30),
    TextStyle("table_text", "表内文字", "", "body", 10.5, "left", 280, before=30, after=30),
    TextStyle("table_note", "表注", "", "body", 10.5, "left", 300, before=40, after=200),
    TextStyle("figure", "图", "", "body", 16, "center", 0, before=120, keep_next=True),
    TextStyle("figure_caption", "图题", "caption", "heading", 12, "center", 400, after=200),
    TextStyle("attachment", "附件", "", "heading", 16, "left", outline=0, keep_next=True),
    TextStyle("tail", "抄送", "", "body", 14, "left", 480),
    TextStyle("page_number", "页码", "footer", "page_number", 14, "right", 340, right=100),
)
_SMALLER: dict[Role, dict[str, object]] = {
    "internal": {"size": 12, "bold": True},
    "name": {"size": 34, "bold": True},
    "issue": {"size": 12},
    "issuer": {"size": 12},
    "title": {"size": 18, "line": 460, "bold": True, "before": 200, "after": 200},
    "heading": {"size": 14, "bold": True, "align": "left", "before": 200, "after": 80},
    "subheading": {"size": 12, "bold": True, "align": "left", "before": 120, "after": 60},
    "body": {"after": 120},
    "item": {"after": 80},
    "missing": {"after": 80, "italic": True},
    "table_caption": {"size": 11, "bold": True},
    "table_head": {"size": 9.5, "bold": True, "line": 240},
    "table_text": {"size": 9.5, "line": 240},
    "table_note": {"size": 9, "line": 240},
    "figure_caption": {"size": 11, "bold": True, "line": 320},
    "attachment": {"size": 12, "bold": True},
    "tail": {"size": 11, "line": 340},
    "page_number": {"size": 11},
}


def list_text_styles(lang: Language) -> Sequence[TextStyle]:
    """List the styles of paragraphs of a language, in the order of a document.

    Examples
    --------
    >>> {style.role: style.chinese for style in list_text_styles("zh")}["heading"]
    '一级标题'
    """
    if lang == "zh":
        return _CHINESE
    return tuple(_make_english(style) for style in _CHINESE)


def _make_english(style: TextStyle) -> TextStyle:
    """Make the English style of a role: paragraphs in blocks, set smaller and without indents."""
    font: FontRole = "headline" if style.role in ("name", "title") else "body"
    line = ENGLISH_LINE if style.line == LINE else style.line
    base = replace(style, font=font, first=0, spacing=0, line=line)
    if style.size == 16:
        base = replace(base, size=12)
    changes = _SMALLER.get(style.role, {})
    return replace(base, **changes)  # type: ignore[arg-type]


def make_style(style: TextStyle, style_id: str, lang: Language) -> Element:
    """Make the element of a style, complete in itself: it is based on no other."""
    name = style.built_in or style.chinese
    alias = style.chinese if style.built_in else None
    attributes = {"type": "paragraph", "styleId": style_id}
    if style.role == "body":
        attributes = {"type": "paragraph", "default": "1", "styleId": style_id}
    elif not style.built_in:
        attributes["customStyle"] = "1"
    return make(
        "style",
        make("name", val=name),
        make("aliases", val=alias) if alias else None,
        make("uiPriority", val=1),
        make("qFormat"),
        _make_paragraph_format(style),
        _make_run_format(style, lang),
        **attributes,
    )


def _make_paragraph_format(style: TextStyle) -> Element:
    spacing = {"before": style.before, "after": style.after}
    spacing |= {"line": style.line or 240}
    rule = "exact" if style.line else "auto"
    indents: dict[str, object] = {"left": 0, "right": 0, "firstLine": 0, "firstLineChars": 0}
    if style.first:
        indents |= {
            "firstLineChars": style.first,
            "firstLine": round(style.first / 100 * (style.size * 20 + style.spacing)),
        }
    if style.right:
        indents |= {
            "rightChars": style.right,
            "right": round(style.right / 100 * style.size * 20),
        }
    is_heading = style.outline is not None
    return make(
        "pPr",
        make("keepNext") if style.keep_next else None,
        make("keepLines") if is_heading else None,
        make("widowControl", val=0),
        _make_rule(style.rule),
        make("overflowPunct", val=0),  # no mark hangs over the margin
        None if style.line == LINE and style.size <= 16 else make("snapToGrid", val=0),
        make("spacing", lineRule=rule, **spacing),
        make("ind", **indents),
        make("jc", val=style.align),
        make("outlineLvl", val=style.outline) if is_heading else None,
    )


def _make_rule(rule: str) -> Element | None:
    """Make the rule under a paragraph: 1.5 points, red, as under the head of a bulletin."""
    if not rule:
        return None
    return make("pBdr", make("bottom", val="single", sz=12, space=4, color=RED))


def _make_run_format(style: TextStyle, lang: Language) -> Element:
    half_points = round(style.size * 2)
    return make(
        "rPr",
        make_fonts(style.font),
        make("b", val=int(style.bold)),
        make("i", val=int(style.italic)),
        make("color", val=style.colour or "000000"),
        make("spacing", val=style.spacing) if style.spacing else None,
        make("kern", val=0),
        make("sz", val=half_points),
        make("szCs", val=half_points),
        make_language(lang),
    )


def make_fonts(role: FontRole) -> Element:
    """Make the element that names the fonts of a role for each kind of writing."""
    font = DOCUMENT_FONTS[role]
    return make("rFonts", ascii=font.latin, hAnsi=font.latin, eastAsia=font.chinese, cs=font.latin)


def make_language(lang: Language) -> Element:
    """Make the element of the language that is checked for spelling and lines are broken by."""
    latin = "en-US" if lang == "zh" else "en-GB"
    return make("lang", val=latin, eastAsia="zh-CN", bidi="ar-SA")


def make_table_style(style_id: str) -> Element:
    """Make the style of tables: thin rules between cells, heavier ones around."""
    around = {"val": "single", "sz": 8, "space": 0, "color": "000000"}
    inside = {"val": "single", "sz": 4, "space": 0, "color": "000000"}
    borders = make(
        "tblBorders",
        *(make(side, **around) for side in ("top", "left", "bottom", "right")),
        *(make(side, **inside) for side in ("insideH", "insideV")),
    )
    return make(
        "style",
        make("name", val="表格"),
        make("uiPriority", val=1),
        make("qFormat"),
        make(
            "tblPr",
            make("tblInd", w=0, type="dxa"),
            borders,
            make("tblCellMar", *(make(side, w=70, type="dxa") for side in ("left", "right"))),
        ),
        type="table",
        customStyle="1",
        styleId=style_id,
    )


def make_defaults(lang: Language) -> Element:
    """Make what holds for every text that no style speaks of."""
    return make(
        "docDefaults",
        make(
            "rPrDefault",
            make(
                "rPr",
                make_fonts("body"),
                make("sz", val=32 if lang == "zh" else 24),
                make("szCs", val=32 if lang == "zh" else 24),
                make_language(lang),
            ),
        ),
        make("pPrDefault", make("pPr")),
    )
