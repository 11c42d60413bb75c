"""Printed maps: true to scale, labels apart, text that is found, and the same bytes twice."""

import io
import itertools
import re
import zlib

import numpy as np
import pytest
import shapely
from PIL import Image
from typer.testing import CliRunner

import gridplan as gp
from gridplan.cli import app
from gridplan.errors import ArgumentError, MissingPackageError, PlanError
from gridplan.plots import fonts
from gridplan.plots.printed_map import draw_sheet, draw_sheets, plot_map
from gridplan.plots.sheet.compose import VIEWERS, compose_sheet, keep_within
from gridplan.plots.sheet.labels import Board, Wish, make_box, place_labels
from gridplan.plots.sheet.paper import LADDER, PAPERS, choose_layout
from gridplan.plots.sheet.request import VIEWS, SheetRequest
from gridplan.plots.sheet.texts import Typeface
from gridplan.publishing.release_plan import release
from gridplan.synthetic import make_board_plan
from gridplan.tables.palette import OPEN_LAND

pytest.importorskip("matplotlib")
POINT = 72 / 25.4
COMMUNITY = "0301"
# Twenty-four sub-grids of three houses each, on a board of twelve by six.
PART_OF = [row * 4 + column // 3 + 1 for row in range(6) for column in range(12)]


def name_community(plan, name):
    return plan.replace(communities=plan.site.communities.assign(name=name))


@pytest.fixture(scope="module")
def plan():
    return name_community(make_board_plan(PART_OF, columns=12, rows=6), "East Lake")


def need_chinese():
    try:
        fonts.choose_font("翠湖社区")
    except MissingPackageError as error:
        pytest.skip(str(error))


def read_pdf(content):
    """Read the objects of a PDF: what each says, and its stream unpacked."""
    objects = {}
    for found in re.finditer(rb"(\d+) 0 obj\n(.*?)\nendobj", content, re.DOTALL):
        head, _, rest = found.group(2).partition(b"stream\n")
        body = rest.removesuffix(b"\nendstream")
        objects[int(found.group(1))] = (
            head,
            zlib.decompress(body) if body and b"FlateDecode" in head else body,
        )
    return objects


def read_letters(objects):
    """Read what the codes of each font mean, from the tables that programs search by."""
    fonts_of = next(head for head, _ in objects.values() if head.startswith(b"<< /F1 "))
    letters = {}
    for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", fonts_of):
        head = objects[int(number)][0]
        # Composite fonts have codes of two bytes.
        codes = letters[name.decode()] = {"bytes": 2 if b"/Type0" in head else 1}
        table = objects[int(re.search(rb"/ToUnicode (\d+) 0 R", head).group(1))][1]
        for low, high, texts in re.findall(rb"<(\w+)> <(\w+)> \[([^\]]*)\]", table):
            span = range(int(low, 16), int(high, 16) + 1)
            for code, text in zip(span, re.findall(rb"<(\w+)>", texts), strict=True):
                codes[code] = bytes.fromhex(text.decode()).decode("utf-16-be")
    return letters


def unescape(found):
    """Read an escape of a string in a PDF: three digits, or a letter for a control character."""
    text = found.group(1)
    if len(text) == 3:
        return bytes([int(text, 8)])
    return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}.get(text, text)


def read_texts(content):
    """Read every text of a PDF as one string each, as a search would find it."""
    objects = read_pdf(content)
    letters = read_letters(objects)
    texts = []
    for head, body in objects.values():
        if b"/Length" not in head or b"BT\n" not in body:
            continue
        for block in re.findall(rb"BT\n(.*?)ET", body, re.DOTALL):
            said, font = "", ""
            for part in re.finditer(rb"/(F\d+) |\(((?:\\.|[^\\)])*)\)", block, re.DOTALL):
                if part.group(1):
                    font = part.group(1).decode()
                    continue
                raw = re.sub(
                    rb"\\([0-7]{3}|.)",
                    unescape,
                    part.group(2),
                    flags=re.DOTALL,
                )
                step = letters[font]["bytes"]
                codes = (int.from_bytes(raw[n : n + step]) for n in range(0, len(raw), step))
                said += "".join(letters[font].get(code, "?") for code in codes)
            texts.append(said)
    return texts


def test_the_scale_is_true_on_the_page_of_the_pdf(plan):
    """A hundred metres of the bar, and of the plan's own land, are as long as the scale says."""
    content, sheets = draw_sheets(plan, [SheetRequest(paper="A3")])
    page = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", content)
    sides = sorted(float(side) / POINT for side in page.groups())
    assert sides == pytest.approx(PAPERS["A3"], abs=0.01)
    layout = sheets[0].layout
    assert layout.scale in LADDER
    # The outline of the land is in the page's stream: its width in points gives the scale.
    land = plan.subgrids.geometry.union_all()
    west, _, east, _ = land.bounds
    streams = b"".join(body for head, body in read_pdf(content).values() if b"/Length" in head)
    xs = np.array([float(x) for x, _ in re.findall(rb"([\d.]+) ([\d.]+) [ml]\b", streams)])
    wanted = (east - west) * 1000 / layout.scale * POINT
    gaps = np.abs(np.subtract.outer(np.unique(xs), np.unique(xs)))
    assert np.min(np.abs(gaps - wanted)) < 0.1


def test_a_larger_scale_never_fits(plan):
    sheet = compose_sheet(plan, SheetRequest())
    larger = [step for step in LADDER if step < sheet.layout.scale]
    if larger:
        with pytest.raises(PlanError, match="does not fit"):
            compose_sheet(plan, SheetRequest(scale=larger[-1]))
    # A wide strip of land lies, a tall one stands.
    wide = choose_layout("A4", (2000.0, 500.0), lambda width: 40.0)
    tall = choose_layout("A4", (500.0, 2000.0), lambda width: 40.0)
    assert wide.width > wide.height
    assert tall.width < tall.height


def test_labels_of_a_sheet_do_not_overlap_and_none_is_lost(plan):
    sheet = compose_sheet(plan, SheetRequest(paper="A4", scale=2500))
    face = sheet.face
    assert len(face.placed) + len(face.left_out) == face.wanted == 24
    type_ = Typeface(sheet.family)
    boxes = [
        make_box(p.x, p.y, *type_.measure(p.text, 6.6), p.turn).buffer(-0.36) for p in face.placed
    ]
    assert not any(a.intersects(b) for a, b in itertools.combinations(boxes, 2))
    frame = shapely.box(0, 0, sheet.window.width, sheet.window.height)
    assert all(frame.contains(box) for box in boxes)


def test_what_has_no_room_is_left_out_and_counted(plan):
    sheet = compose_sheet(plan, SheetRequest(scale=25_000))
    face = sheet.face
    assert 0 < len(face.left_out) < face.wanted == 24
    texts = read_texts(draw_sheet(plan, scale=25_000))
    assert f"{len(face.left_out)} of 24 labels have no room and are" in " ".join(texts)


def test_a_label_leaves_its_land_with_a_leader_that_crosses_no_other():
    small = shapely.box(10, 10, 12, 12)
    large = shapely.box(0, 0, 10, 20)
    board = Board(shapely.box(0, 0, 60, 60), np.array([], dtype=object))
    wishes = [Wish("a", "a", 6, 2, small), Wish("b", "b", 6, 2, large)]
    placed, out = place_labels(wishes, board)
    by_key = {label.key: label for label in placed}
    assert out == []
    assert by_key["b"].leader is None
    leader = shapely.LineString(np.array(by_key["a"].leader).reshape(2, 2))
    assert not leader.intersects(make_box(by_key["b"].x, by_key["b"].y, 6, 2))


def test_title_labels_and_foot_are_found_in_the_pdf(plan):
    content = draw_sheet(plan, community=COMMUNITY, office="Street Office", date="2026-11-29")
    texts = read_texts(content)
    assert "East Lake: Sub-grids" in texts
    assert {f"{n:03d}" for n in range(1, 25)} <= set(texts)
    foot = " ".join(texts)
    assert "Issued by: Street Office" in foot
    assert "29 November 2026" in foot
    assert "Working map, not for release." in foot
    # The letters of this font are in the file as they are; those of CFF fonts are drawn (below).
    assert b"/FontFile2" in content
    assert b"/Subtype /Type3" not in content


def test_chinese_is_found_in_the_pdf_and_its_font_is_in_it_in_part(plan):
    need_chinese()
    zh = name_community(plan, "翠湖社区")
    content = draw_sheet(zh, lang="zh", view="band", office="凤凰路街道党工委")
    said = "".join(read_texts(content))
    assert "翠湖社区户数区间情况图" in said
    assert "编制单位：凤凰路街道党工委" in said
    assert "内部资料" in said
    assert "?" not in said.replace("种子 ?", "").replace("gridplan ?", "")
    assert len(content) < 400_000  # the font is 20 MB
    is_drawn = fonts.choose_pdf_type((fonts.choose_font("翠湖社区"),)) == 3
    assert (b"/Subtype /Type3" in content) == is_drawn


def test_what_no_map_may_show_is_neither_drawn_nor_named(plan):
    site = plan.site
    house = site.buildings.index[0]
    hidden = plan.replace(
        buildings=site.buildings.assign(
            use=["military" if code == house else "house" for code in site.buildings.index]
        ),
        subgrids=plan.subgrids.assign(
            institution=[house, *[""] * 23], kind=["exclusive", *["residential"] * 23]
        ),
    )
    sheet = compose_sheet(hidden, SheetRequest(community=COMMUNITY))
    assert len(sheet.face.ground.homes) == len(site.buildings) - 1
    assert "001" not in {label.text for label in sheet.face.placed}
    shown = keep_within(VIEWERS["subgrids"](hidden, SheetRequest()), hidden, SheetRequest())
    assert shown.fills[0] == OPEN_LAND


@pytest.mark.parametrize("to", ["pdf", "svg", "png"])
def test_two_files_of_a_sheet_are_the_same(plan, to, monkeypatch):
    one = draw_sheet(plan, to=to, dpi=60)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert draw_sheet(plan, to=to, dpi=60) == one


def test_the_order_of_rows_changes_nothing(plan):
    turned = plan.replace(
        subgrids=plan.subgrids.iloc[::-1], buildings=plan.site.buildings.iloc[::-1]
    )
    assert draw_sheet(turned, view="band") == draw_sheet(plan, view="band")


def test_a_png_has_the_dots_of_its_paper_and_one_that_is_too_large_is_refused(plan):
    picture = Image.open(io.BytesIO(draw_sheet(plan, to="png", dpi=50)))
    assert sorted(picture.size) == pytest.approx([side / 25.4 * 50 for side in PAPERS["A4"]], abs=1)
    with pytest.raises(PlanError, match="dots to the inch, or write a PDF"):
        draw_sheet(plan, to="png", paper="A0", dpi=600)


def test_without_a_font_that_has_the_characters_nothing_is_drawn(plan, monkeypatch):
    monkeypatch.setattr(fonts, "FONTS", ("No Such Font",))
    with pytest.raises(MissingPackageError, match="install one"):
        draw_sheet(plan, lang="zh")
    with pytest.raises(MissingPackageError, match="install one"):
        draw_sheet(name_community(plan, "翠湖社区"))
    assert draw_sheet(plan)  # English needs none
    with pytest.raises(MissingPackageError, match="No Such Font"):
        draw_sheet(plan, font="No Such Font")


def test_a_release_is_mapped_and_what_it_leaves_blank_is_refused(plan):
    leaving = release(plan)
    texts = " ".join(read_texts(draw_sheet(leaving, view="band")))
    assert "Released map: disclosure check passed" in texts
    for view in ("households", "walking", "party"):
        with pytest.raises(PlanError, match="map the working plan"):
            VIEWERS[view](leaving, SheetRequest(view=view))


def test_every_view_has_its_maker_and_says_what_is_missing(plan):
    assert set(VIEWERS) == set(VIEWS)
    for view, remedy in (
        ("coverage", "gridplan reach"),
        ("party", "gridplan organise"),
        ("demonstration", "gridplan demonstrate"),
        ("chance", "map the view band"),
    ):
        with pytest.raises(PlanError, match=remedy):
            VIEWERS[view](plan, SheetRequest(view=view))


def test_what_changed_is_shown_beside_the_plan_before(plan):
    later = [part - 1 if n % 12 == 3 else part for n, part in enumerate(PART_OF)]
    after = name_community(make_board_plan(later, columns=12, rows=6), "East Lake")
    texts = " ".join(read_texts(draw_sheet(after, view="change", before=plan)))
    assert "East Lake: What changes" in texts
    assert "some homes came or went" in texts
    assert "home in another sub-grid" in texts
    with pytest.raises(ArgumentError, match="give both"):
        draw_sheet(after, view="change")


def test_a_box_in_degrees_is_refused_with_where_the_plan_lies(plan):
    with pytest.raises(PlanError, match="which lies from"):
        draw_sheet(plan, box=(118.1, 39.1, 118.2, 39.2))


def test_wrong_words_are_refused_with_what_there_is(plan):
    for how, says in (
        ({"view": "roses"}, "subgrids, households"),
        ({"paper": "A9"}, "A4, A3"),
        ({"community": "9999"}, "one of 0301"),
        ({"box": (1.0, 1.0, 0.0, 2.0)}, "is no box"),
        ({"lang": "fr"}, "lang must be"),
        ({"to": "gif"}, "one of pdf"),
    ):
        with pytest.raises(ArgumentError, match=re.escape(says)):
            draw_sheet(plan, **how)


def test_the_map_alone_is_drawn_on_axes_of_the_caller(plan):
    from matplotlib.figure import Figure

    axes = Figure(figsize=(6, 4)).add_subplot()
    assert gp.plot_map(plan, axes, view="band") is axes
    west, east = axes.get_xlim()
    assert west < plan.subgrids.total_bounds[0] < plan.subgrids.total_bounds[2] < east
    assert axes.get_aspect() == 1.0
    whole = plot_map(plan, box=(500_000.0, 4_390_000.0, 500_100.0, 4_390_100.0))
    assert round(whole.figure.get_figwidth() * 25.4, 6) in PAPERS["A4"]


def test_the_verb_writes_a_page_for_each_community(plan, tmp_path):
    gp.write_plan(plan, tmp_path / "plan")
    file = tmp_path / "town.pdf"
    words = ["map", tmp_path / "plan", "--pdf", file, "--community", "all", "--view", "band"]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    assert file.read_bytes().count(b"/Type /Page ") == 1
    assert not (tmp_path / "plan" / "map.html").exists()
    # Twice the same community is two pages, numbered.
    content = draw_sheets(
        plan, [SheetRequest(community=COMMUNITY, number=n, of=2) for n in (1, 2)]
    )[0]
    assert content.count(b"/Type /Page ") == 2
    assert {"Sheet 1/2", "Sheet 2/2"} <= set(read_texts(content))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--view", "band"], "--pdf map.pdf"),
        (["--pdf", "map.txt"], "ends in .pdf"),
    ],
)
def test_options_of_a_sheet_without_a_sheet_are_refused(tmp_path, words, says):
    result = CliRunner().invoke(app, ["map", str(tmp_path), *words])
    assert result.exit_code == 2
    assert says in " ".join(result.output.replace("│", " ").split())


def test_the_wall_map_of_a_subdistrict_has_its_figures_and_boxes_without_a_name(plan):
    named = plan.site.communities.assign(subdistrict="Lakes")
    lakes = plan.replace(communities=named)
    request = SheetRequest(subdistrict="Lakes", paper="A1")
    sheet = compose_sheet(lakes, request)
    said = [text.get_text() for text in sheet.paper.texts]
    for text in ("Chain of organisation", "Party work committee of Lakes", "Who is responsible"):
        assert text in said
    # What the plan does not hold is a blank to fill in, never 0.
    assert "____ Party groups" in said
    assert said.count("East Lake") == 1
    frame = sheet.layout.map
    assert sheet.layout.panel.x == pytest.approx(frame.x + frame.width)
    west, east = sheet.axes.get_xlim()
    assert (east - west) * 1000 / frame.width == pytest.approx(sheet.layout.scale)
    with pytest.raises(ArgumentError, match="one of Lakes"):
        compose_sheet(lakes, SheetRequest(subdistrict="Hills"))
    with pytest.raises(ArgumentError, match="give one of them"):
        SheetRequest(subdistrict="Lakes", community=COMMUNITY)


def test_a_sheet_of_a_subdistrict_shows_its_communities_and_pales_the_others():
    one = make_board_plan(PART_OF, columns=12, rows=6)
    west, south, east, north = one.site.communities.total_bounds
    both = one.site.communities.loc[[COMMUNITY] * 2].copy()
    both.index = [COMMUNITY, "0302"]
    both["name"], both["subdistrict"] = ["East Lake", "High Hill"], ["Lakes", "Hills"]
    both["geometry"] = [
        shapely.box(west, south, (west + east) / 2, north),
        shapely.box((west + east) / 2, south, east, north),
    ]
    middles = one.subgrids.geometry.centroid.x
    grids = one.subgrids.assign(community=np.where(middles > (west + east) / 2, "0302", COMMUNITY))
    sheet = compose_sheet(
        one.replace(communities=both.rename_axis("community"), subgrids=grids),
        SheetRequest(subdistrict="Hills"),
    )
    assert sheet.title == "Hills: Sub-grids"
    labels = {label.key for label in sheet.face.placed}
    shown = set(grids.index[grids["community"] == "0302"])
    assert labels & set(grids.index) == shown
