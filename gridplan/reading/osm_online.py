"""OpenStreetMap read over the network by the name of a place, through osmnx and its cache."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gridplan.errors import InputError, Problem
from gridplan.reading.osm_tables import make_tables
from gridplan.reading.osm_tags import LEVELS, Features, drop_where, list_tags, make_layer
from gridplan.site import Reading
from gridplan.tables.ledger import Entry

INSTEAD = "give a file instead: download an extract, then `gridplan plan FILE`"
# share of an administrative area that must lie in the place; its neighbours only
# touch it
WITHIN = 0.5
REMARK = 2000  # bytes at the end of an answer in which a remark stands
MIXED = 7  # shapely's number for collections of points, lines and areas
NEAR = 1e-6  # degrees, a decimetre: a line so near to the outline is part of it
DIMENSIONS = {"points": 0, "lines": 1, "areas": 2}


def read_osm_place(
    place: str,
    *,
    cache: str | Path | None = None,
    admin_level: int | None = None,
    overpass_url: str | None = None,
    nominatim_url: str | None = None,
    timeout: int = 180,
) -> Reading:
    """Read the tables of a site from OpenStreetMap's servers by the name of a place.

    Parameters
    ----------
    place
        Name of a place that has an outline, as one would type it into a map:
        "路北区, 唐山市" or "Vaduz".
    cache
        Folder that keeps the servers' answers, so that the next call needs no
        network; without it nothing is kept. Answers are kept as they came,
        with all tags.
    admin_level
        Level of the administrative areas that are the communities; without it
        the finest from 11 to 8 that holds most buildings.
    overpass_url, nominatim_url
        Addresses of other servers than the public ones; a server of one's own
        is not asked how busy it is.
    timeout
        Seconds to wait for an answer.

    Returns
    -------
    As :func:`gridplan.reading.osm_file.read_osm_file`.

    Raises
    ------
    InputError
        If there is no network, the place is not found or has no outline, or
        nothing is there.
    """
    servers = {"overpass_url": overpass_url, "nominatim_url": nominatim_url}
    chosen = {
        **{name: url.rstrip("/") for name, url in servers.items() if url is not None},
        "use_cache": cache is not None,
        "cache_folder": "" if cache is None else str(cache),
        "requests_timeout": timeout,
        "overpass_rate_limit": overpass_url is None,
        "doh_url_template": None,  # no third server is asked where the second one is
    }
    remarks: list[str] = []
    with _use_settings(chosen, remarks):
        levels = LEVELS if admin_level is None else (*LEVELS, admin_level)
        answer, outline = _ask_servers(place, levels, remarks)
    features, entries = _sort_features(answer, outline)
    # one area is enough: a place asked for by name may be a single community
    tables, notes = make_tables(features, admin_level, least=1)
    return Reading(tables, dict.fromkeys(tables, f"OpenStreetMap: {place}"), (*entries, *notes))


@contextmanager
def _use_settings(chosen: dict[str, Any], remarks: list[str]) -> Iterator[None]:
    """Use osmnx with other settings for a while; what it changes in ``socket`` is put back as well.

    Overpass says in a remark at the end of an answer that it broke off; osmnx
    goes on, so remarks are listened for here.
    """
    from osmnx import settings

    def listen(response: Any, **_: Any) -> None:
        if b'"remark"' in response.content[-REMARK:]:
            remarks.append(str(response.json().get("remark", "")))

    chosen = {
        **chosen,
        "requests_kwargs": {**settings.requests_kwargs, "hooks": {"response": listen}},
    }
    before = {name: getattr(settings, name) for name in chosen}
    # osmnx replaces the resolver of the whole process
    resolver = socket.getaddrinfo
    try:
        for name, value in chosen.items():
            setattr(settings, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)
        socket.getaddrinfo = resolver


def _ask_servers(
    place: str, levels: tuple[int, ...], remarks: list[str]
) -> tuple[gpd.GeoDataFrame, Any]:
    """Ask Nominatim for the outline of the place and Overpass for what is in it."""
    import osmnx
    from osmnx._errors import InsufficientResponseError, ResponseStatusCodeError
    from requests.exceptions import RequestException

    try:
        outline = osmnx.geocode_to_gdf(place).union_all()
    except (InsufficientResponseError, TypeError, KeyError) as error:
        message = f"no place called {place!r} with an outline is known to OpenStreetMap"
        raise _refuse(
            message, f"write the name otherwise, with its city and country, or {INSTEAD}"
        ) from error
    except (RequestException, ResponseStatusCodeError) as error:
        what = type(error).__name__
        raise _refuse(
            f"the server of place names cannot be reached or gave no answer ({what})",
            INSTEAD,
        ) from error
    try:
        answer = osmnx.features_from_polygon(outline, list_tags(levels))
    except (InsufficientResponseError, KeyError) as error:
        # an empty answer with a remark is one that broke off, which is reported below
        if not remarks:
            raise _refuse(f"OpenStreetMap has nothing in {place!r}", INSTEAD) from error
    except (RequestException, ResponseStatusCodeError) as error:
        raise _refuse(
            f"the server of map data cannot be reached or gave no answer ({type(error).__name__})",
            INSTEAD,
        ) from error
    if remarks:
        raise _refuse(
            f"the server of map data broke off its answer ({remarks[0]})",
            f"ask for a smaller place, or {INSTEAD}",
        )
    return answer, outline


def _refuse(message: str, remedy: str) -> InputError:
    return InputError([Problem("place", "can be read", message, remedy)])


def _sort_features(answer: gpd.GeoDataFrame, outline: Any) -> tuple[Features, list[Entry]]:
    """Sort an answer into points, lines and areas.

    Administrative areas and limits beyond the place are left out.
    """
    kind = answer.index.get_level_values("element").str[0]
    codes = np.char.add(
        kind.to_numpy(dtype=str),
        answer.index.get_level_values("id").astype(str).to_numpy(dtype=str),
    )
    shapes = answer.geometry.to_numpy().copy()
    for n in np.flatnonzero(shapely.get_type_id(shapes) == MIXED):
        shapes[n] = _take_areas(shapes[n])
    answer = answer.set_geometry(shapes, crs=answer.crs)
    dimension = shapely.get_dimensions(shapes)
    layers = {
        name: make_layer(answer[dimension == n], codes[dimension == n])
        for name, n in DIMENSIONS.items()
    }
    areas = layers["areas"]
    lines = layers["lines"]
    # Overpass answers with every area that touches the place, neighbours too
    limits = areas["boundary"].eq("administrative").fillna(False).to_numpy(bool)
    shapes = areas.geometry.to_numpy()[limits]
    inside = shapely.area(shapely.intersection(shapely.make_valid(shapes), outline))
    beyond = np.zeros(len(areas), bool)
    beyond[limits] = inside < WITHIN * shapely.area(shapes)
    layers["areas"], entries = drop_where(
        "osm areas", areas, beyond, "administrative areas that lie mostly outside the place"
    )
    # a limit that only touches the place is kept as a line, but not as a limit
    middles = shapely.line_interpolate_point(lines.geometry.to_numpy(), 0.5, normalized=True)
    layers["lines"] = lines.assign(
        boundary=lines["boundary"].where(shapely.dwithin(middles, outline, NEAR))
    )
    return Features(**layers), [e for e in entries if e.count]


def _take_areas(shape: Any) -> Any:
    """Take the areas of a mixed shape; if it has none, it stays.

    osmnx makes such shapes of outlines that cross themselves.
    """
    parts = [part for part in shape.geoms if part.area > 0]
    return shapely.union_all(parts) if parts else shape
