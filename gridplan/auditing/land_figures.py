"""Rules on the figures of the land: buildings, compounds, stairwells, neighbours, stretches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Floats, Ints, Shapes
from gridplan.auditing.building_ranges import fit_ranges
from gridplan.auditing.derived import differ, report_columns
from gridplan.auditing.evidence import Evidence, find_rows, sort_rows
from gridplan.auditing.findings import Reporter, join_findings, write_findings
from gridplan.auditing.walking import measure_steps

AGAIN = "draw the plan again"
CENTIMETRE = 0.011
# Tables of the owner's: two rows that differ in nothing but the code are one thing read twice.
OWNED = ("compounds", "barriers", "openings", "streets", "places", "institutions", "counts")


def check_buildings_figures(evidence: Evidence) -> pd.DataFrame:
    """Check where a building's households come from, and their low and high estimate.

    Source: gridplan's schema: low and high are quantiles of the distribution
    that chance, mean and spread describe.
    """
    e = evidence
    rows = e.buildings
    shapes = rows.geometry.to_numpy()
    bare = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    findings = [
        *_find_copies(e),
        *_check_compounds(e),
        Reporter("values", "buildings", rows, noun="building").error(
            bare, "without an outline", "draw its footprint, and draw the plan again"
        ),
    ]
    reporter = Reporter("estimates", "buildings", rows, noun="building", remedy=AGAIN)
    high = rows["households_high"].to_numpy()
    origin = rows["households_origin"].to_numpy(object)
    # A plan by hand need not say how its households were found.
    if is_drawn(e) and (origin != "").any():
        home = rows["residential"].astype(object).fillna(rows["households"] > 0).to_numpy(bool)
        observed = rows["households_observed"].notna().to_numpy()
        modelled = rows["population"].notna().to_numpy()
        right = np.select(
            [~home, observed, modelled], ["none", "observed", "population"], "estimated"
        )
        findings.append(reporter.error(right != origin, "whose origin of households is another"))
    if is_drawn(e) and (high != 0).any():
        fits = fit_ranges(rows, origin)
        findings.append(
            reporter.error(~fits, "whose low and high estimates are not the 5 % and 95 % quantiles")
        )
    return join_findings(findings)


def _find_copies(e: Evidence) -> list[pd.DataFrame]:
    """Find rows of the owner's tables that are another's but for the code."""
    findings = []
    for name in OWNED:
        table = e.plan.get_table(name)
        if len(table) < 2:
            continue
        plain = pd.DataFrame(table.drop(columns="geometry", errors="ignore")).astype(object)
        if "geometry" in table:
            plain["shape"] = shapely.to_wkb(table.geometry.to_numpy())
        copied = plain.duplicated().to_numpy()
        findings.append(
            write_findings(
                "copies",
                "warning",
                name,
                table.index[copied],
                "",
                noun="row",
                what="the same as another but for the code",
                remedy="leave it out",
            )
        )
    return findings


def _check_compounds(e: Evidence) -> list[pd.DataFrame]:
    """Check the community of each compound, and that what was inferred is in the ledger."""
    table = sort_rows(e.plan.site.compounds)
    row = find_rows(e.communities, table["community"])
    limits = np.append(e.communities.geometry.to_numpy(), shapely.Polygon())
    shared = shapely.area(shapely.intersection(table.geometry.to_numpy(), limits[row]))
    # Most of a compound lies in its community; buildings settle the rest.
    outside = shared < 0.5 * shapely.area(table.geometry.to_numpy())
    of = e.buildings["compound"].to_numpy(object)
    named = pd.DataFrame({"of": of, "community": e.buildings["community"].to_numpy(object)})
    named = named[find_rows(table, of) >= 0]
    # The community of most of its buildings, the first by code of several.
    sizes = (
        named.groupby(["of", "community"], sort=True)
        .size()
        .sort_values(ascending=False, kind="stable")
    )
    by_buildings = sizes.reset_index().drop_duplicates("of").set_index("of")["community"]
    settled = by_buildings.reindex(table.index).fillna("").to_numpy(object)
    # A part of a city has the compounds of all, and one of no community is judged by its buildings.
    wrong = (row >= 0) & outside & (settled != table["community"].to_numpy(object))
    wrong |= (table["community"] == "").to_numpy() & (settled != "")
    ledger = e.plan.site.ledger
    findings = []
    for name, word in (("compounds", "inferred"), ("communities", "settlement")):
        rows = sort_rows(e.plan.get_table(name))
        noted = ((ledger["table"] == name) & (ledger["action"] == "inferred")).any()
        claimed = (rows["origin"] == word).to_numpy() & (not noted)
        findings.append(
            write_findings(
                "estimates", "warning", name, rows.index[claimed], "", noun="outline",
                what=f"said to be {word}, of which the ledger knows nothing", remedy=AGAIN,
            )
        )  # fmt: skip
    reporter = Reporter("nesting", "compounds", table, noun="compound")
    return [*findings, reporter.error(wrong, "of a community that it does not lie in", AGAIN)]


def check_stairwell_figures(evidence: Evidence) -> pd.DataFrame:
    """Check door, floors, climb and slice of each stairwell against its code and building.

    Source: gridplan's schema; the climb to a floor band is a rule.
    """
    e = evidence
    rows = e.stairwells
    if rows.empty or not _is_cut(e):
        return join_findings([])
    code = rows.index.to_series().str.extract(r"-(\d+)(?:\.(\d+))?$")
    door = pd.to_numeric(code[0], errors="coerce").to_numpy(float)
    band = pd.to_numeric(code[1], errors="coerce").fillna(0).to_numpy(np.int64)
    floors = np.append(e.buildings["floors"].to_numpy(float), np.nan)[e.home]
    floors = np.maximum(1, np.nan_to_num(floors, nan=1.0)).astype(np.int64)
    first, last, bands = _cut_floors(e, band, floors)
    rules = e.rules.stairwells
    climb = ((first + last) / 2 - 1) * rules.floor_height * rules.climb_factor
    out_of = _count_doors(e, door, bands)
    level = np.maximum(band - 1, 0)
    right = {
        "door": door,
        "floor_from": first,
        "floor_to": last,
        "climb": np.where(band > 0, climb, 0.0),
        "slice_from": (door - 1 + level / bands) / out_of,
        "slice_to": (door - 1 + (level + 1) / bands) / out_of,
    }
    return report_columns("stairwells", "stairwells", rows, right, AGAIN, noun="stairwell")


def is_drawn(e: Evidence) -> bool:
    """Whether gridplan drew the plan: one made by hand need not say how it measured its land."""
    return bool(e.plan.manifest.get("figures"))


def _is_cut(e: Evidence) -> bool:
    """Whether stairwells were cut from buildings by gridplan, which numbers them in their codes."""
    if not is_drawn(e):
        return False
    building = e.stairwells["building"].astype(str) + "-"
    pairs = zip(e.stairwells.index, building, strict=True)
    numbered = np.mean([str(code).startswith(head) for code, head in pairs]) > 0.5
    return bool(numbered and (e.stairwells["slice_to"] > 0).any())


def _cut_floors(e: Evidence, band: Ints, floors: Ints) -> tuple[Ints, Ints, Ints]:
    """Cut the floors of each door into its bands; of empty bands no row is kept."""
    rows = e.stairwells
    most = pd.Series(band).groupby(e.place).transform("max").to_numpy()
    best = np.full(len(rows), -1)
    found = [np.ones(len(rows), np.int64), floors.copy(), np.ones(len(rows), np.int64)]
    for more in range(4):
        bands = np.where(most > 0, most + more, 1)
        first = floors * np.maximum(band - 1, 0) // bands + 1
        last = floors * np.maximum(band, 1) // bands
        fits = (first == rows["floor_from"].to_numpy()) & (last == rows["floor_to"].to_numpy())
        count = pd.Series(fits.astype(int)).groupby(e.place).transform("sum").to_numpy()
        better = count > best
        best = np.where(better, count, best)
        found = [
            np.where(better, new, old) for new, old in zip((first, last, bands), found, strict=True)
        ]
    return found[0], found[1], found[2]


def _count_doors(e: Evidence, door: Any, bands: Ints) -> Any:
    """Count the doors of each building by the slices that most of its rows have."""
    width = (e.stairwells["slice_to"] - e.stairwells["slice_from"]).to_numpy(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        number = np.where(width > 0, np.rint(1 / (bands * width)), np.nan)
    middle = pd.Series(number).groupby(e.home).transform("median").round()
    highest = pd.Series(door).groupby(e.home).transform("max")
    return np.maximum(middle.fillna(0), highest).to_numpy(float)


def check_neighbour_figures(evidence: Evidence) -> pd.DataFrame:
    """Check the distance of each pair, and that its link is what lies between the two doors.

    Source: gridplan's schema; a way over an opening is not straight, and is
    bounded by another rule.
    """
    e = evidence
    steps = e.take(measure_steps)
    if not len(steps.a) or not _is_cut(e):
        return join_findings([])
    a, b = steps.a, steps.b
    climb = e.stairwells["climb"].to_numpy(float)
    straight = np.hypot(*(e.xy[a] - e.xy[b]).T)
    same = e.place[a] == e.place[b]
    kind = e.stairwells["community_kind"].to_numpy(object)[a]
    reach = np.where(
        kind == "urban", e.rules.neighbours.urban_reach, e.rules.neighbours.rural_reach
    )
    link = np.select(
        [same, steps.inside, steps.hard, steps.soft, straight <= reach],
        ["floor", "building", "opening", "soft", "near"],
        "far",
    )
    plain = np.where(same, np.abs(climb[a] - climb[b]), straight + climb[a] + climb[b])
    table = e.plan.neighbours
    rows = table[~table.index.duplicated()].loc[steps.ids]
    rows = rows.assign(community=e.stairwells["community"].to_numpy(object)[a])
    over = (link == "opening") | (steps.link == "opening")
    distance = np.where(over, rows["distance"].to_numpy(float), plain)
    wrong = differ(rows["distance"].to_numpy(float), distance, CENTIMETRE)
    # Where a line just touches a barrier, either word may be right.
    odd = (steps.link != link) & ~((steps.hard | steps.soft) & ~steps.inside)
    reporter = Reporter("neighbours", "neighbours", rows, noun="pair")
    remedy = "find the neighbours again"
    return join_findings(
        [
            reporter.error(wrong, "whose distance is not that between its doors", remedy),
            reporter.error(odd, "whose link is not what lies between its doors", remedy),
            _check_opening_ways(e, rows, a, b, over),
            _check_near(e),
        ]
    )


def _check_opening_ways(e: Evidence, rows: Any, a: Ints, b: Ints, over: Bools) -> pd.DataFrame:
    """Check that the way of each pair over an opening is the way over one of the openings.

    Which of them it is depends on the barriers that are met; another rule
    holds that one lies on the way.
    """
    step = np.flatnonzero(over)
    openings = e.plan.site.openings.geometry.to_numpy()
    if not len(step) or not len(openings):
        return join_findings([])
    climb = e.stairwells["climb"].to_numpy(float)
    stated = rows["distance"].to_numpy(float)[step] - climb[a[step]] - climb[b[step]]
    reach = np.nan_to_num(stated, nan=0.0) + CENTIMETRE
    row, opening = shapely.STRtree(openings).query(
        shapely.points(e.xy[a[step]]), predicate="dwithin", distance=np.maximum(reach, 0.0)
    )
    ways = _measure_ways(e.xy[a[step[row]]], e.xy[b[step[row]]], openings[opening])
    fits = np.zeros(len(step), bool)
    fits[row[np.abs(ways - stated[row]) <= CENTIMETRE]] = True
    wrong = np.zeros(len(rows), bool)
    wrong[step] = ~fits
    return Reporter("neighbours", "neighbours", rows, noun="pair").error(
        wrong, "whose distance is not that over any opening", "find the neighbours again"
    )


def _measure_ways(first: Floats, last: Floats, openings: Shapes) -> Floats:
    """Measure the way between two places over each bridge, from end to end, or over a point."""
    is_line = shapely.get_type_id(openings) == 1
    middle = shapely.centroid(openings)
    ends = [
        shapely.get_coordinates(np.where(is_line, shapely.get_point(openings, end), middle))
        for end in (0, -1)
    ]
    bridge = np.hypot(*(ends[0] - ends[1]).T)
    there, back = (
        np.hypot(*(first - one).T) + bridge + np.hypot(*(last - other).T)
        for one, other in (ends, ends[::-1])
    )
    return np.asarray(np.minimum(there, back))


def _check_near(e: Evidence) -> pd.DataFrame:
    """Check that the bands of one door are joined to the next, and every door to something."""
    rows = e.stairwells
    order = np.lexsort((rows["floor_from"].to_numpy(), e.place))
    stacked = e.place[order][1:] == e.place[order][:-1]
    wanted = pd.MultiIndex.from_arrays(
        [np.minimum(order[:-1], order[1:])[stacked], np.maximum(order[:-1], order[1:])[stacked]]
    )
    steps = e.take(measure_steps)
    there = pd.MultiIndex.from_arrays([np.minimum(steps.a, steps.b), np.maximum(steps.a, steps.b)])
    lost = order[1:][stacked][~wanted.isin(there)]
    return Reporter("neighbours", "stairwells", rows.iloc[lost], noun="stairwell").error(
        np.ones(len(lost), bool),
        "not joined to the floors below it",
        "find the neighbours again",
    )


def check_stretches(evidence: Evidence) -> pd.DataFrame:
    """Check stretches and touches column by column, and the class of upper grids.

    Source: gridplan's schema.
    """
    e = evidence
    rows = sort_rows(e.plan.special_grids)
    table = sort_rows(e.plan.touches)
    grids = sort_rows(e.plan.grids)
    kind = e.communities["kind"].reindex(grids["community"]).to_numpy(object)
    band = e.subgrids["household_band"].to_numpy(object)
    findings = [
        report_columns(
            "grids",
            "grids",
            grids,
            {"community_kind": np.where(pd.isna(kind), grids["community_kind"], kind)},
            "draw the grids again",
            noun="grid",
        ),
        Reporter("figures", "subgrids", e.subgrids, noun="sub-grid").error(
            band != "", "with a band of households, which only a release has", "clear it"
        ),
    ]
    if len(rows):
        again = "draw the special grids again"
        area = {"area": shapely.area(rows.geometry.to_numpy()), "stretch": _number_stretches(rows)}
        findings.append(
            report_columns("special", "special_grids", rows, area, again, noun="special grid")
        )
    if len(table):
        findings.append(_check_touch_lengths(e, rows, table))
    return join_findings(findings)


def _number_stretches(rows: Any) -> Any:
    """Find the number of each stretch along its barrier; 0 where it has a gap or a double."""
    by = [rows["community"], rows["kind"], rows["name"]]
    number = rows["stretch"]
    size = number.groupby(by).transform("size")
    doubled = rows.assign(n=number).duplicated(["community", "kind", "name", "n", "barrier"])
    # Nameless ones of one kind may be several barriers, each numbered from 1.
    fits = (number >= 1) & (number <= size) & ~doubled
    return np.where(fits, number, 0)


def _check_touch_lengths(e: Evidence, rows: Any, table: Any) -> pd.DataFrame:
    """Check the community of each touch, and the metres of the stretch within or along it."""
    grid = find_rows(rows, table["special_grid"])
    subgrid = find_rows(e.subgrids, table["subgrid"])
    known = (grid >= 0) & (subgrid >= 0)
    table, grid, subgrid = table[known], grid[known], subgrid[known]
    shapes = rows.geometry.to_numpy()[grid]
    lines = np.where(shapely.get_dimensions(shapes) == 2, shapely.boundary(shapes), shapes)
    # Several stretches touch one sub-grid, round which a zone is drawn once.
    touched, of_touch = np.unique(subgrid, return_inverse=True)
    land = e.subgrids.geometry.to_numpy()[touched]
    zone = shapely.buffer(land, e.rules.special.touch, join_style="mitre", mitre_limit=2.0)[
        of_touch
    ]
    right = {
        "community": rows["community"].to_numpy(object)[grid],
        "length": shapely.length(shapely.intersection(lines, zone)),
    }
    return report_columns(
        "special", "touches", table, right, "find again what the special grids touch",
        noun="touch", slack=CENTIMETRE,
    )  # fmt: skip
