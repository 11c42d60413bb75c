"""Layers of OpenStreetMap exports that have no tags, only a name and a column of kinds.

A layer of railways whose column ``type`` says ``rail`` and ``abandoned`` holds
values of the tag ``railway``. They are read as in an OpenStreetMap file:
what is a barrier becomes one, what runs over a bridge or through a tunnel is
none, and the rest is left out and counted.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.reading.layer_names import LayerRole
from gridplan.reading.osm_barriers import POND
from gridplan.reading.osm_openings import NOT_THERE
from gridplan.reading.osm_tags import measure_areas, read_words
from gridplan.site import Reading
from gridplan.tables.column_names import plain_name
from gridplan.tables.ledger import Entry

# Tags beside that of a layer whose values it may hold: layers of water mix several.
_BESIDE = ("natural", "waterway", "landuse", "railway", "barrier", "highway")
_YES = frozenset({"yes", "true", "t", "1", "1.0", "viaduct", "aqueduct", "culvert", "covered"})


def drop_carried(frame: Any, role: LayerRole) -> tuple[Any, int]:
    """Leave out barriers that run over a bridge or through a tunnel; also return their number.

    Examples
    --------
    >>> lines = pd.DataFrame({"type": ["rail", "subway"], "tunnel": ["F", "T"]})
    >>> rest, count = drop_carried(lines, LayerRole("barriers", "railway"))
    >>> rest["type"].tolist(), count
    (['rail'], 1)
    """
    if role.tag not in {"railway", "waterway"}:
        return frame, 0
    carried = np.zeros(len(frame), bool)
    for column in frame.columns:
        if plain_name(str(column)) in {"bridge", "tunnel"}:
            carried |= frame[column].astype("str").str.strip().str.lower().isin(_YES).to_numpy(bool)
    return frame[~carried], int(carried.sum())


def name_kinds(reading: Reading, role: LayerRole, file: str) -> Reading:
    """Give the rows of a layer the kinds of gridplan, and leave out those that are none."""
    frame = reading.tables.get(role.table)
    if frame is None or not role.tag or not len(frame):
        return reading
    if role.table == "streets":
        return _take_streets(reading, frame, file)
    kinds, is_default = _find_kinds(frame, role)
    rows = frame[kinds["kind"].notna().to_numpy()]
    kinds = kinds[kinds["kind"].notna()]
    kind, hard = _find_ponds(rows, kinds)
    # layers number their rows each for itself, and a barrier needs no code
    named = rows.drop(columns="barrier", errors="ignore").assign(kind=kind, hard=hard)
    entries = [
        Entry(
            "read",
            "barriers",
            "dropped",
            len(frame) - len(rows),
            f"no barriers by their kind in {file}",
        )
    ]
    if is_default:
        reason = f"kind {role.default}, from the name of {file}"
        entries.append(Entry("read", "barriers", "inferred", len(rows), reason))
    tables = {**reading.tables, "barriers": named}
    return replace(reading, tables=tables, entries=(*reading.entries, *entries))


def _find_kinds(frame: Any, role: LayerRole) -> tuple[pd.DataFrame, bool]:
    """Find the kind of each row and whether it is hard; also whether the layer's name said so."""
    known = _read_kinds()
    words = (
        frame["kind"].astype("str").str.strip().str.lower()
        if "kind" in frame.columns
        else pd.Series("", index=frame.index)
    )
    tags = (role.tag, *(tag for tag in _BESIDE if tag != role.tag), "kind")
    meanings = {
        word: next((known[tag, word] for tag in tags if (tag, word) in known), None)
        for word in words.unique()
    }
    # an abandoned railway is a word that is known, and no barrier
    said = any(meanings.values()) or bool(words.isin(NOT_THERE).any())
    if not said and role.default:
        meanings = dict.fromkeys(meanings, known[role.tag, role.default])
    pairs = [meanings[word] or (None, False) for word in words]
    kinds = pd.DataFrame(pairs, columns=["kind", "hard"], index=frame.index)
    return kinds, not said and bool(role.default)


@cache
def _read_kinds() -> dict[tuple[str, str], tuple[str, bool]]:
    """Read what a value of each tag is; ``kind`` stands for gridplan's words themselves."""
    words = read_words("barriers")
    kinds = {(str(r.key), str(r.value)): (str(r.kind), bool(r.hard)) for r in words.itertuples()}
    own = {("kind", str(r.kind)): (str(r.kind), bool(r.hard)) for r in words[::-1].itertuples()}
    return kinds | own


def _find_ponds(rows: gpd.GeoDataFrame, kinds: pd.DataFrame) -> tuple[Any, Any]:
    """Find the still waters that are small enough to walk round: soft, as in OSM files."""
    shapes = rows.geometry.to_numpy()
    is_area = shapely.get_dimensions(shapes) == 2
    area = np.zeros(len(rows))
    if is_area.any() and rows.crs is not None:
        degrees = rows.geometry[is_area].to_crs(4326).to_numpy()
        area[is_area] = measure_areas(degrees)
    small = is_area & (kinds["kind"] == "lake").to_numpy() & (area < POND)
    return kinds["kind"].mask(small, "pond").to_numpy(), kinds["hard"].to_numpy(bool) & ~small


def _take_streets(reading: Reading, frame: Any, file: str) -> Reading:
    """Leave out streets that are none, and make barriers of main roads and motorways."""
    if "kind" not in frame.columns:
        return reading
    words = frame["kind"].astype("str").str.strip().str.lower()
    gone = words.isin((*NOT_THERE, "bus_stop")).to_numpy(bool)
    reason = f"planned, under construction or no street in {file}"
    entry = Entry("read", "streets", "dropped", int(gone.sum()), reason)
    tables = {**reading.tables, "streets": frame[~gone]}
    known = _read_kinds()
    lifted = np.zeros(len(frame), bool)
    for column in ("bridge", "tunnel"):
        if column in frame.columns:
            lifted |= frame[column].astype("str").str.strip().str.lower().isin(_YES).to_numpy(bool)
    main = words.map(lambda word: ("highway", word) in known).to_numpy(bool) & ~lifted
    if main.any():
        roads = frame[main][["kind", *(["name"] if "name" in frame.columns else []), "geometry"]]
        pairs = [known["highway", word] for word in words[main]]
        tables["barriers"] = roads.assign(
            kind=[kind for kind, _ in pairs], hard=[hard for _, hard in pairs]
        )
    return replace(reading, tables=tables, entries=(*reading.entries, entry))
