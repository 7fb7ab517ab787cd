"""Boxes as a load: real `DeviceEndpoint`s on real sockets, their facts sealed before the clock starts.

`python -m tools.bench.load.boxes --first 0 --count 32 --facts 1600 --window 64`. Hears words on stdin, tells JSON:
`{"boxes": […]}` at once; `seal` → waits until each box is welcomed, seals its facts, `{"sealed": n}`; `go` → sends,
never more than the hub's send window unacknowledged, `{"began_s", "ended_s", "acknowledged"}` on CLOCK_MONOTONIC.
Once sealed a box sends nothing but its facts, nothing twice (the line loses nothing), and until `go` its keep-alives.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import time
from typing import Any

from protocol import messages, session
from protocol.device import DeviceEndpoint
from protocol.framing import encode_frame

TURN_S = 0.02
KEEP_MS = 2000  # the hub gives a silent box 10 s
KEPT = 60  # two minutes of waiting for the others
STALLED_S = 30.0  # no acknowledgement for so long: the hub has let go of a box
QUIET_S = 0.5  # after a WELCOME the hub's VIEW comes and is confirmed; then nothing is due for 3 s
EPOCH = bytes(range(8))


class Log:
    """A box's log in memory: what it holds is sealed elsewhere, only its numbers count."""

    def __init__(self) -> None:
        self.oldest = 1
        self.next = 1

    def trim(self, through: int) -> None:
        """Facts through this number are acknowledged."""
        self.oldest = through + 1

    def advance(self, to: int) -> None:
        """The hub has seen higher numbers."""
        self.oldest = self.next = to


class Box(asyncio.Protocol):
    """One box behind one listening socket."""

    def __init__(self, number: int) -> None:
        self.id = f"bench-{number:04}"
        self.secret = os.urandom(32)
        self.log = Log()
        self.endpoint = DeviceEndpoint(self.id, messages.ROLE_EVALUATOR, self.secret, EPOCH, 1, self.log, os.urandom)
        self.frames: list[bytes] = []
        self.first = 1  # the number of frames[0]
        self.sent = 0
        self.window = 0
        self.live = asyncio.Event()
        self.done = asyncio.Event()
        self._sealed = False
        self._kept: list[bytes] = []  # keep-alives, sealed before the facts: counters only rise
        self._kept_at_ms = 0
        self._going = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The hub has opened the line."""
        if self._sealed:
            return
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.endpoint.link_opened(_now_ms())
        self.turn()

    def data_received(self, data: bytes) -> None:
        """Bytes from the hub."""
        self.endpoint.receive(data, _now_ms())
        while (event := self.endpoint.next_event()) is not None:
            if event[0] == session.WELCOME:
                self.live.set()
        if self._going:
            self._send()
        else:
            self.turn()

    def connection_lost(self, error: Exception | None) -> None:
        """The hub has gone; a sealed box can't begin again."""
        self.endpoint.link_lost()

    def turn(self) -> None:
        """Writes what the endpoint wants written; a sealed box says that it is there, by what was sealed for that."""
        if self._transport is None or self._going:
            return
        if self._sealed:
            if self._kept and _now_ms() - self._kept_at_ms >= KEEP_MS:
                self._kept_at_ms = _now_ms()
                self._transport.write(self._kept.pop(0))
            return
        while data := self.endpoint.outgoing(_now_ms()):
            self._transport.write(data)

    def seal(self, facts: int, window: int) -> None:
        """Makes every frame now, by the endpoint's own keys and counter."""
        self._sealed = True
        self._kept_at_ms = _now_ms()
        status = self.endpoint._status_values()
        self._kept = [encode_frame(self.endpoint._seal(messages.STATUS, status)) for _ in range(KEPT)]
        self.window = window
        self.first = self.log.next
        uptime_ms = _now_ms()
        for number in range(self.first, self.first + facts):
            values: dict[str, Any] = {
                "n": number,
                "fact_kind": messages.RATED,
                "boot": 1,
                "uptime_ms": uptime_ms,
                "boot_at_ms": None,
                "boot_at_sure": False,
                "fields": {"run": os.urandom(messages.RUN_SIZE), "grade": 1 + number % 5, "pressed_after_ms": 2345},
            }
            self.frames.append(encode_frame(self.endpoint._seal(messages.FACT, values)))
        self.log.next = self.first + facts

    def go(self) -> None:
        """The first window; each acknowledgement then opens it further."""
        self._going = True
        self._send()

    def _send(self) -> None:
        acknowledged = self.log.oldest - self.first
        upto = min(acknowledged + self.window, len(self.frames))
        if upto > self.sent and self._transport is not None:
            self._transport.write(b"".join(self.frames[self.sent : upto]))
            self.sent = upto
        if acknowledged >= len(self.frames):
            self.done.set()


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _tell(**what: Any) -> None:
    print(json.dumps(what), flush=True)


async def _turns(boxes: list[Box]) -> None:
    while True:
        for box in boxes:
            box.turn()
        await asyncio.sleep(TURN_S)


async def run(first: int, count: int, facts: int, window: int) -> None:
    """The whole conversation."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    boxes = [Box(number) for number in range(first, first + count)]
    told = []
    for box in boxes:
        server = await loop.create_server(lambda box=box: box, "127.0.0.1", 0)  # type: ignore[misc]  # bound now
        port = server.sockets[0].getsockname()[1]
        told.append({"device": box.id, "secret": box.secret.hex(), "url": f"socket://127.0.0.1:{port}"})
    _tell(boxes=told, epoch=EPOCH.hex())
    turns = asyncio.create_task(_turns(boxes))
    await _heard(lines, "seal")
    async with asyncio.timeout(STALLED_S):
        await asyncio.gather(*(box.live.wait() for box in boxes))
    await asyncio.sleep(QUIET_S)
    for box in boxes:
        box.seal(facts, window)
        await asyncio.sleep(0)  # the turns go on
    _tell(sealed=facts * count, frame_bytes=max(len(frame) for box in boxes for frame in box.frames))
    await _heard(lines, "go")
    turns.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await turns
    began_s = time.monotonic()
    for box in boxes:
        box.go()
    finished = asyncio.gather(*(box.done.wait() for box in boxes))
    before = -1
    while not finished.done():
        acknowledged = sum(box.log.oldest - box.first for box in boxes)
        if acknowledged == before:
            raise SystemExit(f"boxes: nothing acknowledged for {STALLED_S} s after {acknowledged} facts")
        before = acknowledged
        await asyncio.wait([finished], timeout=STALLED_S)
    ended_s = time.monotonic()
    _tell(began_s=began_s, ended_s=ended_s, acknowledged=sum(box.log.oldest - box.first for box in boxes))
    await _heard(lines, "end")


async def _heard(lines: asyncio.StreamReader, wanted: str) -> None:
    line = (await lines.readline()).decode().strip()
    if line != wanted:
        raise SystemExit(f"boxes: heard {line!r}, wanted {wanted!r}")


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser(prog="boxes")
    parser.add_argument("--first", type=int, required=True, help="the number of the first box")
    parser.add_argument("--count", type=int, required=True, help="boxes in this process")
    parser.add_argument("--facts", type=int, required=True, help="facts of each box")
    parser.add_argument("--window", type=int, required=True, help="the hub's send window")
    options = parser.parse_args()
    asyncio.run(run(options.first, options.count, options.facts, options.window))


if __name__ == "__main__":
    main()
