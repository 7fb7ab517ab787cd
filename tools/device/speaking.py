"""Commands that explain themselves in the language asked for: their help, and what was typed wrongly.

click says both in English; what stands in a command (its docstring, its options' `help`) is looked up in the catalogue,
each paragraph for itself.
"""

import json
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

import click

from tools.device import options
from tools.device.errors import Speak

_LANGUAGE: Final = "tingting.device.language"
_AS_JSON: Final = "tingting.device.json"
_COLUMNS: Final = 100
_INDENT: Final = "  "
_FIRST: Final = 30  # columns of an option's name; a longer one has its text below it


class SpokenUsageError(click.UsageError):
    """What was typed wrongly, in the language asked for."""

    def show(self, file: Any = None) -> None:
        """As click does it, or one line for a program."""
        context = self.ctx
        if context is not None and context.meta.get(_AS_JSON):
            said = {"command": context.info_name, "ok": False, "error": "usage", "text": self.message}
            click.echo(json.dumps(said, ensure_ascii=False))
            return
        _ = speaker(context)
        if context is not None:
            click.echo(_usage(context, _), err=True)
            click.echo(_("Help: %(command)s --help") % {"command": context.command_path} + "\n", err=True)
        click.echo(_("Error: %(text)s") % {"text": self.message}, err=True)


class Spoken(click.Command):
    """One command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Knows the language before anything can be wrong."""
        ctx.meta[_LANGUAGE] = _wished(args)
        ctx.meta[_AS_JSON] = "--json" in args
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise _spoken(error, ctx) from error

    def invoke(self, ctx: click.Context) -> Any:
        """The same for what only the command itself can find wrong."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise _spoken(error, ctx) from error

    def get_help(self, ctx: click.Context) -> str:
        """All of it, in the language asked for."""
        return _help(ctx, speaker(ctx))


class SpokenGroup(Spoken, click.Group):
    """The commands; each that is added speaks, too."""

    command_class = Spoken

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Makes a plain command one that speaks."""
        super().add_command(cmd if isinstance(cmd, Spoken) else _speaking(cmd), name)


def _speaking(plain: click.Command) -> Spoken:
    return Spoken(
        plain.name,
        context_settings=plain.context_settings,
        callback=plain.callback,
        params=plain.params,
        help=plain.help,
    )


def texts(command: click.Command) -> Iterator[str]:
    """Every text of a command that the catalogue must have."""
    yield from _paragraphs(command.help or "")
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            yield parameter.help


def speaker(context: click.Context | None) -> Speak:
    """The translator of a running command."""
    return options.speaker(None if context is None else context.meta.get(_LANGUAGE))


def _wished(arguments: list[str]) -> str | None:
    for at, word in enumerate(arguments):
        if word.startswith("--lang="):
            return word.partition("=")[2]
        if word == "--lang" and at + 1 < len(arguments):
            return arguments[at + 1]
    return None


def _paragraphs(text: str) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n") if paragraph.strip()]


# -- what was typed wrongly


def _spoken(error: click.UsageError, context: click.Context) -> click.UsageError:
    if isinstance(error, (SpokenUsageError, click.exceptions.NoArgsIsHelpError)):
        return error
    return SpokenUsageError(_why(error, speaker(context)), error.ctx or context)


def _why(error: click.UsageError, _: Speak) -> str:
    if isinstance(error, click.NoSuchOption):
        return _("there is no option %(name)s") % {"name": error.option_name}
    if isinstance(error, click.BadOptionUsage):
        return _("the option %(name)s wants a value") % {"name": error.option_name}
    if isinstance(error, click.MissingParameter):
        return _("%(name)s is missing") % {"name": _named(error)}
    if isinstance(error, click.BadParameter):
        return _bad(error, _)
    speak = _
    return speak(error.message)


def _bad(error: click.BadParameter, _: Speak) -> str:
    kind = None if error.param is None else error.param.type
    words: dict[str, Any] = {"name": _named(error), "why": error.message}
    if isinstance(kind, click.Choice):
        choices = ", ".join(str(each) for each in kind.choices)
        return _("%(name)s must be one of: %(choices)s") % (words | {"choices": choices})
    if isinstance(kind, click.IntRange):
        return _("%(name)s must be a number from %(least)s to %(most)s") % (
            words | {"least": kind.min, "most": kind.max}
        )
    if isinstance(kind, (click.Path, click.File)):
        return _("%(name)s: there is no such file, or it can't be read") % words
    return _("%(name)s: %(why)s") % words


def _named(error: click.BadParameter) -> str:
    if error.param is None:
        return str(error.param_hint or "")
    if isinstance(error.param, click.Option):
        return error.param.opts[0]
    return error.param.make_metavar(error.ctx or click.Context(click.Command(None)))


# -- help


def _usage(context: click.Context, _: Speak) -> str:
    pieces = " ".join(context.command.collect_usage_pieces(context))
    return _("Usage: %(line)s") % {"line": f"{context.command_path} {pieces}".strip()}


def _help(context: click.Context, _: Speak) -> str:
    command, speak = context.command, _
    out = [_usage(context, _), ""]
    for paragraph in _paragraphs(command.help or ""):
        out += [*_wrapped(speak(paragraph), _COLUMNS, _INDENT), ""]
    out.append(_("Options:"))
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option) and not parameter.hidden:
            out += _row(_option_names(parameter), _option_text(parameter, context, _))
    if isinstance(command, click.Group):
        out += ["", _("Commands:")]
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                out += _row(name, speak(_paragraphs(inner.help or "")[0]))
    return "\n".join(out)


def _option_names(option: click.Option) -> str:
    metavar = "" if option.is_flag else " " + option.make_metavar(click.Context(click.Command(None)))
    return ", ".join((*option.opts, *option.secondary_opts)) + metavar


def _option_text(option: click.Option, context: click.Context, _: Speak) -> str:
    if "--help" in option.opts:
        return _("Show this help.")
    extra = option.get_help_extra(context)
    more = [_("default: %(value)s") % {"value": extra["default"]}] if "default" in extra else []
    if "range" in extra:
        more.append(str(extra["range"]))
    if option.required:
        more.append(_("needed"))
    speak = _
    text = speak(option.help) if option.help else ""
    return text + ("  [" + "; ".join(more) + "]" if more else "")


def _row(first: str, text: str) -> list[str]:
    rows = _wrapped(text, _COLUMNS, " " * (_FIRST + len(_INDENT)))
    head = _INDENT + first
    if not rows or width(head) > _FIRST:
        return [head, *rows]
    return [head + rows[0][width(head) :], *rows[1:]]


def width(text: str) -> int:
    """Columns on a terminal, where a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _wrapped(text: str, columns: int, indent: str) -> list[str]:
    """Lines that fit: between words, and between any two Chinese characters."""
    rows = [""]
    for piece in _pieces(text):
        if rows[-1] and width(indent + rows[-1] + piece.rstrip()) > columns:
            rows[-1] = rows[-1].rstrip()
            rows.append("")
        rows[-1] += piece if rows[-1] else piece.lstrip()
    return [indent + row.rstrip() for row in rows if row.strip()]


_STAYS: Final = "，。；：、！？）」』》"  # never begins a line


def _pieces(text: str) -> Iterator[str]:
    piece = ""
    for letter in text:
        wide = width(letter) == 2
        if piece and letter not in _STAYS and (wide or piece[-1] == " " or width(piece[-1]) == 2):
            yield piece
            piece = ""
        piece += letter
    yield piece
