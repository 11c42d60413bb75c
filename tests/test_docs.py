"""The documentation: links lead somewhere, commands parse, code runs, and English is plain."""

import contextlib
import importlib.util
import json
import pkgutil
import re
import shlex
import shutil
import unicodedata
from pathlib import Path, PurePosixPath

import pytest
import typer
from typer.testing import CliRunner

from benchmarks.__main__ import BENCHMARKS
from gridplan.cli import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *DOCS.rglob("*.md"),
        ROOT / "data/example/README.md",
        ROOT / "outputs/README.md",
    ]
)
GUIDE = [DOCS / page for page in re.findall(r"guide/[\w-]+\.md", (ROOT / "mkdocs.yml").read_text())]

# Words that read as translated, and what is said instead.
BANNED = {
    r"told|tells": "report, say, show",
    r"mend(s|ed|ing)?": "repair",
    r"anew|afresh,? and": "again, from scratch",
    r"nought": "zero",
    r"whom": "who",
    r"betters|bettered": "improve",
    r"least upset": "moving as few households as possible",
    r"hang(s|ing)? on": "depends on",
    r"hand(s|ed)? on": "pass, give",
    r"stands in": "takes the place of",
    r"(is|can be) had": "exists, is possible",
}

# Lines of the guide that need an extract of one's own, the internet, a cluster, or instances that
# others publish. All other lines run as they are printed.
NOT_HERE = re.compile(r"town\.osm|--place|/shared|--engine dask|bench instances")
# What makes a line of the guide take seconds instead of minutes; the last value of an option holds.
QUICKLY = {
    "frontier": ["--effort", "quick"],
    "alternatives": ["--effort", "quick"],
    "budget": ["--share", "0.05"],
    "simulate": ["--replications", "1"],  # the days are in the file of scenarios
    "surge": ["--replications", "1", "--no-worth"],
    "years": ["--years", "3", "--replications", "1"],  # the template has a change in year 3
}


def load_script(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def name_page(path):
    return str(path.relative_to(ROOT))


def list_blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def slug(heading):
    """Make the anchor of a heading, as MkDocs does."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def list_anchors(text):
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    for heading in re.findall(r"^#+ (.*)$", prose, re.MULTILINE):
        given = re.search(r"\{ #([\w-]+) \}", heading)
        yield given.group(1) if given else slug(heading)


def list_commands(text):
    """List the words of every gridplan command that a page shows: in bash blocks, and indented."""
    lines = []
    for block in list_blocks(text, "bash"):
        lines += block.replace("\\\n", " ").splitlines()
    return read_words([*lines, *re.findall(r"^ {4}(gridplan .*)$", text, re.MULTILINE)])


def list_mentions(text):
    """List the words of every gridplan command that a sentence or a table of a page mentions."""
    return read_words(re.findall(r"`(gridplan [^`]+)`", text))


def read_words(lines):
    for line in lines:
        words = shlex.split(" ".join(line.split()), comments=True)
        if words[:1] == ["gridplan"] and len(words) > 1 and words[1] != "VERB":
            yield words[1:]


def split_redirection(words):
    return (words[: words.index(">")], words[-1]) if ">" in words else (words, None)


MADE = load_script("generate").make_pages()


@pytest.mark.parametrize("path", PAGES, ids=name_page)
def test_every_link_leads_to_a_page_and_a_heading_that_exist(path):
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        page, _, anchor = target.partition("#")
        if page.startswith(("http:", "https:", "//")):
            broken.append(f"{target}: the manual must not need a network")
            continue
        goal = (path.parent / page).resolve() if page else path
        made = str(PurePosixPath(goal.relative_to(DOCS))) if goal.is_relative_to(DOCS) else ""
        if not goal.exists() and made not in MADE:
            broken.append(target)
        elif anchor:
            there = goal.read_text(encoding="utf-8") if goal.exists() else MADE[made]
            if anchor not in set(list_anchors(there)):
                broken.append(target)
    assert not broken


def check_command(words):
    """Parse a command without running it; files need not exist."""
    (verb, *args), _ = split_redirection(words)
    group = typer.main.get_command(app)
    if verb.startswith("-"):  # an option before a verb, such as --version
        assert verb in {text for item in group.params for text in item.opts}, verb
        return
    assert verb in group.commands, " ".join(words)
    command = group.commands[verb]
    context = command.make_context(verb, [], resilient_parsing=True)
    context.resilient_parsing = False  # from here on, what is wrong is raised
    values, left, _ = command.make_parser(context).parse_args(list(args))
    assert not left, f"{' '.join(words)}: {left} is too much"
    for param in command.params:
        if param.name not in values or values[param.name] is None:
            continue
        try:
            param.process_value(context, values[param.name])
        except Exception as error:
            if "exist" not in str(getattr(error, "message", error)):
                raise


@pytest.mark.parametrize("path", PAGES, ids=name_page)
def test_every_command_of_a_page_is_one_that_gridplan_takes(path):
    if path.name == "CHANGELOG.md":  # names those that were
        return
    text = path.read_text(encoding="utf-8")
    for words in list_commands(text):
        check_command(words)
    for words in list_mentions(text):
        try:
            check_command(words)
        except Exception as error:  # `gridplan years --policy` names the option alone
            if "requires an argument" not in str(getattr(error, "message", error)):
                raise


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--instal-completion", "--instal-completion"),
        ("ordit outputs/town", "ordit"),
        ("audit outputs/town --severe", "--severe"),
        ("audit outputs/town outputs/other", "too much"),
        ("map outputs/town --lang latin", "latin"),
    ],
)
def test_a_command_that_gridplan_does_not_take_is_noticed(line, says):
    with pytest.raises(Exception, match=re.escape(says)):
        check_command(line.split())


def run_line(words):
    (verb, *args), page = split_redirection(words)
    result = CliRunner().invoke(app, [verb, *args, *([] if page else QUICKLY.get(verb, []))])
    if page:
        Path(page).write_text(result.stdout, encoding="utf-8")
    return result


def bring_example(folder):
    """Bring what is in a clone; all other files are made by the commands of the pages."""
    (folder / "data/example").mkdir(parents=True)
    shutil.copy(ROOT / "data/example/town.gpkg", folder / "data/example/town.gpkg")


def copy_file(line):
    """Carry out a line ``cp FROM TO`` of a page."""
    _, source, target = line.split()
    shutil.copy(source, target)


def test_the_commands_of_the_page_on_data_run(tmp_path):
    bring_example(tmp_path)
    with contextlib.chdir(tmp_path):
        for words in list_commands((DOCS / "guide/your-data.md").read_text(encoding="utf-8")):
            if words[0] in {"check", "schema", "rules"}:
                result = run_line(words)
                assert result.exit_code == 0, f"{' '.join(words)}\n{result.output}"


def run_pages(pages):
    """Run the lines of pages one after the other; return those that failed, and how many ran."""
    failed, run = [], 0
    for path in pages:
        for block in list_blocks(path.read_text(encoding="utf-8"), "bash"):
            for line in re.findall(r"^cp .*$", block, re.MULTILINE):
                copy_file(line)
            for words in list_commands(f"```bash\n{block}```"):
                if NOT_HERE.search(" ".join(words)):
                    continue
                # Each page writes the files that it needs, where another may have done so.
                again = ["--overwrite"] if words[:2] == ["synth", "trial"] else []
                run += 1
                result = run_line([*words, *again])
                if result.exit_code != 0:
                    failed.append(f"{path.stem}: {' '.join(words)}\n{result.output[-600:]}")
    return failed, run


@pytest.mark.slow
def test_the_commands_of_the_guide_run_one_after_the_other(tmp_path):
    bring_example(tmp_path)
    with contextlib.chdir(tmp_path):
        failed, run = run_pages([*GUIDE, DOCS / "how-good.md"])
    assert not failed, "\n".join(failed)
    assert run > 50


@pytest.mark.slow
def test_the_commands_of_the_chinese_pages_run_one_after_the_other(tmp_path):
    bring_example(tmp_path)
    pages = ("first-plan", "redraw", "people", "release")
    with contextlib.chdir(tmp_path):
        failed, run = run_pages([DOCS / f"zh/{page}.md" for page in pages])
    assert not failed, "\n".join(failed)
    assert run > 15


def test_the_files_that_the_readme_names_are_there(tmp_path):
    """Every path that a command of it reads is in a clone, or written by one of its commands."""
    bring_example(tmp_path)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [" ".join(words) for words in [*list_commands(text), *list_mentions(text)]]
    with contextlib.chdir(tmp_path):
        assert run_line(["synth", "trial", "--example"]).exit_code == 0
        for line in lines:
            for path in re.findall(r"(?:trial|data)/\S+\.\w+", line):
                assert Path(path).exists(), line
    # What others name is a plan or a town that an earlier line of the table wrote.
    written = {line.split(" -o ")[1].split()[0] for line in lines if " -o " in line}
    written |= {line.split()[1] for line in lines if line.startswith("synth ")}
    for line in lines:
        read = set(re.findall(r"outputs/\S+", line.split(" -o ")[0]))
        assert read <= written, line


def list_code():
    for path in PAGES:
        for number, block in enumerate(list_blocks(path.read_text(encoding="utf-8"), "python")):
            marks = [pytest.mark.slow] if re.search(r"divide\(|make_town|read_osm", block) else []
            yield pytest.param(block, id=f"{name_page(path)}-{number}", marks=marks)


@pytest.mark.parametrize("code", list(list_code()))
@pytest.mark.filterwarnings("default")
def test_the_code_of_a_page_runs(code, tmp_path, monkeypatch, capsys):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    bring_example(tmp_path)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "<page>", "exec"), {"__name__": "__page__"})
    pyplot.close("all")


def test_the_readme_is_a_page_that_is_read():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 900
    chinese = (ROOT / "README.zh.md").read_text(encoding="utf-8")
    assert 500 < len(re.findall("[一-鿿]", chinese)) <= 1500


def find_banned(text):
    return [
        f"{found.group()!r}: say {better}"
        for pattern, better in BANNED.items()
        for found in re.finditer(rf"\b({pattern})\b", text, re.IGNORECASE)
    ]


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read_prose(path):
    """What a page or a notebook says; what the program printed into a notebook is not prose."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS], ids=name_page)
def test_a_page_is_in_plain_english(path):
    assert not find_banned(read_prose(path))


@pytest.mark.parametrize("path", PAGES, ids=name_page)
def test_a_page_is_read_without_scrolling_sideways(path):
    if path.name in {"CHANGELOG.md"} or path.parent.name in {"example", "outputs"}:
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    wide = [line for line in lines if len(line) > 100 and not line.startswith(("|", "!["))]
    assert not wide


def test_the_help_is_in_plain_english():
    wrong = {}
    for verb, command in typer.main.get_command(app).commands.items():
        texts = [command.help or "", *(getattr(p, "help", "") or "" for p in command.params)]
        found = find_banned("\n".join(texts))
        if found:
            wrong[verb] = found
    assert not wrong


def test_words_that_read_as_translated_are_noticed():
    assert find_banned("It mends whom it is told.") != []
    assert find_banned("It repairs what is broken, and recommends an amendment.") == []


def test_every_page_is_in_the_menu_and_every_picture_is_small():
    menu = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    assert menu == {str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md")} | {
        page for page in MADE if page.endswith(".md")
    }
    shown = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    for picture in (DOCS / "images").iterdir():
        assert picture.stat().st_size < 250_000, picture.name
        assert f"images/{picture.name}" in shown, picture.name


def find_missing_code(text):
    """Files, folders, modules, names and benchmarks that a page names and that do not exist."""
    places = [ROOT, ROOT / "gridplan", *(p for p in (ROOT / "gridplan").iterdir() if p.is_dir())]
    for path in re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.(?:py|csv|md))?)`", text):
        if not any((place / path).exists() for place in places):
            yield path
    for name in re.findall(r"`(?:[a-z_]+/)*([a-z_]+\.py)`", text):
        if not any(any(place.rglob(name)) for place in (ROOT / "gridplan", DOCS, ROOT / "tests")):
            yield name
    for name in re.findall(r"`((?:gridplan|gp)(?:\.[a-z_]+)+)\b", text):
        if name not in {"gridplan.shp", "gridplan.gpkg"} and not is_importable(name):
            yield name
    for name in re.findall(r"python -m benchmarks (\w+)", text):
        if name not in BENCHMARKS:
            yield f"benchmarks {name}"


def is_importable(name):
    try:
        pkgutil.resolve_name(re.sub(r"^gp\b", "gridplan", name))
    except (ImportError, AttributeError):
        return False
    return True


@pytest.mark.parametrize("path", PAGES, ids=name_page)
def test_everything_of_the_code_that_a_page_names_exists(path):
    if path.name != "CHANGELOG.md":  # names what was there
        assert list(find_missing_code(path.read_text(encoding="utf-8"))) == []


def test_a_room_has_the_modules_that_the_page_of_the_house_gives_it():
    text = (DOCS / "design/house.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z]+)` \|(.*)$", text, re.MULTILINE)
    named = [(room, path) for room, row in rows for path in re.findall(r"`([\w/]+\.\w+)`", row)]
    houses = [ROOT / "gridplan", ROOT / "gridplan/tables"]
    missing = [
        f"{room}: {path}"
        for room, path in named
        if not any((house / path).exists() for house in (ROOT / "gridplan" / room, *houses))
        and path != "plan.toml"
    ]
    assert len(named) > 40
    assert not missing


def test_what_a_page_names_and_is_not_there_is_noticed():
    text = (
        "See `reading/nowhere.py`, `gridplan.no_room`, `gp.no_name()`, `python -m benchmarks no`."
    )
    assert list(find_missing_code(text)) == [
        "reading/nowhere.py",
        "nowhere.py",
        "gridplan.no_room",
        "gp.no_name",
        "benchmarks no",
    ]
    assert not list(find_missing_code("`gp.divide(site)`, `division/divide.py`, `rules/`"))


@pytest.mark.parametrize("path", GUIDE, ids=name_page)
def test_a_page_of_the_guide_begins_with_a_picture(path):
    assert path.read_text(encoding="utf-8").splitlines()[2].startswith("![")


def test_the_pages_of_rules_tables_and_names_are_complete():
    from dataclasses import fields, is_dataclass

    import gridplan
    from gridplan import Rules
    from gridplan.tables.schema import read_schema

    for section in fields(Rules()):
        if is_dataclass(getattr(Rules(), section.name)):
            assert f"`[{section.name}]`" in MADE["reference/rules.md"]
    for table, columns in read_schema().items():
        assert f"## {table}\n" in MADE["reference/schema.md"]
        assert all(column.zh in MADE["zh/schema.md"] for column in columns)
    for name in set(gridplan.__all__) - {"__version__", "errors", "synthetic"}:
        assert re.search(rf"^::: gridplan\.[\w.]*\b{name}$", MADE["reference/api.md"], re.M), name
    for verb in typer.main.get_command(app).commands:
        assert f"\n## {verb}\n" in MADE["reference/commands.md"]


def test_an_address_outside_the_site_is_noticed(tmp_path):
    find_remote = load_script("check_site").find_remote
    (tmp_path / "a.html").write_text('<script src="js/a.js"></script><a href="b.html">b</a>')
    assert find_remote(tmp_path) == []
    (tmp_path / "b.html").write_text('<script src="https://example.org/a.js"></script>')
    (tmp_path / "c.css").write_text("@font-face { src: url(//example.org/f.woff2) }")
    assert len(find_remote(tmp_path)) == 2
