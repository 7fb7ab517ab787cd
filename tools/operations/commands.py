"""`tingting hub status`, `tingting doctor` and the `tokens` of both servers: what a person types."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tools.operations.errors import OperationsError

if TYPE_CHECKING:
    from common.tokens import Holder
    from tools.operations.report import Finding

# Rooms that are heavy to import are imported by the command that needs them: `tingting --help` answers at once.

ATTENTION = 1  # something needs a person
NO_ANSWER = 3  # the hub doesn't answer (2 is click's: wrong usage)

_CONFIG = click.Path(exists=True, dir_okay=False, path_type=Path)
_HUB = click.option("--hub", "url", default="", help="The hub's address, if this is another machine.")
_HUB_CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path),
    default="/etc/tingting/hub.toml",
    show_default=True,
    help="The hub's file.",
)
_TOKEN = click.option(
    "--token-file", type=click.Path(path_type=Path), help="The monitor's token, if asked from elsewhere."
)
_LANGUAGE = click.option("--lang", type=click.Choice(["zh-CN", "en"]), default="zh-CN", show_default=True)
_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")
_RENEW = click.option("--renew", multiple=True, metavar="WHO", help='Replace a lost token, e.g. "clerk window/3".')


def plainly(command: Callable[..., None]) -> Callable[..., None]:
    """What can't be done ends the command with its text and status 1."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        from common.errors import CommonError  # noqa: PLC0415 - heavy
        from hub.errors import HubError  # noqa: PLC0415 - heavy

        try:
            command(*arguments, **options)
        except (OperationsError, CommonError, HubError, OSError) as error:
            raise click.ClickException(str(error)) from error

    return run


@click.command("tokens")
@click.option("--config", type=_CONFIG, default="/etc/tingting/hub.toml", show_default=True, help="The hub's file.")
@_RENEW
@plainly
def hub_tokens(config: Path, renew: tuple[str, ...]) -> None:
    """Make the tokens that are missing (first start, new window), and show them once; then start the hub again."""
    from hub import config as hub_config  # noqa: PLC0415 - heavy
    from hub.building import TOKEN_FILE, holders  # noqa: PLC0415 - heavy
    from hub.hall.store import HALL_FILE, current  # noqa: PLC0415 - heavy

    loaded = hub_config.load(config)
    data = Path(loaded.paths.data)
    _show(data / TOKEN_FILE, holders(current(data / HALL_FILE, hub_config.rows(loaded))), renew)


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


@click.command("status")
@_HUB_CONFIG
@_HUB
@_TOKEN
@_LANGUAGE
@_JSON
@plainly
def hub_status(config: Path, url: str, token_file: Path | None, lang: str, as_json: bool) -> None:
    """Say in plain words how the hub is. Status: 0 all is well, 1 something needs a person, 3 it doesn't answer."""
    from common import catalogue  # noqa: PLC0415 - heavy
    from tools.operations import doors, status  # noqa: PLC0415 - heavy
    from tools.operations.report import Finding, Mark  # noqa: PLC0415 - heavy

    _ = catalogue.translations(lang).gettext
    where = url or doors.address(config)
    try:
        ready = doors.ready(where, _token(token_file))
    except doors.Unreachable as error:
        todo = _("Start it: sudo systemctl start tingting-hub; why it ended: journalctl -u tingting-hub -n 50")
        text = _("Hub: nothing answers at %(url)s (%(why)s).") % {"url": where, "why": error}
        _tell([Finding("serving", Mark.BAD, text, todo)], as_json=as_json)
        sys.exit(NO_ANSWER)
    _tell_and_end(status.findings(ready, _), as_json=as_json)


@click.command("doctor")
@_HUB_CONFIG
@_HUB
@_TOKEN
@_LANGUAGE
@_JSON
@click.option(
    "--diary", "cable", default="", metavar="PORT", help="Read the diary of the box on this cable, too; it restarts."
)
@plainly
def doctor(config: Path, url: str, token_file: Path | None, lang: str, as_json: bool, cable: str) -> None:  # noqa: PLR0917 - one argument for each option
    """Check the chain from each key to the center, and say what to do. Status: 0 it holds, 1 something is broken."""
    from common import catalogue  # noqa: PLC0415 - heavy
    from tools.operations.doctor import Doctor  # noqa: PLC0415 - heavy

    speak = catalogue.translations(lang).gettext
    _tell_and_end(Doctor(config, url, _token(token_file), speak, cable).findings(), as_json=as_json)


def _tell(findings: "Sequence[Finding]", *, as_json: bool) -> None:
    from tools.operations import report  # noqa: PLC0415 - only here

    if as_json:
        answer = {"well": report.is_well(findings), "findings": [finding.as_dict() for finding in findings]}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(report.lines(findings)))


def _tell_and_end(findings: "Sequence[Finding]", *, as_json: bool) -> None:
    from tools.operations import report  # noqa: PLC0415 - only here

    _tell(findings, as_json=as_json)
    sys.exit(0 if report.is_well(findings) else ATTENTION)


def _token(file: Path | None) -> str:
    """The monitor's, from a file or the environment; none on the hub's own machine."""
    return file.read_text("utf-8").strip() if file is not None else os.environ.get("TINGTING_TOKEN", "").strip()
