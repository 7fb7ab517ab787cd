"""Every board in reach and what is wrong with it: by cable, by the hub's word, by this machine's own radio."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from serial.tools import list_ports

from tools.device import maintenance
from tools.device.errors import DeviceError, PortError, Speak, spoken
from tools.device.ports import stable_name
from tools.operations.report import age, hubs_own

SCAN_S: Final = 6.0  # an idle box advertises every second; one that is busy on a link is silent for a few
WEAK_DBM: Final = -85  # as docs/how-to/use-the-radio.md says
FEW_CONNECTS: Final = 10  # before so many, one that failed says nothing
OFTEN: Final = 10
LOW_FLASH: Final = 64 * 1024  # an update needs about so much beside what runs
FULL_PERMILLE: Final = 800
MANY_PPM: Final = 200  # a crystal is within 50

# Never the secret: what is printed here is seen on this machine.
_WHO: Final = f"""
import json, os, sys
def who():
    said = {{"maintenance": {maintenance.FLAG[1:]!r} in os.listdir("/")}}
    said["machine"] = getattr(sys.implementation, "_machine", None)
    try:
        with open("/settings.json") as file:
            settings = json.load(file)
        for name in ("device", "role", "board", "window_label", "link"):
            said[name] = settings.get(name)
    except (OSError, ValueError):
        pass
    try:
        with open("/slot") as file:
            slot = file.read(1)
    except OSError:
        slot = "a"
    try:
        os.stat("/main.py")
        os.chdir("/" + ("b" if slot == "b" else "a"))
        from firmware import VERSION
        said["firmware"] = VERSION
    except (OSError, ImportError):
        pass
    os.chdir("/")
    return said
print("who", json.dumps(who()))
"""


def _(text: str) -> str:
    """Marks a message for the catalogue."""
    return text


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that a person should mend: a stable code, what it is, what to do."""

    code: str
    message: str
    todo: str
    values: dict[str, Any] = field(default_factory=dict)

    def said(self, speak: Speak) -> dict[str, str]:
        """For a person, and in --json."""
        values = {
            name: age(value, speak) if name == "age" else spoken(value, speak) for name, value in self.values.items()
        }
        return {"code": self.code, "text": speak(self.message) % values, "todo": hubs_own(self.todo, speak)}


# By code: what it is, and what to do. Faults that a hub tells of have their own words and codes.
WRONGS: Final = {
    "no_firmware": (_("MicroPython answers, but no firmware of ours is on it"), _("tingting device flash")),
    "unprovisioned": (_("it has no identity and serves nobody"), _("tingting device provision")),
    "maintenance": (
        _("it is in maintenance: its application is off"),
        _("run the command that was broken off again, or: tingting device maintain PORT --off"),
    ),
    "not_registered": (_("this hub does not know it"), _("tingting device provision")),
    "replaced": (
        _("%(by)s stands in its place, its key is dead"),
        _("tingting device fetch tells what it still holds"),
    ),
    "aside": (_("it has no window"), _("tingting device provision gives it one")),
    "never_heard": (
        _("not heard since the hub started"),
        _("Check its power and its line; its ratings wait in it and come when it is back."),
    ),
    "silent": (
        _("silent for %(age)s"),
        _("Check its power and its line; its ratings wait in it and come when it is back."),
    ),
    "flash_low": (_("only %(free)s KB of its flash are free"), _("an update may not fit: flash it again")),
    "log_filling": (
        _("its log of unsent facts is %(percent)s %% full"),
        _("look at its line: the facts don't get through"),
    ),
    "clock": (
        _("its clock runs %(ppm)s millionths wrong"),
        _("more than a crystal should: replace the board"),
    ),
    "radio_weak": (
        _("it is heard weakly: %(dbm)s dBm"),
        _("Move an adapter nearer to it, or add one on its side of the hall."),
    ),
    "radio_failing": (
        _("%(failed)s of %(tries)s links to it failed: %(why)s"),
        _("Move an adapter nearer to it, or add one on its side of the hall."),
    ),
}


def found(code: str, **values: Any) -> Wrong:
    """One of `WRONGS`."""
    message, todo = WRONGS[code]
    return Wrong(code, message, todo, values)


@dataclass(slots=True)
class Box:
    """One board; what nobody knows is None."""

    device: str | None = None
    role: str | None = None
    window: str | None = None
    board: str | None = None
    firmware: str | None = None
    online: bool | None = None
    silent_s: float | None = None
    port: str | None = None  # here, by cable
    line: str | None = None  # at the hub, by cable
    radio_dbm: int | None = None
    wrong: list[Wrong] = field(default_factory=list)

    def as_dict(self, speak: Speak) -> dict[str, Any]:
        """For --json."""
        shown = asdict(self)
        shown["wrong"] = [each.said(speak) for each in self.wrong]
        return shown


def ports() -> list[dict[str, str | None]]:
    """The serial ports of this machine."""
    return [
        {
            "port": port.device,
            "description": port.description,
            "stays": stable_name(port.serial_number, port.location),
        }
        for port in sorted(list_ports.comports())
    ]


# -- by cable


def asked(port: str) -> Box:
    """Who is at the port; its application stops for a moment. What keeps it from answering is what is wrong."""
    try:
        return ask(port)
    except DeviceError as error:
        code = error.code if isinstance(error, PortError) else "no_answer"
        return Box(port=port, wrong=[Wrong(code, error.message, "", error.values)])


def ask(port: str) -> Box:
    """The same; raises `DeviceError`."""
    said = _asked(port)
    box = Box(
        device=said.get("device"),
        role=said.get("role"),
        window=said.get("window_label"),
        board=said.get("board") or said.get("machine"),
        firmware=said.get("firmware"),
        port=port,
    )
    if box.firmware is None:
        box.wrong.append(found("no_firmware"))
    elif box.device is None:
        box.wrong.append(found("unprovisioned"))
    if said.get("maintenance"):
        box.wrong.append(found("maintenance"))
    return box


def _asked(port: str) -> dict[str, Any]:
    printed = maintenance.asked(port, _WHO)
    for line in printed.splitlines():
        word, _space, text = line.strip().partition(" ")
        if word == "who":
            said: dict[str, Any] = json.loads(text)
            return said
    raise DeviceError(
        "%(port)s: unexpected answer: %(answer)s. Run the same command again.", port=port, answer=repr(printed[-200:])
    )


# -- by the hub's word


def known(entry: dict[str, Any]) -> Box:
    """A registered device, as the hub's door tells of it."""
    radio = entry.get("radio")
    box = Box(
        device=entry["device"],
        role=entry["role"],
        window=entry.get("window"),
        board=entry.get("board") or None,
        firmware=entry.get("firmware"),
        online=bool(entry.get("online")),
        silent_s=entry.get("silent_s"),
        line=entry.get("line"),
        radio_dbm=None if radio is None else radio["rssi_dbm"],
    )
    box.wrong = list(_wrong(entry, box))
    return box


def _wrong(entry: dict[str, Any], box: Box) -> Iterable[Wrong]:
    if entry.get("replaced_by"):
        yield found("replaced", by=entry["replaced_by"])
        return
    if box.window is None and box.role != "dispenser":
        yield found("aside")
    elif not box.online:
        yield found("never_heard") if box.silent_s is None else found("silent", age=box.silent_s)
    for fault in entry.get("faults", ()):
        if fault["code"] != "silent" or box.online:
            yield Wrong(fault["code"], _("it has a fault: %(code)s"), fault["todo"], {"code": fault["code"]})
    yield from _worn(entry)


def _worn(entry: dict[str, Any]) -> Iterable[Wrong]:
    """What is not broken yet."""
    health = entry.get("health") or {}
    free, fill = health.get("free_flash"), health.get("log_fill_permille", 0)
    drift, radio = entry.get("drift_ppm"), entry.get("radio")
    if free is not None and free < LOW_FLASH:
        yield found("flash_low", free=free // 1024)
    if fill > FULL_PERMILLE:
        yield found("log_filling", percent=fill // 10)
    if drift is not None and abs(drift) > MANY_PPM:
        yield found("clock", ppm=abs(drift))
    if radio is not None:
        tries, failed = radio["connects"] + radio["failures"], radio["failures"] + radio["lost"]
        if radio["rssi_dbm"] < WEAK_DBM:
            yield found("radio_weak", dbm=radio["rssi_dbm"])
        elif tries >= FEW_CONNECTS and failed * OFTEN > tries:
            yield found("radio_failing", failed=failed, tries=tries, why=radio["why"] or "-")


# -- by this machine's own radio


def heard(seconds: float = SCAN_S) -> dict[str, int]:
    """Boxes that advertise → how loud in dBm; raises `DeviceError` where no adapter works."""
    from bleak import BleakScanner  # noqa: PLC0415 - heavy, and a machine without radio needs none of it
    from bleak.exc import BleakError  # noqa: PLC0415

    from protocol.air import SERVICE  # noqa: PLC0415

    async def scan() -> dict[str, int]:
        near = await BleakScanner.discover(seconds, return_adv=True, service_uuids=[SERVICE])
        return {
            seen.local_name or device.address: seen.rssi
            for device, seen in near.values()
            if SERVICE in seen.service_uuids
        }

    try:
        return asyncio.run(scan())
    except (BleakError, OSError, EOFError) as error:
        raise DeviceError("this machine's Bluetooth adapter hears nothing (%(why)s)", why=error) from error


def joined(cable: list[Box], hub: list[Box] | None, radio: dict[str, int]) -> list[Box]:
    """Each board once: what the hub knows (None: none was asked), the port here, how this machine's radio hears it."""
    boxes = {box.device: box for box in hub or () if box.device is not None}
    alone = []
    for box in cable:
        if box.device in boxes:
            there = boxes[box.device]
            there.port = box.port
            there.wrong += box.wrong
        else:
            if box.device is not None and hub is not None:
                box.wrong.append(found("not_registered"))
            alone.append(box)
    for name, dbm in sorted(radio.items()):
        if name in boxes:
            boxes[name].radio_dbm = dbm
            continue
        here = next((box for box in alone if box.device == name), None)
        if here is not None:
            here.radio_dbm = dbm
        else:
            stranger = Box(device=name, radio_dbm=dbm)
            if hub is not None:
                stranger.wrong.append(found("not_registered"))
            alone.append(stranger)
    return [*boxes.values(), *alone]


def lines(box: Box, speak: Speak) -> list[str]:
    """As it is printed."""
    where = [each for each in (box.port, box.line) if each is not None]
    if box.radio_dbm is not None:
        where.append(speak(_("radio %(dbm)s dBm")) % {"dbm": box.radio_dbm})
    place = speak(_("window %(window)s")) % {"window": box.window} if box.window else speak(_("without a window"))
    state = ""
    if box.online is not None:
        state = speak(_("online")) if box.online else speak(_("offline"))
        if box.silent_s is not None:
            state += " · " + speak(_("heard %(age)s ago")) % {"age": age(box.silent_s, speak)}
    role = speak(ROLES[box.role]) if box.role in ROLES else box.role
    parts = [box.device or speak(_("a board")), role, place if box.role != "dispenser" else None, box.firmware, state]
    out = ["✗" if box.wrong else "✓"]
    out[0] += " " + " · ".join(part for part in (*parts, *where) if part)
    for wrong in box.wrong:
        told = wrong.said(speak)
        out.append(f"    {told['text']}")
        if told["todo"]:
            out.append(f"    → {told['todo']}")
    return out


ROLES: Final = {"evaluator": _("Evaluator"), "caller": _("Caller"), "dispenser": _("Dispenser")}
