"""What goes on the table, as a user asks for it: brief, pack and page, and what is refused."""

import json
import re
import zipfile
from html.parser import HTMLParser
from urllib.parse import unquote

import pandas as pd
import pytest
from typer.testing import CliRunner

from gridplan.briefing.contents_page import say_pages
from gridplan.briefing.cut_pack import cut_facts, cut_release, list_cut_bodies
from gridplan.briefing.facts import collect_facts
from gridplan.briefing.pack import PackFile, count_pages, make_pack
from gridplan.briefing.page.page_file import write_html
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.sections import Section, Table
from gridplan.cli import app
from gridplan.errors import PlanError
from gridplan.plots import figure, fonts
from gridplan.publishing.release_plan import release
from gridplan.publishing.release_seal import require_release
from gridplan.storage import write_plan
from tests.test_levels import TOWNS, VOLUNTEERS, copy_board

EVIL = "<script>alert(1)</script>&网格"


@pytest.fixture(scope="module")
def working():
    return copy_board(TOWNS, dict.fromkeys(TOWNS, 2), VOLUNTEERS)


@pytest.fixture(scope="module")
def facts(working):
    return collect_facts(release(working))


@pytest.fixture(scope="module")
def folder(working, facts, tmp_path_factory):
    """A working plan with its release in it, and one without."""
    place = tmp_path_factory.mktemp("pack")
    write_plan(working, place / "plan")
    write_plan(facts.plan, place / "plan" / "release")
    write_plan(working, place / "bare")
    return place


def run(*words, status=0):
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == status, (done.output, done.exception)
    return done.output


def refuse(*words):
    """Run a command that is refused, and return the error."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code != 0, done.output
    return str(done.exception) if done.exception and str(done.exception) != "2" else done.output


class Page(HTMLParser):
    """The cells, links and texts of a page."""

    def __init__(self, content):
        super().__init__()
        self.tags, self.links, self.texts = [], [], []
        self.feed(content.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data):
        self.texts.append(data.strip())


# ---- the page


def test_a_page_fetches_nothing_and_holds_its_maps(facts):
    for lang in ("zh", "en"):
        page = Page(write_html(facts, BriefingRequest(lang=lang, office=EVIL, issue="5")))
        assert "script" not in page.tags
        assert EVIL in page.texts  # as text
        assert all(link.startswith(("#", "data:image/png")) for link in page.links)
        assert "img" in page.tags
        targets = [link for link in page.links if link.startswith("#")]
        assert len(targets) == len(set(targets)) > 1
        assert {"zh": "第5期", "en": "Issue 5"}[lang] in page.texts


def test_sections_stand_with_their_tables_and_with_what_is_missing(facts, monkeypatch):
    table = Table(
        "各社区情况", ("社区", "户数"), (("东湖", "30"), ("西山", "*")), (False, True), "* 隐去"
    )
    sections = [
        Section("overview", "总体情况", "", ("约30户。",), (table,), ("no_such_view",)),
        Section("gaps", "存在问题", "", (), missing=("请运行 gridplan reach",)),
    ]
    monkeypatch.setattr("gridplan.briefing.page.page_file.write_sections", lambda *_: sections)
    monkeypatch.setattr(
        "gridplan.briefing.page.page_file.draw_page_map", lambda *_: "未绘制：没有数据"
    )
    content = write_html(facts, BriefingRequest(lang="zh"))
    texts = Page(content).texts
    for text in (
        "一、总体情况",
        "二、存在问题",
        "约30户。",
        "*",
        "* 隐去",
        "请运行 gridplan reach",
    ):
        assert text in texts
    assert "表1　各社区情况" in texts
    assert "未绘制：没有数据" in texts
    assert re.search('<td class="n">30</td>', content.decode())


def test_a_page_is_the_same_bytes_whatever_the_order_of_rows(facts):
    other = collect_facts(
        facts.plan.replace(published=facts.plan.published, subgrids=facts.plan.subgrids[::-1])
    )
    request = BriefingRequest(lang="zh")
    assert write_html(facts, request) == write_html(other, request)


# ---- the brief, as it is typed


def test_the_brief_of_a_working_plan_is_that_of_the_release_in_it(folder, tmp_path):
    shown = run("brief", folder / "plan", "-o", tmp_path / "a.html", "--lang", "zh")
    assert "release" in shown
    assert (tmp_path / "a.html").read_bytes().count(b"<article") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "a.html"]
    run("brief", folder / "plan", "--to", "html,md", "-o", tmp_path / "b")
    assert (tmp_path / "b.html").read_bytes().count(b"<article") == 2
    assert (tmp_path / "b.md").exists()


def test_a_working_plan_is_refused_with_the_line_that_helps(folder, tmp_path):
    for words in (
        ("brief",),
        ("briefing", "-o", tmp_path / "x"),
        ("atlas", "-o", tmp_path / "a.pdf"),
    ):
        said = refuse(words[0], folder / "bare", *words[1:])
        line = said.partition("gridplan release ")[2].split()
        assert line == [str(folder / "bare"), "-o", str(folder / "bare" / "release")]
    assert not (tmp_path / "x").exists()
    run("release", *line)
    assert "written" in run("brief", folder / "bare", "--to", "md", "-o", tmp_path / "b.md")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("brief", "PLAN", "-o", "a.doc"), "ends in .docx"),
        (("brief", "PLAN", "--to", "odt"), "no kind 'odt'"),
        (("brief", "PLAN", "--template", "a.dotx"), "ends in .docx or .pptx"),
        (("brief", "PLAN", "--template", "none.docx"), "none.docx is not there"),
        (("brief", "PLAN", "--date", "29.11.2026"), "write YYYY-MM-DD"),
        (("brief", "PLAN", "--simulation", "none", "--to", "md"), "simulate PLAN --csv none"),
        (("briefing", "PLAN"), "-o outputs/NAME"),
        (("briefing", "PLAN", "-o", "x", "--products", "docx,odt"), "no product 'odt'"),
        (("atlas", "PLAN", "-o", "a.png"), "ends in .pdf"),
    ],
)  # fmt: skip
def test_wrong_words_are_refused_with_what_is_right(words, says, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = refuse(*[folder / "plan" if word == "PLAN" else word for word in words])
    assert says in " ".join(re.sub("[│╭╮╰╯─]", " ", said).split())
    assert list(tmp_path.iterdir()) == []


def test_what_is_open_elsewhere_is_named_before_the_work(folder, tmp_path):
    (tmp_path / "a.html").write_text("old")
    mark = tmp_path / ".~lock.a.html#"
    mark.write_text("")
    assert "close it there" in refuse("brief", folder / "plan", "-o", tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text() == "old"
    mark.unlink()
    run("brief", folder / "plan", "-o", tmp_path / "a.html")


def test_a_file_that_windows_will_not_open_is_named(folder, tmp_path, monkeypatch):
    (tmp_path / "a.html").write_text("old")
    real = type(tmp_path).open

    def deny(path, mode="r", *more, **named):
        if path.name == "a.html" and mode == "r+b":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, mode, *more, **named)

    monkeypatch.setattr(type(tmp_path), "open", deny)
    assert "another program has it open" in refuse(
        "brief", folder / "plan", "-o", tmp_path / "a.html"
    )


# ---- the pack

SOME = ("--products", "html,csv,maps")


HEAD = ("--lang", "zh", "--office", "凤凰路街道党工委", "--date", "2026-11-29")


@pytest.fixture(scope="module")
def pack(folder):
    """A pack in Chinese of the release in the folder."""
    run("briefing", folder / "plan", "-o", folder / "pack", *SOME, *HEAD)
    return folder / "pack"


def test_a_pack_has_a_contents_page_that_leads_to_every_file(pack):
    names = {path.name for path in pack.iterdir()}
    assert names == {"网页简报.html", "指标数据.csv", "专题地图.pdf", "说明.txt", "index.html"}
    page = Page((pack / "index.html").read_bytes())
    linked = {link for link in page.links if not link.startswith("data:")}
    assert {unquote(link) for link in linked} == names - {"index.html", "说明.txt"}
    assert "凤凰路街道党工委　2026年11月29日" in page.texts
    assert "img" in page.tags
    text = (pack / "说明.txt").read_text(encoding="utf-8-sig")
    for shown in ("指标数据.csv", "披露检查：通过"):
        assert shown in text
    table = pd.read_csv(pack / "指标数据.csv")
    assert (
        table.loc[(table["level"] == "city") & (table["fact"] == "subgrids"), "value"].notna().all()
    )


def test_a_pack_is_written_again_only_when_asked_and_other_files_stay(folder, tmp_path):
    place = tmp_path / "p"
    run("briefing", folder / "plan", "-o", place, "--products", "csv", "--lang", "zh")
    (place / "会议记录.txt").write_text("mine")
    assert "--overwrite" in refuse("briefing", folder / "plan", "-o", place, "--products", "csv")
    run(
        "briefing", folder / "plan", "-o", place, "--products", "csv", "--lang", "en", "--overwrite"
    )
    names = {path.name for path in place.iterdir()}
    assert names == {"figures.csv", "index.html", "readme.txt", "会议记录.txt"}
    assert "holds a plan" in refuse(
        "briefing", folder / "plan", "-o", folder / "plan", "--products", "csv", "--overwrite"
    )


def test_what_stops_on_the_way_leaves_no_folder(folder, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("gridplan.briefing.pack_folder.write_contents", stop)
    CliRunner().invoke(app, ["briefing", str(folder / "plan"), "-o", str(tmp_path / "p"), *SOME])
    assert not (tmp_path / "p").exists()


def test_two_packs_are_the_same_bytes_whatever_the_time_zone(pack, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    run("briefing", folder / "plan", "-o", tmp_path / "p", *SOME, *HEAD)
    for file in pack.iterdir():
        assert file.read_bytes() == (tmp_path / "p" / file.name).read_bytes()


def test_without_matplotlib_the_rest_is_written_and_the_line_to_run_is_said(
    folder, tmp_path, monkeypatch
):
    def refuse_import():
        raise figure.MissingPackageError("maps need matplotlib -> pip install 'gridplan[report]'")

    monkeypatch.setattr("gridplan.plots.printed_map.need_matplotlib", refuse_import)
    monkeypatch.setattr("gridplan.briefing.pictures.need_matplotlib", refuse_import)
    shown = run("briefing", folder / "plan", "-o", tmp_path / "p", *SOME, "--json", status=1)
    assert "pip install 'gridplan[report]'" in shown
    assert {path.name for path in (tmp_path / "p").iterdir()} >= {"brief.html", "figures.csv"}
    assert "pip install" in (tmp_path / "p" / "brief.html").read_text(encoding="utf-8")
    assert "Maps was not written" in (tmp_path / "p" / "index.html").read_text(encoding="utf-8")


def test_without_a_font_chinese_maps_are_left_out_and_named(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(fonts, "FONTS", ("No Such Font",))
    shown = run("briefing", folder / "plan", "-o", tmp_path / "p", *SOME, "--lang", "zh", status=1)
    assert "maps" in shown
    text = (tmp_path / "p" / "index.html").read_text(encoding="utf-8")
    assert "fonts-noto-cjk" in text
    assert not (tmp_path / "p" / "专题地图.pdf").exists()


def test_a_product_that_fails_for_any_reason_of_ours_stops_no_other(facts, monkeypatch):
    def fail(product):
        raise PlanError("a picture of 900 million dots is too large -> give at most 90 dots")

    monkeypatch.setattr("gridplan.briefing.pack.find_writer", fail)
    pack = make_pack(facts, BriefingRequest(lang="en"), ("docx", "csv"))
    assert [file.product for file in pack.files] == ["csv"]
    assert [(f.product, "too large" in f.why) for f in pack.failures] == [("docx", True)]


# ---- a pack for each body


def test_a_pack_of_a_subdistrict_has_its_rows_alone_under_the_stamp_of_the_whole(facts):
    bodies = list_cut_bodies(facts.plan, "subdistrict")
    assert bodies == ["east", "west"]
    whole = facts.plan.published
    for body in bodies:
        cut = cut_facts(facts, "subdistrict", body)
        land = facts.plan.site.communities
        inside = set(land.index[land["subdistrict"] == body])
        assert set(cut.plan.site.communities.index) == inside
        assert set(cut.plan.subgrids["community"]) == inside
        assert set(cut.bodies["level"]) == {"city", "community"}
        # Every row is one of the release, or the body's own where the city's would stand.
        rows = cut.plan.published
        key = ["measure", "value", "shown"]
        own = rows[rows["level"] != "city"].merge(whole, on=["level", "of", "community", *key])
        assert len(own) == (rows["level"] != "city").sum()
        top = rows[rows["level"] == "city"][key]
        of_body = whole[(whole["level"] == "subdistrict") & (whole["of"] == body)][key]
        assert top.reset_index(drop=True).equals(of_body.reset_index(drop=True))
        assert cut.brief.stamp == facts.brief.stamp
        require_release(cut.plan)


def test_a_cut_that_was_changed_is_no_release(facts):
    cut = cut_release(facts.plan, "subdistrict", "east")
    rows = cut.published.copy()
    rows.loc[rows.index[-1], "value"] = 12345.0
    with pytest.raises(PlanError, match="changed after"):
        require_release(cut.replace(published=rows))
    with pytest.raises(PlanError, match="no subdistrict 'south'"):
        cut_release(facts.plan, "subdistrict", "south")
    bare = facts.plan.site.communities.assign(district="")
    with pytest.raises(PlanError, match="fill the column district"):
        list_cut_bodies(facts.plan.replace(communities=bare), "district")


def test_packs_of_all_bodies_lie_in_folders_under_one_page(folder, tmp_path):
    run("briefing", folder / "plan", "-o", tmp_path / "p", "--level", "subdistrict",
        "--products", "html,csv", "--lang", "zh")  # fmt: skip
    assert {path.name for path in (tmp_path / "p").iterdir()} == {"east", "west", "index.html"}
    page = Page((tmp_path / "p" / "index.html").read_bytes())
    assert set(page.links) == {"east/index.html", "west/index.html"}
    for link in page.links:
        assert (tmp_path / "p" / link).is_file()
    east = pd.read_csv(tmp_path / "p" / "east" / "指标数据.csv")
    assert set(east["level"]) == {"city", "community"}
    names = set(east["name"])
    assert "east" in names
    assert "west" not in names


def test_a_body_whose_name_no_folder_may_have_gets_another(working, tmp_path):
    land = working.site.communities
    odd = land.assign(subdistrict=land["subdistrict"].map({"east": "a/b", "west": "a:b"}))
    write_plan(release(working.replace(communities=odd)), tmp_path / "r")
    run("briefing", tmp_path / "r", "-o", tmp_path / "p", "--level", "subdistrict",
        "--products", "csv", "--lang", "both")  # fmt: skip
    folders = {path.name for path in (tmp_path / "p").iterdir() if path.is_dir()}
    assert folders == {"a_b-zh", "a_b-en", "a_b-2-zh", "a_b-2-en"}


# ---- small things


def test_pages_slides_and_sheets_are_counted(tmp_path):
    file = tmp_path / "a.pptx"
    with zipfile.ZipFile(file, "w") as parts:
        for name in ("ppt/slides/slide1.xml", "ppt/slides/slide2.xml", "ppt/slides/_rels/x.xml"):
            parts.writestr(name, "")
    assert count_pages("a.pptx", file.read_bytes()) == 2
    assert say_pages(PackFile("a.pptx", "pptx", b"", 2, 0.0), "en") == "2 slides"


def test_the_figures_of_a_pack_are_printed_for_programs(folder, tmp_path):
    done = CliRunner().invoke(
        app,
        [
            "briefing",
            str(folder / "plan"),
            "-o",
            str(tmp_path / "p"),
            "--products",
            "csv",
            "--json",
        ],
    )
    told = json.loads(done.stdout)
    assert [row["file"] for row in told["files"]] == ["figures.csv"]
    assert told["failures"] == []
