"""`tingting hub tokens`, `tingting center tokens`: what a person types."""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tools.operations.errors import OperationsError

if TYPE_CHECKING:
    from common.tokens import Holder

# Rooms that are heavy to import are imported by the command that needs them: `tingting --help` answers at once.

_CONFIG = click.Path(exists=True, dir_okay=False, path_type=Path)
_RENEW = click.option("--renew", multiple=True, metavar="WHO", help='Replace a lost token, e.g. "clerk window/3".')


def plainly(command: Callable[..., None]) -> Callable[..., None]:
    """What can't be done ends the command with its text and status 1."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        from common.errors import CommonError  # noqa: PLC0415 - heavy

        try:
            command(*arguments, **options)
        except (OperationsError, CommonError, OSError) as error:
            raise click.ClickException(str(error)) from error

    return run


@click.command("tokens")
@click.option("--config", type=_CONFIG, default="/etc/tingting/hub.toml", show_default=True, help="The hub's file.")
@_RENEW
@plainly
def hub_tokens(config: Path, renew: tuple[str, ...]) -> None:
    """Make the tokens that are missing (first start, new window), and show them once; then start the hub again."""
    from hub import config as hub_config  # noqa: PLC0415 - heavy
    from hub.main import TOKEN_FILE, holders  # noqa: PLC0415 - heavy

    loaded = hub_config.load(config)
    _show(Path(loaded.paths.data) / TOKEN_FILE, holders(loaded), renew)


@click.command("tokens")
@click.option(
    "--config", type=_CONFIG, default="/etc/tingting/center.toml", show_default=True, help="The center's file."
)
@_RENEW
@plainly
def center_tokens(config: Path, renew: tuple[str, ...]) -> None:
    """Make the tokens that are missing (first start, new hall), and show them once; then start the center again."""
    from center import config as center_config  # noqa: PLC0415 - heavy
    from center.main import TOKEN_FILE, holders  # noqa: PLC0415 - heavy

    loaded = center_config.load(config)
    _show(config.resolve().parent / loaded.paths.data / TOKEN_FILE, holders(loaded), renew)


def _show(path: Path, wanted: "Sequence[Holder]", renew: Sequence[str]) -> None:
    from tools.operations import tokens  # noqa: PLC0415 - heavy

    made = tokens.make(path, wanted, renew)
    for who, token in made.items():
        click.echo(f"token {who}: {token}")
    click.echo("shown this once; start the server again to have it know them" if made else "no token is missing")
