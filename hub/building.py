"""Makes the parts of a hub in their order: what can't be used ends the start before anybody is served."""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from common import envelope
from common.logs import Log
from common.pages import Pages
from common.sessions import Sessions
from common.tokens import Holder, Tokens
from hub import config as hub_config
from hub.config import Config
from hub.devices import bundles, callers
from hub.devices.dispensers import ROLE as DISPENSER
from hub.devices.dispensers import Dispensers, Paper
from hub.devices.fleet import Fleet
from hub.devices.registry import FILE as REGISTRY
from hub.devices.unlocking import open_registry
from hub.devices.update_store import UpdateStore
from hub.devices.updates import Updates
from hub.hall.changing import Around, Changing
from hub.hall.layout import dispenser_columns, dispenser_keys, service_place, stars
from hub.hall.layout import layout as hall_layout
from hub.hall.rows import Rows
from hub.hall.store import HALL_FILE, HallStore
from hub.hall_doors import HallDesk, refuse_rows
from hub.journal import Journal
from hub.leds.modules import Leds
from hub.lines import Lines
from hub.links.port import open_port
from hub.paperwork import Paperwork, compose
from hub.printing.printers import Printers
from hub.running import Clocks, Hub
from hub.service import HallService, SystemIds
from hub.staff.desk import StaffDesk
from hub.staff.store import PIN_FILE, PinStore
from hub.voice.announcer import Announcer, Manner
from hub.voice.card import Card
from hub.voice.clips import Clips
from hub.voice.engine import Espeak
from hub.voice.wording import Place
from hub.web import app as web_app
from hub.web.hall_guide import HallGuide
from hub.web.initials import FILE as INITIALS
from hub.web.initials import Initials
from hub.web.shown import Shown, last_shown
from hub.web.stream import Stream

ROLES = ("kiosk", "desk", "manager", "admin", "auditor", "monitor")  # and a clerk for each window
TOKEN_FILE = "tokens.json"  # noqa: S105 - a file's name; it keeps only hashes
SESSION_FILE = "sessions.json"
TAIL_EVENTS = 200  # looked through at start for the last one that boards know; devices write a few between two calls


def holders(rows: Rows) -> list[Holder]:
    """Everybody who has a token here."""
    return [Holder(role) for role in ROLES] + [Holder("clerk", f"window/{window.id}") for window in rows.windows]


def build(config: Config, clock: Clocks, chance: Callable[[], float], log: Log) -> Hub:
    """The hall's rows and the journal first, then what rests on them.

    Raises `HubError`, `CommonError`, `QueueingError`, `OSError`.
    """
    data = Path(config.paths.data)
    data.mkdir(parents=True, exist_ok=True)
    hall = HallStore(data / HALL_FILE, hub_config.rows(config))
    rows = hall.taken_in() or hall.rows  # what can't be taken in ends the start
    layout = hall_layout(config.hall.id, config.hall.offset_minutes, rows)
    journal = Journal.open(
        data / "journal.sqlite3", config.hall.id, config.hall.offset_minutes, lambda: secrets.token_hex(8)
    )
    service = HallService(journal, layout, clock, SystemIds())
    published = Shown(service.shown)
    registry = open_registry(data / REGISTRY, Path(config.paths.hub_key), os.environ, os.urandom, log)
    tokens, made = Tokens.open(data / TOKEN_FILE, holders(rows))
    for holder, token in made.items():
        place = f" {holder.place}" if holder.place else ""
        print(f"token {holder.role}{place}: {token}", flush=True)  # noqa: T201 - shown once, here and nowhere else
    tail = max(journal.kept_after, journal.durable - TAIL_EVENTS)
    seen = ((row.sequence, envelope.decode(row.data).type) for row in journal.read(tail, TAIL_EVENTS))
    stream = Stream(
        journal.id,
        journal.durable,
        config.limits.stream_clients,
        lambda: published.snapshot(service.now()),
        last_shown(seen, tail),
    )
    sessions = Sessions(data / SESSION_FILE, lambda: clock().ms)
    hub = Hub(config, journal, clock, service, published, registry, tokens, sessions, stream, hall, version("tingting"))
    hub.pages = Pages([web_app.TEMPLATES], [web_app.STATIC], practising=lambda: hub.published.state.training)
    hub.initials = Initials(data / INITIALS, log)
    hub.guide = HallGuide(hall, lambda: published.state.training, hub.initials)
    hub.guide.matters()  # their initials are made while the first citizen comes in
    stream.tick = hub.tick
    hub.announcer = _announcer(hub, log)
    hub.fleet = Fleet(
        registry,
        hub,
        os.urandom,
        log,
        invitation_s=rows.hall.invitation_s,
        answer_s=float(config.limits.invite_answer_s),
        send_window=config.limits.send_window,
        stars=partial(stars, hall),
    )
    signer = config.updates.signer
    hub.updates = Updates(hub.fleet, hub, UpdateStore(data), log, signer=bundles.public_key(signer) if signer else None)
    hub.staff = StaffDesk(
        PinStore(data / PIN_FILE),
        lambda: [row.code for row in hall.rows.staff],
        hub.submit,
        digits=lambda count: "".join(secrets.choice("0123456789") for _ in range(count)),
        rising_ms=hub.rising_ms,
        at=lambda: envelope.format_time(service.now().ms, config.hall.offset_minutes),
        log=log,
    )
    hub.fleet.answerers[callers.ROLE] = callers.Callers(hub, hub.staff, os.urandom).answer
    hub.lines = Lines(hub.fleet, chance, rows.links)
    hub.changing = Changing(hall, _around(hub, log))
    hub.hall_desk = HallDesk(hall, hub.changing, registry, hub.fleet)
    _printing(hub, chance, log)
    hub.dispensers = _dispensers(hub, log)
    hub.fleet.answerers[DISPENSER] = hub.dispensers.answer
    hub.fleet.attendants[DISPENSER] = hub.dispensers
    return hub


def _dispensers(hub: Hub, log: Log) -> Dispensers:
    """Who looks after the dispensers, as the settings want it."""
    wanted = hub.config.tickets
    paper = Paper(
        partial(dispenser_keys, hub.hall),
        partial(dispenser_columns, hub.hall),
        partial(service_place, hub.hall),
        lambda: hub.hall.rows.hall.name,
        f"{wanted.url.rstrip('/')}/t/" if wanted.url else "",
        wanted.lease_numbers,
        wanted.lease_minutes * 60_000,
    )
    return Dispensers(hub, paper, hub.fleet.on_line, log)


def _printing(hub: Hub, chance: Callable[[], float], log: Log) -> None:
    """What follows the queue on paper and over the windows."""
    hub.printers = Printers(lambda: hub.clock().ms, lambda: hub.rising_ms() / 1000, log)
    hub.printers.follow(hub.hall.rows.printers)
    hub.paperwork = Paperwork(
        hub.printers,
        hub.service.submit,
        lambda: hub.state,
        lambda command, reply, address: compose(hub.hall.rows, command, reply, address),
        log,
    )
    hub.leds = Leds(open_port, chance, log)
    hub.leds.follow(hub.hall.rows.leds)
    for window in hub.published.snapshot(hub.service.now())["windows"]:
        hub.leds.show(**window)


def _announcer(hub: Hub, log: Log) -> Announcer | None:
    """The hall's voice, as the settings want it."""
    wanted = hub.config.voice
    if wanted.output == "off":
        return None
    return Announcer(
        Clips(Espeak(words_a_minute=wanted.words_a_minute)),
        Manner(wanted.languages, wanted.say_yao, at_boards=wanted.output != "card"),
        CalledOut(hub.hall),
        partial(hub.stream.tell, "say"),
        now_ms=hub.rising_ms,
        log=log,
        card=None if wanted.output == "boards" else Card(wanted.device),
    )


def _around(hub: Hub, log: Log) -> Around:
    """What a change of the hall needs of the house."""
    offset_minutes = hub.config.hall.offset_minutes
    return Around(
        hall=hub.config.hall.id,
        offset_minutes=offset_minutes,
        submit=hub.submit,
        would=hub.service.would,
        laid_out=lambda: (hub.state.revision, hub.state.layout),
        follow=hub.follow_rows,
        refuse=partial(refuse_rows, hub.registry, hub.hall),
        at=lambda: envelope.format_time(hub.service.now().ms, offset_minutes),
        log=log,
    )


@dataclass(frozen=True, slots=True)
class CalledOut:
    """What the voice asks of the hall: names of windows, and which of them hear one voice."""

    hall: HallStore

    def zone(self, window: str) -> str:
        """The zone that a window stands in."""
        return next((row.zone for row in self.hall.rows.windows if row.id == window), "")

    def place(self, window: str) -> Place:
        """What the window is called."""
        found = next((row for row in self.hall.rows.windows if row.id == window), None)
        return Place(window) if found is None else Place(found.name, found.name_en)

    def volume(self, zone: str) -> float:
        """As the zone says, else the hall."""
        rows = self.hall.rows
        found = next((row.volume_percent for row in rows.zones if row.id == zone), rows.hall.volume_percent)
        return found / 100
