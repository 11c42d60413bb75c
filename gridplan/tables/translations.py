"""Texts of the screen in Chinese: each by its row in the catalogues, else by its parts."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from gridplan.tables.catalogue import COMMAND, LAYOUT, Template, compile_once, read_catalogue
from gridplan.tables.words import read_pages

_HAN = re.compile(r"[\u3400-\u9fff]")
# Words of prose: no codes, paths, options, names of columns or units with figures beside them.
_PROSE = re.compile(r"(?<![\w./\\=:<>#@*-])[A-Za-z]{2,}(?:-[A-Za-z]{2,})*(?![\w/\\=(*-]|\.\w|:\S)")
_TYPED = re.compile(r'"[^"]*"|`[^`]*`|gridplan [a-z]+')  # what a user types, or a file says
_CAPITALS = re.compile(r"[A-Z-]+")  # short names, such as those of formats
_NAMES = {"GeoPackage", "GeoParquet", "OpenStreetMap", "Dask", "Web", "shapefile", "gridplan"}
_UNITS = {"km", "ha"}
_NUMBERED = re.compile(r"(\d+\. |- |-> )(.*)")
_COUNTED = re.compile(
    r"([A-Za-z][A-Za-z_ ]*) (×?[\d.,]+ ?%?|\+)"
)  # such as a stage and its seconds
_COUNT_FIRST = re.compile(r"([\d.,]+) ([a-z_]+)")  # such as how many rows were dropped
_DURATION = re.compile(r"(?<=\d) ([hd])(?= ±|$)")
_LENGTHS = {"h": "小时", "d": "天"}
_FOUND = re.compile(r"([\d.,]+(?: [A-Za-z-]+){1,3}?) (.+)")  # so many things, and what of them
_BRACKET = re.compile(r"(.*\S) ?\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
# Where a text is divided if no row matches it whole, coarse to fine, and what stands there then.
_JOINTS = {
    **{" -> ": " → ", ". ": "。", "; ": "；", ": ": "："},
    **{", or ": "，或", ", and ": "，并", ", ": "，", " and ": "和", " or ": "或"},
}
_CLAUSES = {" -> ", ". ", "; ", ": "}
_UNKNOWN = 3  # English words of no row that one gap may hold, such as a name from the data
_LONGEST = 2000  # characters of a line that is translated; what is longer is data

MISSING: Counter[str] = Counter()  # texts that stayed English, for tests and for whoever adds rows


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
    words = _PROSE.findall(_TYPED.sub("", text))
    return sum(not _CAPITALS.fullmatch(w) and w not in _NAMES and w not in _UNITS for w in words)


def _translate_line(line: str) -> str:
    body = line.strip()
    start = line[: len(line) - len(line.lstrip())]
    end = line[len(line.rstrip()) :]
    if body in read_catalogue().whole:
        return start + read_catalogue().whole[body] + end
    if not count_prose(line) or len(line) > _LONGEST:
        return _DURATION.sub(lambda unit: f" {_LENGTHS[unit[1]]}", line)
    if numbered := _NUMBERED.fullmatch(body):
        return start + numbered[1].replace("->", "→") + _translate_text(numbered[2]) + end
    if laid := LAYOUT.fullmatch(body):
        word, text = _translate_text(laid[1]), _translate_line(laid[3])
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
        caught = compile_once(template.pattern).fullmatch(text)
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
    if (first := _COUNT_FIRST.fullmatch(text)) and _is_chinese(word := translate_word(first[2])):
        results.append(f"{word} {first[1]}")
    if _FOUND.fullmatch(text):
        results += _translate_found(text.split(" "))
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


def _translate_found(words: list[str]) -> list[str]:
    """Translate what is said of so many things, such as "3 homes cut", by two rows."""
    results = []
    for n in range(2, min(5, len(words))):
        things, said = _match_rows(" ".join(words[:n])), _match_rows(" ".join(words[n:]))
        if _is_chinese(things) and _is_chinese(said) and not count_prose(things + said):
            results.append(f"{things}{said}")
    return results
