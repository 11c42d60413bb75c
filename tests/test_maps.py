"""Maps: one page that needs no network, looked at in a browser whose network is off."""

import base64
import gzip
import json
import re
from importlib.resources import files

import folium
import numpy as np
import pandas as pd
import pytest
import shapely
from folium.plugins import MarkerCluster
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon, box

from gridplan.cli.console import print_too_small
from gridplan.errors import InputError, OutputExistsError
from gridplan.geometry.tones import choose_tones
from gridplan.maps.draw import draw_map
from gridplan.maps.exception_texts import explain_exceptions
from gridplan.maps.legend import compose_config, count_figures, list_openings, write_notes
from gridplan.maps.map_shapes import (
    TOOLTIP_COLUMNS,
    compose_sheet,
    simplify_coverage,
)
from gridplan.maps.offline import write_map
from gridplan.maps.tiled_layers import encode_numbers, pack_sheet
from gridplan.plan import Plan
from gridplan.planning.too_small import count_too_small
from gridplan.publishing.place_and_date import choose_title, find_date
from gridplan.redrawing.editing.edit_script import parse_script
from gridplan.synthetic.board_plan import CRS, X0, Y0, make_board_plan, make_site, make_table
from gridplan.tables.conform import make_empty
from gridplan.tables.palette import BAND, EXCLUSIVE, TONES
from gridplan.tables.words import say
from tests.browser import Window, start_browser

EVIL = "<script>alert(1)</script>"


def make_town(across=18, cell=70.0, per_subgrid=9, seed=5):
    """A town of ``across`` x ``across`` sub-grids: Voronoi cells of a shaken board, and a river.

    Communities are blocks of six by six cells; homes stand in every cell; one
    sub-grid in twelve is out of its band and the last one is a school's
    exclusive grid.
    """
    rng = np.random.default_rng(seed)
    side = across * cell
    land = box(X0, Y0, X0 + side, Y0 + side)
    columns, rows = (a.ravel() for a in np.meshgrid(np.arange(across), np.arange(across)))
    seeds = (
        np.column_stack([columns + 0.5, rows + 0.5]) * cell
        + rng.uniform(-0.3, 0.3, (across**2, 2)) * cell
        + (X0, Y0)
    )
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(shapely.points(seeds)), extend_to=land)
    )
    at = shapely.STRtree(cells).query(shapely.points(seeds), predicate="within")[::-1]
    _ = None
    outlines = shapely.intersection(cells[at[0][np.argsort(at[1])]], land)
    block = columns // 6 + (rows // 6) * -(-across // 6)
    communities = [
        {
            "community": f"C{b:03d}",
            "name": f"第{b + 1}社区",
            "kind": "urban",
            "origin": "given",
            "geometry": shapely.coverage_union_all(outlines[block == b]),
        }
        for b in np.unique(block)
    ]
    households = rng.integers(22, 40, across**2)
    households[::12] = rng.integers(8, 19, len(households[::12]))
    households[-1] = 0
    codes = np.array(
        [
            f"C{b:03d}-{n:03d}"
            for b, n in zip(block, pd.Series(block).groupby(block).cumcount() + 1, strict=True)
        ]
    )
    subgrids = pd.DataFrame(
        {
            "subgrid": codes,
            "community": [f"C{b:03d}" for b in block],
            "kind": np.where(np.arange(across**2) == across**2 - 1, "exclusive", "residential"),
            "community_kind": "urban",
            "households": households,
            "low": 20,
            "target": 30,
            "high": 40,
            "in_band": (households >= 20) & (households <= 40),
            "building_count": per_subgrid,
            "stairwell_count": per_subgrid,
            "centre": [f"{code}-1" for code in codes],
            "mean_walk": rng.uniform(15, 60, across**2),
            "pieces": 1,
            "geometry": outlines,
        }
    )
    where = (
        np.repeat(seeds, per_subgrid, axis=0)
        + rng.uniform(-0.34, 0.34, (across**2 * per_subgrid, 2)) * cell
    )
    homes = make_blocks(where, rng)
    lives = rng.random(len(homes)) < 0.8
    buildings = pd.DataFrame(
        {
            "building": [f"b{n:06d}" for n in range(len(homes))],
            "building_name": ["" if n % 9 else f"{n}号楼 {EVIL}" for n in range(len(homes))],
            "residential": lives,
            "households": lives.astype(int) * 4,
            "geometry": homes,
        }
    )
    doors = pd.DataFrame(
        {
            "stairwell": [f"{code}-1" for code in codes],
            "subgrid": codes,
            "geometry": shapely.points(seeds),
        }
    )
    bend = np.linspace(0, side, 60)
    course = np.column_stack([X0 + bend, Y0 + side * (0.45 + 0.12 * np.sin(bend / side * 7))])
    river = LineString(course).buffer(20)
    rail = LineString([(X0 - 90, Y0 + side * 0.9), (X0 + side + 90, Y0 + side * 0.8)])
    barriers = [
        {"barrier": "r1", "kind": "river", "name": "陡河", "hard": True, "geometry": river},
        {"barrier": "r2", "kind": "railway", "hard": True, "geometry": rail},
        {
            "barrier": "r3",
            "kind": "wall",
            "hard": False,
            "geometry": LineString([(X0 + 60, Y0 + 60), (X0 + 400, Y0 + 90)]),
        },
    ]
    streets = [
        {"street": f"s{n}", "kind": k, "geometry": g}
        for n, (k, g) in enumerate(make_streets(side, cell))
    ]
    exceptions = [
        {
            "exception": "1",
            "community": "C000",
            "subgrid": codes[0],
            "rule": "band",
            "explanation": f"a lone hamlet {EVIL}",
        },
        {
            "exception": "2",
            "community": "C001",
            "subgrid": "",
            "rule": "band",
            "explanation": "its total cannot be cut",
        },
    ]
    site = make_site(
        communities=make_table("communities", communities),
        buildings=make_table("buildings", buildings),
        barriers=make_table("barriers", barriers),
        openings=make_table(
            "openings", [{"opening": "o1", "kind": "bridge", "geometry": Point(*course[20])}]
        ),
        streets=make_table("streets", streets),
    )
    return Plan(
        site=site,
        stairwells=make_table("stairwells", doors).sort_index(),
        neighbours=make_board_plan().neighbours,
        subgrids=make_table("subgrids", subgrids).sort_index(),
        exceptions=make_table("exceptions", exceptions),
        manifest={"gridplan": "0.1.0", "seed": 7},
    )


def make_blocks(centres, rng):
    """Slabs of 12 m by 24 m or smaller, lying or standing."""
    half = rng.uniform([3, 4], [5, 11], centres.shape)
    half[rng.random(len(half)) < 0.4] = half[rng.random(len(half)) < 0.4][:1, ::-1]
    return shapely.box(*(centres - half).T, *(centres + half).T)


def make_streets(side, cell):
    """A board of streets: every sixth wide, every second one narrow."""
    for n in range(0, int(side / cell) + 1, 2):
        kind = "primary" if n % 6 == 0 else "residential"
        yield kind, LineString([(X0 + n * cell, Y0 - 60), (X0 + n * cell, Y0 + side + 60)])
        yield kind, LineString([(X0 - 60, Y0 + n * cell), (X0 + side + 60, Y0 + n * cell)])


# ---- colours, shapes, words
# -----------------------------------------------------------------------------


def test_the_title_names_the_largest_community_and_openings_are_told_by_name():
    plan = make_board_plan()
    site = plan.site
    twin = site.communities.rename(index={"0301": "0302"}).assign(name="South")
    both = pd.concat([site.communities.assign(name="North"), twin])
    rows = [
        {"opening": "o1", "kind": "bridge", "name": "Mill Bridge", "geometry": Point(X0, Y0)},
        {"opening": "o2", "kind": "stile", "geometry": Point(X0, Y0)},
    ]
    site = site.replace(communities=both, openings=make_table("openings", rows))
    plan = plan.replace(site=site)
    assert choose_title(plan, "en") == "Grid plan"  # nobody lives in the twin
    table = plan.subgrids.copy()
    table.iloc[0, table.columns.get_loc("community")] = "0302"
    plan = plan.replace(subgrids=table)
    assert choose_title(plan, "en") == "North and 1 more: grid plan"
    texts = [text for *_, text in list_openings(compose_sheet(plan), "en")]
    assert texts == ["bridge: Mill Bridge", "stile"]


def test_a_map_says_the_day_of_its_plan_and_never_that_of_the_clock():
    plan = make_board_plan()
    assert find_date(plan) == ""
    assert not any("As of" in note for note in write_notes(plan, "en", online=False))
    drawn = plan.replace(manifest={**plan.manifest, "date": "2026-03-01"})
    assert write_notes(drawn, "en", online=False)[0] == "As of 1 March 2026."
    history = [{"date": "2026-05-02"}, {"date": "2026-11-29"}]
    edited = drawn.replace(manifest={**drawn.manifest, "history": history})
    assert write_notes(edited, "zh", online=False)[0] == "截至2026年11月29日。"


def test_places_too_small_for_a_sub_grid_are_counted_apart(capsys):
    plan = make_board_plan()
    subgrids = plan.subgrids.assign(in_band=False)
    first = subgrids.index[0]
    subgrids.loc[first, ["community", "households"]] = ["v", int(subgrids["low"].max()) - 1]
    small = count_too_small(subgrids)
    assert (small.few, small.out) == (1, len(subgrids))
    print_too_small(subgrids, "settlements")
    line = f"1 of {len(subgrids)} out of band are settlements of fewer than {small.low[0]}"
    assert line in capsys.readouterr().out
    notes = write_notes(plan.replace(subgrids=subgrids), "en", online=False)
    assert any(note.startswith(f"1 of {len(subgrids)} out of band are places") for note in notes)


def test_sub_grids_that_touch_have_different_tones():
    board = [box(x, y, x + 1, y + 1) for x in range(6) for y in range(6)]
    tones = choose_tones(np.array(board))
    touching = [(a, b) for a in range(36) for b in range(a) if board[a].touches(board[b])]
    assert len(touching) == 110
    assert all(tones[a] != tones[b] for a, b in touching)
    assert set(tones) <= set(range(len(TONES)))


@given(st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1))
def test_no_board_with_holes_makes_neighbours_alike(cells):
    shapes = [box(x, y, x + 1, y + 1) for x, y in sorted(cells)]
    tones = choose_tones(np.array(shapes))
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    assert (tones[left] != tones[right])[left != right].all()


def test_a_common_border_stays_common_when_it_is_simplified():
    border = [(10 + 0.3 * (y % 2), y) for y in range(11)]
    west = Polygon([(0, 0), *border, (0, 10)])
    east = Polygon([(20, 0), *border, (20, 10)])
    both = simplify_coverage(np.array([west, east]))
    assert shapely.get_num_coordinates(both).sum() < 20
    assert shapely.coverage_is_valid(both)
    assert shapely.union_all(both).area == pytest.approx(200, abs=1)


@given(st.lists(st.integers(-360_000_000, 360_000_000), min_size=1))
def test_numbers_come_out_of_the_pack_as_they_went_in(numbers):
    found = []
    value = 0
    shift = 0
    for byte in encode_numbers(np.array(numbers)):
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            found.append((value >> 1) ^ -(value & 1))
            value = 0
            shift = 0
    assert found == numbers


def test_the_pack_says_what_it_holds():
    stream = gzip.decompress(base64.b64decode(pack_sheet(compose_sheet(make_board_plan()))))
    head = json.loads(stream[4 : 4 + int.from_bytes(stream[:4], "little")])
    assert [(layer["name"], layer["count"]) for layer in head["layers"]] == [
        ("communities", 1),
        ("subgrids", 2),
        ("home", 12),
    ]
    assert head["records"]["code"] == ["0301-001", "0301-002"]
    assert head["records"]["households"] == [60, 60]


def test_one_entry_makes_one_more_line_of_the_tooltip(monkeypatch):
    monkeypatch.setitem(TOOLTIP_COLUMNS, "max_walk", 1)
    plan = make_board_plan()
    sheet = compose_sheet(plan)
    lines = compose_config(plan, sheet, "zh", "", online=False)["lines"]
    assert lines[-1] == ("max_walk", "最远步行", " 米")
    assert sheet.records["max_walk"] == plan.subgrids["max_walk"].round(1).tolist()


def test_the_share_in_band_is_never_rounded_up_to_all():
    plan = make_board_plan()
    many = pd.concat([plan.subgrids] * 1000)
    many["in_band"] = np.arange(2000) > 0
    figures = count_figures(plan.replace(subgrids=many), "en")
    assert figures[2] == ("99.9 %", "in band")
    assert count_figures(plan, "zh") == [
        ("2", "个子网格"),
        ("120", "户"),
        ("100.0 %", "在区间内"),
        ("1", "个社区"),
    ]


def test_a_sub_grid_out_of_band_is_explained_by_its_own_exception_else_by_its_communitys():
    why = explain_exceptions(make_town())
    assert why[0] == f"a lone hamlet {EVIL}"
    assert why[1] == ""  # in band
    assert set(why[36:72]) == {"", "its total cannot be cut"}


def test_a_chinese_map_says_in_chinese_why_a_sub_grid_is_out_of_its_band():
    plan = make_town()
    text = "31 households: no contiguous division of all within 20 to 40 was found"
    why = explain_exceptions(
        plan.replace(exceptions=plan.exceptions.assign(explanation=text)), "zh"
    )
    assert why[0].startswith("31 户：未找到各为 20 至 40 户的")


def test_a_plan_without_anything_is_drawn_all_the_same():
    empty = Plan(
        make_site(),
        *(make_empty(t, CRS) for t in ("stairwells", "neighbours", "subgrids", "exceptions")),
        manifest={},
    )
    for layers in ("classes", "tiles"):
        assert "Grid plan" in draw_map(empty, layers=layers).get_root().render()


def test_small_plans_get_class_layers_and_large_ones_tiles(monkeypatch):
    plan = make_board_plan()
    assert "gridplan-pack" not in draw_map(plan).get_root().render()
    monkeypatch.setattr("gridplan.maps.plan_map.MOST_SUBGRIDS", 1)
    assert "gridplan-pack" in draw_map(plan).get_root().render()


def test_an_unknown_language_or_kind_of_layers_is_refused():
    with pytest.raises(ValueError, match='"en" or "zh"'):
        draw_map(make_board_plan(), lang="fr")
    with pytest.raises(ValueError, match='"auto", "classes" or "tiles"'):
        draw_map(make_board_plan(), layers="svg")


# ---- the page as a file
# -----------------------------------------------------------------------------


@pytest.mark.parametrize("layers", ["classes", "tiles"])
def test_the_same_plan_gives_the_same_bytes_even_after_it_was_shown(layers, tmp_path):
    first = draw_map(make_board_plan(), layers=layers)
    first._repr_html_()
    write_map(first, tmp_path / "a.html")
    write_map(draw_map(make_board_plan(), layers=layers), tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_a_notebook_gets_the_libraries_inside_too():
    shown = draw_map(make_board_plan())._repr_html_()
    assert "cdn.jsdelivr.net" not in shown
    assert "Leaflet 1.9.4" in shown


def test_a_file_that_is_there_is_kept_unless_it_may_be_replaced(tmp_path):
    page = tmp_path / "map.html"
    page.write_text("precious")
    with pytest.raises(OutputExistsError, match=r"map\.html exists"):
        write_map(draw_map(make_board_plan()), page)
    assert page.read_text() == "precious"
    assert write_map(draw_map(make_board_plan()), page, overwrite=True) == page
    assert [p.name for p in tmp_path.iterdir()] == ["map.html"]


def test_all_that_a_user_added_from_the_network_is_named_and_nothing_is_written(tmp_path):
    drawn = draw_map(make_board_plan())
    MarkerCluster([(39.66, 117.001)]).add_to(drawn)
    folium.TileLayer("https://tiles.example/{z}/{x}/{y}.png", attr="x").add_to(drawn)
    folium.Marker(
        (39.66, 117.001), icon=folium.CustomIcon("https://pictures.example/pin.png")
    ).add_to(drawn)
    with pytest.raises(InputError) as caught:
        write_map(drawn, tmp_path / "map.html")
    message = str(caught.value)
    for address in (
        "leaflet.markercluster.js",
        "MarkerCluster.css",
        "https://tiles.example/{z}",
        "https://pictures.example/pin.png",
    ):
        assert address in message
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_follow_is_no_request(tmp_path):
    drawn = draw_map(make_board_plan())
    folium.Marker((39.66, 117.001), popup='<a href="https://example.org/about">about</a>').add_to(
        drawn
    )
    assert write_map(drawn, tmp_path / "map.html").exists()


def test_a_tooltip_counts_the_buildings_that_stand_on_the_land_of_an_institution():
    """The table counts homes alone, and a school has none."""
    plan = make_board_plan()
    first = plan.subgrids.index[0]
    school = plan.replace(
        subgrids=plan.subgrids.assign(
            kind=np.where(plan.subgrids.index == first, "exclusive", "residential"),
            building_count=[0, 6],
        )
    )
    assert compose_sheet(school).records["building_count"] == [6, 6]


def test_names_that_look_like_addresses_are_only_names(tmp_path):
    plan = make_board_plan()
    named = plan.site.communities.assign(name='"https://a.example/b.js"')
    assert write_map(draw_map(plan.replace(communities=named)), tmp_path / "map.html").exists()


def test_a_map_of_somebody_else_can_be_written_too(tmp_path):
    page = write_map(folium.Map((39.66, 117.0), tiles=None), tmp_path / "plain.html").read_text(
        encoding="utf-8"
    )
    assert "src=" not in re.sub("<script>.*?</script>", "", page, flags=re.DOTALL)


def test_pages_are_small_and_assets_smaller(tmp_path):
    town = make_town()
    assert (
        write_map(draw_map(town, layers="classes"), tmp_path / "a.html").stat().st_size < 1_000_000
    )
    assert write_map(draw_map(town, layers="tiles"), tmp_path / "b.html").stat().st_size < 500_000
    assets = files("gridplan.maps").joinpath("assets")
    folders = [p for p in assets.iterdir() if p.is_dir()]
    assert all(any(f.name.startswith("LICENSE") for f in folder.iterdir()) for folder in folders)
    assert sum(f.stat().st_size for f in assets.rglob("*") if f.is_file()) < 1_500_000


# ---- the page in a browser
# -----------------------------------------------------------------------------

both_kinds = pytest.mark.parametrize("layers", ["classes", "tiles"])


@pytest.fixture(scope="module")
def town():
    return make_town()


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    driver = start_browser(tmp_path_factory.mktemp("profile"))
    yield Window(driver)
    driver.quit()


@pytest.fixture(scope="module")
def pages(town, tmp_path_factory):
    """The town's pages, each written once."""
    folder = tmp_path_factory.mktemp("pages")
    evil = town.site.communities.assign(name=[EVIL, *town.site.communities["name"].iloc[1:]])
    plan = town.replace(communities=evil)

    def write(layers, lang="en"):
        page = folder / f"{layers}-{lang}.html"
        return (
            page
            if page.exists()
            else write_map(draw_map(plan, layers=layers, lang=lang, title=f"Town {EVIL}"), page)
        )

    return write


@pytest.mark.browser
@both_kinds
def test_a_page_draws_everything_and_asks_the_network_for_nothing(layers, window, pages):
    window.open(pages(layers))
    assert window.read_logs() == ([], [])
    assert (
        window.run(
            "performance.getEntriesByType('resource')"
            ".filter((e) => e.name.startsWith('http')).length"
        )
        == 0
    )
    if layers == "classes":
        assert window.count(".leaflet-gp-fills-pane path") == 324
        assert window.count(".leaflet-gp-outlines-pane path") == 324
        assert window.count(".leaflet-gp-limits-pane path") == 9
        assert window.count(".leaflet-gp-out-pane path") == 27
        assert window.count(".leaflet-gp-openings-pane path") == 1
    else:
        assert window.count(".leaflet-gp-fills-pane canvas") > 3
        assert window.run("[...stage.parts.keys()].length") == 324
    assert window.count(".leaflet-gp-labels-pane .gp-label-community") == 9
    assert window.read(".leaflet-control-scale-line").endswith(" m")


@pytest.mark.browser
@both_kinds
def test_the_tooltip_shows_a_sub_grids_figures(layers, window, pages, town):
    window.open(pages(layers))
    row = town.subgrids.index.get_loc("C004-015")
    tooltip = window.hover(window.run("stage.records.point[arguments[0]]", row)).split("\n")
    figures = town.subgrids.loc["C004-015"]
    assert tooltip[:2] == ["C004-015", "第5社区"]
    assert re.sub(r"\s+", " ", " ".join(tooltip[2:5])) == (
        f"Households {figures['households']} band 20 to 40 Buildings 9 "
        f"Mean walk (m) {round(figures['mean_walk'])}"
    )
    assert window.count(".leaflet-gp-highlight-pane path") == 1


@pytest.mark.browser
@both_kinds
def test_names_from_data_are_text_wherever_they_show(layers, window, pages):
    window.open(pages(layers))
    point = window.run("stage.records.point[0]")
    window.look_from(point, 17)
    tooltip = window.hover(point)
    assert "C000-001" in tooltip
    assert f"Out of band: a lone hamlet {EVIL}" in tooltip
    assert EVIL in tooltip.split("\n")[1]  # the community
    assert window.read(".gp-title") == f"Town {EVIL}"
    assert window.driver.title == f"Town {EVIL}"
    window.type("script")
    assert EVIL in window.read(".gp-search ul")
    assert EVIL in window.read(".leaflet-gp-labels-pane")
    assert window.read_logs()[0] == []  # neither an alert nor a refused script


@pytest.mark.browser
@both_kinds
def test_a_building_with_a_name_shows_it(layers, window, pages, town):
    window.open(pages(layers))
    house = town.site.buildings.loc["b000729"]
    middle = shapely.centroid(
        town.site.buildings.geometry.loc[["b000729"]].to_crs("EPSG:4326").iloc[0]
    )
    window.look_from((middle.x, middle.y), 19)
    window.wait("stage.buildings.index.cells.size > 0")
    assert f"Building name: {house['building_name']}" in window.hover((middle.x, middle.y))


@pytest.mark.browser
@both_kinds
def test_a_click_on_a_building_shows_its_code_and_a_line_that_moves_it(layers, window, pages, town):
    window.open(pages(layers))
    middle = shapely.centroid(
        town.site.buildings.geometry.loc[["b000729"]].to_crs("EPSG:4326").iloc[0]
    )
    window.look_from((middle.x, middle.y), 19)
    window.wait("stage.buildings.listed.size > 0")
    assert "Building: b000729" in window.hover((middle.x, middle.y))
    click = "(map.fire('click', {latlng: L.latLng(arguments[1], arguments[0])}), 0)"
    window.run(click, *middle.coords[0])
    assert window.read(".gp-building strong") == "b000729"
    line = window.run("document.querySelector('.gp-move textarea').value")
    batches, problems = parse_script(line)
    assert not problems
    (command,) = [command for batch in batches for command in batch.commands]
    assert (command.verb, command.level, command.things) == ("move", "building", ("b000729",))
    # The line is ready: it names another sub-grid of the same community.
    land = town.subgrids.to_crs("EPSG:4326").geometry
    own = land.index[land.contains(middle)][0]
    assert command.others[0] in town.subgrids.index
    assert command.others[0] != own
    assert town.subgrids["community"][command.others[0]] == town.subgrids["community"][own]
    window.find(".gp-copy").click()
    window.wait("document.querySelector('.gp-copy').textContent === 'Copied'")
    assert window.read_logs() == ([], [])


@pytest.mark.browser
@both_kinds
def test_the_search_knows_the_codes_of_buildings(layers, window, pages):
    window.open(pages(layers))
    window.wait("stage.buildings.listed.size > 0")
    window.type("b000729")
    assert window.read(".gp-search ul").startswith("b000729")
    window.type("b000729\n")
    assert window.read(".gp-building strong") == "b000729"


def test_a_release_shows_no_codes_of_buildings(monkeypatch):
    town = make_town()
    assert "b000729" in compose_sheet(town).home_codes
    monkeypatch.setattr("gridplan.maps.map_shapes.is_released", lambda plan: True)
    monkeypatch.setattr("gridplan.maps.map_shapes._list_released_bands", lambda plan: {})
    assert set(compose_sheet(town).home_codes) == {""}


@pytest.mark.browser
def test_the_search_goes_to_a_code_and_to_a_community(window, pages):
    window.open(pages("tiles"))
    window.type("c007-009")
    assert window.read(".gp-search ul") == "C007-009第8社区"
    window.type("c007-009\n")
    assert window.read(".gp-tip").startswith("C007-009")
    assert window.run("map.getZoom()") >= 17
    window.type("第3社区\n")
    assert window.read(".gp-tip").startswith("第3社区")
    window.type("nowhere")
    assert window.read(".gp-search ul") == "Nothing found"


@pytest.mark.browser
def test_the_page_can_be_used_by_keyboard_alone(window, pages):
    from selenium.webdriver.common.keys import Keys

    window.open(pages("classes"))
    window.find("body").send_keys("/")
    assert window.run("document.activeElement === stage.search.input")
    box = window.driver.switch_to.active_element
    box.send_keys("c001-00")
    box.send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    assert window.read(".gp-tip").startswith("C001-002")
    box.send_keys(Keys.ESCAPE)
    assert box.get_attribute("value") == ""
    for selector in (
        ".gp-zoom-in",
        ".gp-print",
        ".gp-legend summary",
        ".leaflet-control-layers-selector",
    ):
        assert window.run(
            "(document.querySelector(arguments[0]).focus(),"
            " document.activeElement.matches(arguments[0]))",
            selector,
        )


@pytest.mark.browser
@both_kinds
def test_views_recolour_the_sub_grids_and_the_legend_follows(layers, window, pages, town):
    window.open(pages(layers))
    before = window.take_picture()
    window.choose_layer(say("view_band"))
    assert window.take_picture() != before
    legend = window.read(".gp-keys")
    assert legend.split("\n") == ["in band", "out of band", "exclusive grid"]
    fills = window.run("[...new Set(stage.records.code.map((c, row) => stage.fill(row)))].sort()")
    assert fills == sorted([*BAND, EXCLUSIVE])
    if layers == "classes":
        drawn = window.run(
            "[...document.querySelectorAll('.leaflet-gp-fills-pane path')]"
            ".map((p) => p.getAttribute('fill'))"
        )
        counts = [drawn.count(colour) for colour in (*BAND, EXCLUSIVE)]
        assert counts == [296, 27, 1]


@pytest.mark.browser
@both_kinds
def test_every_layer_can_be_switched_off_and_on(layers, window, pages):
    window.open(pages(layers))
    middle = window.run("stage.records.point[150]")
    window.look_from(middle, 17)
    names = (
        "subgrids",
        "out",
        "communities",
        "buildings",
        "streets",
        "barriers",
        "centres",
        "codes",
    )
    full = window.take_picture()
    for name in names:
        window.choose_layer(say(name))
        assert window.take_picture() != full, name
        window.choose_layer(say(name))
    if layers == "classes":
        window.choose_layer(say("subgrids"))
        assert (
            window.count(".leaflet-gp-fills-pane path")
            == window.count(".leaflet-gp-outlines-pane path")
            == 0
        )


@pytest.mark.browser
def test_a_chinese_page_says_everything_in_chinese(window, pages):
    window.open(pages("classes", "zh"))
    assert window.run("document.documentElement.lang") == "zh-CN"
    shown = window.read(".leaflet-control-layers") + window.read(".gp-legend")
    assert "按户数着色" in shown
    assert "户数区间：城市社区 20–40 户，标准 30 户" in shown
    assert set(re.findall("[A-Za-z]{2,}", shown)) == {"gridplan"}
    assert window.find(".gp-search input").get_attribute("placeholder") == "查找编码或名称"
    assert window.find(".leaflet-control-layers-toggle").get_attribute("title") == "图层"
    tooltip = window.hover(window.run("stage.records.point[arguments[0]]", 13))
    assert re.search(r"户数\s+\d+ 户\s*区间 20–40 户", tooltip)
    assert re.search(r"平均步行\s+\d+ 米", tooltip)


LAND_ON_THE_SHEET = """(() => {
const [west, south, east, north] = stage.config.bounds;
const low = map.latLngToContainerPoint([south, west]);
const high = map.latLngToContainerPoint([north, east]);
return [low.x, high.y, high.x, low.y];
})()"""
LEGEND_ON_THE_SHEET = """(() => {
const legend = document.querySelector(".gp-legend");
const whole = legend.scrollHeight <= legend.clientHeight + 1;
return [0.8 * legend.offsetWidth, 0.8 * legend.offsetHeight, legend.open !== false, whole];
})()"""


@pytest.mark.browser
@both_kinds
def test_a_printed_sheet_has_the_shape_of_a4_and_shows_what_the_screen_showed(
    layers, window, pages
):
    window.open(pages(layers))
    shown = window.run("[map.getZoom(), map.getCenter().lat, map.getCenter().lng]")
    window.run("window.dispatchEvent(new Event('beforeprint'))")
    wide, high = window.run("[map.getSize().x, map.getSize().y]")
    assert sorted([wide, high]) == [726, 1058]  # it stands or lies, as the land does
    assert window.run(
        "map.getBounds().contains([[stage.config.bounds[1], stage.config.bounds[0]]])"
    )
    # The land fills the sheet beside the legend, which covers none of it and is whole.
    west, north, east, south = window.run(LAND_ON_THE_SHEET)
    legend = window.run(LEGEND_ON_THE_SHEET)
    assert legend[2:] == [True, True]
    room = (wide - 28, high - 150 - legend[1]) if high > wide else (wide - 56 - legend[0], 640)
    assert max((east - west) / room[0], (south - north) / room[1]) > 0.95
    assert (south < high - legend[1]) if high > wide else (east < wide - legend[0])
    window.run("window.dispatchEvent(new Event('afterprint'))")
    assert window.run("[map.getZoom(), map.getCenter().lat, map.getCenter().lng]") == pytest.approx(
        shown, abs=2e-5
    )


# Columns and rows of houses: land that is wide, and land that is tall.
SHAPES = {"landscape": (12, 2), "portrait": (2, 12)}
PAPERS = {"A4": (210, 297), "A3": (297, 420)}


@pytest.mark.browser
@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_printed_page_fills_its_paper_with_arrow_legend_and_a_true_scale(
    shape, paper, window, tmp_path
):
    pdfium = pytest.importorskip("pypdfium2")
    columns, rows = SHAPES[shape]
    plan = make_board_plan([1] * 12 + [2] * 12, columns, rows)
    window.open(write_map(draw_map(plan), tmp_path / "a.html"))
    short, long = PAPERS[paper]
    # The browser asks for a sheet that stands; the page turns it where the land is wide.
    printed = window.driver.execute_cdp_cmd(
        "Page.printToPDF",
        {"printBackground": True, "paperWidth": short / 25.4, "paperHeight": long / 25.4},
    )
    document = pdfium.PdfDocument(base64.b64decode(printed["data"]))
    assert len(document) == 1
    width, height = document[0].get_size()
    assert [round(width / 72 * 25.4), round(height / 72 * 25.4)] == pytest.approx(
        [long, short] if shape == "landscape" else [short, long], abs=1
    )
    ink = np.asarray(document[0].render(scale=0.5).to_pil().convert("L")) < 252
    inked = [np.flatnonzero(ink.any(axis=axis)) for axis in (0, 1)]
    filled = np.prod([np.ptp(along) / size for along, size in zip(inked, ink.T.shape, strict=True)])
    assert filled >= 0.7
    text = document[0].get_textpage().get_text_bounded()
    for word in ("N", "Legend", "community limit", "home", "seed"):
        assert word in text
    found = re.findall(r"1:([\d,]+) \((A\d)\)", text)
    said = {name: int(number.replace(",", "")) for number, name in found}
    # The land is drawn as large as the number of this paper says.
    window.run("window.dispatchEvent(new Event('beforeprint'))")
    west, _, east, _ = window.run(LAND_ON_THE_SHEET)
    bounds = plan.site.communities.total_bounds
    on_paper = (east - west) * min((long - 16) / 1060, (short - 16) / 728)  # mm
    assert said[paper] == pytest.approx((bounds[2] - bounds[0]) * 1000 / on_paper, rel=0.02)
    window.run("window.dispatchEvent(new Event('afterprint'))")
    assert window.count(".gp-paper-scale") == 0


@pytest.mark.browser
@both_kinds
def test_what_a_user_adds_works_offline_and_shows_in_the_layer_control(layers, window, tmp_path):
    drawn = draw_map(make_board_plan(), layers=layers)
    mine = folium.FeatureGroup(name="My places").add_to(drawn)
    pin = folium.Icon(color="red", icon="home", prefix="fa", angle=20)
    folium.Marker((39.66, 117.001), tooltip="my house", icon=pin).add_to(mine)
    folium.Marker((39.6601, 117.0015), popup="a stock marker").add_to(drawn)
    folium.Marker((39.6602, 117.0012), icon=folium.Icon()).add_to(drawn)
    page = write_map(drawn, tmp_path / "map.html")
    window.open(page)
    window.wait("[...document.images].every((i) => i.complete)")
    assert window.read_logs() == ([], [])
    assert "My places" in window.read(".leaflet-control-layers")
    assert window.run("[...document.images].every((i) => i.naturalWidth > 0)")
    assert window.run("document.fonts.check('900 12px \"Font Awesome 6 Free\"')")
    assert window.count(".leaflet-marker-pane > *") == 3
    assert page.stat().st_size < 2_200_000


@pytest.mark.browser
def test_a_base_map_asks_for_its_tiles_and_for_nothing_else(window, tmp_path):
    window.open(write_map(draw_map(make_board_plan(), base_map=True), tmp_path / "map.html"))
    window.wait("performance.getEntriesByType('resource').length > 0")
    asked = window.read_logs()[1]
    assert asked
    assert all(url.startswith("https://tile.openstreetmap.org/") for url in asked)
    assert say("needs_network") in window.read(".gp-legend")
    assert "OpenStreetMap" in window.read(".leaflet-control-attribution")


@pytest.mark.browser
def test_a_browser_that_cannot_unpack_the_map_shows_why(window, pages):
    script = window.driver.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": "delete window.DecompressionStream;"}
    )
    try:
        window.open(pages("tiles"), ready=False)
        window.wait("document.querySelector('.gp-wait')")
        assert window.read(".gp-wait").startswith("This browser cannot unpack the map")
    finally:
        window.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)


@pytest.mark.browser
def test_a_map_in_a_notebooks_frame_works(window, tmp_path):
    frame = tmp_path / "notebook.html"
    frame.write_text(
        f"<meta charset='utf-8'>{draw_map(make_board_plan())._repr_html_()}", encoding="utf-8"
    )
    window.open(frame, ready=False)
    window.driver.switch_to.frame(window.find("iframe"))
    window.wait("document.documentElement.dataset.gridplan === 'ready'")
    assert window.count(".leaflet-gp-fills-pane path") == 2
    window.driver.switch_to.default_content()
    assert window.read_logs() == ([], [])
