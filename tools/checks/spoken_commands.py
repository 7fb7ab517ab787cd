"""The texts of commands that explain themselves in both languages, and of their errors: all are in the catalogue."""

import ast
from collections.abc import Iterator
from pathlib import Path

import click

from tools.checks.rooms import ROOT
from tools.cli import cli
from tools.device.speaking import Spoken, texts

_ERRORS = ("DeviceError", "PortError", "ImageError", "HubRefusedError", "HubAwayError", "NoRightError", "BundleError")
FILES = ("tools/device/*.py", "tools/hall/*.py", "hub/devices/bundles.py")


def spoken(command: click.Command = cli) -> Iterator[tuple[str, str]]:
    """(command, text) of every text of a `Spoken` command and of those below it."""
    if isinstance(command, Spoken):
        for text in texts(command):
            yield f"tingting {command.name}", text
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from spoken(inner)


def errors(root: Path = ROOT) -> Iterator[tuple[str, int, str | None]]:
    """(file, line, message) of every error that these rooms raise; None: its message is no literal."""
    for files in FILES:
        for path in sorted(root.glob(files)):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                    continue
                if node.func.id in _ERRORS and node.args:
                    first = node.args[0]
                    literal = isinstance(first, ast.Constant) and isinstance(first.value, str)
                    yield str(path.relative_to(root)), node.lineno, str(first.value) if literal else None  # type: ignore[attr-defined]
