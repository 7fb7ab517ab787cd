"""The hub on simulated time: shipped links, devices, rules, service and journal; only what joins them is made here."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.devices import callers
from hub.devices.dispensers import ROLE as DISPENSER
from hub.devices.dispensers import Dispensers, Paper
from hub.devices.fleet import Fleet
from hub.devices.registry import Device, Registry
from hub.devices.times import Moment
from hub.devices.update_store import UpdateStore
from hub.devices.updates import Updates
from hub.journal import Committed, Journal, JournalError
from hub.links.link import Link
from hub.queueing import commands
from hub.queueing.events import Now
from hub.queueing.layout import Layout
from hub.queueing.state import State
from hub.service import HallService
from hub.uplink.client import CenterClient
from hub.uplink.old import deliver
from hub.uplink.uplink import Uplink
from tools.simulation.clock import HallClock
from tools.simulation.disk import Disk, Trouble
from tools.simulation.watch import Watch
from tools.simulation.wire import Wire
from tools.simulation.world import World

INVITATION_S = 20
ANSWER_S = 5.0
SEND_WINDOW = 8
JOURNAL = "journal.sqlite"
AGAIN_S = 1.0  # as hub.main, where the journal took nothing
PAPER = Paper(
    keys=lambda _: ("B",),
    columns=lambda _: 48,
    place=lambda _: "",
    hall=lambda: "模拟厅",
    url="http://sim/t/",
    lease_numbers=5,
    lease_ms=120_000,
)


@dataclass(slots=True)
class Outside:
    """What a whole hall has around its hub: clocks and disks with troubles, a center, and who watches."""

    clock: HallClock
    trouble: Trouble
    client: Callable[[], CenterClient]
    watch: Watch
    stirred: Callable[[], None]  # something was committed, and much follows from it at this moment
    signer: Ed25519PublicKey  # whose updates the hub believes


class Ids:
    """Ids from a seeded stream, one after the other over all restarts."""

    def __init__(self, world: World) -> None:
        self._chance = world.chance("ids")

    def ticket(self) -> str:
        """16 hex digits."""
        return self._chance.randbytes(8).hex()

    def run(self) -> str:
        """16 hex digits."""
        return self._chance.randbytes(8).hex()

    def token(self) -> str:
        """128 bits."""
        return self._chance.randbytes(16).hex()


class SimulatedPort:
    """The hub's end of a line: a port as `hub.links` asks for, for one life of the hub."""

    def __init__(self, down: Wire) -> None:
        self._down = down
        self._came: deque[bytes] = deque(maxlen=1_000)
        self._more = asyncio.Event()
        self._dead = False

    def arrived(self, data: bytes) -> None:
        """From the wire."""
        if not self._dead:
            self._came.append(data)
            self._more.set()

    def kill(self) -> None:
        """The process behind it is gone: nothing comes or goes any more."""
        self._dead = True
        self._came.clear()

    async def read(self) -> bytes:
        """At least one byte."""
        while not self._came:
            self._more.clear()
            await self._more.wait()
        return self._came.popleft()

    async def write(self, data: bytes) -> None:
        """Into the wire, which takes everything."""
        if not self._dead:
            self._down.send(data)

    async def close(self) -> None:
        """Nothing is held."""


class Anybody:
    """A hall that lists no staff."""

    async def may(self, _staff: str, _pin: str) -> str | None:
        """Whoever it is."""
        return None


async def _at_once(work: Callable[..., Any], *arguments: Any) -> Any:
    """In place of a thread, whose end no seed decides."""
    return work(*arguments)


class Life:
    """One process of the hub, from its start to its SIGKILL."""

    def __init__(  # noqa: PLR0917 - what a hub is made of; its only caller names nothing else
        self,
        world: World,
        folder: Path,
        layout: Layout,
        ids: Ids,
        wires: dict[str, Wire],
        outside: Outside | None,
    ) -> None:
        self.folder = folder
        self._world = world
        self._outside = outside
        chance = world.chance(f"hub {folder.name}")
        trouble = Trouble() if outside is None else outside.trouble
        self.disk = Disk(world, chance, trouble)
        self.journal = Journal.open(
            folder / JOURNAL,
            layout.hall,
            layout.offset_minutes,
            lambda: chance.randbytes(8).hex(),
            executor=self.disk,
            free_bytes=trouble.free_bytes,
        )
        if outside is not None:
            outside.watch.started(self.journal)
        self.service = HallService(self.journal, layout, self._now, ids)
        self.ports = {window: SimulatedPort(wire) for window, wire in wires.items()}
        self.fleet = Fleet(
            Registry(folder / "registry.json"),
            self,
            chance.randbytes,
            self._log,
            invitation_s=INVITATION_S,
            answer_s=ANSWER_S,
            send_window=SEND_WINDOW,
            aside=_at_once,
        )
        ids_of_commands = world.chance(f"commands {folder.name}").randbytes
        self.fleet.answerers[callers.ROLE] = callers.Callers(self, Anybody(), ids_of_commands).answer
        dispensers = Dispensers(self, PAPER, self.fleet.on_line, self._log)
        self.fleet.answerers[DISPENSER] = dispensers.answer
        self.fleet.attendants[DISPENSER] = dispensers
        self.service.subscribe(self._committed)
        self.updates = Updates(
            self.fleet,
            self,
            UpdateStore(folder),
            self._log,
            signer=None if outside is None else outside.signer,
            aside=_at_once,
        )
        self.uplink: Uplink | None = None
        if outside is not None:
            self.uplink = Uplink(
                self.journal, outside.client(), world.chance(f"uplink {folder.name}").random, self._log
            )
        self._failures: list[str] = []
        self._dead = False
        self._main = asyncio.get_running_loop().create_task(self._run(chance.random))

    # what `Fleet` needs of the hall

    @property
    def state(self) -> State:
        """The working state."""
        return self.service.state

    @property
    def shown(self) -> State:
        """The durable state."""
        return self.service.shown

    async def submit(self, command: commands.Command) -> dict[str, Any]:
        """Does a command."""
        return await self.service.submit(command)

    async def submit_once(self, command: commands.Command, request: str) -> dict[str, Any]:
        """Under an id of its own."""
        return await self.service.submit(command, request)

    async def submit_facts(self, facts: Sequence[commands.AcceptFact]) -> None:
        """What one line brought."""
        await self.service.submit_facts(facts)

    def moment(self) -> Moment:
        """The clocks."""
        if self._outside is None:
            return Moment(self._world.unix_ms, True, self._world.now_ms)
        now = self.service.now()
        return Moment(now.ms, now.sure, self._world.now_ms)

    def rising_ms(self) -> int:
        """The clock that only rises."""
        return self._world.now_ms

    def _committed(self, rows: list[Committed]) -> None:
        events = [row.event for row in rows]
        self.fleet.committed(events)
        self.updates.committed(events)
        if self.uplink is not None:
            self.uplink.notify()
        if self._outside is not None and not self._dead:
            self._outside.stirred()

    async def _started(self) -> None:
        """As hub.main: with a full disk it serves all the same."""
        while True:
            try:
                await self.service.submit(commands.HubStarted("0", self.journal.id))
            except JournalError:
                await asyncio.sleep(AGAIN_S)
            else:
                if self._outside is not None:
                    self.fleet.announce()
                return

    async def _run(self, chance: Callable[[], float]) -> None:
        if self._outside is None:
            await self._started()
        async with asyncio.TaskGroup() as tasks:
            if self._outside is not None and self.uplink is not None:
                tasks.create_task(self._started())
                tasks.create_task(self.journal.watch())
                tasks.create_task(self.uplink.run())
                old = deliver(self.journal.old(), self._outside.client(), chance, self._log)
                tasks.create_task(old)
                tasks.create_task(self.updates.run())
            tasks.create_task(self.fleet.run())
            for window, port in self.ports.items():
                session = self.fleet.session(f"line-{window}", f"sim://{window}")
                link = Link(session.url, self._opener(port), session, chance)
                session.attach(link)
                tasks.create_task(link.run())

    @staticmethod
    def _opener(port: SimulatedPort) -> "Callable[[], Any]":
        async def opened() -> SimulatedPort:
            return port

        return opened

    def kill(self, survived: Path | None, *, power: bool = False) -> None:
        """From here on it writes nothing, neither to a wire nor to the disk that goes on."""
        if self._outside is not None:
            self._outside.watch.follow(self.journal)
        self._dead = True
        for port in self.ports.values():
            port.kill()
        self.disk.end(self.folder, survived, torn=f"{JOURNAL}-wal" if power else None)

    async def bury(self) -> None:
        """Lets go of what a dead process' objects still hold; raises what had failed in its life."""
        failed = self._main.done() and not self._main.cancelled() and self._main.exception()
        self._main.cancel()
        await asyncio.gather(self._main, return_exceptions=True)
        await self.journal.close()
        if failed:
            raise failed
        if self._failures:
            raise AssertionError("; ".join(self._failures))

    def _now(self) -> Now:
        if self._outside is not None:
            return self._outside.clock()
        return Now(self._world.unix_ms, True, monotonic_ms=self._world.now_ms)

    def _log(self, what: str, /, **fields: Any) -> None:
        if what == "devices.failed":
            self._failures.append(fields["error"])
        if not self._dead:
            told = " ".join(f"{name}={value}" for name, value in fields.items())
            # Where the files of this run are is nobody's story.
            self._world.tell("hub", f"{what} {told.replace(str(self.folder.parent), '…')}")


class Hub:
    """One hub through all its lives, each in a folder of its own. `wires`: line → its way down."""

    def __init__(
        self, world: World, folder: Path, layout: Layout, wires: dict[str, Wire], outside: Outside | None = None
    ) -> None:
        self._world = world
        self._outside = outside
        self._folder = folder
        self._layout = layout
        self._wires = wires
        self.ids = Ids(world)
        self._lives = 0
        self._burials: list[asyncio.Task[None]] = []
        self.life: Life | None = None

    def register(self, device: str, role: str, window: str | None, secret: bytes, epoch: bytes) -> None:
        """Before the first start."""
        registry = Registry(self.path / "registry.json")
        entry: dict[str, Any] = {"role": role, "window": window, "secret": secret.hex(), "epoch": epoch.hex()}
        entry |= {"device": device, "board": "simulated", "registered_at": "2026-09-21T22:13:20+08:00"}
        registry.register(msgspec.convert(entry, Device))
        registry.close()

    def start(self) -> None:
        """A new process on what the last one left on disk."""
        self.life = Life(self._world, self.path, self._layout, self.ids, self._wires, self._outside)
        self._world.tell("hub", f"starts with {self.life.journal.durable} events")

    def kill(self, *, power: bool = False) -> None:
        """SIGKILL, or the power goes: sessions, the working state and whatever was not committed are gone."""
        life, self.life = self.life, None
        if life is None:
            return
        self._world.tell("hub", "loses power" if power else "is killed")
        self._lives += 1
        life.kill(self.path, power=power)
        self._burials.append(asyncio.get_running_loop().create_task(life.bury()))

    def receive(self, line: str, data: bytes) -> None:
        """Bytes from a line's box; a dead hub hears nothing."""
        if self.life is not None:
            self.life.ports[line].arrived(data)

    async def end(self) -> None:
        """Clears everything up."""
        life, self.life = self.life, None
        assert life is not None
        life.kill(None)
        await asyncio.gather(*self._burials, life.bury())

    @property
    def path(self) -> Path:
        """Where the life that is, or the next one, has its files."""
        return self._folder / f"life-{self._lives}"
