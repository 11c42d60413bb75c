"""Words and codes of buildings in the exports of common makers, put into gridplan's.

Overpass, osmnx and QuickOSM write the tag ``building`` where others have codes;
Geofabrik, EUBUCCO, Overture and cadastres say the use in words of their own.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import geopandas as gpd
import pandas as pd

from gridplan.reading.layer_names import REMARK
from gridplan.tables.column_names import explain_unused, match_columns, plain_name
from gridplan.tables.ledger import LISTED, Entry
from gridplan.tables.persons_names import is_contact

# The commonest values of OpenStreetMap's tag building; codes of houses are none of them.
_TAGGED = """yes house residential detached apartments garage shed hut industrial roof commercial
terrace semidetached_house farm_auxiliary school retail construction greenhouse warehouse church
barn service farm cabin civic office university hospital public bungalow kindergarten hotel
dormitory static_caravan garages outbuilding allotment_house manufacture no"""
TAGGED = frozenset(_TAGGED.split())
# Words that say only that it is a building; another column may say more.
_SAY_NOTHING = frozenset({"", "yes", "true", "1", "building", "unclassified", "unknown", "other"})
# Beside the tag building, these say the use where it says nothing.
_OTHER_TAGS = ("amenity", "shop", "office", "leisure", "tourism", "man_made", "healthcare")
_KEPT_WORDS = {"shop": "retail", "office": "office"}
# Columns by which an export of OpenStreetMap is known.
_OSM_COLUMNS = frozenset({"osm_id", "@id", "full_id", "osm_type", "osmid", "osm_way_id", "element"})
FEW = 0.05  # share of rows up to which shapes of a wrong kind are left out, not refused
_ELEMENTS = ("element", "osm_type", "element_type", "@type")


def is_osm_export(columns: Any) -> bool:
    """Whether a table comes from OpenStreetMap, whose tags are of things and public.

    Examples
    --------
    >>> is_osm_export(["osm_id", "phone"]), is_osm_export(["id", "phone"])
    (True, False)
    """
    return any(str(column).lower() in _OSM_COLUMNS for column in columns)


def find_contacts(table: str, columns: Sequence[str], kept: Collection[str]) -> list[str]:
    """Find the tags by which shops and offices are reached: they are left unread, not refused."""
    if table not in ("streets", "places", "institutions") and not is_osm_export(columns):
        return []
    return [name for name in columns if is_contact(name) and name not in kept]


def find_tagged_use(
    frame: Any, table: str, words: Mapping[str, str], matched: dict[str, str]
) -> str:
    """Take a column of OpenStreetMap's tag ``building`` for the use, and say which it was.

    ``matched`` is changed: the column is the use there, and another the code.
    """
    column = next((theirs for theirs, ours in matched.items() if ours == "building"), None)
    if table != "buildings" or "building" in words:
        return ""
    if column is None or plain_name(column) != "building":
        column = next((c for c in frame.columns if plain_name(str(c)) == "building"), None)
    if column is None:
        return ""
    values = frame[column].dropna().astype("str").str.strip().str.lower()
    if not len(values) or not values.isin(TAGGED).mean() > 0.5:
        return ""
    matched.pop(column, None)
    others = [c for c in frame.columns if c not in matched and c != column]
    codes = match_columns(table, [c for c in others if c != frame.geometry.name])
    if "building" not in matched.values():
        matched |= {theirs: ours for theirs, ours in codes.items() if ours == "building"}
    if "use" not in words:
        for other in [theirs for theirs, ours in matched.items() if ours == "use"]:
            del matched[other]
        matched[column] = "use"
    return str(column)


def leave_out_rows(frame: Any, table: str, tagged: str, file: str = "") -> tuple[Any, list[Entry]]:
    """Leave out rows that cannot be buildings: without the tag, or a few lines among outlines.

    Returns
    -------
    The other rows, numbered again, and the lines of the ledger.
    """
    if table != "buildings" or not isinstance(frame, gpd.GeoDataFrame) or not len(frame):
        return frame, []
    entries = []
    place = f" in {file}" if file else ""
    if tagged and is_osm_export(frame.columns):
        words = _write(frame[tagged]).str.lower()
        other = words.isin(("", "no")).to_numpy(bool)
        entries.append(_drop(other, f"column {tagged} says that they are no buildings{place}"))
        frame = frame[~other]
    if frame._geometry_column_name in frame.columns:
        kinds = frame.geom_type
        wrong = kinds.isin(["LineString", "MultiLineString", "LinearRing", "MultiPoint"])
        if 0 < wrong.sum() <= FEW * len(frame):
            numbers = ", ".join(f"row {n + 1}" for n in frame.index[wrong][:LISTED])
            reason = f"lines and groups of points among outlines{place}: {numbers}"
            entries.append(_drop(wrong.to_numpy(bool), reason, REMARK))
            frame = frame[~wrong]
    return frame.reset_index(drop=True), entries


def _drop(rows: Any, reason: str, step: str = "read") -> Entry:
    return Entry(step, "buildings", "dropped", int(rows.sum()), reason)


def read_uses(frame: Any, matched: Mapping[str, str]) -> pd.Series[Any] | None:
    """Read the use of buildings: from its column, and where that says nothing, from others.

    Examples
    --------
    >>> rows = pd.DataFrame({"building": ["yes", "tank"], "amenity": ["school", None]})
    >>> read_uses(rows, {"building": "use"}).tolist()
    ['school', 'storage_tank']
    """
    column = next((theirs for theirs, ours in matched.items() if ours == "use"), None)
    if column is None:
        return None
    unused = explain_unused("buildings", frame.columns, matched)
    others = [name for name, instead in unused.items() if instead == column]
    tags = [c for c in frame.columns if plain_name(str(c)) in _OTHER_TAGS and c not in matched]
    use = _write(frame[column])
    for other in (*others, *tags):
        more = _write(frame[other])
        word = _KEPT_WORDS.get(plain_name(str(other)))
        more = more.where(more == "", word) if word else more
        silent = use.str.lower().isin(_SAY_NOTHING) & ~more.str.lower().isin(_SAY_NOTHING)
        use = use.mask(silent, more)
    known = _read_words()
    return use.map(lambda text: known.get(text.strip().lower(), text))


def _write(values: Any) -> pd.Series[Any]:
    return values.astype("str").str.strip().where(values.notna(), "").astype("str")


@cache
def _read_words() -> dict[str, str]:
    text = files("gridplan.reading").joinpath("use_words.csv").read_text(encoding="utf-8")
    return {row["word"]: row["use"] for row in csv.DictReader(text.splitlines())}


def read_names(values: Any) -> Any:
    """Read names that are a structure, as Overture's ``{"primary": "Town Hall"}``.

    Examples
    --------
    >>> read_names(pd.Series([{"primary": "Town Hall"}, '{"primary": "Inn"}', "Mill"])).tolist()
    ['Town Hall', 'Inn', 'Mill']
    """
    if not pd.api.types.is_object_dtype(values.dtype) and not pd.api.types.is_string_dtype(
        values.dtype
    ):
        return values
    return values.map(_read_name)


def _read_name(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    return value.get("primary") if isinstance(value, dict) else value


def join_codes(frame: Any, column: str) -> pd.Series[Any]:
    """Join the kind of element and its number: way 5 and relation 5 are two buildings.

    Examples
    --------
    >>> rows = pd.DataFrame({"element": ["way", "relation"], "id": [5, 5]})
    >>> join_codes(rows, "id").tolist()
    ['w5', 'r5']
    """
    codes = frame[column]
    kinds = next((c for c in frame.columns if str(c).lower() in _ELEMENTS), None)
    texts = _write(codes)
    if kinds is None or kinds == column or not texts.str.fullmatch(r"-?\d+(\.0)?").all():
        return codes
    return _write(frame[kinds]).str[:1] + texts.str.removesuffix(".0")


def read_buildings(
    out: pd.DataFrame, frame: Any, words: Mapping[str, str], matched: Mapping[str, str]
) -> pd.DataFrame:
    """Put uses, names and codes of buildings, which makers write each in their way, into one."""
    changed: dict[str, Any] = {}
    use = read_uses(frame, matched) if "use" not in words else None
    if use is not None:
        changed["use"] = use
    if "building_name" in out.columns:
        changed["building_name"] = read_names(out["building_name"])
    codes = next((theirs for theirs, ours in matched.items() if ours == "building"), None)
    if codes is not None and "building" not in words:
        changed["building"] = join_codes(frame, codes)
    return out.assign(**changed)
