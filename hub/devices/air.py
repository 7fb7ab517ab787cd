"""The boxes on the radio: whose an advertisement is, what its box is wanted for, whether it is in reach.

An advertisement proves nothing: who makes one up, or plays an old one again, costs one vain visit, and the next one
later. In reach is only who has proven itself and is heard since. While a box answers where it was proven, whatever else
has its name is visited only for facts that it tells of, and only when nothing else is to be done.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from common.metrics import Values
from hub.devices.radio_session import RadioSession
from hub.devices.registry import Device, Registry
from hub.links.ble_plan import MOST_BOXES, End, Keep, State, Want
from protocol.air import NAME_BYTES, settings_mark

AWAY_MS = 10_000  # carried off or without power: told as offline so late; idle, a box speaks every second
CHECK_MS = 600_000  # how old health and proof may get while nothing happens
UNSET_MS = 30_000  # an advertisement that tells of other settings is believed so long after the last visit
VAIN_FIRST_MS, VAIN_LAST_MS = 5_000, 300_000  # after a visit for facts that weren't there
ELSEWHERE_MS = 5_000
CALLER = "caller"
LOUDER_DB = 6  # another adapter that hears a box so much better has it
# Of the address where it was proven, in a row: one may be a moment's interference, after two another one gets its turn.
FAILURES_TRIED = 2
# An adapter whose try came to nothing counts as hearing the box badly for so long: who plays its advertisements loudly
# beside that adapter, under its own address, costs one try a minute, and not the box.
FAILED_MS = 60_000
WEAKEST_DBM = -127
MOST_ADDRESSES = 16  # of one box: its own, a new board's, and what others make up; the longest silent is forgotten
# Sessions for each adapter: more than a radio remembers addresses, so that who is forgotten here is forgotten there.
MOST_SESSIONS = 2 * MOST_BOXES
_COUNTED = ("connects", "failures", "lost")
_SEEN = ("address", "connected", "rssi_dbm", "heard_s", *_COUNTED, "why")
_HALF, _ALL = 0x8000, 0x10000


class Adapter(Protocol):
    """A `Radio`, as far as it is needed here: a hub without one does without bleak, too."""

    def look(self) -> None:
        """Something is wanted."""

    def view(self) -> dict[str, Any]:
        """How it is."""


@dataclass(slots=True)
class Loudness:
    """How an adapter hears one address."""

    dbm: int = WEAKEST_DBM
    at_ms: int = 0
    failed_until_ms: int = 0

    def now_dbm(self, now_ms: int) -> int:
        """What it counts for."""
        return WEAKEST_DBM if now_ms < self.failed_until_ms else self.dbm


@dataclass(slots=True)
class Boxed:
    """A registered device as the radio knows it."""

    session: RadioSession | None = None  # the last one in which it was proven
    asked: int = 0  # questions that wait for a link
    patient: int = 0  # and those that come behind everything else
    near: bool = False  # its window has called or been reached since the last visit
    serving: bool = False
    proven_ms: int | None = None
    heard_ms: int | None = None
    in_reach: bool = False  # as it was told to the hall
    said_before: int = 0
    vain_until_ms: int = 0
    vain_ms: int = 0
    claimed: tuple[str, RadioSession] | None = None  # the adapter that is connected, or connecting, and to whom
    failures: int = 0  # in a row, at the address where it was proven last
    heard_at: dict[str, dict[str, Loudness]] = field(default_factory=dict)  # address → adapter → how well
    came: asyncio.Event = field(default_factory=asyncio.Event)


class Air:
    """For radios it is `Wishes`; for the fleet, who asks for links and is told who went out of reach."""

    def __init__(
        self,
        registry: Registry,
        make: Callable[[str, str], RadioSession],
        durable_through: Callable[[str, str], int],
        on_cable: Callable[[str], bool],
        rising_ms: Callable[[], int],
    ) -> None:
        self.radios: list[Adapter] = []
        self.sessions: dict[tuple[str, str, str], RadioSession] = {}
        self.stale = 0  # advertisements of facts that are here already: late, or played again
        self._registry = registry
        self._make = make
        self._durable_through = durable_through
        self._on_cable = on_cable
        self._rising_ms = rising_ms
        self._boxes: dict[str, Boxed] = {}
        self._devices: dict[RadioSession, str] = {}
        self._heard_ms: dict[RadioSession, int] = {}  # when each address was heard last

    # --- for the fleet

    def session(self, device: str) -> RadioSession | None:
        """Where a device was last proven, connected or not."""
        return self._box(device).session

    def in_reach(self, device: str) -> bool:
        """Proven here, and connected or heard since."""
        box = self._boxes.get(device)
        if box is None or box.session is None or box.proven_ms is None:
            return False
        if box.session.live:
            return True
        heard_ms = max(box.proven_ms, box.heard_ms or 0)
        return self._rising_ms() - heard_ms < AWAY_MS

    def views(self) -> list[dict[str, Any]]:
        """Each adapter and what it hears, for people who look for a weak box."""
        return [radio.view() for radio in self.radios]

    def seen(self) -> dict[str, dict[str, Any]]:
        """How the adapter that hears it best sees each registered box; who isn't in it is heard by none.

        Every box in one go: the radios are asked once, however many boxes the hall has.
        """
        return self._seen(self.views())

    def _seen(self, views: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        best: dict[str, dict[str, Any]] = {}
        for radio in views:
            for box in radio["boxes"]:
                before = best.get(box["device"])
                if before is None or int(box["rssi_dbm"]) > int(before["rssi_dbm"]):
                    best[box["device"]] = {"adapter": radio["adapter"]} | {key: box[key] for key in _SEEN}
        names = {known.device: _name(known) for known in self._registry.all()} if best else {}
        return {device: best[name] for device, name in names.items() if name in best}

    def metrics(self) -> Values:
        """For Prometheus."""
        views = self.views()
        heard = self._seen(views)
        devices = {
            (known.device, known.role, known.window or ""): heard[known.device]
            for known in self._registry.all()
            if known.device in heard
        }
        return {
            "tingting_radio_up": {(radio["adapter"],): float(radio["scanning"]) for radio in views},
            "tingting_radio_links": {(radio["adapter"],): radio["links"] for radio in views},
            "tingting_radio_total": {
                (radio["adapter"], what): radio[what] for radio in views for what in (*_COUNTED, "called_off")
            },
            "tingting_device_rssi_dbm": {labels: seen["rssi_dbm"] for labels, seen in devices.items()},
            "tingting_device_heard_seconds": {labels: seen["heard_s"] for labels, seen in devices.items()},
            "tingting_device_radio_total": {
                (*labels, what): seen[what] for labels, seen in devices.items() for what in _COUNTED
            },
        }

    def gone(self) -> list[str]:
        """Who was in reach and is no longer; each is told once."""
        gone = []
        for device, box in self._boxes.items():
            here = self.in_reach(device)
            if box.in_reach and not here:
                gone.append(device)
            box.in_reach = here
        return gone

    def arrived(self, session: RadioSession, device: str) -> None:
        """Proven and welcomed on this link."""
        box = self._box(device)
        box.session = session
        box.proven_ms = self._rising_ms()
        box.near = False
        box.in_reach = True
        box.said_before = session.said
        self._devices[session] = device
        box.came.set()

    def window(self, device: str, *, serving: bool, near: bool) -> None:
        """What its window does; `near`: it has just called somebody, or somebody has come."""
        box = self._box(device)
        box.serving = serving
        box.near = serving and (box.near or near)
        self.look()

    async def fetch(self, device: str, within_s: float, *, patient: bool = False) -> RadioSession | None:
        """A proven session, connected for this; None: there was none in time. patient: behind everything else."""
        box = self._box(device)
        box.asked += not patient
        box.patient += patient
        self.look()
        try:
            async with asyncio.timeout(within_s):
                while True:
                    if box.session is not None and box.session.live:
                        return box.session
                    box.came.clear()
                    await box.came.wait()
        except TimeoutError:
            return None
        finally:
            box.asked -= not patient
            box.patient -= patient

    def forget(self, device: str) -> None:
        """It was registered anew: what was learned of it is no longer true."""
        self._boxes.pop(device, None)

    def look(self) -> None:
        """Something is wanted."""
        for radio in self.radios:
            radio.look()

    # --- for the radios

    def user(self, adapter: str, address: str, name: str) -> RadioSession | None:
        """Whose name it is, here; an address keeps its session. None: not ours, or there is no room for one more."""
        device = next((each for each in self._registry.all() if _name(each) == name), None)
        if device is None or not self._registry.opens(device):
            return None
        key = (adapter, address, name)
        session = self.sessions.get(key)
        if session is None:
            if len(self.sessions) >= MOST_SESSIONS * max(1, len(self.radios)) and not self._forget_silent():
                return None
            session = self.sessions[key] = self._make(f"{adapter}/{address}", f"ble://{address}")
        self._devices[session] = device.device
        self._heard_ms[session] = self._rising_ms()
        return session

    def want(self, adapter: str, user: Any, state: State | None, rssi: int, age_s: float) -> Want | None:
        """Asked again and again for every box that is heard."""
        name = self._devices.get(user)
        device = None if name is None else self._registry.find(name)
        if device is None or not self._registry.opens(device) or self._on_cable(device.device):
            return None
        box = self._box(device.device)
        now_ms = self._rising_ms()
        here = _loudness(box, adapter, user)
        here.dbm, here.at_ms = rssi, now_ms
        self._heard_ms[user] = max(self._heard_ms.get(user, 0), now_ms - int(age_s * 1000))
        if box.session is not None and box.session.url == user.url:
            box.heard_ms = max(box.heard_ms or 0, now_ms - int(age_s * 1000))
        if self._is_taken(box, adapter, user) or self._is_elsewhere(box, adapter, user, now_ms):
            return None
        told = self._told(device, box, state, now_ms)
        if self._is_other(device.device, box, user):
            return None if told is None else Want.CHECK
        if box.asked:
            return Want.ASK
        reason = self._reason(box, user, state, now_ms) if told is None else told
        return Want.UPDATE if reason is None and box.patient else reason

    def keep(self, user: Any) -> Keep:
        """Why its link stays."""
        box = self._box(self._devices.get(user, ""))
        # Let in for what it holds: it has told all only when it was connected and quiet for a while.
        if box.asked or not user.quiet or self._devices.get(user) in self._registry.fetching:
            return Keep.BUSY
        if user.invited:
            return Keep.INVITED
        if box.serving:
            return Keep.NEAR
        if self._asks(user):
            return Keep.HOLD
        return Keep.UPDATE if user.patient else Keep.QUIET

    def began(self, adapter: str, user: Any) -> None:
        """This adapter tries it now, at this address; nobody tries it at another."""
        self._box(self._devices.get(user, "")).claimed = (adapter, user)

    def ended(self, adapter: str, user: Any, want: Want | None, end: End) -> None:
        """A visit is over, or the attempt at one."""
        box = self._box(self._devices.get(user, ""))
        box.claimed = None
        now_ms = self._rising_ms()
        here = _loudness(box, adapter, user)
        if end is End.FAILED:
            here.failed_until_ms = now_ms + FAILED_MS
            if box.session is not None and box.session.url == user.url:
                box.failures += 1
        if end not in (End.GIVEN_BACK, End.BROKE):
            return
        # A box that is connected doesn't advertise, so it was not heard for so long; a link that broke may be another
        # adapter's at once.
        here.at_ms = now_ms if end is End.GIVEN_BACK else 0
        here.failed_until_ms = box.failures = 0
        box.proven_ms = now_ms
        if want not in (Want.FACTS, Want.CALL) or user.said > box.said_before:
            box.vain_ms = 0
            return
        box.vain_ms = min(max(box.vain_ms * 2, VAIN_FIRST_MS), VAIN_LAST_MS)
        box.vain_until_ms = now_ms + box.vain_ms

    # --- inside

    def _box(self, device: str) -> Boxed:
        box = self._boxes.get(device)
        if box is None:
            box = self._boxes[device] = Boxed()
        return box

    def _forget_silent(self) -> bool:
        """Makes room: of those that anybody may have made up, the address that was silent for longest goes."""
        idle = [key for key, each in self.sessions.items() if not each.is_open and not self._is_known(each)]
        if not idle:
            return False
        old = self.sessions.pop(min(idle, key=lambda key: self._heard_ms.get(self.sessions[key], 0)))
        self._devices.pop(old, None)
        self._heard_ms.pop(old, None)
        return True

    def _is_known(self, session: RadioSession) -> bool:
        """Its box was proven at this address, or it is being tried just now."""
        box = self._boxes.get(self._devices.get(session, ""))
        if box is None:
            return False
        return (box.session is not None and box.session.url == session.url) or (
            box.claimed is not None and box.claimed[1] is session
        )

    @staticmethod
    def _is_taken(box: Boxed, adapter: str, user: RadioSession) -> bool:
        """Somebody is at it: another adapter, or this one at another address where it isn't known yet whose that is."""
        if box.claimed is None:
            return False
        by, whom = box.claimed
        return by != adapter or (whom is not user and not whom.live)

    @staticmethod
    def _is_elsewhere(box: Boxed, adapter: str, user: RadioSession, now_ms: int) -> bool:
        """Another adapter hears this address better. Only the same address compares: two are two senders."""
        heard = box.heard_at[user.url]
        mine_dbm = heard[adapter].now_dbm(now_ms)
        return any(
            other != adapter and now_ms - each.at_ms < ELSEWHERE_MS and each.now_dbm(now_ms) >= mine_dbm + LOUDER_DB
            for other, each in heard.items()
        )

    def _is_other(self, device: str, box: Boxed, user: RadioSession) -> bool:
        """A recording, a copy or a second box: the one that was proven answers at its own address."""
        if box.session is None or box.session.url == user.url:
            return False
        return box.failures < FAILURES_TRIED and self.in_reach(device)

    def _told(self, device: Device, box: Boxed, state: State | None, now_ms: int) -> Want | None:
        """What its advertisement asks for, where that is believed."""
        if state is None or now_ms < box.vain_until_ms:
            return None
        calls, pending, following, _ = state
        if calls:
            return Want.CALL
        if pending:
            if self._is_new(device, following):
                return Want.FACTS
            self.stale += 1
        return None

    def _reason(self, box: Boxed, user: RadioSession, state: State | None, now_ms: int) -> Want | None:
        asks = self._asks(user)
        if box.near or (asks and user.shows_old):
            return Want.NEAR
        if asks:
            return Want.HOLD
        if user.shows_old:
            return Want.SHOW
        mark = settings_mark({}) if state is None else state[3]
        since_ms = None if box.proven_ms is None else now_ms - box.proven_ms
        if since_ms is None or since_ms >= CHECK_MS or (mark != settings_mark({}) and since_ms >= UNSET_MS):
            return Want.CHECK
        return None

    def _asks(self, user: RadioSession) -> bool:
        """A box whose keys are questions: its clerk waits for each answer, so it is held while there is room."""
        device = self._registry.find(self._devices.get(user, ""))
        return device is not None and device.role == CALLER

    def _is_new(self, device: Device, following: int) -> bool:
        """Whether the box has logged more than is durable here; its number is told modulo 65,536."""
        ahead = (following - 1 - self._durable_through(device.device, device.epoch)) % _ALL
        return 0 < ahead < _HALF


def _loudness(box: Boxed, adapter: str, user: RadioSession) -> Loudness:
    if user.url not in box.heard_at and len(box.heard_at) >= MOST_ADDRESSES:
        del box.heard_at[min(box.heard_at, key=lambda url: max(each.at_ms for each in box.heard_at[url].values()))]
    return box.heard_at.setdefault(user.url, {}).setdefault(adapter, Loudness())


def _name(device: Device) -> str:
    """As a box of that id advertises itself."""
    return device.device.encode()[:NAME_BYTES].decode(errors="replace")
