"""What arrives although the wire loses: facts (at least once, in order, acknowledged when durable) and requests.

Facts go back to the oldest unacknowledged one after a silence (go-back-N): the receiver needs no memory for what came
too early. A request lives until its deadline and gets one answer; a repeated packet gets the same answer again.
"""

from protocol.compat import TYPE_CHECKING, const
from protocol.errors import MisuseError, PeerError

if TYPE_CHECKING:
    from protocol.compat import Any

FIRST_WAIT_MS = const(300)  # a packet each way at 115,200 baud, a group commit on an SD card, and air
LAST_WAIT_MS = const(5000)  # where doubling stops: after an outage the line is busy again within 5 s
MAX_REQUESTS = const(8)  # in flight at once from one end; a person has two hands
MAX_ANSWERS = const(16)  # kept for repeated packets; twice what the peer may have in flight

FRESH = const(0)
REPEATED = const(1)
AHEAD = const(2)


class Backoff:
    """When to send again: `FIRST_WAIT_MS`, doubling to `LAST_WAIT_MS`."""

    def __init__(self) -> None:
        self.at_ms: int | None = None
        self._wait_ms = FIRST_WAIT_MS

    def begin(self, now_ms: int) -> None:
        """Something was sent for the first time."""
        self._wait_ms = FIRST_WAIT_MS
        self.at_ms = now_ms + FIRST_WAIT_MS

    def soon(self, now_ms: int) -> None:
        """It is to be sent at once; `again` then waits `FIRST_WAIT_MS`."""
        self._wait_ms = FIRST_WAIT_MS // 2
        self.at_ms = now_ms

    def again(self, now_ms: int) -> None:
        """It was sent (again)."""
        self._wait_ms = min(self._wait_ms * 2, LAST_WAIT_MS)
        self.at_ms = now_ms + self._wait_ms

    def stop(self) -> None:
        """Nothing is waited for."""
        self.at_ms = None

    def due(self, now_ms: int) -> bool:
        """Whether the wait is over."""
        return self.at_ms is not None and now_ms >= self.at_ms


class FactSender:
    """Which fact of the log goes out next. The log has `oldest` and `next`; facts before `oldest` are acknowledged."""

    def __init__(self, log: "Any") -> None:
        self._log = log
        self._window = 0
        self._open = 0  # of the window: after a silence one fact, doubling with each acknowledgement
        self._cursor = 0
        self._backoff = Backoff()

    def start(self, window: int) -> None:
        """A session is open: everything from the log's oldest goes out."""
        self._window = window
        self._open = window
        self._cursor = self._log.oldest
        self._backoff.stop()

    def stop(self) -> None:
        """No session: nothing goes out."""
        self._window = 0
        self._backoff.stop()

    def due(self, now_ms: int) -> "int | None":
        """The number of a fact to send now, or None."""
        if self._window == 0:
            return None
        oldest: int = self._log.oldest
        if self._backoff.due(now_ms):
            # A line that changes the order lets only the first of a burst through: go on with bursts of one.
            self._open = 1
            self._cursor = oldest
            self._backoff.again(now_ms)
        self._cursor = max(self._cursor, oldest)
        if self._cursor < self._log.next and self._cursor - oldest < self._open:
            return self._cursor
        return None

    def sent(self, now_ms: int) -> None:
        """The fact that `due` named is on its way."""
        self._cursor += 1
        if self._backoff.at_ms is None:
            self._backoff.begin(now_ms)

    def acknowledged(self, through: int, now_ms: int) -> None:
        """The peer has everything through this number; the log lets go of it."""
        if not self._log.oldest - 1 <= through < self._log.next:
            raise PeerError(
                "an acknowledgement of %d; the log has %d to %d" % (through, self._log.oldest, self._log.next - 1)
            )
        if through < self._log.oldest:
            return
        self._log.trim(through)
        self._open = min(self._open * 2, self._window)
        if self._cursor > self._log.oldest:
            self._backoff.begin(now_ms)
        else:
            self._backoff.stop()

    def deadline_ms(self, now_ms: int) -> "int | None":
        """When `due` has something to say; `now_ms` when it has now."""
        if self._window == 0:
            return None
        oldest: int = self._log.oldest
        cursor = max(self._cursor, oldest)
        if cursor < self._log.next and cursor - oldest < self._open:
            return now_ms
        return self._backoff.at_ms


class FactReceiver:
    """Which fact is wanted next, and which are durable."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.acknowledged = expected - 1
        self.ack_due = False

    def judge(self, number: int) -> int:
        """FRESH (and now the next is wanted), REPEATED (the last acknowledgement goes out again), or AHEAD."""
        if number == self.expected:
            self.expected += 1
            return FRESH
        if number < self.expected:
            self.ack_due = True
            return REPEATED
        return AHEAD

    def acknowledge(self, through: int) -> None:
        """Facts through this number are durable here.

        One that is durable since an earlier session, though it hasn't come in this one, isn't wanted any more either.
        """
        self.acknowledged = max(self.acknowledged, through)
        self.expected = max(self.expected, through + 1)
        self.ack_due = True


class Requests:
    """Our requests in flight: id → [command, args, deadline, back-off]."""

    def __init__(self, first_id: int) -> None:
        self._next_id = first_id
        self._open: dict[int, list[Any]] = {}

    def add(self, command: int, args: "dict[str, Any]", deadline_ms: int) -> int:
        """A new request's id; raises `MisuseError` when `MAX_REQUESTS` are in flight."""
        if len(self._open) >= MAX_REQUESTS:
            raise MisuseError("%d requests are in flight already: wait for an answer or an expiry" % MAX_REQUESTS)
        number = self._next_id
        self._next_id = (number + 1) & 0xFFFFFFFF
        backoff = Backoff()
        backoff.soon(0)
        self._open[number] = [command, args, deadline_ms, backoff]
        return number

    def due(self, now_ms: int) -> "tuple[int, int, dict[str, Any], int] | None":
        """(id, command, args, milliseconds left) of a request to send now; its next turn is set."""
        if not self._open:
            return None
        for number in sorted(self._open):
            command, args, deadline_ms, backoff = self._open[number]
            if deadline_ms > now_ms and backoff.due(now_ms):
                backoff.again(now_ms)
                return number, command, args, deadline_ms - now_ms
        return None

    def answered(self, number: int) -> bool:
        """Whether this answer is the first to a request of ours."""
        return self._open.pop(number, None) is not None

    def expired(self, now_ms: "int | None") -> "list[int]":
        """Takes out and names those past their deadline; all of them when the link is gone (None)."""
        if not self._open:
            return []
        over = [n for n in sorted(self._open) if now_ms is None or self._open[n][2] <= now_ms]
        for number in over:
            del self._open[number]
        return over

    def deadline_ms(self, sending: bool) -> "int | None":
        """The next moment at which one is sent (if there is a session) or expires."""
        soonest: int | None = None
        for entry in self._open.values():
            at_ms: int = min(entry[2], entry[3].at_ms) if sending else entry[2]
            if soonest is None or at_ms < soonest:
                soonest = at_ms
        return soonest


class Answers:
    """The peer's requests: each is handed over once, and its answer kept for repeated packets."""

    def __init__(self) -> None:
        self._order: list[int] = []
        self._kept: dict[int, tuple[int, str | None] | None] = {}
        self._due: list[int] = []
        self._forgotten = -1  # the highest id that was let go; what is not above it is no new request

    def accept(self, number: int) -> bool:
        """True the first time; a repeat whose answer is known has it sent again."""
        if number in self._kept:
            if self._kept[number] is not None and number not in self._due:
                self._due.append(number)
            return False
        if number <= self._forgotten:
            return False
        if len(self._order) >= MAX_ANSWERS:
            self._forget_one()
        self._order.append(number)
        self._kept[number] = None
        return True

    def _forget_one(self) -> None:
        for number in self._order:
            if self._kept[number] is not None and number not in self._due:
                self._order.remove(number)
                del self._kept[number]
                self._forgotten = max(self._forgotten, number)
                return
        raise PeerError("more than %d requests without an answer" % MAX_ANSWERS)

    def answer(self, number: int, code: int, detail: "str | None") -> bool:
        """Keeps and sends the one answer; False when the request died with its session, or was answered."""
        if number not in self._kept or self._kept[number] is not None:
            return False
        self._kept[number] = (code, detail)
        self._due.append(number)
        return True

    def due(self) -> "tuple[int, int, str | None] | None":
        """(id, code, detail) of an answer to send now."""
        while self._due:
            number = self._due.pop(0)
            kept = self._kept.get(number)
            if kept is not None:
                return number, kept[0], kept[1]
        return None

    def waiting(self) -> bool:
        """Whether an answer is to be sent."""
        return bool(self._due)
