"""Options turned into what they mean: rules, columns, files, and words by table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from gridplan.rules.all_rules import Rules


def read_columns(columns: list[str] | None) -> dict[str, str]:
    """Read the user's names of columns."""
    pairs = [text.partition("=") for text in columns or []]
    incomplete = [
        text
        for text, (_, sign, yours) in zip(columns or [], pairs, strict=True)
        if not sign or not yours
    ]
    if incomplete:
        raise typer.BadParameter(
            f"{', '.join(incomplete)}: write COLUMN=YOURS, e.g. floors=CS",
            param_hint="--column",
        )
    return {name.strip(): yours.strip() for name, _, yours in pairs}


def read_rules(
    path: Path | None,
    settings: list[str] | None,
    effort: str | None,
    columns: list[str] | None,
    base: Rules | None = None,
) -> Rules:
    """Read the rules from the file, then those that are set, and the names of columns.

    Without a file they begin from ``base``, the defaults if that is not given.
    """
    import tomllib

    from gridplan.rules.all_rules import Rules

    rules = Rules.from_file(path) if path else base or Rules()
    # A later setting of the same rule is the one that counts; all are checked together, so
    # that limits which depend on one another may come in any order.
    changed: dict[str, dict[str, Any]] = {}
    for text in [*(settings or []), *([f'division.effort="{effort}"'] if effort else [])]:
        name, sign, value = text.partition("=")
        # A rule has a section: urban.target.
        section, dot, key = name.strip().partition(".")
        if not (sign and dot):
            raise typer.BadParameter(
                f"{text}: write RULE=VALUE, e.g. urban.target=28", param_hint="--set"
            )
        # A shell takes the quotes off a text, so that what is no TOML is taken as text.
        try:
            parsed = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            parsed = value.strip()
        changed.setdefault(section.strip(), {})[key.strip()] = parsed
    # Names of columns are kept with the rules, since the plan must say how it was read.
    changed["columns"] = {**changed.get("columns", {}), **read_columns(columns)}
    return rules.replace(**changed)


NONE = "none"  # instead of a file of communities: those of the data are ignored


def list_paths(source: str | None, files: dict[str, Any]) -> list[Path]:
    """List the files that the land is read from."""
    # A place of OpenStreetMap is no file.
    paths = [Path(source)] if source else []
    given = [
        p for value in files.values() for p in (value if isinstance(value, tuple) else [value]) if p
    ]
    return paths + [path for path in given if str(path) != NONE]


def split_by_table(words: list[str] | None, option: str) -> Any:
    """Split what is given for all tables, or as ``TABLE=WORD`` for each.

    Examples
    --------
    >>> split_by_table(["EPSG:4547"], "--crs"), split_by_table(["buildings=gcj02"], "--datum")
    ('EPSG:4547', {'buildings': 'gcj02'})
    """
    from gridplan.site import SITE_TABLES

    tables = {*SITE_TABLES, "boundary", "subgrids"}
    pairs = [word.partition("=") for word in words or ()]
    # A CRS in words of PROJ has signs of equality too: +proj=utm +zone=50.
    named = {table: word for table, sign, word in pairs if sign and table in tables}
    plain = [word for word in words or () if word.partition("=")[0] not in tables]
    if len(plain) > 1 or (plain and named):
        raise typer.BadParameter(
            f"give one for all tables, or one for each as {option} TABLE=WORD", param_hint=option
        )
    return plain[0] if plain else named or None
