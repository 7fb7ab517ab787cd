"""`tingting device …`: what a technician does with a box on the bench."""

import time
from pathlib import Path
from typing import Any, TextIO

import click
from serial.tools import list_ports

from tools.device import build as building
from tools.device import flashing, provisioning, relinking
from tools.device.care_commands import CARE
from tools.device.hub import HubClient
from tools.device.options import plainly, show, token_from, with_token
from tools.device.ports import stable_name
from tools.device.update_commands import UPDATE
from tools.operations import report


@click.group()
def device() -> None:
    """Flash, provision and look after the boxes."""


@device.command()
@click.argument("port")
@click.option("--role", default="evaluator", show_default=True, help="What the box is for.")
@click.option("--board", default="rpi_pico", show_default=True, help="Which board is in it: firmware/boards/.")
@plainly
def flash(port: str, role: str, board: str) -> None:
    """Put the firmware onto the box at PORT, over a box already flashed as well.

    Files that are already there are kept, so after a broken-off copy run the same command again.
    """
    begin_s = time.monotonic()
    image = building.build(role, board)
    click.echo(f"{role} on {board}, version {image.version}: {len(image.files)} files")
    done = flashing.flash(port, image, show)
    click.echo(
        f"{port}: {done.copied} copied, {done.kept} were there, {done.removed} removed, all checked by SHA-256, "
        f"{time.monotonic() - begin_s:.1f} s"
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
    token_file: Path | None,
    token_env: str,
) -> None:
    """Give the box at PORT its identity and secret, and register it at the hub (admin token)."""
    if (window is None) != (role == provisioning.DISPENSER):
        raise click.UsageError("give --window, unless the box is a dispenser: that has none.")
    wish = provisioning.Wish(role, board, window, label or window or "", link, keys, screen)
    done = provisioning.provision(port, wish, HubClient(hub_url, token_from(token_file, token_env)))
    click.echo(f"{port}: {done.device} " + (f"serves window {window}" if window else "gives numbers"))
    for other in done.displaced:
        click.echo(f"{other} stood there before and has no window now")


_LINES = {
    "uart": "its UART; plug its cable in, and name that line under [[links]]",
    "usb": "its USB port; name that port under [[links]]",
    "ble": "Bluetooth Low Energy; the hub finds it by itself where it has an adapter under [[radios]]",
}


@device.command()
@click.argument("port")
@click.option("--ble", "line", flag_value="ble", help="Without a cable: Bluetooth Low Energy.")
@click.option("--uart", "line", flag_value="uart", help="A cable on its UART.")
@click.option("--usb", "line", flag_value="usb", help="Its USB port.")
@plainly
def link(port: str, line: str | None) -> None:
    """Let the box at PORT speak to its hub over another line; identity, key and stored facts stay as they are."""
    if line is None:
        raise click.UsageError("say which line: --ble, --uart or --usb.")
    done = relinking.relink(port, line)
    if done.was == line:
        click.echo(f"{port}: {done.device} speaks over {line} already")
        return
    click.echo(f"{port}: {done.device} spoke over {done.was}, and from now on over {_LINES[line]}")


@device.command()
@click.argument("version")
@click.argument("file", type=click.File(encoding="utf-8"), default="-")
@plainly
def traceback(version: str, file: TextIO) -> None:
    """Show a box's traceback with the names of the sources, from FILE or standard input.

    A box has shortened names. VERSION (0.1.0+5f3a…, as `flash` and the box say it) tells which build is meant.
    """
    click.echo(building.explained(file.read(), version), nl=False)


@device.command("list")
@click.option("--hub", "hub_url", help="The hub whose devices to list.")
@with_token
@plainly
def list_(hub_url: str | None, token_file: Path | None, token_env: str) -> None:
    """Show the serial ports of this machine and, with --hub, its registered devices (manager or admin token)."""
    ports = sorted(list_ports.comports())
    click.echo("Serial ports:" if ports else "Serial ports: none found")
    for port in ports:
        stays = stable_name(port.serial_number, port.location)
        click.echo(
            f"  {port.device:<16} {port.description}" + (f"  {stays} (where a hub is installed)" if stays else "")
        )
    if hub_url is None:
        return
    devices = HubClient(hub_url, token_from(token_file, token_env)).devices()
    click.echo("Registered devices:" if devices else "Registered devices: none")
    for entry in devices:
        place = f"window {entry['window']}" if entry.get("window") else "no window"
        firmware = entry.get("firmware") or "-"
        click.echo(
            f"  {entry['device']:<24} {entry['role']:<10} {place:<12} {entry.get('board', ''):<12} {firmware:<12} "
            f"{_heard(entry)}"
        )


def _heard(entry: dict[str, Any]) -> str:
    """Online only with the age of the last word."""
    silent_s = entry.get("silent_s")
    if silent_s is None:
        return "offline, not heard since the hub started"
    heard = f"heard {report.age(silent_s, str)} ago"
    return f"{'online' if entry.get('online') else 'offline'}, {heard}"


@device.command()
@click.argument("name")
@click.option("--hub", "hub_url", required=True, help="The hub, e.g. http://127.0.0.1:8080.")
@click.option("--for", "for_s", type=click.IntRange(1, 60), default=20, show_default=True, help="Seconds.")
@with_token
@plainly
def identify(name: str, hub_url: str, for_s: int, token_file: Path | None, token_env: str) -> None:
    """Let the box NAME blink and beep, so that you find it (manager or admin token)."""
    HubClient(hub_url, token_from(token_file, token_env)).command(name, "identify", for_s=for_s)
    click.echo(f"{name} has answered: its power light blinks quickly for {for_s} s")


for each in (*CARE, *UPDATE):
    device.add_command(each)
