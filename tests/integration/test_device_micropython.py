"""MicroPython onto a bare board: the unmodified esptool and mpremote, against a modelled ROM and a Pico's boot drive.

What then answers at the port is genuine MicroPython, and the application is copied onto it file by file.
"""

import asyncio
import fcntl
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import esp_support
from tests.hub_support import until
from tests.integration import firmware_bench
from tests.integration.simulator_bench import volume
from tests.integration.test_device_provision import ROOT, tingting
from tools.device import build
from tools.device.flashing import digests
from tools.device.maintenance import maintenance
from tools.simulator.bare_chip import BareChip
from tools.simulator.board import SimulatedBoard
from tools.simulator.boot_drive import BootDrive
from tools.simulator.esp_rom import EspRom

QUICK = {"erase_ms": 0.0, "program_ms": 0.0}
CHIP = "esp32_c3"
END_S = 240.0
LEFT = 8  # files of the application that are not there yet
# A chip answers at once. The modelled one shares a busy machine, where esptool's 0.1 s for a SYNC and its 0.2 s for the
# start of the stub, asked once, pass without an answer that is on its way.
PATIENT = "[esptool]\ntimeout = 60\nsync_timeout = 2\nmem_end_rom_timeout = 60\n"


@pytest.fixture(autouse=True)
def patient_esptool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its limits come from here."""
    file = tmp_path / "esptool.cfg"
    file.write_text(PATIENT, "utf-8")
    monkeypatch.setenv("ESPTOOL_CFGFILE", str(file))


@dataclass
class Bare:
    """A chip on the bench, and the file for it."""

    chip: BareChip
    board: SimulatedBoard
    file: Path

    @property
    def words(self) -> tuple[str, ...]:
        """The technician's command."""
        return ("flash", self.chip.port, "--board", CHIP, "--micropython", str(self.file))

    def holds(self) -> bool:
        """The whole file is in flash."""
        content = self.file.read_bytes()
        return self.chip.rom.flash[: len(content)] == content


def most_of_the_application(path: Path) -> Path:
    """All but the last files, main.py among them: copying all twenty is what test_device_flash.py does."""
    image = build.build("evaluator", CHIP)
    fs = volume()
    for name in sorted(name for name in image.files if name != build.MAIN)[: 1 - LEFT]:
        fs.makedirs(name.rpartition("/")[0] or "/", exist_ok=True)
        with fs.open(name, "wb") as file:
            file.write(image.files[name].read_bytes())
    path.write_bytes(bytes(fs.context.buffer))
    return path


@asynccontextmanager
async def bare(folder: Path, chip_id: int = 5) -> AsyncIterator[Bare]:
    file = folder / "ESP32_GENERIC_C3.bin"
    file.write_bytes(esp_support.esp())
    board = await SimulatedBoard.start(most_of_the_application(folder / "flash.img"), CHIP, power=False, **QUICK)
    async with board:
        chip = BareChip(board, EspRom(chip_id=chip_id))
        try:
            yield Bare(chip, board, file)
        finally:
            await chip.close()


async def application(port: str, board: str) -> bool:
    """Every file of the build is on the box, by SHA-256."""
    image = build.build("evaluator", board)

    def found() -> dict[str, str]:
        with maintenance(port):
            return digests(port, image.files)

    return await asyncio.to_thread(found) == {name: image.digest(name) for name in image.files}


async def begun(words: tuple[str, ...]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.cli", "device", *words, cwd=ROOT, start_new_session=True,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        preexec_fn=hears_ctrl_c,
    )  # fmt: skip


def hears_ctrl_c() -> None:
    """As from a terminal; a shell that starts tests in its background has this ignored by all of theirs."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def until_written(it: Bare, process: asyncio.subprocess.Process) -> "asyncio.Task[tuple[bytes, bytes]]":
    """Some of MicroPython is in flash, and the cable is pulled."""
    written = asyncio.Event()

    def pull(_: int) -> None:
        it.chip.unplugged = True
        written.set()

    it.chip.rom.on_write = pull
    ended = asyncio.create_task(process.communicate())
    waits = asyncio.create_task(written.wait())
    async with asyncio.timeout(END_S):
        await asyncio.wait([waits, ended], return_when=asyncio.FIRST_COMPLETED)
    assert written.is_set(), ended.result()[0].decode()
    it.chip.rom.on_write = None
    return ended


async def killed(it: Bare, process: asyncio.subprocess.Process) -> None:
    """The command and the tool that it runs are dead, and nobody has the port any more."""
    os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    port = os.open(it.chip.port, os.O_RDWR | os.O_NOCTTY)

    def let_go() -> bool:
        try:
            fcntl.flock(port, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    try:
        await until(let_go, "the port let go")
    finally:
        os.close(port)


async def until_line(process: asyncio.subprocess.Process, begin: str) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    async with asyncio.timeout(END_S):
        while not lines or not lines[-1].startswith(begin):
            lines.append((await process.stdout.readline()).decode())
            assert lines[-1], lines
    return lines


async def test_from_a_bare_chip_to_the_application_broken_off_at_each_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bare(tmp_path) as it:
        # While MicroPython is written: the command dies, the cable is pulled.
        process = await begun(it.words)
        ended = await until_written(it, process)
        await killed(it, process)
        await ended
        assert 0 < it.chip.rom.written < it.file.stat().st_size
        assert not it.holds()
        # Plugged in again without BOOT held: nothing that could start is in it, and nobody is left to guess.
        it.chip.boot_held = False
        it.chip.press_reset()
        with monkeypatch.context() as here:
            here.delenv("ESPTOOL_CFGFILE")  # nobody answers, however long it waits
            status, said = await tingting(*it.words, "--json")
        told = json.loads(said)
        assert (status, told["error"], "Hold BOOT, press RESET" in told["text"]) == (1, "port", True), said
        it.chip.boot_held = True
        it.chip.press_reset()

        # While the application is copied: the command dies.
        process = await begun(it.words)
        lines = await until_line(process, "3/")
        assert [line for line in lines if line.startswith("100/100 ESP32_GENERIC_C3.bin")]  # esptool's way was told
        await killed(it, process)
        await process.communicate()
        assert it.holds()
        it.chip.rom.written = 0

        # The same command ends well: MicroPython and the files that are there already stay.
        status, said = await tingting(*it.words, "--json")
        assert status == 0, said
        told = json.loads(said)
        name = esp_support.name_of_interpreter().decode()
        assert told["micropython"] == {"version": f"3.4.0; {name}", "written": False}
        assert told["files"] - LEFT + 2 <= told["kept"] < told["files"]
        assert it.chip.rom.written == 0
        assert await application(it.chip.port, CHIP)


async def test_ctrl_c_is_explained(tmp_path: Path) -> None:
    async with bare(tmp_path) as it:
        process = await begun((*it.words, "--lang", "zh-CN"))
        ended = await until_written(it, process)
        os.killpg(process.pid, signal.SIGINT)
        printed, _ = await ended
        assert process.returncode == 130, printed.decode()
        assert "已中断。没有什么会一直停在半途：请再执行同一条命令。" in printed.decode()
        assert b"Traceback" not in printed


async def test_another_chip_and_another_file_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    async with bare(tmp_path, chip_id=9) as it:
        before = bytes(it.chip.rom.flash)
        status, said = await tingting(*it.words, "--json", "--lang", "en")
        told = json.loads(said)
        assert (status, told["error"]) == (1, "wrong_file")
        assert "the chip there is an ESP32-S3, not an ESP32C3; look at --board. Nothing was written." in told["text"]
        it.file.write_bytes(esp_support.esp(9))
        commands = it.chip.rom.commands
        status, said = await tingting(*it.words, "--json", "--lang", "en")
        assert "it is for an ESP32-S3, and the board has an ESP32-C3" in json.loads(said)["text"]
        assert it.chip.rom.commands == commands  # nobody spoke to the chip
        assert it.chip.rom.flash == before


@pytest.mark.parametrize("stub", [True, pytest.param(False, marks=pytest.mark.long)], ids=["stub", "rom"])
async def test_the_unmodified_esptool_writes_through_the_modelled_rom(tmp_path: Path, stub: bool) -> None:
    """Both ways that it knows: by its stub and packed, and by the ROM alone."""
    async with bare(tmp_path) as it:
        words = [] if stub else ["--no-stub"]
        more = ["--erase-all"] if stub else []
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "esptool", "--chip", "esp32c3", "--port", it.chip.port, *words, "--after", "no-reset",
            "write-flash", *more, "0x0", str(it.file),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        printed, _ = await asyncio.wait_for(process.communicate(), END_S)
        assert process.returncode == 0, printed.decode()
        assert b"Hash of data verified" in printed
        assert (b"Stub flasher running" in printed) == stub
        assert it.holds()


@asynccontextmanager
async def bare_pico(folder: Path) -> AsyncIterator[tuple[BootDrive, Path, Path, list[str]]]:
    """A Pico with BOOTSEL held: its drive, its port (there once it has started), the file, and the command."""
    file = folder / "RPI_PICO.uf2"
    file.write_bytes(esp_support.pico())
    port = folder / "ttyACM0"
    # Its application is there already, as on a box that gets a newer MicroPython: another test copies all of it.
    image = firmware_bench.flash(folder, None)
    async with await SimulatedBoard.start(image, "rpi_pico", power=False, **QUICK) as board:
        started: list[asyncio.Task[None]] = []

        def start() -> None:
            port.symlink_to(board.usb_port)
            started.append(asyncio.create_task(board.restore_power()))

        drive = BootDrive(folder / "RPI-RP2", start)
        drive.plug()
        watch = asyncio.create_task(drive.watch())
        try:
            words = ["flash", str(port), "--micropython", str(file), "--drive", str(drive.folder)]
            yield drive, port, file, words
        finally:
            watch.cancel()
            await asyncio.wait([watch, *started])


async def test_a_pico_takes_its_uf2_from_the_boot_drive(tmp_path: Path) -> None:
    async with bare_pico(tmp_path) as (drive, port, file, words):
        # Half of the file is there: the copy was broken off, the board still waits.
        (drive.folder / file.name).write_bytes(file.read_bytes()[:50_000])
        status, said = await tingting(*words, "--json")
        assert status == 0, said
        assert json.loads(said)["micropython"]["written"] is True
        pages = sorted(drive.flash.items())
        from tools.device import uf2  # noqa: PLC0415

        assert pages == [(page.address, page.data) for page in uf2.parse(file.read_bytes(), "given")]
        # The drive is gone now; the same command again finds all of it there, by the SHA-256 of each file.
        status, said = await tingting("flash", str(port), "--micropython", str(file))
        assert status == 0, said
        assert "MicroPython answers: 3.4.0; MicroPython " in said
        files = len(build.build("evaluator", "rpi_pico").files)
        assert f" 0 copied, {files} were there, 0 removed" in said
        # Of the same release and for another machine: not there, and the drive that it takes is not either.
        file.write_bytes(esp_support.pico(name=esp_support.name_of_interpreter()))
        status, said = await tingting("flash", str(port), "--micropython", str(file), "--lang", "en")
        assert (status, "no boot drive of a Pico is mounted. Hold BOOTSEL" in said) == (1, True), said
