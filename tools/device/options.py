"""What the commands of `tingting device` have in common: errors in words, the token, the language, JSON."""

import json
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click

from common import catalogue
from tools.device.errors import BROKEN_OFF, DeviceError, NoRightError, Speak

LANGUAGE_VARIABLE: Final = "TINGTING_LANG"
LANGUAGE = click.option(
    "--lang",
    type=click.Choice(catalogue.LANGUAGES),
    default=catalogue.CHINESE,
    show_default=True,
    envvar=LANGUAGE_VARIABLE,
    help="Language; the environment variable TINGTING_LANG sets it for every command.",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")
BAR = 24  # characters


def plainly(command: Callable[..., None]) -> Callable[..., None]:
    """A `DeviceError` or Ctrl-C ends the command with a text of what to do, not with a traceback."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        _ = speaker(options.get("lang"))
        as_json = bool(options.get("as_json"))
        try:
            command(*arguments, **options)
        except DeviceError as error:
            fail(error.code, error.said(_), _, as_json=as_json)
            raise click.exceptions.Exit(1) from error
        except (KeyboardInterrupt, click.Abort) as error:
            text = _(
                "Broken off. Nothing is half done for good: run the same command again. To let a box go as it is: "
                "tingting device maintain PORT --off"
            )
            fail("broken_off", text, _, as_json=as_json)
            raise click.exceptions.Exit(BROKEN_OFF) from error

    return run


def speaker(lang: str | None) -> Speak:
    """The translator of a command: by its option, else by the environment, else Chinese."""
    return catalogue.translations(catalogue.pick(lang or os.environ.get(LANGUAGE_VARIABLE))).gettext


def fail(code: str, text: str, _: Speak, *, as_json: bool) -> None:
    """Says why there is no outcome: to a person beside the output, to a program as the output."""
    if as_json:
        _say({"ok": False, "error": code, "text": text})
    else:
        click.echo(_("Error: %(text)s") % {"text": text}, err=True)


def token_from(file: Path | None, variable: str) -> str:
    """From a file or the environment: never from the command line, where every user of the machine would see it."""
    if file is not None:
        try:
            text = file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise NoRightError("%(file)s: the token can't be read (%(why)s)", file=file, why=error) from error
    else:
        text = os.environ.get(variable, "").strip()
    if not text.isascii() or not text or len(text.split()) != 1:
        raise NoRightError(
            "no token: put it into a file and give --token-file, or into the variable %(variable)s", variable=variable
        )
    return text


def with_token(command: Callable[..., None]) -> Callable[..., None]:
    """Where the token is."""
    variable = click.option(
        "--token-env", default="TINGTING_TOKEN", show_default=True, help="Or the environment variable that has it."
    )
    file = click.option("--token-file", type=click.Path(path_type=Path), help="A file with the hub's token in it.")
    command = variable(command)
    return file(command)


def show(what: str, done: int, total: int) -> None:
    """How far a copy is."""
    filled = BAR * done // total
    bar = "#" * filled + "-" * (BAR - filled)
    if sys.stdout.isatty():
        click.echo(f"\r[{bar}] {done}/{total} {what:<32.32}", nl=done == total)
    else:
        click.echo(f"{done}/{total} {what}")


def silent(what: str, done: int, total: int) -> None:
    """In the place of `show` for programs."""


def tell(text: str, values: dict[str, Any], *, as_json: bool) -> None:
    """The outcome, for a person or for a program: one object on one line, as docs/reference/device-json.md says."""
    if as_json:
        _say({"ok": bool(values.get("well", True)), **values})
    else:
        click.echo(text)


def _say(values: dict[str, Any]) -> None:
    context = click.get_current_context(silent=True)
    name = "" if context is None else context.info_name
    click.echo(json.dumps({"command": name, **values}, ensure_ascii=False))
