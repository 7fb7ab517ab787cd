"""The device's end of a session."""

from protocol import messages, session
from protocol.compat import TYPE_CHECKING, same
from protocol.delivery import Backoff, FactSender
from protocol.errors import MisuseError, PeerError, SealError
from protocol.seal import LABEL_TO_DEVICE, LABEL_TO_HUB, Keyring, Opener, Sealer, transcript

if TYPE_CHECKING:
    from protocol.compat import Any, Callable

CLOSED = "closed"  # no link
CALLING = "calling"  # saying HELLO until a hub proves that it knows the secret
PROVING = "proving"  # the hub is proven; our PROOF and STATUS go out until its WELCOME
LIVE = "live"  # facts flow

TABLE = {
    (CLOSED, "opened"): CALLING,
    (CALLING, "challenged"): PROVING,
    (PROVING, "challenged"): PROVING,
    (PROVING, "welcomed"): LIVE,
    (PROVING, "timed_out"): CALLING,
    (LIVE, "challenged"): PROVING,
    (LIVE, "silent"): CALLING,
    (CALLING, "closed"): CLOSED,
    (PROVING, "closed"): CLOSED,
    (LIVE, "closed"): CLOSED,
}


class DeviceEndpoint(session.Endpoint):
    """One box on one link.

    device_id: 1 to 32 bytes of text; role: messages.ROLE_*; secret: 32 bytes; epoch: 8 bytes; boot: the boot counter,
    synced to flash before use; log: has `oldest`, `next`, `read(n)`, `trim(through)`, `advance(to)`; random: size →
    bytes. `now_ms` is the uptime of this boot, made longer than the board's wrapping ticks.
    """

    def __init__(  # noqa: PLR0917 - what makes a box; callers name them
        self,
        device_id: str,
        role: int,
        secret: bytes,
        epoch: bytes,
        boot: int,
        log: "Any",
        random: "Callable[[int], bytes]",
    ) -> None:
        session.Endpoint.__init__(self, random, TABLE)
        self._id = device_id.encode()
        if not 1 <= len(self._id) <= messages.MAX_DEVICE_ID:
            raise MisuseError("a device id has 1 to %d bytes" % messages.MAX_DEVICE_ID)
        self._role = role
        self._keys = Keyring(secret)
        self._epoch = bytes(epoch)
        self._boot = boot
        self._log = log
        self._facts = FactSender(log)
        self._open_run: bytes | None = None
        self._app_state = messages.APP_IDLE
        self._view_revision = 0
        self._config_revision = 0
        self._health: dict[str, Any] | None = None
        self._sessions = 0  # HELLOs of this boot, so that no nonce comes twice
        self._hello: bytes | None = None  # the nonce of the HELLO that waits for its CHALLENGE
        self._hello_due = False
        self._hello_at_ms = 0  # when to say HELLO (again)
        self._hello_sent_ms = -session.STEP_MS
        self._step_ms = session.STEP_MS
        self._nonces = (b"", b"")  # device's and hub's, of the session that is open
        self._proof = b""
        self._proof_due = False
        self._proving_until_ms = 0
        self._status = Backoff()
        self._packets = {
            session.GREET: self._on_greet,
            session.CHALLENGE: self._on_challenge,
            session.REFUSE: self._on_refuse,
        }
        self._messages[messages.WELCOME] = self._on_welcome
        self._messages[messages.ANCHOR] = self._on_anchor
        self._messages[messages.ACK] = self._on_ack
        self._messages[messages.VIEW] = self._on_view
        self._messages[messages.CONFIG] = self._on_config

    def hub_heard(self, now_ms: int) -> bool:
        """Whether a session is live and the hub was heard, proven, within the last 10 s."""
        return self.state == LIVE and now_ms - self._heard_ms < session.SILENCE_MS

    def set_status(self, app_state: int, open_run: "bytes | None") -> None:
        """What the box is doing; told to the hub when it changed."""
        if (app_state, open_run) != (self._app_state, self._open_run):
            self._app_state = app_state
            self._open_run = open_run
            if self.state == LIVE:
                self._status.at_ms = self._now_ms

    def health(self, values: "dict[str, Any]") -> None:
        """Sends HEALTH once, if a session is live; fields as in messages.FIELDS[HEALTH], the two counts are ours."""
        values = dict(values)
        values["rejected_frames"] = self.rejected_frames
        values["rejected_packets"] = self.rejected_packets
        messages.encode(messages.HEALTH, values)
        self._health = values

    def link_opened(self, now_ms: int) -> None:
        """A fresh link: HELLO goes out at once."""
        session.Endpoint.link_opened(self, now_ms)
        self._step_ms = session.STEP_MS
        self._hello_at_ms = now_ms

    def deadline_ms(self) -> "int | None":
        """When to call `outgoing` and `next_event` at the latest, if nothing comes before; None: never."""
        if self.state == CLOSED:
            return self._soonest([])
        now_ms = self._now_ms
        moments = [self._status.at_ms]
        if self._hello_due or self._proof_due or (self._health is not None and self.state == LIVE):
            moments.append(now_ms)
        if self.state == CALLING:
            moments.append(self._hello_at_ms)
        elif self.state == PROVING:
            moments.append(self._proving_until_ms)
        else:
            moments.append(self._heard_ms + session.SILENCE_MS)
            moments.append(self._facts.deadline_ms(now_ms))
        return self._soonest(moments)

    def _tick(self) -> None:
        now_ms = self._now_ms
        if self.state == PROVING and now_ms >= self._proving_until_ms:
            self._forget("timed_out")
        elif self.state == LIVE and self._session_over():
            self._forget("silent")
        if self.state == PROVING and self._status.due(now_ms):
            self._proof_due = True  # the hub may not have had it; a STATUS that it can't open says nothing
        if self.state == CALLING and now_ms >= self._hello_at_ms:
            self._say_hello()
            self._hello_at_ms = now_ms + self._step_ms
            self._step_ms = min(self._step_ms * 2, session.LAST_STEP_MS)

    def _forget(self, why: str) -> None:
        self._end_session()
        self._step(why)
        self._hello_at_ms = self._now_ms

    def _end_session(self) -> None:
        session.Endpoint._end_session(self)
        self._facts.stop()
        self._status.stop()
        self._proof_due = False
        self._hello = None
        self._hello_due = False
        self._health = None

    def _say_hello(self) -> None:
        self._sessions += 1
        self._hello = self._keys.device_nonce(self._boot, self._sessions, self._random(16))
        self._hello_due = True
        self._hello_sent_ms = self._now_ms

    def _next_packet(self) -> "bytes | None":
        now_ms = self._now_ms
        if self._hello_due and self._hello is not None:
            self._hello_due = False
            return bytes([session.HELLO, messages.VERSION, self._role]) + self._hello + self._id
        if self._sealer is None:
            return None
        if self._proof_due:
            self._proof_due = False
            return bytes([session.PROOF]) + self._proof + self._nonces[1]
        if self._status.due(now_ms):
            if self.state == PROVING:
                self._status.again(now_ms)
            else:
                self._status.at_ms = now_ms + session.KEEP_ALIVE_MS
            return self._seal(messages.STATUS, self._status_values())
        exchange = self._next_exchange()
        if exchange is not None or self.state != LIVE:
            return exchange
        number = self._facts.due(now_ms)
        if number is not None:
            values = dict(self._log.read(number))
            values["n"] = number
            self._facts.sent(now_ms)
            return self._seal(messages.FACT, values)
        if self._health is not None:
            values = self._health
            self._health = None
            return self._seal(messages.HEALTH, values)
        return None

    def _status_values(self) -> "dict[str, Any]":
        return {
            "boot": self._boot,
            "uptime_ms": self._now_ms,
            "epoch": self._epoch,
            "oldest": self._log.oldest,
            "next": self._log.next,
            "open_run": self._open_run,
            "view_revision": self._view_revision,
            "config_revision": self._config_revision,
            "app_state": self._app_state,
            "welcomed": self.state == LIVE,
        }

    def _on_greet(self, packet: bytes) -> None:
        if len(packet) != 2:
            raise PeerError("a GREET of %d bytes" % len(packet))
        if packet[1] != messages.VERSION:
            raise PeerError("a hub that speaks version %d; this box speaks %d" % (packet[1], messages.VERSION))
        # Anybody can greet. One HELLO a second is what it gets, and a live session goes on beside it.
        if self.state != PROVING and self._now_ms - self._hello_sent_ms >= session.STEP_MS:
            self._step_ms = session.STEP_MS
            self._hello_at_ms = self._now_ms
            if self.state == LIVE:
                self._say_hello()

    def _on_challenge(self, packet: bytes) -> None:
        if len(packet) != 49:
            raise PeerError("a CHALLENGE of %d bytes" % len(packet))
        hub_nonce, hub_proof, device_nonce = packet[1:17], packet[17:33], packet[33:49]
        if (device_nonce, hub_nonce) == self._nonces and self.state == PROVING:
            self._proof_due = True
            return
        if self._hello is None or device_nonce != self._hello:
            raise PeerError("a CHALLENGE that answers no HELLO of ours")
        bound = transcript(messages.VERSION, self._role, self._id, device_nonce, hub_nonce)
        if not same(self._keys.hub_proof(bound), hub_proof):
            raise SealError("a hub that doesn't know this box's secret: provision the box at this hub")
        self._step("challenged")
        self._nonces = (device_nonce, hub_nonce)
        self._hello = None
        self._hello_due = False
        self._proof = self._keys.device_proof(bound)
        self._proof_due = True
        to_hub = Sealer(self._keys.session_key(bound, LABEL_TO_HUB))
        self._begin_session(to_hub, Opener(self._keys.session_key(bound, LABEL_TO_DEVICE)))
        self._facts.stop()
        self._view_revision = 0
        self._config_revision = 0
        self._proving_until_ms = self._now_ms + self._step_ms
        self._status.soon(self._now_ms)
        self._events.append((session.PROVEN,))

    def _on_refuse(self, packet: bytes) -> None:
        if len(packet) != 2:
            raise PeerError("a REFUSE of %d bytes" % len(packet))
        if self.state != LIVE:
            self._events.append((session.REFUSED, packet[1]))

    def _on_request(self, values: "dict[str, Any]") -> None:
        # Before the WELCOME the box would refuse what it can do a moment later; the hub asks again within 300 ms.
        if self.state == LIVE:
            session.Endpoint._on_request(self, values)

    def _on_welcome(self, values: "dict[str, Any]") -> None:
        if self.state != PROVING:
            return  # repeated because our STATUS was; everything in it is known
        expected = values["expected"]
        if expected > self._log.next:
            self._log.advance(expected)
        elif expected > self._log.oldest:
            self._log.trim(expected - 1)
        self._step("welcomed")
        self._step_ms = session.STEP_MS
        self._config_revision = values["config_revision"]
        self._facts.start(values["send_window"])
        self._status.at_ms = self._now_ms
        self._events.append((session.WELCOME, expected, values["unix_ms"], values["sure"], values["config"]))

    def _on_anchor(self, values: "dict[str, Any]") -> None:
        self._events.append((session.ANCHOR, values["unix_ms"], values["sure"]))

    def _on_ack(self, values: "dict[str, Any]") -> None:
        if self.state != LIVE:
            raise PeerError("an ACK before a WELCOME")
        self._facts.acknowledged(values["through"], self._now_ms)

    def _on_view(self, values: "dict[str, Any]") -> None:
        self._status.at_ms = self._now_ms
        if values["revision"] != self._view_revision:
            self._view_revision = values["revision"]
            self._events.append(
                (
                    session.VIEW,
                    values["state"],
                    values["number"],
                    values["window"],
                    values["waiting"],
                    values["clerk"],
                    values["stars"],
                )
            )

    def _on_config(self, values: "dict[str, Any]") -> None:
        self._status.at_ms = self._now_ms
        if values["revision"] != self._config_revision:
            self._config_revision = values["revision"]
            self._events.append((session.CONFIG, values["config"]))
