"""Names of columns: the words of files, made alike and matched to the columns of ``schema.csv``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

from gridplan.tables.schema import Column, read_schema

# Characters without width that programs leave in headers: byte order marks and joiners.
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u00ad"))
_CHINESE_SPACE = re.compile(r"(?<=[\u3400-\u9fff])[\s_]+(?=[\u3400-\u9fff])")
_UNIT = re.compile(r"[\s_]*[(\[{【〔][^()\[\]{}【】〔〕]*[)\]}】〕]$")


@lru_cache(maxsize=4096)  # each word of a table is compared with each name of a file
def plain_name(name: str) -> str:
    r"""Make a column's name plain: full width, capitals, spaces and line breaks do not matter.

    Examples
    --------
    >>> [plain_name(name) for name in ("Building Height", "户\n数", "ＦＬＯＯＲＳ", "\ufeffid")]
    ['building_height', '户数', 'floors', 'id']
    """
    text = unicodedata.normalize("NFKC", name).translate(_INVISIBLE).strip().lower()
    text = _CHINESE_SPACE.sub("", text)
    return re.sub(r"[\s\-_.:]+", "_", text)


def drop_unit(name: str) -> str:
    """Drop a unit in brackets from the end of a plain name.

    Examples
    --------
    >>> drop_unit(plain_name("户数（户）")), drop_unit("height_[m]"), drop_unit("(m)")
    ('户数', 'height', '(m)')
    """
    return _UNIT.sub("", name) or name


def match_columns(
    table: str, given_names: Iterable[str], mapping: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Match a file's column names to the columns of a table, by mapping, name or alias.

    The words of files, Chinese, Korean or any other, are in the column
    ``aliases`` of ``schema.csv``, divided by ``|``: a new word for a column
    is added there, and nowhere in code. A name that is the word itself goes
    before one that differs in case, width or spaces, and that before one with
    a unit in brackets.

    Parameters
    ----------
    table
        Name of the table in ``schema.csv``.
    given_names
        Column names of the file.
    mapping
        The user's own words: column of the table -> column of the file.

    Returns
    -------
    Column of the file -> column of the table, for those that matched.

    Examples
    --------
    >>> match_columns("buildings", ["编号", "层数", "Households"], {"use": "yt"})
    {'编号': 'building', '层数': 'floors', 'Households': 'households_observed'}
    >>> match_columns("buildings", ["HOUSEHOLDS", "households", "层数（层）"])
    {'层数（层）': 'floors', 'households': 'households_observed'}
    """
    names = list(dict.fromkeys(given_names))
    matched: dict[str, str] = {}
    wanted = dict(mapping or {})
    for column_name, file_name in wanted.items():
        hit = _find_name(file_name, names)
        if hit is not None:
            matched[hit] = column_name
            names.remove(hit)
    # Derived columns are gridplan's own; a file's column of that name is not taken for one.
    columns = [
        c
        for c in read_schema()[table]
        if not c.is_geometry and c.need != "derived" and c.name not in wanted
    ]
    # All names go before all aliases, so that no alias takes a file's column that another names.
    for words in ([(c, (c.name,)) for c in columns], [(c, _list_words(c)[1:]) for c in columns]):
        for column, aliases in words:
            if column.name in matched.values():
                continue
            hit = next((h for h in (_find_name(a, names) for a in aliases) if h is not None), None)
            if hit is not None:
                matched[hit] = column.name
                names.remove(hit)
    return matched


def _find_name(word: str, names: list[str]) -> str | None:
    """Find a word among the names of a file: itself, else alike, else with a unit behind it."""
    if word in names:
        return word
    plain = plain_name(word)
    alike = [name for name in names if plain_name(name) == plain]
    alike += [name for name in names if drop_unit(plain_name(name)) == plain]
    return alike[0] if alike else None


def explain_unused(
    table: str, given_names: Iterable[str], matched: Mapping[str, str]
) -> dict[str, str]:
    """Say of each column that was not matched whether another was read in its place.

    Returns
    -------
    Column of the file -> the column of the file that was read for the same
    column of the table, or "" where gridplan has no use for it.

    Examples
    --------
    >>> matched = {"households": "households_observed"}
    >>> explain_unused("buildings", ["households", "户数", "colour"], matched)
    {'户数': 'households', 'colour': ''}
    """
    read = {column: name for name, column in matched.items()}
    meanings = {
        plain_name(word): column.name
        for column in read_schema()[table]
        for word in _list_words(column)
    }
    unused: dict[str, str] = {}
    for name in given_names:
        if name in matched:
            continue
        meaning = meanings.get(plain_name(name), meanings.get(drop_unit(plain_name(name)), ""))
        unused[name] = read.get(meaning, "")
    return unused


def _list_words(column: Column) -> tuple[str, ...]:
    """List the words that a file may have for a column; the last is its name in Chinese."""
    if column.is_geometry or column.need == "derived":
        return ()
    return (column.name, *column.aliases, column.zh)
