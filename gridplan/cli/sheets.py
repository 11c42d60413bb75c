"""Printed sheets of a plan, where the verb map was asked for a PDF, SVG or PNG."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from gridplan.plan import Plan
    from gridplan.plots.sheet.request import SheetRequest

SECRET_AREA = 25.0  # km2 in one piece at scales above 1:5,000: the rule on secrecy of 2020, item 18
SECRET_SCALE = 5000
EVERY = "all"


class Paper(StrEnum):
    """Sizes of paper."""

    A4 = "A4"
    A3 = "A3"
    A2 = "A2"
    A1 = "A1"
    A0 = "A0"


class ViewName(StrEnum):
    """What a printed map shows."""

    subgrids = "subgrids"
    households = "households"
    band = "band"
    chance = "chance"
    walking = "walking"
    coverage = "coverage"
    volunteers = "volunteers"
    party = "party"
    change = "change"
    demonstration = "demonstration"


@dataclass(frozen=True)
class SheetOptions:
    """What the options of the verb say of sheets."""

    files: dict[str, Path]
    communities: list[str]
    subdistrict: str
    view: ViewName | None
    kind: str | None
    paper: Paper
    scale: int | None
    lang: str
    office: str
    title: str | None
    before: Path | None
    map_number: str
    font: str


def check_sheet_options(options: SheetOptions) -> None:
    """Refuse options of sheets where no sheet is asked for."""
    if not options.files:
        asked = {
            "--community": bool(options.communities),
            "--subdistrict": bool(options.subdistrict),
            "--view": options.view is not None,
            "--office": bool(options.office),
            "--before": options.before is not None,
        }
        for name, there in asked.items():
            if there:
                raise typer.BadParameter(
                    "it belongs to a printed map -> name its file, e.g. --pdf map.pdf",
                    param_hint=name,
                )


def write_sheets(plan: Plan, options: SheetOptions) -> list[Path]:
    """Write the sheets that were asked for, say their scales, and return the files."""
    from gridplan.cli import console
    from gridplan.cli.screen import note_figures
    from gridplan.plots.printed_map import draw_sheets, write_sheet

    requests = list_requests(plan, options)
    written: list[Path] = []
    drawn: list[Any] = []
    for kind, file in options.files.items():
        content, drawn = draw_sheets(plan, requests, to=kind)  # type: ignore[arg-type]
        written.append(write_sheet(file, content))
    sheets = [
        {
            "community": request.community,
            "title": sheet.title,
            "scale": sheet.layout.scale,
            "labels": len(sheet.face.placed),
            "left_out": len(sheet.face.left_out),
        }
        for request, sheet in zip(requests, drawn, strict=True)
    ]
    note_figures("sheets", sheets)
    for row in sheets:
        label = row["community"] or "scale"
        console.print_line(
            str(label), f"1:{row['scale']:,}, {row['labels']:,} labels, {row['left_out']} left out"
        )
    note_secrecy(plan, [sheet.layout.scale for sheet in drawn])
    return written


def list_requests(plan: Plan, options: SheetOptions) -> list[SheetRequest]:
    """List the sheets that were asked for: one for each community named, else one of the whole."""
    from gridplan import storage
    from gridplan.plots.sheet.request import SheetRequest

    codes = options.communities or [""]
    if codes == [EVERY]:
        codes = sorted(plan.site.communities.index)
    before = storage.read_plan(options.before) if options.before is not None else None
    usual = ViewName.change if before is not None else ViewName.subgrids
    common: dict[str, Any] = {
        "view": (options.view or usual).value,
        "subdistrict": options.subdistrict,
        "before": before,
        "kind": options.kind,
        "paper": options.paper.value,
        "scale": options.scale,
        "lang": options.lang,
        "office": options.office,
        "title": options.title,
        "map_number": options.map_number,
        "font": options.font,
    }
    return [
        SheetRequest(community=code, number=n, of=len(codes), **common)
        for n, code in enumerate(codes, 1)
    ]


def note_secrecy(plan: Plan, scales: list[int]) -> None:
    """Say that large maps of much land may be secret, which an office decides."""
    from gridplan.cli import console

    area = float(plan.site.communities.geometry.area.sum()) / 1e6
    if area > SECRET_AREA and min(scales) < SECRET_SCALE:
        console.print_line(
            "note",
            f"sheets above 1:5,000 of {area:,.0f} km2 may be secret where they are kept together"
            " -> ask your secrecy office",
        )
