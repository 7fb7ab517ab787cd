"""Who gets a box's links and its ear, on a stack that a test plays: rounds of strangers take minutes otherwise."""

import importlib
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from protocol import air

CONNECT, DISCONNECT, WRITE = 1, 2, 3
OLD_HUB, NEW_HUB, STRANGER, ANOTHER = b"old-hub", b"new-hub", b"stranger", b"another"
SHUN_MS = 60_000


class Stack:
    """MicroPython's `bluetooth.BLE`, as far as a link uses it."""

    def __init__(self) -> None:
        self.peers: dict[int, bytes] = {}
        self.dropped: list[bytes] = []
        self.tell: Callable[[int, Any], None] = lambda *_: None

    def active(self, on: bool) -> None: ...

    def config(self, **_: Any) -> None: ...

    def irq(self, handler: Callable[[int, Any], None]) -> None:
        self.tell = handler

    def gatts_register_services(self, services: Any) -> Any:
        return ((1, 2),)

    def gatts_set_buffer(self, *_: Any) -> None: ...

    def gatts_read(self, handle: int) -> bytes:
        return b"hello"

    def gap_advertise(self, *_: Any, **__: Any) -> None: ...

    def gap_disconnect(self, connection: int) -> None:
        self.dropped.append(self.peers[connection])


class Endpoint:
    """A session that is proven when a test says so."""

    proven = False

    def link_opened(self, now_ms: int) -> None: ...

    def link_lost(self) -> None:
        self.proven = False


class Air:
    """A box's link with what comes over the air."""

    def __init__(self, link: Any, stack: Stack) -> None:
        self.stack = stack
        self.link = link
        self.endpoint = Endpoint()
        self.now_ms = 0
        self._numbers = iter(range(1, 1000))
        log = SimpleNamespace(next=1, oldest=1)
        self._box = SimpleNamespace(endpoint=self.endpoint, log=log, config={}, calls=False)

    def turn(self, after_ms: int = 0) -> None:
        self.now_ms += after_ms
        self.link.turn(self._box, self.now_ms)
        self.link.turn(self._box, self.now_ms)
        while self.stack.dropped:
            self.leave(self.stack.dropped.pop(0))
            self.link.turn(self._box, self.now_ms)

    def connect(self, peer: bytes) -> None:
        number = next(self._numbers)
        self.stack.peers[number] = peer
        self.stack.tell(CONNECT, (number, 0, peer))
        self.turn()

    def leave(self, peer: bytes) -> None:
        number = self._of(peer)
        assert number is not None
        del self.stack.peers[number]
        self.stack.tell(DISCONNECT, (number, 0, peer))

    def write(self, peer: bytes) -> None:
        self.stack.tell(WRITE, (self._of(peer), 2))
        self.turn()

    def _of(self, peer: bytes) -> int | None:
        return next((number for number, known in self.stack.peers.items() if known == peer), None)

    def is_in(self, peer: bytes) -> bool:
        return self._of(peer) is not None

    def prove(self, peer: bytes) -> None:
        """It has the floor: what it writes is heard."""
        while self.link.read(1000):
            pass
        self.write(peer)
        assert self.link.read(1000)
        self.endpoint.proven = True
        self.turn()

    def round(self) -> None:
        """The stranger is first, the new hub second; both stay until they are dropped."""
        self.connect(STRANGER)
        self.connect(NEW_HUB)
        assert self.is_in(STRANGER)
        assert self.is_in(NEW_HUB)
        self.turn(air.UNPROVEN_MS)
        assert not self.is_in(STRANGER)


@pytest.fixture
def box_air(monkeypatch: pytest.MonkeyPatch) -> Air:
    bluetooth: Any = ModuleType("bluetooth")
    bluetooth.UUID = str
    monkeypatch.setitem(sys.modules, "bluetooth", bluetooth)
    monkeypatch.delitem(sys.modules, "firmware.links.ble", raising=False)
    module = importlib.import_module("firmware.links.ble")
    monkeypatch.delitem(sys.modules, "firmware.links.ble")
    stack = Stack()
    made = Air(module.BleLink(stack, "ev-1"), stack)
    made.connect(OLD_HUB)
    made.prove(OLD_HUB)
    made.leave(OLD_HUB)
    made.turn()
    return made


def test_after_two_rounds_a_new_hub_that_waits_behind_a_stranger_gets_its_time(box_air: Air) -> None:
    for _ in range(2):
        box_air.round()
        assert not box_air.is_in(NEW_HUB)  # the known hub may come yet, and races for the link
        box_air.turn(SHUN_MS)
    box_air.round()
    assert box_air.is_in(NEW_HUB)
    box_air.prove(NEW_HUB)
    box_air.turn(2 * air.UNPROVEN_MS)
    assert box_air.is_in(NEW_HUB)


def test_who_gets_its_time_so_and_proves_nothing_is_dropped_as_well(box_air: Air) -> None:
    for _ in range(2):
        box_air.round()
        box_air.turn(SHUN_MS)
    box_air.round()
    assert box_air.is_in(NEW_HUB)
    box_air.turn(air.UNPROVEN_MS - 1)
    assert box_air.is_in(NEW_HUB)
    box_air.turn(1)
    assert not box_air.is_in(NEW_HUB)
    box_air.connect(ANOTHER)  # the others are shunned as ever
    assert not box_air.is_in(ANOTHER)


def test_the_known_hub_still_comes_before_it(box_air: Air) -> None:
    for _ in range(2):
        box_air.round()
        box_air.turn(SHUN_MS)
    box_air.round()
    box_air.connect(OLD_HUB)
    assert not box_air.is_in(NEW_HUB)
    box_air.prove(OLD_HUB)


def test_a_proof_begins_the_count_anew(box_air: Air) -> None:
    for _ in range(2):
        box_air.round()
        box_air.turn(SHUN_MS)
    box_air.connect(OLD_HUB)
    box_air.prove(OLD_HUB)
    box_air.leave(OLD_HUB)
    box_air.turn(SHUN_MS)
    box_air.round()
    assert not box_air.is_in(NEW_HUB)
