"""Native charts on slides, which can be edited: bars with a workbook of just what they show."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from gridplan.briefing.charts import Chart
from gridplan.briefing.slides.measure import SMALLEST
from gridplan.briefing.slides.text import SPACE, describe_shape, find_box
from gridplan.tables.schema import Language
from gridplan.tables.words import say

MOST_BARS = 12
TITLE_SIZE = 16
LIGHT = 45_000  # of 100,000: how dense the colour of bars before a line is
ROOM, LEAST_ROOM = 1.2, 1.08  # the axis over its longest bar
THICKEST = 40.0  # a bar in points
LEAST_GAP = 45  # between bars, in per cent of one
BAR_HEIGHT = 1.15  # of a bar over the size of its label
STACKED = frozenset({"coverage", "reach"})
LONG = 0.3  # of the axis: a bar that has room for its label
BLANK = "—"
PERCENT = "%"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"


def is_drawable(chart: Chart) -> bool:
    """Whether a chart has any value that may be drawn.

    Examples
    --------
    >>> is_drawable(Chart("x", "", ("a",), (("s", (math.nan,)),), "%"))
    False
    """
    return any(math.isfinite(value) for _, values in chart.series for value in values)


def cut_chart(chart: Chart, most: int) -> Chart:
    """Cut a chart to its first categories and count those left over.

    Examples
    --------
    >>> chart = Chart("x", "", ("a", "b"), (("s", (1.0, 2.0)),), "%", left_over=3)
    >>> cut_chart(chart, 1).categories, cut_chart(chart, 1).left_over
    (('a',), 4)
    """
    return replace(
        chart,
        categories=chart.categories[:most],
        series=tuple((name, values[:most]) for name, values in chart.series),
        left_over=chart.left_over + max(0, len(chart.categories) - most),
    )


def place_chart(spot: Any, chart: Chart, lang: Language, heading: str = "") -> Chart:
    """Place a chart in a placeholder; returns what of it is drawn.

    ``heading`` is the slide's title, which the chart does not say again.
    """
    from pptx.enum.chart import XL_CHART_TYPE

    drawn = _move_target(chart, lang)
    series = len(drawn.series) if chart.key not in STACKED else 1
    # what title and legend leave
    inner = find_box(spot)[1] - 34 - (26 if len(drawn.series) > 1 else 0)
    room = int(inner / (SMALLEST * BAR_HEIGHT * (series + LEAST_GAP / 100)))
    shown = cut_chart(drawn, max(1, min(MOST_BARS, room)))
    kind = XL_CHART_TYPE.BAR_STACKED if chart.key in STACKED else XL_CHART_TYPE.BAR_CLUSTERED
    frame = spot.insert_chart(kind, _gather_data(shown))
    _dress_chart(frame.chart, shown, chart.title != heading)
    for plot in frame.chart.plots:
        # few categories have no bars as thick as a thumb
        each = inner / len(shown.categories) / series
        plot.gap_width = min(500, round(max(LEAST_GAP, 100 * series * (each / THICKEST - 1))))
    describe_shape(frame, chart.title)
    return shown


def _move_target(chart: Chart, lang: Language) -> Chart:
    """Draw a target that bars pass by far as bars of its own: a grid line would come twice."""
    if not chart.target or choose_maximum(chart) < 2 * chart.target:
        return chart
    bars = (say("slides.target", lang), (chart.target,) * len(chart.categories))
    return replace(chart, series=(*chart.series, bars), target=None)


def choose_format(chart: Chart) -> str:
    """Choose the format of a chart's numbers: whole where all are, else with one decimal."""
    digits = "0.0" if count_digits(chart) else "0"
    return f'{digits}"%"' if chart.unit == PERCENT else digits


def count_digits(chart: Chart) -> int:
    """Count the decimals of a chart's numbers: none where all are whole, else one."""
    values = [v for _, values in chart.series for v in values if math.isfinite(v)]
    return 0 if all(value == round(value) for value in values) else 1


def say_value(value: float, chart: Chart) -> str:
    """Say a value of a chart as its labels do.

    Examples
    --------
    >>> chart = Chart("x", "", ("a", "b"), (("s", (90.0, 5.5)),), "%")
    >>> say_value(90.0, chart), say_value(math.nan, chart)
    ('90.0%', '—')
    """
    if not math.isfinite(value):
        return BLANK
    return f"{value:.{count_digits(chart)}f}" + (PERCENT if chart.unit == PERCENT else "")


def _gather_data(chart: Chart) -> Any:
    """Gather what the chart's workbook holds: a value that is not known is an empty cell."""
    from pptx.chart.data import CategoryChartData

    data: Any = CategoryChartData(  # type: ignore[no-untyped-call]
        number_format=choose_format(chart)
    )
    data.categories = chart.categories
    for name, values in chart.series:
        data.add_series(name, [value if math.isfinite(value) else None for value in values])
    return data


def _dress_chart(drawn: Any, chart: Chart, titled: bool) -> None:
    """Set fonts, colours, labels and the axes of a chart."""
    from pptx.enum.chart import XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION, XL_TICK_MARK
    from pptx.enum.dml import MSO_THEME_COLOR
    from pptx.util import Pt

    drawn.font.size = Pt(SMALLEST)
    drawn.font.color.theme_color = MSO_THEME_COLOR.TEXT_1
    drawn.has_title = titled
    if titled:
        frame = drawn.chart_title.text_frame
        frame.text = chart.title
        frame.paragraphs[0].runs[0].font.size = Pt(TITLE_SIZE)
        frame.paragraphs[0].runs[0].font.bold = True
        drawn.chart_title.include_in_layout = False
    many = len(chart.series) > 1
    drawn.has_legend = many
    if many:
        drawn.legend.position = XL_LEGEND_POSITION.BOTTOM
        drawn.legend.include_in_layout = False
    names = drawn.category_axis
    names.reverse_order = True  # the first at the top
    names.major_tick_mark = XL_TICK_MARK.NONE
    names.has_major_gridlines = False
    names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    names.format.line.color.theme_color = MSO_THEME_COLOR.TEXT_2
    names.format.line.width = Pt(2.5 if chart.target else 1)  # over the grid line of nothing
    axis = drawn.value_axis
    axis.minimum_scale = 0
    axis.tick_label_position = XL_TICK_LABEL_POSITION.NONE
    axis.major_tick_mark = XL_TICK_MARK.NONE
    axis.format.line.fill.background()
    axis.maximum_scale = choose_maximum(chart)
    _draw_target(axis, chart)
    _dress_series(drawn, chart)
    for plot in drawn.plots:
        plot.overlap = 100 if chart.key in STACKED else -5 if many else 0
        plot.vary_by_categories = False
    set_chart_fonts(drawn._chartSpace)


def choose_maximum(chart: Chart) -> float:
    """Choose where the axis ends: room for labels behind the longest bar, and for the target."""
    values = [v for _, series in chart.series for v in series if math.isfinite(v)]
    if chart.key in STACKED:
        columns = zip(*(series for _, series in chart.series), strict=True)
        values = [sum(v for v in column if math.isfinite(v)) for column in columns]
        return 100.0 if chart.unit == PERCENT else max([*values, 1.0])
    target = chart.target or 0.0
    top = max([*values, target, 1e-9])
    if top * LEAST_ROOM < 2 * target <= top * ROOM:
        return 1.99 * target  # short of where its line would come again
    return float(f"{top * ROOM:.3g}")


def has_room_inside(chart: Chart) -> bool:
    """Whether all bars are long enough to be labelled within.

    Examples
    --------
    >>> has_room_inside(Chart("x", "", ("a", "b"), (("s", (90.0, 5.0)),), "%"))
    False
    """
    values = [v for _, series in chart.series for v in series if math.isfinite(v)]
    return min(values) >= LONG * choose_maximum(chart)


def _draw_target(axis: Any, chart: Chart) -> None:
    """Draw the target as the one grid line of the values."""
    from pptx.enum.dml import MSO_THEME_COLOR
    from pptx.util import Pt

    wanted = chart.target is not None and chart.target > 0
    axis.has_major_gridlines = wanted
    if wanted and chart.target:
        axis.major_unit = chart.target
        line = axis.major_gridlines.format.line
        line.color.theme_color = MSO_THEME_COLOR.ACCENT_4
        line.width = Pt(2)


def _dress_series(drawn: Any, chart: Chart) -> None:
    from pptx.enum.chart import XL_LABEL_POSITION
    from pptx.enum.dml import MSO_THEME_COLOR
    from pptx.util import Pt

    colours: tuple[Any, ...] = (
        (MSO_THEME_COLOR.ACCENT_1, MSO_THEME_COLOR.ACCENT_3, MSO_THEME_COLOR.ACCENT_5)
        if chart.key in STACKED
        else (MSO_THEME_COLOR.ACCENT_6, MSO_THEME_COLOR.ACCENT_1, MSO_THEME_COLOR.ACCENT_2)
    )
    if len(chart.series) == 1:
        colours = (MSO_THEME_COLOR.ACCENT_1,)
    for n, series in enumerate(drawn.plots[0].series):
        series.invert_if_negative = False
        series.format.fill.solid()
        series.format.fill.fore_color.theme_color = colours[n % len(colours)]
        if chart.key in STACKED:
            continue
        labels = series.data_labels
        labels.show_value = True
        labels.number_format = choose_format(chart)
        labels.number_format_is_linked = False
        labels.font.size = Pt(SMALLEST)
        labels.position = XL_LABEL_POSITION.OUTSIDE_END
        if chart.target:
            _lighten(series)
        if has_room_inside(chart):
            # at the foot of bars where the line of a target would cross them at the end
            at = XL_LABEL_POSITION.INSIDE_BASE if chart.target else XL_LABEL_POSITION.INSIDE_END
            labels.position = at
            ink = MSO_THEME_COLOR.TEXT_1 if chart.target else MSO_THEME_COLOR.BACKGROUND_1
            labels.font.color.theme_color = ink


def _lighten(series: Any) -> None:
    """Make bars so light that the line behind them is seen."""
    from pptx.oxml import parse_xml

    colour = series._element.find(f"{{*}}spPr/{{{DRAWING}}}solidFill/{{{DRAWING}}}schemeClr")
    colour.append(parse_xml(f'<a:alpha {SPACE} val="{LIGHT}"/>'))


def set_chart_fonts(space: Any) -> None:
    """Set the fonts of the theme, Latin and Chinese, on all text of a chart."""
    from pptx.oxml import parse_xml

    for name in ("defRPr", "rPr"):
        for properties in list(space.iter(f"{{{DRAWING}}}{name}")):
            for old in properties.findall("{*}latin") + properties.findall("{*}ea"):
                properties.remove(old)
            for face in ("latin", "ea"):
                short = "lt" if face == "latin" else "ea"
                properties.append(parse_xml(f'<a:{face} {SPACE} typeface="+mn-{short}"/>'))
