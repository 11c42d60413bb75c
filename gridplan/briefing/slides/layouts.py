"""The layouts of slides: which places each has, where in points, and how their text looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WIDTH, HEIGHT = 960.0, 540.0  # 16:9, in points
EMU = 12700  # of a point
Box = tuple[float, float, float, float]  # left, top, width, height in points
LEFT, RIGHT = 40.0, 920.0
TOP, BOTTOM = 100.0, 466.0  # between which the contents stand
GAP = 18.0
TITLE_SIZES = (28, 26, 24, 22, 20)
COVER_SIZES = (44, 40, 36, 32, 28)
BODY_SIZES = (20, 18, 16, 14)
NOTE_SIZE, FOOT_SIZE = 14, 10
FIGURES, BOXES = 6, 5


@dataclass(frozen=True)
class Spot:
    """A place of a layout: its number, what goes in, where, and how text in it looks.

    ``kind`` is the type of placeholder, ``colour`` and ``fill`` are colours of the theme.
    """

    idx: int
    name: str
    kind: str
    box: Box
    size: int = NOTE_SIZE
    bold: bool = False
    align: str = "l"
    anchor: str = "t"
    colour: str = "tx1"
    fill: str = ""
    inset: float = 0.0
    shape: str = "rect"


def _span(left: float, width: float, top: float = TOP, bottom: float = BOTTOM) -> Box:
    """Make a box from its left side, width, top and bottom."""
    return left, top, width, bottom - top


TITLE = Spot(
    *(0, "title", "title", (LEFT, 24, RIGHT - LEFT, 62)),
    size=TITLE_SIZES[0],
    bold=True,
    anchor="ctr",
    colour="accent1",
)
NOTE = Spot(40, "note", "body", (LEFT, 472, RIGHT - LEFT, 36), colour="tx2")
FOOT = (
    Spot(11, "source", "ftr", (LEFT, 512, 580, 16), size=FOOT_SIZE, colour="tx2"),
    Spot(10, "date", "dt", (640, 512, 160, 16), size=FOOT_SIZE, align="r", colour="tx2"),
    Spot(12, "page", "sldNum", (820, 512, 100, 16), size=FOOT_SIZE, align="r", colour="tx2"),
)
_FIGURE_WIDTH, _FIGURE_HEIGHT = 196.0, 114.0
_FIGURE_SPOTS = tuple(
    Spot(
        *(20 + n, f"figure {n + 1}", "body"),
        (
            LEFT + n % 2 * (_FIGURE_WIDTH + 12),
            TOP + n // 2 * (_FIGURE_HEIGHT + 12),
            _FIGURE_WIDTH,
            _FIGURE_HEIGHT,
        ),
        anchor="ctr",
        align="ctr",
        fill="bg2",
        inset=6,
    )
    for n in range(FIGURES)
)
_BOX_WIDTH = (RIGHT - LEFT - (BOXES - 1) * 26) / BOXES
_CHAIN_SPOTS = tuple(
    Spot(
        *(20 + n, f"box {n + 1}", "body"),
        (LEFT + n * (_BOX_WIDTH + 26), TOP, _BOX_WIDTH, 132.0),
        anchor="ctr",
        align="ctr",
        fill="bg2",
        inset=6,
        shape="roundRect",
    )
    for n in range(BOXES)
)
COVER = (
    Spot(
        *(0, "title", "ctrTitle", (80, 150, 800, 120)),
        size=COVER_SIZES[0],
        bold=True,
        anchor="b",
        colour="accent1",
    ),
    Spot(1, "place", "subTitle", (80, 288, 800, 64), size=24, colour="tx1"),
    Spot(13, "office", "body", (80, 366, 800, 60), size=20, colour="tx1"),
    Spot(14, "mark", "body", (80, 44, 500, 26), size=18, bold=True, colour="accent4"),
    Spot(15, "stamp", "body", (80, 462, 800, 56), colour="tx2"),
)
CHART, CHART_BESIDE, TABLE, PICTURE, TEXT = 30, 31, 32, 33, 34
# A layout -> its name as offices see it, and its places beside title, note and foot.
LAYOUTS: Mapping[str, tuple[str, tuple[Spot, ...]]] = {
    "cover": ("封面 Cover", COVER),
    "figures": ("数据 Figures", (*_FIGURE_SPOTS, Spot(TABLE, "table", "tbl", _span(468, 452)))),
    "map": ("地图 Map", (Spot(PICTURE, "map", "pic", _span(LEFT, 880)),)),
    "map_table": (
        "地图与表 Map and table",
        (
            Spot(PICTURE, "map", "pic", _span(LEFT, 430)),
            Spot(TABLE, "table", "tbl", _span(488, 432)),
        ),
    ),
    "chart": (
        "图与表 Chart and table",
        (
            Spot(CHART, "chart", "chart", _span(LEFT, 442)),
            Spot(TABLE, "table", "tbl", _span(496, 424)),
        ),
    ),
    "map_chart": (
        "地图与图表 Map and chart",
        (
            Spot(PICTURE, "map", "pic", _span(LEFT, 396)),
            Spot(CHART, "chart", "chart", _span(454, 466, bottom=304)),
            Spot(TABLE, "table", "tbl", _span(454, 466, top=312)),
        ),
    ),
    "charts": (
        "两图一表 Two charts",
        (
            Spot(CHART, "chart", "chart", _span(LEFT, 430)),
            Spot(CHART_BESIDE, "chart beside", "chart", _span(488, 432, bottom=256)),
            Spot(TABLE, "table", "tbl", _span(488, 432, top=264)),
        ),
    ),
    "columns": (
        "两栏 Two columns",
        (
            Spot(TABLE, "table", "tbl", _span(LEFT, 548)),
            Spot(TEXT, "text", "body", _span(606, 314), size=18),
        ),
    ),
    "table": ("表 Table", (Spot(TABLE, "table", "tbl", _span(LEFT, 880)),)),
    "chain": (
        "链条 Chain",
        (*_CHAIN_SPOTS, Spot(TABLE, "table", "tbl", _span(LEFT, 880, top=TOP + 132 + GAP))),
    ),
    "text": ("文字 Text", (Spot(TEXT, "text", "body", _span(LEFT, 880), size=20),)),
}


def list_spots(layout: str) -> tuple[Spot, ...]:
    """List all places of a layout: title, contents, note and foot.

    Examples
    --------
    >>> [spot.name for spot in list_spots("table")]
    ['title', 'table', 'note', 'source', 'date', 'page']
    """
    spots = LAYOUTS[layout][1]
    return spots if layout == "cover" else (TITLE, *spots, NOTE, *FOOT)
