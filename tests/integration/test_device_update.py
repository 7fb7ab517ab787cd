"""`tingting device update`: a signed update over the cable, by the real mpremote, onto a board that works."""

import asyncio
import dataclasses
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from protocol import messages as m
from tests.caller_support import press
from tests.integration.firmware_bench import WAIT_S, Hub, flash, settings
from tests.integration.simulator_bench import volume
from tools.device import build, bundles
from tools.simulator.board import SimulatedBoard

ROOT = Path(__file__).parents[2]
QUICK = {"heap_bytes": 128 * 1024, "erase_ms": 0.0, "program_ms": 0.0, "baud_delay": False}
COPY_S = 300.0  # twenty files by mpremote; 6 s alone
MADE = 1_795_000_000


@pytest.fixture(scope="module")
def signed(tmp_path_factory) -> Path:
    """A folder with keys and with updates for an evaluator: newer, older, and for a caller alone."""
    folder = tmp_path_factory.mktemp("signed")
    bundles.make_key(folder / "key")
    image = build.build("evaluator", "rpi_pico")
    for name, role, version in (
        ("new", "evaluator", "0.2.0"),
        ("old", "evaluator", "0.0.1"),
        ("other", "caller", "1.0"),
    ):
        target = [(role, "rpi_pico", dataclasses.replace(image, version=version))]
        (folder / f"{name}.update").write_bytes(bundles.write(target, MADE, folder / "key"))
    return folder


async def start(board: SimulatedBoard, signed: Path, name: str, *more: str, **options) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.cli", "device", "update", board.usb_port, str(signed / f"{name}.update"),
        "--key", str(signed / "key.pub"), "--lang", "en", *more, cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, **options,
    )  # fmt: skip


async def update(board: SimulatedBoard, signed: Path, name: str, *more: str) -> tuple[int, str]:
    process = await start(board, signed, name, *more)
    printed, _ = await asyncio.wait_for(process.communicate(), COPY_S)
    assert process.returncode is not None
    return process.returncode, printed.decode()


def in_flash(board: SimulatedBoard, name: str) -> bytes | None:
    fs = volume(board.flash.path.read_bytes())
    try:
        with fs.open(name, "rb") as file:
            return bytes(file.read())
    except FileNotFoundError:
        return None


async def test_device_update_broken_off_then_whole_then_good_and_facts_stay(tmp_path, signed):
    """A rating that no hub has is in the box all the while; the hub comes when the new firmware runs."""
    async with await SimulatedBoard.start(flash(tmp_path, settings()), "rpi_pico", **QUICK) as board:
        hub = Hub(board)
        hub.acknowledging = False
        await hub.open()
        await hub.welcomed()
        assert (await hub.invite(b"run 0001"))[0] == m.ACCEPTED
        await board.wait_lamps(True, WAIT_S)
        await press(board, 2)
        rated = (await hub.fact(m.RATED))["fields"]
        await hub.close()

        process = await start(board, signed, "new", start_new_session=True)
        assert process.stdout is not None
        async with asyncio.timeout(COPY_S):
            while not (line := await process.stdout.readline()).startswith(b"5/"):
                assert line, "the command ended before its fifth file"
        os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()
        assert in_flash(board, "slot") is None  # nothing that runs was touched

        status, text = await update(board, signed, "new", "--json")
        assert status == 0, text
        said = json.loads(text)
        assert (said["version"], said["slot"], said["was"]) == (
            "0.2.0",
            "b",
            build.build("evaluator", "rpi_pico").version,
        )
        assert said["kept"] > 0
        hub = Hub(board)
        await hub.open()
        try:
            assert (await hub.fact(m.RATED))["fields"] == rated
            await hub.wait_for(lambda: in_flash(board, "slot") == b"b", "a good slot")
            assert (await hub.invite(b"run 0002"))[0] == m.ACCEPTED
        finally:
            await hub.close()
        status, text = await update(board, signed, "old")
        assert status == 1
        assert "is newer than 0.0.1; if that is meant, say --older" in text
        status, text = await update(board, signed, "old", "--older")
        assert status == 0, text
        assert "tries 0.0.1 now" in text
        assert in_flash(board, "slot") in (b"ba3", b"ba2")


async def test_device_update_for_another_box_or_another_signer_is_refused_and_it_works_on(tmp_path, signed):
    async with await SimulatedBoard.start(flash(tmp_path, settings()), "rpi_pico", **QUICK) as board:
        status, text = await update(board, signed, "other")
        assert status == 1
        assert (
            "is of role evaluator on rpi_pico, and the update is for: caller on rpi_pico. Nothing was changed." in text
        )
        damaged = tmp_path / "new.update"
        damaged.write_bytes((signed / "new.update").read_bytes()[:-500])
        (tmp_path / "key.pub").write_bytes((signed / "key.pub").read_bytes())
        status, text = await update(board, tmp_path, "new")
        assert status == 1
        assert "cut off or damaged" in text
        assert "Traceback" not in text
        hub = Hub(board)
        await hub.open()
        try:
            await hub.welcomed()
            assert (await hub.invite(b"run 0001"))[0] == m.ACCEPTED
        finally:
            await hub.close()
        assert in_flash(board, "slot") is None


async def test_device_update_takes_no_start_from_a_trial_that_is_under_way(tmp_path, signed):
    """Nor twice: the box would give up a firmware that had done nothing wrong."""
    built = build.build("evaluator", "rpi_pico").files
    files = {"b" + name[1:]: path.read_bytes() for name, path in built.items() if name.startswith("a/")}
    image = flash(tmp_path, settings(), {**files, "slot": b"ab3"})
    async with await SimulatedBoard.start(image, "rpi_pico", **QUICK) as board:
        await until_in_flash(board, b"ab2")  # no hub: it is on trial until its time is over
        for _ in range(2):
            status, text = await update(board, signed, "new")
            assert status == 1
            assert "tries an update already; wait until it is good or back" in text
            await until_in_flash(board, b"ab2")


async def until_in_flash(board: SimulatedBoard, line: bytes) -> None:
    """Until /slot says so: its last start was counted. No view of the board changes with that."""
    async with asyncio.timeout(WAIT_S):
        while in_flash(board, "slot") != line:
            await asyncio.sleep(0.2)
