"""Texts of a plan's tables, held as Python holds them: short columns are compared faster so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from gridplan.plan import Plan

PLAIN = pd.StringDtype("python", na_value=np.nan)


def hold_texts_plainly(plan: Plan) -> Plan:
    """Hold every column and code of texts as Python's own; values and types stay what they are.

    Rules ask thousands of small questions of texts. Each answer of Arrow's
    costs more than reading the few values there are.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> hold_texts_plainly(make_board_plan()).subgrids["kind"].dtype.storage
    'python'
    """
    from gridplan.plan import ALL_TABLES

    return plan.replace(**{name: _hold_table(plan.get_table(name)) for name in ALL_TABLES})


def _hold_table(table: Any) -> Any:
    texts = [name for name, dtype in table.dtypes.items() if isinstance(dtype, pd.StringDtype)]
    plain = table.assign(**{name: table[name].astype(PLAIN) for name in texts})
    if isinstance(table.index.dtype, pd.StringDtype):
        plain.index = table.index.astype(PLAIN)
    return plain
