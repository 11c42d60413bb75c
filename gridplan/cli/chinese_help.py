"""Help and usage errors in Chinese: what typer shows of the verbs, put into Chinese for a while."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from typer.core import TyperCommand

from gridplan.cli.language import in_language, is_chinese

# What typer itself says, by the names that it keeps it under.
_FIXED = {
    "DEFAULT_STRING": "[默认：{}]",
    "ENVVAR_STRING": "[环境变量：{}]",
    "REQUIRED_LONG_STRING": "[必填]",
    "ARGUMENTS_PANEL_TITLE": "参数",
    "OPTIONS_PANEL_TITLE": "选项",
    "COMMANDS_PANEL_TITLE": "动词",
    "ERRORS_PANEL_TITLE": "错误",
    "ABORTED_TEXT": "已中止。",
    "RICH_HELP": "用 [blue]{command_path} {help_option}[/] 查看帮助。",
}
_MARKUP = re.compile(r"\[/?(?:dim|bold)\]")


class ChineseHelp:
    """What a verb and the group of verbs have in common: both may show their help in Chinese."""

    def get_usage(self, ctx: Any) -> str:
        """Write the line of usage."""
        usage: str = super().get_usage(ctx)  # type: ignore[misc]
        if not is_chinese():
            return usage
        # The catalogues are read only where they are needed.
        from gridplan.tables.translations import translate_word

        for english, chinese in (
            ("Usage:", "用法："),
            ("[OPTIONS]", "[选项]"),
            ("VERB [ARGS]", "动词 [参数]"),
        ):
            usage = usage.replace(english, chinese, 1)
        return re.sub(r"\b[A-Z]{4,}\b", lambda word: translate_word(word[0]), usage)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Show the help."""
        if not is_chinese():
            super().format_help(ctx, formatter)  # type: ignore[misc]
            return
        with _put_into_chinese(self, ctx):
            super().format_help(ctx, formatter)  # type: ignore[misc]


class VerbCommand(ChineseHelp, TyperCommand):
    """A verb whose help is in the language of the command."""


def translate_help(text: str | None) -> str:
    """Put a help into Chinese paragraph by paragraph; commands in it stay as they are."""
    paragraphs = inspect.cleandoc(text or "").split("\n\n")
    return "\n\n".join(_translate_paragraph(" ".join(part.split())) for part in paragraphs)


def _translate_paragraph(paragraph: str) -> str:
    chinese = in_language(_MARKUP.sub("", paragraph))
    # A command alone stays dim; brackets of a translated text are no markup.
    return paragraph if chinese == _MARKUP.sub("", paragraph) else chinese.replace("[", r"\[")


@contextmanager
def _put_into_chinese(command: Any, ctx: Any) -> Iterator[None]:
    """Put all that the help of a command shows into Chinese, and back again."""
    from typer import rich_utils

    kept: list[tuple[Any, str, Any]] = []

    def put(holder: Any, name: str, value: Any) -> None:
        kept.append((holder, name, getattr(holder, name)))
        setattr(holder, name, value)

    for name, chinese in _FIXED.items():
        put(rich_utils, name, chinese)
    shown = [command, *getattr(command, "commands", {}).values()]
    for one in shown:
        put(one, "help", translate_help(one.help))
        put(one, "rich_help_panel", _translate_panel(one))
    if command.epilog:
        put(command, "epilog", translate_help(command.epilog))
    for param in command.get_params(ctx):
        put(param, "help", translate_help(getattr(param, "help", None)))
        put(param, "rich_help_panel", _translate_panel(param))
        if param.metavar:
            put(param, "metavar", _translate_words(param.metavar))
        elif param.display_type_rich(ctx=ctx) in _TYPES:
            put(param, "metavar", _TYPES[param.display_type_rich(ctx=ctx)])
    try:
        yield
    finally:
        for holder, name, value in reversed(kept):
            setattr(holder, name, value)


_TYPES = {
    "<str>": "文字",
    "<int>": "整数",
    "<int range>": "整数",
    "<float>": "数",
    "<float range>": "数",
    "<path>": "路径",
    "<file>": "文件",
    "<directory>": "文件夹",
    "list[<str>]": "文字",
    "<list[str]>": "文字",
    "<list[path]>": "路径",
    "<list[Path]>": "路径",
    "<list[float]>": "数",
    "<Path>": "路径",
}


def _translate_panel(shown: Any) -> str | None:
    panel = getattr(shown, "rich_help_panel", None)
    return in_language(panel) if panel else panel


def _translate_words(metavar: str) -> str:
    from gridplan.tables.translations import translate_word

    whole = in_language(metavar)
    return (
        whole
        if whole != metavar
        else re.sub(r"[A-Z]{2,}", lambda word: translate_word(word[0]), metavar)
    )


@contextmanager
def speak_chinese() -> Iterator[None]:
    """Let typer show errors of usage in Chinese while the block runs."""
    from typer import rich_utils

    show = rich_utils.rich_format_error
    kept = {name: getattr(rich_utils, name) for name in [*_FIXED, "rich_format_error"]}

    def show_in_chinese(error: Any) -> None:
        said = error.format_message
        error.format_message = lambda: in_language(said())
        show(error)

    for name, chinese in {**_FIXED, "rich_format_error": show_in_chinese}.items():
        setattr(rich_utils, name, chinese)
    try:
        yield
    finally:
        for name, english in kept.items():
            setattr(rich_utils, name, english)


def list_words(args: Sequence[str] | None) -> list[str]:
    """List the words of a command, by default those of this process."""
    import sys

    return list(sys.argv[1:] if args is None else args)
