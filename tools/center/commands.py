"""What a person types about a center's store and figures: `recompute`, `export`, `verify`."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from tools.center.errors import CenterToolError

# Rooms that are heavy to import are imported by the command that needs them: `tingting --help` answers at once.

DIFFERENT = 1  # what was recomputed isn't what stands there

CONFIG = click.option(
    "--config",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default="/etc/tingting/center.toml",
    show_default=True,
    help="The center's file.",
)


def plainly(command: Callable[..., None]) -> Callable[..., None]:
    """What can't be done ends the command with its text and status 1."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        from center.errors import CenterError  # noqa: PLC0415 - heavy
        from common.errors import CommonError  # noqa: PLC0415 - heavy

        try:
            command(*arguments, **options)
        except (CenterToolError, CenterError, CommonError, OSError) as error:
            raise click.ClickException(str(error)) from error

    return run


@click.command()
@CONFIG
@click.option("--check", is_flag=True, help="Change nothing; only say whether the figures agree.")
@plainly
def recompute(file: Path, check: bool) -> None:
    """Make every figure again from the stored events, and say whether it was the same.

    Status 1 where figures were others than the events say. While it runs nothing is stored: the halls keep what they
    have and send it afterwards.
    """
    from tools.center.recompute import recompute as run  # noqa: PLC0415 - heavy

    found = run(file, check, lambda events: click.echo(f"recompute: {events:,} events …", err=True))
    if not found.changed:
        click.echo(f"recompute: {found.events:,} events; every figure is the same")
        return
    did = "nothing was changed" if check else "they are right now"
    click.echo(f"recompute: {found.events:,} events; these tables were others: {', '.join(found.changed)}; {did}")
    sys.exit(DIFFERENT)
