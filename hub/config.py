"""One TOML file → one frozen configuration. Every key is documented where it is declared; `reference()` lists them."""

import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from common import settings
from common.settings import SettingsError, key
from hub.devices import key_file
from hub.hall.errors import RowsError
from hub.hall.layout import layout as hall_layout
from hub.hall.rows import (
    KEYS,
    AnnouncementRow,
    DispenserRow,
    HallRow,
    Id,
    LedRow,
    LinkRow,
    MatterRow,
    PrinterRow,
    Rows,
    ServiceRow,
    StaffRow,
    WindowRow,
    ZoneRow,
    check,
)
from hub.queueing.layout import Layout

_URL = r"^https?://[^\s]+$"


class Hall(HallRow, frozen=True, kw_only=True):
    """Which hall this is."""

    id: Annotated[Id, key("the hall's name in every event and at the center; never changed later")]
    offset_minutes: Annotated[int, key("local time minus UTC, in minutes; China is 480", ge=-720, le=840)] = 480


class Paths(msgspec.Struct, frozen=True, kw_only=True):
    """Where data is kept."""

    data: Annotated[str, key("folder for journal, registry and tokens; relative to this file", min_length=1)]
    hub_key: Annotated[
        str,
        key("file with the hub's key, which seals the boxes' secrets; outside of data, relative to this file"),
    ] = key_file.NAME


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """The hub's own doors and pages."""

    host: Annotated[str, key("address to listen on", min_length=1)] = "127.0.0.1"
    public_url: Annotated[
        str, key("where phones in the hall find this hub, for QR codes; empty: where the kiosk's page found it")
    ] = ""
    port: Annotated[int, key("port to listen on; 0 takes a free one and prints it", ge=0, le=65535)] = 8080


class Center(msgspec.Struct, frozen=True, kw_only=True):
    """Where the hall reports to; without this section the hub works alone and keeps everything."""

    url: Annotated[str, key("the center's address, http:// or https://", pattern=_URL)]
    token: Annotated[str, key("this hall's token at the center; or use token_file")] = ""
    token_file: Annotated[str, key("file that holds the token, relative to this file")] = ""


class Radio(msgspec.Struct, frozen=True, kw_only=True):
    """A Bluetooth adapter for boxes without a cable; read at the start, so a change wants a restart."""

    adapter: Annotated[
        str, key("its name, as `bluetoothctl list` shows the adapters: hci0 …", pattern=r"^hci[0-9]{1,2}$")
    ]
    links: Annotated[int, key("boxes that are connected at once; many controllers hold no more", ge=1, le=16)] = 4


class Tickets(msgspec.Struct, frozen=True, kw_only=True):
    """What dispensers print, and what they may do while the hub is away."""

    url: Annotated[
        str,
        key(
            "where phones find the hub, for the QR of a dispenser, e.g. http://192.168.1.20:8080; empty: no QR",
            max_length=200,
        ),
    ] = ""
    lease_numbers: Annotated[
        int, key("numbers of each service that a dispenser holds for when the hub is away; 0: none", ge=0, le=100)
    ] = 20
    lease_minutes: Annotated[int, key("how long a dispenser goes on without the hub", ge=1, le=720)] = 120


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


class Updates(msgspec.Struct, frozen=True, kw_only=True):
    """Whose firmware boxes get through the hub."""

    signer: Annotated[
        str,
        key(
            "Ed25519 public key of whoever signs updates for this hall: the 64 hex digits in the file .pub of "
            "`tingting device signing-key`; empty: the hub gives out no update",
            pattern=r"^([0-9A-Fa-f]{64})?$",
        ),
    ] = ""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    hall: Hall
    paths: Paths
    http: Http = Http()
    center: Center | None = None
    services: Annotated[tuple[ServiceRow, ...], msgspec.Meta(min_length=1)]
    windows: Annotated[tuple[WindowRow, ...], msgspec.Meta(min_length=1)]
    zones: tuple[ZoneRow, ...] = ()
    matters: tuple[MatterRow, ...] = ()
    staff: tuple[StaffRow, ...] = ()
    announcements: tuple[AnnouncementRow, ...] = ()
    links: tuple[LinkRow, ...] = ()
    printers: tuple[PrinterRow, ...] = ()
    leds: tuple[LedRow, ...] = ()
    radios: tuple[Radio, ...] = ()
    dispensers: tuple[DispenserRow, ...] = ()
    tickets: Tickets = Tickets()
    limits: Limits = Limits()
    journal: Journal = Journal()
    voice: Voice = Voice()
    updates: Updates = Updates()


def load(path: Path) -> Config:
    """The configuration in `path`, relative paths in it made absolute; raises `SettingsError`."""
    config = settings.load(path, Config)
    _cross_check(config, path)
    return _resolved(config, path)


def rows(config: Config) -> Rows:
    """What the file says of the hall: how it begins, and what is taken in when the file is changed."""
    hall = HallRow(**{name: getattr(config.hall, name) for name in HallRow.__struct_fields__})
    return Rows(hall=hall, **{name: getattr(config, name) for name in KEYS})


def layout(config: Config) -> Layout:
    """The file's hall as the rules want it."""
    return hall_layout(config.hall.id, config.hall.offset_minutes, rows(config))


def reference() -> list[tuple[str, str, str, str]]:
    """Every key: name, what is allowed, default, meaning."""
    return list(settings.rows(Config))


def _cross_check(config: Config, path: Path) -> None:
    """What one key alone can't show."""
    adapters = [radio.adapter for radio in config.radios]
    if twice := sorted({name for name in adapters if adapters.count(name) > 1}):
        raise SettingsError(path, "radios[].adapter", f"{twice[0]!r} stands there twice; each may stand once")
    try:
        check(rows(config))
        layout(config)
    except RowsError as error:
        raise SettingsError(path, error.where, error.what) from error
    if config.center is not None and bool(config.center.token) == bool(config.center.token_file):
        raise SettingsError(path, "center", "give token or token_file, one of them (the center printed the token once)")


def _resolved(config: Config, path: Path) -> Config:
    """Paths made absolute from the file's folder; the token read."""
    folder = path.resolve().parent
    paths = Paths(data=str(folder / config.paths.data), hub_key=str(folder / config.paths.hub_key))
    if Path(paths.hub_key).resolve().is_relative_to(Path(paths.data).resolve()):
        what = f"{paths.hub_key} lies in paths.data, which it is to protect; say another"
        raise SettingsError(path, "paths.hub_key", what)
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
