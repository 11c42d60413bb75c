"""Rows of gaps, as the audit derives them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridplan.auditing.derived import spread_columns


def list_gaps(
    rule: str, level: str, of: Any, community: Any, value: Any, need: Any, homes: Any
) -> dict[str, Any]:
    """List gaps of one rule and level as they should be, as columns."""
    return spread_columns(
        {
            "rule": rule,
            "level": level,
            "of": of,
            "community": community,
            "value": np.asarray(value, float),
            "need": np.asarray(need, float),
            "households": np.asarray(homes, float).astype(np.int64),
        },
        len(of),
    )
