"""What a sheet says in words: title, figures, foot, and the legend of the ground."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import numpy as np
import shapely

from gridplan.plan import Plan
from gridplan.plots.sheet.ground import Ground
from gridplan.plots.sheet.request import SheetRequest, list_chosen
from gridplan.plots.sheet.view import Key, View
from gridplan.publishing.place_and_date import find_date, name_land, write_date
from gridplan.publishing.release_seal import is_released
from gridplan.tables.palette import PRINT_INK
from gridplan.tables.words import say


def write_title(plan: Plan, view: View, request: SheetRequest) -> str:
    """Write the title: the place, and what is shown of it."""
    if request.title is not None:
        return request.title
    table = plan.site.communities
    if request.community:
        place = str(table["name"].loc[request.community]) or request.community
    elif request.subdistrict:
        place = request.subdistrict
    elif request.box is not None:
        near = shapely.intersects(table.geometry.to_numpy(), shapely.box(*request.box))
        named = table["name"][near & (table["name"] != "").to_numpy()]
        place = ("、" if request.lang == "zh" else ", ").join(named.iloc[:3])
    else:
        place = name_land(plan, request.lang)
    if not place:
        return say("sheet.title", request.lang, view=view.title)
    return say("sheet.title_of", request.lang, place=place, view=view.title)


def write_facts(plan: Plan, request: SheetRequest) -> str:
    """Write how many sub-grids, households and special grids there are; what is unknown is not."""
    table, specials = plan.subgrids, plan.special_grids
    communities = plan.site.communities
    chosen = list_chosen(plan, request)
    if chosen:
        table = table[table["community"].isin(chosen)]
        specials = specials[specials["community"].isin(chosen)]
        communities = communities.loc[chosen]
    if request.box is not None:
        # Of a piece of land the sub-grids are counted that have their middle in it.
        window = shapely.box(*request.box)
        middles = shapely.point_on_surface(table.geometry.to_numpy())
        table = table[shapely.intersects(middles, window)]
        specials = specials.iloc[:0]
    homes = table[table["kind"] == "residential"]
    counts = [(len(homes), "figure_subgrids")]
    # A release has bands in place of the households of sub-grids; its communities keep counts.
    totals = communities["households"].to_numpy(float)
    households = totals.sum() if plan.is_release else float(homes["households"].sum())
    if request.box is None and not np.isnan(households):
        counts.append((int(households), "figure_households"))
    counts += [
        (count, word)
        for count, word in (
            (int((table["kind"] == "exclusive").sum()), "figure_exclusive"),
            (len(specials), "figure_special"),
        )
        if count
    ]
    gap = "" if request.lang == "zh" else " "
    said = [(count, say(word, request.lang)) for count, word in counts]
    if request.lang == "en":
        said = [(count, word.removesuffix("s") if count == 1 else word) for count, word in said]
    parts = [f"{count:,}{gap}{word}" for count, word in said]
    between = "，" if request.lang == "zh" else ", "
    facts = between.join(parts)
    return f"{request.community}  {facts}" if request.community else facts


def list_ground_keys(plan: Plan, ground: Ground, request: SheetRequest, land: Any) -> list[Key]:
    """List what the legend says of the ground: only what the map shows of some land."""
    lang = request.lang
    limits = shapely.boundary(plan.site.communities.geometry.to_numpy())
    specials = plan.special_grids.geometry.to_numpy()
    shown = (
        (bool(shapely.intersects(limits, land).any()), "limit", "limit", "limit"),
        (bool(shapely.intersects(specials, land).any()), "wide", "special", "special"),
        (len(ground.homes) > 0, "block", "home", "home"),
        (len(ground.others) > 0, "block", "other_building", "other_building"),
        (bool(ground.streets), "street", "street", "street"),
        ("water" in ground.barriers, "block", "water", "water"),
        ("rail" in ground.barriers, "rail", "rail", "rail"),
        ("road" in ground.barriers, "line", "road", "road"),
        ("wall" in ground.barriers, "dots", "wall", "wall"),
    )
    return [(sign, PRINT_INK[ink], say(word, lang)) for there, sign, ink, word in shown if there]


def write_foot(plan: Plan, request: SheetRequest) -> list[str]:
    """Write the lines of the foot: who, when, coordinates, sources; and whether it may leave."""
    lang = request.lang
    blank = say("sheet.blank", lang)
    day = request.date or find_date(plan)
    manifest = plan.manifest
    # Names of files alone: a sheet must not say where somebody's disk has them.
    inputs = sorted(PurePosixPath(str(name)).name for name in manifest.get("inputs") or ())
    parts = [
        say("sheet.office", lang, office=request.office or blank),
        say("sheet.date", lang, date=write_date(day, lang) if day else blank),
        say("sheet.crs", lang, crs=plan.crs.name),
    ]
    if inputs:
        parts.append(say("sheet.source", lang, source=", ".join(inputs[:6])))
    if request.map_number:
        parts.append(say("sheet.number", lang, number=request.map_number))
    version, seed = manifest.get("gridplan", "?"), manifest.get("seed", "?")
    sealed = is_released(plan)
    stamp = (
        say("released", lang, seal=manifest["release"]["seal"]) if sealed else say("working", lang)
    )
    said = [stamp]
    table = plan.subgrids
    if not sealed and (table["households_high"] > table["households_low"]).any():
        said.append(say("sheet.estimated", lang))
    said.append(say("sheet.drawn", lang, version=version, seed=seed))
    wide = "　" if lang == "zh" else "   "
    return [wide.join(parts), ("" if lang == "zh" else " ").join(said)]
