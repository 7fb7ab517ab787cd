"""Times, faults and words of the devices room; the rejections come from the real endpoint."""

import os
from typing import Any

import pytest

from hub.devices import wire
from hub.devices.care import SILENT_MS, Care
from hub.devices.faults import LIMITS, PERIOD_MS, TODO, WINDOW_MS, FaultBook
from hub.devices.times import Anchor, Moment, When, resolve
from hub.queueing.facts import IGNORED_WHYS, UNRATED_REASONS
from hub.queueing.tables import WindowState
from protocol import messages, session
from protocol.device import DeviceEndpoint
from protocol.framing import FrameReader, encode_frame
from protocol.hub import HubEndpoint
from tests.hub_support import MemoryLog

NOW = Moment(1_800_000_000_000, True, 500_000)
UNSURE = Moment(1_800_000_000_000, False, 500_000)
ANCHOR = Anchor(boot=7, uptime_ms=60_000, heard_ms=499_000)


@pytest.mark.parametrize(
    ("fact", "anchor", "now", "expected"),
    [
        # This boot: 1 s since the anchor was heard, 10 s before it.
        ((7, 50_000, None, False), ANCHOR, NOW, When(NOW.unix_ms - 11_000, None, None)),
        # The live anchor is better than what the box logged.
        ((7, 50_000, 5, True), ANCHOR, NOW, When(NOW.unix_ms - 11_000, None, None)),
        # Nothing happens later than now, whatever the box's crystal says.
        ((7, 90_000, None, False), ANCHOR, NOW, When(NOW.unix_ms, None, None)),
        # An hour that isn't sure gives bounds.
        ((7, 50_000, None, False), ANCHOR, UNSURE, When(NOW.unix_ms - 11_000, 1_000, NOW.unix_ms)),
        # An earlier boot that had an anchor, sure or not.
        ((6, 2_000, 1_799_999_000_000, True), ANCHOR, NOW, When(1_799_999_002_000, None, None)),
        ((6, 2_000, 1_799_999_000_000, False), ANCHOR, NOW, When(1_799_999_002_000, 1_000, NOW.unix_ms)),
        ((6, 2_000, 1_800_000_999_000, True), ANCHOR, NOW, When(NOW.unix_ms, None, None)),
        # An earlier boot without one: somewhere between what came before and now.
        ((6, 2_000, None, False), ANCHOR, NOW, When(None, 1_000, NOW.unix_ms)),
        ((7, 2_000, None, False), None, NOW, When(None, 1_000, NOW.unix_ms)),
        ((None, 0, None, False), ANCHOR, NOW, When(None, 1_000, NOW.unix_ms)),
    ],
)
def test_when_a_fact_happened(fact: Any, anchor: Anchor | None, now: Moment, expected: When) -> None:
    boot, uptime_ms, boot_at_ms, sure = fact
    assert (
        resolve(
            boot=boot,
            uptime_ms=uptime_ms,
            boot_at_ms=boot_at_ms,
            boot_at_sure=sure,
            anchor=anchor,
            earliest_ms=1_000,
            now=now,
        )
        == expected
    )


def test_a_fault_is_counted_each_time_and_told_once_a_period() -> None:
    book = FaultBook()
    assert [book.seen("line-1", "replayed", at) for at in (0, 1, PERIOD_MS - 1, PERIOD_MS, PERIOD_MS + 1)] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert book.seen("line-2", "replayed", 1)
    assert book.counts["replayed"] == 6


def test_a_moved_plug_is_no_babbler_but_a_flood_is() -> None:
    calm = FaultBook()
    for code, limit in LIMITS.items():
        assert not any(calm.often("line-1", code, 1, number * WINDOW_MS // 2) for number in range(100))
        assert not calm.often("line-2", code, limit - 1, 0)
        assert calm.often("line-2", code, 1, WINDOW_MS)
        assert FaultBook().often("line-1", code, 1000, 0)
        assert calm.counts[f"{code}_single"] == 100 + limit


def test_the_halls_words_cover_the_wires_numbers() -> None:
    assert set(wire.UNRATED_REASONS.values()) == set(UNRATED_REASONS)
    assert set(wire.IGNORED_WHYS.values()) == set(IGNORED_WHYS)
    assert set(wire.WINDOW_STATES) == {state.value for state in WindowState}
    assert wire.clipped("3号窗口", 6) == "3号"


SECRET = bytes(32)


def frames(data: bytes) -> list[bytes]:
    """The packets in what an endpoint wrote."""
    reader = FrameReader()
    reader.feed(data)
    return list(iter(reader.next_frame, None))


def ends(known: bool = True) -> tuple[HubEndpoint, DeviceEndpoint]:
    """Two fresh ends."""
    hub = HubEndpoint(lambda _: SECRET if known else None, os.urandom)
    device = DeviceEndpoint("ev1", messages.ROLE_EVALUATOR, SECRET, bytes(8), 1, MemoryLog(), os.urandom)
    hub.link_opened(0)
    device.link_opened(0)
    return hub, device


def proven() -> tuple[HubEndpoint, DeviceEndpoint, list[bytes]]:
    """Two ends in session, and what the device wrote."""
    hub, device = ends()
    wrote = []
    for _ in range(6):
        wrote.append(device.outgoing(0))
        hub.receive(wrote[-1], 0)
        device.receive(hub.outgoing(0), 0)
    assert hub.proven
    rejections(hub)
    return hub, device, wrote


def rejections(hub: HubEndpoint) -> list[str | None]:
    """The fault codes of what the hub's end rejected."""
    found = []
    while (event := hub.next_event()) is not None:
        if event[0] == session.REJECTED:
            found.append(wire.fault_code(event[1]))
    return found


def test_each_way_of_being_rejected_has_its_code() -> None:
    hub, device = ends(known=False)
    hub.receive(device.outgoing(0), 0)
    assert rejections(hub) == ["unknown_device"]

    hub, device = ends()
    hello = bytearray(next(packet for packet in frames(device.outgoing(0)) if packet[0] == session.HELLO))
    hub.receive(encode_frame(bytes([hello[0], 9]) + bytes(hello[2:])), 0)
    assert rejections(hub) == ["wrong_version"]

    hub.receive(encode_frame(bytes(hello)), 0)
    [challenge] = [packet for packet in frames(hub.outgoing(0)) if packet[0] == session.CHALLENGE]
    hub.receive(encode_frame(bytes([session.PROOF]) + bytes(16) + challenge[1:17]), 0)
    assert rejections(hub) == ["wrong_key"]

    hub.receive(encode_frame(bytes([0x77, 1, 2])), 0)
    assert rejections(hub) == ["malformed"]

    hub, device, wrote = proven()
    for data in wrote:
        hub.receive(data, 0)
    assert set(rejections(hub)) == {"replayed"}

    assert device._sealer is not None
    forged = bytearray(device._sealer.seal(b"\xa0"))
    forged[-1] ^= 1
    hub.receive(encode_frame(bytes(forged)), 0)
    assert rejections(hub) == ["forged"]

    for body in (b"\xff", b"\x01", b"\xa1\x00\x01", b"\xa1\x00\x18\x63"):
        hub.receive(encode_frame(device._sealer.seal(body)), 0)
        assert rejections(hub) == ["malformed"], body


def test_a_session_of_before_a_restart_is_noise_and_no_fault() -> None:
    _, device, _ = proven()
    assert device._sealer is not None
    hub, _ = ends()
    hub.receive(encode_frame(device._sealer.seal(b"\xa0")), 0)
    assert rejections(hub) == [None]


def test_every_code_says_what_to_do() -> None:
    assert {code for _, code in wire._REJECTIONS} <= set(TODO)
    assert all(len(text) > 20 for text in TODO.values())


def test_a_box_that_nothing_is_heard_of_is_told_after_ten_minutes_and_once() -> None:
    now_ms = 0
    care = Care(lambda: now_ms, 480)
    assert not care.gone_missing("ev-1", online=True)
    now_ms = SILENT_MS - 1
    assert not care.gone_missing("ev-1", online=False)
    assert not care.gone_missing("ev-2", online=False)  # never heard: since the hub started
    now_ms = SILENT_MS
    assert care.gone_missing("ev-1", online=False)
    assert care.gone_missing("ev-2", online=False)
    assert care.missing("ev-1")
    now_ms *= 3
    assert not care.gone_missing("ev-1", online=False)
    assert not care.gone_missing("ev-1", online=True)
    assert not care.missing("ev-1")
    now_ms += SILENT_MS
    assert care.gone_missing("ev-1", online=False)
    assert SILENT_MS == 600_000
