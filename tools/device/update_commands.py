"""`tingting device signing-key, sign, update`: new firmware for a box that works."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from common import catalogue, files
from tools.device import build, bundles, updating
from tools.device.errors import DeviceError
from tools.device.options import AS_JSON, LANGUAGE, plainly, show, tell

_FILE: Final = click.Path(path_type=Path)
_READABLE: Final = 0o644  # what is signed is no secret


@click.command("signing-key")
@click.argument("file", type=_FILE)
@LANGUAGE
@plainly
def signing_key(file: Path, lang: str) -> None:
    """Make the key that signs updates: FILE for whoever signs, FILE.pub for whoever updates."""
    _ = catalogue.translations(lang).gettext
    words = {"file": file, "public": bundles.make_key(file)}
    click.echo(_("%(file)s: for whoever signs, and nobody else. %(file)s.pub, for whoever updates: %(public)s") % words)


@click.command()
@click.argument("bundle", type=_FILE)
@click.option("--key", required=True, type=_FILE, help="The signing key.")
@click.option("--role", "roles", multiple=True, help="For which boxes; all roles if not given.")
@click.option("--board", "boards", multiple=True, help="On which boards; all boards if not given.")
@LANGUAGE
@plainly
def sign(bundle: Path, key: Path, roles: tuple[str, ...], boards: tuple[str, ...], lang: str) -> None:
    """Build the firmware of these sources and sign it into BUNDLE."""
    _ = catalogue.translations(lang).gettext
    targets = []
    for role in roles or build.choices("roles"):
        for board in boards or build.choices("boards"):
            try:
                image = build.build(role, board)
            except DeviceError as error:
                if boards:
                    raise
                click.echo(_("left out: %(why)s") % {"why": error})  # a board that can't be this
                continue
            words = {"role": role, "board": board, "version": image.version, "files": len(image.files)}
            click.echo(_("%(role)s on %(board)s, version %(version)s: %(files)s files") % words)
            targets.append((role, board, image))
    files.replace(bundle, bundles.write(targets, int(time.time()), key), _READABLE)
    click.echo(_("%(bundle)s: %(bytes)s bytes, signed") % {"bundle": bundle, "bytes": bundle.stat().st_size})


@click.command()
@click.argument("port")
@click.argument("bundle", type=_FILE)
@click.option("--key", required=True, type=_FILE, help="The public key of whoever signed: the file .pub.")
@click.option("--downgrade", is_flag=True, help="An older version is meant.")
@LANGUAGE
@AS_JSON
@plainly
def update(port: str, bundle: Path, key: Path, downgrade: bool, lang: str, as_json: bool) -> None:  # noqa: PLR0917
    """Let the box at PORT try the firmware of BUNDLE; it goes back by itself if that is no good.

    Nothing that runs is touched. Broken off anywhere the box goes on with what it had; run the same command again.
    """
    _ = catalogue.translations(lang).gettext
    targets = bundles.read(bundle, key)
    done = updating.update(port, targets, downgrade, (lambda *_: None) if as_json else show)
    words = {"port": port, "device": done.device, "was": done.was, "version": done.version}
    tell(
        _("%(port)s: %(device)s had %(was)s and tries %(version)s now.") % words
        + "\n"
        + _("Good once it has reached its hub; if it doesn't within three starts of two minutes each, it goes back.")
        + "\n"
        + _("tingting device list --hub … shows which version runs."),
        asdict(done) | {"port": port},
        as_json=as_json,
    )


UPDATE: Final = (signing_key, sign, update)
