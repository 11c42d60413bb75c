"""Matching: which old building and stairwell each new one continues, and which are gone.

Buildings are matched by their code where the footprints agree too (a code that
was given again somewhere else is not the same building), else by the greatest
land in common. Within a building stairwells are matched by the place of their
doors and the share of the floors, so that neither a new numbering of doors nor
a better count of floors matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Bools, Ints
from gridplan.geometry.overlay import choose_greatest, measure_common
from gridplan.land.community_land import slice_footprints
from gridplan.tables.ledger import Entry

if TYPE_CHECKING:
    import geopandas as gpd

    from gridplan.plan import Plan
    from gridplan.rules.redraw import RedrawRules

SAME = 0.9  # alikeness from which two footprints are one and the same, whatever their codes say
NEAR = 2  # decimals of metres, within which doors are as near as one another


@dataclass(frozen=True, eq=False)
class StairwellMatches:
    """What became of the stairwells of a plan on new land.

    ``stairwells`` has a row for each new stairwell: ``old`` and
    ``old_building``, the old stairwell and building that it continues (empty
    where it is new), ``how`` the buildings matched (id, overlap or empty), the
    ``share`` of the smaller footprint that they have in common (NaN for new
    ones), and ``home``, the old sub-grid that its households lived in.
    ``gone`` has a row for each old stairwell that none continues:
    ``building``, ``community``, ``subgrid``, ``households`` and ``why``:
    demolished (nothing is built there), emptied (what is built there is no
    home) or joined (its building lives on, with other stairwells or as part of
    another one). ``entries`` count all of it for the ledger.
    """

    stairwells: pd.DataFrame
    gone: pd.DataFrame
    entries: tuple[Entry, ...]


def match_stairwells(
    old: Plan, stairwells: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, rules: RedrawRules
) -> StairwellMatches:
    """Match the stairwells of new land to those of a plan that was drawn on it before.

    Parameters
    ----------
    old
        The plan before.
    stairwells, buildings
        The new land's tables, in any projected CRS.
    rules
        The least share of the smaller footprint that two buildings have in
        common to be the same.

    Returns
    -------
    The old home of every new stairwell, and the old ones that are gone. Where
    a building was split, every part of it continues the stairwell whose door
    is nearest; where several became one with several doors, each door
    continues the building that stood in its own slice of the footprint.

    Examples
    --------
    >>> from gridplan.rules.redraw import RedrawRules
    >>> from gridplan.synthetic import make_board_plan
    >>> plan = make_board_plan()
    >>> stairwells = plan.stairwells.drop("h12-1")
    >>> buildings = plan.site.buildings.drop("h12")
    >>> matching = match_stairwells(plan, stairwells, buildings, RedrawRules())
    >>> matching.stairwells.drop(columns="share").loc["h01-1"].tolist()
    ['h01-1', 'h01', 'id', '0301-001']
    >>> matching.gone["why"].to_dict()
    {'h12-1': 'demolished'}
    """
    before = old.site.buildings.sort_index()
    before = before if before.crs == buildings.crs else before.to_crs(buildings.crs)
    after = buildings.sort_index()
    pairs = find_candidates(before, after, rules)
    # First buildings, since a door can only continue a door of the same building.
    holders = _choose_buildings(pairs, _mark(before.index, old.stairwells["building"]))
    new = stairwells.sort_index()
    continued = _choose_for_doors(new, after, before, holders, pairs)
    doors = old.stairwells.sort_index()
    doors = doors if doors.crs == buildings.crs else doors.to_crs(buildings.crs)
    chosen = _choose_stairwells(new, continued, doors)
    known = chosen >= 0
    # A row of -1, for none, picks the empty text at the end.
    codes = np.append(doors.index.to_numpy(object), "")
    homes = np.append(doors["subgrid"].to_numpy(object), "")
    table = continued.assign(old=codes[chosen], home=homes[chosen])[
        ["old", "old_building", "how", "share", "home"]
    ]
    table = table.astype({"old": "str", "old_building": "str", "how": "str", "home": "str"})
    gone = _list_gone(
        doors, chosen[known], pairs, before.index, _mark(after.index, new["building"])
    )
    return StairwellMatches(table, gone, tuple(_list_entries(table, gone)))


def match_communities(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> pd.Series[str]:
    """Match new communities to the old ones that they have most land in common with.

    Empty where there is none.

    The code of a community may change while its land stays.

    Examples
    --------
    >>> from gridplan.tables.conform import conform_table
    >>> import geopandas as gpd
    >>> land = [shapely.box(0, 0, 9, 9)]
    >>> old = gpd.GeoDataFrame({"community": ["0301"]}, geometry=land, crs="EPSG:32650")
    >>> old = conform_table("communities", old)
    >>> match_communities(old, old.rename({"0301": "130201"})).to_dict()
    {'130201': '0301'}
    """
    old = old.sort_index().to_crs(new.crs)
    new = new.sort_index()
    pairs = measure_common(old.geometry.to_numpy(), new.geometry.to_numpy())
    best = choose_greatest(pairs, "second", ["common", "alike"])["first"].reindex(
        range(len(new)), fill_value=-1
    )
    codes = np.append(old.index.to_numpy(object), "")[best.to_numpy()]
    return pd.Series(codes, index=new.index, dtype="str", name="old_community")


def find_candidates(
    before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, rules: RedrawRules
) -> pd.DataFrame:
    """Find all pairs of an old and a new building that may be the same.

    They have enough of the smaller footprint in common.

    Returns their row numbers ``first`` (old) and ``second`` (new) and what
    they have in common, as :func:`gridplan.geometry.overlay.measure_common`
    does; and ``by_id``, whether they have one code.
    """
    pairs = measure_common(before.geometry.to_numpy(), after.geometry.to_numpy())
    # Measured on the smaller footprint, so that a wing added to a house does
    # not part it from itself.
    pairs = pairs[pairs["share"] >= rules.overlap].reset_index(drop=True)
    same = (
        before.index.to_numpy(object)[pairs["first"]]
        == after.index.to_numpy(object)[pairs["second"]]
    )
    return pairs.assign(by_id=same)


def _choose_buildings(pairs: pd.DataFrame, lived_in: Bools) -> pd.DataFrame:
    """Choose for each new building the old one that it continues.

    By code, else the home with most land in common.
    """
    twin = pairs.groupby("second")["alike"].transform("max") >= SAME
    # A code given to another building must not outvote the very footprint.
    doubtful = twin & (pairs["alike"] < SAME)  # another old building has the very footprint
    ranked = pairs.assign(by_id=pairs["by_id"] & ~doubtful, lived=lived_in[pairs["first"]])
    return choose_greatest(ranked, "second", ["by_id", "lived", "common", "alike"])


def _mark(index: pd.Index[Any], codes: pd.Series[str]) -> Bools:
    """Mark the rows whose code is among some."""
    rows = index.get_indexer(pd.Index(codes.unique()))
    marks = np.zeros(len(index), bool)
    marks[rows[rows >= 0]] = True
    return marks


def _choose_for_doors(
    new: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    before: gpd.GeoDataFrame,
    holders: pd.DataFrame,
    pairs: pd.DataFrame,
) -> pd.DataFrame:
    """Choose the old building of each new stairwell: that of its building, or of its own slice.

    Slices count where several buildings became one.
    """
    row = after.index.get_indexer(new["building"])
    holder = holders.reindex(row)
    several = pairs["second"].duplicated(keep=False)
    doors = new.groupby("building")["door"].transform("max").to_numpy()
    # Where several buildings became one, each door asks what stood in its own slice.
    split = np.flatnonzero((doors > 1) & np.isin(row, pairs.loc[several, "second"]))
    old = holder["first"].fillna(-1).to_numpy(np.int64).copy()
    by_id = holder["by_id"].fillna(0).to_numpy(bool).copy()
    share = holder["share"].to_numpy(float).copy()
    if len(split):
        best = _choose_for_slices(new.iloc[split], after, before, pairs)
        # A slice in the old building of the whole keeps how that one matched.
        changed = best.index[best["first"].to_numpy() != old[split[best.index]]]
        rows = split[changed]
        old[rows] = best.loc[changed, "first"]
        share[rows] = best.loc[changed, "share"]
        by_id[rows] = best.loc[changed, "by_id"]
    how = np.where(old < 0, "", np.where(by_id, "id", "overlap"))
    codes = np.append(before.index.to_numpy(object), "")[old]
    return pd.DataFrame({"old_building": codes, "how": how, "share": share}, index=new.index)


def _choose_for_slices(
    new: gpd.GeoDataFrame, after: gpd.GeoDataFrame, before: gpd.GeoDataFrame, pairs: pd.DataFrame
) -> pd.DataFrame:
    """Choose for the slice of each door the old building with which it has most land in common."""
    row = after.index.get_indexer(new["building"])
    doors = new.groupby("building")["door"].transform("max").to_numpy()
    door = new["door"].to_numpy()
    slices = slice_footprints(after.geometry.to_numpy()[row], (door - 1) / doors, door / doors)
    stairs = pd.DataFrame({"stair": np.arange(len(new)), "second": row})
    both = stairs.merge(pairs[["first", "second", "share", "by_id"]], on="second")
    land = shapely.intersection(slices[both["stair"]], before.geometry.to_numpy()[both["first"]])
    both = both.assign(common=shapely.area(land))
    return choose_greatest(both[both["common"] > 0], "stair", ["common", "by_id"])


def _choose_stairwells(
    new: gpd.GeoDataFrame, continued: pd.DataFrame, doors: gpd.GeoDataFrame
) -> Ints:
    """Choose the old stairwell of each new one.

    The nearest door of its old building, and there the band at its height.

    Returns int64[n], the row of the old stairwell, -1 where there is none.
    """
    old_doors = _describe_doors(doors).assign(
        old=np.arange(len(doors)), building=doors["building"].to_numpy(object)
    )
    new_doors = _describe_doors(new).assign(
        new=np.arange(len(new)), building=continued["old_building"].to_numpy(object)
    )
    both = new_doors.merge(old_doors, on="building", suffixes=("", "_old"))
    # How far each old door is from the new one, along the ground and in height.
    apart = np.hypot(both["x"] - both["x_old"], both["y"] - both["y_old"])
    # Zero where the middle of the new band is within the old one.
    away = np.maximum(
        np.maximum(both["bottom_old"] - both["middle"], both["middle"] - both["top_old"]), 0.0
    )
    # After the place the number of the door, then the floors: doors of one
    # entrance lie in one place.
    by = [apart.round(NEAR), (both["door"] - both["door_old"]).abs(), away.round(9)]
    by += [(both["middle"] - both["middle_old"]).abs().round(9), both["old"]]
    # The nearest door first; rounded, so that ties do not depend on the machine.
    order = np.lexsort([*reversed(by), both["new"]])
    best = both.iloc[order].drop_duplicates("new")
    chosen = np.full(len(new), -1, np.int64)
    chosen[best["new"]] = best["old"]
    return chosen


def _describe_doors(stairwells: gpd.GeoDataFrame) -> pd.DataFrame:
    """Describe stairwells: place and number of the door, and floors as shares of the height."""
    top = stairwells.groupby("building")["floor_to"].transform("max").to_numpy(float)
    xy = shapely.get_coordinates(stairwells.geometry.to_numpy())
    bottom = (stairwells["floor_from"].to_numpy() - 1) / top
    end = stairwells["floor_to"].to_numpy() / top
    return pd.DataFrame(
        {
            "x": xy[:, 0],
            "y": xy[:, 1],
            "door": stairwells["door"].to_numpy(),
            "bottom": bottom,
            "top": end,
            "middle": (bottom + end) / 2,
        }
    )


def _list_gone(
    doors: gpd.GeoDataFrame,
    continued: Ints,
    pairs: pd.DataFrame,
    old: pd.Index[Any],
    lived_in: Bools,
) -> pd.DataFrame:
    """List the old stairwells that no new one continues, and why."""
    # A door may be gone though its building is not.
    gone = doors[~np.isin(np.arange(len(doors)), continued)]
    row = old.get_indexer(gone["building"])
    stands = np.zeros(len(old), bool)
    lived = np.zeros(len(old), bool)
    stands[pairs["first"]] = True
    lived[pairs.loc[lived_in[pairs["second"]], "first"]] = True
    # A building lives on if homes continue it, and still stands if anything does.
    why = np.where(lived[row], "joined", np.where(stands[row], "emptied", "demolished"))
    table = pd.DataFrame(gone[["building", "community", "subgrid", "households"]])
    return table.assign(why=pd.Series(why, index=gone.index, dtype="str"))


def _list_entries(table: pd.DataFrame, gone: pd.DataFrame) -> list[Entry]:
    """Count how stairwells matched, and which are new or gone."""
    reasons = {
        "id": "continue a stairwell of the plan before: same code, same place",
        "overlap": "continue a stairwell of the plan before: "
        "found by the land in common, for the code is another",
        "": "new: the plan before has no home in this place",
    }
    reasons_gone = {
        "demolished": "gone: nothing is built there now",
        "emptied": "gone: what is built there now is no home",
        "joined": "gone: the building lives on with other stairwells, or as part of another one",
    }
    how = table["how"].where(table["old"] != "", "")
    entries = [
        Entry(
            "matching",
            "stairwells",
            "noted",
            int((how == word).sum()),
            reason,
            list(table.index[how == word][:20]),
        )
        for word, reason in reasons.items()
    ]
    lost = [(gone.index[gone["why"] == word], reason) for word, reason in reasons_gone.items()]
    return entries + [
        Entry("matching", "stairwells", "noted", len(ids), reason, list(ids[:20]))
        for ids, reason in lost
    ]
