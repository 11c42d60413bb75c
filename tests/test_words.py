"""The words of pages: each in both languages, each that is asked for known, and none left over."""

import ast
import csv
import re
from pathlib import Path

import pytest

from gridplan.plan import ALL_TABLES
from gridplan.publishing.brief_plan import find_targets
from gridplan.publishing.published_figures import list_figures
from gridplan.reading.kind_words import read_kind_words
from gridplan.rules.all_rules import Rules
from gridplan.rules.coverage import DEMONSTRATION, GROUPS, SERVICES, STREET_SERVICE, say_kind
from gridplan.storage.plan_folder import OWN_FILES
from gridplan.tables.schema import find_columns
from gridplan.tables.words import MAPS, list_words, say

PACKAGE = Path(__file__).parents[1] / "gridplan"
CHINESE = re.compile("[\u4e00-\u9fff]")
GAP = re.compile(r"\{\w*\}")


def read_rows():
    """Read words.csv as it stands, without gridplan."""
    with (PACKAGE / "tables" / "words.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


ROWS = read_rows()


def read_text(node):
    """Read a string as a pattern of what it can be, gaps as any word; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = (read_text(p) if isinstance(p, ast.Constant) else r"\w+" for p in node.values)
        return "".join(parts)
    return None


def scan_python(sources):
    """Scan modules: patterns of all strings, of keys given to say, and of words looked up."""
    strings, said, looked_up = set(), set(), set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            strings.add(read_text(node))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say":
                said.add(read_text(node.args[0]))
            if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "words":
                looked_up.add(read_text(node.slice))
    return strings - {None}, said - {None}, looked_up - {None}


def scan_scripts(sources):
    """Scan the scripts of maps: patterns of all strings, and of the words they read."""
    strings, looked_up = set(), set()
    for source in sources:
        strings |= {re.escape(text) for text in re.findall(r"\"(\w+)\"", source)}
        looked_up |= set(re.findall(r"\bwords\.(\w+)", source))
        looked_up |= {f"{start}\\w+" for start in re.findall(r"\bwords\[\"(\w+)\" \+", source)}
    return strings, looked_up


def read_sources(*patterns):
    """Read the files of the package that match."""
    paths = sorted(path for pattern in patterns for path in PACKAGE.glob(pattern))
    assert paths
    return [path.read_text(encoding="utf-8") for path in paths]


PYTHON = scan_python(
    read_sources(
        *("maps/*.py", "plots/**/*.py", "publishing/*.py", "storage/*.py", "workbench/*.py"),
        "briefing/**/*.py",
    )
)
# The gaps of sentences that rules fill, not figures.
TARGETS = {f"{{{name}}}" for name in find_targets(Rules())}
# Pages that are read whole; other tests hold their keys.
WHOLE = (
    *("sentence", "cause", "plan_file", "post_kind", "demand_unit", "studio"),
    *("ranking", "period", "inventory", "rating", "room", "gap_rule", "value", "unit", "scenario"),
    *("remedy", "place_kind"),
)
# Where codes come from that are words of a plot as they stand: prices, and what a surge depends on.
CODES = scan_python(
    read_sources(
        "comparison/frontier.py",
        "comparison/subgrid_changes.py",
        "simulation/surge/*.py",
        "synthetic/terrain.py",
    )
)[0]
SCRIPTS = scan_scripts(read_sources("maps/assets/*.js"))


def is_known(pattern):
    """Whether a key given to say, perhaps with gaps, names a word."""
    names = {f"{row['page']}.{row['key']}" for row in ROWS}
    names |= {row["key"] for row in ROWS if row["page"] in MAPS}
    return any(re.fullmatch(pattern, name) for name in names)


def find_unused():
    """Find the words that nothing names: no string of Python or of a script can be their key."""
    strings, _, _ = PYTHON
    texts, looked_up = SCRIPTS
    patterns = strings | CODES | texts | looked_up
    # A pattern that begins with a gap, such as a number with its unit, could be any word.
    patterns = [re.compile(p) for p in patterns if not p.startswith(r"\w+") or p == r"\w+_one"]
    return [
        f"{row['page']}.{row['key']}"
        for row in ROWS
        if row["page"] not in WHOLE
        and not any(
            p.fullmatch(row["key"]) or p.fullmatch(f"{row['page']}.{row['key']}") for p in patterns
        )
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['page']}.{row['key']}")
def test_every_word_stands_in_both_languages_with_the_same_gaps(row):
    # What has no word of its own, such as a comma or a line to write on, needs none in Chinese.
    if re.search("[A-Za-z]", re.sub(r"\{\w+\}", "", row["en"])):
        assert CHINESE.search(row["zh"])
    assert not CHINESE.search(row["en"])
    assert sorted(set(GAP.findall(row["en"]))) == sorted(set(GAP.findall(row["zh"])))
    assert row["en"].count("|") == row["zh"].count("|")


def test_every_kind_of_post_has_a_name_in_both_languages():
    kinds = [*(service.kind for service in (*SERVICES, STREET_SERVICE)), DEMONSTRATION]
    assert list(list_words("post_kind")) == kinds
    assert say_kind("canteen", "zh") == "社区食堂"


def test_every_kind_that_a_file_may_give_in_chinese_has_a_name():
    special = next(c for c in find_columns("special_grids") if c.name == "kind").values
    given = set(read_kind_words("kind").values())
    assert set(list_words("place_kind")) == (given | set(special)) - set(list_words("post_kind"))


def test_every_group_that_posts_serve_has_its_unit():
    assert list(list_words("demand_unit")) == list(GROUPS)


def test_every_table_and_file_of_a_plan_has_a_note():
    beside = {"centres", "manifest", "layer_styles"}
    assert set(list_words("plan_table")) == {*ALL_TABLES, *beside}
    assert set(list_words("plan_file")) == set(OWN_FILES)


def test_no_word_stands_twice_and_keys_of_maps_are_of_one_page():
    names = [(row["page"], row["key"]) for row in ROWS]
    assert len(set(names)) == len(names)
    assert not set(list_words("map")) & set(list_words("timeline"))


@pytest.mark.parametrize("key", list_words("sentence"))
def test_a_sentence_takes_the_figures_that_its_key_names(key):
    figures = key.split("|")
    assert set(figures) <= set(list_figures())
    for lang in ("en", "zh"):
        gaps = set(GAP.findall(list_words("sentence", lang)[key]))
        assert gaps - TARGETS == {f"{{{f}}}" for f in figures}


def test_every_target_is_named_by_a_sentence():
    gaps = {gap for text in list_words("sentence").values() for gap in GAP.findall(text)}
    assert gaps >= TARGETS


def test_every_key_that_is_asked_for_is_a_word():
    _, said, looked_up = PYTHON
    assert said
    # A line for the terminal has spaces, a key has none.
    keys = [pattern for pattern in sorted(said) if "\\ " not in pattern]
    assert [pattern for pattern in keys if not is_known(pattern)] == []
    plots = {row["key"] for row in ROWS if row["page"].endswith("_plot")}
    assert [p for p in sorted(looked_up) if not any(re.fullmatch(p, k) for k in plots)] == []
    keys = set(list_words("map"))
    assert [p for p in sorted(SCRIPTS[1]) if not any(re.fullmatch(p, k) for k in keys)] == []


def test_no_word_is_left_over():
    assert find_unused() == []


def test_the_scans_see_keys_with_and_without_gaps():
    source = 'say("legend"); say(f"view_{v}"); words["size"]; say(word)'
    strings, said, looked_up = scan_python([source])
    assert said == {"legend", r"view_\w+"}
    assert looked_up == {"size"}
    assert {"legend", "size"} <= strings
    assert scan_scripts(['x(words.map, words["events_" + kind])'])[1] == {"map", r"events_\w+"}
    assert not is_known("no_such_word")
    assert not is_known(r"no_such_\w+")


def test_a_word_that_is_not_there_is_refused():
    with pytest.raises(KeyError, match="no word 'no_such_word'"):
        say("no_such_word")
    with pytest.raises(KeyError):
        say("brief.no_such_word")


def test_a_word_without_values_keeps_its_gaps_for_the_page():
    assert say("gap_of") == "Gap {rank}"
    assert say("gap_of", "zh", rank=3) == "缺口 3"
    assert list_words("change_plot")["spread"] == "spread\n(%)"
