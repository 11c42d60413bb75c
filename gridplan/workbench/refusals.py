"""Why a change is refused, in the language of the page, and what the page can do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gridplan.redrawing.editing.code_lookup import RefusedError
from gridplan.tables.translations import translate
from gridplan.workbench.desk import list_reasons

_LOCKS = "locks hold"


def describe_reasons(error: RefusedError, message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Describe the reasons of a refusal for the page that asked, each with the lock to open.

    Examples
    --------
    >>> from gridplan.redrawing.editing.code_lookup import refuse
    >>> refused = refuse("locks hold", "h03 stays by the lock building:h03", "unlock building:h03")
    >>> describe_reasons(refused, {})[0]["lock"]
    'building:h03'
    """
    rows = []
    for reason in list_reasons(error):
        row = {**reason, "lock": ""}
        if reason["rule"] == _LOCKS and reason["remedy"].startswith("unlock "):
            row["lock"] = reason["remedy"].removeprefix("unlock ")
        row["message"], row["remedy"] = put_into_words(
            (reason["message"], reason["remedy"]), message
        )
        rows.append(row)
    return rows


def put_into_words(texts: Iterable[str], message: Mapping[str, Any]) -> list[str]:
    """Put texts into the language of the page that asked.

    Examples
    --------
    >>> put_into_words(["nothing is locked"], {"lang": "zh"})
    ['没有锁定']
    """
    return [translate(text) if message.get("lang") == "zh" else text for text in texts]
