"""What the commands of `tingting device` have in common: errors in words, the token, the language, JSON."""

import json
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from tools.device.errors import DeviceError

LANGUAGE = click.option("--lang", type=click.Choice(["zh-CN", "en"]), default="zh-CN", show_default=True)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")
BAR = 24  # characters


def plainly(command: Callable[..., None]) -> Callable[..., None]:
    """A `DeviceError` ends the command with its text, not with a traceback."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except DeviceError as error:
            raise click.ClickException(str(error)) from error

    return run


def token_from(file: Path | None, variable: str) -> str:
    """From a file or the environment: never from the command line, where every user of the machine would see it."""
    if file is not None:
        try:
            text = file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise DeviceError(f"{file}: the token can't be read ({error})") from error
    else:
        text = os.environ.get(variable, "").strip()
    if not text.isascii() or not text or len(text.split()) != 1:
        raise DeviceError(f"no token: put it into a file and give --token-file, or into the variable {variable}")
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


def tell(text: str, values: dict[str, Any], *, as_json: bool) -> None:
    """The outcome, for a person or for a program."""
    click.echo(json.dumps(values, ensure_ascii=False) if as_json else text)
