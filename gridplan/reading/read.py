"""Reading a site: from an OpenStreetMap extract, a vector file or a folder, and own tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import geopandas as gpd
import shapely

from gridplan.engine.placement import list_placed
from gridplan.errors import InputError, Problem
from gridplan.reading.barrier_names import name_barriers
from gridplan.reading.checks import INPUT_TABLES
from gridplan.reading.completeness import note_completeness
from gridplan.reading.declared import check_datum, choose_for, convert_reading, declare_crs
from gridplan.reading.file_layers import VECTOR_SUFFIXES
from gridplan.reading.layer_names import REMARK, LayerRole, choose_roles, note_unread
from gridplan.reading.outer_limit import keep_inside
from gridplan.reading.site_tables import make_site
from gridplan.reading.street_openings import add_openings
from gridplan.reading.vector_files import gather_readings, read_tables, take_table
from gridplan.reading.workbooks import name_cells
from gridplan.rules.site import SiteRules
from gridplan.site import Reading, Site
from gridplan.tables.ledger import Entry

OSM_SUFFIXES = (".pbf", ".osm", ".osm.gz", ".osm.bz2", ".xml")
SITE_FILE = "site.gpkg"
PARQUET_SUFFIXES = (".parquet", ".geoparquet")

Given: TypeAlias = "str | Path | gpd.GeoDataFrame"  # a table: a file, or what was read from one


def read_site(
    source: Given | Reading,
    *,
    communities: Given | None = None,
    zones: Given | None = None,
    compounds: Given | None = None,
    barriers: Given | Sequence[Given] | None = (),
    openings: Given | None = None,
    streets: Given | None = None,
    places: Given | None = None,
    institutions: Given | None = None,
    counts: Given | None = None,
    boundary: Given | None = None,
    mapping: Mapping[str, str] | None = None,
    crs: Any = None,
    datum: str | Mapping[str, str] | None = None,
    encoding: str | None = None,
    not_personal: Collection[str] = (),
    rules: SiteRules | None = None,
) -> Site:
    """Read the land from files, check all of it, and put it in order.

    Parameters
    ----------
    source
        An OpenStreetMap extract (.pbf, .osm, .xml); a vector file of
        buildings, or of all tables, each in a layer named after it; a folder
        with a ``site.gpkg`` or with files named after tables
        (buildings.parquet, communities.shp ...); a GeoDataFrame of buildings;
        or a :class:`gridplan.site.Reading` of another source.
    communities, zones, compounds, barriers, openings, streets, places, institutions, counts
        Tables of one's own, as files or GeoDataFrames; each replaces that of
        the source, but barriers, which are added to those of the source.
        Zones are any land whose number of households is known (census tracts,
        blocks); where buildings name their zone, a table of codes and
        households will do.
        Barriers may be several, and where they have no column of
        kinds, the name of the file says it (railways.parquet, water.gpkg,
        roads.shp).
    boundary
        Outer limit: buildings whose middle lies outside are left out and
        counted.
    mapping
        Column of gridplan -> column of the file: ``{"buildings.floors":
        "storeys"}``, or bare ``floors`` for buildings.
    crs
        CRS of files that do not say theirs; or, by table, the true CRS
        whatever a file says: ``{"buildings": "EPSG:4548"}``.
    datum
        Datum of files in degrees or Web Mercator: ``wgs84``, ``gcj02`` or
        ``bd09``; or one by table, in whatever CRS. The last two are converted,
        to 1e-6 m. Not applied to OpenStreetMap, which is always WGS 84, nor to
        surveyed tables in a CRS in metres.
    encoding
        Encoding of CSV files and shapefiles whose text is not UTF-8, such as
        ``gb18030``.
    not_personal
        Columns that look like personal data and are declared to be none; the
        ledger records it.
    rules
        What counts as an overlap, how high a floor is, how large a house that
        is given as a point.

    Raises
    ------
    InputError
        With everything that is wrong, and what to do about it.
    PersonalDataError
        If columns look like data on named persons.

    Examples
    --------
    >>> from shapely import box
    >>> outlines = [box(600_000, 4_390_000, 600_009, 4_390_009)]
    >>> houses = gpd.GeoDataFrame({"层数": [2]}, geometry=outlines, crs="EPSG:4548")
    >>> read_site(houses).buildings["floors"].to_dict()
    {'b000001': 2.0}
    """
    files = {
        "communities": communities,
        "zones": zones,
        "compounds": compounds,
        "openings": openings,
        "streets": streets,
        "places": places,
        "institutions": institutions,
        "counts": counts,
        "barriers": barriers,
        "boundary": boundary,
    }
    how = {
        "mapping": mapping,
        "crs": crs,
        "datum": datum,
        "encoding": encoding,
        "not_personal": not_personal,
    }
    try:
        reading = read_all(source, files, how)
        return note_completeness(make_site(reading, rules, choose_for(crs, "")))
    except InputError as error:
        raise name_cells(error, [source, *files.values()]) from None


def read_all(
    source: Any, files: Mapping[str, Any], how: Mapping[str, Any], *, without: Collection[str] = ()
) -> Reading:
    """Read all tables as they are, but for some; the parameters are those of :func:`read_site`."""
    barriers = files.get("barriers")
    boundary = files.get("boundary")
    many = (
        [barriers] if isinstance(barriers, (str, Path, gpd.GeoDataFrame)) else list(barriers or ())
    )
    single = {table: one for table, one in files.items() if table not in ("barriers", "boundary")}
    sources = [(table, one) for table, one in single.items() if one is not None] + [
        ("barriers", one) for one in many
    ]
    check_datum(how["datum"])
    replaced = {table for table, _ in sources}
    # readers, not readings: each is called in turn so that the problems of all files
    # come in one report
    readers: list[Callable[[], Reading]] = [partial(_read_source, source, replaced, how, without)]
    added: list[Any] = []  # the barriers given beside the source, as they are read
    readers += [
        partial(_read_more, one, how, added)
        if table == "barriers"
        else partial(read_given, one, table, how)
        for table, one in sources
    ]
    if boundary is not None:
        readers.append(partial(_read_boundary, boundary, how))
    reading = gather_readings(readers)
    more = added if "openings" not in replaced else []
    return keep_inside(add_openings(reading, more))


def _read_more(source: Any, how: Mapping[str, Any], added: list[Any]) -> Reading:
    """Read barriers that are added to those of the source, without the codes of their file.

    Each file numbers its rows for itself, and a barrier needs no code.
    """
    reading = read_given(source, "barriers", how)
    frame = reading.tables["barriers"].drop(columns="barrier", errors="ignore")
    added.append(frame)
    return replace(reading, tables={**reading.tables, "barriers": frame})


def find_buildings(source: Any) -> Path | None:
    """Find the GeoParquet file of buildings of a source, if it has one.

    Only such a file can be read part by part.
    """
    if not isinstance(source, (str, Path)):
        return None
    path = Path(source)
    if path.is_dir() and not (path / SITE_FILE).exists():
        # with two files of buildings, reading it whole refuses the folder and says why
        same = [
            f
            for f in list_placed(path).values()
            if f.stem == "buildings" and f.suffix.lower() in VECTOR_SUFFIXES
        ]
        return same[0] if len(same) == 1 and same[0].suffix.lower() in PARQUET_SUFFIXES else None
    return (
        path
        if path.is_file() and path.suffix.lower() in PARQUET_SUFFIXES and _is_buildings(path)
        else None
    )


def _is_buildings(path: Path) -> bool:
    return path.stem not in INPUT_TABLES or path.stem == "buildings"


def _read_source(
    source: Any, replaced: set[str], how: Mapping[str, Any], without: Collection[str] = ()
) -> Reading:
    """Read all tables of the source but those that are replaced."""
    reading = _open_source(source, how, without)
    # barriers given beside a source are more of them: those of the source still stand there
    more_barriers = "barriers" in replaced
    replaced = replaced - {"barriers"}
    out = {table: frame for table, frame in reading.tables.items() if table not in replaced}
    entries = [
        Entry("read", table, "dropped", len(frame), "replaced by the table given for it")
        for table, frame in reading.tables.items()
        if table in replaced
    ]
    if there := len(reading.tables.get("barriers", ())) if more_barriers else 0:
        reason = "of the source, to which the barriers given are added"
        entries.append(Entry(REMARK, "barriers", "noted", there, f"{there:,} {reason}"))
    files = {table: file for table, file in reading.files.items() if table in out}
    return Reading(out, files, (*(e for e in reading.entries if e.table not in replaced), *entries))


def _open_source(source: Any, how: Mapping[str, Any], without: Collection[str] = ()) -> Reading:
    if (
        "buildings" in without
        and isinstance(source, (str, Path))
        and find_buildings(source) == Path(source)
    ):
        return Reading({})  # the file holds nothing else
    if isinstance(source, Reading):
        return source
    # a table, or what is none and is refused as such
    if not isinstance(source, (str, os.PathLike)):
        return read_given(source, "buildings", how)
    path = Path(source)
    if path.name.lower().endswith(OSM_SUFFIXES) and path.is_file():
        from gridplan.reading.osm_file import read_osm_file

        return read_osm_file(path)
    # a .gdb is a folder on the disk but one file to GDAL
    if path.is_dir() and path.suffix.lower() != ".gdb":
        return _read_folder(path, how, without)
    if path.exists() and path.suffix.lower() not in VECTOR_SUFFIXES:
        message = f"its kind {path.suffix or '(none)'} is not known"
        remedy = (
            f"give an OpenStreetMap extract ({', '.join(OSM_SUFFIXES)}) "
            f"or a vector file ({', '.join(VECTOR_SUFFIXES)})"
        )
        raise InputError([Problem("source", "kinds of file", message, remedy, file=path.name)])
    return read_given(path, None, how)


def _read_folder(folder: Path, how: Mapping[str, Any], without: Collection[str] = ()) -> Reading:
    """Read the site file of a folder, or its files that are named after tables."""
    if (folder / SITE_FILE).exists():
        return read_given(folder / SITE_FILE, None, how)
    files = _list_vector_files(folder)
    roles = choose_roles(f.stem for f in files)
    if len(files) == 1 and not roles:
        # the only file is that of the buildings, whatever its name
        roles = {files[0].stem: LayerRole("buildings")}
    named = [f for f in files if f.stem in roles]
    if not named:
        message = f"the folder holds neither {SITE_FILE} nor files named after tables"
        remedy = "name its files buildings, communities, barriers ... or give one file"
        raise InputError(
            [Problem("source", "the folder holds tables", message, remedy, file=folder.name)]
        )
    problems = []
    for table in dict.fromkeys(f.stem for f in named):
        same = [f.name for f in named if f.stem == table]
        if len(same) > 1:
            message = f"the folder has more than one: {', '.join(same)}"
            problems.append(
                Problem(
                    table, "one file a table", message, "leave one of them there", file=folder.name
                )
            )
    if problems:
        raise InputError(problems)
    reading = gather_readings(
        [
            partial(read_given, f, roles[f.stem].table, how, role=roles[f.stem])
            for f in named
            if roles[f.stem].table not in without
        ]
    )
    others = note_unread([f.name for f in files if f not in named], folder.name)
    return replace(reading, entries=(*reading.entries, *others))


def _list_vector_files(folder: Path) -> list[Path]:
    """List the vector files of a folder; where it has none, those of the folders in it."""
    placed = list_placed(folder).values()
    files = sorted(f for f in placed if f.suffix.lower() in VECTOR_SUFFIXES)
    if files:
        return files
    inside = sorted(folder.rglob("*"))
    return [f for f in inside if f.is_file() and f.suffix.lower() in VECTOR_SUFFIXES]


def read_given(
    source: Any,
    table: str | None,
    how: Mapping[str, Any],
    file: str = "",
    role: LayerRole | None = None,
) -> Reading:
    """Read a table from a file or a GeoDataFrame, in its declared CRS and datum.

    ``how`` holds the mapping, the CRS, the datum, the encoding and the columns
    declared not to be personal, as :func:`read_site` takes them; ``file`` is
    the name of the file that a GeoDataFrame is some rows of, ``role`` what a
    file was recognised as by its name.
    """
    datum = choose_for(how["datum"], table or "buildings")
    # A declared datum says that coordinates are degrees.
    crs = choose_for(how["crs"], table or "buildings")
    crs = crs if crs is not None or datum is None else "EPSG:4326"
    words = {
        "mapping": how["mapping"],
        "crs": crs,
        "not_personal": how.get("not_personal", ()),
    }
    if isinstance(source, (str, Path)):
        reading = read_tables(source, table, encoding=how["encoding"], role=role, **words)
        named = table == "barriers" and not role
        reading = name_barriers(reading, Path(source).name) if named else reading
    else:
        reading = take_table(source, table or "buildings", file=file, **words)
    reading = declare_crs(reading, how["crs"])
    # a source of several tables is converted table by table, hence the whole mapping
    return reading if datum in {None, "wgs84"} else convert_reading(reading, how["datum"])


def _read_boundary(source: Any, how: Mapping[str, Any]) -> Reading:
    """Read an outer limit; it goes by the name of a table that no site has."""
    how = {
        **how,
        "mapping": None,
        "crs": choose_for(how["crs"], "boundary"),
        "datum": choose_for(how["datum"], "boundary"),
    }
    try:
        # read as communities, which are polygons too; the mapping is for tables
        reading = read_given(source, "communities", how)
    except InputError as error:
        raise type(error)(
            [replace(problem, table="boundary") for problem in error.problems]
        ) from error
    frame = reading.tables["communities"]
    if not (shapely.get_dimensions(frame.geometry.to_numpy()) == 2).any():
        remedy = "give a file with the polygon of the outer limit"
        raise InputError(
            [
                Problem(
                    "boundary",
                    "shapes",
                    "it has no polygon",
                    remedy,
                    file=reading.files.get("communities", ""),
                )
            ]
        )
    return Reading({"boundary": frame})
