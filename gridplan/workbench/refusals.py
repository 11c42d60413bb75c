"""Why a change is refused, in the language of the page, and what the page can do about it."""

from __future__ import annotations

from collections.abc import Mapping
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
        if message.get("lang") == "zh":
            row["message"] = translate(reason["message"])
            row["remedy"] = translate(reason["remedy"])
        rows.append(row)
    return rows
