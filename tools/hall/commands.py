"""`tingting hall …`: the hall's windows, services, staff and devices as tables for a spreadsheet."""

import json
import sys
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import click

from common import catalogue
from tools.device.errors import DeviceError
from tools.device.options import token_from, with_token

TIMEOUT_S = 60.0  # a hall of 500 services is read, checked and written in a second; a busy Raspberry Pi takes some
DOOR = "/api/v1/hall/sheet"
REFUSED = 1

_HUB = click.option("--hub", "hub_url", default="http://127.0.0.1:8080", show_default=True, help="The hub.")
_LANGUAGE = click.option(
    "--lang",
    type=click.Choice(list(catalogue.LANGUAGES)),
    default=catalogue.CHINESE,
    show_default=True,
    help="Language.",
)


@click.group()
def hall() -> None:
    """Export and import a hall: windows, services, staff and devices, as tables (manager or admin token)."""


@hall.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@_HUB
@_LANGUAGE
@with_token
def export(file: Path | None, hub_url: str, lang: str, token_file: Path | None, token_env: str) -> None:
    """Write the whole hall to FILE (or to the standard output), for a spreadsheet."""
    content = _ask(f"{hub_url.rstrip('/')}{DOOR}?lang={lang}", _own_token(token_file, token_env))
    if file is None:
        sys.stdout.buffer.write(content)
        return
    file.write_bytes(content)


@hall.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--yes", is_flag=True, help="Don't ask before it is done.")
@_HUB
@_LANGUAGE
@with_token
def import_(  # noqa: PLR0917 - one argument for each option
    file: Path, dry_run: bool, yes: bool, hub_url: str, lang: str, token_file: Path | None, token_env: str
) -> None:
    """Make the hall what FILE says: all of it, or nothing. The difference is shown first."""
    _ = catalogue.translations(lang).gettext
    token, content = _own_token(token_file, token_env), file.read_bytes()
    address = f"{hub_url.rstrip('/')}{DOOR}?lang={lang}&dry_run="
    would = json.loads(_ask(address + "1", token, content, file))
    for change in would["changes"]:
        click.echo(_line(change))
    if not would["changes"]:
        click.echo(_("The hall is what the file says; nothing is to be done."))
        return
    if dry_run:
        click.echo(_("Nothing was changed: this was a dry run."))
        return
    if not yes:
        click.confirm(_("Do it?"), abort=True)
    done = json.loads(_ask(address + "0", token, content, file))
    click.echo(_("Done; the hall is at revision %(revision)s.") % {"revision": done["revision"]})
    for holder, made in done["tokens"].items():
        click.echo(f"token {holder}: {made}")


_SIGNS = {"added": "+", "removed": "-", "changed": "~", "ordered": "↕"}


def _line(change: dict[str, Any]) -> str:
    fields = f": {', '.join(change['fields'])}" if change["fields"] else ""
    return f"{_SIGNS[change['act']]} {change['table']} {change['row']}{fields}".rstrip()


def _own_token(file: Path | None, variable: str) -> str:
    try:
        return token_from(file, variable)
    except DeviceError as error:
        raise click.ClickException(str(error)) from error


def _ask(url: str, token: str, content: bytes | None = None, file: Path | None = None) -> bytes:
    """What the door answers; a refusal ends the command with each line that is wrong."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
    try:
        request = Request(url, content, headers)  # noqa: S310 - checked by urlopen's own refusal below
        with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - a person's own hub
            found: bytes = answer.read()
            return found
    except HTTPError as error:
        with error:
            _tell(error, file)
        sys.exit(REFUSED)
    except (URLError, OSError, HTTPException, ValueError) as error:
        raise click.ClickException(f"the hub at {url} does not answer ({getattr(error, 'reason', error)})") from error


def _tell(error: HTTPError, file: Path | None) -> None:
    try:
        problem = json.loads(error.read())
    except ValueError:
        problem = {}
    wrongs = problem.get("errors", ())
    for wrong in wrongs:
        place = f":{wrong['column']}" if wrong["column"] else ""
        name = f" {wrong['name']}:" if wrong["name"] else ""
        click.echo(f"{file}:{wrong['line']}{place}:{name} {wrong['what']}", err=True)
    if not wrongs:
        click.echo(f"{HTTPStatus(error.code).value} {problem.get('title', error.reason)}", err=True)
    click.echo(problem.get("detail", ""), err=True)
