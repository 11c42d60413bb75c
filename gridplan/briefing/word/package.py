"""The document as a package: styles, settings, table of fonts and theme, and nothing unasked."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from gridplan.briefing.containers import DATE, pack_again
from gridplan.briefing.document_fonts import DOCUMENT_FONTS, LATIN, list_chinese_fonts
from gridplan.briefing.word.elements import Element, clean_text, make, name_tag
from gridplan.briefing.word.office_template import OfficeTemplate
from gridplan.briefing.word.styles import (
    Role,
    TextStyle,
    list_text_styles,
    make_defaults,
    make_style,
    make_table_style,
)
from gridplan.tables.schema import Language

# Parts of the library's own document that ours does not carry.
_UNASKED = ("customXml", "stylesWithEffects", "numbering", "webSettings", "thumbnail")
LONGEST_TITLE = 255  # letters that a property of a document may have
_SPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_APP = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">'
    "<Application></Application></Properties>"
)
_COMPATIBLE = {
    "compatibilityMode": 15,
    "overrideTableStyleFontSizeAndJustification": 1,
    "enableOpenTypeFeatures": 1,
    "doNotFlipMirrorIndents": 1,
}


def open_document(template: OfficeTemplate, lang: Language) -> tuple[Any, Mapping[Role, str]]:
    """Open an empty document with the styles of an office, and ours for the rest.

    Returns
    -------
    The document, and the id of the style of each role.
    """
    import docx

    document = docx.Document()
    package = document.part.package
    for relations in (package.rels, document.part.rels):
        for key in [k for k, r in relations.items() if r.reltype.endswith(_UNASKED)]:
            del relations[key]
    ids = _set_styles(document, template, lang)
    _set_settings(document, lang)
    for relation in document.part.rels.values():
        if relation.reltype.endswith("/fontTable"):
            relation.target_part._blob = _write_font_table()
        elif relation.reltype.endswith("/theme"):
            theme = relation.target_part
            theme._blob = _replace_theme_fonts(theme.blob)
    for relation in package.rels.values():
        if relation.reltype.endswith("/extended-properties"):
            relation.target_part._blob = _APP.encode()
    return document, ids


def _set_styles(document: Any, template: OfficeTemplate, lang: Language) -> Mapping[Role, str]:
    """Put the styles of an office into a document, and ours for each role that it lacks."""
    root = document.styles.element
    for child in list(root):
        root.remove(child)
    root.append(make_defaults(lang) if template.defaults is None else template.defaults)
    root.extend(template.styles)
    taken = {style.get(name_tag("styleId")) for style in template.styles}
    names = {_read_name(style) for style in template.styles}
    ids: dict[Role, str] = dict(template.ids)
    for style in list_text_styles(lang):
        if style.role not in ids:
            ids[style.role] = _choose_id(style.role, taken)
            root.append(_make_ours(style, ids[style.role], names, lang))
    if "table" not in ids:
        ids["table"] = _choose_id("table", taken)
        root.append(make_table_style(ids["table"]))
    return ids


def _choose_id(role: Role, taken: set[str]) -> str:
    style_id = "Brief" + role.title().replace("_", "")
    while style_id in taken:
        style_id += "1"
    taken.add(style_id)
    return style_id


def _make_ours(style: TextStyle, style_id: str, names: set[str], lang: Language) -> Element:
    """Make a style of ours; a name that the office's styles have is not given twice."""
    element = make_style(style, style_id, lang)
    if style.built_in and style.built_in.lower() in names:
        element.find(name_tag("name")).set(name_tag("val"), f"简报{style.chinese}")
        element.remove(element.find(name_tag("aliases")))
        element.attrib.pop(name_tag("default"), None)
        element.set(name_tag("customStyle"), "1")
    return element


def _read_name(style: Element) -> str:
    name = style.find(name_tag("name"))
    return "" if name is None else name.get(name_tag("val"), "").lower()


def _set_settings(document: Any, lang: Language) -> None:
    root = document.settings.element
    for child in list(root):
        root.remove(child)
    address = "http://schemas.microsoft.com/office/word"
    root.extend(
        [
            make("zoom", percent=100),
            make("defaultTabStop", val=420),
            make("evenAndOddHeaders"),
            make("characterSpacingControl", val="doNotCompress"),
            make(
                "compat",
                make("useFELayout"),
                *(
                    make("compatSetting", name=name, uri=address, val=value)
                    for name, value in _COMPATIBLE.items()
                ),
            ),
            make("themeFontLang", val="en-US" if lang == "zh" else "en-GB", eastAsia="zh-CN"),
            make("decimalSymbol", val="."),
            make("listSeparator", val=","),
        ]
    )


def _write_font_table() -> bytes:
    """Write the table of fonts: for each that is named, what may stand in where it is missing."""
    rows = []
    for font in list_chinese_fonts():
        others = quoteattr(",".join(font.fallbacks))
        rows.append(
            f"<w:font w:name={quoteattr(font.chinese)}><w:altName w:val={others}/>"
            f'<w:charset w:val="86"/><w:family w:val="{font.family}"/>'
            '<w:pitch w:val="variable"/></w:font>'
        )
    rows.append(
        f'<w:font w:name="{LATIN}"><w:altName w:val="Liberation Serif"/><w:charset w:val="00"/>'
        '<w:family w:val="roman"/><w:pitch w:val="variable"/></w:font>'
    )
    text = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    return (text + f"<w:fonts {_SPACE}>{''.join(rows)}</w:fonts>").encode()


def _replace_theme_fonts(theme: bytes) -> bytes:
    """Replace the fonts of a theme by those of official documents."""
    text = theme.decode("utf-8")
    for kind, role in (("major", "heading"), ("minor", "body")):
        chinese = DOCUMENT_FONTS[role].chinese  # type: ignore[index]
        fonts = (
            f'<a:{kind}Font><a:latin typeface="{LATIN}"/><a:ea typeface="{chinese}"/>'
            f'<a:cs typeface="{LATIN}"/><a:font script="Hans" typeface="{chinese}"/></a:{kind}Font>'
        )
        pattern = rf"<a:{kind}Font>.*?</a:{kind}Font>"
        text = re.sub(pattern, fonts, text, flags=re.DOTALL)
    return text.encode("utf-8")


def save_document(document: Any, title: str) -> bytes:
    """Save a document as bytes that hold no time, person or program."""
    properties = document.core_properties
    for name in ("author", "last_modified_by", "comments", "keywords", "subject", "category"):
        setattr(properties, name, "")
    properties.title = clean_text(title)[:LONGEST_TITLE]
    properties.revision = 1
    day = datetime.fromisoformat(DATE.removesuffix("Z"))
    properties.created = properties.modified = day
    buffer = io.BytesIO()
    document.save(buffer)
    return pack_again(buffer.getvalue())
