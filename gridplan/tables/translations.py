"""Texts of the screen in Chinese, by the rows of the catalogues in ``chinese/``, one for a room.

A row holds a text as the source has it, its gaps numbered ``{0}``, ``{1}`` and
so on, and the Chinese with the same gaps in any order. ``{0!}`` is a gap for
one code or name, which stays as it is, ``{0=}`` one for several, and ``{0#}``
one for a number. Chinese that is ``-`` marks a text that stays English, such as one that only a
programmer reads. ``terms.csv`` holds single words: those of tables, kinds and
verbs, which are translated wherever they fill a gap.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from gridplan.tables.schema import read_schema
from gridplan.tables.words import read_pages

TERMS = "terms"
SCREEN = "screen"  # heads of tables and names of figures, and what typer says
# Pages of words.csv whose keys are codes of the data.
CODE_PAGES = ("post_kind", "value", "room", "scenario", "cause", "gap_rule")
COMMAND = "gridplan "  # what begins so is to be copied, unless a row begins so too
SAME = "-"  # the Chinese of a text that stays English
_GAP = re.compile(r"\{(\d+)([!#=]?)\}")
_HELD = {"": ".*?", "!": r"\S*?", "=": ".*?", "#": r"[-+±\d.,]*? ?%?"}
_HAN = re.compile(r"[\u3400-\u9fff]")
# Words of prose: no codes, paths, options, names of columns or units with figures beside them.
_PROSE = re.compile(r"(?<![\w./\\=:<>#@*-])[A-Za-z]{2,}(?![\w/\\=(*-]|\.\w|:\S)")
_CAPITALS = re.compile(r"[A-Z]+")  # short names, such as those of formats
_NAMES = {"GeoPackage", "GeoParquet", "OpenStreetMap", "Dask", "Web", "shapefile", "gridplan"}
_UNITS = {"min", "km", "ha"}
_LAYOUT = re.compile(r"(\S+(?: \S+){0,2}?)( {2,})(\S.*)")
_NUMBERED = re.compile(r"(\d+\. |- |-> )(.*)")
_COUNTED = re.compile(r"([A-Za-z][A-Za-z_ ]*) ([\d.,]+)")  # such as a stage and its seconds
_BRACKET = re.compile(r"(.*\S) ?\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
# Where a text is divided if no row matches it whole, coarse to fine, and what stands there then.
_JOINTS = {
    **{" -> ": " → ", ". ": "。", "; ": "；", ": ": "："},
    **{", ": "，", " and ": "和", " or ": "或"},
}
_CLAUSES = {" -> ", ". ", "; ", ": "}
_FEW = 3
_UNKNOWN = 3  # English words of no row that one gap may hold, such as a name from the data
_LONGEST = 2000  # characters of a line that is translated; what is longer is data

MISSING: Counter[str] = Counter()  # texts that stayed English, for tests and for whoever adds rows


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
    for rows in rooms.values():
        for en, zh in rows.items():
            if zh and not _GAP.search(en):
                whole[en.strip()] = en.strip() if zh == SAME else zh.strip()
            elif zh and zh != SAME:
                templates[en] = _make_template(en.strip(), zh.strip())
    terms = {**_list_codes(), **{en: zh for en, zh in rooms[TERMS].items() if zh}}
    heads = {**whole, **{en: zh for en, zh in rooms[SCREEN].items() if zh}}
    # A word that several rooms have is what the terms say, and what pages say comes last.
    whole = {**_list_words(), **whole, **terms}
    order = sorted(templates.values(), key=lambda t: (-t.weight, t.pattern))
    return Catalogue(whole, terms, heads, tuple(order))


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
    seen: set[str] = set()
    for number, literal in zip(pieces[1::3], literals[1:], strict=True):
        # What stands twice in a text is the same twice.
        held = _HELD[kinds.get(number, "")]
        pattern += f"(?P=g{number})" if number in seen else f"(?P<g{number}>{held})"
        pattern += re.escape(literal)
        seen.add(number)
    parts: list[str | tuple[int, bool]] = [split[0]]
    for number, kind, literal in zip(split[1::3], split[2::3], split[3::3], strict=True):
        parts += [(int(number), kind in ("!", "=")), literal]
    weight = sum(len(literal) for literal in literals)
    longest = max(literals, key=len)
    is_general = len(re.findall(r"[A-Za-z]{2,}", " ".join(literals))) < _FEW
    is_command = en.startswith(COMMAND)
    return Template(pattern, longest, weight, is_command, is_general, tuple(parts))


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    # Compiling all rows would take half a second, of which a command needs a few.
    return re.compile(pattern)


def translate(text: str) -> str:
    """Put a text of the screen into Chinese, line by line; what has no row stays English.

    Examples
    --------
    >>> print(translate("written"))
    已写入
    >>> translate("the moon is blue")
    'the moon is blue'
    """
    lines = []
    for line in text.split("\n"):
        chinese = _translate_line(line)
        if count_prose(chinese) > 1:
            MISSING[line.strip()] += 1
        lines.append(chinese.replace(" -> ", " → "))
    return "\n".join(lines)


def translate_head(text: str, page: str = "") -> str:
    """Put the head of a column, or a code that a page of ``words.csv`` has, into Chinese."""
    of_page = read_pages().get(page, {}).get(text)
    return of_page["zh"] if of_page else read_catalogue().heads.get(text) or translate(text)


def translate_word(word: str) -> str:
    """Put a single word into Chinese, such as a code of a kind, if it is one of the terms."""
    return read_catalogue().terms.get(word, word)


def count_prose(text: str) -> int:
    """Count the English words of a text that are neither codes nor paths nor options."""
    words = _PROSE.findall(text)
    return sum(not _CAPITALS.fullmatch(w) and w not in _NAMES and w not in _UNITS for w in words)


def _translate_line(line: str) -> str:
    if not count_prose(line) or len(line) > _LONGEST:
        return line
    body = line.strip()
    start = line[: len(line) - len(line.lstrip())]
    end = line[len(line.rstrip()) :]
    if numbered := _NUMBERED.fullmatch(body):
        return start + numbered[1].replace("->", "→") + _translate_text(numbered[2]) + end
    if (laid := _LAYOUT.fullmatch(body)) and body not in read_catalogue().whole:
        word, text = _translate_text(laid[1]), _translate_text(laid[3])
        return f"{start}{pad(word, len(laid[1] + laid[2]))}{text}{end}"
    return start + _translate_text(body) + end


def pad(word: str, width: int) -> str:
    """Fill a word up with blanks; a Chinese character is as wide as two letters."""
    wide = sum(2 if ord(letter) > 0x2E7F else 1 for letter in word)
    return word + " " * max(1, width - wide)


@lru_cache(maxsize=20_000)
def _translate_text(text: str) -> str:
    """Translate a text on one line: by its own row, else by its parts, whichever leaves less."""
    best = _match_rows(text)
    least = count_prose(best)
    if least and not text.startswith(COMMAND):
        for chinese in _translate_parts(text):
            if (left := count_prose(chinese)) < least:
                best, least = chinese, left
    return best


def _match_rows(text: str) -> str:
    """Translate a text by the row that leaves the least of it in English."""
    catalogue = read_catalogue()
    if text in catalogue.whole:
        return catalogue.whole[text]
    best, least = text, count_prose(text)
    is_command = text.startswith(COMMAND)
    for template in catalogue.templates if least else ():
        if template.longest not in text or (is_command and not template.is_command):
            continue
        caught = _compile(template.pattern).fullmatch(text)
        chinese = _fill(template, caught) if caught else None
        if chinese is not None and (left := count_prose(chinese)) < least:
            best, least = chinese, left
        if not least:
            break
    return best


def _fill(template: Template, caught: re.Match[str]) -> str | None:
    """Fill the gaps of a row with what they caught; nothing if that is no single thing."""
    parts = []
    for part in template.parts:
        if isinstance(part, str):
            parts.append(part)
            continue
        number, is_raw = part
        gap = caught.groupdict().get(f"g{number}") or ""
        chinese = gap if is_raw else _translate_gap(gap)
        # A bracket that is not closed, or a long text of no row, belongs to some other row.
        if not _is_whole(gap) or count_prose(chinese) > (0 if template.is_general else _UNKNOWN):
            return None
        parts.append(chinese)
    return "".join(parts)


def _is_whole(text: str) -> bool:
    """Whether no bracket and no quote of a text is open."""
    return text.count("(") == text.count(")") and text.count('"') % 2 == 0


def _divide(text: str, joint: str) -> list[str]:
    """Divide a text at its joints, except for those within brackets and quotes."""
    parts = [""]
    for piece in text.split(joint):
        parts[-1] += piece
        if _is_whole(parts[-1]):
            parts.append("")
        else:
            parts[-1] += joint
    return parts[:-1] if not parts[-1] else [text]


def _translate_gap(gap: str) -> str:
    """Translate what fills a gap: a word only if it is a term, since it may be a code or a name."""
    bare = gap.strip()
    if " " not in bare:
        word = translate_word(bare)
        return word if _is_chinese(word) else gap
    chinese = _translate_text(bare)
    return chinese if _is_chinese(chinese) else gap


def _translate_parts(text: str) -> list[str]:
    """Translate a text by its parts, divided at each kind of joint that it has."""
    results = []
    if text.endswith((".", ":")) and _is_chinese(start := _translate_text(text[:-1])):
        results.append(start + {".": "。", ":": "："}[text[-1]])
    if (bracket := _BRACKET.fullmatch(text)) is not None:
        inner = _translate_text(f"({bracket[2]})")
        if inner.startswith("("):
            inner = f"（{_translate_gap(bracket[2])}）"
        if _is_chinese(start := _translate_text(bracket[1])):
            results.append(start + inner)
    if (counted := _COUNTED.fullmatch(text)) and _is_chinese(word := _translate_text(counted[1])):
        results.append(f"{word} {counted[2]}")
    for joint, chinese in _JOINTS.items():
        if joint in text:
            pieces = _divide(text, joint)
            if len(pieces) == 1 or not all(pieces):
                continue
            parts = [_translate_gap(pieces[0])]
            parts += [_translate_further(joint, piece) for piece in pieces[1:]]
            # Clauses are put into Chinese as far as they can be, but no half sentences.
            is_clause = joint in _CLAUSES
            if any(map(_is_chinese, parts)) and (is_clause or count_prose("".join(parts)) == 0):
                # A comma between single words is that of a list.
                is_list = joint == ", " and all(" " not in part for part in parts)
                results.append(("、" if is_list else chinese).join(parts))
    return results


def _is_chinese(text: str) -> bool:
    return bool(_HAN.search(text))


def _translate_further(joint: str, piece: str) -> str:
    """Translate a part that follows others: a row of its own may begin with what joins it."""
    if joint in (", ", "; ") and _is_chinese(chinese := _match_rows(f"{joint}{piece}")):
        return chinese.lstrip("，；")
    return _translate_gap(piece)
