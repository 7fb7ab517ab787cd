"""What a device asks reaches who answers for its role: once, with its deadline, and only within its session."""

import asyncio
import os
from pathlib import Path
from typing import Any

from hub.devices.asking import Answer, Asked
from hub.devices.fleet import Fleet
from hub.devices.registry import Device, Registry
from hub.devices.sessions import DeviceSession
from hub.devices.times import Moment
from hub.queueing import state as queueing_state
from protocol import messages, session
from protocol.device import DeviceEndpoint
from tests.hub_support import MemoryLog
from tests.support_hub_core import LAYOUT

SECRET = bytes(range(32))
EPOCH = b"epoch..8"
NEXT = {"command": "next"}


class Hall:
    """No rules here: what a fleet asks for, and a clock."""

    def __init__(self) -> None:
        self.state = self.shown = queueing_state.new(LAYOUT)
        self.now_ms = 1_000

    async def submit(self, command: Any) -> dict[str, Any]:
        return {}

    async def submit_facts(self, facts: Any) -> None:
        return None

    def moment(self) -> Moment:
        return Moment(1_800_000_000_000 + self.now_ms, True, self.now_ms)

    def rising_ms(self) -> int:
        return self.now_ms


class Bench:
    """A caller's endpoint on one end of a line, the hub's session on the other."""

    def __init__(self, folder: Path, role: str = "caller") -> None:
        self.hall = Hall()
        registry = Registry(folder / "registry.json")
        registry.register(
            Device(
                device="ca-1",
                role=role,
                window="1",
                epoch=EPOCH.hex(),
                secret=SECRET.hex(),
                board="x",
                registered_at="",
            )
        )
        self.logged: list[tuple[str, dict[str, Any]]] = []
        self.fleet = Fleet(registry, self.hall, os.urandom, self._log, invitation_s=20, answer_s=3.0, send_window=8)
        self.asked: list[Asked] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.answer: Answer = (messages.ACCEPTED, "A001")
        self.fleet.answerers["caller"] = self._answer
        self.session: DeviceSession = self.fleet.session("line-1", "socket://x")
        self.session.attach(self)  # type: ignore[arg-type]  # a link is what has these four
        self.device = DeviceEndpoint("ca-1", messages.ROLE_CALLER, SECRET, EPOCH, 1, MemoryLog(), os.urandom)
        self.events: list[tuple[Any, ...]] = []
        self.is_open = self.writable = True
        self.down: list[bytes] = []

    def _log(self, event: str, **fields: Any) -> None:
        self.logged.append((event, fields))

    async def _answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        await self.gate.wait()
        return self.answer

    def write(self, data: bytes) -> None:
        self.down.append(data)

    async def run(self, turns: int = 12) -> None:
        for _ in range(turns):
            while data := self.device.outgoing(self.hall.now_ms):
                self.session.received(data)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            down, self.down = self.down, []
            for data in down:
                self.device.receive(data, self.hall.now_ms)
            while (event := self.device.next_event()) is not None:
                self.events.append(event)

    async def connect(self) -> None:
        self.session.opened()
        self.device.link_opened(self.hall.now_ms)
        await self.run()
        assert self.device.hub_heard(self.hall.now_ms)

    def answers(self) -> list[tuple[Any, ...]]:
        return [event for event in self.events if event[0] in (session.ANSWER, session.REQUEST_EXPIRED)]

    def ask(self, within_ms: int = 3_000) -> int:
        return self.device.request(messages.WINDOW_COMMAND, NEXT, self.hall.now_ms + within_ms)


async def test_a_request_reaches_its_roles_answerer_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    await bench.connect()
    number = bench.ask()
    await bench.run()
    assert bench.answers() == [(session.ANSWER, number, messages.ACCEPTED, "A001")]
    [asked] = bench.asked
    assert (asked.device.device, asked.epoch, asked.command) == ("ca-1", EPOCH.hex(), messages.WINDOW_COMMAND)
    assert asked.arguments["command"] == "next"
    await bench.session.close()


async def test_a_role_that_nobody_answers_for_is_told_so(tmp_path: Path) -> None:
    bench = Bench(tmp_path, role="dispenser")
    await bench.connect()
    number = bench.ask()
    await bench.run()
    assert bench.answers() == [(session.ANSWER, number, messages.UNKNOWN_COMMAND, None)]
    assert bench.asked == []
    await bench.session.close()


async def test_a_request_dies_with_its_session(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    await bench.connect()
    bench.gate.clear()
    number = bench.ask()
    await bench.run()
    assert bench.asked[0].alive()
    bench.session.lost("pulled")
    bench.device.link_lost()
    assert not bench.asked[0].alive()
    bench.gate.set()
    await bench.connect()
    await bench.run()
    assert bench.answers() == [(session.REQUEST_EXPIRED, number)]
    assert len(bench.asked) == 1, "a request of before must not be asked again"
    await bench.session.close()


async def test_a_request_has_its_deadline(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    await bench.connect()
    bench.gate.clear()
    number = bench.ask(within_ms=500)
    await bench.run()
    bench.hall.now_ms += 600
    assert not bench.asked[0].alive()
    await bench.run()
    bench.gate.set()
    await bench.run()
    assert bench.answers() == [(session.REQUEST_EXPIRED, number)]
    await bench.session.close()


async def test_whatever_fails_the_device_gets_its_answer(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    await bench.connect()

    async def broken(_: Asked) -> Answer:
        raise ZeroDivisionError("ours")

    bench.fleet.answerers["caller"] = broken
    number = bench.ask()
    await bench.run()
    assert bench.answers() == [(session.ANSWER, number, messages.FAILED, None)]
    assert [fields["why"] for event, fields in bench.logged if event == "device.not_answered"] == [
        "ZeroDivisionError('ours')"
    ]
    await bench.session.close()
