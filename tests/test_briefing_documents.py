"""Documents of a briefing as offices open them: pages, fonts, text, numbers, the same bytes twice.

The checks are in ``document_checks``; a few quick tests show that each of them
can fail, the slow ones run them on every product in both languages.
"""

import dataclasses
import io
import zipfile
from pathlib import Path

import pytest

import gridplan as gp
from gridplan.briefing.facts import collect_facts
from gridplan.briefing.products import PRODUCTS, find_writer
from gridplan.briefing.request import BriefingRequest
from gridplan.briefing.sections import write_sections
from gridplan.publishing.release_plan import release
from gridplan.synthetic import make_board_plan
from tests import document_checks, document_numbers, document_pages
from tests.document_numbers import Content

pytest.importorskip("docx")
pytest.importorskip("pptx")
pytest.importorskip("python_calamine")
LANGUAGES = ("zh", "en")
CASES = [(product, lang) for product in PRODUCTS for lang in LANGUAGES]


@pytest.fixture(scope="module")
def facts():
    return collect_facts(release(make_board_plan()))


def make_table(facts, value):
    """Make a table of the communities as a document has it, with one cell of our choice."""
    head = ["社区", "居民户", "城乡子网格（个）"]
    return Content([], [("table 1", [head, ["东湖社区", "120", value]])])


def test_a_cell_that_differs_from_its_fact_is_named(facts):
    assert document_numbers.check_cells(make_table(facts, "2"), facts, "zh") == ([], 2)
    faults, _compared = document_numbers.check_cells(make_table(facts, "3"), facts, "zh")
    assert faults == ["table 1: subgrids of 0301: '3' instead of 2"]


def hide(facts, state):
    """Make the facts as they were if the sub-grids of a community were not shown."""
    rows = (facts.values["fact"] == "subgrids") & (facts.values["level"] == "community")
    values = facts.values.assign(
        state=facts.values["state"].mask(rows, state), value=facts.values["value"].mask(rows)
    )
    return dataclasses.replace(facts, values=values)


def test_a_suppressed_cell_is_a_star_and_an_unknown_one_no_number(facts):
    for state, good, bad in (("suppressed", "*", ("0", "2", "")), ("unknown", "—", ("0", "2"))):
        hidden = hide(facts, state)
        assert document_numbers.check_cells(make_table(facts, good), hidden, "zh")[0] == []
        for text in bad:
            assert document_numbers.check_cells(make_table(facts, text), hidden, "zh")[0]


def test_a_suppressed_count_that_is_the_rest_of_a_total_is_named(facts):
    assert document_numbers.check_recoverable(facts) == []
    assert document_numbers.check_recoverable(hide(facts, "suppressed"))


def test_a_number_that_no_fact_has_is_named(facts):
    request = BriefingRequest(lang="zh", date="2026-11-29")
    pool = document_numbers.gather_pool(facts, write_sections(facts, request), request)
    text = Content([("text", "120户，户数达标率100.0%，2026年"), ("text", "0301-001")])
    assert document_numbers.check_numbers(text, facts, pool) == ([], 3)
    wrong = Content([("text", "共4,711户")], [("chart", [["a", 0.4711]])])
    faults, _looked = document_numbers.check_numbers(wrong, facts, pool)
    assert [fault.split(" is ")[0] for fault in faults] == ["text: 4,711", "chart: 0.4711"]


def test_dates_paths_and_formulas_in_a_container_are_named(tmp_path):
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w") as file:
        file.writestr("xl/worksheets/sheet1.xml", '<c r="A1"><f>1+1</f></c>')
    path = tmp_path / "a.pptx"
    with zipfile.ZipFile(path, "w") as file:
        for name, part in (("notes.xml", b"/home/somebody"), ("book.xlsx", book.getvalue())):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            file.writestr(info, part)
    faults = document_checks.check_container(path)
    assert [fault.partition(": ")[2].split(" ")[0] for fault in faults] == [
        *("names", "written", "holds")
    ]


def draw_pdf(path, font_type):
    """Draw Chinese text as PDF by a font whose outlines are of the kind CFF."""
    import matplotlib
    from matplotlib.figure import Figure

    from gridplan.errors import MissingPackageError
    from gridplan.plots.fonts import choose_font

    try:
        family = choose_font("网格")
    except MissingPackageError as error:
        pytest.skip(str(error))
    with matplotlib.rc_context({"pdf.fonttype": font_type}):
        figure = Figure(figsize=(4, 3))
        for row in range(6):
            figure.text(0.02, 0.05 + 0.15 * row, "网格长网格员楼栋长单元长", size=22, family=family)
        figure.savefig(path, format="pdf", metadata={"CreationDate": None})


@pytest.mark.filterwarnings("ignore")
def test_a_font_that_one_program_does_not_draw_is_seen(tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("pymupdf")
    need_programs()
    draw_pdf(tmp_path / "good.pdf", 3)
    assert document_pages.check_pdf(tmp_path / "good.pdf") == []
    draw_pdf(tmp_path / "bad.pdf", 42)
    assert any("differently" in fault for fault in document_pages.check_ink(tmp_path / "bad.pdf"))


def need_programs():
    missing = document_pages.find_missing_programs()
    if missing:
        pytest.skip(f"documents are looked at as pages: install {', '.join(missing)}")


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The example with everything, and as it was before a change: the folders of two releases."""
    folder = tmp_path_factory.mktemp("example")
    before = fill(gp.divide(gp.load_example(), seed=1))
    homes = before.stairwells
    community = homes["community"].iloc[0]
    first, second = homes.loc[homes["community"] == community, "subgrid"].unique()[:2]
    building = homes.loc[homes["subgrid"] == first, "building"].iloc[0]
    after = fill(gp.edit(before, [f"move building {building} to {second}"]).plan)
    gp.write_plan(gp.release(before), folder / "before")
    gp.write_plan(gp.release(after, before=[before]), folder / "after")
    return folder


def fill(plan):
    """Add all that a briefing has sections for."""
    for step in (gp.organise, gp.staff, gp.pair, gp.reach, gp.rate):
        plan = step(plan)
    return plan


@pytest.fixture(scope="module")
def written(example):
    """Every product of the example in both languages, and what it was made from."""
    facts = collect_facts(gp.read_plan(example / "after"))
    before = collect_facts(gp.read_plan(example / "before"))
    made = {}
    for product, lang in CASES:
        request = BriefingRequest(lang=lang, date="2026-11-29", before=before)
        path = example / f"{product}-{lang}.{product}"
        path.write_bytes(find_writer(product)(facts, request))
        made[product, lang] = path, request
    return facts, made


@pytest.fixture(scope="module")
def pages(written, tmp_path_factory):
    """Each product as PDF."""
    need_programs()
    paths = [path for path, _request in written[1].values()]
    office = [path for path in paths if path.suffix in document_pages.OFFICE]
    made = document_pages.convert(office, tmp_path_factory.mktemp("pages"))
    return {path: made.get(path, path) for path in paths if path.suffix != ".html"}


@pytest.mark.slow
@pytest.mark.parametrize(("product", "lang"), CASES)
def test_a_product_holds_nothing_of_the_machine(written, product, lang):
    assert document_checks.check_container(written[1][product, lang][0]) == []


@pytest.mark.slow
@pytest.mark.parametrize(("product", "lang"), [case for case in CASES if case[0] != "html"])
def test_pages_of_a_product_are_whole(written, pages, product, lang):
    path = written[1][product, lang][0]
    assert document_checks.check_pages(path, pages[path]) == []


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_atlas_has_every_community_and_grid_as_text(written, pages, lang):
    facts, made = written
    path = made["pdf", lang][0]
    grids = facts.plan.subgrids
    grids = grids[grids["kind"] != "open"]  # where nobody lives has no code on a sheet
    codes = [code.rpartition("-")[2] for code in grids.index]
    names = [name for name in facts.plan.site.communities["name"] if name]
    assert document_pages.check_text(pages[path], sorted({*codes, *names})) == []


@pytest.mark.slow
@pytest.mark.parametrize(("product", "lang"), [case for case in CASES if case[0] != "pdf"])
def test_every_number_of_a_product_is_one_of_the_facts(written, product, lang):
    facts, made = written
    path, request = made[product, lang]
    faults, (compared, looked) = document_checks.check_figures(
        path, facts, write_sections(facts, request), request
    )
    assert faults == []
    assert looked > 100
    assert compared or product != "xlsx"


@pytest.mark.slow
def test_nothing_suppressed_is_the_rest_of_a_total(written):
    assert document_numbers.check_recoverable(written[0]) == []


@pytest.mark.slow
@pytest.mark.parametrize("product", list(PRODUCTS))
def test_another_machine_on_another_day_writes_the_same_bytes(example, product, tmp_path):
    faults = document_checks.check_same_bytes(
        example / "after", product, "zh", tmp_path, Path(example / "before")
    )
    assert faults == []
