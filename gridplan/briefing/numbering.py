"""Numbers of headings, items, tables and figures, as official documents write them."""

from __future__ import annotations

from gridplan.tables.schema import Language

_DIGITS = "零一二三四五六七八九"


def write_chinese_number(number: int) -> str:
    """Write a number from 1 to 99 in Chinese.

    Examples
    --------
    >>> [write_chinese_number(n) for n in (1, 10, 12, 20, 34)]
    ['一', '十', '十二', '二十', '三十四']
    """
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return head + (_DIGITS[ones] if ones or not tens else "")


def number_heading(number: int, text: str, lang: Language) -> str:
    """Write a heading of the first level with its number.

    Examples
    --------
    >>> number_heading(2, "服务覆盖", "zh"), number_heading(2, "Coverage", "en")
    ('二、服务覆盖', '2. Coverage')
    """
    return f"{write_chinese_number(number)}、{text}" if lang == "zh" else f"{number}. {text}"


def number_subheading(heading: int, number: int, text: str, lang: Language) -> str:
    """Write a heading of the second level with its number, under that of its heading.

    Examples
    --------
    >>> number_subheading(2, 1, "缺口", "zh"), number_subheading(2, 1, "Gaps", "en")
    ('（一）缺口', '2.1 Gaps')
    """
    if lang == "zh":
        return f"（{write_chinese_number(number)}）{text}"
    return f"{heading}.{number} {text}"


def number_item(number: int, text: str, lang: Language) -> str:
    """Write an item with its number.

    Examples
    --------
    >>> number_item(3, "补齐岗位", "zh"), number_item(3, "Fill the posts", "en")
    ('3.补齐岗位', '(3) Fill the posts')
    """
    return f"{number}.{text}" if lang == "zh" else f"({number}) {text}"
