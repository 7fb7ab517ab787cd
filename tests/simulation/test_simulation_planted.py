"""Tests of the test: each planted bug, put into the shipped code, is found by the whole hall and named."""

from typing import Any

import pytest

from firmware import recovery
from firmware.eventlog import EventLog, file_name
from hub.queueing import events as ev
from hub.queueing.commands import HubStarted
from hub.queueing.events import Event
from hub.queueing.tables import RunState
from hub.service import HallService
from hub.uplink.uplink import Uplink
from protocol import seal
from protocol.compat import NONCE_SIZE
from tests.simulation import plants
from tools.simulation.whole import whole

SEEDS = range(12)


def _mark_one_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new file of a log whose facts are all acknowledged begins one number too early."""
    append = EventLog.append

    def planted(self: EventLog, kind: int, uptime_ms: int, **fields: Any) -> Any:
        if self._first == self._end > 1 and len(self._tail) > self._tail_bytes // 2:
            self._first = self._end = self._end - 1
            self._begin_tail(self._end)
        return append(self, kind, uptime_ms, **fields)

    monkeypatch.setattr(EventLog, "append", planted)


def _replay_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A packet that verifies is taken, whatever its counter."""

    def planted(self: seal.Opener, packet: bytes) -> bytes:
        size = seal.COUNTER_SIZE
        plaintext = self._ccm.open(bytes(NONCE_SIZE - size) + packet[1 : 1 + size], packet[1 + size :])
        if plaintext is None:
            raise seal.SealError("a packet that doesn't verify")
        self.counter = int.from_bytes(packet[1 : 1 + size], "big")
        return plaintext

    monkeypatch.setattr(seal.Opener, "open", planted)


def _cursor_before_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub counts on the center having what it has only sent."""
    next_batch = Uplink._next_batch

    async def planted(self: Uplink, position: int) -> Any:
        rows = await next_batch(self, position)
        self._reached(position + len(rows))
        return rows

    monkeypatch.setattr(Uplink, "_next_batch", planted)


def _nonce_repeated_after_reboot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The boot counter does not count, and a board's random numbers repeat."""

    def planted(log: Any, counters: list[int]) -> None:
        log.boot = 1
        if not counters:
            log.files.write(file_name("k", 1), b"")

    monkeypatch.setattr(recovery, "_count_boot", planted)


def _invitation_closed_by_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that starts ends what its boxes have open."""
    submit = HallService.submit

    async def planted(self: HallService, command: Any, request: str | None = None) -> Any:
        reply = await submit(self, command, request)
        if isinstance(command, HubStarted):
            now = self._stamp()
            for run in [run for run in self.state.runs.values() if run.state is RunState.INVITED]:
                data = {"run": run.id, "window": run.window, "staff": run.staff, "reason": "device_fault"}
                self._take(command, [Event(ev.RATING_UNRATED, f"window/{run.window}", data, now.ms)], now, None)
        return reply

    monkeypatch.setattr(HallService, "submit", planted)


PLANTS = {
    "acknowledged before commit": (plants.acknowledged_before_commit, "was acknowledged, and is on no hub's disk"),
    "high-water mark one short": (_mark_one_short, "two facts are logged under number"),
    "log trimmed one early": (plants.trimmed_one_early, "was acknowledged, and is on no hub's disk"),
    "replay counter not checked": (_replay_not_checked, "a packet was taken twice"),
    "cursor advanced before the answer": (_cursor_before_answer, "the hub counts on event"),
    "nonce repeated after reboot": (_nonce_repeated_after_reboot, "a box greeted twice with one nonce"),
    "invitation closed by a restarted hub": (
        _invitation_closed_by_restart,
        "the hub ended an invitation that its box has",
    ),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_bug_is_found_named_and_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    plant, word = PLANTS[name]
    plant(monkeypatch)
    assert len(plants.told(whole, SEEDS, word).splitlines()) > 3
