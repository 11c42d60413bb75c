"""Importing: a plan of existing sub-grids, from a layer of outlines or a table of codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Ints, Texts
from gridplan.engine.parallel_map import Progress, keep_silent
from gridplan.errors import InputError, Problem
from gridplan.geometry.overlay import measure_common
from gridplan.plan import Plan
from gridplan.planning.prepare import PreparedLand, prepare_land
from gridplan.reading.vector_files import check_frame
from gridplan.redrawing.importing.home_placement import join_nearest, place_homes
from gridplan.redrawing.importing.old_grids import (
    STEP,
    OldGrids,
    clean_codes,
    clean_grids,
    find_code_column,
    measure_gaps,
    refuse_inexact,
    refuse_personal,
)
from gridplan.redrawing.importing.subgrid_codes import name_grids
from gridplan.redrawing.revision.new_codes import number_next
from gridplan.redrawing.revision.renewal import renew_plan
from gridplan.rules.all_rules import Rules
from gridplan.tables.conform import make_empty
from gridplan.tables.ledger import Entry

if TYPE_CHECKING:
    from gridplan.site import Site

# share of a grid below which its land in another community is a fault of
# drawing, not a part of it
SPILL = 0.1
# share of a sub-grid's land from which its outline counts as another than the
# imported one
SHIFTED = 0.01


def import_grids(
    layer: gpd.GeoDataFrame | pd.DataFrame,
    site: Site,
    rules: Rules | None = None,
    *,
    column: str | None = None,
    inputs: Mapping[str, str] | None = None,
    progress: Progress = keep_silent,
) -> Plan:
    """Make a plan of old grids, whoever drew them.

    Their codes and homes stay; figures and outlines are made again.

    A home goes to the outline that holds most of its footprint (door by door
    where outlines cut a building), of two that hold as much to the smaller
    one; homes in none go to the sub-grid of their community that is nearest on
    foot. A grid over several communities is cut at their limits, since a
    sub-grid lies in one. Sub-grids out of their band or torn apart are taken
    as they are and listed in ``exceptions``. The outlines tile the land as
    those of any plan do. The ledger counts everything that was repaired,
    attached, dropped or given another code.

    Parameters
    ----------
    layer
        Polygons with a column of codes, in any CRS; or a table of codes by
        building or by stairwell.
    site
        The land, as :func:`gridplan.read_site` gives it.
    rules
        Bands, prices and estimates; the defaults if not given.
    column
        The column of codes, found by its name if not given.
    inputs
        Names and hashes of the files, for the manifest.
    progress
        Called with the stage, the steps done and all steps.

    Raises
    ------
    InputError
        If no column of codes is found, no code fits the land, the CRS is
        not known, or nobody lives on the site.
    PersonalDataError
        If columns look like data on named persons.

    Examples
    --------
    Two old grids over a board of twelve houses; the two houses on the right
    are in neither:

    >>> from shapely.geometry import box
    >>> from gridplan.synthetic.board_plan import X0, Y0, make_checkerboard
    >>> halves = [box(X0, Y0, X0 + 90, Y0 + 60), box(X0 + 90, Y0, X0 + 150, Y0 + 60)]
    >>> layer = gpd.GeoDataFrame({"网格编码": ["A", "B"]}, geometry=halves, crs="EPSG:32650")
    >>> rules = Rules().replace(urban={"low": 50, "target": 60, "high": 70})
    >>> plan = import_grids(layer, make_checkerboard(), rules)
    >>> plan.subgrids["households"].to_dict(), plan.stairwells["subgrid"]["h06-1"]
    ({'A': 60, 'B': 60}, 'B')
    """
    rules = rules or Rules()
    land = prepare_land(site, rules, progress=progress)
    site = land.site
    doors = land.stairwells
    pairs = land.neighbours
    progress("placing", 0, 1)
    grids = clean_grids(layer, site.crs, column) if isinstance(layer, gpd.GeoDataFrame) else None
    codes: Texts
    if grids is not None:
        row, placed = _place_in_outlines(grids, doors, site)
        codes = grids.codes
    else:
        codes, row, placed = _look_up(layer, doors, column)
    named, renamed = name_grids(codes, row, doors)
    if not (named != "").any():
        remedy = "check that the grids and the land are of one place, and the CRS of both"
        raise InputError(
            [Problem("grids", "grids hold homes", "no home is in any of its grids", remedy)]
        )
    member, attached = _attach(named, doors, pairs)
    land = replace(land, site=site.note([*placed, *renamed, *attached]))
    plan = _draw_members(land, member, inputs or {}, progress)
    if grids is None:
        return plan
    return plan.note([_measure_shift(plan, grids, row, named)])


def _draw_members(
    land: PreparedLand, member: pd.Series[str], inputs: Mapping[str, str], progress: Progress
) -> Plan:
    """Draw the plan of an assignment on land that had none before."""
    crs = land.site.crs
    # A plan without communities: to the renewal all land is new, and is drawn
    # wholly.
    nothing = Plan(
        site=land.site.replace(communities=make_empty("communities", crs)),
        stairwells=make_empty("stairwells", crs),
        neighbours=make_empty("neighbours"),
        subgrids=make_empty("subgrids", crs),
        exceptions=make_empty("exceptions"),
        manifest={"seed": 0, "inputs": dict(inputs)},
    )
    return renew_plan(nothing, member, land=land, progress=progress)


def _place_in_outlines(
    grids: OldGrids, doors: gpd.GeoDataFrame, site: Site
) -> tuple[Ints, list[Entry]]:
    """Place homes in the old grids that reach into their community by more than a drawing error."""
    communities = site.communities.sort_index()
    land = measure_common(grids.shapes, communities.geometry.to_numpy())
    overlaps = land[land["common"] >= SPILL * shapely.area(grids.shapes)[land["first"]]]
    allowed = pd.MultiIndex.from_arrays(
        [overlaps["first"].to_numpy(), communities.index.to_numpy(object)[overlaps["second"]]]
    )
    # Placed without limits too, to report the homes that a limit took from a
    # grid.
    anywhere = place_homes(doors, site.buildings, grids.shapes)["row"].to_numpy()
    placed = place_homes(doors, site.buildings, grids.shapes, allowed)
    row = placed["row"].to_numpy()
    spilt = doors.index[(anywhere >= 0) & (anywhere != row)]
    partly = doors.index[(row >= 0) & (placed["share"].to_numpy() < 0.5)]
    used = np.isin(np.arange(len(grids.codes)), row)
    # A code with another outline that holds homes is not lost.
    empty = sorted(set(grids.codes[~used]) - set(grids.codes[used]) - {""})
    nameless = int((grids.codes[~used] == "").sum())
    over = (
        "home on land that a grid of another community reaches over "
        "by less than a tenth of its own: not given to that one"
    )
    entries = [
        Entry(STEP, "stairwells", "attached", len(spilt), over, list(spilt)),
        Entry(
            STEP,
            "stairwells",
            "noted",
            len(partly),
            "less than half of the home is in its grid",
            list(partly),
        ),
        Entry(
            STEP, "subgrids", "dropped", len(empty) + nameless, "grid without a home on it", empty
        ),
    ]
    return row, [*grids.entries, *measure_gaps(grids.shapes, communities), *entries]


def _look_up(
    table: pd.DataFrame, doors: gpd.GeoDataFrame, column: str | None
) -> tuple[Texts, Ints, list[Entry]]:
    """Look up every stairwell in a table of codes.

    Returns the codes and the row of each stairwell.
    """
    table = check_frame(table, "grids")
    refuse_personal("counts", table, [column] if column else [])
    of, key = _find_key_column(table)
    code = find_code_column([str(c) for c in table.columns if c != key], column)
    refuse_inexact(table[[key, code]], "grids")
    rows = pd.DataFrame({"of": clean_codes(table[key]), "code": clean_codes(table[code])})
    rows = (
        rows[(rows["of"] != "") & (rows["code"] != "")]
        .drop_duplicates()
        .sort_values(["of", "code"])
    )
    # Sorted by code, so that the lowest of several is the one kept below.
    twice = rows["of"][rows["of"].duplicated()].unique()
    known = doors.index if of == "stairwell" else pd.Index(doors["building"].unique())
    strange = rows["of"][~rows["of"].isin(known)].unique()
    by = rows.drop_duplicates("of").set_index("of")["code"]
    keys = doors.index if of == "stairwell" else doors["building"]
    codes, row = np.unique(
        by.reindex(keys).fillna("").to_numpy(object).astype(str), return_inverse=True
    )
    # Homes that the table leaves out are in no grid, like those outside all
    # outlines.
    row = np.where(codes[row] == "", -1, row)
    entries = [
        Entry(
            STEP,
            f"{of}s",
            "repaired",
            len(twice),
            "given to several grids: taken for the one with the lowest code",
            list(twice),
        ),
        Entry(
            STEP,
            f"{of}s",
            "dropped",
            len(strange),
            f"code of no {of} with households on this land",
            list(strange),
        ),
    ]
    return codes, row, entries


def _find_key_column(table: pd.DataFrame) -> tuple[str, Any]:
    """Find whether a table is about stairwells or buildings, and the column of their codes."""
    # Stairwells go before buildings, and the plan's own names before others.
    lower = {str(name).strip().lower(): name for name in table.columns}
    words = {
        "stairwell": ("stairwell", "单元编码"),
        "building": ("building", "building_id", "楼栋编码", "楼栋", "楼号"),
    }
    of, key = next(
        ((of, lower[w]) for of, known in words.items() for w in known if w in lower), ("", "")
    )
    if not of:
        remedy = f"name a column building or stairwell; it has {', '.join(map(str, table.columns))}"
        raise InputError(
            [
                Problem(
                    "grids",
                    "homes are named",
                    "it has neither outlines nor codes of buildings",
                    remedy,
                )
            ]
        )
    return of, key


def _attach(
    named: pd.Series[str], doors: gpd.GeoDataFrame, pairs: pd.DataFrame
) -> tuple[pd.Series[str], list[Entry]]:
    """Give homes in no grid to the nearest one of their community.

    Those of a community without any are one sub-grid.
    """
    member, how = join_nearest(named, doors, pairs)
    community = doors["community"].reindex(member.index)
    none = how == "none"
    # One after the other, since each new code is taken for the next.
    for code in sorted(set(community[none])):
        member = member.mask(none & (community == code), number_next(code, set(member))[0])
    walked = member.index[how == "foot"]
    flown = member.index[how == "air"]
    gridless = sorted(set(community[none]))
    return member, [
        Entry(
            STEP,
            "stairwells",
            "attached",
            len(walked),
            "home in no grid: given to the nearest on foot",
            list(walked),
        ),
        Entry(
            STEP,
            "stairwells",
            "attached",
            len(flown),
            "home in no grid, out of reach: given to the nearest",
            list(flown),
        ),
        Entry(
            STEP,
            "communities",
            "inferred",
            len(gridless),
            "community without any grid: all its homes are one sub-grid",
            gridless,
        ),
    ]


def _measure_shift(plan: Plan, grids: OldGrids, row: Ints, named: pd.Series[str]) -> Entry:
    """Measure how much land the outlines give to other sub-grids than the imported ones did."""
    homes = plan.subgrids[plan.subgrids["kind"] == "residential"]
    pairs = measure_common(homes.geometry.to_numpy(), grids.shapes)
    became = pd.MultiIndex.from_arrays([named.to_numpy(object), row])
    # Only land that stays with the sub-grid made of the same old grid counts as kept.
    same = pairs[
        pd.MultiIndex.from_arrays(
            [homes.index.to_numpy(object)[pairs["first"]], pairs["second"]]
        ).isin(became)
    ]
    kept = np.bincount(same["first"], same["common"], minlength=len(homes))
    area = homes["area"].to_numpy()
    # Old grids that overlap count land twice, and nobody keeps more than there
    # is.
    shift = area - np.minimum(kept, area)
    other = homes.index[shift > SHIFTED * area]
    reason = (
        "outline drawn again, so that all land is in one sub-grid: "
        f"{shift.sum():.0f} m2 of {area.sum():.0f} m2 change hands"
    )
    return Entry(STEP, "subgrids", "noted", len(other), reason, list(other))
