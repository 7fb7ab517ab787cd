"""A bare ESP32-C3 at one USB port: first its ROM's download mode, and after a reset whatever is in its flash.

The port is a pty, which has no lines that reset a chip: as on a board without them, whoever stands there holds BOOT and
presses RESET (`press_reset`). The watchdog that esptool starts at its end resets it without a hand. What "runs from
flash" is a simulated board on genuine MicroPython, reached through the same port.
"""

import asyncio
import contextlib
import os
import pty
from typing import Final

from tools.device import esp_image
from tools.device.errors import ImageError
from tools.simulator.board import SimulatedBoard
from tools.simulator.esp_rom import EspRom
from tools.simulator.terminal import make_raw

_CHUNK: Final = 4096


class BareChip:
    """`port` is what the technician's commands get; `boot_held` says what the next reset leads to."""

    def __init__(self, board: SimulatedBoard, rom: EspRom, boot_held: bool = True) -> None:
        self.rom = rom
        self.boot_held = boot_held
        self.downloading = boot_held
        self.resets = 0
        self.unplugged = False  # True: whatever the host sends is lost
        self._board = board
        self._host, self._end = pty.openpty()
        make_raw(self._end, interrupts=False)
        os.set_blocking(self._host, False)
        self.port = os.ttyname(self._end)
        self._inner: int | None = None
        self._queued = bytearray()
        self._starting: asyncio.Task[None] | None = None
        asyncio.get_running_loop().add_reader(self._host, self._from_host)

    async def close(self) -> None:
        """Gives the pty back; the board is its maker's."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        self._leave_board()
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._host)
        loop.remove_writer(self._host)
        os.close(self._host)
        os.close(self._end)

    def press_reset(self) -> None:
        """The chip begins anew, in the mode that BOOT says."""
        self.resets += 1
        self.unplugged = False
        self.rom.reset()
        self.downloading = self.boot_held
        self._leave_board()
        self._starting = asyncio.get_running_loop().create_task(self._start())

    async def _start(self) -> None:
        await self._board.cut_power()
        if self.downloading:
            self._say(b"ESP-ROM:esp32c3-api1-20210207\r\nboot:0x5 (DOWNLOAD(USB/UART0/1))\r\nwaiting for download\r\n")
        elif not self._starts():
            self._say(
                b"ESP-ROM:esp32c3-api1-20210207\r\nboot:0xd (SPI_FAST_FLASH_BOOT)\r\ninvalid header: 0xffffffff\r\n"
            )
        else:
            await self._board.restore_power()
            self._inner = os.open(self._board.usb_port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            asyncio.get_running_loop().add_reader(self._inner, self._from_board)

    def _starts(self) -> bool:
        """Whether the boot loader would start what is in flash: it proves the application first."""
        try:
            esp_image.check(bytes(self.rom.flash), "flash", self.rom.chip_id)
        except ImageError:
            return False
        return True

    def _leave_board(self) -> None:
        if self._inner is not None:
            asyncio.get_running_loop().remove_reader(self._inner)
            os.close(self._inner)
            self._inner = None

    def _from_host(self) -> None:
        data = os.read(self._host, _CHUNK)
        if self.unplugged:
            return
        if self._inner is not None:
            os.write(self._inner, data)
        elif self.downloading:
            answer = self.rom.feed(data)
            if not self.unplugged:
                self._say(answer)
            if self.rom.wants_reset:
                self.boot_held = False  # nobody holds a key for so long
                self.press_reset()

    def _from_board(self) -> None:
        assert self._inner is not None
        self._say(os.read(self._inner, _CHUNK))

    def _say(self, data: bytes) -> None:
        self._queued += data
        self._flush()

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(BlockingIOError):  # full: the loop calls again when there is room
            del self._queued[: os.write(self._host, self._queued)]
        if self._queued:
            loop.add_writer(self._host, self._flush)
        else:
            loop.remove_writer(self._host)
