"""The atlas: what its pages say, bookmarks, the same bytes, and what it refuses."""

import io

import numpy as np
import pytest
import shapely
from typer.testing import CliRunner

from gridplan.briefing.atlas.atlas_file import draw_atlas
from gridplan.briefing.atlas.contents import list_sheets
from gridplan.briefing.atlas.page_layout import lay_out_sheet
from gridplan.briefing.atlas.request import AtlasRequest
from gridplan.cli import app
from gridplan.errors import ArgumentError, PlanError
from gridplan.plots.sheet.compose import compose_view
from gridplan.plots.sheet.paper import Frame
from gridplan.plots.sheet.text_table import TextTable
from gridplan.plots.sheet.texts import Typeface
from gridplan.publishing.release_plan import release
from gridplan.storage import write_plan
from gridplan.synthetic import make_board_plan

pytest.importorskip("matplotlib")
pypdf = pytest.importorskip("pypdf")
PART_OF = [row * 4 + column // 3 + 1 for row in range(6) for column in range(12)]
POINT = 72 / 25.4
FONT = Typeface("DejaVu Sans")


def make_two_communities():
    """Make a board whose eastern half is a second community, with a name of its own."""
    plan = make_board_plan(PART_OF, columns=12, rows=6)
    table = plan.site.communities
    west, south, east, north = table.geometry.iloc[0].bounds
    middle = (west + east) / 2
    both = table.loc[[table.index[0]] * 2].copy()
    both.index = ["0301", "0302"]
    both.index.name = table.index.name
    both["name"] = ["West Lake", "East Lake & $5 Hill"]
    both["subdistrict"] = ["Lakes", "Hills"]
    both["geometry"] = [
        shapely.box(west, south, middle, north),
        shapely.box(middle, south, east, north),
    ]
    return plan, both


@pytest.fixture(scope="module")
def leaving():
    plan = make_board_plan(PART_OF, columns=12, rows=6)
    named = plan.site.communities.assign(name="East Lake", subdistrict="Lakes")
    return release(plan.replace(communities=named))


@pytest.fixture(scope="module")
def atlas(leaving):
    buffer = io.BytesIO()
    made = draw_atlas(leaving, buffer, AtlasRequest(lang="en", office="Lake Office"))
    return made, buffer.getvalue()


def list_texts(content):
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]


def test_an_atlas_has_a_cover_an_index_a_sheet_and_bookmarks_to_them(atlas):
    made, content = atlas
    reader = pypdf.PdfReader(io.BytesIO(content))
    texts = list_texts(content)
    assert len(texts) == made.pages == 4
    # At the largest scale the map leaves no room for its table, which follows on a page.
    said = ("atlas of sub-grids", "Index of sheets", "East Lake", "Table of sub-grids (continued)")
    for text, says in zip(texts, said, strict=True):
        assert says in text
    assert "Lake Office" in texts[0]
    assert [f"{n}/4" in text for n, text in enumerate(texts, 1)] == [True] * 4
    marks = reader.outline
    assert [mark.title for mark in marks if not isinstance(mark, list)] == [
        "East Lake: atlas of sub-grids",
        "Index of sheets",
        "Lakes",
    ]
    inner = marks[-1][0]
    assert (inner.title, reader.get_destination_page_number(inner)) == ("1 East Lake", 2)


def test_the_table_holds_each_sub_grid_as_the_release_has_it(leaving, atlas):
    made, content = atlas
    table = made.sheets[0].made.table
    homes = leaving.subgrids[leaving.subgrids["kind"] == "residential"].sort_index()
    assert list(made.sheets[0].codes) == list(homes.index)
    for row, (code, band) in zip(table.rows, homes["household_band"].items(), strict=True):
        assert row[0] == code.split("-")[1]
        assert row[2] == ("*" if band == "0+" else band)
    # Every code stands in the table and on the map; those beside are named again.
    on_map, in_table = list_texts(content)[2:]
    assert all(row[0] in on_map and row[0] in in_table for row in table.rows)
    # On a board of four by six each has those to the west and east, above and below.
    counts = sorted(len(row[4].split()) for row in table.rows)
    assert (counts[0], counts[-1], sum(counts)) == (2, 4, 2 * (3 * 6 + 4 * 5))


def test_the_page_is_as_large_as_its_paper_and_its_scale_is_the_largest(leaving, atlas):
    made, content = atlas
    page = pypdf.PdfReader(io.BytesIO(content)).pages[2]
    layout = made.sheets[0].made.layout
    sides = [float(page.mediabox.width), float(page.mediabox.height)]
    assert sides == pytest.approx([layout.width * POINT, layout.height * POINT], abs=0.02)
    west, south, east, north = leaving.site.communities.total_bounds
    assert (east - west) * 1000 / layout.scale <= layout.map.width
    assert (north - south) * 1000 / layout.scale <= layout.map.height


def test_two_atlases_are_the_same_whatever_the_order_of_rows(leaving, atlas):
    mixed = leaving.replace(subgrids=leaving.subgrids[::-1])
    buffer = io.BytesIO()
    draw_atlas(mixed, buffer, AtlasRequest(lang="en", office="Lake Office"))
    assert buffer.getvalue() == atlas[1]
    assert b"/CreationDate" not in atlas[1]


def test_a_long_table_goes_on_and_loses_no_row():
    rows = tuple((f"{n:03d}", "a " * (n % 40)) for n in range(900))
    table = TextTable(("code", "beside"), rows, 1)
    made = lay_out_sheet("A4", (600.0, 620.0), lambda width: 60.0, table, FONT)
    assert len(made.parts) > 2
    shown = [row for part in made.parts for block in part.blocks for row in block]
    assert shown == list(range(900))
    assert [part.goes_on for part in made.parts] == [True] * (len(made.parts) - 1) + [False]


@pytest.mark.parametrize("land", [(600.0, 620.0), (1200.0, 600.0), (500.0, 2000.0)])
def test_parts_of_a_sheet_do_not_overlap(land):
    rows = tuple((f"{n:03d}", "001 002 003") for n in range(60))
    table = TextTable(("code", "beside"), rows, 1, notes=("Around: none",))
    made = lay_out_sheet("A3", land, lambda width: 40.0, table, FONT)
    layout = made.layout
    frames = [layout.title, layout.map, layout.panel, made.parts[0].frame, layout.foot]
    boxes = np.array([shapely.box(f.x, f.y, f.x + f.width, f.y + f.height) for f in frames])
    overlaps = shapely.area(shapely.intersection(boxes[:, None], boxes[None, :]))
    assert overlaps[~np.eye(5, dtype=bool)] == pytest.approx(0.0, abs=1e-6)
    assert isinstance(made.parts[0].frame, Frame)


def test_communities_name_one_another_by_side_and_sheet(leaving):
    _, both = make_two_communities()
    east = leaving.subgrids.geometry.centroid.x > both.geometry.iloc[1].bounds[0]
    grids = leaving.subgrids.assign(community=np.where(east, "0302", "0301"))
    plan = leaving.replace(communities=both, subgrids=grids)
    request = AtlasRequest(lang="en", font="DejaVu Sans")
    sheets = list_sheets(plan, request, compose_view(plan, request.ask_sheet()), FONT)
    # Subdistricts follow one another in the order of their communities' codes.
    assert [(s.number, s.community, s.subdistrict) for s in sheets] == [
        (1, "0301", "Lakes"),
        (2, "0302", "Hills"),
    ]
    assert "East: East Lake & $5 Hill (sheet 2)" in sheets[0].made.table.notes[0]
    assert "West: West Lake (sheet 1)" in sheets[1].made.table.notes[0]
    # A sub-grid at the limit has one of the other sheet beside it.
    assert any(":" in row[4] for row in sheets[0].made.table.rows)


def test_a_working_plan_and_an_unknown_community_are_refused(leaving):
    with pytest.raises(PlanError, match="gridplan release"):
        draw_atlas(make_board_plan(), io.BytesIO(), AtlasRequest(lang="en"))
    with pytest.raises(ArgumentError, match="no community 9999"):
        draw_atlas(leaving, io.BytesIO(), AtlasRequest(lang="en", communities=("9999",)))


def test_the_verb_writes_an_atlas(leaving, tmp_path):
    write_plan(leaving, tmp_path / "leaving")
    file = tmp_path / "atlas.pdf"
    words = ["atlas", str(tmp_path / "leaving"), "-o", str(file), "--paper", "A4"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "1 on 4 pages" in result.output
    assert len(list_texts(file.read_bytes())) == 4
    # The verb's parts are drawn as workers draw them, from the folder: the same bytes.
    buffer = io.BytesIO()
    draw_atlas(leaving, buffer, AtlasRequest(lang="en", paper="A4"))
    assert buffer.getvalue() == file.read_bytes()
    assert CliRunner().invoke(app, [*words[:2], "-o", "atlas.doc"]).exit_code == 2
