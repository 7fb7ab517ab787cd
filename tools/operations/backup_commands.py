"""`tingting hub backup` and `restore`: what a person, or a timer, types."""

import time
from datetime import datetime
from pathlib import Path

import click

from tools.operations.commands import plainly

# What takes longer says how far it is, so often.
SAY_EVERY_S = 2.0
KEEP = 7

_LANGUAGE = click.option(
    "--lang", type=click.Choice(["zh-CN", "en"]), envvar="TINGTING_LANG", default="zh-CN", show_default=True
)
_FOLDER = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))


class Teller:
    """Says on stderr how far something is, when it takes its time."""

    def __init__(self) -> None:
        self._last_s = time.monotonic()

    def __call__(self, what: str, done: int, of: int) -> None:
        """So much of it is done."""
        now_s = time.monotonic()
        if now_s - self._last_s >= SAY_EVERY_S and of:
            self._last_s = now_s
            click.echo(f"{what}: {100 * done // of} %", err=True)


@click.command("backup")
@_FOLDER
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default="/etc/tingting/hub.toml",
    show_default=True,
    help="The hub's file.",
)
@click.option(
    "--keep", type=click.IntRange(min=1), default=KEEP, show_default=True, help="Backups kept there; older ones go."
)
@_LANGUAGE
@plainly
def backup(folder: Path, config: Path, keep: int, lang: str) -> None:
    """Copy the hub's journal, boxes, tokens and settings into FOLDER while it runs; every copy is checked.

    FOLDER is new, empty, or has nothing but backups in it. The boxes' secrets in it are sealed under the hub's key,
    which is not in it: keep a copy of the key file apart, or no restore has them.
    """
    from common import catalogue  # noqa: PLC0415 - heavy
    from tools.operations import backups  # noqa: PLC0415 - heavy

    _ = catalogue.translations(lang).gettext
    at_ms = time.time_ns() // 1_000_000
    made, manifest, key = backups.make(config, folder, keep, at_ms, Teller())
    words = {"made": made, "journal": manifest.journal, "sequence": manifest.sequence, "key": key}
    words |= {"keys": ", ".join(manifest.keys), "plain": manifest.plain}
    click.echo(_("%(made)s: journal %(journal)s through event %(sequence)s, checked") % words)
    if manifest.keys:
        click.echo(_("the boxes' secrets need key %(keys)s (%(key)s), which is not in it: keep it apart") % words)
    if manifest.plain:
        text = _("%(plain)s boxes' secrets are in it in the clear: keep it like a key; tingting hub key show")
        click.echo(text % words)


@click.command("restore")
@_FOLDER
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default="/etc/tingting/hub.toml",
    show_default=True,
    help="The hub's file; where there is none, the backup's is put there.",
)
@click.option("--replace", is_flag=True, help="Data is there already: set it aside, under a name of its own.")
@click.option(
    "--skip-numbers",
    type=click.IntRange(min=0),
    help="Ticket numbers of each service passed over, so that none is given twice.  "
    "[default: 100 for each hour since the backup, 1000 at most]",
)
@click.option(
    "--without-boxes", is_flag=True, help="The hub's key is lost: restore all but the boxes; provision each again."
)
@_LANGUAGE
@plainly
def restore(  # noqa: PLR0917 - one argument for each option
    folder: Path, config: Path, replace: bool, skip_numbers: int | None, without_boxes: bool, lang: str
) -> None:
    """Have the hub go on from a backup: the newest in FOLDER, or the one that FOLDER is. The hub must be stopped.

    Put the hub's key file in its place first. Everything is verified before anything is touched. The next start
    delivers what the center lacks of the old journal, and goes on with a new one, which says what may be lost.
    """
    from common import catalogue  # noqa: PLC0415 - heavy
    from tools.operations import restoring  # noqa: PLC0415 - heavy

    _ = catalogue.translations(lang).gettext
    done = restoring.restore(
        folder, config, replace=replace, numbers=skip_numbers, say=Teller(), boxes=not without_boxes
    )
    manifest = done.manifest
    words = {"config": config, "data": done.data, "journal": manifest.journal, "sequence": manifest.sequence}
    words |= {"numbers": done.numbers_skipped, "from": _moment(manifest.made_at_ms), "to": _moment(done.to_ms)}
    if done.settings_written:
        click.echo(_("%(config)s: is the backup's") % words)
    for path in done.set_aside:
        click.echo(_("set aside: %(path)s") % {"path": path})
    text = _("%(data)s: journal %(journal)s through event %(sequence)s; a new one goes on after it")
    click.echo(text % words)
    click.echo(_("Possibly lost: what was acknowledged from %(from)s to %(to)s.") % words)
    click.echo(_("%(numbers)s numbers of each service are passed over. Start the hub.") % words)


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().isoformat(sep=" ", timespec="seconds")
