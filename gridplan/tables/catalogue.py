"""The rows by which texts are put into Chinese: the catalogues in ``chinese/``, one for a room.

A row holds a text as the source has it, its gaps numbered ``{0}``, ``{1}`` and
so on, and the Chinese with the same gaps in any order. ``{0!}`` is a gap for
one code or name, which stays as it is, ``{0=}`` one for several, and ``{0#}``
one for a number. Chinese that is ``-`` marks a text that stays English, such
as one that only a programmer reads. ``terms.csv`` holds single words: those of
tables, kinds and verbs, which are translated wherever they fill a gap.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from gridplan.tables.schema import read_schema
from gridplan.tables.words import read_pages

TERMS = "terms"
SCREEN = "screen"  # heads of tables and names of figures, and what typer says
# Pages of words.csv whose keys are codes of the data.
CODE_PAGES = ("post_kind", "value", "room", "scenario", "cause", "gap_rule")
COMMAND = "gridplan "  # what begins so is to be copied, unless a row begins so too
SAME = "-"  # the Chinese of a text that stays English
LAYOUT = re.compile(r"(\S+(?: \S+){0,5}?)( {2,})(\S.*)")  # a word, and a text some columns on
_GAP = re.compile(r"\{(\d+)([!#=]?)\}")
# What the Chinese counts is a number with its unit, and no clause.
_MEASURED = re.compile(r"\{(\d+)\} ?(?:[户个名栋处米条行项次年天层人件度]|分钟|小时|公里|平方米|%)")
_TYPED = re.compile(r"gridplan [^；;，。→]*")
_HELD = {"": ".*?", "!": r"\S*?", "=": ".*?", "#": r"[-+±\d.,]*? ?%?", "n": "[^:;]*?"}
_FEW = 3  # words of a row below which it is general


@dataclass(frozen=True)
class Template:
    """A row with gaps: the expression that its English matches, and its Chinese in parts.

    A row of few words is general: it counts only where its gaps leave nothing open.
    """

    pattern: str
    longest: str
    weight: int
    is_command: bool
    is_general: bool
    parts: tuple[str | tuple[int, bool], ...]


@dataclass(frozen=True)
class Catalogue:
    """All rows: texts without gaps, the words that fill gaps, heads of tables, and templates."""

    whole: dict[str, str]
    terms: dict[str, str]
    heads: dict[str, str]
    templates: tuple[Template, ...]


def read_rows() -> dict[str, dict[str, str]]:
    """Read all catalogues: for each room its English texts and their Chinese."""
    rooms: dict[str, dict[str, str]] = {}
    for file in files("gridplan.tables").joinpath("chinese").iterdir():
        if file.name.endswith(".csv"):
            rows = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))
            rooms[file.name.removesuffix(".csv")] = {row["en"]: row["zh"] for row in rows}
    return dict(sorted(rooms.items()))


@cache
def read_catalogue() -> Catalogue:
    """Read all catalogues once, as what texts are looked up in."""
    whole: dict[str, str] = {}
    templates: dict[str, Template] = {}
    rooms = read_rows()
    # What the screen says of a text that several rooms write comes first.
    order = sorted(rooms, key=lambda room: room != SCREEN)
    pairs = [pair for room in order for pair in rooms[room].items()]
    for en, zh in [*pairs, *_list_events()]:
        for english, chinese in _vary(en.strip(), zh.strip()) if zh else ():
            if not _GAP.search(english):
                whole.setdefault(english, english if chinese == SAME else chinese)
            # A row of gaps alone would match anything.
            elif chinese != SAME and re.search("[A-Za-z]", english):
                templates.setdefault(english, _make_template(english, chinese))
    terms = {**_list_codes(), **{en: zh for en, zh in rooms[TERMS].items() if zh}}
    heads = {**whole, **{en: zh for en, zh in rooms[SCREEN].items() if zh}}
    # A word that several rooms have is what the terms say, and what pages say comes last.
    whole = {**_list_words(), **whole, **terms}
    by_weight = sorted(templates.values(), key=lambda t: (-t.weight, t.pattern))
    return Catalogue(whole, terms, heads, tuple(by_weight))


def _vary(en: str, zh: str) -> list[tuple[str, str]]:
    """List the forms in which a row is met: whole, its word and text apart, or without its end."""
    pairs = [(en, zh)]
    before, after = LAYOUT.fullmatch(en), LAYOUT.fullmatch(zh)
    if before and after:
        pairs += [(before[1], after[1]), (before[3], after[3])]
    # The joint at the end of a text goes where nothing follows.
    if en.endswith((";", ",")):
        pairs.append((en.rstrip(";,"), zh.rstrip("；，;,")))
    return pairs


def _list_events() -> list[tuple[str, str]]:
    """List the sentences on what became of a sub-grid as rows: gaps by name become numbered."""
    pairs = []
    for words in read_pages()["event"].values():
        en, zh = words["en"], words["zh"]
        for n, name in enumerate(dict.fromkeys(re.findall(r"\{(\w+)\}", en))):
            kind = "#" if name in ("households", "count") else ""
            en = en.replace(f"{{{name}}}", f"{{{n}}}")
            zh = zh.replace(f"{{{name}}}", f"{{{n}{kind}}}")
        pairs.append((en, zh))
    return pairs


def _list_codes() -> dict[str, str]:
    """List the codes of data that pages and pictures have words for."""
    codes: dict[str, str] = {}
    for page in CODE_PAGES:
        for key, words in read_pages().get(page, {}).items():
            codes.setdefault(key, words["zh"])
    return codes


def _list_words() -> dict[str, str]:
    """List the words of pages and pictures, and the names of columns, that have no gaps."""
    words = {w["en"]: w["zh"] for page in read_pages().values() for w in page.values()}
    for name in ("measures", "roles", "emergencies", "policies"):
        text = files("gridplan.tables").joinpath(f"{name}.csv").read_text(encoding="utf-8")
        words |= {row["en"]: row["zh"] for row in csv.DictReader(io.StringIO(text))}
    labels = {c.label: c.zh for columns in read_schema().values() for c in columns}
    return {en: zh for en, zh in {**words, **labels}.items() if en and "{" not in en}


def _make_template(en: str, zh: str) -> Template:
    pieces = _GAP.split(en)
    literals = pieces[::3]
    pattern = re.escape(literals[0])
    split = _GAP.split(zh)
    kinds = dict(zip(split[1::3], split[2::3], strict=True))
    # What is typed must work: a code there is no word.
    typed = {gap[1] for command in _TYPED.findall(zh) for gap in _GAP.finditer(command)}
    measured = set(_MEASURED.findall(zh))
    kinds = {
        n: kind or ("=" if n in typed else "n" if n in measured else "")
        for n, kind in kinds.items()
    }
    seen: set[str] = set()
    for number, literal in zip(pieces[1::3], literals[1:], strict=True):
        # What stands twice in a text is the same twice.
        held = _HELD[kinds.get(number, "")]
        pattern += f"(?P=g{number})" if number in seen else f"(?P<g{number}>{held})"
        pattern += re.escape(literal)
        seen.add(number)
    parts: list[str | tuple[int, bool]] = [split[0]]
    for number, literal in zip(split[1::3], split[3::3], strict=True):
        parts += [(int(number), kinds[number] in ("!", "=")), literal]
    weight = sum(len(literal) for literal in literals)
    longest = max(literals, key=len)
    is_general = len(re.findall(r"[A-Za-z-]{2,}", " ".join(literals))) < _FEW
    is_command = en.startswith(COMMAND)
    return Template(pattern, longest, weight, is_command, is_general, tuple(parts))


@cache
def compile_once(pattern: str) -> re.Pattern[str]:
    """Compile the expression of a row when it is first needed."""
    # Compiling all rows would take half a second, of which a command needs a few.
    return re.compile(pattern)
