"""The loop: decide and apply at once, journal, and tell anybody only after the commit.

The working state runs ahead of the disk; nothing made from it leaves before its events are durable. A failed commit
throws the working state away and rebuilds it from the journal.
"""

import asyncio
import importlib
import inspect
import logging
import secrets
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from hub.errors import HubError
from hub.journal import ORIGINAL, Committed, Journal, JournalError
from hub.queueing import snapshot as queueing_snapshot
from hub.queueing import state as queueing_state
from hub.queueing import views
from hub.queueing.apply import apply
from hub.queueing.commands import AcceptFact, ClockStepped, Command
from hub.queueing.decide import Ids, decide
from hub.queueing.errors import ApplyError, Refusal
from hub.queueing.events import Event, Now
from hub.queueing.layout import Layout
from hub.queueing.snapshot import SnapshotError
from hub.queueing.state import State

_log = logging.getLogger(__name__)

# The modules of the rules that make a state of events, or read one that was kept: all that these two rest on.
STATE_RULES = (
    "apply",
    "apply.ground",
    "apply.hall",
    "apply.issuing",
    "apply.machines",
    "apply.serving",
    "apply.windows",
    "errors",
    "events",
    "layout",
    "leases",
    "numbers",
    "runs",
    "snapshot",
    "state",
    "tables",
    "times",
    "training",
)

# A jump of the clock that is worth an event: more than a slewing time daemon or a sleepy event loop makes of it.
STEP_MS = 1_000
# While the clock is behind the journal, ours runs at half speed until they meet: durations stay above zero, and an
# hour's error is gone in two.
CATCH_UP = 2

# A state is kept every so many events: the tail that a start replays is shorter than this, 0.25 s of it at the slowest
# replay measured (43,000 a second); 20,000 runs in it take 0.25 MB of the disk beside 7 MB that the events take.
SNAPSHOT_EVERY = 10_000

Subscriber = Callable[[list[Committed]], None]
Follower = Callable[[Committed], None]


class SystemIds:
    """Ids from the operating system's randomness."""

    def ticket(self) -> str:
        """16 hex digits."""
        return secrets.token_hex(8)

    def run(self) -> str:
        """16 hex digits: 8 bytes on the wire."""
        return secrets.token_hex(8)

    def token(self) -> str:
        """128 bits in URL-safe text."""
        return secrets.token_urlsafe(16)


def rules_version() -> str:
    """Names the rules by their source: a state that other rules made is used only where its events are gone."""
    modules = (importlib.import_module(f"hub.queueing.{name}") for name in STATE_RULES)
    return sha256("".join(inspect.getsource(module) for module in modules).encode()).hexdigest()[:16]


class RebuildError(HubError):
    """The journal holds what these rules can't follow; the text names the event."""


class Timekeeper:
    """The hub's time: never behind its own journal, and unsure wherever the clock can't be right."""

    def __init__(self, clock: Callable[[], Now], last_recorded_ms: int) -> None:
        self._clock = clock
        self._last_ms = last_recorded_ms
        self._reading: Now | None = None
        self._pending_step: ClockStepped | None = None

    def now(self) -> Now:
        """The moment to stamp with."""
        reading = self._clock()
        self._pending_step = self._step(reading) or self._pending_step
        elapsed_ms = self._elapsed(reading)
        self._reading = reading
        # After the last event for certain; how long after, an unsure clock can't say.
        earliest_ms = self._last_ms or None
        if reading.ms >= self._last_ms:
            self._last_ms = reading.ms
            if reading.sure:
                return Now(reading.ms)
            return Now(reading.ms, False, earliest_ms, reading.latest_ms)
        self._last_ms += elapsed_ms // CATCH_UP
        return Now(self._last_ms, False, earliest_ms)

    def take_step(self) -> ClockStepped | None:
        """A step of the clock seen since this was last asked."""
        step, self._pending_step = self._pending_step, None
        return step

    def _elapsed(self, reading: Now) -> int:
        before = self._reading
        if before is None or before.monotonic_ms is None or reading.monotonic_ms is None:
            return 0
        return max(0, reading.monotonic_ms - before.monotonic_ms)

    def _step(self, reading: Now) -> ClockStepped | None:
        before = self._reading
        if before is None:
            if reading.ms < self._last_ms - STEP_MS:
                return ClockStepped(self._last_ms, reading.ms, "the clock is behind the journal")
            return None
        expected_ms = before.ms
        if reading.monotonic_ms is not None and before.monotonic_ms is not None:
            expected_ms += reading.monotonic_ms - before.monotonic_ms
            if reading.ms - expected_ms > STEP_MS:
                return ClockStepped(expected_ms, reading.ms, "the clock was set forward")
        if expected_ms - reading.ms > STEP_MS:
            return ClockStepped(expected_ms, reading.ms, "the clock was set back")
        return None


class HallService:
    """Commands in, events into the journal, replies and publications out, in the journal's order."""

    def __init__(self, journal: Journal, layout: Layout, clock: Callable[[], Now], ids: Ids) -> None:
        # What holds until an event says otherwise.
        self._begins_with = layout
        # Ahead of the disk: what the next command is decided on.
        self.state: State = queueing_state.new(layout)
        self._journal = journal
        self._ids = ids
        self._subscribers: list[Subscriber] = []
        self._followers: list[Follower] = []
        # Requests whose commit is under way: the same id again waits for the same commit.
        self._in_flight: dict[str, tuple[asyncio.Future[list[Committed]], dict[str, Any]]] = {}
        self._stale = False
        self._shown_through = journal.durable
        self._rules = rules_version()
        # How far the newest kept state goes, or the one under way.
        self._kept_through = 0
        journal.on_committed = self._publish
        journal.on_failed = self._failed
        journal.on_closing = self.keep_snapshot
        self._rebuild()
        # What is durable: what may be shown. It follows the commits only, so no failure touches it.
        self.shown: State = queueing_state.for_showing(self.state)
        self._time = Timekeeper(clock, journal.last_recorded_ms)

    @property
    def layout(self) -> Layout:
        """The hall that the next command is decided in."""
        return self.state.layout

    @property
    def journal(self) -> Journal:
        """Where the events go."""
        return self._journal

    def now(self) -> Now:
        """The hub's time, as it would stamp an event."""
        return self._time.now()

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Calls back with each commit's events, in order, after they are durable; returns what ends it."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def follow(self, callback: Follower) -> None:
        """Calls back with each durable event right after `shown` took it in, before any subscriber hears of it."""
        self._followers.append(callback)

    async def submit(self, command: Command, request: str | None = None) -> dict[str, Any]:
        """Does a command and returns its reply once it is durable.

        request: the command's id; the same again, also after a restart, gives the first reply and changes nothing.
        Raises `Refusal`; `JournalBusy`, `JournalFull` or `JournalFailed` when it can't be kept (nothing has changed).
        Everything up to the commit is done before the first await, so commands stand in the order of their calls.
        """
        if request is not None:
            known = self._first_reply(request)
            if isinstance(known, dict):
                return known
            if known is not None:
                future, reply = known
                await asyncio.shield(future)
                return reply
        self._journal.admit()
        if self._stale:
            self._rebuild()
        now = self._stamp()
        try:
            events = decide(self.state, command, now, self._ids)
        except Refusal:
            # The refusal may rest on what is not durable yet; it is told when that is.
            await asyncio.shield(self._journal.settled())
            raise
        reply, future = self._take(command, events, now, request)
        if request is not None and events:
            self._in_flight[request] = (future, reply)
            future.add_done_callback(lambda _: self._forget(request, future))
        await asyncio.shield(future)
        return reply

    def would(self, command: Command) -> None:
        """Raises the `Refusal` that a command would meet now; does nothing."""
        if self._stale:
            self._rebuild()
        decide(self.state, command, self._time.now(), self._ids)

    async def submit_facts(self, facts: Sequence[AcceptFact]) -> None:
        """Does what one line brought at once, in its order and in one transaction: all of it is kept, or none.

        Raises as `submit` does; a hundred facts cost one future and one turn of the loop, not a hundred.
        """
        self._journal.admit()
        if self._stale:
            self._rebuild()
        now = self._stamp()
        events: list[Event] = []
        try:
            for fact in facts:
                for event in decide(self.state, fact, now, self._ids):
                    apply(self.state, event)
                    events.append(event)
            future = self._journal.append(events, now.ms) if events else self._journal.settled()
        except Exception:
            self._stale = True
            raise
        await asyncio.shield(future)

    def _forget(self, request: str, future: asyncio.Future[list[Committed]]) -> None:
        waiting = self._in_flight.get(request)
        if waiting is not None and waiting[0] is future:
            del self._in_flight[request]

    def _first_reply(
        self, request: str
    ) -> tuple[asyncio.Future[list[Committed]], dict[str, Any]] | dict[str, Any] | None:
        waiting = self._in_flight.get(request)
        if waiting is not None:
            return waiting
        stored = self._journal.reply(request)
        return None if stored is None else msgspec.json.decode(stored, type=dict[str, Any])

    def _stamp(self) -> Now:
        """Now; a step of the clock goes into the journal before what comes after it."""
        now = self._time.now()
        step = self._time.take_step()
        if step is not None:
            self._take(step, decide(self.state, step, now, self._ids), now, None)
        return now

    def _take(
        self, command: Command, events: list[Event], now: Now, request: str | None
    ) -> tuple[dict[str, Any], asyncio.Future[list[Committed]]]:
        """The events into state and journal; the reply, and what ends when it may be told.

        Whatever fails on the way, the state is rebuilt before it is used again.
        """
        try:
            for event in events:
                apply(self.state, event)
            reply = views.reply(self.state, command, events)
            if not events:
                return reply, self._journal.settled()
            kept = None if request is None else msgspec.json.encode(reply)
            return reply, self._journal.append(events, now.ms, request, kept)
        except Exception:
            self._stale = True
            raise

    def _rebuild(self) -> None:
        """The working state from what is durable, and from what is queued."""
        state, last = self._base()
        self._kept_through = last
        try:
            for row in self._journal.replay(last):
                last = row.sequence
                # What came again from a damaged journal is in the state that this one begins with.
                if ORIGINAL not in row.event.data:
                    apply(state, row.event)
            for row in self._journal.queued():
                if row.sequence > last:
                    last = row.sequence
                    apply(state, row.event)
        except ApplyError as error:
            raise RebuildError(
                f"{self._journal.path}: event {last}: {error}. This journal was written by another version of the "
                "rules, or for another hall's layout; start the version that wrote it."
            ) from error
        self.state = state
        self._stale = False

    def _base(self) -> tuple[State, int]:
        """The newest kept state that can be used, and its sequence; else the empty hall.

        What other rules made is not trusted while everything can be replayed.
        """
        whole = self._journal.whole
        for snapshot in self._journal.snapshots():
            if snapshot.version != self._rules and whole:
                _log.warning(
                    "%s: snapshot of event %d is of other rules (%s); all is replayed",
                    self._journal.path,
                    snapshot.sequence,
                    snapshot.version,
                )
                continue
            try:
                state = queueing_snapshot.load(self._begins_with, snapshot.state)
                return self._begun(state) if snapshot.sequence == 0 else state, snapshot.sequence
            except SnapshotError as error:
                _log.warning("%s: snapshot of event %d is not used: %s", self._journal.path, snapshot.sequence, error)
        kept_after = self._journal.kept_after
        if kept_after:
            raise RebuildError(
                f"{self._journal.path}: events through {kept_after} were let go, and no snapshot of the state "
                "after them can be used. Start the version that wrote it, or restore a backup."
            )
        return self._begun(queueing_state.new(self._begins_with)), 0

    def _begun(self, state: State) -> State:
        """What a journal begins with: nothing, or what a damaged one before it leads to."""
        for row in self._journal.inherited():
            queueing_snapshot.follow(state, row.event)
        return state

    def keep_snapshot(self) -> None:
        """Keeps the working state, which is that after all that was appended; a failure costs a longer start."""
        if self._stale or self._shown_through == self._kept_through:
            return
        self._kept_through = self._shown_through
        self._journal.keep_snapshot(self._rules, queueing_snapshot.dump(self.state)).add_done_callback(_say_unkept)

    def _publish(self, rows: list[Committed]) -> None:
        for row in rows:
            apply(self.shown, row.event)
            for follower in self._followers:
                try:
                    follower(row)
                except Exception:
                    _log.exception("follower %r failed on event %d", follower, row.sequence)
        self._shown_through = rows[-1].sequence
        if self._shown_through - self._kept_through >= SNAPSHOT_EVERY:
            self.keep_snapshot()
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(rows)
            except Exception:
                # One that fails must not keep the others, or the replies, from what is durable.
                _log.exception(
                    "subscriber %r failed on events %d to %d", subscriber, rows[0].sequence, rows[-1].sequence
                )

    def _failed(self, error: JournalError) -> None:
        """Before anybody hears of the failure: the working state is thrown away."""
        _log.error("%s The hall's state is rebuilt from the journal.", error)
        self._in_flight.clear()
        self._stale = True
        self._rebuild()


def _say_unkept(done: asyncio.Future[int]) -> None:
    error = None if done.cancelled() else done.exception()
    if error is not None:
        _log.warning("no snapshot of the state was kept, the next start takes longer: %s", error)
