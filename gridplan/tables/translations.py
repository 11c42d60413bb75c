"""Texts of the screen in Chinese, by the rows of the catalogues in ``chinese/``, one for a room.

A row holds a text as the source has it, its gaps numbered ``{0}``, ``{1}`` and
so on, and the Chinese with the same gaps in any order. ``{0!}`` keeps what the
gap holds as it is. Chinese that is ``-`` marks a text that stays English, such
as one that only a programmer reads. ``terms.csv`` holds single words: those of
tables, kinds and verbs, which are translated wherever they fill a gap.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

TERMS = "terms"
SAME = "-"  # the Chinese of a text that stays English
_GAP = re.compile(r"\{(\d+)(!?)\}")
_HAN = re.compile(r"[\u3400-\u9fff]")
# Words of prose: no codes, paths, options, names of columns or units with figures beside them.
_PROSE = re.compile(r"(?<![\w./\\=:<>#@*-])[A-Za-z]{2,}(?![\w/\\=(*-]|\.\w|:\S)")
_LAYOUT = re.compile(r"(\S+(?: \S+){0,2}?)( {2,})(\S.*)")
_NUMBERED = re.compile(r"(\d+\. |- )(.*)")
_BRACKET = re.compile(r"(.*\S) ?\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
# Where a text is divided if no row matches it whole, coarse to fine, and what stands there then.
_JOINTS = {
    **{" -> ": " → ", ". ": "。", "; ": "；", ": ": "："},
    **{", ": "，", " and ": "和", " or ": "或"},
}
_CLAUSES = {" -> ", ". ", "; ", ": "}
_LONGEST = 2000  # characters of a line that is translated; what is longer is data

MISSING: Counter[str] = Counter()  # texts that stayed English, for tests and for whoever adds rows


@dataclass(frozen=True)
class Template:
    """A row with gaps: the expression that its English matches, and its Chinese in parts."""

    pattern: re.Pattern[str]
    longest: str
    weight: int
    parts: tuple[str | tuple[int, bool], ...]


@dataclass(frozen=True)
class Catalogue:
    """All rows: texts without gaps, the words among them that fill gaps, and templates."""

    whole: dict[str, str]
    terms: dict[str, str]
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
    terms = {en: zh for en, zh in rooms.get(TERMS, {}).items() if zh}
    # A word that several rooms have is what the terms say.
    whole.update(terms)
    order = sorted(templates.values(), key=lambda t: (-t.weight, t.pattern.pattern))
    return Catalogue(whole, terms, tuple(order))


def _make_template(en: str, zh: str) -> Template:
    pieces = _GAP.split(en)
    literals = pieces[::3]
    pattern = re.escape(literals[0])
    seen: set[str] = set()
    for number, literal in zip(pieces[1::3], literals[1:], strict=True):
        # What stands twice in a text is the same twice.
        pattern += f"(?P=g{number})" if number in seen else f"(?P<g{number}>.*?)"
        pattern += re.escape(literal)
        seen.add(number)
    split = _GAP.split(zh)
    parts: list[str | tuple[int, bool]] = [split[0]]
    for number, raw, literal in zip(split[1::3], split[2::3], split[3::3], strict=True):
        parts += [(int(number), bool(raw)), literal]
    weight = sum(len(literal) for literal in literals)
    return Template(re.compile(pattern), max(literals, key=len), weight, tuple(parts))


def translate(text: str) -> str:
    """Put a text of the screen into Chinese, line by line; what has no row stays English.

    Examples
    --------
    >>> translate("buildings: 2 problems")
    'buildings: 2 problems'
    >>> print(translate("written"))
    已写入
    """
    lines = []
    for line in text.split("\n"):
        chinese = _translate_line(line)
        if count_prose(chinese) > 1:
            MISSING[line.strip()] += 1
        lines.append(chinese)
    return "\n".join(lines)


def translate_word(word: str) -> str:
    """Put a single word into Chinese, such as a code of a kind, if it is one of the terms."""
    return read_catalogue().terms.get(word, word)


def count_prose(text: str) -> int:
    """Count the English words of a text that are neither codes nor paths nor options."""
    return len(_PROSE.findall(text))


def _translate_line(line: str) -> str:
    if not count_prose(line) or len(line) > _LONGEST:
        return line
    body = line.strip()
    start = line[: len(line) - len(line.lstrip())]
    end = line[len(line.rstrip()) :]
    if numbered := _NUMBERED.fullmatch(body):
        return start + numbered[1] + _translate_text(numbered[2]) + end
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
    catalogue = read_catalogue()
    if text in catalogue.whole:
        return catalogue.whole[text]
    if not count_prose(text):
        return text
    best, least = text, count_prose(text)
    for template in catalogue.templates:
        if template.longest in text and (caught := template.pattern.fullmatch(text)):
            chinese = _fill(template, caught)
            if (left := count_prose(chinese)) < least:
                best, least = chinese, left
            if not least:
                return best
    for chinese in _translate_parts(text):
        if (left := count_prose(chinese)) < least:
            best, least = chinese, left
    return best


def _fill(template: Template, caught: re.Match[str]) -> str:
    parts = []
    for part in template.parts:
        if isinstance(part, str):
            parts.append(part)
        else:
            number, is_raw = part
            gap = caught.groupdict().get(f"g{number}") or ""
            parts.append(gap if is_raw else _translate_gap(gap))
    return "".join(parts)


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
    for joint, chinese in _JOINTS.items():
        if joint in text:
            parts = [_translate_gap(part) for part in text.split(joint)]
            # Clauses are put into Chinese as far as they can be, but no half sentences.
            is_clause = joint in _CLAUSES
            if any(map(_is_chinese, parts)) and (is_clause or count_prose("".join(parts)) == 0):
                # A comma between single words is that of a list.
                is_list = joint == ", " and all(" " not in part for part in parts)
                results.append(("、" if is_list else chinese).join(parts))
    return results


def _is_chinese(text: str) -> bool:
    return bool(_HAN.search(text))
