"""Bytes over Bluetooth Low Energy: one GATT service, two links at most, one of them with the floor.

The stack's events come in an interrupt, which only moves bytes into a ring and sets a flag; `turn` does the rest. The
floor is the link whose bytes the session gets. A peer has `UNPROVEN_MS` for its proof, so that a stranger can't hold
the box: it is dropped, and its address is not let in again for a while, each time for longer. Addresses are changed
easily; so for the same while nobody is let in but the hub that was proven last, and that hub need not wait its turn.
The attributes never change between versions: hubs remember them.
"""

import io

import bluetooth

from protocol import air
from protocol.compat import const

_CONNECT = const(1)
_DISCONNECT = const(2)
_WRITE = const(3)
_MTU = const(21)
_WRITE_FLAGS = const(0x0004 | 0x0008)  # without and with response
_NOTIFY_FLAG = const(0x0010)
_POLL = const(3)  # MP_STREAM_POLL
_POLLIN = const(1)
_ENOMEM = const(12)
_LINKS = const(2)
_RING_BYTES = const(1024)  # two of the longest frames: what comes while a flash block is erased
_FAST_US = const(100_000)  # found within a fifth of a second by a hub that listens most of the time
_SLOW_US = const(1_000_000)
_FAST_MS = const(30_000)  # after a press: the time in which somebody waits for it to arrive
_WATCHDOG_MS = const(10_000)  # an advertisement that the stack dropped without a word is out again by then
_SHUN_FIRST_MS = const(4_000)  # time for the known hub to win a few races for the link
_SHUN_LAST_MS = const(60_000)  # another hub, new to this box, waits so long at most
_SHUNNED = const(5)  # addresses remembered, and `_ANYBODY`
_ANYBODY = None  # the address that stands for all but the known hub's
_ROUNDS = const(2)  # of strangers without a word from the known hub (15 s): it may be another one by now that waits


class _Slot:
    """One link."""

    def __init__(self):
        self.connection = None  # its number; None: free

    def take(self, connection, peer):
        self.peer = peer
        self.mtu = air.LEAST_MTU
        self.since_ms = None  # its time for a proof runs from here
        self.wrote = self.began = False
        self.going = False  # dropped by us; it ends when the stack says so
        self.is_next = False  # gets its time, though nobody but the known hub is let in now
        self.ended = False
        self.connection = connection


class BleLink(io.IOBase):
    """As the other links: `source`, `read`, `write`; and `turn`, which opens and closes the session's line."""

    def __init__(self, ble, name):
        self.source = self
        self.overruns = 0  # writes that found the ring full; their frames come again
        self._ble = ble
        self._news = True
        self._slots = [_Slot() for _ in range(_LINKS)]
        self._floor = None
        self._open = False
        self._settled = True  # False: what was left to write for the last floor is still to be thrown away
        self._ring = bytearray(_RING_BYTES)
        self._at = 0
        self._held = 0
        self._known = None  # address of the hub that was proven last
        self._shunned = []  # [address, until, how long], the latest last
        self._rounds = 0  # strangers that were dropped since somebody was proven
        self._advertised = None
        self._again_ms = 0
        self._fast_ms = 0
        self._following = 0
        self._config = None
        self._mark = 0
        ble.active(True)
        ble.config(mtu=air.WANTED_MTU, gap_name=name)
        ble.irq(self._irq)
        service = (
            bluetooth.UUID(air.SERVICE),
            ((bluetooth.UUID(air.TO_HUB), _NOTIFY_FLAG), (bluetooth.UUID(air.TO_DEVICE), _WRITE_FLAGS)),
        )
        ((self._to_hub, self._to_device),) = ble.gatts_register_services((service,))
        ble.gatts_set_buffer(self._to_device, air.BURST_BYTES, True)
        self._response = air.scan_response(name.encode())

    def ioctl(self, request, flags):
        """What `poll` asks."""
        return flags & _POLLIN if request == _POLL and (self._news or self._held) else 0

    def read(self, size):
        """What has come from the one with the floor, or None."""
        size = min(size, self._held, _RING_BYTES - self._at)
        if not size:
            return None
        data = bytes(memoryview(self._ring)[self._at : self._at + size])
        self._at = (self._at + size) % _RING_BYTES
        self._held -= size
        return data

    def write(self, data):
        """How much went; with full buffers less than all, and the rest is tried again a connection event later."""
        floor = self._floor
        if floor is None or not self._open:
            return len(data)
        view = memoryview(data)
        sent = 0
        try:
            while sent < len(data):
                piece = view[sent : sent + floor.mtu - air.ATT_HEAD]
                self._ble.gatts_notify(floor.connection, self._to_hub, piece)
                sent += len(piece)
        except OSError as error:
            if error.errno != _ENOMEM:
                return len(data)  # the link is gone, which the stack tells in its own event
        return sent

    def turn(self, box, now_ms):
        """Who has the floor, who has to go, what is advertised; returns when to come again at the latest."""
        self._news = False
        endpoint = box.endpoint
        for slot in self._slots:
            if slot.connection is not None:
                if slot.ended:
                    self._release(slot, endpoint)
                    slot.connection = None
                elif slot.since_ms is None:
                    slot.since_ms = now_ms
                    if slot.peer == self._known:
                        self._make_way(slot, endpoint, now_ms)
                elif slot.wrote and not slot.began and slot.peer == self._known:
                    slot.began = True  # connecting takes up to 2 s: the known hub's time runs anew from its first word
                    slot.since_ms = now_ms
        for slot in self._slots:
            if slot.connection is not None and not slot.going and self._is_shunned(slot, now_ms):
                self._drop(slot, endpoint)
        self._give_floor(now_ms)
        proven = self._talk(endpoint, now_ms)
        soonest_ms = self._again_ms
        for slot in self._slots:
            if slot.connection is not None and not slot.going and slot.since_ms is not None:
                if now_ms - slot.since_ms >= air.UNPROVEN_MS:
                    self._drop_unproven(slot, endpoint, now_ms)
                    self._give_floor(now_ms)
                else:
                    soonest_ms = min(soonest_ms, slot.since_ms + air.UNPROVEN_MS)
        self._advertise(box, now_ms, proven)
        if not self._settled:
            self._settled = self._news = True
        return min(soonest_ms, self._again_ms)

    # --- links

    def _irq(self, event, data):
        self._news = True
        if event in (_CONNECT, _DISCONNECT):
            self._advertised = None  # a connection ends advertising, and its end makes room for it
        if event == _CONNECT:
            for slot in self._slots:
                if slot.connection is None:
                    slot.take(data[0], bytes(data[2]))
                    if self._floor is None:
                        self._floor = slot
                    return
            self._ble.gap_disconnect(data[0])
            return
        for slot in self._slots:
            if slot.connection == data[0] and not slot.ended:
                if event == _DISCONNECT:
                    slot.ended = slot.going = True
                elif event == _MTU:
                    slot.mtu = data[1]
                elif event == _WRITE:
                    slot.wrote = True
                    self._store(self._ble.gatts_read(self._to_device), slot)
                return

    def _store(self, data, slot):
        size = len(data)
        if slot is not self._floor:
            return
        if self._held + size > _RING_BYTES:
            self.overruns += 1
            return
        at = (self._at + self._held) % _RING_BYTES
        first = min(size, _RING_BYTES - at)
        self._ring[at : at + first] = data[:first]
        if first < size:
            self._ring[: size - first] = data[first:]
        self._held += size

    def _give_floor(self, now_ms):
        if self._floor is None:
            for slot in self._slots:
                if slot.connection is not None and not slot.going and slot.since_ms is not None:
                    slot.since_ms = now_ms
                    self._floor = slot
                    return

    def _make_way(self, slot, endpoint, now_ms):
        """The known hub need not wait until the time of a stranger is over."""
        floor = self._floor
        if floor is not None and floor is not slot and not (self._open and endpoint.proven):
            self._drop_unproven(floor, endpoint, now_ms)
            self._floor = slot

    def _talk(self, endpoint, now_ms):
        """Opens the session's line when the one with the floor has written: from then on he hears us."""
        floor = self._floor
        if floor is None or floor.going:
            return False
        if floor.wrote and not self._open and self._settled:
            self._open = True
            endpoint.link_opened(now_ms)
        if not (self._open and endpoint.proven):
            return False
        floor.since_ms = now_ms
        self._known = floor.peer
        self._rounds = 0
        return True

    def _release(self, slot, endpoint):
        if slot is self._floor:
            self._floor = None
            self._open = False
            self._settled = False
            self._held = 0
            endpoint.link_lost()

    def _drop(self, slot, endpoint):
        self._release(slot, endpoint)
        slot.going = True
        self._ble.gap_disconnect(slot.connection)

    def _drop_unproven(self, slot, endpoint, now_ms):
        if slot is self._floor and slot.peer != self._known:  # who had no floor could prove nothing
            self._shun(slot.peer, now_ms)
            self._shun(_ANYBODY, now_ms)
            self._rounds += 1
            if self._rounds > _ROUNDS:
                for other in self._slots:
                    other.is_next = True  # who waited behind the stranger
        self._drop(slot, endpoint)

    def _shun(self, peer, now_ms):
        wait_ms = _SHUN_FIRST_MS
        for entry in self._shunned:
            if entry[0] == peer:
                if now_ms - entry[1] < _SHUN_LAST_MS:  # later, it is another story
                    wait_ms = min(entry[2] * 2, _SHUN_LAST_MS)
                self._shunned.remove(entry)
                break
        self._shunned.append([peer, now_ms + wait_ms, wait_ms])
        if len(self._shunned) > _SHUNNED:
            self._shunned.pop(0)

    def _is_shunned(self, slot, now_ms):
        if slot.peer == self._known:
            return False
        anybody = self._known is not None and not slot.is_next
        for entry in self._shunned:
            if now_ms < entry[1] and (entry[0] == slot.peer or (anybody and entry[0] is _ANYBODY)):
                return True
        return False

    # --- advertising

    def _advertise(self, box, now_ms, proven):
        log = box.log
        if log.next != self._following:
            self._following = log.next
            self._fast_ms = now_ms + _FAST_MS
        if box.config is not self._config:
            self._config = box.config
            self._mark = air.settings_mark(box.config)  # never None again
        free = False
        for slot in self._slots:
            free = free or slot.connection is None
        # With a proven hub on the line nobody else has any business here.
        interval_us = (_FAST_US if now_ms < self._fast_ms else _SLOW_US) if free and not proven else None
        calls = box.calls
        if calls:
            self._fast_ms = now_ms + _FAST_MS
        wanted = (interval_us, calls, log.oldest, log.next, self._mark)
        if wanted == self._advertised and now_ms < self._again_ms:
            return
        self._again_ms = now_ms + _WATCHDOG_MS
        if now_ms < self._fast_ms:
            self._again_ms = min(self._again_ms, self._fast_ms)
        try:
            if interval_us is None:
                self._ble.gap_advertise(None)
            else:
                state = air.advertisement(calls, log.next - log.oldest, log.next, self._mark)
                self._ble.gap_advertise(interval_us, adv_data=state, resp_data=self._response)
            self._advertised = wanted
        except OSError:
            self._advertised = None  # a stack that is busy with a link: the next turn tries again
            self._again_ms = now_ms + 1000


def open_link(board, name):
    """The board's own radio, under the device's name."""
    return BleLink(bluetooth.BLE(), name)
