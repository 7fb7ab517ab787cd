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


@click.command()
@CONFIG
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write (.gz).")
@click.option("--hall", default=None, help="Only this hall; all of them when left out.")
@click.option("--month", "months", multiple=True, metavar="YYYY-MM", help="A month whose notice is to be proved.")
@plainly
def export(file: Path, out: Path, hall: str | None, months: tuple[str, ...]) -> None:
    """Write the halls' events, their chains and the notices' figures into one file for an outside check."""
    from tools.center.proving import export as run  # noqa: PLC0415 - heavy

    events = run(file, out, hall, months, _telling("export"))
    click.echo(f"export: {events:,} events written to {out}")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--notice",
    "notices",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Figures of a notice from elsewhere (/bulletin/YYYY-MM.json) to be proved by the export.",
)
@plainly
def verify(file: Path, notices: tuple[Path, ...]) -> None:
    """Make an export's chains and notices again, on any machine. Status 1 where something is other than it says."""
    from tools.center.proving import verify as run  # noqa: PLC0415 - heavy

    verdict = run(file, notices, _telling("verify"))
    for line in verdict.wrong:
        click.echo(f"verify: WRONG: {line}")
    click.echo(f"verify: {verdict.journals} journals, {verdict.events:,} events")
    for month, digest in verdict.digests.items():
        click.echo(f"verify: notice of {month}, figures made from the events: sha256 {digest}")
    if verdict.wrong:
        sys.exit(DIFFERENT)
    click.echo("verify: all chains and all figures are what the events say")


def _telling(what: str) -> Callable[[int], None]:
    """A line every so many events."""

    def tell(events: int) -> None:
        if events % 100_000 == 0:
            click.echo(f"{what}: {events:,} events …", err=True)

    return tell
