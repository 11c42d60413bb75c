"""A plan's ratios beside those of Tangshan, one by one."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pandas as pd

from gridplan.plan import Plan
from gridplan.publishing.published_figures import count_figures, list_figures
from gridplan.publishing.release_seal import is_released

FAR = 0.15  # a ratio that is further off than this share asks for an explanation


def read_figures(leaving: Plan) -> pd.DataFrame:
    """Read the figures of the paragraph from a release: value and whether it is shown.

    NaN and True where a figure is not known.
    """
    published = leaving.published[leaving.published["measure"].str.startswith("figure:")]
    figures = published.set_index(published["measure"].str.removeprefix("figure:"))[
        ["value", "shown"]
    ]
    # A figure without a row is unknown and not suppressed, so it counts as shown.
    full = figures.reindex(list(list_figures()))
    return full.assign(
        shown=full["shown"].map(lambda shown: shown is not False and shown != 0).astype(bool)
    )


def compare_ratios(plan: Plan) -> pd.DataFrame:
    """Compare a plan's ratios with those printed for Tangshan.

    Parameters
    ----------
    plan
        A working plan, whose figures are counted, or a released one, whose
        figures are read.

    Returns
    -------
    A row for each ratio: zh, en, expression, value, tangshan, off (share by
    which it differs; NaN where one is not known), far (more than 15 % off) and
    why it may be.

    Source: the founding document's counts (China City News, 25 September 2023,
    p. 19) and the census of 2020.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> row = compare_ratios(make_board_plan()).loc["households_per_subgrid"]
    >>> float(row["value"]), float(row["tangshan"]), bool(row["far"])
    (60.0, 37.8, True)
    """
    values = read_figures(plan)["value"] if is_released(plan) else count_figures(plan)
    text = files("gridplan.publishing").joinpath("ratios.csv").open(encoding="utf-8")
    with text as lines:
        table = pd.read_csv(lines).set_index("id").rename(columns={"published": "tangshan"})
    # The expressions of ratios.csv are evaluated over one row of all figures.
    one = pd.DataFrame([values.astype(float)])
    ratios = [
        float(one.eval(expression, engine="python").iloc[0]) for expression in table["expression"]
    ]
    # A figure of 0 below the line gives no ratio.
    table["value"] = np.where(np.isfinite(ratios), ratios, np.nan)
    table["off"] = table["value"] / table["tangshan"] - 1
    table["far"] = table["off"].abs() > FAR
    return table[["zh", "en", "expression", "value", "tangshan", "off", "far", "why"]]
