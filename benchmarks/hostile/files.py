"""Files that are not what they seem: damaged, misnamed, bombs, pipes, loops, foreign encodings."""

import json
import os
import socket
import struct
import zipfile
import zlib
from functools import partial

import numpy as np

from benchmarks.hostile.pbf import write_pbf
from benchmarks.hostile.trial import Trial
from benchmarks.hostile.village import CHECK, make_buildings, make_csv, rng_of

FORMS = (".gpkg", ".geojson", ".parquet", ".csv", ".fgb", ".shp", ".zip", ".osm", ".osm.pbf")


class Listener:
    """A port of this machine that nobody should ever ask for anything."""

    socket = None
    port = 9

    @classmethod
    def open(cls):
        """Listen on a free port."""
        cls.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        cls.socket.setblocking(False)
        cls.port = cls.socket.getsockname()[1]

    @classmethod
    def was_asked(cls):
        """Whether something has connected since the last question."""
        try:
            cls.socket.accept()[0].close()
        except (BlockingIOError, AttributeError):
            return False
        return True


def write_osm(houses=6, first=1, head="", tags=""):
    """Write OpenStreetMap XML of some houses."""
    nodes, ways, number = [], [], first
    for n in range(houses):
        lon, lat = 118.18 + n * 4e-4, 39.63
        corners = []
        for x, y in ((0, 0), (1, 0), (1, 1), (0, 1)):
            at = f'lat="{lat + y * 1e-4:.7f}" lon="{lon + x * 1e-4:.7f}"'
            nodes.append(f'<node id="{number}" version="1" {at}/>')
            corners.append(number)
            number += 1
        refs = "".join(f'<nd ref="{c}"/>' for c in [*corners, corners[0]])
        own = f'<tag k="building" v="apartments"/><tag k="building:levels" v="6"/>{tags}'
        ways.append(f'<way id="{number}" version="1">{refs}{own}</way>')
        number += 1
    return f'<?xml version="1.0"?>{head}<osm version="0.6">{"".join(nodes + ways)}</osm>'


def write_sound(form, folder):
    """Write the houses in a form; returns the file."""
    path = folder / f"b{form}"
    houses = make_buildings()
    if form == ".parquet":
        houses.to_parquet(path)
    elif form == ".geojson":
        houses.to_crs(4326).to_file(path, driver="GeoJSON")
    elif form == ".csv":
        make_csv().to_csv(path, index=False)
    elif form == ".zip":
        houses.to_file(folder / "in.gpkg")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(folder / "in.gpkg", "b.gpkg")
        (folder / "in.gpkg").unlink()
    elif form == ".osm":
        path.write_text(write_osm())
    elif form == ".osm.pbf":
        path.write_bytes(write_pbf())
    else:
        houses.to_file(path)
    return path


def damage(form, seed, folder):
    """Cut a sound file short, or change some of its bytes."""
    path = write_sound(form, folder)
    rng = rng_of(seed)
    data = bytearray(path.read_bytes())
    way = seed % 4
    if way == 0:
        data = data[: int(len(data) * rng.random())]
    elif way == 1:
        for place in rng.integers(0, len(data), 20):
            data[place] = rng.integers(256)
    elif way == 2:
        start = rng.integers(len(data))
        data[start : start + 400] = bytes(len(data[start : start + 400]))
    else:
        start = rng.integers(len(data))
        data[start:start] = bytes(rng.integers(0, 256, 300, dtype=np.uint8))
    path.write_bytes(bytes(data))


def lose_part(suffix, folder):
    """Take one of the files of a shapefile away, or empty it."""
    write_sound(".shp", folder)
    if suffix.startswith("empty "):
        (folder / f"b{suffix[6:]}").write_bytes(b"")
    else:
        (folder / f"b{suffix}").unlink()


def misname(form, suffix, folder):
    write_sound(form, folder).rename(folder / f"b{suffix}")


def write_raw(name, data, folder):
    (folder / name).write_bytes(data() if callable(data) else data)


def write_encoded(encoding, folder):
    make_csv().to_csv(folder / "b.csv", index=False, encoding=encoding, errors="replace")


def write_mixed(folder):
    """Write a CSV whose lines are in two encodings."""
    lines = make_csv().to_csv(index=False).splitlines()
    coded = [line.encode("gb18030" if n % 2 else "utf-8") for n, line in enumerate(lines)]
    (folder / "b.csv").write_bytes(b"\n".join(coded))


def make_special(kind, name, folder):
    """Make what is no plain file."""
    path = folder / name
    if kind == "folder":
        path.mkdir()
    elif kind == "full folder":
        path.mkdir()
        (path / "a.txt").write_text("x")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "dangling":
        path.symlink_to("nowhere.gpkg")
    elif kind == "device of zeros":
        path.symlink_to("/dev/zero")
    elif kind == "empty device":
        path.symlink_to("/dev/null")
    elif kind == "socket":
        here = os.getcwd()
        os.chdir(folder)
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(name)
        os.chdir(here)
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "zeros":
        path.write_bytes(bytes(100_000))
    elif kind == "noise":
        path.write_bytes(rng_of(3).bytes(100_000))


def _vrt(address):
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="b"><SrcDataSource>{address}</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    ).encode()


def write_pointer(form, suffix, folder):
    """Write a file that points GDAL at an address or at another file."""
    url = f"http://127.0.0.1:{Listener.port}/b.geojson"
    texts = {
        "VRT to an address": _vrt(f"/vsicurl/{url}"),
        "VRT to a file": _vrt("/etc/passwd"),
        "WFS": f"<OGRWFSDataSource><URL>{url}</URL></OGRWFSDataSource>".encode(),
        "service": json.dumps({"type": "FeatureCollection", "links": [{"href": url}]}).encode(),
        "pipeline": json.dumps({"type": "gdal_streamed_alg", "command_line": url}).encode(),
        "linked crs": json.dumps(
            {
                "type": "FeatureCollection",
                "crs": {"type": "link", "properties": {"href": url, "type": "proj4"}},
                "features": [],
            }
        ).encode(),
        "address as text": url.encode(),
        "XML with an entity": (
            f'<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY x SYSTEM "{url}">]><osm>&x;</osm>'
        ).encode(),
    }
    (folder / f"b{suffix}").write_bytes(texts[form])


POINTERS = (
    "VRT to an address",
    "VRT to a file",
    "WFS",
    "service",
    "pipeline",
    "linked crs",
    "address as text",
    "XML with an entity",
)


def zip_of(members, path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)


def _zip_long(path, member, start, piece, pieces):
    """Write an archive of one member that is far larger than itself."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(member, "w", force_zip64=True) as file,
    ):
        file.write(start)
        for _ in range(pieces):
            file.write(piece)


def write_zip(name, folder):
    """Write one of the hostile archives."""
    path = folder / "b.zip"
    sound = write_sound(".gpkg", folder).read_bytes()
    (folder / "b.gpkg").unlink()
    if name == "bomb":
        # 4 GB of zeros in 4 MB, a GeoPackage by its first bytes.
        _zip_long(path, "b.gpkg", sound[:100], bytes(2**20), 4_096)
    elif name == "bomb of JSON":
        _zip_long(
            path, "b.geojson", b'{"type":"FeatureCollection","features":[', b" " * 2**20, 1_500
        )
    elif name == "20,000 members":
        zip_of([(f"{n}.txt", "") for n in range(20_000)], path)
    elif name == "encrypted":
        zip_of([("b.gpkg", sound)], path)
        data = bytearray(path.read_bytes())
        data[6] |= 1
        data[data.rindex(b"PK\x01\x02") + 8] |= 1
        path.write_bytes(bytes(data))
    elif name == "wrong checksum":
        zip_of([("b.gpkg", sound)], path)
        data = bytearray(path.read_bytes())
        crc = struct.pack("<I", zlib.crc32(sound))
        path.write_bytes(bytes(data).replace(crc, b"abcd"))
    else:
        zip_of(
            {
                "path traversal": [("../../evil.gpkg", sound)],
                "absolute path": [("/tmp/evil.gpkg", sound)],
                "two of one name": [("b.gpkg", sound), ("b.gpkg", sound[:500])],
                "zip in a zip": [("in.zip", b"PK\x05\x06" + bytes(18))],
                "empty": [],
                "only a text": [("read.me", "x")],
                "names of controls": [("\x1b[31m.gpkg", sound)],
                "name with braces": [("{b}.gpkg", sound)],
                "name with a backslash": [("a\\b.gpkg", sound)],
                "VRT inside": [("b.gpkg", _vrt("/etc/passwd"))],
                "folder named .shp": [("b.shp/", "")],
                "shapefile without table": [("b.shp", b"\x00\x00\x27\x0a" + bytes(96))],
            }[name],
            path,
        )


ZIPS = (
    *("bomb", "bomb of JSON", "20,000 members", "encrypted", "wrong checksum", "path traversal"),
    *("absolute path", "two of one name", "zip in a zip", "empty", "only a text"),
    *("names of controls", "name with braces", "name with a backslash", "VRT inside"),
    *("folder named .shp", "shapefile without table"),
)
NODES = '<node id="1" lat="39.6" lon="118.1"/>'
OSM = {
    "no nodes": '<osm version="0.6"></osm>',
    "not XML": "osm",
    "unknown version": '<osm version="9.9"></osm>',
    "entity bomb": '<!DOCTYPE osm [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 if n else str()};" * 10}">' for n in range(12))
    + "]><osm>&a11;</osm>",
    "missing nodes": f'<osm version="0.6">{NODES}<way id="2"><nd ref="1"/><nd ref="99"/>'
    '<tag k="building" v="yes"/></way></osm>',
    "way of itself": f'<osm version="0.6">{NODES}<way id="2"><nd ref="2"/></way></osm>',
    "relation of itself": '<osm version="0.6"><relation id="3"><member type="relation" ref="3" '
    'role="outer"/><tag k="type" v="multipolygon"/><tag k="building" v="yes"/></relation></osm>',
    "latitude of nan": '<osm version="0.6"><node id="1" lat="nan" lon="1e400"/></osm>',
    "ids beyond 64 bits": f'<osm version="0.6"><node id="{2**65}" lat="1" lon="1"/></osm>',
    "no ids": '<osm version="0.6"><node lat="39.6" lon="118.1"/></osm>',
    "huge tags": write_osm(3, tags=f'<tag k="name" v="{"长" * 60_000}"/>'),
    "controls in tags": write_osm(3, tags='<tag k="name" v="a&#x202e;b"/>'),
    "levels without end": write_osm(3).replace('v="6"', 'v="9999999999"'),
    "negative levels": write_osm(3).replace('v="6"', 'v="-3"'),
    "one node, many ways": '<osm version="0.6">'
    + NODES
    + "".join(
        f'<way id="{n}"><nd ref="1"/><nd ref="1"/><nd ref="1"/><nd ref="1"/>'
        '<tag k="building" v="yes"/></way>'
        for n in range(2, 300)
    )
    + "</osm>",
    "doubled ids": write_osm(3).replace("</osm>", write_osm(3).partition('0.6">')[2]),
}


def _nested_json(depth):
    return (b'{"a":' * depth) + b"1" + (b"}" * depth)


JSON = {
    "an empty object": b"{}",
    "a list": b"[]",
    "a number": b"7",
    "nested 100,000 deep": partial(_nested_json, 100_000),
    "lists 100,000 deep": lambda: b"[" * 100_000 + b"]" * 100_000,
    "coordinates nested 5,000 deep": lambda: (
        b'{"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":'
        + b"[" * 5_000
        + b"]" * 5_000
        + b"}}"
    ),
    "no features": b'{"type":"FeatureCollection","features":[]}',
    "features of null": b'{"type":"FeatureCollection","features":[null,null]}',
    "features are texts": b'{"type":"FeatureCollection","features":["a","b"]}',
    "type is a list": b'{"type":["FeatureCollection"],"features":[]}',
    "unknown crs": b'{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"x"}},'
    b'"features":[]}',
    "UTF-16": lambda: '{"type":"FeatureCollection","features":[]}'.encode("utf-16"),
    "trailing comma": b'{"type":"FeatureCollection","features":[],}',
    "NaN and Infinity": b'{"type":"Feature","properties":{"floors":NaN,"height":Infinity},'
    b'"geometry":{"type":"Point","coordinates":[118.18,39.63]}}',
    "doubled keys": b'{"type":"Feature","type":"x","properties":{},"geometry":null}',
    "TopoJSON": b'{"type":"Topology","objects":{},"arcs":[]}',
}
CSVS = {
    "only a header": b"lon,lat,floors\n",
    "only line ends": b"\n\n\n\n",
    "only commas": b",,,,\n,,,,\n",
    "quote without end": b'lon,lat,name\n118.18,39.63,"a\n118.19,39.64,b\n',
    "rows of different length": b"lon,lat,floors\n118.18,39.63\n118.19,39.63,6,7,8,9\n",
    "NUL": b"lon,lat,floors\n118.18,39.63,6\x00\n118.181,39.63,\x00\x00\n",
    "one line of 10 MB": lambda: b"lon,lat,name\n118.18,39.63," + b"a" * 10_000_000,
    "50,000 columns": lambda: (
        b"lon,lat," + b",".join(b"c%d" % n for n in range(50_000)) + b"\n118.18,39.63\n"
    ),
    "carriage returns": b"lon,lat,floors\r118.18,39.63,6\r118.1804,39.63,6\r",
    "semicolons and commas": b"lon;lat;floors\n118,18;39,63;6\n118,1804;39,63;6\n",
    "WKT without end": b'wkt,floors\n"POLYGON ((0 0, 1 1",6\n',
    "WKT nested 20,000 deep": lambda: (
        b'wkt\n"' + b"GEOMETRYCOLLECTION(" * 20_000 + b")" * 20_000 + b'"\n'
    ),
    "WKT of a million corners": lambda: (
        b'wkt\n"POLYGON((' + b",".join(b"%d %d" % (n % 999, n) for n in range(1_000_000)) + b'))"\n'
    ),
}
SPECIAL = (
    *("folder", "full folder", "pipe", "loop", "dangling", "device of zeros", "empty device"),
    *("socket", "empty", "zeros", "noise"),
)
ENCODINGS = ("gb18030", "big5", "utf-16", "utf-32", "shift_jis", "latin-1", "cp1251", "utf-8-sig")


def _check(kind, name, make, file, *more, **rest):
    words = tuple(word.format(file) for word in CHECK)
    return Trial(kind, name, make, ((*words, "--crs", "EPSG:4326", *more),), **rest)


def list_trials():
    """List all trials of files."""
    yield from _list_damaged()
    yield from _list_special()
    for name in ZIPS:
        yield _check("zips", name, partial(write_zip, name), "b.zip")
    raws = (("OpenStreetMap", "b.osm", OSM), ("JSON", "b.geojson", JSON), ("CSV", "b.csv", CSVS))
    for kind, file, texts in raws:
        for name, data in texts.items():
            data = data.encode() if isinstance(data, str) else data
            yield _check(kind, name, partial(write_raw, file, data), file)
    for encoding in ENCODINGS:
        make = partial(write_encoded, encoding)
        yield _check("encodings", encoding, make, "b.csv")
        yield _check(
            "encodings", f"{encoding}, said to be gb18030", make, "b.csv", "--encoding", "gb18030"
        )
    make = partial(write_sound, ".csv")
    yield _check("encodings", "no encoding of that name", make, "b.csv", "--encoding", "klingon")
    yield _check("encodings", "lines in two encodings", write_mixed, "b.csv")


def _list_damaged():
    for form in FORMS:
        for seed in range(8):
            yield _check("damaged", f"{form} {seed}", partial(damage, form, seed), f"b{form}")
    for suffix in (".dbf", ".shx", ".prj", ".cpg", "empty .dbf", "empty .shx", "empty .prj"):
        make = partial(lose_part, suffix)
        yield _check("damaged", f"shapefile without {suffix}", make, "b.shp")
    for n, form in enumerate(FORMS[:6]):
        for suffix in (FORMS[(n + 1) % 6], FORMS[(n + 3) % 6]):
            make = partial(misname, form, suffix)
            yield _check("damaged", f"{form} named {suffix}", make, f"b{suffix}")


def _list_special():
    for kind in SPECIAL:
        for suffix in (".gpkg", ".csv", ".parquet", ".zip", ".osm.pbf", ".gdb"):
            name = f"b{suffix}"
            make = partial(make_special, kind, name)
            yield _check("no plain file", f"{kind} {suffix}", make, name, statuses=(1, 2))
    for form in POINTERS:
        for suffix in (".gpkg", ".json", ".geojson", ".osm", ".shp", ".fgb"):
            make = partial(write_pointer, form, suffix)
            yield _check("pointers", f"{form} as {suffix}", make, f"b{suffix}")
