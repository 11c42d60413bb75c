"""The words of edit scripts in English and Chinese, and the cutting and quoting of words."""

from __future__ import annotations

import re
from collections.abc import Iterable

EXAMPLES = {
    "move": "move building B12 to 0301-007",
    "swap": "swap building B12 with building B40",
    "split": "split 0301-007 into 2",
    "merge": "merge 0301-007 into 0301-008",
    "enclose": "enclose 12,4 60.5,4 60.5,80 in 0301-007",
    "lock": "lock subgrid 0301-007 because school buses",
    "unlock": "unlock subgrid 0301-007",
    "recode": "recode 0301-007 as 0301-021",
    "centre": "centre of 0301-007 at B12-1",
    "approve": "approve 0301-007 by grid_leader on 2026-11-24",
    "undo": "undo",
}
# Synonyms, so that both spellings and everyday words are understood; the log
# always writes the verb itself.
VERBS = {verb: verb for verb in EXAMPLES} | {
    "center": "centre",
    "exchange": "swap",
    "rename": "recode",
    "join": "merge",
}
_CHINESE_VERBS = {
    "设中心": "centre",
    "移动": "move",
    "交换": "swap",
    "拆分": "split",
    "合并": "merge",
    "圈入": "enclose",
    "解锁": "unlock",
    "锁定": "lock",
    "改码": "recode",
    "批准": "approve",
    "撤销": "undo",
}
NOUN_LEVELS = {
    "building": "building",
    "buildings": "building",
    "stairwell": "stairwell",
    "stairwells": "stairwell",
    "door": "stairwell",
    "subgrid": "subgrid",
    "subgrids": "subgrid",
    "sub-grid": "subgrid",
    "sub-grids": "subgrid",
    "community": "community",
    "communities": "community",
    "code": "code",
    "codes": "code",
}
_CHINESE_NOUNS = {
    "楼栋": "building",
    "单元": "stairwell",
    "子网格": "subgrid",
    "社区": "community",
    "编码": "code",
}
_CHINESE_WORDS = {"全部": "all", "所有": "all", "新": "new", "自动": "automatically"}
# What Chinese writes without spaces between a code and the next word.
_PARTICLES = {
    "并入": "to",
    "到": "to",
    "至": "to",
    "入": "to",
    "与": "and",
    "和": "and",
    "为": "as",
    "在": "at",
    "于": "at",
    "由": "by",
    "沿": "along",
}
# A particle means one thing after one verb and another after the next, so
# that these sets overlap: each verb cuts its line at its own set.
TO_WORDS = {"to", "into", "onto"}
AND_WORDS = {"and", "with", "for"}
AS_WORDS = {"as", "to", "into"}
AT_WORDS = {"at", "to", "in", "on"}
BY_WORDS = {"by"}
ON_WORDS = {"on", "at"}
INTO_WORDS = TO_WORDS | {"in"}
ALONG_WORDS = {"along"}
# Before the homes that a drawn line or outline moved when it was first carried out.
MOVING_WORDS = {"moving"}
# Stands where a stairwell would: the centre is the one with the least walking.
FREELY = "automatically"
FILLERS = {"the", "a", "an", "of", "parts", "part", "份", "个"}
# A quote inside quotes is doubled, as in CSV; commas of both scripts divide
# words as spaces do.
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|([^\s,，、"]+)')

Words = list[tuple[str, bool]]  # each word of a line, and whether it was quoted


def translate(text: str) -> str:
    """Turn Chinese verbs, nouns and particles into the English ones; codes stay as they are."""
    text = text.strip()
    for chinese, verb in _CHINESE_VERBS.items():
        if text.startswith(chinese):
            text = f"{verb} {text[len(chinese) :]}"
            break
    # Splitting at a captured pattern leaves the quoted codes at the odd places,
    # which are skipped: a quoted code is never translated.
    pieces = re.split(r'("(?:[^"]|"")*")', text)
    nouns = "|".join([*_CHINESE_NOUNS, *_CHINESE_WORDS])
    words = _CHINESE_NOUNS | _CHINESE_WORDS
    for n in range(0, len(pieces), 2):
        # A noun counts only where a word begins, so that a code such as
        # 东社区-1 stays whole.
        piece = re.sub(rf"(?<![^\s,，、])({nouns})", lambda m: f" {words[m[1]]} ", pieces[n])
        # A particle counts only after a Latin code or a space, for it may be a
        # letter of a Chinese code.
        piece = re.sub(
            rf"(?<=[0-9A-Za-z\s])({'|'.join(_PARTICLES)})", lambda m: f" {_PARTICLES[m[1]]} ", piece
        )
        # Nouns once more: one that followed a particle begins a word only now.
        pieces[n] = re.sub(rf"(?<![^\s,，、])({nouns})", lambda m: f" {words[m[1]]} ", piece)
    return "".join(pieces)


def split_words(text: str) -> Words:
    """Split a line into words, and say which of them were quoted."""
    return [
        (m[1].replace('""', '"'), True) if m[1] is not None else (m[2], False)
        for m in _TOKEN.finditer(text)
    ]


def quote_codes(codes: Iterable[str]) -> str:
    """Write codes as words of a line, quoted where they need it."""
    return " ".join(_quote_code(code) for code in codes)


def _quote_code(code: str) -> str:
    """Quote a code that the language would take for something else."""
    # The translation itself decides, not a list of letters: a Chinese word
    # added above cannot be forgotten here.
    plain = (
        _TOKEN.fullmatch(code)
        and not code.startswith(('"', "#"))
        and translate(f"x {code}") == f"x {code}"
    )
    # A colon would read as level:code.
    keyword = (
        code.lower()
        in {
            *NOUN_LEVELS,
            *TO_WORDS,
            *AND_WORDS,
            *AS_WORDS,
            *AT_WORDS,
            *BY_WORDS,
            *ALONG_WORDS,
            *MOVING_WORDS,
            *FILLERS,
            "new",
            "all",
            "because",
            FREELY,
        }
        or ":" in code
    )
    if plain and not keyword:
        return code
    escaped = code.replace('"', '""')
    return f'"{escaped}"'
