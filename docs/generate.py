"""Pages of the site that are made, not written: API, rules, tables and notebooks.

MkDocs calls ``on_files`` (see ``hooks`` in ``mkdocs.yml``). Nothing is written
into the repository: the pages exist in the built site only. The API follows
the door ``gridplan/__init__.py``, the rules their declarations, the tables
``schema.csv``, and the notebooks are those of ``notebooks/`` with the outputs
that `make notebooks` left in them.
"""

from __future__ import annotations

import ast
import base64
import json
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).parents[1]

# The door's names by what a user wants. A name in no list comes under
# "Other", so that a new one is never lost.
CHAPTERS = {
    "Values": "Plan Site Rules Scenario Event Estate",
    "Read and write": "load_example read_site read_osm_place read_plan write_plan",
    "Draw a plan": "divide add_upper_grids import_grids import_edits",
    "Judge it": "audit prove compare find_alternatives trace_frontier",
    "Change it": "studio redraw repair edit preview find_triggers trace_budget",
    "People": "organise staff pair rate",
    "Service": "reach propose_posts",
    "What would happen": "simulate surge simulate_years",
    "Publish": "release check_release write_brief",
    "Look at it": "draw_map write_map plot plot_map draw_sheet",
}
SECTIONS = {
    "urban": "城市社区户数区间",
    "rural": "农村户数区间",
    "prices": "代价",
    "site": "场地数据",
    "households": "户数估算",
    "stairwells": "单元",
    "neighbours": "相邻关系",
    "walking": "步行",
    "division": "划分",
    "outlines": "网格边界",
    "exclusive": "专属网格",
    "special": "专项网格",
    "grids": "上层网格",
    "organisation": "党组织体系",
    "staffing": "岗位配备",
    "pairing": "包联",
    "rating": "评级",
    "ranking": "排名",
    "disclosure": "信息公布",
    "coverage": "覆盖与可达",
    "redraw": "调整",
    "simulation": "仿真",
    "surge": "应急下沉",
    "years": "逐年推演",
    "columns": "列名对照",
}
RULES_HEADS = {
    "en": [
        "# Rules 规则",
        "",
        "`gridplan rules > plan.toml` prints them all; `--rules plan.toml` or",
        "`--set urban.target=28` changes them; every plan keeps the rules it was drawn by.",
        "Where the source is an assumption, put in your own figure.",
    ],
    "zh": [
        "# 规则",
        "",
        "`gridplan rules > plan.toml` 可导出全部规则，用 `--rules plan.toml` 或",
        "`--set urban.target=28` 修改；方案中保存划分时所用的规则。",
        "出处注明是假设的，请换成本地数字。",
    ],
}
RULES_COLUMNS = {
    "en": "| rule | default | unit | meaning | source |",
    "zh": "| 规则 | 默认值 | 单位 | 含义 | 出处 |",
}
NEEDS = {"key": "主键", "required": "必填", "optional": "选填", "given": "必填"}


def make_pages() -> dict[str, str | bytes]:
    """Make all pages and pictures that are not written by hand: path in the site -> content."""
    pages: dict[str, str | bytes] = {
        "contributing.md": move_links("CONTRIBUTING.md"),
        "changes.md": move_links("CHANGELOG.md"),
        "reference/api.md": write_api(),
        "reference/commands.md": write_commands(),
        "reference/rules.md": write_rules("en"),
        "reference/schema.md": write_schema("en"),
        "zh/rules.md": write_rules("zh"),
        "zh/schema.md": write_schema("zh"),
    }
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        pages |= write_notebook(path)
    return pages


def on_files(files: Any, config: Any) -> Any:
    """Add the made pages to those that MkDocs found (a hook that MkDocs calls)."""
    from mkdocs.structure.files import File

    for path, content in make_pages().items():
        files.append(File.generated(config, path, content=content))
    return files


def read_door() -> dict[str, str]:
    """Read where every public name lives, from the imports of the door or of its stub."""
    stub = ROOT / "gridplan" / "__init__.pyi"
    door = stub if stub.exists() else stub.with_suffix(".py")
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(door.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gridplan")
        for alias in node.names
    }


def write_api() -> str:
    """Write the page of the API: one chapter for each purpose, in the door's own words."""
    door = read_door()
    lines = [
        "# API",
        "",
        "Every public name is at the door: `import gridplan as gp`, then `gp.divide(...)`.",
        "Errors live in `gp.errors`, the maker of made-up towns in `gp.synthetic`.",
        "",
    ]
    listed = {name for names in CHAPTERS.values() for name in names.split()}
    chapters = {title: names.split() for title, names in CHAPTERS.items()}
    chapters["Other"] = sorted(set(door) - listed - {"errors", "synthetic"})
    for title, names in chapters.items():
        known = [name for name in names if name in door]
        if known:
            lines += [f"## {title}", ""]
        for name in known:
            lines += [f"::: {door[name]}", "    options:", "      heading_level: 3", ""]
    lines += ["## Errors", "", "::: gridplan.errors", "    options:", "      heading_level: 3", ""]
    return "\n".join(lines)


def move_links(name: str) -> str:
    """Read a page of the repository's root, its links moved to where the site has their targets."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return text.replace("](docs/", "](").replace("](CHANGELOG.md", "](changes.md")


def write_commands() -> str:
    """Write the page of all commands from the command line itself."""
    import typer

    from gridplan.cli import app

    group: Any = typer.main.get_command(app)
    lines = [
        "# Commands",
        "",
        "`gridplan VERB --help` prints the same in the terminal. Status 0: done; 1: problems found",
        "in the data or the plan; 2: the command was not understood.",
        "",
    ]
    for verb, command in group.commands.items():
        # what the terminal colours is plain here, and \\f ends what is meant for it
        text = re.sub(r"\[/?(bold|dim|cyan|green)\]", "", (command.help or "").split("\f")[0])
        said = [part.strip() for part in text.split("\n\n") if part.strip()]
        lines += [f"## {verb}", "", *said[:1], ""]
        examples = [" ".join(part.split()) for part in said[1:] if part.startswith("gridplan ")]
        lines += [f"{part}\n" for part in said[1:] if not part.startswith("gridplan ")]
        if examples:
            lines += ["```text", *examples, "```", ""]
        lines += ["| argument or option | meaning | default |", "|---|---|---|"]
        for item in command.params:
            if item.name == "help":
                continue
            names = ", ".join(f"`{name}`" for name in (*item.opts, *item.secondary_opts))
            is_option = item.param_type_name == "option"
            name = names if is_option else f"`{item.metavar or item.name.upper()}`"
            default = item.default if isinstance(item.default, str | int | float) else None
            shown = f"`{default}`" if default not in (None, "", False, True) else ""
            lines.append(join_cells((name, getattr(item, "help", "") or "", shown)))
        lines.append("")
    return "\n".join(lines)


def write_rules(lang: Literal["zh", "en"]) -> str:
    """Write the page of all rules: a table for each section of ``plan.toml``."""
    from gridplan import Rules
    from gridplan.rules.chinese_rules import translate_rule, translate_unit

    rules = Rules()
    lines = [*RULES_HEADS[lang], ""]
    for section in fields(rules):
        value = getattr(rules, section.name)
        if not is_dataclass(value):
            continue
        title = " ".join(filter(None, (f"`[{section.name}]`", SECTIONS.get(section.name, ""))))
        lines += [f"## {title} {{ #{section.name} }}", ""]
        lines += [RULES_COLUMNS[lang], "|---|---|---|---|---|"]
        for entry in fields(value):
            texts = [entry.metadata.get(name, "") for name in ("unit", "meaning", "source")]
            if lang == "zh":
                texts = [translate_unit(texts[0]), *map(translate_rule, texts[1:])]
            default = write_default(getattr(value, entry.name))
            lines.append(join_cells((f"`{entry.name}`", default, *texts)))
        lines.append("")
    return "\n".join(lines)


def write_default(value: Any) -> str:
    """Write a default: numbers and words as TOML has them, rows one under the other."""
    if isinstance(value, tuple | list) and value and is_dataclass(value[0]):
        return "<br>".join(write_row(row) for row in value)
    if is_dataclass(value):
        return write_row(value)
    if isinstance(value, tuple):
        value = list(value)
    return f"`{json.dumps(value, ensure_ascii=False, default=str)}`"


def write_row(row: Any) -> str:
    """Write one row of a rule that is a table."""
    return ", ".join(f"{entry.name} `{getattr(row, entry.name)}`" for entry in fields(row))


def write_schema(language: str) -> str:
    """Write the page of all tables and columns, in English or with Chinese headings."""
    from gridplan.tables.schema import read_schema

    heads = {
        "en": ("column", "Chinese name", "type", "unit", "needed", "meaning", "also read as"),
        "zh": ("列", "中文名", "类型", "单位", "要求", "含义", "可识别的列名"),
    }[language]
    lines = {
        "en": [
            "# Tables and columns",
            "",
            "Every table that gridplan reads, keeps or writes. A column of another name is",
            "mapped with `--column floors=CS` or in the section `[columns]` of the rules file.",
            "",
        ],
        "zh": [
            "# 数据表与字段",
            "",
            "gridplan 读入、保存和输出的全部数据表。列名不同的，用 `--column floors=CS` 指定，",
            "或写进规则文件的 `[columns]` 一节。",
            "",
        ],
    }[language]
    for table, columns in read_schema().items():
        lines += [f"## {table}", "", join_cells(heads), join_cells(["---"] * len(heads))]
        for column in columns:
            meaning = column.meaning
            if column.values:
                meaning += " (" + ", ".join(f"`{word}`" for word in column.values) + ")"
            cells = (
                f"`{column.name}`",
                column.zh,
                column.dtype,
                column.unit,
                NEEDS.get(column.need, column.need) if language == "zh" else column.need,
                meaning,
                ", ".join(column.aliases),
            )
            lines.append(join_cells(cells))
        lines.append("")
    return "\n".join(lines)


def join_cells(cells: Any) -> str:
    """Join cells to a row of a Markdown table; a bar, which would end a cell, is escaped."""
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def write_notebook(path: Path) -> dict[str, str | bytes]:
    """Write one executed notebook as a page, its pictures beside it."""
    pages: dict[str, str | bytes] = {}
    lines = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            lines += [text, ""]
            continue
        lines += ["```py", text, "```", ""]
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                name = f"{path.stem}-{len(pages) + 1}.png"
                pages[f"notebooks/{name}"] = base64.b64decode("".join(data["image/png"]))
                lines += [f"![Output of the cell above]({name})", ""]
            elif "text/html" in data:
                # pandas sends a style of its own with each table
                table = re.sub(r"<style.*?</style>", "", "".join(data["text/html"]), flags=re.S)
                lines += [re.sub(r"\n\s*", "\n", table), ""]
            else:
                plain = "".join(data.get("text/plain", output.get("text", "")))
                lines += ["```text", plain.rstrip(), "```", ""]
    lines += [f"*Made from `notebooks/{path.name}`.*", ""]
    pages[f"notebooks/{path.stem}.md"] = "\n".join(lines)
    return pages
