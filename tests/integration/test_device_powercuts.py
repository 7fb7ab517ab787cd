"""Power cuts while a box is provisioned and while it replaces another: it starts as old or new, and says which."""

import asyncio
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from protocol import session
from protocol.hub import HubEndpoint
from tests.hub_support import Box, HubProcess, until
from tests.integration.firmware_bench import flash, settings
from tests.integration.test_device_provision import tingting
from tests.power_cut_support import cuts, digest, operations, readable_and_writable, without
from tools.simulator.board import SimulatedBoard

UNIQUE = "00112233445566dd"
DEVICE = f"ev-{UNIQUE}"
SAYS = ("/settings.json", "/settings.json.new", "/maintenance")
QUICK = {"erase_ms": 0.0, "program_ms": 0.0, "baud_delay": False}
WAIT_S = 120.0
SPEAKS_NOT = "never provisioned"
WAITS = "waits for the technician"


@dataclass(frozen=True)
class Outcome:
    """How many cuts ended so, for --capture=no."""

    points: int
    counted: int
    said: dict[str, int]


async def who(image: Path, secrets: dict[str, bytes]) -> str:
    """Starts a board with this flash: which identity it proves, or what it says without one."""
    async with await SimulatedBoard.start(image, "rpi_pico", UNIQUE, **QUICK) as board:
        host, port = board.uart_url.removeprefix("socket://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        endpoints = {name: HubEndpoint({DEVICE: secret}.get, os.urandom) for name, secret in secrets.items()}
        begin_s = time.monotonic()
        try:
            for name, endpoint in endpoints.items():  # the box greets again when nobody proves himself to it
                endpoint.link_opened(0)
                until_s = time.monotonic() + WAIT_S / len(endpoints)
                while time.monotonic() < until_s:
                    if SPEAKS_NOT.encode() in board.output:
                        return SPEAKS_NOT
                    if b">>> " in board.output:
                        return WAITS
                    now_ms = int((time.monotonic() - begin_s) * 1000)
                    while data := endpoint.outgoing(now_ms):
                        writer.write(data)
                    try:
                        endpoint.receive(await asyncio.wait_for(reader.read(4096), 0.02), now_ms)
                    except TimeoutError:
                        continue
                    while (event := endpoint.next_event()) is not None:
                        if event[0] == session.PROVEN:
                            return name
                        if event[0] == session.REJECTED and "doesn't prove" in event[1]:
                            until_s = 0.0
        finally:
            writer.close()
        raise AssertionError(f"the box says nothing: {bytes(board.output)!r}")


async def at_rest(board: SimulatedBoard, record: Path) -> int:
    """How many erases and programs the board has reported, once all that it does is done and reported."""

    async def quiet() -> int:
        before = record.stat().st_size
        await asyncio.sleep(1)
        counted = board.flash_counters.erases + board.flash_counters.programs
        still = record.stat().st_size == before and counted == len(operations(record))
        return counted if still else 0

    found: int = await until(quiet, "the flash comes to rest")
    return found


async def every_cut(folder: Path, image: Path, before: bytes, record: Path, counted: int, old: str) -> Outcome:
    """Every cut of the recorded run reads and writes; every state it leaves is started on genuine MicroPython."""
    changes = operations(record)
    states: dict[str, tuple[bytes, dict[str, bytes]]] = {}
    met: dict[str, int] = {}
    points = 0
    for cut in cuts(before, changes):
        found = readable_and_writable(cut.image)
        key = digest(found, SAYS)
        states.setdefault(key, (cut.image, found))
        met[key] = met.get(key, 0) + 1
        points += not cut.torn
    final = json.loads(readable_and_writable(image.read_bytes())["/settings.json"])
    secrets = {"new": bytes.fromhex(final["secret"])}
    first = readable_and_writable(before).get("/settings.json")
    if first is not None:
        secrets["old"] = bytes.fromhex(json.loads(first)["secret"])
    said: dict[str, int] = {}
    for number, (key, (content, found)) in enumerate(states.items()):
        mine = json.loads(found["/settings.json"])["secret"] if "/settings.json" in found else None
        expected = WAITS if "/maintenance" in found else SPEAKS_NOT
        if mine is not None and expected is not WAITS:
            expected = "new" if mine == final["secret"] else "old"
        copy = folder / f"cut-{number}.img"
        copy.write_bytes(content)
        # The one that it should be is asked first: a box says nothing to who has another key.
        name = None if mine is None else "new" if mine == final["secret"] else "old"
        ordered = secrets if name is None else {name: secrets[name]} | secrets
        heard = await who(copy, ordered if expected in ("old", "new") else {"new": secrets["new"]})
        assert heard == expected, (heard, expected)
        assert heard in {old, "new", WAITS}
        if heard == WAITS:  # the technician's command goes on there; let go instead, it starts as what it is
            copy.write_bytes(without(content, "/maintenance"))
            assert await who(copy, ordered) == (name or SPEAKS_NOT)
        copy.unlink()
        said[heard] = said.get(heard, 0) + met[key]
    # The last cut is after the last operation: as many points as operations, and the end.
    print(f"{points - 1} points cut, each whole and torn; {counted} operations counted; the box said {said}")
    assert points - 1 == len(changes) == counted
    return Outcome(points - 1, counted, said)


async def test_power_cut_at_every_flash_operation_of_a_provision(tmp_path: Path) -> None:
    old_secret = "0f" * 32
    image = flash(tmp_path, settings(device=DEVICE, secret=old_secret))
    before, record = image.read_bytes(), tmp_path / "operations"
    async with HubProcess(tmp_path) as hub:
        async with await SimulatedBoard.start(image, "rpi_pico", UNIQUE, record=str(record), **QUICK) as board:
            status, said = await tingting(
                "provision", board.usb_port, "--window", "1", "--hub", hub.url, token=hub.tokens["admin"]
            )  # fmt: skip
            assert status == 0, said
            await board.wait_for(lambda view: view.power_led, WAIT_S, "it runs as new")
            counted = await at_rest(board, record)
            await board.cut_power()
        outcome = await every_cut(tmp_path, image, before, record, counted, "old")
        assert set(outcome.said) == {"old", WAITS, "new"}
        assert outcome.counted > 20


async def test_power_cut_at_every_flash_operation_of_a_replace_and_the_same_again_ends_well(tmp_path: Path) -> None:
    image = flash(tmp_path, None)
    before, record = image.read_bytes(), tmp_path / "operations"
    async with Box("ev-old") as old, HubProcess(tmp_path, (old.line,)) as hub:
        await hub.register(old)
        await until(lambda: hub.online(old), "the old box")
        ask = ("--hub", hub.url)
        async with await SimulatedBoard.start(image, "rpi_pico", UNIQUE, record=str(record), **QUICK) as board:
            status, said = await tingting("replace", "ev-old", board.usb_port, *ask, token=hub.tokens["admin"])
            assert status == 0, said
            await board.wait_for(lambda view: view.power_led, WAIT_S, "it runs as new")
            counted = await at_rest(board, record)
            await board.cut_power()
        outcome = await every_cut(tmp_path, image, before, record, counted, SPEAKS_NOT)
        assert set(outcome.said) == {SPEAKS_NOT, WAITS, "new"}

        # Cut between the hub's yes and the box's rename: the hub knows a key that no box has. The same command again.
        half = next(
            cut.image
            for cut in cuts(before, operations(record))
            if "/settings.json.new" in readable_and_writable(cut.image)
        )
        image.write_bytes(half)
        async with await SimulatedBoard.start(image, "rpi_pico", UNIQUE, **QUICK) as board:
            status, said = await tingting("replace", "ev-old", board.usb_port, *ask, token=hub.tokens["admin"])
            assert status == 0, said
            await board.wait_for(lambda view: view.power_led, WAIT_S, "it runs")
        assert len(await hub.events("hall.device.replaced")) == 1
