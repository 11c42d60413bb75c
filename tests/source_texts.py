"""The texts of the source that a user may read, as templates with numbered gaps.

Run it to see, as CSV, what a room says: ``python -m tests.source_texts ROOM`` (all of it),
``--missing`` (what the catalogues of ``gridplan/tables/chinese/`` lack), ``--where`` (with the
file and line of each), ``--folder`` (another copy of the package).
"""

from __future__ import annotations

import ast
import csv
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "gridplan"
# Rooms whose literals are read by no one: words of pages have two languages already.
WITHOUT_TEXTS = {"__init__.py", "tables/words.py"}
# What every argument of which is shown, so that one word alone is a text too.
SHOWN = {"print_line", "print_table", "print_times", "Problem", "clock", "progress"}
# Texts in the arguments of these are patterns, names, or code for another machine.
UNREAD = {
    *("compile", "query", "eval", "cast", "TypeVar", "execute", "executescript", "import_module"),
    *("sub", "split", "match", "search", "findall", "finditer", "fullmatch", "getLogger"),
    *("filterwarnings", "strptime", "strftime", "astype", "warn", "from_wkt"),
}
# Arguments by name that are no text.
UNREAD_NAMES = {"metavar", "param_hint", "style", "pattern", "engine", "encoding", "default"}
_TWO_WORDS = re.compile(r"[A-Za-z]{2,}[,;:]? (\{|[a-z0-9(])|\} [a-z]{2,}|[a-z] \{")
_CODE = re.compile(r"</|/>|<[a-z]+|[;{]\s*\n|=>|SELECT |INSERT |CREATE |UPDATE |DELETE |function\(")
_MARKUP = re.compile(r"\[/?(?:dim|bold|blue|red|green|yellow)\]")


@dataclass(frozen=True)
class SourceText:
    """A text of the source: its template, the room, file and line, and whether it is a help."""

    text: str
    room: str
    file: str
    line: int
    is_help: bool = False


def list_texts(package: Path = PACKAGE, room: str | None = None) -> list[SourceText]:
    """List the texts of the package, or of one room, each template once a room."""
    texts: dict[tuple[str, str], SourceText] = {}
    for file in sorted(package.rglob("*.py")):
        name = file.relative_to(package).as_posix()
        part = name.partition("/")[0].removesuffix(".py")
        if (room is None or part == room) and name not in WITHOUT_TEXTS:
            for text, line, is_help in _read_file(file):
                for one in _split(text) if is_help else [text]:
                    clean = _MARKUP.sub("", one).strip()
                    if clean and not _is_command(clean):
                        new = SourceText(clean, part, name, line, is_help)
                        texts.setdefault((part, clean), new)
    return list(texts.values())


@cache
def _read_file(file: Path) -> list[tuple[str, int, bool]]:
    return list(_find_texts(ast.parse(file.read_text(encoding="utf-8"))))


def _split(text: str) -> list[str]:
    """Split a help into its paragraphs, each on one line."""
    return [" ".join(part.split()) for part in text.split("\n\n")]


def _find_texts(tree: ast.Module) -> Iterator[tuple[str, int, bool]]:
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and _is_verb(node):
            yield ast.get_docstring(node) or "", node.lineno, True
        if not isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
            continue
        parent = parents.get(node)
        # A part of a longer text is no text of its own.
        if isinstance(parent, ast.JoinedStr | ast.BinOp) and _write(parent) is not None:
            continue
        text = _write(node)
        if text is None or isinstance(parent, ast.Expr):
            continue
        call, argument = _find_call(node, parents)
        if _is_unread(node, call, argument, parents):
            continue
        if argument == "help" or (call == "Typer" and argument in ("help", "epilog")):
            yield text, node.lineno, True
        elif _reads_as_text(text, call in SHOWN and argument not in ("rule", "right", "file")):
            yield text, node.lineno, False


def _write(node: ast.AST) -> str | None:
    """Write a text with its gaps numbered; None is not a text."""
    parts = _list_parts(node)
    if parts is None or not any(isinstance(part, str) for part in parts):
        return None
    text, n = "", 0
    for part in parts:
        if isinstance(part, str):
            text += part
        else:
            text += f"{{{n}}}"
            n += 1
    if isinstance(node, ast.Constant):
        # What str.format fills has names in its gaps.
        names: list[str] = []
        for name in re.findall(r"\{(\w+)(?:![rs])?(?::[^{}]*)?\}", text):
            if name not in names:
                names.append(name)
        for n, name in enumerate(names):
            text = re.sub(rf"\{{{name}(?:![rs])?(?::[^{{}}]*)?\}}", f"{{{n}}}", text)
    return text


def _list_parts(node: ast.AST) -> list[str | None] | None:
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return [p.value if isinstance(p, ast.Constant) else None for p in node.values]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = [_list_parts(node.left), _list_parts(node.right)]
        if all(side is None for side in sides):
            return None
        return [part for side in sides for part in (side if side is not None else [None])]
    return None


def _is_verb(node: ast.FunctionDef) -> bool:
    calls = [d.func for d in node.decorator_list if isinstance(d, ast.Call)]
    return any(isinstance(call, ast.Name) and call.id == "verb" for call in calls)


def _find_call(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> tuple[str, str]:
    """Find the name of the call that a text is handed to, and of the argument by keyword."""
    argument = ""
    while (parent := parents.get(node)) is not None and not isinstance(parent, ast.stmt):
        if isinstance(parent, ast.keyword):
            argument = argument or (parent.arg or "")
        if isinstance(parent, ast.Call):
            if node is parent.func:  # "...".format() and ", ".join() are texts of what is around
                node = parent
                continue
            function = parent.func
            name = function.attr if isinstance(function, ast.Attribute) else ""
            name = function.id if isinstance(function, ast.Name) else name
            if name not in ("join", "format", "str", "escape", "list", "tuple", "dict"):
                return name, argument
        node = parent
    return "", argument


def _is_unread(node: ast.AST, call: str, argument: str, parents: dict[ast.AST, ast.AST]) -> bool:
    if call in UNREAD or argument in UNREAD_NAMES:
        return True
    child: ast.AST = node
    while (parent := parents.get(child)) is not None:
        if isinstance(parent, ast.Subscript) and child is parent.slice:
            return not isinstance(parent.value, ast.Name) or parent.value.id != "Annotated"
        if isinstance(parent, ast.Compare):
            return True
        if isinstance(parent, ast.arg | ast.AnnAssign) and child is parent.annotation:
            return call == ""
        if isinstance(parent, ast.stmt):
            return False
        child = parent
    return False


def _reads_as_text(text: str, is_shown: bool) -> bool:
    if _CODE.search(text) or not re.search("[a-z]{2}", text) or _is_command(text):
        return False
    bare = re.sub(r"\{\d+\}", "", text).strip()
    if re.fullmatch(r"[\w.*/:\\-]*", bare) and not is_shown:
        return False
    return is_shown or bool(_TWO_WORDS.search(text))


def _is_command(text: str) -> bool:
    """Whether a text is a command to copy, which is the same in every language."""
    return text.strip().startswith("gridplan ") and not re.search(r" (the|then|it|a)\b", text)


def read_catalogue(package: Path = PACKAGE) -> set[str]:
    """Read the English side of all catalogues."""
    known: set[str] = set()
    for file in (package / "tables" / "chinese").glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as rows:
            known |= {row["en"] for row in csv.DictReader(rows)}
    return known


def main(words: list[str]) -> None:
    """Print the texts of a room, or of all, as CSV with an empty column for the Chinese."""
    package = PACKAGE
    if "--folder" in words:
        package = Path(words[words.index("--folder") + 1])
        words = [word for word in words if word not in ("--folder", str(package))]
    rooms = [word for word in words if not word.startswith("-")]
    texts = [text for room in rooms or [None] for text in list_texts(package, room)]
    if "--missing" in words:
        known = read_catalogue(package)
        texts = [text for text in texts if text.text not in known]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    where = "--where" in words
    writer.writerow(["en", "zh", *["where"] * where])
    for text in texts:
        writer.writerow([text.text, "", *[f"{text.file}:{text.line}"] * where])


if __name__ == "__main__":
    main(sys.argv[1:])
