"""A plan as a printed map: a sheet at a true scale, as axes, or as the bytes of a file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, cast

from gridplan.engine.whole_files import draft_file
from gridplan.errors import ArgumentError, PlanError
from gridplan.plan import Plan
from gridplan.plots.figure import need_matplotlib
from gridplan.plots.fonts import choose_pdf_type
from gridplan.plots.sheet.canvas import DPI, INCH
from gridplan.plots.sheet.compose import (
    Sheet,
    choose_sheet_font,
    compose_sheet,
    compose_view,
    find_land,
)
from gridplan.plots.sheet.map_face import draw_face
from gridplan.plots.sheet.request import SheetRequest, check_community
from gridplan.plots.sheet.texts import Typeface
from gridplan.plots.sheet.window import Window
from gridplan.publishing.release_seal import require_release
from gridplan.tables.schema import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes

View = Literal[
    "subgrids",
    "households",
    "band",
    "chance",
    "walking",
    "coverage",
    "volunteers",
    "party",
    "change",
    "demonstration",
]
Box = tuple[float, float, float, float]
BY_COMMUNITY = ("coverage", "volunteers")  # views that count gaps of the community shown
FORMATS = ("pdf", "svg", "png")
MOST_PIXELS = 200_000_000
# Tables whose rows are drawn in the order of their codes, so that order says nothing.
PLACED_TABLES = ("subgrids", "communities", "special_grids", "branches", "groups")
# matplotlib's settings are common to all threads, and some are read when a file is written.
WRITING = Lock()


def plot_map(
    plan: Plan,
    ax: Axes | None = None,
    *,
    view: View = "subgrids",
    community: str = "",
    subdistrict: str = "",
    box: Box | None = None,
    before: Plan | None = None,
    kind: str | None = None,
    paper: str = "A4",
    scale: int | None = None,
    lang: Language = "en",
    office: str = "",
    title: str | None = None,
    map_number: str = "",
    font: str = "",
) -> Axes:
    """Plot a plan as a printed map: a sheet of paper at a true scale, with all that belongs to it.

    Without ``ax`` a figure as large as the paper is made, with title, legend,
    scale bar, north arrow and foot; with ``ax`` the map alone is drawn on it. The
    sheet stands or lies, whichever gives the larger scale of 1:500, 1:1,000,
    1:1,500, 1:2,000, 1:2,500, 1:3,000 and so on.

    Parameters
    ----------
    plan
        The plan; a release is checked again, and what it leaves blank is
        refused, never drawn as 0.
    ax
        Axes to draw the map alone on.
    view
        What is shown: ``"subgrids"``, ``"households"``, ``"band"``, ``"chance"`` (of
        being in band), ``"walking"`` (to the centre), ``"coverage"`` and
        ``"volunteers"`` (minutes on foot, posts, gaps), ``"party"`` (branches,
        groups, central households), ``"change"`` (since ``before``), or
        ``"demonstration"`` (points, belts, drills).
    community
        The code of one community; all of the plan if not given.
    subdistrict
        The name of one subdistrict instead; on A1 and A0 its wall map, with
        figures by community, the chain of organisation and boxes to fill in.
    box
        West, south, east and north of the land to show, in the plan's metres.
    before
        The plan before, for the view ``"change"``.
    kind
        The kind of service point of the view ``"coverage"``, such as
        ``"canteen"``; that with most households not served if not given.
    paper
        ``"A4"`` to ``"A0"``.
    scale
        1 to so many, such as 2000; the largest that fits if not given.
    lang
        ``"en"`` or ``"zh"``.
    office
        Who issues the map; a blank to fill in if not given.
    title
        The title, if not that of the view.
    map_number
        The number of the map's approval, if there is one.
    font
        The name of a font to write in.

    Returns
    -------
    The axes of the map, in metres. ``ax.figure.savefig("map.pdf")`` saves the sheet.

    Raises
    ------
    ArgumentError
        If a view, paper or community is not known.
    PlanError
        If the plan does not hold what the view shows, or the land does not
        fit on the paper at the scale.
    MissingPackageError
        If matplotlib is not installed, or no font on this machine has the
        characters of the map.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> axes = plot_map(make_board_plan(), view="band", scale=1000)
    >>> west, east = axes.get_xlim()
    >>> inches = axes.get_position().width * axes.figure.get_figwidth()
    >>> round((east - west) / (inches * 0.0254))
    1000
    """
    need_matplotlib()
    request = SheetRequest(
        view=view,
        community=community,
        subdistrict=subdistrict,
        box=box,
        before=before,
        kind=kind,
        paper=paper,
        lang=lang,
        office=office,
        title=title,
        scale=scale,
        map_number=map_number,
        font=font,
    )
    plan = prepare_plan(plan)
    if ax is not None:
        return _draw_on(ax, plan, request)
    return cast("Axes", compose_sheet(plan, request).axes)


def prepare_plan(plan: Plan) -> Plan:
    """Check a release again, since the sheet may leave; put rows in the order of their codes."""
    if plan.is_release:
        require_release(plan)
    return order_rows(plan)


def order_rows(plan: Plan) -> Plan:
    """Put rows in the order of their codes, so that the order of a file changes no sheet."""
    return plan.replace(**{name: plan.get_table(name).sort_index() for name in PLACED_TABLES})


def _draw_on(axes: Axes, plan: Plan, request: SheetRequest) -> Axes:
    """Draw the map alone on axes of the caller, as large as they allow."""
    shown = compose_view(plan, request)
    family = choose_sheet_font(plan, request, shown)
    figure = cast("Any", axes.figure)
    place = axes.get_position(original=True)
    width = place.width * figure.get_figwidth() * INCH
    height = place.height * figure.get_figheight() * INCH
    west, south, east, north = find_land(plan, request)
    scale = request.scale or 1.04 * 1000 * max((east - west) / width, (north - south) / height)
    window = Window((west + east) / 2, (south + north) / 2, width, height, scale)
    draw_face(axes, plan, shown, request, window, Typeface(family))
    if request.title:
        axes.set_title(request.title, fontfamily=family)
    return axes


def draw_sheet(
    plan: Plan,
    *,
    to: Literal["pdf", "svg", "png"] = "pdf",
    view: View = "subgrids",
    community: str = "",
    subdistrict: str = "",
    box: Box | None = None,
    before: Plan | None = None,
    kind: str | None = None,
    paper: str = "A4",
    scale: int | None = None,
    lang: Language = "en",
    office: str = "",
    title: str | None = None,
    map_number: str = "",
    date: str = "",
    font: str = "",
    dpi: int = DPI,
) -> bytes:
    """Draw one sheet and return the bytes of its file, the same every time.

    Parameters are those of :func:`plot_map`; ``to`` is ``"pdf"``, ``"svg"`` or
    ``"png"``, ``date`` the day on the sheet (``2026-11-29``; that of the plan if
    not given), ``dpi`` the dots of a PNG to the inch.

    Raises
    ------
    ArgumentError
        Also if a picture would have more than 200 million dots.
    PlanError, MissingPackageError
        As :func:`plot_map`.

    Examples
    --------
    >>> from gridplan.synthetic import make_board_plan
    >>> draw_sheet(make_board_plan(), to="pdf")[:5]
    b'%PDF-'
    """
    request = SheetRequest(
        view=view,
        community=community,
        subdistrict=subdistrict,
        box=box,
        before=before,
        kind=kind,
        paper=paper,
        lang=lang,
        office=office,
        title=title,
        date=date,
        scale=scale,
        map_number=map_number,
        font=font,
    )
    return draw_sheets(plan, [request], to=to, dpi=dpi)[0]


def draw_sheets(
    plan: Plan,
    requests: Sequence[SheetRequest],
    *,
    to: Literal["pdf", "svg", "png"] = "pdf",
    dpi: int = DPI,
) -> tuple[bytes, list[Sheet]]:
    """Draw several sheets into one file, a page each; only a PDF has more than one page.

    Returns
    -------
    The file's bytes, and the sheets as they were drawn, whose figures are
    empty by then.
    """
    need_matplotlib()
    if to not in FORMATS:
        raise ArgumentError(f"map: there is no format {to!r} -> one of {', '.join(FORMATS)}")
    if len(requests) != 1 and to != "pdf":
        raise ArgumentError(f"map: a {to} holds one sheet -> write a PDF, or name one community")
    plan = prepare_plan(plan)
    with WRITING:
        if to == "pdf":
            return _write_pdf(plan, requests)
        sheet = compose_sheet(plan, requests[0])
        return _write_picture(sheet, to, dpi), [sheet]


def _write_pdf(plan: Plan, requests: Sequence[SheetRequest]) -> tuple[bytes, list[Sheet]]:
    """Write sheets as pages of a PDF, without the time and the version of what wrote it."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_pdf import PdfPages

    buffer = io.BytesIO()
    sheets: list[Sheet] = []
    plain = {"Creator": "gridplan", "Producer": None, "CreationDate": None}
    views: dict[str, Any] = {}
    first = _compose(plan, requests[0], views)
    settings: Any = {"pdf.fonttype": choose_pdf_type((first.family,)), "path.simplify": False}
    with rc_context(settings), PdfPages(buffer, metadata={**plain, "Title": first.title}) as pages:
        for n, request in enumerate(requests):
            sheet = first if n == 0 else _compose(plan, request, views)
            pages.savefig(sheet.figure)
            sheet.figure.clear()  # a set of hundreds of sheets takes no more memory than one
            sheets.append(sheet)
    return buffer.getvalue(), sheets


def _compose(plan: Plan, request: SheetRequest, views: dict[str, Any]) -> Sheet:
    """Compose a sheet of a set; a view that is the same for all communities is made once."""
    if request.view in BY_COMMUNITY:
        return compose_sheet(plan, request)
    check_community(plan, request)
    key = f"{request.view} {request.lang} {id(request.before)}"
    if key not in views:
        views[key] = compose_view(plan, request)
    return compose_sheet(plan, request, views[key])


def _write_picture(sheet: Sheet, to: str, dpi: int) -> bytes:
    """Write a sheet as SVG or PNG, without the time and the version of what wrote it."""
    from matplotlib import rc_context

    size = sheet.figure.get_size_inches()
    pixels = size[0] * size[1] * dpi**2
    if to == "png" and pixels > MOST_PIXELS:
        most = int((MOST_PIXELS / (size[0] * size[1])) ** 0.5)
        raise PlanError(
            f"a picture of {pixels / 1e6:,.0f} million dots is too large "
            f"-> give at most {most} dots to the inch, or write a PDF"
        )
    buffer = io.BytesIO()
    # An SVG carries letters as shapes: it looks alike where the font is not installed.
    settings: Any = {"path.simplify": False, "svg.hashsalt": "gridplan", "svg.fonttype": "path"}
    plain = {"Software": None} if to == "png" else {"Date": None, "Creator": "gridplan"}
    with rc_context(settings):
        sheet.figure.savefig(buffer, format=to, dpi=dpi, metadata=plain)
    sheet.figure.clear()
    return buffer.getvalue()


def write_sheet(file: str | Path, content: bytes) -> Path:
    """Write the bytes of a sheet, whole or not at all."""
    with draft_file(file) as draft:
        draft.write_bytes(content)
    return Path(file)
