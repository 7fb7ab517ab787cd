"""What both ends of a session share: bytes in, events out, packets to write, and the clock as an argument.

An endpoint has no I/O. Give it what came (`receive`), take what happened (`next_event`), write what it wants written
(`outgoing`), and come back at `deadline_ms()` at the latest. The ends are protocol.device and protocol.hub, in two
files, so that a box doesn't carry the hub's.
"""

from protocol import messages
from protocol.compat import SMALL, TYPE_CHECKING, const
from protocol.delivery import Answers, Requests
from protocol.errors import MisuseError, PeerError
from protocol.framing import FrameReader, encode_frame
from protocol.seal import PACKET_SEALED, RENEW_COUNTER, Opener, Sealer

if TYPE_CHECKING:
    from protocol.compat import Any, Callable

# Packets, by their first byte (0x10 is a sealed one).
GREET = const(0x01)
HELLO = const(0x02)
CHALLENGE = const(0x03)
PROOF = const(0x04)
REFUSE = const(0x05)

# Events: the first member of the tuple that `next_event` gives.
PROVEN = "proven"
STATUS = "status"
WELCOME = "welcome"
FACT = "fact"
ANCHOR = "anchor"
VIEW = "view"
CONFIG = "config"
HEALTH = "health"
REQUEST = "request"
ANSWER = "answer"
REQUEST_EXPIRED = "request_expired"
REFUSED = "refused"
REJECTED = "rejected"
LOST = "lost"

MAX_EVENTS = const(128)  # waiting to be taken; beyond it packets count as lost on the wire and come again
MAX_OUTGOING = const(2048)  # bytes of one `outgoing`, give or take a frame: 180 ms at 115,200 baud
_OUTGOING = 192 if SMALL else MAX_OUTGOING  # a box has better use for 4 KB in large pieces; a PROOF and a STATUS fit
STEP_MS = const(1000)  # a handshake step's answer; a hub answers in less than 50 ms
LAST_STEP_MS = const(10000)  # where doubling stops: a hub that comes back finds its boxes within 10 s
GREET_MS = const(2000)  # between greetings while nothing is proven
KEEP_ALIVE_MS = const(3000)  # three may be lost before SILENCE_MS is over
SILENCE_MS = const(10000)  # nothing proven heard for so long: the session is over
_SLICE = const(512)  # bytes looked at at once, so that a reader's memory has an end


class Endpoint:
    """The half of a session that is the same at both ends."""

    def __init__(self, random: "Callable[[int], bytes]", table: "dict[tuple[str, str], str]") -> None:
        self.state = "closed"
        self.rejected_packets = 0  # dropped: forged, replayed, malformed, or not for this state
        self.unknown_messages = 0  # proven, but of a kind that this end doesn't know
        self.overruns = 0  # packets dropped because nobody took the events
        self._random = random
        self._table = table
        self._reader = FrameReader()
        self._events: list[tuple[Any, ...]] = []
        self._now_ms = 0
        self._heard_ms = 0
        self._sealer: Sealer | None = None
        self._opener: Opener | None = None
        self._first_request = int.from_bytes(random(3), "big")
        self._requests: Requests | None = None  # made with the first: a box that asks for nothing has no code for it
        self._answers = Answers()
        self._flush = False
        self._packets: dict[int, Callable[[bytes], None]] = {}
        self._messages: dict[int, Callable[[dict[str, Any]], None]] = {
            messages.REQUEST: self._on_request,
            messages.ANSWER: self._on_answer,
        }

    @property
    def proven(self) -> bool:
        """Whether the peer has proven itself on this link."""
        return self._sealer is not None

    @property
    def rejected_frames(self) -> int:
        """Frames dropped before they were packets: damaged, too long, garbage."""
        return self._reader.rejected

    def receive(self, data: bytes, now_ms: int) -> None:
        """Takes bytes from the link, as many as there are; raises nothing for what the peer did."""
        self._now_ms = now_ms
        if self.state == "closed":
            return
        for at in range(0, len(data), _SLICE):
            self._reader.feed(data[at : at + _SLICE])
            packet = self._reader.next_frame()
            while packet is not None:
                self._on_packet(packet)
                packet = self._reader.next_frame()

    def next_event(self) -> "tuple[Any, ...] | None":
        """What happened, oldest first, or None."""
        if not self._events:
            self._expire_requests(self._now_ms)
        return self._events.pop(0) if self._events else None

    def outgoing(self, now_ms: int) -> bytes:
        """Frames to write now, b"" when there are none; at most about `MAX_OUTGOING` bytes, so ask until it is b""."""
        self._now_ms = now_ms
        if self.state == "closed":
            return b""
        self._tick()
        parts = []
        size = 0
        if self._flush:
            # A first delimiter ends whatever the line carried before us.
            self._flush = False
            parts.append(b"\x00")
        while size < _OUTGOING:
            packet = self._next_packet()
            if packet is None:
                break
            frame = encode_frame(packet)
            size += len(frame)
            parts.append(frame)
        return b"".join(parts)

    def request(self, command: int, args: "dict[str, Any]", deadline_ms: int) -> int:
        """Asks the peer; exactly one ANSWER or REQUEST_EXPIRED with the id given here follows.

        deadline_ms is on this endpoint's own clock. Raises `MisuseError` without a session, for args that the table
        doesn't allow, and when too many are in flight.
        """
        if self._sealer is None:
            raise MisuseError("no session: a request dies with its link, so it can't be made before one")
        messages.encode(messages.REQUEST, {"id": 0, "left_ms": 0, "command": command, "args": args})
        if self._requests is None:
            self._requests = Requests(self._first_request)
        return self._requests.add(command, args, deadline_ms)

    def answer(self, number: int, code: int, detail: "str | None" = None) -> bool:
        """The one answer to a REQUEST event; False when that request died with its session or has its answer."""
        messages.encode(messages.ANSWER, {"id": 0, "code": code, "detail": detail})
        return self._answers.answer(number, code, detail)

    def link_opened(self, now_ms: int) -> None:
        """A fresh link: nothing that came before is remembered."""
        self._now_ms = now_ms
        self._step("opened")
        self._reader.restart()
        self._flush = True

    def link_lost(self) -> None:
        """The link is gone, and with it the session and the requests. Doing it twice is free."""
        if self.state != "closed":
            self._end_session()
            self._flush = False  # nothing is left to be written, so nothing is due
            self._step("closed")

    def _step(self, event: str) -> None:
        state = self._table.get((self.state, event))
        if state is None:
            raise MisuseError("`%s` can't happen in state `%s`" % (event, self.state))
        self.state = state

    def _begin_session(self, sealer: Sealer, opener: Opener) -> None:
        self._expire_requests(None)
        self._sealer = sealer
        self._opener = opener
        self._answers = Answers()
        self._heard_ms = self._now_ms

    def _end_session(self) -> None:
        if self._sealer is not None:
            self._events.append((LOST,))
        self._sealer = None
        self._opener = None
        self._answers = Answers()
        self._expire_requests(None)

    def _expire_requests(self, now_ms: "int | None") -> None:
        """Those past their deadline; all of them when the session is gone (None)."""
        if self._requests is not None:
            for number in self._requests.expired(now_ms):
                self._events.append((REQUEST_EXPIRED, number))

    def _session_over(self) -> bool:
        """Silence, or counters near their end."""
        if self._sealer is None or self._opener is None:
            return False
        return (
            self._now_ms - self._heard_ms >= SILENCE_MS
            or self._sealer.counter >= RENEW_COUNTER
            or self._opener.counter >= RENEW_COUNTER
        )

    def _on_packet(self, packet: bytes) -> None:
        if len(self._events) >= MAX_EVENTS:
            self.overruns += 1
            return
        try:
            if packet[0] == PACKET_SEALED:
                self._on_sealed(packet)
            elif packet[0] in self._packets:
                self._packets[packet[0]](packet)
            else:
                raise PeerError("a packet of unknown kind %d" % packet[0])
        except PeerError as error:
            self._reject(str(error))

    def _reject(self, reason: str) -> None:
        self.rejected_packets += 1
        event = (REJECTED, reason)
        # A line full of the same garbage fills no queue: it is counted above, and named once.
        if not self._events or self._events[-1] != event:
            self._events.append(event)

    def _on_sealed(self, packet: bytes) -> None:
        if self._opener is None:
            raise PeerError("a sealed packet without a session")
        plaintext = self._opener.open(packet)
        self._heard_ms = self._now_ms
        try:
            kind, values = messages.decode(plaintext)
        except PeerError as error:
            self._on_unreadable(plaintext, error)
            return
        handler = self._messages.get(kind)
        if handler is None or values is None:
            self.unknown_messages += 1
            self._events.append((REJECTED, "a message of unknown kind %d" % kind))
            return
        handler(values)

    def _on_unreadable(self, _plaintext: bytes, error: PeerError) -> None:
        raise error

    def _on_request(self, values: "dict[str, Any]") -> None:
        number = values["id"]
        if not self._answers.accept(number):
            return
        command = values["command"]
        if command not in messages.COMMAND_FIELDS:
            self._answers.answer(number, messages.UNKNOWN_COMMAND, None)
            return
        self._events.append((REQUEST, number, command, values["args"], self._now_ms + values["left_ms"]))

    def _on_answer(self, values: "dict[str, Any]") -> None:
        number = values["id"]
        if self._requests is not None and self._requests.answered(number):
            self._events.append((ANSWER, number, values["code"], values["detail"]))

    def _seal(self, kind: int, values: "dict[str, Any]") -> bytes:
        if self._sealer is None:
            raise MisuseError("no session to seal a message of kind %d for" % kind)
        return self._sealer.seal(messages.encode(kind, values))

    def _next_exchange(self) -> "bytes | None":
        """An answer or a request to send now, sealed."""
        answer = self._answers.due()
        if answer is not None:
            return self._seal(messages.ANSWER, {"id": answer[0], "code": answer[1], "detail": answer[2]})
        request = None if self._requests is None else self._requests.due(self._now_ms)
        if request is None:
            return None
        number, command, args, left_ms = request
        return self._seal(messages.REQUEST, {"id": number, "left_ms": left_ms, "command": command, "args": args})

    def _soonest(self, moments: "list[int | None]") -> "int | None":
        if self._answers.waiting() or self._flush:
            return self._now_ms
        soonest = None if self._requests is None else self._requests.deadline_ms(self._sealer is not None)
        for moment in moments:
            if moment is not None and (soonest is None or moment < soonest):
                soonest = moment
        return self._now_ms if soonest is not None and soonest < self._now_ms else soonest

    def _tick(self) -> None:
        raise NotImplementedError

    def _next_packet(self) -> "bytes | None":
        raise NotImplementedError
