"""The command line itself: its verbs in panels by purpose, and the options before a verb."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gridplan import __version__
from gridplan.cli.chinese_help import ChineseHelp, VerbCommand, list_words, speak_chinese
from gridplan.cli.language import LANGUAGE, choose_language, in_language
from gridplan.cli.options import LANG_HELP, Lang
from gridplan.cli.screen import add_options

# The verbs in the order in which the help shows them.
PANELS: Mapping[str, tuple[str, ...]] = {
    "Draw a plan": ("plan", "make", "template", "check", "households", "import", "synth"),
    "Look at it": ("audit", "map", "prove", "frontier", "compare", "history", "alternatives"),
    "Change it": ("studio", "redraw", "repair", "edit", "locks", "budget", "sample"),
    "People": ("organise", "staff", "pair", "rate", "inventory", "levels", "rank"),
    "Reach": ("reach", "propose", "demonstrate", "drills"),
    "What if": ("simulate", "surge", "years"),
    "Hand out": ("release", "brief", "atlas", "briefing"),
    "Explain": ("rules", "schema", "bench"),
}
_PANEL_OF = {name: panel for panel, names in PANELS.items() for name in names}
_FORMER = {"site": "propose", "change": "budget"}  # names of earlier scripts, which go on working


class VerbGroup(ChineseHelp, TyperGroup):
    """The verbs in the order of their panels; a name that is none of them gets a suggestion."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **named: Any) -> Any:
        """Run a command in the language that it asks for."""
        words = list_words(args)
        choose_language(words)
        if LANGUAGE.lang == "en":
            return super().main(args, *more, **named)
        with speak_chinese():
            return super().main(args, *more, **named)

    def list_commands(self, ctx: Any) -> list[str]:
        """List the verbs panel by panel."""
        # typer lists them in the order in which their modules were imported.
        return [name for name in _PANEL_OF if name in self.commands]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb, or say which one may be meant."""
        name = args[0]
        # An option in place of a verb is reported by typer itself.
        if name in _FORMER:
            former = f"note: gridplan {name} is gridplan {_FORMER[name]} now"
            typer.echo(in_language(former), err=True)
            args = [_FORMER[name], *args[1:]]
        elif name not in self.commands and not name.startswith("-"):
            near = get_close_matches(name, self.commands)
            hint = f"did you mean {' or '.join(near)}?" if near else "gridplan --help lists them"
            ctx.fail(f"no verb {name!r}; {hint}")
        known, command, rest = super().resolve_command(ctx, args)
        options = {text for parameter in getattr(command, "params", ()) for text in parameter.opts}
        # Earlier scripts named columns by --map, which is a page to write in other verbs.
        if "--map" not in options and "--column" in options:
            named = [re.sub("^--map(?==|$)", "--column", word) for word in rest]
            if named != rest:
                former = "note: --map COLUMN=YOURS is --column COLUMN=YOURS now"
                typer.echo(in_language(former), err=True)
            rest = named
        return known, command, rest


app = typer.Typer(
    name="gridplan",
    cls=VerbGroup,
    no_args_is_help=True,
    subcommand_metavar="VERB [ARGS]...",
    pretty_exceptions_enable=False,  # entry.py turns every error into one line
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Divide a city into small grids from building footprints and household estimates, "
    "check the result and put it on a map.\n\n"
    "Begin with:  [bold]gridplan plan FILE -o outputs/town[/bold]   then   "
    "[bold]gridplan audit outputs/town[/bold]   and   [bold]gridplan map outputs/town[/bold]",
    epilog="Exit status: 0 all is well, 1 problems in the data or the plan, "
    "2 a mistake in the command, 3 gridplan or the machine failed, 130 stopped by Ctrl-C.",
)


def verb(
    name: str, *, figures: bool = False, ledger: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as a verb, shown in its panel of the help.

    A verb that notes ``figures`` takes --json, one that shows a ``ledger`` --ledger.

    Verbs import what they call within themselves: loading geopandas takes more
    than a second, which ``--help`` or a mistyped option should not cost.
    """
    options = ["quiet", *["as_json"] * figures, *["whole_ledger"] * ledger]

    def register(function: Callable[..., None]) -> Callable[..., None]:
        command = app.command(name, cls=VerbCommand, rich_help_panel=_PANEL_OF[name])
        # Verbs that write pages or pictures have this option themselves.
        speaks = "lang" in function.__annotations__
        return command(add_options(function, *options, *["lang"] * (not speaks)))

    return register


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"gridplan {__version__}")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the whole trace of an unexpected error.")
    ] = False,
    lang: Annotated[Lang | None, typer.Option("--lang", help=LANG_HELP)] = None,
) -> None:
    """Take the options before the verb, which are read elsewhere.

    ``--debug`` is read by ``gridplan.cli.entry``, ``--lang`` when a command begins.
    """
