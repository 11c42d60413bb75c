"""The input tables as an empty workbook that an office fills in, in Chinese or English."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

from gridplan.errors import MissingPackageError
from gridplan.reading.kind_words import WORDED, list_usual_words
from gridplan.reading.workbooks import label_table
from gridplan.tables.schema import Column, Language, find_columns, find_key
from gridplan.tables.translations import translate
from gridplan.tables.words import say

# What an office knows by lists; areas such as communities come from map files.
TABLES = ("buildings", "zones", "places", "institutions", "counts")
_PLACED = frozenset({"buildings", "places", "institutions"})
_ROWS = 5_000  # rows that have drop-downs and limits
_MADE = datetime(2000, 1, 1)  # one date for all, so that the same template is the same file
# An example of each column that has to be filled in, or often is.
_EXAMPLES = {
    "building": "B001", "building_name": "1号楼", "use": "apartments", "floors": 6,
    "households_observed": 24, "year_built": 1998, "stairwell_count": 2, "population": 68,
    "zone": "T01", "place": "P001", "institution": "I001", "name": "", "households": 820,
    "count": "C001", "level": "community", "of": "130203001001", "measure": "volunteers",
    "value": 35, "floor_area": 520, "party_members": 18,
}  # fmt: skip
_KINDS = {"places": "service_centre", "institutions": "school"}
# What an example is in Chinese, where a Chinese word is read as well as a code.
_CHINESE = {"apartments": "住宅", "volunteers": "志愿者"}
_LONGEST_LIST = 255  # letters of the words of a drop-down, by the format
_LONGITUDE, _LATITUDE = 118.18, 39.63


def encode_template(lang: Language = "zh") -> bytes:
    """Write the input tables as the bytes of an Excel workbook, the same each time.

    A sheet for each table: names of the columns in ``lang`` with a comment on
    each, the names as gridplan has them below, and one row of examples, which
    is left out when the workbook is read. No column asks for a person.

    Raises
    ------
    MissingPackageError
        If xlsxwriter is not installed.

    Examples
    --------
    >>> encode_template()[:2]
    b'PK'
    """
    try:
        import xlsxwriter
    except ImportError as error:
        raise MissingPackageError(
            "the template needs xlsxwriter -> pip install 'gridplan[report]'"
        ) from error
    held = io.BytesIO()
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(held, {"in_memory": True, **safe})
    book.set_properties({"created": _MADE})
    _write_notes(book, lang)
    for table in TABLES:
        _write_table(book, table, lang)
    book.close()
    return held.getvalue()


def _write_notes(book: Any, lang: Language) -> None:
    """Write the first sheet: how the others are filled in."""
    page = book.add_worksheet(say("template.notes", lang))
    page.set_column(0, 0, 100, book.add_format({"text_wrap": True, "valign": "top"}))
    for row, line in enumerate(say("template.how", lang).split("|")):
        page.write_string(row, 0, line)
    _set_paper(page, lang)


def _write_table(book: Any, table: str, lang: Language) -> None:
    bold = book.add_format({"bold": True, "num_format": "@", "bottom": 1})
    grey = book.add_format({"font_color": "#777777", "num_format": "@"})
    faint = book.add_format({"italic": True, "font_color": "#777777"})
    text = book.add_format({"num_format": "@"})
    page = book.add_worksheet(label_table(table, lang))
    columns = [c for c in find_columns(table) if c.need != "derived" and not c.is_geometry]
    names = [(_name(c, lang), c.name, _note(c, table, lang)) for c in columns]
    if table in _PLACED:
        for key in ("longitude", "latitude"):
            label, note = say(f"template.{key}", lang).split("|")
            names.append((label, key, note))
    key = find_key(table)
    for place, (label, name, note) in enumerate(names):
        page.write_string(0, place, label, bold)
        page.write_comment(0, place, note, {"author": "gridplan", "x_scale": 2})
        page.write_string(1, place, name, grey)
        numeric = place >= len(columns) or columns[place].dtype == "float64"
        page.set_column(place, place, max(12, 2 * len(label) + 2), None if numeric else text)
        _write_example(page, place, name, table, lang, faint, is_key=name == key)
        if place < len(columns):
            _limit(page, place, columns[place], table, lang)
    page.freeze_panes(2, 1)
    page.repeat_rows(0)
    _set_paper(page, lang)


def _write_example(
    page: Any, place: int, name: str, table: str, lang: Language, style: Any, *, is_key: bool
) -> None:
    example: Any = _EXAMPLES.get(name, "")
    if name == "kind":
        example = _KINDS.get(table, "")
    if name in ("longitude", "latitude"):
        example = _LONGITUDE if name == "longitude" else _LATITUDE
    if lang == "zh" and isinstance(example, str):
        words = list_usual_words(WORDED[table]) if name == WORDED.get(table) else _CHINESE
        example = words.get(example, example)
    if is_key:
        # By this word the row is left out.
        example = f"{say('template.example', lang)} {example}"
    if isinstance(example, str):
        page.write_string(2, place, example, style)
    else:
        page.write_number(2, place, example, style)


def _list_choices(column: Column, table: str, lang: Language) -> list[str]:
    """List the words that a drop-down offers for a column; none where it has no list."""
    if column.dtype == "boolean":
        return say("template.yes_no", lang).split("|")
    words: list[str] = list(column.values)
    if column.name == WORDED.get(table):
        usual = list_usual_words(column.name)
        words = words or list(usual)
        words = [usual.get(word, word) for word in words] if lang == "zh" else words
    return words if len(",".join(words)) <= _LONGEST_LIST else []


def _limit(page: Any, place: int, column: Column, table: str, lang: Language) -> None:
    """Let a column take only what it can hold: yes or no, words of a list, numbers in a range."""
    rule: dict[str, Any] = {"ignore_blank": True, "error_title": _name(column, lang)}
    rule["error_message"] = _note(column, table, lang)[:250]
    words = _list_choices(column, table, lang)
    if words:
        rule |= {"validate": "list", "source": words}
        # Other kinds may be given, but those of the list are what verbs look for.
        rule |= {} if column.values or column.dtype == "boolean" else {"error_type": "warning"}
    elif column.dtype == "float64":
        rule |= {"validate": "decimal", "criteria": ">=", "value": max(column.least, 0.0)}
    else:
        return
    page.data_validation(3, place, 2 + _ROWS, place, rule)


def _name(column: Column, lang: Language) -> str:
    return column.zh if lang == "zh" else column.label


def _note(column: Column, table: str, lang: Language) -> str:
    """Write what a column holds: whether it is needed, its meaning, its unit, its words."""
    need = "needed" if column.need in ("key", "required") else "if_known"
    lines = [
        say(f"template.{need}", lang),
        translate(column.meaning) if lang == "zh" else column.meaning,
    ]
    lines += [say("template.unit", lang, unit=column.unit)] if column.unit else []
    words = [] if column.dtype == "boolean" else _list_choices(column, table, lang)
    between = "、" if lang == "zh" else ", "
    lines += [say("template.words", lang, words=between.join(words))] if words else []
    return "\n".join(line for line in lines if line)


def _set_paper(page: Any, lang: Language) -> None:
    """Set a sheet for paper: A4 on its side, one page wide, numbered."""
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_footer(f"&C{say('template.page', lang)}")
