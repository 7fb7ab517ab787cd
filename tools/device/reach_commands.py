"""`tingting device list, identify`: what is in reach, what is wrong with it, and which box is which."""

from pathlib import Path
from typing import Any, Final

import click

from tools.device import identifying, reach
from tools.device.errors import DeviceError, Speak
from tools.device.hub import HubClient
from tools.device.options import AS_JSON, LANGUAGE, plainly, show, silent, speaker, tell, token_from, with_token
from tools.device.ports import at_lines

_ADAPTERS: Final = Path("/sys/class/bluetooth")


@click.command("list")
@click.argument("ports", nargs=-1)
@click.option(
    "--ask",
    is_flag=True,
    help="Ask the box at every serial port that opens who it is: all that hangs there gets Ctrl-C and a short script, "
    "a printer or LED module too. With --hub that hub's own are left out.",
)
@click.option(
    "--radio/--no-radio", default=None, help="Listen with this machine's Bluetooth; where it has one if not said."
)
@click.option("--hub", "hub_url", help="The hub whose devices to list.")
@LANGUAGE
@AS_JSON
@with_token
@plainly
def list_(  # noqa: PLR0917 - one argument for each option
    ports: tuple[str, ...],
    ask: bool,
    radio: bool | None,
    hub_url: str | None,
    lang: str,
    as_json: bool,
    token_file: Path | None,
    token_env: str,
) -> None:
    """Show every board in reach and what is wrong with it: by cable, by radio, and with --hub all that are registered.

    A box at a port that is named in PORTS, or at any with --ask, is asked who it is: its application stops for a
    moment and starts again, nothing on it is changed. With --hub a manager's or the admin's token is needed. Status: 0
    also where something is wrong, 1 where the list itself could not be had.
    """
    _ = speaker(lang)
    here = reach.ports()
    free = [str(port["port"]) for port in here if ask and port["port"] not in ports]
    hub = None if hub_url is None else HubClient(hub_url, token_from(token_file, token_env))
    known = None if hub is None else [reach.known(entry) for entry in hub.devices()]
    left = [] if hub is None or not free else at_lines(free, hub.other_lines())
    free = [*ports, *(port for port in free if port not in left)]
    progress = silent if as_json else show
    cable = []
    for number, port in enumerate(free, 1):
        progress(port, number, len(free))
        cable.append(reach.asked(port))
    heard, deaf = _heard(radio)
    if deaf is not None and radio:
        raise deaf
    boxes = reach.joined(cable, known, heard)
    values: dict[str, Any] = {
        "boxes": [box.as_dict(_) for box in boxes],
        "ports": here,
        "left": left,
        "hub": hub_url,
        "radio": None if not _listens(radio) else "deaf" if deaf is not None else "heard",
    }
    lines = [_("Serial ports:") if here else _("Serial ports: none found")]
    for at in here:
        stays = "" if at["stays"] is None else "  " + _("%(name)s (where a hub is installed)") % {"name": at["stays"]}
        lines.append(f"  {at['port']:<16} {at['description']}{stays}")
    if left:
        where = {"ports": ", ".join(left)}
        lines.append(_("Not asked, as the hub has a printer or an LED module there: %(ports)s") % where)
    lines.append(_("Boxes:") if boxes else _empty(hub is not None, bool(free), _))
    lines += [f"  {line}" for box in boxes for line in reach.lines(box, _)]
    if deaf is not None:
        lines.append(deaf.said(_))
    tell("\n".join(lines), values, as_json=as_json)


def _listens(radio: bool | None) -> bool:
    return radio if radio is not None else _ADAPTERS.is_dir() and any(_ADAPTERS.iterdir())


def _heard(radio: bool | None) -> tuple[dict[str, int], DeviceError | None]:
    if not _listens(radio):
        return {}, None
    try:
        return reach.heard(), None
    except DeviceError as error:
        return {}, error


def _empty(hub: bool, cable: bool, _: Speak) -> str:
    if hub:
        return _("Boxes: none is registered at this hub; tingting device provision does it")
    if cable:
        return _("Boxes: none answers")
    return _("Boxes: nobody was asked; say --hub, or --ask for those at the ports")


@click.command()
@click.argument("what", metavar="NAME|WINDOW|PORT")
@click.option("--hub", "hub_url", help="The hub, e.g. http://127.0.0.1:8080; not needed for a box at a port.")
@click.option("--for", "for_s", type=click.IntRange(1, 60), default=20, show_default=True, help="Seconds.")
@click.option("--role", help="Which box of a window that has several: evaluator or caller.")
@LANGUAGE
@AS_JSON
@with_token
@plainly
def identify(  # noqa: PLR0917 - one argument for each option
    what: str,
    hub_url: str | None,
    for_s: int,
    role: str | None,
    lang: str,
    as_json: bool,
    token_file: Path | None,
    token_env: str,
) -> None:
    """Let a box blink and beep, so that you find it: by its name, its window or the port that it hangs at.

    By name or window the hub asks it (manager or admin token), and its work goes on. At a port its application stops
    for that long and starts again afterwards.
    """
    _ = speaker(lang)
    if hub_url is None:
        if "/" not in what and ":" not in what:
            raise click.UsageError(_("give --hub for a name or a window, or the port that the box hangs at."))
        names = [identifying.at_port(what, for_s)]
    else:
        hub = HubClient(hub_url, token_from(token_file, token_env))
        names = identifying.named(hub, what, role)
        for name in names:
            hub.command(name, "identify", for_s=for_s)
    words = {"names": ", ".join(names), "seconds": for_s}
    text = _("%(names)s: the power light blinks quickly for %(seconds)s s") % words
    tell(text, {"devices": names, "for_s": for_s}, as_json=as_json)


REACH: Final = (list_, identify)
