"""The verbs that explain: rules and schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gridplan.cli.app import verb
from gridplan.cli.language import Translated, in_language, is_chinese
from gridplan.cli.screen import SCREEN, note_figures


def _say_meaning(meaning: str, aliases: Sequence[str]) -> str:
    """Say what a column means, and under which other names it is read."""
    said = in_language(meaning)
    if not aliases:
        return said
    return Translated(said + in_language(f"; also read from {', '.join(aliases)}"))


@verb("rules", figures=True)
def rules_command(
    rules_file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Rules file to print, with defaults filled in."),
    ] = None,
) -> None:
    """Print all rules as a TOML file to start from, each with unit, meaning and source.

    [dim]gridplan rules > plan.toml[/dim]
    """
    from gridplan.rules.all_rules import Rules

    # Not through rich, which would wrap lines and take [urban] for markup.
    rules = Rules.from_file(rules_file) if rules_file else Rules()
    note_figures("rules", rules.to_dict())
    if not SCREEN.as_json:
        typer.echo(rules.to_toml("zh" if is_chinese() else "en"), nl=False)


@verb("schema", figures=True)
def schema_command(
    table: Annotated[
        str | None, typer.Argument(metavar="TABLE", help="Name of one table; by default all.")
    ] = None,
) -> None:
    """Explain the tables and columns that gridplan reads and writes, in English and Chinese.

    [dim]gridplan schema buildings[/dim]
    """
    from gridplan.cli import console
    from gridplan.tables.schema import read_schema

    schema = read_schema()
    if table is not None and table not in schema:
        raise typer.BadParameter(
            f"no table {table}; there are {', '.join(schema)}", param_hint="TABLE"
        )
    names = [table] if table else list(schema)
    note_figures("tables", {name: [asdict(column) for column in schema[name]] for name in names})
    for name in names:
        rows = (
            (
                c.name,
                c.zh,
                c.need,
                c.dtype,
                c.unit,
                _say_meaning(c.meaning, c.aliases),
            )
            for c in schema[name]
        )
        console.print_table(
            f"\n{name}", ("column", "中文", "need", "type", "unit", "meaning"), rows
        )
