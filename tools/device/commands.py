"""`tingting device …`: what a technician does with a box on the bench."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TextIO

import click

from tools.device import build as building
from tools.device import flashing, interpreter, labels, provisioning, relinking
from tools.device.care_commands import CARE
from tools.device.hub import HubClient
from tools.device.options import AS_JSON, LANGUAGE, plainly, show, silent, speaker, tell, token_from, with_token
from tools.device.reach_commands import REACH
from tools.device.speaking import SpokenGroup
from tools.device.update_commands import UPDATE


@click.group(cls=SpokenGroup)
@click.option("--lang", expose_value=False, hidden=True)
def device() -> None:
    """Flash, provision and look after the boxes."""


@device.command()
@click.argument("port")
@click.option("--role", default="evaluator", show_default=True, help="What the box is for.")
@click.option("--board", default="rpi_pico", show_default=True, help="Which board is in it: firmware/boards/.")
@click.option(
    "--micropython",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Put this MicroPython onto the board first: its .bin for an ESP32, its .uf2 for a Pico.",
)
@click.option(
    "--drive",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The drive of a Pico plugged in with BOOTSEL held; found by itself if not given.",
)
@click.option("--erase", is_flag=True, help="Clear an ESP32 first: its identity and unsent facts go, too.")
@LANGUAGE
@AS_JSON
@plainly
def flash(  # noqa: PLR0917 - one argument for each option
    port: str,
    role: str,
    board: str,
    micropython: Path | None,
    drive: Path | None,
    erase: bool,
    lang: str,
    as_json: bool,
) -> None:
    """Put the firmware onto the box at PORT, over a box already flashed as well.

    Files that are already there are kept, so after a broken-off copy run the same command again. With --micropython
    the board may be bare. Ctrl-C is no harm: half a copy starts nothing, and waits for the same command.
    """
    _ = speaker(lang)
    begin_s = time.monotonic()
    progress = silent if as_json else show
    wish = None
    if micropython is not None:  # the file is looked at before anything is built or written
        wish = interpreter.Wish(board, interpreter.read(micropython, board), drive, erase)
    elif drive is not None or erase:
        raise click.UsageError(_("--drive and --erase belong to --micropython"))
    image = building.build(role, board)
    words = {"role": role, "board": board, "version": image.version, "files": len(image.files)}
    if not as_json:
        click.echo(_("%(role)s on %(board)s, version %(version)s: %(files)s files") % words)
    put = None
    if wish is not None:
        put = interpreter.put(port, wish, progress, lambda text: None if as_json else click.echo(text, err=True), _)
        if not as_json:
            click.echo(_("%(port)s: MicroPython answers: %(version)s") % {"port": port, "version": put.version})
    done = flashing.flash(port, image, progress)
    counts = {"copied": done.copied, "kept": done.kept, "removed": done.removed}
    seconds = round(time.monotonic() - begin_s, 1)
    tell(
        _(
            "%(port)s: %(copied)s copied, %(kept)s were there, %(removed)s removed, all checked by SHA-256, "
            "%(seconds)s s"
        )
        % (counts | {"port": port, "seconds": seconds}),
        {"port": port, **words, **counts, "seconds": seconds, "micropython": None if put is None else asdict(put)},
        as_json=as_json,
    )


@device.command()
@click.argument("port")
@click.option("--window", help="The window it serves, as in hub.toml; a dispenser has none.")
@click.option("--hub", "hub_url", required=True, help="The hub, e.g. http://127.0.0.1:8080.")
@click.option("--role", type=click.Choice(list(provisioning.PREFIXES)), default="evaluator", show_default=True)
@click.option("--board", default="rpi_pico", show_default=True, help="Which board is in it: firmware/boards/.")
@click.option("--label", help="What the box shows as its window; the window itself if not given.")
@click.option("--link", type=click.Choice(["uart", "usb", "ble"]), default="uart", show_default=True)
@click.option("--keys", type=click.Choice(["four"]), help="A caller with four keys alone.")
@click.option("--screen", type=click.Choice(list(provisioning.SCREENS)), help="The controller of its display, if any.")
@click.option(
    "--sticker",
    "stickers",
    multiple=True,
    metavar="FILE|PRINTER",
    help="The label to stick onto the box (name, window, QR): a file .svg, .png or .pdf, or a printer at the hub.",
)
@LANGUAGE
@AS_JSON
@with_token
@plainly
def provision(  # noqa: PLR0917 - one argument for each option
    port: str,
    window: str | None,
    hub_url: str,
    role: str,
    board: str,
    label: str | None,
    link: str,
    keys: str | None,
    screen: str | None,
    stickers: tuple[str, ...],
    lang: str,
    as_json: bool,
    token_file: Path | None,
    token_env: str,
) -> None:
    """Give the box at PORT its identity and secret, and register it at the hub (admin token).

    Broken off anywhere, the same command again ends well: what counts is renamed into place last.
    """
    _ = speaker(lang)
    if (window is None) != (role == provisioning.DISPENSER):
        raise click.UsageError(_("give --window, unless the box is a dispenser: that has none."))
    wish = provisioning.Wish(role, board, window, label or window or "", link, keys, screen)
    hub = HubClient(hub_url, token_from(token_file, token_env))
    wanted = labels.wanted(stickers, hub)
    done = provisioning.provision(port, wish, hub)
    stuck = labels.give(labels.of(hub, done.device, role, done.window, label), wanted, hub)
    values: dict[str, Any] = {"port": port, "device": done.device, "window": done.window, "stickers": stuck}
    if window is None:
        lines = [_("%(port)s: %(device)s gives numbers") % values]
    else:
        lines = [_("%(port)s: %(device)s serves window %(window)s") % values]
    lines += [_("%(other)s stood there before and has no window now") % {"other": each} for each in done.displaced]
    lines += [_("its label: %(where)s") % {"where": where} for where in stuck]
    tell("\n".join(lines), values | {"displaced": done.displaced}, as_json=as_json)


@device.command()
@click.argument("name")
@click.option("--hub", "hub_url", required=True, help="The hub, e.g. http://127.0.0.1:8080.")
@click.option(
    "--sticker",
    "stickers",
    multiple=True,
    required=True,
    metavar="FILE|PRINTER",
    help="The label to stick onto the box (name, window, QR): a file .svg, .png or .pdf, or a printer at the hub.",
)
@LANGUAGE
@AS_JSON
@with_token
@plainly
def label(  # noqa: PLR0917 - one argument for each option
    name: str,
    hub_url: str,
    stickers: tuple[str, ...],
    lang: str,
    as_json: bool,
    token_file: Path | None,
    token_env: str,
) -> None:
    """Print the label of the registered box NAME once more (admin token); its key stays as it is."""
    _ = speaker(lang)
    hub = HubClient(hub_url, token_from(token_file, token_env))
    wanted = labels.wanted(stickers, hub)
    known = hub.device(name)
    stuck = labels.give(labels.of(hub, name, known["role"], known["window"]), wanted, hub)
    text = "\n".join(_("its label: %(where)s") % {"where": where} for where in stuck)
    tell(text, {"device": name, "window": known["window"], "stickers": stuck}, as_json=as_json)


_LINES: Final = ("uart", "usb", "ble")


@device.command()
@click.argument("port")
@click.option("--ble", "line", flag_value="ble", help="Without a cable: Bluetooth Low Energy.")
@click.option("--uart", "line", flag_value="uart", help="A cable on its UART.")
@click.option("--usb", "line", flag_value="usb", help="Its USB port.")
@LANGUAGE
@AS_JSON
@plainly
def link(port: str, line: str | None, lang: str, as_json: bool) -> None:
    """Let the box at PORT speak to its hub over another line; identity, key and stored facts stay as they are."""
    _ = speaker(lang)
    if line not in _LINES:
        raise click.UsageError(_("say which line: --ble, --uart or --usb."))
    done = relinking.relink(port, line)
    words = {"port": port, "device": done.device, "was": done.was, "line": line}
    if done.was == line:
        text = _("%(port)s: %(device)s speaks over %(line)s already") % words
    else:
        text = _("%(port)s: %(device)s spoke over %(was)s, and from now on over %(line)s.") % words
        text += (
            "\n"
            + {
                "uart": _("Plug its cable in, and name that line under [[links]]."),
                "usb": _("Name its USB port under [[links]]."),
                "ble": _("The hub finds it by itself where it has an adapter under [[radios]]."),
            }[line]
        )
    tell(text, words, as_json=as_json)


@device.command()
@click.argument("version")
@click.argument("file", type=click.File(encoding="utf-8"), default="-")
@LANGUAGE
@AS_JSON
@plainly
def traceback(version: str, file: TextIO, lang: str, as_json: bool) -> None:
    """Show a box's traceback with the names of the sources, from FILE or standard input.

    A box has shortened names. VERSION (0.1.0+5f3a…, as `flash` and the box say it) tells which build is meant.
    """
    text = building.explained(file.read(), version)
    tell(text.rstrip("\n"), {"version": version, "traceback": text}, as_json=as_json)


for each in (*REACH, *CARE, *UPDATE):
    device.add_command(each)
