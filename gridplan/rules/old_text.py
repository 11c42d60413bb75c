"""Lists and tables read from the text that earlier versions wrote in their place.

Only a refusal uses them, to print the new form: a text is refused, whatever it
holds.
"""

from __future__ import annotations


def split_words(text: str) -> tuple[str, ...]:
    """Split words at bars.

    Examples
    --------
    >>> split_words("school|hospital")
    ('school', 'hospital')
    """
    return tuple(word.strip() for word in text.split("|") if word.strip())


def split_numbers(text: str) -> tuple[float, ...]:
    """Split numbers at spaces.

    Examples
    --------
    >>> split_numbers("5 10 15")
    (5.0, 10.0, 15.0)
    """
    return tuple(float(word) for word in text.split())


def split_rows(text: str) -> list[list[str]]:
    """Split rows at semicolons, and the words of each at spaces.

    Examples
    --------
    >>> split_rows("clinic 15 0; canteen 15 1500;")
    [['clinic', '15', '0'], ['canteen', '15', '1500']]
    """
    return [part.split() for part in text.split(";") if part.split()]
