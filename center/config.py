"""The center's settings: one TOML file, frozen."""

from pathlib import Path
from typing import Annotated

import msgspec

from common import settings
from common.settings import SettingsError, key

HALL_ID = r"^[a-z0-9][a-z0-9._-]{0,62}$"


class Paths(msgspec.Struct, frozen=True):
    """Where the center keeps its data."""

    data: Annotated[str, key("folder for the store and the token file; relative to this file", min_length=1)] = "var"


class Http(msgspec.Struct, frozen=True):
    """The center's own door."""

    host: Annotated[str, key("address to listen on", min_length=1)] = "127.0.0.1"
    port: Annotated[int, key("port to listen on; 0 takes a free one, which is printed", ge=0, le=65535)] = 8090
    certificate: Annotated[
        str,
        key("TLS: certificate and its chain (PEM file, relative to this one); then only https answers"),
    ] = ""
    private_key: Annotated[str, key("TLS: the certificate's private key (PEM file, relative to this one)")] = ""
    behind_proxy: Annotated[
        bool, key("a proxy of ours stands in front: who asks is the last of X-Forwarded-For, nobody is local")
    ] = False
    secure_cookie: Annotated[
        bool, key("sign-in cookies travel by HTTPS only (browsers take this machine's own address as safe)")
    ] = True


class Overview(msgspec.Struct, frozen=True):
    """When a hall asks for attention on the overview."""

    name: Annotated[str, key("what this center is called on its pages", min_length=1)] = "政务服务监督中心"
    name_en: Annotated[str, key("the same in English", min_length=1)] = "Service Hall Center"
    silent_after_s: Annotated[int, key("nothing heard of a hall for so long: silent", ge=1)] = 300
    late_after_s: Annotated[int, key("a hall's data is older than this: late", ge=1)] = 120
    refresh_s: Annotated[int, key("how often an open page asks for new figures", ge=1)] = 5


class Own(msgspec.Struct, frozen=True):
    """This center itself."""

    id: Annotated[
        str, key("this center's name in the events of its own journals; never changed later", pattern=HALL_ID)
    ] = "center"


class Cases(msgspec.Struct, frozen=True):
    """How bad ratings are followed."""

    days: Annotated[int, key("working days until a bad rating is answered", ge=1, le=60)] = 5
    days_by_region: Annotated[
        dict[str, Annotated[int, msgspec.Meta(ge=1, le=60)]], key('the same for some regions, e.g. { "青溪" = 7 }')
    ] = {}
    remind_days: Annotated[
        int, key("working days before a deadline on which a reminder comes; another comes when it is over", ge=1, le=30)
    ] = 1
    calendars: Annotated[
        tuple[str, ...],
        key("calendar files (CSV: date,kind with holiday or workday); relative to this file, each describes its years"),
    ] = ()


class Bulletin(msgspec.Struct, frozen=True):
    """The monthly notice."""

    issuer: Annotated[str, key("who gives it out; empty: the center's name, or the hall's in a hall's notice")] = ""
    issuer_en: Annotated[str, key("the same in English")] = ""
    code: Annotated[str, key("what its number begins with, e.g. 青政务通; empty: no number line")] = ""
    public_url: Annotated[
        str,
        key("where readers of the paper reach this center, for its QR, e.g. https://figures.example; empty: a digest"),
    ] = ""


class Exports(msgspec.Struct, frozen=True):
    """How a province wants its records."""

    default_after_days: Annotated[
        dict[str, Annotated[int, msgspec.Meta(ge=1, le=365)]],
        key("by profile, e.g. { zhejiang = 7 }: a run unrated for so many days is exported as 3, marked is_default"),
    ] = {}


class Hall(msgspec.Struct, frozen=True):
    """A hall that may send its journal here."""

    id: Annotated[str, key("the hall's id, as in its own settings", pattern=HALL_ID)]
    name: Annotated[str, key("the hall's name", min_length=1)]
    name_en: Annotated[str, key("the same in English; empty: the id is shown")] = ""
    region: Annotated[str, key("the region its figures add up to")] = ""
    area_code: Annotated[str, key("the administrative division's code (GB/T 2260), for exports")] = ""
    offset_minutes: Annotated[
        int, key("the hall's offset from UTC; its service dates are by it", ge=-14 * 60, le=14 * 60)
    ] = 480
    departments: Annotated[dict[str, str], key('the department of each window, e.g. { "1" = "税务" }')] = {}


class CenterSettings(msgspec.Struct, frozen=True):
    """Everything that can be set."""

    halls: tuple[Hall, ...]
    paths: Paths = Paths()
    http: Http = Http()
    overview: Overview = Overview()
    center: Own = Own()
    cases: Cases = Cases()
    bulletin: Bulletin = Bulletin()
    exports: Exports = Exports()


def load(path: Path) -> CenterSettings:
    """Reads and checks the file; raises `SettingsError`."""
    loaded = settings.load(path, CenterSettings)
    if not loaded.halls:
        raise SettingsError(path, "halls", "at least one [[halls]] with id and name is needed")
    if bool(loaded.http.certificate) != bool(loaded.http.private_key):
        raise SettingsError(path, "http.certificate", "certificate and private_key are set together, or neither")
    seen: set[str] = set()
    for index, hall in enumerate(loaded.halls):
        if hall.id in seen:
            raise SettingsError(path, f"halls[{index}].id", f"{hall.id!r} is there twice; every hall has its own id")
        seen.add(hall.id)
    return loaded


def reference() -> str:
    """The documentation of every key, as Markdown."""
    return settings.reference(CenterSettings)
