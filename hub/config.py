"""One TOML file → one frozen configuration. Every key is documented where it is declared; `reference()` lists them."""

import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from common import settings
from common.settings import SettingsError, key
from hub.queueing.errors import LayoutError
from hub.queueing.layout import Layout
from hub.queueing.layout import Service as LayoutService
from hub.queueing.layout import Window as LayoutWindow

_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_CLOSING = rf"^({_TIME})?$"
_HOURS = rf"^{_TIME}-{_TIME}$"
_URL = r"^https?://[^\s]+$"
_LINK_URL = r"^(/dev/[^\s]+|[A-Za-z0-9]+://[^\s]+|COM[0-9]+)$"

Id = Annotated[str, msgspec.Meta(pattern=_ID)]


class Hall(msgspec.Struct, frozen=True, kw_only=True):
    """Which hall this is."""

    id: Annotated[Id, key("the hall's name in every event and at the center; never changed later")]
    name: Annotated[str, key("name on boards, tickets and pages, Chinese", min_length=1, max_length=60)]
    name_en: Annotated[str, key("the same in English", max_length=120)] = ""
    offset_minutes: Annotated[int, key("local time minus UTC, in minutes; China is 480", ge=-720, le=840)] = 480
    invitation_s: Annotated[int, key("how long a citizen may press after a service", ge=2, le=120)] = 20
    hours: Annotated[str, key("opening hours as people read them, e.g. 09:00–17:00", max_length=80)] = ""
    closing: Annotated[
        str, key("time of day at which tickets still open are cancelled; empty: never", pattern=_CLOSING)
    ] = ""
    priority_one_in: Annotated[
        int, key("of so many calls of a line, one may go out of turn to somebody with priority", ge=2, le=100)
    ] = 3
    appointment_grace_min: Annotated[
        int, key("how late an appointment may check in and keep its priority", ge=0, le=240)
    ] = 15


class Paths(msgspec.Struct, frozen=True, kw_only=True):
    """Where data is kept."""

    data: Annotated[str, key("folder for journal, registry and tokens; relative to this file", min_length=1)]


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """The hub's own doors and pages."""

    host: Annotated[str, key("address to listen on", min_length=1)] = "127.0.0.1"
    port: Annotated[int, key("port to listen on; 0 takes a free one and prints it", ge=0, le=65535)] = 8080


class Center(msgspec.Struct, frozen=True, kw_only=True):
    """Where the hall reports to; without this section the hub works alone and keeps everything."""

    url: Annotated[str, key("the center's address, http:// or https://", pattern=_URL)]
    token: Annotated[str, key("this hall's token at the center; or use token_file")] = ""
    token_file: Annotated[str, key("file that holds the token, relative to this file")] = ""


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of business that numbers are given for."""

    id: Annotated[Id, key("the service's id in events and doors")]
    prefix: Annotated[str, key("letters before the number on a ticket", pattern=r"^[A-Z]{1,2}$")]
    name: Annotated[str, key("name shown, Chinese", min_length=1, max_length=40)]
    name_en: Annotated[str, key("the same in English", max_length=80)] = ""
    first_number: Annotated[int, key("the day's first number", ge=1, le=9999)] = 1
    last_number: Annotated[
        int, key("the last number; 0: no end. Services with one prefix need ranges apart", ge=0, le=9999)
    ] = 0
    hours: Annotated[
        tuple[Annotated[str, msgspec.Meta(pattern=_HOURS)], ...],
        key('when numbers are given, e.g. ["09:00-12:00", "13:30-17:00"]; empty: always'),
    ] = ()
    last_ticket_min: Annotated[int, key("no number in so many minutes before the last closing", ge=0, le=720)] = 0
    daily_cap: Annotated[int, key("most numbers of a day; 0: no cap", ge=0, le=9999)] = 0


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A counter."""

    id: Annotated[Id, key("the window's id in events, doors and tokens")]
    name: Annotated[str, key("label shown, e.g. 3号窗口", min_length=1, max_length=20)]
    name_en: Annotated[str, key("the same in English", max_length=40)] = ""
    services: Annotated[tuple[str, ...], key("ids of the services served here, the preferred first", min_length=1)]


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A line to a device."""

    url: Annotated[
        str,
        key("pyserial URL: /dev/tty…, socket://host:port or rfc2217://host:port", pattern=_LINK_URL),
    ]
    baud: Annotated[int, key("baud rate of a real serial port", ge=1200, le=3_000_000)] = 115_200


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the hub lets itself use."""

    stream_clients: Annotated[int, key("boards and pages on the live stream at once", ge=1, le=2000)] = 200
    send_window: Annotated[int, key("facts a device may send ahead of their acknowledgement", ge=1, le=64)] = 8
    invite_answer_s: Annotated[int, key("how long an evaluator has to answer a call", ge=1, le=30)] = 5


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """How calls are read out."""

    output: Annotated[
        Literal["boards", "card", "both", "off"],
        key("who is heard: the board pages that are opened with ?sound=1, this machine's sound card, both, or nobody"),
    ] = "boards"
    device: Annotated[str, key("the sound card, as `aplay -L` names it", min_length=1, max_length=120)] = "default"
    languages: Annotated[
        tuple[Literal["zh-CN", "en"], ...], key("languages of a call, in their order", min_length=1, max_length=2)
    ] = ("zh-CN", "en")
    say_yao: Annotated[bool, key("reads 1 in ticket numbers as 幺, where it is taken for 七")] = False
    words_a_minute: Annotated[int, key("how fast it speaks", ge=80, le=300)] = 175


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """How long the hub keeps what the center has."""

    keep_days: Annotated[
        int, key("days that events stay here after the center has them; what it lacks stays", ge=1, le=36_500)
    ] = 400


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    hall: Hall
    paths: Paths
    http: Http = Http()
    center: Center | None = None
    services: Annotated[tuple[Service, ...], msgspec.Meta(min_length=1)]
    windows: Annotated[tuple[Window, ...], msgspec.Meta(min_length=1)]
    links: tuple[Link, ...] = ()
    limits: Limits = Limits()
    journal: Journal = Journal()
    voice: Voice = Voice()


def load(path: Path) -> Config:
    """The configuration in `path`, relative paths in it made absolute; raises `SettingsError`."""
    config = settings.load(path, Config)
    _cross_check(config, path)
    return _resolved(config, path)


def layout(config: Config) -> Layout:
    """The configured hall as the rules want it."""
    return Layout(
        hall=config.hall.id,
        offset_minutes=config.hall.offset_minutes,
        services=tuple(map(_service, config.services)),
        windows=tuple(LayoutWindow(entry.id, entry.name, entry.services) for entry in config.windows),
        name=config.hall.name,
        name_en=config.hall.name_en,
        one_in=config.hall.priority_one_in,
        grace_ms=config.hall.appointment_grace_min * 60_000,
        sweep_minute=_minute(config.hall.closing) if config.hall.closing else None,
    )


def _service(entry: Service) -> LayoutService:
    return LayoutService(
        entry.id,
        entry.prefix,
        entry.name,
        entry.name_en,
        first_number=entry.first_number,
        last_number=entry.last_number or None,
        hours=tuple((_minute(span[:5]), _minute(span[6:])) for span in entry.hours),
        last_ticket_min=entry.last_ticket_min,
        daily_cap=entry.daily_cap or None,
    )


def _minute(text: str) -> int:
    """Minutes of the day from 09:30."""
    return int(text[:2]) * 60 + int(text[3:])


def reference() -> list[tuple[str, str, str, str]]:
    """Every key: name, what is allowed, default, meaning."""
    return list(settings.rows(Config))


def _cross_check(config: Config, path: Path) -> None:
    """What one key alone can't show."""
    for where, named in (
        ("services[].id", [service.id for service in config.services]),
        ("windows[].id", [window.id for window in config.windows]),
        ("links[].url", [link.url for link in config.links]),
    ):
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise SettingsError(path, where, f"{twice[0]!r} stands there twice; each may stand once")
    known = [service.id for service in config.services]
    for number, window in enumerate(config.windows):
        for service in window.services:
            if service not in known:
                raise SettingsError(
                    path,
                    f"windows[{number}].services",
                    f"there is no service {service!r}; allowed here: {', '.join(known)}",
                )
    try:
        layout(config)
    except LayoutError as error:
        raise SettingsError(path, "services", str(error)) from error
    if config.center is not None and bool(config.center.token) == bool(config.center.token_file):
        raise SettingsError(path, "center", "give token or token_file, one of them (the center printed the token once)")


def _resolved(config: Config, path: Path) -> Config:
    """Paths made absolute from the file's folder; the token read."""
    folder = path.resolve().parent
    paths = Paths(data=str(folder / config.paths.data))
    center = config.center
    if center is not None and center.token_file:
        token_file = folder / center.token_file
        try:
            token = token_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(path, "center.token_file", f"{token_file} can't be read ({error})") from error
        center = msgspec.structs.replace(center, token=token)
    if center is not None and not re.fullmatch(r"[!-~]+", center.token):
        raise SettingsError(path, "center.token", "is no token; the center printed it at its first start")
    return msgspec.structs.replace(config, paths=paths, center=center)
