"""The hub's end of a session: one endpoint a link."""

from protocol import messages, session
from protocol.compat import TYPE_CHECKING, same, utf8
from protocol.delivery import AHEAD, FRESH, Backoff, FactReceiver
from protocol.errors import MisuseError, PeerError, SealError
from protocol.seal import LABEL_TO_DEVICE, LABEL_TO_HUB, Keyring, Opener, Sealer, transcript

if TYPE_CHECKING:
    from protocol.compat import Any, Callable

CLOSED = "closed"  # no link
GREETING = "greeting"  # nobody has proven anything on this link
PROVEN = "proven"  # a device is proven; its STATUS comes, then our user's welcome()
LIVE = "live"  # welcomed; facts flow

TABLE = {
    (CLOSED, "opened"): GREETING,
    (GREETING, "proven"): PROVEN,
    (PROVEN, "proven"): PROVEN,
    (LIVE, "proven"): PROVEN,
    (PROVEN, "welcomed"): LIVE,
    (PROVEN, "silent"): GREETING,
    (LIVE, "silent"): GREETING,
    (GREETING, "closed"): CLOSED,
    (PROVEN, "closed"): CLOSED,
    (LIVE, "closed"): CLOSED,
}

DEFAULT_WINDOW = 8  # about 900 bytes, 80 ms of line at 115,200 baud


class Handshake:
    """A HELLO that was answered with a CHALLENGE and waits for its PROOF."""

    def __init__(self, keys: Keyring, hello: bytes, device_id: str, role: int, hub_nonce: bytes) -> None:
        self.hello = hello
        self.device_id = device_id
        self.role = role
        self.hub_nonce = hub_nonce
        self.keys = keys
        self.bound = transcript(messages.VERSION, role, device_id.encode(), hello[3:19], hub_nonce)


class HubEndpoint(session.Endpoint):
    """The hub's side of one link; which device is on it turns out in the handshake.

    lookup: device id → its 32-byte secret, or None; random: size → bytes. `now_ms` is any clock that only rises.
    """

    def __init__(self, lookup: "Callable[[str], bytes | None]", random: "Callable[[int], bytes]") -> None:
        session.Endpoint.__init__(self, random, TABLE)
        self.device_id: str | None = None  # of the proven session
        self.role: int | None = None
        self.status: dict[str, Any] | None = None  # the last STATUS of this session
        self.out_of_order = 0  # facts that came before the one that was wanted; they come again
        self._lookup = lookup
        self._pending: Handshake | None = None
        self._current: Handshake | None = None
        self._challenge_due = False
        self._refuse: int | None = None
        self._greet_at_ms = 0
        self._facts: FactReceiver | None = None
        self._welcome: dict[str, Any] | None = None
        self._welcome_due = False
        self._anchor: tuple[int, bool] | None = None  # our clock at `now_ms` 0, and whether it is sure
        self._anchor_at_ms = 0
        self._view: dict[str, Any] | None = None
        self._view_again = Backoff()
        self._config: dict[str, Any] | None = None
        self._config_revision = 0
        self._config_again = Backoff()
        self._packets = {session.HELLO: self._on_hello, session.PROOF: self._on_proof}
        self._messages[messages.STATUS] = self._on_status
        self._messages[messages.FACT] = self._on_fact
        self._messages[messages.HEALTH] = self._on_health

    @property
    def welcomed(self) -> bool:
        """Whether this session has had its welcome()."""
        return self.state == LIVE

    @property
    def has_shown(self) -> bool:
        """Whether the device of this session has reported the last view as shown."""
        if self._view is None or self.status is None:
            return False
        return bool(self.status["view_revision"] == self._view["revision"])

    def welcome(  # noqa: PLR0917 - the fields of a WELCOME; callers name the later ones
        self,
        expected: int,
        unix_ms: int,
        sure: bool,
        config: "dict[str, Any]",
        send_window: int = DEFAULT_WINDOW,
        now_ms: "int | None" = None,
    ) -> int:
        """Answers the first STATUS of a session; returns the fact number that is really wanted next.

        expected: what is durable for (device, epoch), plus 1: it is an acknowledgement too. A log that has let go of
        it goes on from its oldest. now_ms: as in `anchor`.
        """
        if self.state != PROVEN or self.status is None:
            raise MisuseError("welcome() answers the first STATUS of a session; here is no such one (%s)" % self.state)
        values = {
            "expected": expected,
            "unix_ms": unix_ms,
            "sure": sure,
            "send_window": send_window,
            "config": config,
            "config_revision": self._config_revision,
        }
        messages.encode(messages.WELCOME, values)
        self._step("welcomed")
        self._welcome = values
        self._welcome_due = True
        self._config = config
        self._facts = FactReceiver(max(expected, self.status["oldest"]))
        self.anchor(unix_ms, sure, now_ms)
        self._anchor_at_ms = self._now_ms + session.KEEP_ALIVE_MS
        if self._view is not None:
            self._view_again.soon(self._now_ms)
        return self._facts.expected

    def acknowledge(self, through: int) -> None:
        """Facts through this number are durable; call it after the commit, also for one of an earlier session."""
        if self._facts is None:
            raise MisuseError("no session whose facts could be acknowledged")
        self._facts.acknowledge(through)

    def anchor(self, unix_ms: int, sure: bool, now_ms: "int | None" = None) -> None:
        """What the clock says now. It goes out at once, and from then on every 3 s, carried on by this end's clock.

        now_ms: this end's clock at the moment of `unix_ms`; without it, the last moment this end was told of.
        """
        if now_ms is not None:
            self._now_ms = now_ms
        self._anchor = (unix_ms - self._now_ms, sure)
        self._anchor_at_ms = self._now_ms

    def show(  # noqa: PLR0917 - a row of the table
        self,
        state: int,
        number: str,
        window: str,
        waiting: "int | None" = None,
        clerk: "str | None" = None,
        stars: "int | None" = None,
    ) -> None:
        """What the box shall show: messages.WINDOW_*, number, window label. Sent until it is reported as shown.

        waiting: for callers. clerk: the number of who serves, stars: 0 to 5; for evaluators with a display.
        """
        revision = 1 if self._view is None else self._view["revision"] + 1
        values = {"revision": revision, "state": state, "number": number, "window": window, "waiting": waiting}
        values |= {"clerk": clerk, "stars": stars}
        messages.encode(messages.VIEW, values)
        self._view = values
        self._view_again.soon(self._now_ms)

    def configure(self, config: "dict[str, Any]") -> None:
        """New settings for a live session, sent until they are reported as taken."""
        if self._welcome is None:
            raise MisuseError("no live session; the settings go into welcome()")
        values = {"revision": self._config_revision + 1, "config": config}
        messages.encode(messages.CONFIG, values)
        self._config_revision += 1
        self._config = config
        self._config_again.soon(self._now_ms)

    def end_session(self) -> None:
        """Lets go of the session but not of the link: after a failed commit, so that its facts come again."""
        if self._sealer is not None:
            self._end_session()
            self._step("silent")
            self._greet_at_ms = self._now_ms

    def link_opened(self, now_ms: int) -> None:
        """A fresh link: GREET goes out at once."""
        session.Endpoint.link_opened(self, now_ms)
        self._greet_at_ms = now_ms

    def deadline_ms(self) -> "int | None":
        """When to call `outgoing` and `next_event` at the latest, if nothing comes before; None: never."""
        if self.state == CLOSED:
            return self._soonest([])
        now_ms = self._now_ms
        moments: list[int | None] = []
        if self._challenge_due or self._refuse is not None or self._welcome_due:
            moments.append(now_ms)
        if self.state == GREETING:
            moments.append(self._greet_at_ms)
        else:
            moments.append(self._heard_ms + session.SILENCE_MS)
        if self.state == LIVE:
            if self._facts is not None and self._facts.ack_due:
                moments.append(now_ms)
            moments += [self._anchor_at_ms, self._view_again.at_ms, self._config_again.at_ms]
        return self._soonest(moments)

    def _tick(self) -> None:
        if self._session_over():
            self._end_session()
            self._step("silent")
            self._greet_at_ms = self._now_ms

    def _end_session(self) -> None:
        session.Endpoint._end_session(self)
        self._clear()
        self._pending = None
        self._challenge_due = False
        self._refuse = None
        self._current = None
        self.device_id = None
        self.role = None

    def _clear(self) -> None:
        self.status = None
        self._facts = None
        self._welcome = None
        self._welcome_due = False
        self._view_again.stop()
        self._config_again.stop()

    def _next_packet(self) -> "bytes | None":
        now_ms = self._now_ms
        if self.state == GREETING and now_ms >= self._greet_at_ms:
            self._greet_at_ms = now_ms + session.GREET_MS
            return bytes([session.GREET, messages.VERSION])
        if self._refuse is not None:
            reason = self._refuse
            self._refuse = None
            return bytes([session.REFUSE, reason])
        if self._challenge_due and self._pending is not None:
            self._challenge_due = False
            pending = self._pending
            proof = pending.keys.hub_proof(pending.bound)
            return bytes([session.CHALLENGE]) + pending.hub_nonce + proof + pending.hello[3:19]
        if self._sealer is None:
            return None
        if self._welcome is not None:
            packet = self._next_live(self._welcome)
            if packet is not None:
                return packet
        return self._next_exchange()

    def _next_live(self, welcome: "dict[str, Any]") -> "bytes | None":
        now_ms = self._now_ms
        base_ms, sure = self._anchor or (0, False)
        if self._welcome_due:
            self._welcome_due = False
            # Made anew each time: a repeated welcome must not hand out an old hour or old settings.
            welcome["unix_ms"] = base_ms + now_ms
            welcome["sure"] = sure
            welcome["config"] = self._config
            welcome["config_revision"] = self._config_revision
            return self._seal(messages.WELCOME, welcome)
        facts = self._facts
        if facts is not None and facts.ack_due:
            facts.ack_due = False
            return self._seal(messages.ACK, {"through": facts.acknowledged})
        if self._view is not None and self._view_again.due(now_ms):
            self._view_again.again(now_ms)
            return self._seal(messages.VIEW, self._view)
        if self._config_again.due(now_ms):
            self._config_again.again(now_ms)
            return self._seal(messages.CONFIG, {"revision": self._config_revision, "config": self._config})
        if now_ms >= self._anchor_at_ms:
            self._anchor_at_ms = now_ms + session.KEEP_ALIVE_MS
            return self._seal(messages.ANCHOR, {"unix_ms": base_ms + now_ms, "sure": sure})
        return None

    def _on_hello(self, packet: bytes) -> None:
        if not 20 <= len(packet) <= 19 + messages.MAX_DEVICE_ID:
            raise PeerError("a HELLO of %d bytes" % len(packet))
        if packet[1] != messages.VERSION:
            self._refuse = messages.REFUSED_VERSION
            raise PeerError("a device that speaks version %d; this hub speaks %d" % (packet[1], messages.VERSION))
        if self._current is not None and packet == self._current.hello:
            return  # repeated on the way; its session is open
        if self._pending is not None and packet == self._pending.hello:
            self._challenge_due = True
            return
        try:
            device_id = utf8(packet[19:])
        except ValueError:
            raise PeerError("a HELLO whose device id is no UTF-8")
        secret = self._lookup(device_id)
        if secret is None:
            self._refuse = messages.REFUSED_UNKNOWN_DEVICE
            raise PeerError("unknown device `%s`: provision it at this hub" % device_id)
        self._pending = Handshake(Keyring(secret), packet, device_id, packet[2], self._random(16))
        self._challenge_due = True

    def _on_proof(self, packet: bytes) -> None:
        if len(packet) != 33:
            raise PeerError("a PROOF of %d bytes" % len(packet))
        hub_nonce = packet[17:33]
        if self._current is not None and hub_nonce == self._current.hub_nonce:
            return  # repeated; its session is open
        pending = self._pending
        if pending is None or hub_nonce != pending.hub_nonce:
            raise PeerError("a PROOF that answers no CHALLENGE of ours")
        if not same(pending.keys.device_proof(pending.bound), packet[1:17]):
            self._refuse = messages.REFUSED_PROOF
            raise SealError("device `%s` doesn't prove its secret: provision it again" % pending.device_id)
        self._step("proven")
        self._pending = None
        self._challenge_due = False
        self._clear()
        to_device = Sealer(pending.keys.session_key(pending.bound, LABEL_TO_DEVICE))
        self._begin_session(to_device, Opener(pending.keys.session_key(pending.bound, LABEL_TO_HUB)))
        self._current = pending
        self.device_id = pending.device_id
        self.role = pending.role
        self._events.append((session.PROVEN, pending.device_id, pending.role))

    def _on_status(self, values: "dict[str, Any]") -> None:
        self.status = values
        if self._welcome is not None:
            if not values["welcomed"]:
                self._welcome_due = True
                return
            if self._view is not None and values["view_revision"] == self._view["revision"]:
                self._view_again.stop()
            if values["config_revision"] == self._config_revision:
                self._config_again.stop()
        self._events.append((session.STATUS, values))

    def _on_fact(self, values: "dict[str, Any]") -> None:
        facts = self._facts
        if facts is None:
            raise PeerError("a FACT before our WELCOME")
        judged = facts.judge(values["n"])
        if judged == FRESH:
            self._events.append((session.FACT, values["n"], values))
        elif judged == AHEAD:
            self.out_of_order += 1

    def _on_unreadable(self, plaintext: bytes, error: PeerError) -> None:
        number = messages.fact_number(plaintext)
        if number is None or self._facts is None:
            raise error
        # It must not block the facts behind it, nor be lost: the user gets its bytes and what is wrong with them.
        fields = {"problem": str(error), "raw": plaintext}
        self._on_fact({"n": number, "fact_kind": messages.UNREADABLE, "fields": fields})
        self.rejected_packets += 1

    def _on_health(self, values: "dict[str, Any]") -> None:
        self._events.append((session.HEALTH, values))
