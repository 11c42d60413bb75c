"""The command line itself, which the verbs hang on, and the options that stand before a verb."""

from __future__ import annotations

from typing import Annotated

import typer

from gridplan import __version__

app = typer.Typer(
    name="gridplan",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Draw a city's plan of small grids from building footprints and household estimates, judge it and map it.\n\n"
    "Begin with:  [bold]gridplan plan FILE -o outputs/town[/bold]   then   [bold]gridplan audit outputs/town[/bold]   "
    "and   [bold]gridplan map outputs/town[/bold]",
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"gridplan {__version__}")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Take the options that stand before the verb."""
