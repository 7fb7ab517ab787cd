"""Two endpoints, a log, bad links and a clock that only this file moves; runs on both Pythons."""

from protocol import framing, messages, session
from protocol.device import DeviceEndpoint
from protocol.hub import HubEndpoint

SECRET = bytes(range(32))
EPOCH = bytes(range(8))
UNIX_MS = 1790000000000


class Chance:
    """A seeded generator (Lehmer, MINSTD) that gives the same on both Pythons."""

    def __init__(self, seed):
        self._state = seed * 7919 + 1

    def below(self, limit):
        self._state = self._state * 48271 % 0x7FFFFFFF
        return self._state % limit

    def hit(self, percent):
        return self.below(100) < percent

    def bytes(self, size):
        return bytes([self.below(256) for _ in range(size)])


def rated(number, grade=3):
    """A fact as a log gives it; its run tells which one it is."""
    return {
        "fact_kind": messages.RATED,
        "boot": 1,
        "uptime_ms": number,
        "boot_at_ms": None,
        "boot_at_sure": False,
        "fields": {"run": number.to_bytes(8, "big"), "grade": grade, "pressed_after_ms": 1000},
    }


class Log:
    """What the firmware's log is to an endpoint, in memory."""

    def __init__(self, first=1):
        self.oldest = first
        self.next = first
        self.facts = {}

    def append(self, fact):
        self.facts[self.next] = fact
        self.next += 1

    def read(self, number):
        return self.facts[number]

    def trim(self, through):
        while self.oldest <= through:
            del self.facts[self.oldest]
            self.oldest += 1

    def advance(self, to):
        unsent = [self.facts[number] for number in range(self.oldest, self.next)]
        self.facts = {}
        self.oldest = self.next = to
        for fact in unsent:
            self.append(fact)


class Link:
    """One direction of a wire. Frames may be lost, come twice, late, in another order, damaged; or bytes one by one."""

    def __init__(self, chance, lose=0, twice=0, delay_ms=0, reorder=False, garble=0, bytewise=False):
        self._chance = chance
        self._lose = lose
        self._twice = twice
        self._delay_ms = delay_ms
        self._reorder = reorder
        self._garble = garble
        self._bytewise = bytewise
        self._way = []  # (at_ms, bytes), in the order in which they arrive
        self.cut = False
        self.heard = []  # all that was put in, for an eavesdropper

    def put(self, data, now_ms):
        """Bytes go in; what comes out is this link's character."""
        if not data:
            return
        self.heard.append(data)
        if self.cut:
            return
        for piece in data.split(b"\x00")[:-1]:
            if self._chance.hit(self._lose):
                continue
            frame = self._damage(piece + b"\x00")
            for _ in range(2 if self._chance.hit(self._twice) else 1):
                at_ms = now_ms + (self._chance.below(self._delay_ms) if self._delay_ms else 0)
                if not self._reorder and self._way:
                    at_ms = max(at_ms, self._way[-1][0])
                self._insert(at_ms, frame)

    def _insert(self, at_ms, frame):
        index = len(self._way)
        while index > 0 and self._way[index - 1][0] > at_ms:
            index -= 1
        self._way.insert(index, (at_ms, frame))

    def _damage(self, frame):
        if not self._chance.hit(self._garble):
            return frame
        at = self._chance.below(len(frame))
        how = self._chance.below(4)
        if how == 0:
            return frame[:at] + bytes([frame[at] ^ (1 << self._chance.below(8))]) + frame[at + 1 :]
        if how == 1:
            return frame[:at] + frame[at + 1 :]
        if how == 2:
            return frame[:at] + self._chance.bytes(5) + frame[at:]
        return self._chance.bytes(40) + frame

    def take(self, now_ms):
        """The pieces that are there by now."""
        out = []
        while self._way and self._way[0][0] <= now_ms:
            out.append(self._way.pop(0)[1])
        if self._bytewise:
            out = [bytes([byte]) for piece in out for byte in piece]
        return out

    def next_ms(self):
        return self._way[0][0] if self._way else None


class House:
    """A device and a hub with their users: a log that fills, a store that commits late, requests both ways."""

    def __init__(self, seed=1, commit_ms=0, log=None, secret=SECRET, window=8, device_random=None, **character):
        self.chance = Chance(seed)
        self.now_ms = 0
        self.log = log or Log()
        self.known = {"box-1": SECRET}
        self.window = window
        self.commit_ms = commit_ms
        self.device_random = device_random or self.chance.bytes
        self.secret = secret
        self.boot = 0
        self.stored = []  # the facts the hub took, once each
        self.first = None
        self.durable = 0
        self.committing = []
        self.served = []  # requests that reached a user: (side, id)
        self.ends = []  # what became of requests: (side, event name, id)
        self.device_events = []
        self.hub_events = []
        self.up = Link(self.chance, **character)
        self.down = Link(self.chance, **character)
        self.new_hub()
        self.new_device()

    def new_hub(self):
        """The hub's process starts (again)."""
        self.hub = HubEndpoint(self.known.get, self.chance.bytes)
        self.committing = []
        self.hub.link_opened(self.now_ms)

    def new_device(self):
        """The box boots."""
        self.boot += 1
        self.device = DeviceEndpoint(
            "box-1", messages.ROLE_EVALUATOR, self.secret, EPOCH, self.boot, self.log, self.device_random
        )
        self.device.link_opened(self.now_ms)

    def run(self, for_ms, until=None):
        """Lets time pass, to the next moment at which something may happen; stops early when `until` says so."""
        end_ms = self.now_ms + for_ms
        while self.now_ms < end_ms:
            self.turn()
            if until is not None and until():
                return True
            moments = [self.device.deadline_ms(), self.hub.deadline_ms(), self.up.next_ms(), self.down.next_ms()]
            moments += [at_ms for at_ms, _ in self.committing]
            known = [moment for moment in moments if moment is not None]
            self.now_ms = min(max(min(known), self.now_ms + 5), end_ms) if known else end_ms
        return until is None

    def turn(self):
        """One turn of both loops."""
        now_ms = self.now_ms
        for _ in range(3):
            self.up.put(self.device.outgoing(now_ms), now_ms)
            self.down.put(self.hub.outgoing(now_ms), now_ms)
            for piece in self.up.take(now_ms):
                self.hub.receive(piece, now_ms)
            for piece in self.down.take(now_ms):
                self.device.receive(piece, now_ms)
            self.serve_hub()
            self.serve_device()

    def serve_hub(self):
        while self.committing and self.committing[0][0] <= self.now_ms:
            self.durable = self.committing.pop(0)[1]
            if self.hub.welcomed:
                self.hub.acknowledge(self.durable)
        event = self.hub.next_event()
        while event is not None:
            self.hub_events.append(event)
            if event[0] == session.STATUS and not self.hub.welcomed:
                wanted = self.hub.welcome(self.durable + 1, UNIX_MS + self.now_ms, True, {}, self.window)
                if not self.stored:
                    self.first = wanted
            elif event[0] == session.FACT:
                self.take_fact(event[1], event[2])
            elif event[0] == session.REQUEST:
                self.served.append(("hub", event[1]))
                self.hub.answer(event[1], messages.ACCEPTED, "yes")
            elif event[0] in (session.ANSWER, session.REQUEST_EXPIRED):
                self.ends.append(("hub", event[0], event[1]))
            event = self.hub.next_event()

    def take_fact(self, number, values):
        wanted = self.stored[-1]["n"] + 1 if self.stored else self.first
        if number < wanted:
            return  # taken in an earlier session, not yet durable when this one began
        assert number == wanted, "fact %d instead of %d" % (number, wanted)
        self.stored.append(values)
        self.committing.append((self.now_ms + self.commit_ms, number))

    def serve_device(self):
        event = self.device.next_event()
        while event is not None:
            self.device_events.append(event)
            if event[0] == session.REQUEST:
                self.served.append(("device", event[1]))
                self.device.answer(event[1], messages.ACCEPTED)
            elif event[0] in (session.ANSWER, session.REQUEST_EXPIRED):
                self.ends.append(("device", event[0], event[1]))
            event = self.device.next_event()

    def live(self):
        return self.device.hub_heard(self.now_ms) and self.hub.welcomed

    def drained(self):
        return self.log.oldest == self.log.next

    def names(self, side):
        """The names of the events of one side, in order, each only where it changes."""
        events = self.device_events if side == "device" else self.hub_events
        return [event[0] for event in events]


def raised(error, function, *arguments, **named):
    try:
        function(*arguments, **named)
    except error as caught:
        assert str(caught)
        return caught
    raise AssertionError("%r took %r" % (function, arguments))


def live(seed=1, **character):
    house = House(seed, **character)
    assert house.run(5000, house.live)
    return house


def frames(data):
    reader = framing.FrameReader()
    reader.feed(data)
    found = []
    frame = reader.next_frame()
    while frame is not None:
        found.append(frame)
        frame = reader.next_frame()
    return found


def drain(endpoint):
    found = []
    event = endpoint.next_event()
    while event is not None:
        found.append(event)
        event = endpoint.next_event()
    return found


def rejections(events):
    return [event[1] for event in events if event[0] == session.REJECTED]


def ends_by_hand():
    """A device and a hub after HELLO and CHALLENGE, at 0 ms."""
    hub = HubEndpoint({"box-1": SECRET}.get, Chance(3).bytes)
    device = DeviceEndpoint("box-1", messages.ROLE_EVALUATOR, SECRET, EPOCH, 1, Log(), Chance(4).bytes)
    hub.link_opened(0)
    device.link_opened(0)
    hub.receive(device.outgoing(0), 0)
    device.receive(hub.outgoing(0), 0)
    return device, hub
