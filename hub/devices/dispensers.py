"""The hall's dispensers: what each key gives, numbers for who presses, numbers on loan for when the hub is away."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from common.ticket_words import encoded, words
from hub.devices.around import Hall, Log
from hub.devices.asking import Answer, Asked
from hub.devices.registry import Device
from hub.devices.sessions import DeviceSession
from hub.errors import HubError
from hub.queueing import leases
from hub.queueing.commands import CloseLease, Command, GrantLease, IssueTicket, PrintFailed
from hub.queueing.decide.issuing import business_date, gives
from hub.queueing.errors import Refusal
from hub.queueing.events import Now
from hub.queueing.state import Lease, State
from protocol import dispensing, messages, ticket

ROLE = "dispenser"
NOT_TAKEN = "not_taken"
NOTHING = ""  # instead of the lease that a box has
# After a paper was handed over or a box came, until its STATUS (every 3 s) and its facts have told of that paper.
SETTLE_MS = 10_000
SETUP_S = 5.0  # for each answer of a set-up; a box answers in 50 ms
HAND_OVER_S = 4.0  # less than the box waits for its number
_MATTER_BYTES, _ENGLISH_BYTES, _ZONE_BYTES = 255, 100, 64
_SETUPS = 64  # kept; a hall's dispensers mostly have the same
_Key = tuple[str, str, bool, str, str, str]  # its service, prefix, open, matter in both languages, zone
_UNUSED: _Key = ("", "", False, "", "", "")
_Setup = Mapping[tuple[int, int], dict[str, Any]]  # (command, which) → what is told


@dataclass(frozen=True, slots=True)
class Paper:
    """How the hall's tickets are.

    keys: device → the services of its keys, in their order, at most 12. columns: device → of its printer (32 or 48).
    place: service → where one goes. url: what stands before the token in the QR, empty for no QR. All may change while
    the hall is open.
    """

    keys: Callable[[str], tuple[str, ...]]
    columns: Callable[[str], int]
    place: Callable[[str], str]
    hall: Callable[[], str]
    url: str
    lease_numbers: int
    lease_ms: int


@dataclass(slots=True)
class _Box:
    """A dispenser on its line."""

    device: str
    session: DeviceSession
    boot: int
    came_ms: int
    told: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)  # (command, which) → what it surely has
    complete: _Setup | None = None  # the set-up of which it surely has all
    held: str | None = None  # the lease that it has; None: not known
    busy: bool = False


class Dispensers:
    """Told by the fleet who comes; `answer` is what its boxes ask, `tend` is called every second for each."""

    def __init__(self, hall: Hall, paper: Paper, online: Callable[[str], DeviceSession | None], log: Log) -> None:
        self._hall = hall
        self._paper = paper
        self._online = online
        self._log = log
        self._boxes: dict[str, _Box] = {}
        self._handing: set[str] = set()
        self._handed_ms: dict[str, int] = {}
        self._unlent: set[str] = set()

    def arrived(self, session: DeviceSession, device: Device) -> None:
        """A dispenser is let in; one that only changed its line keeps its lease, and is told everything again."""
        status = session.status
        boot = -1 if status is None else status["boot"]
        before = self._boxes.get(device.device)
        held = before.held if before is not None and before.boot == boot else None
        self._boxes[device.device] = _Box(device.device, session, boot, self._hall.rising_ms(), held=held)

    def due(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        """What there is to do now, for whoever owns the tasks: a turn of each box that is here."""
        return [partial(self._tend, box) for box in self._boxes.values() if self._here(box) and not box.busy]

    async def answer(self, asked: Asked) -> Answer:
        """ISSUE: a number, handed to the box as a paper before the answer says so."""
        if asked.command != dispensing.ISSUE:
            return messages.UNKNOWN_COMMAND, None
        if not asked.alive():
            return messages.FAILED, None
        device = asked.device.device
        try:
            reply = await self._hall.submit(IssueTicket(asked.arguments["service"], ROLE, printer=device))
        except Refusal as refusal:
            self._log("dispenser.refused", device=device, service=asked.arguments["service"], why=refusal.kind)
            return messages.REFUSED, refusal.kind[:64]
        except HubError as error:
            self._log("dispenser.not_issued", device=device, why=str(error))
            return messages.FAILED, None
        return await self._hand_over(asked, device, reply)

    async def reprint(self, device: str) -> tuple[bool, str]:
        """The last ticket once more; whether the box prints it, and why not."""
        session = self._online(device)
        answer = None if session is None else await session.ask(dispensing.REPRINT, {}, HAND_OVER_S)
        if answer is None:
            return False, "the dispenser is not connected"
        return answer[0] == messages.ACCEPTED, answer[1] or ""

    # --- numbers

    async def _hand_over(self, asked: Asked, device: str, reply: Mapping[str, Any]) -> Answer:
        number = reply["ticket"]
        session = self._online(device)
        if session is None or not asked.alive():
            await self._submit(PrintFailed(number, device, NOT_TAKEN))
            return messages.FAILED, None
        wait = reply["wait"]
        self._handing.add(number)
        try:
            answer = await session.ask(
                dispensing.PRINT,
                {
                    "ticket": bytes.fromhex(number),
                    "asked": asked.number,
                    "service": asked.arguments["service"],
                    "number": reply["number"],
                    "token": reply["token"],
                    "ahead": min(reply["ahead"], 60_000),
                    "wait": "" if wait is None else f"{wait['low_min']}-{wait['high_min']}",
                    "at": reply["issued_at"][:16].replace("T", " "),
                    "training": reply["training"],
                },
                HAND_OVER_S,
            )
        finally:
            self._handing.discard(number)
            self._handed_ms[number] = self._hall.rising_ms()
        if answer is not None and answer[0] != messages.ACCEPTED:
            await self._submit(PrintFailed(number, device, NOT_TAKEN))
            return messages.REFUSED, answer[1]
        # Without an answer nobody knows yet whether it prints: its fact tells, or `_settle` finds that it has none.
        return messages.ACCEPTED, None

    async def _settle(self, box: _Box) -> None:
        """Papers that the box was to print and knows nothing of."""
        status = box.session.status
        printing = self._hall.state.printing
        self._handed_ms = {number: at_ms for number, at_ms in self._handed_ms.items() if number in printing}
        if status is None or box.session.unstored:
            return
        under_way = None if status["open_run"] is None else status["open_run"].hex()
        for found in list(printing.values()):
            since_ms = max(box.came_ms, self._handed_ms.get(found.id, 0))
            over = self._hall.rising_ms() - since_ms >= SETTLE_MS
            if found.printer == box.device and found.id != under_way and found.id not in self._handing and over:
                await self._submit(PrintFailed(found.id, box.device, NOT_TAKEN))

    # --- set-up

    async def _tend(self, box: _Box) -> None:
        box.busy = True
        try:
            if await self._set_up(box):
                await self._settle(box)
                await self._lend(box)
        finally:
            box.busy = False

    async def _set_up(self, box: _Box) -> bool:
        """Everything that a ticket needs, once a session; then what has changed: a service opens, or is renamed."""
        paper = self._paper
        keys = tuple(map(self._key, paper.keys(box.device)))
        wanted = _wanted(
            paper.hall(), paper.url, self._hall.state.layout.offset_minutes, paper.columns(box.device), keys
        )
        if wanted is box.complete:
            return True
        box.complete = None  # from the first that it takes on, it has no whole one
        for which, values in wanted.items():
            if box.told.get(which) != values:
                box.told.pop(which, None)  # without an answer it may have either
                if not await self._tell(box, which[0], values):
                    return False
                box.told[which] = values
        box.complete = wanted
        return True

    def _key(self, service: str) -> _Key:
        state = self._hall.state
        found = state.layout.service_by_id.get(service)
        if found is None:
            return _UNUSED
        is_open = gives(state, service, self._now())
        return service, found.prefix, is_open, found.name, found.name_en, self._paper.place(service)

    async def _tell(self, box: _Box, command: int, values: dict[str, Any]) -> bool:
        answer = await box.session.ask(command, values, SETUP_S)
        return answer is not None and answer[0] == messages.ACCEPTED

    # --- leases

    async def _lend(self, box: _Box) -> None:
        """The box has numbers of today, enough for an outage; what it had before is closed when all of it is told."""
        status = box.session.status
        if not self._paper.lease_numbers or status is None or status["open_run"] is not None or box.session.unstored:
            return
        mine = leases.of_device(self._hall.state, box.device)
        if self._hall.state.training:
            await self._take_back(box, mine)
            return
        good = next((lease for lease in reversed(mine) if self._good(lease)), None)
        if good is None:
            good = await self._grant(box, mine)
        if good is None:
            return
        if box.held != good.id:
            if not await self._tell(box, dispensing.LEASE, self._offer(box, good)):
                return
            box.held = good.id
        for lease in leases.of_device(self._hall.state, box.device):
            if lease.id != box.held:
                await self._submit(CloseLease(lease.id, "returned"))

    async def _take_back(self, box: _Box, mine: list[Lease]) -> None:
        """In practice no box has numbers for when the hub is away: what they give is real."""
        if not mine:
            return
        if box.held != NOTHING:
            nothing = {"lease": bytes.fromhex(mine[-1].id), "lasts_ms": 0, "ranges": b""}
            if not await self._tell(box, dispensing.LEASE, nothing):
                return
            box.held = NOTHING
            return  # what it gave until then is told by its next STATUS
        for lease in mine:
            await self._submit(CloseLease(lease.id, "training"))

    def _good(self, lease: Lease) -> bool:
        """Of today and unused: one that was used ends with its outage, and the rest of it is void."""
        state = self._hall.state
        if lease.used or lease.business_date != business_date(state, self._now()):
            return False
        least = -(-self._paper.lease_numbers // 2)
        return all(last - free_from(state, lease, service) + 1 >= least for service, (_, last) in lease.ranges.items())

    async def _grant(self, box: _Box, mine: list[Lease]) -> Lease | None:
        if len(mine) >= leases.OPEN_MOST:
            await self._submit(CloseLease(mine[0].id, "returned"))
        services = self._paper.keys(box.device)
        wanted = GrantLease(box.device, services, self._paper.lease_numbers, self._paper.lease_ms)
        try:
            reply = await self._hall.submit(wanted)
        except HubError:
            return None
        except Refusal as refusal:
            if box.device not in self._unlent:
                self._unlent.add(box.device)
                self._log("dispenser.not_lent", device=box.device, why=refusal.detail)
            return None
        self._unlent.discard(box.device)
        return self._hall.state.leases.get(reply["lease"])

    def _offer(self, box: _Box, lease: Lease) -> dict[str, Any]:
        rows = b""
        for key, service in enumerate(self._paper.keys(box.device), 1):
            if service in lease.ranges:
                first = free_from(self._hall.state, lease, service)
                rows += bytes((key,)) + first.to_bytes(2, "big") + lease.ranges[service][1].to_bytes(2, "big")
        return {"lease": bytes.fromhex(lease.id), "lasts_ms": lease.lasts_ms, "ranges": rows}

    # --- the hall

    def _here(self, box: _Box) -> bool:
        return box.session.live and self._online(box.device) is box.session

    def _now(self) -> Now:
        moment = self._hall.moment()
        return Now(moment.unix_ms, moment.sure)

    async def _submit(self, command: Command) -> None:
        """Again at the next turn where the journal couldn't take it: what it is about is still so then."""
        try:
            await self._hall.submit(command)
        except HubError as error:
            self._log("dispenser.not_kept", why=str(error))
        except Refusal as refusal:
            self._log("device.command_refused", command=refusal.command, why=refusal.detail)


@lru_cache(maxsize=_SETUPS)  # each dispenser's is asked for every second, and is nearly always the one before
def _wanted(hall: str, url: str, offset_minutes: int, columns: int, keys: tuple[_Key, ...]) -> _Setup:
    """All that a box is told for its tickets."""
    about = {
        "hall": whole(hall, _MATTER_BYTES),
        "url": url,
        "offset_min": offset_minutes + dispensing.OFFSET_BASE_MIN,
        "columns": columns,
    }
    made: dict[tuple[int, int], dict[str, Any]] = {(dispensing.HALL, 0): about}
    for at, text in enumerate(words(ticket.WORDS, columns)):
        made[dispensing.WORD, at] = {"at": at, "text": text}
    for key in range(1, dispensing.MAX_KEYS + 1):
        service, prefix, is_open, matter, english, zone = keys[key - 1] if key <= len(keys) else _UNUSED
        made[dispensing.SERVICE, key] = {
            "key": key,
            "service": service,
            "prefix": prefix,
            "open": is_open,
            "matter": whole(matter, _MATTER_BYTES),
            "matter_en": whole(english, _ENGLISH_BYTES),
            "zone": whole(zone, _ZONE_BYTES),
        }
    return made


def free_from(state: State, lease: Lease, service: str) -> int:
    """The first number of a lease behind all that its box has told of."""
    known = state.layout.service_by_id.get(service)
    prefix = "" if known is None else known.prefix
    first = lease.ranges[service][0]
    used = [leases.number_in(number) for number in lease.used if number.rstrip("0123456789") == prefix]
    return max([first, *(number + 1 for number in used if first <= number <= lease.ranges[service][1])])


def whole(text: str, limit_bytes: int) -> bytes:
    """As many whole characters as so many bytes hold, for a printer."""
    while len(data := encoded(text)) > limit_bytes:
        text = text[:-1]
    return data
