"""Plots of what was measured, as pictures for a report; Chinese words only where a font has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from gridplan.errors import MissingPackageError
from gridplan.frontier import WISHES

CJK = 0x2E7F  # the last character before the Chinese ones
FONTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "SimHei"),
    *("Hiragino Sans GB", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Noto Serif CJK SC", "Noto Serif CJK JP"),
)
WORDS = {
    "en": {
        "off_target": "price of balance", "building": "price of whole buildings", "compound": "price of whole compounds",
        "cv": "spread of households (CV, %)", "buildings_split": "buildings split", "compounds_crossed": "compounds crossed",
        "mean_walk": "mean walk to the centre (m)", "undominated": "nothing else is better in all", "other": "beaten by another",
    },
    "zh": {
        "off_target": "均衡的价格", "building": "楼栋完整的价格", "compound": "小区完整的价格",
        "cv": "户数离散程度（变异系数，%）", "buildings_split": "被拆分的楼栋", "compounds_crossed": "跨越的小区",
        "mean_walk": "到中心户的平均步行距离（米）", "undominated": "没有全面更优的方案", "other": "有全面更优的方案",
    },
}  # fmt: skip


def plot_frontier(table: pd.DataFrame, path: str | Path, *, title: str = "", lang: str = "en") -> Path:
    """Plot the frontier of a community as a PNG: for each price, what it buys against the mean walk (metres).

    The numbers beside the points are the factors that the price was multiplied by.

    Parameters
    ----------
    table
        From :func:`gridplan.trace_frontier`.
    path
        The file to write.
    title
        Stands over the picture.
    lang
        en or zh.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed, or no font on this machine has the Chinese characters that are needed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError("plots need matplotlib -> pip install 'gridplan[report]'") from error
    words = WORDS[lang]
    chinese = any(ord(letter) > CJK for letter in title + "".join(words.values()))
    with rc_context({"font.family": [find_font()] if chinese else ["DejaVu Sans"], "font.size": 9, "svg.hashsalt": "gridplan"}):
        figure = Figure(figsize=(10.5, 3.6), layout="constrained")
        for axes, (wish, bought) in zip(figure.subplots(1, len(WISHES)), WISHES.items(), strict=True):
            _draw_wish(axes, table.loc[wish], bought, words)
            axes.set_title(words[wish], fontsize=10)
        figure.axes[0].legend(frameon=False, fontsize=8)
        if title:
            figure.suptitle(title)
        figure.savefig(path, dpi=110, metadata={"Software": None})
    return Path(path)


def _draw_wish(axes: Any, rows: pd.DataFrame, bought: str, words: dict[str, str]) -> None:
    """Draw the points of one price, joined in the order of its factors."""
    scale = 100.0 if bought == "cv" else 1.0
    x, y = rows["mean_walk"], rows[bought] * scale
    axes.plot(x, y, color="#b0b7c3", linewidth=1, zorder=1)
    for mask, fill, label in ((rows["undominated"], "#1f6fb2", "undominated"), (~rows["undominated"], "white", "other")):
        axes.scatter(x[mask], y[mask], s=34, c=fill, edgecolors="#1f6fb2", zorder=2, label=words[label])
    names: dict[tuple[float, float], list[str]] = {}
    for factor, at in zip(rows.index, zip(x, y, strict=True), strict=True):
        names.setdefault(at, []).append(f"×{factor:g}")
    for at, factors in names.items():
        axes.annotate(" ".join(factors), at, xytext=(5, 4), textcoords="offset points", fontsize=8)
    axes.set_xlabel(words["mean_walk"])
    axes.set_ylabel(words[bought])
    axes.margins(0.18)
    axes.spines[["top", "right"]].set_visible(False)


def find_font() -> str:
    """Find a font with Chinese characters.

    Raises
    ------
    MissingPackageError
        If there is none; a plot would show empty boxes.
    """
    from matplotlib.font_manager import fontManager

    known = {font.name for font in fontManager.ttflist}
    for name in FONTS:
        if name in known:
            return name
    raise MissingPackageError(
        "no font here has Chinese characters -> install one, such as the package fonts-noto-cjk, or plot in English"
    )
