"""The rows of a hall: what each may hold, documented where it is declared, and what must fit between them."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from common.settings import key
from hub.hall.errors import RowsError
from hub.leds.drivers import names

_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_PRINTER_URL = r"^(tcp://[^\s/]+|serial:///dev/[^\s]+|file:///[^\s]+)$"
_LINK_URL = r"^(/dev/[^\s]+|[A-Za-z0-9]+://[^\s]+|COM[0-9]+)$"

# Rows of each table, at most: a large city hall has 300 windows and some hundred services.
MOST = {
    "zones": 50,
    "services": 500,
    "matters": 1000,
    "windows": 500,
    "staff": 2000,
    "announcements": 50,
    "links": 500,
    "printers": 50,
    "leds": 500,
    "dispensers": 50,
}
# All rows together as JSON: 1,000 matters with all six disclosures in both languages, 1.5 KB each, and 500 windows.
MAX_BYTES = 2 * 1024 * 1024
# A disclosure: two screens of the kiosk; what is longer stands on paper beside it.
_TEXT_MOST = 2000

Id = Annotated[str, Meta(pattern=_ID)]
_Text = {"max_length": _TEXT_MOST}


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row; equal rows are the same."""


class HallRow(_Row, frozen=True, kw_only=True):
    """What is said of the hall as a whole."""

    name: Annotated[str, key("name on boards, tickets and pages, Chinese", min_length=1, max_length=60)]
    name_en: Annotated[str, key("the same in English", max_length=120)] = ""
    invitation_s: Annotated[int, key("how long a citizen may press after a service", ge=2, le=120)] = 20
    hours: Annotated[str, key("opening hours as people read them, e.g. 09:00–17:00", max_length=80)] = ""
    closing: Annotated[
        str, key("time of day at which tickets still open are cancelled; empty: never", pattern=rf"^({_TIME})?$")
    ] = ""
    priority_one_in: Annotated[
        int, key("of so many calls of a line, one may go out of turn to somebody with priority", ge=2, le=100)
    ] = 3
    appointment_grace_min: Annotated[
        int, key("how late an appointment may check in and keep its priority", ge=0, le=240)
    ] = 15
    volume_percent: Annotated[
        int, key("how loud calls are at windows of no zone; each zone has its own", ge=0, le=100)
    ] = 100


class ZoneRow(_Row, frozen=True, kw_only=True):
    """A part of the hall with a board and a voice of its own."""

    id: Annotated[Id, key("the zone's id")]
    name: Annotated[str, key("name shown, Chinese", min_length=1, max_length=20)]
    name_en: Annotated[str, key("the same in English", max_length=40)] = ""
    volume_percent: Annotated[
        int, key("how loud calls are in this zone, on its boards and on the hub's sound card", ge=0, le=100)
    ] = 100


class ServiceRow(_Row, frozen=True, kw_only=True):
    """A kind of business that numbers are given for, with what must be disclosed of it."""

    id: Annotated[Id, key("the service's id in events and doors")]
    prefix: Annotated[str, key("letters before the number on a ticket", pattern=r"^[A-Z]{1,2}$")]
    name: Annotated[str, key("name shown, Chinese", min_length=1, max_length=40)]
    name_en: Annotated[str, key("the same in English", max_length=80)] = ""
    first_number: Annotated[int, key("the day's first number", ge=1, le=9999)] = 1
    last_number: Annotated[
        int, key("the last number; 0: no end. Services with one prefix need ranges apart", ge=0, le=9999)
    ] = 0
    hours: Annotated[
        tuple[Annotated[str, Meta(pattern=rf"^{_TIME}-{_TIME}$")], ...],
        key('when numbers are given, e.g. ["09:00-12:00", "13:30-17:00"]; empty: always'),
    ] = ()
    last_ticket_min: Annotated[int, key("no number in so many minutes before the last closing", ge=0, le=720)] = 0
    daily_cap: Annotated[int, key("most numbers of a day; 0: no cap", ge=0, le=9999)] = 0
    department: Annotated[str, key("whose business it is, Chinese", max_length=40)] = ""
    department_en: Annotated[str, key("the same in English", max_length=80)] = ""
    zone: Annotated[str, key("id of the zone where it is served; empty: the whole hall", max_length=32)] = ""
    place: Annotated[str, key("where to go, Chinese, e.g. 二楼东区", max_length=80)] = ""
    place_en: Annotated[str, key("the same in English", max_length=120)] = ""
    legal_basis: Annotated[str, key("法定依据: the law it rests on", **_Text)] = ""
    legal_basis_en: Annotated[str, key("the same in English", **_Text)] = ""
    procedure: Annotated[str, key("办理程序: its steps", **_Text)] = ""
    procedure_en: Annotated[str, key("the same in English", **_Text)] = ""
    papers: Annotated[str, key("申报材料: what to bring", **_Text)] = ""
    papers_en: Annotated[str, key("the same in English", **_Text)] = ""
    promised_time: Annotated[str, key("承诺时限: how long it takes at most", **_Text)] = ""
    promised_time_en: Annotated[str, key("the same in English", **_Text)] = ""
    fee: Annotated[str, key("收费标准: what it costs", **_Text)] = ""
    fee_en: Annotated[str, key("the same in English", **_Text)] = ""


class MatterRow(_Row, frozen=True, kw_only=True):
    """A matter (事项) that a citizen comes for: many stand in one line. Without any, each service is one."""

    id: Annotated[Id, key("the matter's id, in tickets")]
    service: Annotated[str, key("id of the service whose number it gets", min_length=1, max_length=32)]
    name: Annotated[str, key("事项名称: name shown, Chinese", min_length=1, max_length=60)]
    name_en: Annotated[str, key("the same in English", max_length=120)] = ""
    often: Annotated[bool, key("stands on the kiosk's first page, where six have room")] = False
    summary: Annotated[str, key("for whom it is, in a line, Chinese", max_length=120)] = ""
    summary_en: Annotated[str, key("the same in English", max_length=200)] = ""
    department: Annotated[str, key("whose business it is, Chinese; empty: its service's", max_length=40)] = ""
    department_en: Annotated[str, key("the same in English", max_length=80)] = ""
    place: Annotated[str, key("where to go, Chinese; empty: its service's", max_length=80)] = ""
    place_en: Annotated[str, key("the same in English", max_length=120)] = ""
    legal_basis: Annotated[str, key("法定依据: the law it rests on", **_Text)] = ""
    legal_basis_en: Annotated[str, key("the same in English", **_Text)] = ""
    procedure: Annotated[str, key("办理程序: its steps, one a line", **_Text)] = ""
    procedure_en: Annotated[str, key("the same in English", **_Text)] = ""
    papers: Annotated[
        str, key("申报材料: what to bring, one a line; a note in brackets at its end is shown small", **_Text)
    ] = ""
    papers_en: Annotated[str, key("the same in English", **_Text)] = ""
    promised_time: Annotated[str, key("承诺时限: e.g. 10 个工作日（法定 60 日）", **_Text)] = ""
    promised_time_en: Annotated[str, key("the same in English", **_Text)] = ""
    fee: Annotated[str, key("收费标准: e.g. 20 元（证件工本费）, or 不收费", **_Text)] = ""
    fee_en: Annotated[str, key("the same in English", **_Text)] = ""


class WindowRow(_Row, frozen=True, kw_only=True):
    """A counter."""

    id: Annotated[Id, key("the window's id in events, doors and tokens")]
    name: Annotated[str, key("label shown, e.g. 3号窗口", min_length=1, max_length=20)]
    name_en: Annotated[str, key("the same in English", max_length=40)] = ""
    services: Annotated[tuple[str, ...], key("ids of the services served here, the preferred first", min_length=1)]
    zone: Annotated[str, key("id of the zone it stands in; empty: none", max_length=32)] = ""


class StaffRow(_Row, frozen=True, kw_only=True):
    """Somebody who may sign in at a window; what proves it is kept elsewhere."""

    code: Annotated[Id, key("what is typed at the window; a caller's keypad has digits only")]
    name: Annotated[str, key("name shown, Chinese", min_length=1, max_length=40)]
    name_en: Annotated[str, key("the same in English", max_length=80)] = ""
    role: Annotated[str, key("A: the window's own clerk, B: the one who stands in (A/B 角)", pattern=r"^[AB]$")] = "A"
    stars: Annotated[
        int,
        key(
            "星级: stars of the center's own assessment, shown where the window's box has a display; 0: none",
            ge=0,
            le=5,
        ),
    ] = 0


class AnnouncementRow(_Row, frozen=True, kw_only=True):
    """A line that boards show."""

    id: Annotated[Id, key("the announcement's id")]
    text: Annotated[str, key("what it says, Chinese", min_length=1, max_length=200)]
    text_en: Annotated[str, key("the same in English", max_length=300)] = ""
    zone: Annotated[str, key("id of the zone whose boards show it; empty: all", max_length=32)] = ""


class LinkRow(_Row, frozen=True, kw_only=True):
    """A line to a device."""

    url: Annotated[
        str,
        key("pyserial URL: /dev/tty…, socket://host:port or rfc2217://host:port", pattern=_LINK_URL),
    ]
    baud: Annotated[int, key("baud rate of a real serial port", ge=1200, le=3_000_000)] = 115_200


class PrinterRow(_Row, frozen=True, kw_only=True):
    """A ticket printer at the hub."""

    id: Annotated[Id, key("the printer's id in events and doors")]
    name: Annotated[str, key("where it stands, as people say it", max_length=40)] = ""
    url: Annotated[
        str,
        key("tcp://host:9100, file:///dev/usb/lp0 or serial:///dev/ttyUSB0?baud=19200", pattern=_PRINTER_URL),
    ]
    paper_mm: Annotated[Literal[58, 80], key("width of its paper")] = 80

    @property
    def columns(self) -> int:
        """Letters on a line of its paper."""
        return 48 if self.paper_mm == 80 else 32


class DispenserRow(_Row, frozen=True, kw_only=True):
    """A dispenser that differs from the rule: every service on a key, in their order, on 80 mm paper."""

    device: Annotated[Id, key("the device's name, as it was provisioned")]
    services: Annotated[
        tuple[str, ...], key("ids of the services behind its keys 1 to 12; empty: all", max_length=12)
    ] = ()
    paper_mm: Annotated[Literal[58, 80], key("width of its paper")] = 80


class LedRow(_Row, frozen=True, kw_only=True):
    """An LED module over a window."""

    window: Annotated[str, key("id of the window over which it hangs", min_length=1, max_length=32)]
    url: Annotated[str, key("its line, as a device's; modules may share one", pattern=_LINK_URL)]
    driver: Annotated[str, key("the protocol it speaks: a file in hub/leds/drivers", max_length=32)] = "alpha"
    address: Annotated[str, key("its address on the line; 00: all modules", pattern=r"^[0-9A-Fa-f]{2}$")] = "00"
    baud: Annotated[int, key("baud rate of a real serial port", ge=1200, le=3_000_000)] = 9600


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """The whole hall; a table's order is the order in which people see it."""

    hall: HallRow
    zones: tuple[ZoneRow, ...] = ()
    services: Annotated[tuple[ServiceRow, ...], Meta(min_length=1)]
    windows: Annotated[tuple[WindowRow, ...], Meta(min_length=1)]
    matters: tuple[MatterRow, ...] = ()
    staff: tuple[StaffRow, ...] = ()
    announcements: tuple[AnnouncementRow, ...] = ()
    links: tuple[LinkRow, ...] = ()
    printers: tuple[PrinterRow, ...] = ()
    leds: tuple[LedRow, ...] = ()
    dispensers: tuple[DispenserRow, ...] = ()


# table → the field that names a row of it
KEYS = {
    "zones": "id",
    "services": "id",
    "matters": "id",
    "windows": "id",
    "staff": "code",
    "announcements": "id",
    "links": "url",
    "printers": "id",
    "leds": "window",
    "dispensers": "device",
}


def table(rows: Rows, name: str) -> tuple[Any, ...]:
    """A table's rows, in order."""
    found: tuple[Any, ...] = getattr(rows, name)
    return found


def check(rows: Rows) -> None:
    """What one field alone can't show; raises `RowsError`."""
    for name, field in KEYS.items():
        found = table(rows, name)
        if len(found) > MOST[name]:
            raise RowsError(name, f"{len(found)} rows; a hall has at most {MOST[name]}")
        _once(f"{name}[].{field}", [getattr(row, field) for row in found])
    zones = [zone.id for zone in rows.zones]
    for name in ("services", "windows", "announcements"):
        for number, row in enumerate(table(rows, name)):
            if row.zone:
                _known(f"{name}[{number}].zone", "zone", row.zone, zones)
    windows = [window.id for window in rows.windows]
    for number, led in enumerate(rows.leds):
        _known(f"leds[{number}].window", "window", led.window, windows)
        _known(f"leds[{number}].driver", "driver", led.driver, names())
    services = [service.id for service in rows.services]
    for number, matter in enumerate(rows.matters):
        _known(f"matters[{number}].service", "service", matter.service, services)
    for name in ("windows", "dispensers"):
        for number, row in enumerate(table(rows, name)):
            where = f"{name}[{number}].services"
            for wanted in row.services:
                _known(where, "service", wanted, services)
            _once(where, row.services)
    size = len(msgspec.json.encode(rows))
    if size > MAX_BYTES:
        raise RowsError("all rows", f"{size} bytes as JSON; {MAX_BYTES} is the most. Shorten the disclosures")


def _once(where: str, named: Sequence[str]) -> None:
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise RowsError(where, f"{twice[0]!r} stands there twice; each may stand once")


def _known(where: str, kind: str, name: str, known: list[str]) -> None:
    if name not in known:
        allowed = ", ".join(known) or f"none, for there is no {kind} yet"
        raise RowsError(where, f"there is no {kind} {name!r}; allowed here: {allowed}")
