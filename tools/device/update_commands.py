"""`tingting device signing-key, sign, update`: new firmware for a box that works."""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from common import catalogue, files
from tools.device import build, bundles, hall_update, update_problems, updating
from tools.device.errors import DeviceError, HubRefusedError
from tools.device.hub import HubClient
from tools.device.options import AS_JSON, LANGUAGE, plainly, show, tell, token_from, with_token

_FILE: Final = click.Path(path_type=Path)
_READABLE: Final = 0o644  # what is signed is no secret


@click.command("signing-key")
@click.argument("file", type=_FILE)
@LANGUAGE
@AS_JSON
@plainly
def signing_key(file: Path, lang: str, as_json: bool) -> None:
    """Make the key that signs updates: FILE for whoever signs, FILE.pub for whoever updates."""
    _ = catalogue.translations(lang).gettext
    words = {"file": file, "public": bundles.make_key(file)}
    text = _("%(file)s: for whoever signs, and nobody else. %(file)s.pub, for whoever updates: %(public)s") % words
    tell(text, words | {"file": str(file)}, as_json=as_json)


@click.command()
@click.argument("bundle", type=_FILE)
@click.option("--key", required=True, type=_FILE, help="The signing key.")
@click.option("--role", "roles", multiple=True, help="For which boxes; all roles if not given.")
@click.option("--board", "boards", multiple=True, help="On which boards; all boards if not given.")
@LANGUAGE
@AS_JSON
@plainly
def sign(  # noqa: PLR0917 - one argument for each option
    bundle: Path, key: Path, roles: tuple[str, ...], boards: tuple[str, ...], lang: str, as_json: bool
) -> None:
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
                said = _("left out: %(why)s") % {"why": error.said(_)}  # a board that can't be this
                click.echo(said, err=as_json)
                continue
            words = {"role": role, "board": board, "version": image.version, "files": len(image.files)}
            click.echo(_("%(role)s on %(board)s, version %(version)s: %(files)s files") % words, err=as_json)
            targets.append((role, board, image))
    files.replace(bundle, bundles.write(targets, int(time.time()), key), _READABLE)
    size = bundle.stat().st_size
    made = [{"role": role, "board": board, "version": image.version} for role, board, image in targets]
    text = _("%(bundle)s: %(bytes)s bytes, signed") % {"bundle": bundle, "bytes": size}
    tell(text, {"bundle": str(bundle), "bytes": size, "targets": made}, as_json=as_json)


@click.command(options_metavar="[OPTIONS]")
@click.argument("what", nargs=-1, metavar="[PORT] [BUNDLE]")
@click.option("--key", type=_FILE, help="At a PORT: the public key of whoever signed, the file .pub.")
@click.option("--hall", "hall_url", help="By the hub at this address, to the boxes of its hall (admin token).")
@click.option("--percent", type=click.IntRange(1, 100), default=100, show_default=True, help="Of the hall's boxes.")
@click.option("--window", help="Only to the boxes at this window.")
@click.option("--device", "only", help="Only to this box.")
@click.option("--older", "--downgrade", "older", is_flag=True, help="An older version is meant.")
@click.option("--no-wait", is_flag=True, help="Begin, and don't follow it.")
@click.option("--status", "act", flag_value="status", help="How far the hall's update is.")
@click.option("--stop", "act", flag_value="stop", help="Send to nobody any more; who tries it is waited for.")
@click.option("--continue", "act", flag_value="continue", help="Go on after a stop.")
@click.option("--again", is_flag=True, help="With --continue: also to those that went wrong.")
@LANGUAGE
@AS_JSON
@with_token
@plainly
def update(  # noqa: PLR0917 - one argument for each option
    what: tuple[str, ...],
    key: Path | None,
    hall_url: str | None,
    percent: int,
    window: str | None,
    only: str | None,
    older: bool,
    no_wait: bool,
    act: str | None,
    again: bool,
    lang: str,
    as_json: bool,
    token_file: Path | None,
    token_env: str,
) -> None:
    """Give boxes the firmware of BUNDLE: the one at PORT, or with --hall those of a hall, by its hub.

    Each tries it, and goes back by itself if it is no good. Nothing that runs is touched. Broken off anywhere the box
    goes on with what it had; run the same command again. A hall's update goes on in the hub: one box first, a few at
    a time, citizens before all, and it stops by itself where a box goes back or doesn't come back.
    """
    _ = catalogue.translations(lang).gettext
    if hall_url is None:
        if len(what) != 2 or key is None:
            raise click.UsageError(_("say PORT, BUNDLE and --key, or BUNDLE and --hall."))
        _at_its_cable(what[0], Path(what[1]), key, older, lang, as_json)
        return
    if len(what) != (act is None) or (window is not None and only is not None):
        raise click.UsageError(
            _("with --hall say BUNDLE, or one of --status, --stop and --continue; a window or a device.")
        )
    hub = HubClient(hall_url, token_from(token_file, token_env))
    view = hub.update() if act == "status" else None
    try:
        if act == "stop":
            view = hub.steer_update("stop")
        elif act == "continue":
            view = hub.steer_update("continue", again=again)
        elif act is None:
            content = bundles.content(Path(what[0]))
            view = hub.begin_update(content, percent=percent, window=window, device=only, older=int(older))
    except HubRefusedError as error:
        raise update_problems.worded(error) from error
    if view is not None and act in (None, "continue") and not no_wait:
        view = hall_update.follow(hub, view, (lambda view: None) if as_json else _bar(lang))
    failed = view is not None and act in (None, "continue") and hall_update.ended_badly(view)
    tell(hall_update.summary(view, _), {"ok": not failed, "update": view}, as_json=as_json)
    if failed:
        raise click.exceptions.Exit(1)


def _bar(lang: str) -> Callable[[dict[str, Any]], None]:
    """A bar that says something new only when there is something new."""
    _ = catalogue.translations(lang).gettext
    last: list[tuple[str, int]] = []

    def bar(view: dict[str, Any]) -> None:
        done = hall_update.percent_of(view)
        words = hall_update.now(view, _)
        if last != [(words, done)]:
            last[:] = [(words, done)]
            show(words, done, 100)
        if view["state"] != "running" and done < 100 and sys.stdout.isatty():
            click.echo()  # it stopped in the middle of its line

    return bar


def _at_its_cable(port: str, bundle: Path, key: Path, older: bool, lang: str, as_json: bool) -> None:  # noqa: PLR0917
    _ = catalogue.translations(lang).gettext
    targets = bundles.read(bundle, key)
    done = updating.update(port, targets, older, (lambda *_: None) if as_json else show)
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
