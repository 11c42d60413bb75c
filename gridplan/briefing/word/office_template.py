"""An office's own document: its named styles and page are taken, and nothing else of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from gridplan.briefing.word.elements import TWIPS_PER_MM, Element, name_tag
from gridplan.briefing.word.page_setup import Page
from gridplan.briefing.word.styles import Role, TextStyle, list_text_styles
from gridplan.errors import ArgumentError

LARGEST_PART = 20_000_000  # bytes; styles of large offices take a tenth of it
LARGEST_FILE = 50_000_000
SHORTEST_SIDE = 60.0  # mm of a page that text must have
_BAD = ("numPr", "rsid", "link", "next", "autoRedefine", "locked")
_THEMES = {
    "asciiTheme": "ascii",
    "hAnsiTheme": "hAnsi",
    "eastAsiaTheme": "eastAsia",
    "cstheme": "cs",
}


@dataclass(frozen=True)
class OfficeTemplate:
    """What is taken from an office's document.

    ``styles`` are elements of its styles that are needed, ``ids`` the id of each
    role that it has, ``sizes`` that of its letters in points; ``defaults`` is what
    holds for every text of it, and ``page`` its paper and margins.
    """

    styles: tuple[Element, ...] = ()
    ids: Mapping[Role, str] = field(default_factory=dict)
    sizes: Mapping[Role, float] = field(default_factory=dict)
    defaults: Element | None = None
    page: Page = field(default_factory=Page)


def read_office_template(file: Path) -> OfficeTemplate:
    """Read the named styles and the page of an office's document.

    A style is looked for by its Chinese name (简报名称, 标题, 一级标题, 二级标题, 正文, 表题,
    图题, 表格 and so on), then by Word's name for it; Word's style for plain text
    counts as 正文 only where it indents the first line. Text, pictures, macros,
    links and properties of the document are not taken over.

    Raises
    ------
    ArgumentError
        If the file is missing, is no document of Word, is protected, holds
        macros, or is broken; the message says what to do.
    """
    parts = _read_parts(file)
    styles = _parse(file, parts["word/styles.xml"])
    document = _parse(file, parts["word/document.xml"])
    theme = _read_theme(file, parts.get("word/theme/theme1.xml"))
    by_id = {
        style.get(name_tag("styleId")): style
        for style in styles.findall(name_tag("style"))
        if style.get(name_tag("styleId"))
    }
    ids = _find_roles(by_id)
    needed = _follow(file, by_id, ids.values())
    defaults = styles.find(name_tag("docDefaults"))
    return OfficeTemplate(
        tuple(_clean(by_id[name], theme, needed) for name in by_id if name in needed),
        ids,
        {role: size for role, name in ids.items() if (size := _read_size(by_id, name))},
        None if defaults is None or not ids else _clean(defaults, theme),
        _read_page(document),
    )


def _refuse(file: Path, what: str, remedy: str) -> ArgumentError:
    return ArgumentError(f"template {file.name}: {what} -> {remedy}")


def _read_parts(file: Path) -> dict[str, bytes]:
    """Read the parts that are needed, after a look at what else the file holds."""
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise _refuse(file, "it is too large", "leave its pictures out")
        content = file.read_bytes()
    except OSError as error:
        raise _refuse(file, "it cannot be read", "give the path of a .docx file") from error
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refuse(
            file, "it is protected or of the old kind .doc", "save it as .docx without a password"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _pick_parts(file, archive)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, KeyError) as error:
        raise _refuse(
            file, "it is broken or no document of Word", "save it again as .docx"
        ) from error


def _pick_parts(file: Path, archive: zipfile.ZipFile) -> dict[str, bytes]:
    sizes = {info.filename: info.file_size for info in archive.infolist()}
    types = _read_part(file, archive, "[Content_Types].xml", sizes)
    has_macros = any("vbaproject" in name.lower() for name in sizes)
    if has_macros or b"macroenabled" in types.lower() or file.suffix.lower() in (".docm", ".dotm"):
        raise _refuse(file, "it holds macros", "save it as .docx, which holds none")
    names = ["word/document.xml", "word/styles.xml"]
    names += ["word/theme/theme1.xml"] if "word/theme/theme1.xml" in sizes else []
    return {name: _read_part(file, archive, name, sizes) for name in names}


def _read_part(file: Path, archive: zipfile.ZipFile, name: str, sizes: Mapping[str, int]) -> bytes:
    if name not in sizes:
        raise _refuse(file, f"it has no part {name}", "save it again as .docx")
    if sizes[name] > LARGEST_PART:
        raise _refuse(file, f"its part {name} is too large", "save it again without its contents")
    return archive.read(name)


def _parse(file: Path, content: bytes) -> Element:
    """Parse a part; entities, which no word processor writes, are refused."""
    from docx.oxml.parser import parse_xml
    from lxml import etree  # type: ignore[import-untyped]

    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise _refuse(file, "it declares entities", "save it again as .docx")
    try:
        root: Element = parse_xml(content)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _refuse(
            file, "it is broken or no document of Word", "save it again as .docx"
        ) from error
    if not str(root.tag).startswith(name_tag("x")[:-1]) and "drawingml" not in str(root.tag):
        raise _refuse(file, "it is of the kind Strict Open XML", "save it as .docx (Word document)")
    return root


def _find_roles(by_id: Mapping[str, Element]) -> dict[Role, str]:
    """Find the id of the style of each role that the template has."""
    named: dict[tuple[str, str], str] = {}
    for style_id, style in by_id.items():
        kind = style.get(name_tag("type"), "")
        for name in _list_names(style):
            named.setdefault((kind, name), style_id)
    roles: dict[Role, str] = {}
    for style in list_text_styles("zh"):
        if style_id := _find_style(style, named, by_id):
            roles[style.role] = style_id
    if table := named.get(("table", "表格")):
        roles["table"] = table
    return roles


def _find_style(
    style: TextStyle, named: Mapping[tuple[str, str], str], by_id: Mapping[str, Element]
) -> str:
    """Find the id of a style by its Chinese name, else by that of Word; empty if it has none."""
    style_id = named.get(("paragraph", style.chinese.lower()), "")
    if style_id or not style.built_in:
        return style_id
    style_id = named.get(("paragraph", style.built_in.lower()), "")
    is_plain = style.role == "body" and style_id and not _indents(by_id[style_id])
    return "" if is_plain else style_id


def _list_names(style: Element) -> Iterator[str]:
    name = style.find(name_tag("name"))
    if name is not None:
        yield name.get(name_tag("val"), "").strip().lower()
    aliases = style.find(name_tag("aliases"))
    if aliases is not None:
        for alias in aliases.get(name_tag("val"), "").split(","):
            yield alias.strip().lower()


def _indents(style: Element) -> bool:
    """Say whether a style indents the first line, as plain text of official documents has it."""
    return any(
        indent.get(name_tag(name), "0") not in ("0", "")
        for indent in style.iter(name_tag("ind"))
        for name in ("firstLine", "firstLineChars")
    )


def _follow(file: Path, by_id: Mapping[str, Element], ids: Iterable[str]) -> set[str]:
    """Follow styles to those that they are based on."""
    needed: set[str] = set()
    for style_id in ids:
        path: list[str] = []
        name = style_id
        while name in by_id:
            if name in path:
                raise _refuse(
                    file, "its styles are based on one another in a circle", "base them on others"
                )
            path.append(name)
            parent = by_id[name].find(name_tag("basedOn"))
            name = "" if parent is None else parent.get(name_tag("val"), "")
        needed.update(path)
    return needed


def _read_size(by_id: Mapping[str, Element], style_id: str) -> float:
    """Read the size of letters of a style, or of one that it is based on; 0 if none says it."""
    while style_id in by_id:
        style = by_id[style_id]
        size = style.find(f"{name_tag('rPr')}/{name_tag('sz')}")
        value = "" if size is None else size.get(name_tag("val"), "")
        if value.isdecimal():
            return int(value) / 2
        parent = style.find(name_tag("basedOn"))
        style_id = "" if parent is None else parent.get(name_tag("val"), "")
    return 0.0


def _read_theme(file: Path, content: bytes | None) -> dict[str, str]:
    """Read the names of the fonts that a theme stands for, such as minorEastAsia."""
    if content is None:
        return {}
    root = _parse(file, content)
    space = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
    fonts: dict[str, str] = {}
    for kind in ("major", "minor"):
        part = root.find(f".//{space}{kind}Font")
        if part is None:
            continue
        for tag, ending in (("latin", "HAnsi"), ("latin", "Ascii"), ("ea", "EastAsia")):
            face = part.find(f"{space}{tag}")
            name = "" if face is None else face.get("typeface", "")
            if not name and tag == "ea":
                hans = part.find(f"{space}font[@script='Hans']")
                name = "" if hans is None else hans.get("typeface", "")
            if name:
                fonts[kind + ending] = name
    return fonts


def _clean(element: Element, theme: Mapping[str, str], needed: Collection[str] = ()) -> Element:
    """Copy a style without lists, links and marks of editing, and with names for its fonts."""
    copy = deepcopy(element)
    space = name_tag("x")[:-1]
    for child in list(copy.iter()):
        is_foreign = not str(child.tag).startswith(space)
        is_bad = str(child.tag) in {name_tag(name) for name in _BAD}
        if (is_foreign or is_bad) and child is not copy and child.getparent() is not None:
            child.getparent().remove(child)
            continue
        for name in [n for n in child.attrib if not n.startswith(space) or "rsid" in n]:
            del child.attrib[name]
    parent = copy.find(name_tag("basedOn"))
    if parent is not None and parent.get(name_tag("val")) not in needed:
        copy.remove(parent)
    for fonts in copy.iter(name_tag("rFonts")):
        for theme_name, plain in _THEMES.items():
            wanted = fonts.attrib.pop(name_tag(theme_name), "")
            if wanted in theme:
                fonts.set(name_tag(plain), theme[wanted])
    return copy


def _read_page(document: Element) -> Page:
    """Read the paper and margins; those of the standard where they leave no room for text."""
    sections = list(document.iter(name_tag("sectPr")))
    if not sections:
        return Page()
    size = sections[-1].find(name_tag("pgSz"))
    margins = sections[-1].find(name_tag("pgMar"))
    try:
        width, height = (_measure(size, name) for name in ("w", "h"))
        sides = [_measure(margins, name) for name in ("top", "right", "bottom", "left")]
    except (AttributeError, TypeError, ValueError):
        return Page()
    page = Page(width, height, *(abs(side) for side in sides))
    if min(page.text_width, page.text_height) < SHORTEST_SIDE or max(width, height) > 560:
        return Page()
    return page


def _measure(element: Element, name: str) -> float:
    return round(int(element.get(name_tag(name))) / TWIPS_PER_MM, 2)
