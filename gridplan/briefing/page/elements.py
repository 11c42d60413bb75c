"""The elements of a page of a briefing: a whole page, tables, maps, lists of what is missing."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Sequence

from gridplan.briefing.sections import Table

escape = html.escape
SHORT = 14  # rows of a table that is not broken between two printed pages


def write_whole_page(lang: str, title: str, style: str, body: Iterable[str]) -> bytes:
    """Write a page that runs no script and fetches nothing: pictures stand within it.

    Examples
    --------
    >>> page = write_whole_page("en", "Brief", "p{margin:0}", ["<p>120 households</p>"])
    >>> b"default-src 'none'" in page, b"<script" in page
    (True, False)
    """
    hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # Should a name hold markup in spite of the escapes, nothing runs or is fetched.
    policy = (
        f"default-src 'none'; style-src 'sha256-{hashed}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    lines = [
        "<!doctype html>",
        f'<html lang="{lang}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{escape(title)}</title><style>{style}</style></head>",
        "<body>",
        *body,
        "</body></html>",
    ]
    return ("\n".join(lines) + "\n").encode()


def write_table(table: Table, caption: str) -> str:
    """Write a table with its caption above and its note below."""
    numeric = (*table.numeric, *[False] * len(table.columns))
    kinds = [' class="n"' if number else "" for number in numeric]
    head = "".join(
        f"<th{kind}>{escape(name)}</th>" for name, kind in zip(table.columns, kinds, strict=False)
    )
    rows = "".join(
        "<tr>" + "".join(_write_cell(cell, kind) for cell, kind in zip(row, kinds, strict=False))
        for row in table.rows
    )
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    short = ' class="short"' if len(table.rows) <= SHORT else ""
    return (
        f"<table{short}><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>{note}"
    )


def _write_cell(cell: str, kind: str) -> str:
    # Expressions come in Markdown's backticks; HTML has an element for them.
    text = escape(cell.strip("`"))
    text = f"<code>{text}</code>" if cell.startswith("`") else text
    return f"<td{kind}>{text}</td>"


def write_picture(picture: bytes, caption: str) -> str:
    """Write a PNG that stands within the page, with its caption below."""
    content = base64.b64encode(picture).decode()
    return (
        f'<figure><img alt="{escape(caption)}" src="data:image/png;base64,{content}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def write_missing(lines: Sequence[str]) -> str:
    """Write what is missing, and what is to be given; nothing where nothing is."""
    if not lines:
        return ""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<div class="missing"><ul>{items}</ul></div>'
