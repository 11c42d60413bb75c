"""Linear and integer problems for HiGHS, on one thread, limited by nodes and never by the clock."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
from highspy._core import _Highs

from gridplan.arrays import Bools, Floats


def open_model() -> Any:
    """Open a silent model on one thread."""
    # The bare class, since the public one prints a banner when it is opened.
    model = _Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("threads", 1)
    # One thread and one seed: with several, who finds a solution first is chance.
    model.setOptionValue("random_seed", 0)
    return model


def open_programme(
    cost: Floats, upper: Floats, whole: Bools, rows: Any, low: Floats, high: Floats
) -> Any:
    """Open a problem of least cost over columns from 0 to ``upper``, some of them whole.

    The sums of rows lie from ``low`` to ``high``; ``rows`` is a matrix by
    columns (csc).
    """
    lp = highspy.HighsLp()
    lp.num_col_ = len(cost)
    lp.num_row_ = len(low)
    lp.col_cost_ = cost
    lp.col_lower_ = np.zeros(len(cost))
    lp.col_upper_ = upper
    lp.row_lower_ = low
    lp.row_upper_ = high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = rows.indptr
    lp.a_matrix_.index_ = rows.indices
    lp.a_matrix_.value_ = rows.data
    # Without integrality the model stays a linear one, with duals.
    if whole.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[is_whole] for is_whole in whole.astype(int).tolist()]
    model = open_model()
    model.passModel(lp)
    return model


def open_cover(prices: Floats, rows: Any, low: Floats, high: Floats, nodes: int, gap: float) -> Any:
    """Open the integer problem of which columns to take; row sums stay from low to high.

    ``rows`` is a matrix by columns (csc), ``nodes`` and ``gap`` say how far to
    branch.
    """
    model = open_programme(
        prices, np.ones(len(prices)), np.ones(len(prices), bool), rows, low, high
    )
    # Nodes, not seconds, so that a slow machine comes to the same answer.
    model.setOptionValue("mip_max_nodes", nodes)
    model.setOptionValue("mip_rel_gap", gap)
    return model
