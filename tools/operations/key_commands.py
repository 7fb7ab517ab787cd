"""`tingting hub key show, make, rotate`: what a person types about the key that seals the boxes' secrets."""

import json
import os
from pathlib import Path

import click

from tools.operations.commands import ATTENTION, plainly

_CONFIG = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default="/etc/tingting/hub.toml",
    show_default=True,
    help="The hub's file.",
)
_LANGUAGE = click.option("--lang", type=click.Choice(["zh-CN", "en"]), default="zh-CN", show_default=True)


@click.group("key")
def key() -> None:
    """The key that seals the boxes' secrets at rest: show its name, make it, exchange it."""


@key.command("show")
@_CONFIG
@_LANGUAGE
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@plainly
def show(config: Path, lang: str, as_json: bool) -> None:
    """Say where the key is, what it is called, and whether it opens what is sealed; never the key. Status: 0 or 1."""
    from common import catalogue  # noqa: PLC0415 - heavy
    from tools.operations import keys, report, secrets_report  # noqa: PLC0415 - heavy

    state = keys.look(config, os.urandom)
    findings = secrets_report.of_key(state, catalogue.translations(lang).gettext)
    if as_json:
        answer = {
            "well": report.is_well(findings),
            "place": str(state.place),
            "keys": state.keys,
            "boxes": state.boxes,
            "sealed": state.sealed,
            "findings": [finding.as_dict() for finding in findings],
        }
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(report.lines(findings)))
    if not report.is_well(findings):
        raise click.exceptions.Exit(ATTENTION)


@key.command("make")
@_CONFIG
@_LANGUAGE
@plainly
def make(config: Path, lang: str) -> None:
    """Make the key where there is none; the hub's next start seals what is still plain."""
    from common import catalogue  # noqa: PLC0415 - heavy
    from tools.operations import keys  # noqa: PLC0415 - heavy

    _ = catalogue.translations(lang).gettext
    name = keys.make(config, os.urandom)
    click.echo(_("Key %(name)s is made. Start the hub again, and keep a copy of the file apart.") % {"name": name})


@key.command("rotate")
@_CONFIG
@click.option(
    "--former",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the old key in this file: backups made before can't be restored with boxes without it.",
)
@_LANGUAGE
@plainly
def rotate(config: Path, former: Path | None, lang: str) -> None:
    """Exchange the key for a new one; the hub must be stopped. Broken off anywhere, the same command ends it."""
    from common import catalogue  # noqa: PLC0415 - heavy
    from tools.operations import keys  # noqa: PLC0415 - heavy

    _ = catalogue.translations(lang).gettext
    done = keys.rotate(config, former, os.urandom)
    words = {"old": done.old, "new": done.new, "boxes": done.boxes}
    text = _("The secrets of %(boxes)s boxes are sealed under key %(new)s now; %(old)s opens nothing here.")
    click.echo(text % words)
    click.echo(_("Start the hub, take a new backup, and keep a copy of the new key file apart from it."))
    if former is None:
        click.echo(_("Backups made under %(old)s can be restored without the boxes' secrets only.") % words)
