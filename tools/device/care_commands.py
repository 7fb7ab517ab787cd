"""`tingting device replace, fetch, selftest, maintain`: a box that is looked after."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from common import catalogue, files
from tools.device import diary, provisioning, selftest
from tools.device.errors import DeviceError
from tools.device.hub import HubClient
from tools.device.maintenance import enter, leave, maintenance
from tools.device.options import AS_JSON, LANGUAGE, plainly, show, tell, token_from, with_token
from tools.device.selftest import Found

_HUB: Final = click.option("--hub", "hub_url", required=True, help="The hub, e.g. http://127.0.0.1:8080.")
_ASK_AGAIN_S: Final = 1.0  # how far a fetch is; the hub itself looks every second
LEAST_FETCH_S: Final = 10


@click.command()
@click.argument("old")
@click.argument("port")
@_HUB
@click.option("--board", default="rpi_pico", show_default=True, help="Which board is in the new one: firmware/boards/.")
@click.option("--label", help="What the box shows as its window; the window itself if not given.")
@click.option("--link", type=click.Choice(["uart", "usb", "ble"]), default="uart", show_default=True)
@click.option("--keys", type=click.Choice(["four"]), help="A caller with four keys alone.")
@click.option("--screen", type=click.Choice(list(provisioning.SCREENS)), help="The controller of its display, if any.")
@LANGUAGE
@AS_JSON
@with_token
@plainly
def replace(  # noqa: PLR0917 - one argument for each option
    old: str,
    port: str,
    hub_url: str,
    board: str,
    label: str | None,
    link: str,
    keys: str | None,
    screen: str | None,
    lang: str,
    as_json: bool,
    token_file: Path | None,
    token_env: str,
) -> None:
    """Let the box at PORT take the place of the registered box OLD, whose key is dead from then on (admin token).

    Flash it first. Broken off anywhere, the same command again ends well.
    """
    _ = catalogue.translations(lang).gettext
    hub = HubClient(hub_url, token_from(token_file, token_env))
    known = hub.device(old)
    window = known["window"]
    if known["replaced_by"] is not None:  # broken off before: its window is the other's already
        window = hub.device(known["replaced_by"])["window"]
    wish = provisioning.Wish(known["role"], board, None, label or window or "", link, keys, screen, old)
    done = provisioning.provision(port, wish, hub)
    place = _("without a window") if done.window is None else _("window %(window)s") % {"window": done.window}
    words = {"port": port, "device": done.device, "old": old, "place": place}
    tell(
        _("%(port)s: %(device)s stands in the place of %(old)s now (%(place)s).") % words
        + "\n"
        + _("The key of %(old)s is dead. What it still holds: tingting device fetch %(old)s") % words,
        {"port": port, "device": done.device, "replaces": old, "window": done.window},
        as_json=as_json,
    )


@click.command()
@click.argument("old")
@_HUB
@click.option(
    "--for", "for_s", type=click.IntRange(LEAST_FETCH_S, 3600), default=600, show_default=True, help="Seconds."
)
@LANGUAGE
@AS_JSON
@with_token
@plainly
def fetch(  # noqa: PLR0917 - one argument for each option
    old: str, hub_url: str, for_s: int, lang: str, as_json: bool, token_file: Path | None, token_env: str
) -> None:
    """Let the replaced box OLD tell what it still holds; plug it into any line of the hub (admin token).

    Its key opens nothing before and nothing after. Each of its facts counts once.
    """
    _ = catalogue.translations(lang).gettext
    hub = HubClient(hub_url, token_from(token_file, token_env))
    hub.command(old, "fetch", for_s=for_s)
    if not as_json:
        click.echo(
            _("Plug %(old)s into a line of the hub now; it may come for %(seconds)s s.")
            % {"old": old, "seconds": for_s}
        )
    begin_s = time.monotonic()
    while True:
        said = hub.device(old)["fetching"] or {"open": False, "done": False, "facts": 0}
        if not said["open"]:
            break
        if not as_json:
            show(_("%(facts)s facts came") % said, min(int(time.monotonic() - begin_s), for_s - 1), for_s)
        time.sleep(_ASK_AGAIN_S)
    if not said["done"]:
        raise DeviceError(
            "%(old)s did not come, or had not told all (%(facts)s facts came). Run the same command again.",
            old=old,
            facts=said["facts"],
        )
    words = {"old": old, "facts": said["facts"]}
    text = _("%(old)s has told all: %(facts)s facts came, each counts once. Its key is dead again.") % words
    tell(text, {"device": old, "facts": said["facts"]}, as_json=as_json)


@click.command("selftest")
@click.argument("port")
@click.option("--hub", "hub_url", help="The hub that notes the result; without it nobody does.")
@click.option("--role", type=click.Choice(list(provisioning.PREFIXES)), help="Of a box that was never provisioned.")
@click.option("--board", help="Of a box that was never provisioned: firmware/boards/.")
@click.option("--wait", "wait_s", type=click.IntRange(1, 60), default=15, show_default=True, help="Seconds a key.")
@LANGUAGE
@AS_JSON
@with_token
@plainly
def self_test(  # noqa: PLR0917 - one argument for each option
    port: str,
    hub_url: str | None,
    role: str | None,
    board: str | None,
    wait_s: int,
    lang: str,
    as_json: bool,
    token_file: Path | None,
    token_env: str,
) -> None:
    """Try every key, lamp and sound of the box at PORT with a person's help; the hub notes when and with what result.

    The application is off meanwhile: no press is a rating. Status: 0 all is well, 1 something is not.
    """
    _ = catalogue.translations(lang).gettext
    hub = None if hub_url is None else HubClient(hub_url, token_from(token_file, token_env))
    if hub is not None:
        hub.devices()
    found = Found()
    with maintenance(port):
        box = selftest.who(port, role, board)
        if hub is not None and box.device is not None:
            hub.device(box.device)
        found.lamps = _confirmed(
            _("Did every lamp light, one after the other, and do all burn now?"), lambda: selftest.lamps(port, box), _
        )
        found.sounds = _confirmed(_("Did you hear three tones?"), lambda: selftest.sound(port, box), _)
        if box.role == "caller":
            found.shows = _confirmed(_("Does the display show 8888?"), lambda: selftest.digits(port, box), _)

        def hear(what: str, key: str) -> None:
            words = {
                "ask": _("Press the key: %(key)s"),
                "felt": _("  felt: %(key)s"),
                "dead": _("  nothing came: %(key)s"),
                "hangs": _("  it hangs: %(key)s"),
            }
            click.echo(words[what] % {"key": key}, err=as_json)

        found.keys, found.dead = selftest.keys(port, box, wait_s, hear)
        if not as_json:  # before anything else can fail: a person has pressed every key for it
            click.echo(_outcome(found, _))
    problem = None
    noted = hub is not None and box.device is not None
    if hub is not None and box.device is not None:
        try:
            hub.tested(box.device, found.as_dict())
        except DeviceError as error:
            problem, noted = error, False
    text = _("The hub has noted it.") if noted else _("Nobody has noted it: say --hub, and provision the box.")
    if problem is None or as_json:
        tell(text, {"device": box.device, "well": found.well, "noted": noted, **found.as_dict()}, as_json=as_json)
    if problem is not None:
        raise DeviceError("The hub has not noted it: %(why)s", why=problem) from problem
    if not found.well:
        raise click.exceptions.Exit(1)


def _outcome(found: Found, _: Callable[[str], str]) -> str:
    """What was found, for the person who pressed."""
    if found.well:
        return _("All is well.")
    text = _("Not all is well: free or clean what gave nothing, else replace the box.")
    if found.dead:
        text += "\n" + _("Keys without answer: %(keys)s") % {"keys": ", ".join(found.dead)}
    return text


def _confirmed(question: str, again: Callable[[], object], _: Callable[[str], str]) -> bool:
    """Shown until the person says yes or no; anything else shows it again."""
    while True:
        again()
        said = click.prompt(question + _(" [y/n, r: show it again]"), prompt_suffix=" ", err=True).strip().lower()
        if said in ("y", "yes", "是"):
            return True
        if said in ("n", "no", "否"):
            return False


@click.command()
@click.argument("box")
@click.option("--off", is_flag=True, help="Let the application run again (at the cable).")
@click.option("--hub", "hub_url", help="The hub, to ask a box by its name over its own line.")
@LANGUAGE
@AS_JSON
@with_token
@plainly
def maintain(  # noqa: PLR0917 - one argument for each option
    box: str, off: bool, hub_url: str | None, lang: str, as_json: bool, token_file: Path | None, token_env: str
) -> None:
    """Keep application and watchdog of BOX off, so that it can be worked on; BOX is a port, or with --hub a name.

    It stays so until `--off` at its cable, also after a restart.
    """
    _ = catalogue.translations(lang).gettext
    if hub_url is not None:
        if off:
            raise click.UsageError(_("a box in maintenance hears no hub: say --off with its port."))
        HubClient(hub_url, token_from(token_file, token_env)).command(box, "maintenance")
    elif off:
        leave(box)
    else:
        enter(box)
    words = _("%(box)s: its application runs again.") if off else _("%(box)s: application and watchdog are off.")
    tell(words % {"box": box}, {"box": box, "maintenance": not off}, as_json=as_json)


@click.command("log")
@click.argument("port")
@click.option("--offset", default=480, show_default=True, help="Minutes of the hall's clock east of UTC.")
@LANGUAGE
@AS_JSON
@plainly
def log_(port: str, offset: int, lang: str, as_json: bool) -> None:
    """Show the diary of the box at PORT: its starts with their cause, faults, lows of memory. Needs no hub."""
    _ = catalogue.translations(lang).gettext
    entries = diary.read(port)
    text = "\n".join(diary.words(entry, offset, _) for entry in entries) or _("The diary is empty.")
    tell(text, {"port": port, "entries": [entry.as_dict() for entry in entries]}, as_json=as_json)


@click.command("image")
@click.argument("interpreter", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--role", type=click.Choice(list(provisioning.PREFIXES)), default="evaluator", show_default=True)
@click.option("--board", default="rpi_pico", show_default=True, help="Which board is in it: firmware/boards/.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The .uf2 to write.")
@LANGUAGE
@AS_JSON
@plainly
def image_(interpreter: Path, role: str, board: str, out: Path, lang: str, as_json: bool) -> None:  # noqa: PLR0917 - as above
    """Make one .uf2 of INTERPRETER (MicroPython's .uf2 for the board) and our application, for a bare Pico.

    Hold BOOTSEL while you plug the board in and copy the file onto the drive that appears. It replaces all that is on
    the board, its identity and its unsent facts too.
    """
    from tools.device import build, image  # noqa: PLC0415 - heavy

    _ = catalogue.translations(lang).gettext
    image.volume_of(board)
    made = build.build(role, board)
    content = image.make(board, made, interpreter)
    try:
        files.replace(out, content)
    except OSError as error:
        raise DeviceError("%(file)s: can't be written (%(why)s)", file=out, why=error.strerror) from error
    words = {"out": out, "role": role, "board": board, "version": made.version, "files": len(made.files)}
    text = _("%(out)s: MicroPython and %(role)s %(version)s with %(files)s files for %(board)s.") % words
    tell(
        text + "\n" + _("Hold BOOTSEL, plug the board in, copy the file onto its drive."),
        words | {"out": str(out)},
        as_json=as_json,
    )


CARE: Final = (image_, replace, fetch, self_test, log_, maintain)
