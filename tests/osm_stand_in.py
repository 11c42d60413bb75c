"""A stand-in for OpenStreetMap's servers on the loopback, and the made-up township that it serves.

The township lies by a river; all numbers are ten-thousandths of a degree from
118.2 E, 39.6 N::

    40 +---------- 河西村 ----------+---------- 河东村 ----------+- - 邻村
    35 |==== trunk road ============|bridge====================|   a footpath tunnel under it at 45
    20 |---- 桥街 ------------------|bridge--------------------|
    11 |  houses, school, works     | two slabs behind a wall   |
     5 |++++ railway +++++++++++++++|bridge++++++++++++++++++++|   a level
     crossing at 10, a path across at 50 0
     +----------------------------+--------------------------+
       0                       river at 30                    60
"""

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import quoteattr

ANSWERS = Path(__file__).parent / "data" / "osm"
FOUND = "两河镇"


@dataclass
class StandIn:
    """Addresses of the two servers, and what they were asked."""

    overpass_url: str
    nominatim_url: str
    searches: list = field(default_factory=list)
    queries: list = field(default_factory=list)
    others: list = field(default_factory=list)


@contextmanager
def serve_answers(map_data="village.json", status=200):
    """Serve the stored answers on a free port, as Nominatim's search and Overpass do."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlsplit(self.path)
            if url.path != "/nominatim/search":
                stand_in.others.append(self.path)
                return self.answer(404, b"[]")
            name = parse_qs(url.query)["q"][0]
            stand_in.searches.append(name)
            return self.answer(
                200, (ANSWERS / "place.json").read_bytes() if name == FOUND else b"[]"
            )

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.path != "/api/interpreter":
                stand_in.others.append(self.path)
                return self.answer(404, b"{}")
            stand_in.queries.append(parse_qs(body)["data"][0])
            return self.answer(
                status, (ANSWERS / map_data).read_bytes() if map_data else b'{"elements": []}'
            )

        def answer(self, code, body):
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    root = f"http://127.0.0.1:{server.server_port}"
    stand_in = StandIn(f"{root}/api", f"{root}/nominatim/")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def read_elements():
    """Read the elements of the township: nodes, ways and relations as Overpass gives them."""
    return json.loads((ANSWERS / "village.json").read_text(encoding="utf-8"))["elements"]


def write_osm(path, elements):
    """Write elements as an OSM XML file, which GDAL wants in the order nodes, ways, relations."""
    lines = ["<?xml version='1.0' encoding='UTF-8'?>", "<osm version='0.6'>"]
    for e in elements:
        where = f" lat='{e['lat']}' lon='{e['lon']}'" if e["type"] == "node" else ""
        lines.append(f"<{e['type']} id='{e['id']}'{where}>")
        lines += [f"<nd ref='{n}'/>" for n in e.get("nodes", [])]
        lines += [
            f"<member type='{m['type']}' ref='{m['ref']}' role='{m['role']}'/>"
            for m in e.get("members", [])
        ]
        lines += [f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in e.get("tags", {}).items()]
        lines.append(f"</{e['type']}>")
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path
