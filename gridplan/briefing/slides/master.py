"""The master of slides: the default deck of python-pptx made into one of the house, 16:9."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from gridplan.briefing.slides.layouts import (
    BODY_SIZES,
    EMU,
    FOOT,
    HEIGHT,
    LAYOUTS,
    LEFT,
    RIGHT,
    TITLE,
    TOP,
    WIDTH,
    Box,
    Spot,
    list_spots,
)
from gridplan.tables.palette import INK, REACH
from gridplan.tables.schema import Language

LATIN, CHINESE = "Arial", "微软雅黑"
LANG = {"zh": "zh-CN", "en": "en-GB"}
THEME = {
    "dk1": INK["limit"],
    "lt1": "#ffffff",
    "dk2": INK["outline"],
    "lt2": INK["paper"],
    "accent1": REACH[0],
    "accent2": REACH[4],
    "accent3": REACH[1],
    "accent4": INK["host"],
    "accent5": REACH[2],
    "accent6": INK["home"],
    "hlink": REACH[0],
    "folHlink": INK["outline"],
}
_SPACE = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)
_FONTS = (
    '<a:latin typeface="+m{0}-lt"/><a:ea typeface="+m{0}-ea"/><a:cs typeface="+m{0}-cs"/>'.format
)


def make_deck(lang: Language, font: str) -> Any:
    """Make an empty deck with the master, layouts and theme of the house; returns it."""
    from pptx import Presentation

    deck: Any = Presentation()
    deck.slide_width, deck.slide_height = round(WIDTH * EMU), round(HEIGHT * EMU)
    deck.part._element.find(".//{*}sldSz").attrib.pop("type", None)
    set_language(deck, lang)
    deck.notes_master  # noqa: B018  (made when it is first asked for, with a theme of its own)
    for part in list(deck.part.package.iter_parts()):
        if "/theme/" in str(part.partname):
            _dress_theme(part, font)
    _drop_left_overs(deck)
    master = deck.slide_master
    _fill_master(master, lang)
    layouts = list(master.slide_layouts)
    for key, layout in zip(LAYOUTS, layouts, strict=True):
        _fill_layout(layout, key, lang)
    return deck


def _dress_theme(part: Any, font: str) -> None:
    """Give a theme the colours and fonts, whether it was read as bytes or made as XML."""
    theme = write_theme(part.blob.decode("utf-8"), font).encode("utf-8")
    if hasattr(part, "_element"):
        part._element = _parse(theme)
    else:
        part._blob = theme


def set_language(deck: Any, lang: Language) -> None:
    """Set the language of texts that are typed in later."""
    for properties in deck.part._element.iter("{*}defRPr"):
        properties.set("lang", LANG[lang])


def write_theme(theme: str, font: str) -> str:
    """Write the colours of the house and the fonts into a theme.

    Examples
    --------
    >>> old = '<a:clrScheme name="x"></a:clrScheme><a:fontScheme name="x"></a:fontScheme>'
    >>> 'script="Hans" typeface="黑体"' in write_theme(old, "黑体")
    True
    """
    from xml.sax.saxutils import quoteattr

    chinese, latin = quoteattr(font or CHINESE), quoteattr(font or LATIN)
    colours = "".join(
        f'<a:{name}><a:srgbClr val="{colour[1:].upper()}"/></a:{name}>'
        for name, colour in THEME.items()
    )
    faces = (
        f'<a:latin typeface={latin}/><a:ea typeface={chinese}/><a:cs typeface=""/>'
        f'<a:font script="Hans" typeface={chinese}/>'
    )
    fonts = f"<a:majorFont>{faces}</a:majorFont><a:minorFont>{faces}</a:minorFont>"
    parts = {
        "clrScheme": f'<a:clrScheme name="gridplan">{colours}</a:clrScheme>',
        "fontScheme": f'<a:fontScheme name="gridplan">{fonts}</a:fontScheme>',
    }
    for name, new in parts.items():
        before, _, rest = theme.partition(f"<a:{name} ")
        theme = before + new + rest.partition(f"</a:{name}>")[2]
    return re.sub(r'(<a:theme [^>]*name=")[^"]*', r"\g<1>gridplan", theme, count=1)


def _drop_left_overs(deck: Any) -> None:
    """Drop the thumbnail and the printer of the default deck."""
    for owner in (deck.part, deck.part.package):
        rels = owner.rels if hasattr(owner, "rels") else owner._rels
        for key, rel in list(rels.items()):
            if rel.reltype.endswith(("/printerSettings", "/thumbnail")):
                rels.pop(key)


def _fill_master(master: Any, lang: Language) -> None:
    """Give the master its title, body, foot and the rule below the title."""
    body = Spot(1, "text", "body", (LEFT, TOP, RIGHT - LEFT, 366), size=BODY_SIZES[0])
    tree = master._element.cSld.spTree
    _clear(tree)
    shapes = [
        _draw_rectangle(2, "rule", (LEFT, 88, RIGHT - LEFT, 1.5), "accent1"),
        _draw_rectangle(3, "edge", (0, 24, 12, 62), "accent4"),
    ]
    shapes += [_write_spot(n, spot, lang) for n, spot in enumerate((TITLE, body, *FOOT), 4)]
    for shape in shapes:
        tree.append(_parse(shape))
    for properties in master._element.iter("{*}defRPr"):
        properties.set("lang", LANG[lang])
    levels = master._element.find("{*}txStyles/{*}bodyStyle")
    for level in levels:
        # no bullets and no hanging indents: paragraphs of slides have none
        for name in ("marL", "indent"):
            level.set(name, "0")
        for old in [child for child in level if "}bu" in child.tag]:
            level.remove(old)
        at = 1 if level[0].tag.endswith("spcBef") else 0
        level.insert(at, _parse(f"<a:buNone {_SPACE}/>"))


def _fill_layout(layout: Any, key: str, lang: Language) -> None:
    """Give a layout its name and its places."""
    element = layout._element
    element.cSld.set("name", LAYOUTS[key][0])
    element.attrib.pop("type", None)
    element.set("preserve", "1")
    element.set("userDrawn", "1")
    tree = element.cSld.spTree
    _clear(tree)
    shapes = []
    if key == "cover":
        element.set("showMasterSp", "0")
        shapes.append(_draw_rectangle(2, "band", (0, 0, 24, HEIGHT), "accent4"))
        shapes.append(_draw_rectangle(3, "rule", (80, 278, 800, 2), "accent1"))
    spots = list_spots(key)
    if key == "chain":
        boxes = [spot for spot in spots if spot.shape == "roundRect"]
        for n, (one, following) in enumerate(pairwise(boxes), 2):
            shapes.append(_draw_arrow(n, one.box, following.box))
    shapes += [_write_spot(n, spot, lang) for n, spot in enumerate(spots, len(shapes) + 2)]
    for shape in shapes:
        tree.append(_parse(shape))


def _clear(tree: Any) -> None:
    """Take all shapes out of a tree, and leave what describes the tree."""
    for shape in list(tree)[2:]:
        tree.remove(shape)


def _parse(text: str | bytes) -> Any:
    from pptx.oxml import parse_xml

    return parse_xml(text)


def _place(box: Box) -> str:
    left, top, width, height = (round(value * EMU) for value in box)
    return f'<a:xfrm><a:off x="{left}" y="{top}"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'


def _write_spot(number: int, spot: Spot, lang: Language) -> str:
    """Write a placeholder of a master or layout."""
    title = spot.kind in ("title", "ctrTitle")
    idx = "" if title else f' idx="{spot.idx}"'
    fill = f'<a:solidFill><a:schemeClr val="{spot.fill}"/></a:solidFill>' if spot.fill else ""
    inset = round(spot.inset * EMU)
    sides = " ".join(f'{side}Ins="{inset}"' for side in "ltrb")
    bold = ' b="1"' if spot.bold else ' b="0"'
    number_field = (
        '<a:fld id="{C1FF6DA9-008F-8B48-92A6-B652298478BF}" type="slidenum">'
        f'<a:rPr lang="{LANG[lang]}"/><a:t>‹#›</a:t></a:fld>'
    )
    text = (
        number_field
        if spot.kind == "sldNum"
        else f'<a:r><a:rPr lang="{LANG[lang]}"/><a:t>{spot.name}</a:t></a:r>'
    )
    return (
        f'<p:sp {_SPACE}><p:nvSpPr><p:cNvPr id="{number}" name="{spot.name}"/>'
        f'<p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr>'
        f'<p:nvPr><p:ph type="{spot.kind}"{idx}/></p:nvPr></p:nvSpPr>'
        f'<p:spPr>{_place(spot.box)}<a:prstGeom prst="{spot.shape}"><a:avLst/></a:prstGeom>'
        f'{fill}</p:spPr><p:txBody><a:bodyPr vert="horz" wrap="square" {sides} '
        f'anchor="{spot.anchor}"><a:noAutofit/></a:bodyPr><a:lstStyle>'
        f'<a:lvl1pPr marL="0" indent="0" algn="{spot.align}"><a:buNone/>'
        f'<a:defRPr sz="{spot.size * 100}"{bold} lang="{LANG[lang]}">'
        f'<a:solidFill><a:schemeClr val="{spot.colour}"/></a:solidFill>'
        f"{_FONTS('j' if title else 'n')}</a:defRPr></a:lvl1pPr></a:lstStyle>"
        f"<a:p>{text}</a:p></p:txBody></p:sp>"
    )


def _draw_rectangle(number: int, name: str, box: Box, colour: str, shape: str = "rect") -> str:
    """Draw a shape that only adorns: no text, one colour."""
    return (
        f'<p:sp {_SPACE}><p:nvSpPr><p:cNvPr id="{number}" name="{name}"/><p:cNvSpPr/>'
        f'<p:nvPr userDrawn="1"/></p:nvSpPr><p:spPr>{_place(box)}'
        f'<a:prstGeom prst="{shape}"><a:avLst/></a:prstGeom>'
        f'<a:solidFill><a:schemeClr val="{colour}"/></a:solidFill><a:ln><a:noFill/></a:ln>'
        "</p:spPr></p:sp>"
    )


def _draw_arrow(number: int, one: Box, following: Box) -> str:
    """Draw the arrow from one box to the following."""
    left = one[0] + one[2]
    box = (left + 4, one[1] + one[3] / 2 - 10, following[0] - left - 8, 20.0)
    return _draw_rectangle(number, f"arrow {number - 1}", box, "accent1", "rightArrow")
