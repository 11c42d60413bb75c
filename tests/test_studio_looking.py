"""The studio's views, search and colours: what the page hears, and what it shows of it."""

import re
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import shapely

from gridplan.storage import write_plan
from gridplan.synthetic import make_board_plan
from gridplan.workbench.answers import answer
from gridplan.workbench.colouring import colour_graph, colour_subgrids
from gridplan.workbench.desk import Desk, Seat
from gridplan.workbench.looking import measure_chances
from gridplan.workbench.map_colours import COLOURS
from gridplan.workbench.opening import find_origin
from gridplan.workbench.searching import normalise, search
from gridplan.workbench.session import Session

CHIEF = Seat("s1", "planning office")
# What people see whose long, middle or short cones are missing: Vienot, Brettel and Mollon,
# Color Research and Application 24 (1999), for the first two; Machado and others, IEEE
# Transactions on Visualization 15 (2009), for the third; on linear light.
BLIND = {
    "protan": [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]],
    "deutan": [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def make_plan(board=(1, 1, 2, 2, 3, 3) * 2):
    """A plan of twelve houses, named as people name them."""
    plan = make_board_plan(board)
    buildings = plan.site.buildings
    names = [str(n) for n in range(1, len(buildings) + 1)]
    site = plan.site.replace(buildings=buildings.assign(building_name=names))
    return plan.replace(site=site)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    session = Session(write_plan(make_plan(), tmp_path_factory.mktemp("looking") / "plan"))
    yield session
    session.close()


def look(session, view, of=""):
    return answer(session, CHIEF, {"kind": "look", "view": view, "community": "0301", "of": of})


# Views


@pytest.mark.parametrize(
    ("view", "verb"),
    [
        ("reach", "reach"),
        ("volunteers", "organise"),
        ("branches", "organise"),
        ("groups", "organise"),
        ("hosts", "organise"),
    ],
)
def test_a_view_whose_table_is_missing_names_the_verb_that_makes_it(session, view, verb):
    assert look(session, view)["missing"] == verb


def test_what_is_not_known_is_refused_with_a_remedy(session):
    for question in ({"view": "moon", "community": "0301"}, {"view": "band", "community": "9"}):
        refused = answer(session, CHIEF, {"kind": "look", **question})
        assert refused["kind"] == "refused"
        assert refused["reasons"][0]["remedy"]


def test_reach_grades_minutes_by_the_kinds_own_threshold(session):
    plan = session.desk.plan
    doors = plan.stairwells.index
    minutes = np.full(len(doors), 4.0)
    minutes[:4] = [np.nan, 25.0, 12.0, 6.0]
    table = pd.DataFrame(
        {
            "state": "now",
            "kind": "volunteer_post",
            "stairwell": doors,
            "community": "0301",
            "minutes": minutes,
        }
    )
    session.desk.plan = plan.replace(reach=table)
    try:
        seen = look(session, "reach")
    finally:
        session.desk.plan = plan
    order = [seen["of"][n] for n in range(5)]
    # 10 minutes are the kind's own: no way known counts with what is farthest.
    assert order == [3, 3, 2, 1, 0]
    assert seen["values"][0] is None
    assert seen["choice"] == "volunteer_post"
    assert len(seen["classes"]) == 4


def test_members_give_branches_and_volunteers(session):
    plan = session.desk.plan
    doors = plan.stairwells.index
    half = np.arange(len(doors)) < 6
    members = pd.DataFrame(
        {
            "branch": np.where(half, "0301-B01", "0301-B02"),
            "group": "",
            "volunteers": np.where(half, 5, 0),
        },
        index=doors,
    )
    orgs = pd.DataFrame({"name": ["first branch"]}, index=["0301-B01"])
    session.desk.plan = plan.replace(members=members, party_orgs=orgs)
    try:
        branches, groups = look(session, "branches"), look(session, "groups")
        volunteers = look(session, "volunteers")
    finally:
        session.desk.plan = plan
    assert [one["name"] for one in branches["classes"]] == ["first branch", "0301-B02"]
    assert branches["of"] == [0] * 6 + [1] * (len(doors) - 6)
    assert len(set(branches["tones"])) == 2
    assert set(groups["of"]) == {-1}
    assert volunteers["of"] == [0] * 6 + [3] * (len(doors) - 6)


def test_changes_are_seen_against_the_plan_as_saved(tmp_path):
    session = Session(write_plan(make_plan(), tmp_path / "plan"))
    try:
        line = ["move building h03 to 0301-001"]
        answer(
            session, CHIEF, {"kind": "do", "id": "a", "lines": line, "seen": {"h03-1": "0301-002"}}
        )
        seen = look(session, "since")
        then = dict(zip(session.desk.board.stairwells, seen["then"], strict=True))
        assert seen["codes"][then["h03-1"]] == "0301-002"
        assert seen["choice"] == "saved"
        answer(session, CHIEF, {"kind": "save"})
        # The plan before is kept as a version now, and is what is compared with.
        later = look(session, "since")
        assert later["choice"] == "0001"
        assert later["codes"][later["then"][list(then).index("h03-1")]] == "0301-002"
        assert look(session, "since", "saved")["then"] != later["then"]
    finally:
        session.close()


def test_chances_are_those_of_the_plan_and_follow_a_change():
    plan = make_plan()
    desk = Desk(plan)
    before = measure_chances(desk, "0301")
    assert before == pytest.approx(plan.subgrids["chance_in_band"].to_dict())
    desk.do(
        CHIEF, "a", [f"move building {h} to 0301-001" for h in ("h03", "h04", "h09", "h10")][:2]
    )
    after = measure_chances(desk, "0301")
    sizes = desk.measure(after)["in_band"].astype(bool)
    # All were counted here, so that a chance is one or nothing.
    assert {code: bool(round(chance)) for code, chance in after.items()} == sizes.to_dict()


# Search


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("１２ 栋 第二单元", "12号楼2单元"),
        ("十二号楼二单元", "12号楼2单元"),
        ("二十一幢", "21号楼"),
        ("碧水园3座", "碧水园3号楼"),
        ("一号院", "一号院"),
    ],
)
def test_what_people_say_is_written_in_one_way(said, meant):
    assert normalise(said) == meant


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("12号楼", ("building", "h12")),
        ("2栋", ("building", "h02")),
        ("h07", ("building", "h07")),
        ("0301-002", ("subgrid", "0301-002")),
        ("002", ("subgrid", "0301-002")),
        ("0301", ("community", "0301")),
        ("十二号楼1单元", ("stairwell", "h12-1")),
        ("h05-1", ("stairwell", "h05-1")),
    ],
)
def test_a_search_gives_first_what_is_called_so(text, first):
    rows = search(Desk(make_plan()), text)
    assert (rows[0]["what"], rows[0]["code"]) == first


def test_a_search_of_nothing_or_of_what_is_not_there_is_empty():
    desk = Desk(make_plan())
    assert search(desk, "  ") == search(desk, "月亮湾") == search(desk, "12号楼9单元") == []


def test_a_search_finds_sub_grids_that_began_since():
    desk = Desk(make_plan())
    desk.do(CHIEF, "a", ["recode 0301-002 as 0301-077"])
    assert search(desk, "077")[0]["code"] == "0301-077"
    assert all(row["code"] != "0301-002" for row in search(desk, "002"))


# Colours


def test_sub_grids_that_touch_have_other_colours():
    plan = make_plan()
    colours = colour_subgrids(plan)
    shapes = plan.subgrids.geometry
    touching = [
        (a, b)
        for a in shapes.index
        for b in shapes.index
        if a < b and shapely.dwithin(shapes[a], shapes[b], 0.5)
    ]
    assert touching
    assert all(colours[a] != colours[b] for a, b in touching)


def test_five_colours_are_enough_for_plane_graphs_that_greed_alone_fails_at():
    rng = np.random.default_rng(3)
    from scipy.spatial import Delaunay

    for _ in range(20):
        near = [set() for _ in range(120)]
        for triangle in Delaunay(rng.random((120, 2))).simplices:
            for a in triangle:
                near[a] |= {int(b) for b in triangle if a != b}
        colours = colour_graph(near, 5)
        assert all(colours[a] != colours[b] for a in range(120) for b in near[a])


def test_the_page_has_the_colours_that_the_server_counts_with():
    text = (files("gridplan.workbench") / "page" / "palette.js").read_text(encoding="utf-8")
    listed = re.search(r"MAP_COLOURS = \[(.*?)\]", text, re.DOTALL)[1]
    assert tuple(re.findall("#[0-9a-f]{6}", listed)) == COLOURS


@pytest.mark.parametrize("kind", ["none", *BLIND])
def test_the_five_colours_differ_for_the_colour_blind(kind):
    labs = [to_lab(colour, BLIND.get(kind)) for colour in COLOURS]
    least = min(float(np.linalg.norm(a - b)) for n, a in enumerate(labs) for b in labs[:n])
    assert least > 30


@pytest.mark.parametrize("kind", ["none", *BLIND])
@pytest.mark.parametrize("name", ["LOADS = ", "STATES = "])
def test_the_classes_of_a_view_differ_for_the_colour_blind(kind, name):
    text = (files("gridplan.workbench") / "page" / "lenses.js").read_text(encoding="utf-8")
    colours = re.findall("#[0-9a-f]{6}", re.search(rf"{name}\[(.*?)\]", text)[1])
    labs = [to_lab(colour, BLIND.get(kind)) for colour in colours]
    least = min(float(np.linalg.norm(a - b)) for n, a in enumerate(labs) for b in labs[:n])
    assert len(colours) == 4
    assert least > 20


@pytest.mark.parametrize("kind", ["none", *BLIND])
def test_ramps_fall_in_lightness_for_everybody(kind):
    text = (files("gridplan.workbench") / "page" / "lenses.js").read_text(encoding="utf-8")
    ramp = re.findall("#[0-9a-f]{6}", re.search(r"RAMP = \[(.*?)\]", text)[1])
    lightness = [to_lab(colour, BLIND.get(kind))[0] for colour in ramp]
    assert len(ramp) == 5
    assert all(a - b > 8 for a, b in pairwise(lightness))


def to_lab(colour, matrix=None):
    """A colour as CIE L*a*b*, as seen through a filter on linear light."""
    rgb = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    if matrix is not None:
        linear = np.clip(np.array(matrix) @ linear, 0, 1)
    xyz = (
        np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
        @ linear
        / [0.9505, 1.0, 1.089]
    )
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


# Opening


def test_many_shapes_are_packed_as_each_alone():
    plan = make_plan()
    origin = find_origin(plan)
    hole = shapely.box(0, 0, 9, 9).difference(shapely.box(2, 2, 3, 3))
    shapes = [
        shapely.GeometryCollection([shapely.LineString([(0, 0), (5, 5)]), hole]),
        None,
        shapely.MultiPolygon([shapely.box(0, 0, 1, 1), hole]),
        shapely.Point(1, 1),
        *plan.subgrids.geometry,
    ]
    packed = origin.pack_all(shapes)
    assert packed == [origin.pack(shape) for shape in shapes]
    assert [len(rings) for rings in packed[:4]] == [3, 0, 3, 0]
