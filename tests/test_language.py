"""The language of the command line: one option for all verbs, and Chinese without English words."""

import csv
import re
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from gridplan.cli import app
from gridplan.cli.app import PANELS
from gridplan.tables.catalogue import SAME, read_rows
from gridplan.tables.translations import count_prose, translate
from tests.source_texts import PACKAGE, list_texts

CATALOGUES = PACKAGE / "tables" / "chinese"
ROOMS = sorted(file.stem for file in CATALOGUES.glob("*.csv"))
VERBS = [verb for verbs in PANELS.values() for verb in verbs]
# What stays: commands, types of values, codes, paths and options, and the values of options.
COMMAND = re.compile(r"gridplan .*|<[^>]*>|\[默认：[^\]]*\]|[│╭╰─╮╯]")
VALUES = """
none all quick default thorough most median centre classes tiles canteen simulation surge years both
instance name code institution community kind subdistrict versions worth cccp Ctrl-C
docx pptx xlsx html csv md atlas maps wallmap
"""
TYPED = re.compile(r"-{1,2}[a-z][a-z-]*|\S*[/_.\d]\S*")


def run(*words, status=0, lang="zh", environment=None):
    asked = ["--lang", lang] if lang else []
    done = CliRunner().invoke(
        app,
        [*map(str, words), *asked],
        env={"COLUMNS": "240", "TERMINAL_WIDTH": "240", **(environment or {})},
    )
    assert done.exit_code == status, (done.output, done.exception)
    return done


def find_english(text, allowed=()):
    """Find the lines in which an English word is left that is no code, path or option."""
    lines = []
    for line in text.splitlines():
        bare = TYPED.sub(" ", COMMAND.sub(" ", line))
        for word in allowed:
            bare = re.sub(rf"\b{re.escape(word)}\b", " ", bare)
        if count_prose(bare):
            lines.append(line.strip())
    return lines


@pytest.fixture(scope="module")
def village(tmp_path_factory):
    folder = tmp_path_factory.mktemp("village")
    words = ("--communities", 2, "--urban-share", 0.5, "--households", 500, "--seed", 2)
    said = [run("synth", folder / "v.gpkg", *words).output]
    said.append(run("plan", folder / "v.gpkg", "-o", folder / "plan").output)
    return SimpleNamespace(source=folder / "v.gpkg", plan=folder / "plan", said=said)


@pytest.mark.parametrize("room", ROOMS)
def test_every_text_of_a_room_has_a_row_in_its_catalogue(room):
    known = set().union(*read_rows().values())
    missing = [t for t in list_texts(PACKAGE, room) if t.text not in known]
    assert not missing, "\n".join(f"{t.file}:{t.line}  {t.text}" for t in missing)


def test_every_room_with_texts_has_a_catalogue():
    assert {text.room for text in list_texts()} <= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_the_chinese_of_a_row_has_the_gaps_of_its_english(room):
    for en, zh in read_rows()[room].items():
        assert zh, en
        gaps, filled = (set(re.findall(r"\{(\d+)", text)) for text in (en, zh))
        assert zh == SAME or filled <= gaps, en
        assert ";" not in re.sub(r'"[^"]*"|gridplan .*', "", zh), zh


def test_no_english_text_stands_twice_in_a_catalogue():
    for file in CATALOGUES.glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as rows:
            texts = [row["en"] for row in csv.DictReader(rows)]
        assert len(texts) == len(set(texts)), file.name


@pytest.mark.parametrize("verb", [None, *VERBS])
def test_help_has_no_english_sentence(verb):
    text = run(*[verb] * (verb is not None), "--help").stdout
    assert not find_english(text, [*VALUES.split(), *VERBS])
    assert "用法" in text
    assert "选项" in text


def test_the_option_stands_before_the_verb_or_after_it_and_the_environment_is_asked_last():
    def speaks_chinese(*words, **environment):
        names = dict.fromkeys(("GRIDPLAN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"), "")
        said = run(*words, "--help", lang="", environment={**names, **environment}).stdout
        return "用法" in said

    assert not speaks_chinese("plan")
    assert speaks_chinese("--lang", "zh", "plan")
    assert speaks_chinese("plan", "--lang=zh")
    assert not speaks_chinese("--lang", "zh", "plan", "--lang", "en")
    assert speaks_chinese("plan", LANG="zh_CN.UTF-8")
    assert not speaks_chinese("plan", LANG="zh_CN.UTF-8", LC_ALL="C.UTF-8")
    assert not speaks_chinese("plan", LANG="zh_CN.UTF-8", GRIDPLAN_LANG="en")
    assert speaks_chinese("plan", GRIDPLAN_LANG="zh")


def test_mistakes_in_a_command_are_told_in_chinese():
    for words in (("plann",), ("plan", "--sed", 1), ("plan", "--seed", "x"), ("audit",)):
        said = run(*words, status=2).stderr
        assert not find_english(said, [*VERBS, "plann"]), said
    # what was typed stays as it was
    assert "plann" in run("plann", status=2).stderr


def test_a_plan_is_drawn_and_audited_in_chinese(village):
    said = [*village.said, run("audit", village.plan).output]
    assert not find_english("\n".join(said))
    assert "已写入" in said[1]
    # programs read this: it is the same in every language
    figures = [run("audit", village.plan, "--json", lang=lang).stdout for lang in ("zh", "en")]
    assert figures[0] == figures[1]


def test_the_verbs_on_people_and_reach_speak_chinese(village):
    for verb in ("organise", "staff", "pair", "rate", "reach"):
        said = run(verb, village.plan, "--overwrite").output
        assert not find_english(said), said


def test_what_is_handed_out_speaks_chinese(village):
    released = village.plan.parent / "released"
    for words in (("release", village.plan, "-o", released), ("brief", released)):
        said = run(*words).output
        assert not find_english(said), said
    said = run("map", released, "--release").output
    assert not find_english(said), said
    # one option drives the screen and the page
    assert 'lang="zh-CN"' in (released / "map.html").read_text(encoding="utf-8")


def test_wrong_data_is_told_in_chinese(village, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("building,floors,x,y\nb1,-3,118.1,39.6\nb1,2,118.1,39.6\n", encoding="utf-8")
    for words in (
        ("check", bad),
        ("check", tmp_path / "none.gpkg"),
        ("audit", tmp_path),
        ("plan", village.source, "-o", village.plan),
        ("plan", village.source, "-o", tmp_path / "p", "--set", "urban.lw=3"),
    ):
        done = CliRunner().invoke(app, [*map(str, words), "--lang", "zh"])
        assert done.exit_code == 1
        said = translate(str(done.exception))
        assert not find_english(said, ("low", "target", "high", "crs")), said


def test_names_from_the_data_stay_as_they_are():
    refused = translate("there is no plan in x -> make one: gridplan plan SOURCE -o homes")
    assert refused.endswith("gridplan plan SOURCE -o homes")
    assert "方案" in refused
    assert translate("Old Street") == "Old Street"
    assert translate("gridplan schema buildings") == "gridplan schema buildings"


def test_a_text_is_translated_whole_or_by_its_parts():
    assert translate("2 communities, 7 buildings (5 homes)") == "2 个社区，7 栋楼（5 栋住宅）"
    assert translate("  written    outputs/town") == "  已写入     outputs/town"
    assert translate("the moon is blue") == "the moon is blue"
