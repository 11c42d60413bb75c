"""OpenStreetMap's tags: which of them are read, and what their values mean for a site.

What a value means is written in ``osm_words.csv``: the table, the tag, the kind it
becomes, whether a barrier is hard, and whether the name may be kept. A tag
that is not in :data:`KEYS` is never read, so telephone numbers, e-mail
addresses and the names of operators stay outside.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridplan.arrays import Floats
from gridplan.tables.ledger import Entry
from gridplan.tables.numbers import read_numbers

CRS = "EPSG:4326"
STEP = "read"  # the step under which the ledger records what the reading did
# admin_level of communities, villages, subdistricts and townships, the finest first
LEVELS = (11, 10, 9, 8)
NOT_YES = frozenset({"no", "0", "false", "none"})
METRES_PER_DEGREE = 111_320.0  # of latitude; of longitude times the cosine of the latitude

_BUILDING_KEYS = (
    "building",
    "building:levels",
    "building:flats",
    "height",
    "addr:street",
    "addr:housenumber",
    "addr:housename",
)
_USE_KEYS = (
    "amenity",
    "healthcare",
    "shop",
    "office",
    "craft",
    "tourism",
    "leisure",
    "man_made",
    "landuse",
    "railway",
)
_AREA_KEYS = (
    "boundary",
    "admin_level",
    "place",
    "residential",
    "gated",
    "natural",
    "water",
    "waterway",
    "barrier",
)
_WAY_KEYS = (
    "highway",
    "area",
    "bridge",
    "tunnel",
    "covered",
    "location",
    "layer",
    "ford",
    "foot",
    "access",
    "motorroad",
)
KEYS: tuple[str, ...] = tuple(
    sorted({"name", "emergency", *_BUILDING_KEYS, *_USE_KEYS, *_AREA_KEYS, *_WAY_KEYS})
)
"""Every tag that is read, from whichever source."""


@dataclass(frozen=True)
class Features:
    """Tagged features of one source in degrees (WGS 84): points, lines and areas.

    Each is indexed by its OSM code (``n12``, ``w123``, ``r45``), sorted by it,
    and has the columns of :data:`KEYS`.
    """

    points: gpd.GeoDataFrame
    lines: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame


def make_layer(frame: gpd.GeoDataFrame, codes: Any) -> gpd.GeoDataFrame:
    """Make one layer of :class:`Features`: the columns of :data:`KEYS`, indexed by code, sorted.

    A shape of one part that came as a collection of parts becomes that part.

    Examples
    --------
    >>> from shapely.geometry import MultiPoint
    >>> tags = {"amenity": ["school", None], "phone": ["12345", None]}
    >>> places = [MultiPoint([(9, 47)]), MultiPoint([(8, 47), (9, 48)])]
    >>> raw = gpd.GeoDataFrame(tags, geometry=places, crs=CRS)
    >>> layer = make_layer(raw, ["n2", "n1"])
    >>> layer.index.tolist(), "phone" in layer.columns, layer.geometry["n2"].geom_type
    (['n1', 'n2'], False, 'Point')
    """
    shapes = frame.geometry.to_numpy()
    # type numbers from 4 on are the multi-part kinds
    single = (shapely.get_num_geometries(shapes) == 1) & (shapely.get_type_id(shapes) >= 4)
    shapes = np.where(single, shapely.get_geometry(shapes, 0), shapes)
    blank = pd.Series(pd.NA, index=frame.index, dtype="str")
    columns = {
        key: frame[key].astype("str").array if key in frame.columns else blank.array for key in KEYS
    }
    index = pd.Index(np.asarray(codes, dtype=object), dtype="str", name="code")
    layer = gpd.GeoDataFrame(pd.DataFrame(columns, index=index), geometry=shapes, crs=CRS)
    # an element that came twice counts once
    return layer[~layer.index.duplicated()].sort_index()


def is_yes(values: pd.Series[Any]) -> pd.Series[Any]:
    """Whether a tag is there and says anything else than no: ``bridge=viaduct`` is a bridge.

    Examples
    --------
    >>> is_yes(pd.Series(["yes", "no", None, "viaduct"], dtype="str")).tolist()
    [True, False, False, True]
    """
    return (values.notna() & ~values.isin(NOT_YES)).astype(bool)


def read_first_words(values: pd.Series[Any]) -> pd.Series[Any]:
    """Read the first word of a tag: of ``School;kindergarten`` it is ``school``.

    Examples
    --------
    >>> read_first_words(pd.Series(["School; kindergarten", None], dtype="str")).fillna("").tolist()
    ['school', '']
    """
    known = values.dropna()
    if known.empty:
        return pd.Series(pd.NA, index=values.index, dtype="str")
    # worked out once for each distinct text: a city has few words and many rows
    words = {text: str(text).split(";")[0].strip().lower() for text in known.unique()}
    return known.map(words).astype("str").reindex(values.index)


@cache
def _read_words() -> tuple[dict[str, str], ...]:
    text = files("gridplan.reading").joinpath("osm_words.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def read_words(table: str) -> pd.DataFrame:
    """Read what tags mean for a table: columns key, value, kind, hard, named.

    Examples
    --------
    >>> words = read_words("barriers")
    >>> words.loc[words["value"] == "canal", ["key", "kind", "hard"]].to_numpy().tolist()
    [['waterway', 'river', True]]
    """
    words = pd.DataFrame([row for row in _read_words() if row["table"] == table]).drop(
        columns="table"
    )
    return words.assign(hard=words["hard"] == "yes", named=words["named"] == "yes")


def list_tags(levels: Iterable[int] = LEVELS) -> dict[str, bool | str | list[str]]:
    """List the tags that make something a feature, as osmnx asks Overpass: key -> values, or any.

    Limits are asked for by level, since the limits of a whole country would
    come along otherwise.

    Examples
    --------
    >>> tags = list_tags()
    >>> tags["building"], tags["admin_level"], "phone" in tags
    (True, ['10', '11', '8', '9'], False)
    """
    words = pd.concat([read_words(table) for table in ("barriers", "places", "institutions")])
    values = {str(key): set(rows["value"]) for key, rows in words.groupby("key")}
    values["railway"] |= {"level_crossing", "crossing"}
    values["landuse"] |= {"residential"}
    values["admin_level"] = {str(level) for level in levels}
    tags: dict[str, bool | str | list[str]] = {key: sorted(rows) for key, rows in values.items()}
    return tags | dict.fromkeys(("building", "highway", "place", "ford"), True)


def find_kinds(
    table: str, features: gpd.GeoDataFrame, keys: tuple[str, ...] | None = None
) -> pd.DataFrame:
    """Find the kind that each feature is for a table; features that are nothing to it are left out.

    Where several tags speak, the one that stands first in ``osm_words.csv``
    counts; of several values (``school;kindergarten``) the first.

    Parameters
    ----------
    table
        Name of the table in ``osm_words.csv``.
    features
        A layer of :class:`Features`.
    keys
        Only these tags are looked at; without it all.

    Returns
    -------
    Columns ``kind``, ``hard``, ``named`` and ``key`` (the tag that spoke),
    index as given.

    Examples
    --------
    >>> place = gpd.points_from_xy([9], [47])
    >>> tags = {"amenity": ["doctors"], "name": ["A. B."]}
    >>> layer = make_layer(gpd.GeoDataFrame(tags, geometry=place, crs=CRS), ["n1"])
    >>> find_kinds("places", layer)[["kind", "named"]].to_numpy().tolist()
    [['clinic', False]]
    """
    words = read_words(table)
    # the lowest rank of all tags counts; a rank past the last word means no kind
    rank = np.full(len(features), len(words))
    for key, ranks in _rank_words(table).items():
        if keys is None or key in keys:
            tagged = np.flatnonzero(features[key].notna())
            tag_ranks = (
                read_first_words(features[key].iloc[tagged])
                .map(ranks)
                .fillna(len(words))
                .to_numpy(np.int64)
            )
            rank[tagged] = np.minimum(rank[tagged], tag_ranks)
    known = rank < len(words)
    chosen = words.iloc[rank[known]].set_index(features.index[known])
    return chosen[["kind", "hard", "named", "key"]]


@cache
def _rank_words(table: str) -> dict[str, dict[str, int]]:
    """Rank the values of each tag by their order among the words of a table."""
    ranks: dict[str, dict[str, int]] = {}
    for n, (key, value) in enumerate(
        zip(*(read_words(table)[column] for column in ("key", "value")), strict=True)
    ):
        ranks.setdefault(key, {})[value] = n
    return ranks


def read_tag_numbers(values: pd.Series[Any]) -> pd.Series[Any]:
    """Read the numbers of tags; what is no number, or not above 0, is missing.

    Examples
    --------
    >>> texts = ["2.5", "2,5", "2;3", "4-6", "12 m", "10'", "two", "-1", None]
    >>> read_tag_numbers(pd.Series(texts, dtype="str")).tolist()
    [2.5, 2.5, 2.5, 5.0, 12.0, 3.048, nan, nan, nan]
    """
    numbers = read_numbers(values, several=True)
    return numbers.where(numbers > 0)


def measure_areas(shapes: Any) -> Floats:
    """Measure areas given in degrees, in m2, good to about 1 %.

    Each is measured on a plane that touches the globe at its middle.

    Examples
    --------
    >>> round(float(measure_areas(np.array([shapely.box(9.0, 47.0, 9.001, 47.001)]))[0]))
    8451
    """
    shapes = np.asarray(shapes, dtype=object)
    bounds = shapely.bounds(shapes)
    middle = np.radians((bounds[:, 1] + bounds[:, 3]) / 2)
    return np.asarray(shapely.area(shapes) * METRES_PER_DEGREE**2 * np.cos(middle))


def note(table: str, action: str, codes: Any, reason: str) -> Entry:
    """Write what the reading did to the features of some codes as a line of the ledger."""
    ids = [str(code) for code in codes]
    # twenty codes are enough to look at; the count is of all
    return Entry(STEP, table, action, len(ids), reason, ids[:20])


def drop_where(table: str, frame: Any, wrong: Any, reason: str) -> tuple[Any, list[Entry]]:
    """Return the rows that are not wrong, and the line of the ledger that counts those that are."""
    wrong = np.asarray(wrong, bool)
    return frame[~wrong], [note(table, "dropped", frame.index[wrong], reason)]
