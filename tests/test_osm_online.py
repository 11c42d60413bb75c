"""OpenStreetMap over the network: osmnx asks a stand-in on the loopback (``osm_stand_in``)."""

import json
import socket
import subprocess
import sys
import time

import osmnx
import pytest

from gridplan.errors import InputError
from gridplan.reading.osm_file import read_osm_file
from gridplan.reading.osm_online import read_osm_place
from tests.osm_stand_in import FOUND, read_elements, serve_answers, write_osm

NOWHERE = "http://127.0.0.1:9"  # nothing listens there


@pytest.fixture(autouse=True)
def _do_not_wait(monkeypatch):
    """Nominatim's public server asks for a second between requests; the stand-in does not mind."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


def read(stand_in, place=FOUND, **kwargs):
    return read_osm_place(
        place, overpass_url=stand_in.overpass_url, nominatim_url=stand_in.nominatim_url, **kwargs
    )


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """The township read once with a cache: reading, questions asked, and folder of answers."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch, serve_answers() as stand_in:
        patch.setattr(time, "sleep", lambda seconds: None)
        reading = read(stand_in, cache=cache)
    return reading, stand_in, cache


def test_the_servers_are_asked_once_each_and_nothing_else(answered):
    _, stand_in, _ = answered
    assert stand_in.searches == [FOUND]
    assert len(stand_in.queries) == 1
    assert stand_in.others == []


def test_the_query_names_what_is_wanted_and_no_limits_of_countries(answered):
    query = answered[1].queries[0]
    assert "way['building'](poly:'39.6" in query
    assert "relation['admin_level'='10']" in query
    assert "'admin_level'='2'" not in query
    assert "phone" not in query


def test_a_township_from_the_net_is_the_one_from_the_file(answered, tmp_path):
    net = answered[0]
    file = read_osm_file(write_osm(tmp_path / "town.osm", read_elements()))
    assert net.tables["communities"]["name"].tolist() == ["河西村", "河东村"]
    for name, table in net.tables.items():
        other = file.tables[name]
        if name == "communities":
            other = other.drop(index="r4")  # 邻村 lies beyond the township
        assert table.drop(columns="geometry").equals(other.drop(columns="geometry"))
        assert table.geometry.normalize().equals(other.geometry.normalize())


def test_areas_beyond_the_place_are_left_out_and_counted(answered):
    entries = [entry for entry in answered[0].entries if entry.table == "osm areas"]
    assert [(entry.action, list(entry.ids)) for entry in entries] == [("dropped", ["r4"])]


def test_the_second_call_needs_no_server(answered):
    reading, stand_in, cache = answered  # the stand-in has stopped
    again = read(stand_in, cache=cache)
    assert all(again.tables[name].equals(table) for name, table in reading.tables.items())
    assert again.entries == reading.entries
    assert len(stand_in.queries) == 1


def test_without_a_cache_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with serve_answers() as stand_in:
        read(stand_in)
        read(stand_in)
    assert len(stand_in.queries) == 2
    assert list(tmp_path.iterdir()) == []


def test_the_settings_of_osmnx_and_the_resolver_are_as_before(monkeypatch):
    monkeypatch.setattr(osmnx.settings, "overpass_url", "https://mine.example/api")
    names = [name for name in vars(osmnx.settings) if not name.startswith("_")]
    before = {name: getattr(osmnx.settings, name) for name in names}
    resolver = socket.getaddrinfo
    with serve_answers() as stand_in:
        read(stand_in)
        with pytest.raises(InputError):
            read(stand_in, "nowhere")
    assert {name: getattr(osmnx.settings, name) for name in names} == before
    assert socket.getaddrinfo is resolver


def test_a_place_that_is_not_found_says_what_to_do():
    with (
        serve_answers() as stand_in,
        pytest.raises(InputError, match=r"no place called 'nowhere'.*gridplan plan FILE"),
    ):
        read(stand_in, "nowhere")
    assert stand_in.queries == []


def test_without_a_network_a_file_is_asked_for():
    with pytest.raises(
        InputError, match=r"server of place names cannot be reached.*gridplan plan FILE"
    ):
        read_osm_place(FOUND, overpass_url=f"{NOWHERE}/api", nominatim_url=NOWHERE)
    with (
        serve_answers() as stand_in,
        pytest.raises(
            InputError, match=r"server of map data cannot be reached.*gridplan plan FILE"
        ),
    ):
        read_osm_place(FOUND, overpass_url=f"{NOWHERE}/api", nominatim_url=stand_in.nominatim_url)


def test_a_place_with_nothing_in_it_is_refused():
    with (
        serve_answers(map_data=None) as stand_in,
        pytest.raises(InputError, match="has nothing in"),
    ):
        read(stand_in)


def test_an_answer_that_the_server_broke_off_is_refused_and_not_taken_for_the_whole(tmp_path):
    cut = {
        "elements": read_elements(),
        "remark": "runtime error: Query timed out after 180 seconds.",
    }
    answer = tmp_path / "cut.json"
    answer.write_text(json.dumps(cut), encoding="utf-8")
    with (
        serve_answers(map_data=answer) as stand_in,
        pytest.raises(InputError, match=r"broke off its answer.*timed out"),
    ):
        read(stand_in)


def test_importing_the_module_does_not_import_osmnx():
    code = (
        "import sys, gridplan.reading.osm_online; "
        "print('osmnx' in sys.modules, 'requests' in sys.modules)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout.split() == ["False", "False"]
