"""The download mode of an ESP32-C3: what its ROM and esptool's flasher stub answer, and the flash behind them. No I/O.

Source: Espressif, "esptool documentation, Advanced Topics: Serial Protocol" (requests and answers in SLIP frames), and
the ESP32-C3 Technical Reference Manual for the few registers that are asked. The stub's machine code is taken into
memory and checked, not run: what it would do is what is modelled here.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import md5
from typing import ClassVar, Final

CHIP_ID: Final = 5  # of an ESP32-C3, in security info and in image headers
FLASH_BYTES: Final = 4 * 1024 * 1024
SECTOR: Final = 4096
MOST_FRAME: Final = 64 * 1024  # a stub's data block is 16 KB before SLIP doubles some bytes
END, ESC, ESC_END, ESC_ESC = 0xC0, 0xDB, 0xDC, 0xDD
_CHECKSUM_SEED: Final = 0xEF
_ROM_VALUE: Final = 0x20120707  # what a ROM answers to SYNC beside its status; a stub answers 0
_FLASH_ID: Final = 0x1640EF  # Winbond W25Q32: 4 MB
_SPI: Final = 0x60002000
_SPI_CMD, _SPI_USR2, _SPI_W0 = _SPI, _SPI + 0x20, _SPI + 0x58
_SPI_USER: Final = 1 << 18
_MAC: Final = 0x60008844
_WATCHDOG: Final = 0x60008090  # RTC_CNTL_WDTCONFIG0
_WATCHDOG_LOCK: Final = 0x600080A8  # RTC_CNTL_WDTWPROTECT
_WATCHDOG_ON: Final = 1 << 31
_OK: Final = b"\x00\x00"
_BAD_MESSAGE, _BAD_CHECKSUM, _BAD_COMMAND = b"\x01\x05", b"\x01\x07", b"\x01\x00"

(FLASH_BEGIN, FLASH_DATA, FLASH_END, MEM_BEGIN, MEM_END, MEM_DATA, SYNC, WRITE_REG, READ_REG) = range(2, 11)
SPI_SET_PARAMS, SPI_ATTACH, CHANGE_BAUDRATE = 0x0B, 0x0D, 0x0F
DEFL_BEGIN, DEFL_DATA, DEFL_END, FLASH_MD5, SECURITY_INFO, ERASE_FLASH = 0x10, 0x11, 0x12, 0x13, 0x14, 0xD0


@dataclass(slots=True)
class EspRom:
    """`feed` takes the host's bytes and returns what goes back; `reset` begins anew in the ROM."""

    flash: bytearray = field(default_factory=lambda: bytearray(b"\xff" * FLASH_BYTES))
    chip_id: int = CHIP_ID
    mac: bytes = b"\x34\x85\x18\x00\x00\x01"
    stub: bool = False
    wants_reset: bool = False  # the watchdog was started: the chip is to be reset now
    commands: int = 0  # well-formed requests since the last reset
    written: int = 0  # bytes put into flash since this object was made
    on_write: Callable[[int], None] | None = None  # told the count; a test cuts here
    _frame: bytearray | None = None
    _escaped: bool = False
    _at: int = 0
    _left: int = 0
    _sequence: int = 0
    _inflate: "zlib._Decompress | None" = None
    _memory: dict[int, bytearray] = field(default_factory=dict)
    _memory_at: int = 0
    _registers: dict[int, int] = field(default_factory=dict)

    def reset(self) -> None:
        """Only flash survives."""
        self.stub = self.wants_reset = self._escaped = False
        self.commands = 0
        self._frame = self._inflate = None
        self._memory.clear()
        self._registers.clear()

    # -- SLIP

    def feed(self, data: bytes) -> bytes:
        """Takes bytes as they come; noise between frames is passed over, as the ROM does."""
        out = b""
        for byte in data:
            if byte == END:
                frame, self._frame, self._escaped = self._frame, bytearray(), False
                if frame:
                    self._frame = None
                    out += self._request(bytes(frame))
            elif self._frame is not None and len(self._frame) < MOST_FRAME:
                if self._escaped:
                    self._escaped = False
                    self._frame.append({ESC_END: END, ESC_ESC: ESC}.get(byte, byte))
                elif byte == ESC:
                    self._escaped = True
                else:
                    self._frame.append(byte)
        return out

    # -- requests

    def _request(self, frame: bytes) -> bytes:
        if len(frame) < 8 or frame[0] != 0:
            return b""
        _, command, size, checksum = struct.unpack_from("<BBHI", frame)
        body = frame[8:]
        if len(body) != size:
            return self._answer(command, 0, _BAD_MESSAGE)
        self.commands += 1
        action = self._ACTIONS.get(command)
        if action is None:
            return self._answer(command, 0, _BAD_MESSAGE)
        return action(self, command, body, checksum)

    def _answer(self, command: int, value: int, status: bytes = _OK, data: bytes = b"") -> bytes:
        tail = status if self.stub else status + b"\x00\x00"
        body = data + tail
        return slip(struct.pack("<BBHI", 1, command, len(body), value) + body)

    def _synced(self, command: int, body: bytes, checksum: int) -> bytes:
        return self._answer(command, 0 if self.stub else _ROM_VALUE) * 8

    def _accepted(self, command: int, body: bytes, checksum: int) -> bytes:
        return self._answer(command, 0)

    def _security(self, command: int, body: bytes, checksum: int) -> bytes:
        return self._answer(command, 0, data=struct.pack("<I8xII", 0, self.chip_id, 0))

    def _read_reg(self, command: int, body: bytes, checksum: int) -> bytes:
        (address,) = struct.unpack_from("<I", body)
        value = self._registers.get(address, 0)
        if address == _MAC:
            value = int.from_bytes(self.mac[2:], "big")
        elif address == _MAC + 4:
            value = int.from_bytes(self.mac[:2], "big")
        elif address == _SPI_W0 and self._registers.get(_SPI_USR2, 0) & 0xFF == 0x9F:
            value = _FLASH_ID
        return self._answer(command, value)

    def _write_reg(self, command: int, body: bytes, checksum: int) -> bytes:
        for at in range(0, len(body) - 15, 16):
            address, value, mask, _delay = struct.unpack_from("<IIII", body, at)
            old = self._registers.get(address, 0)
            self._registers[address] = (old & ~mask) | (value & mask)
            if address == _SPI_CMD:
                self._registers[address] &= ~_SPI_USER  # done at once
            # It bites milliseconds after it was started: esptool has locked its registers again by then.
            started = self._registers.get(_WATCHDOG, 0) & _WATCHDOG_ON != 0
            self.wants_reset |= started and address == _WATCHDOG_LOCK and value == 0
        return self._answer(command, 0)

    # -- flash

    def _flash_begin(self, command: int, body: bytes, checksum: int) -> bytes:
        size, _blocks, _block, offset = struct.unpack_from("<IIII", body)
        if offset + size > len(self.flash):
            return self._answer(command, 0, _BAD_COMMAND)
        self._at, self._left, self._sequence = offset, size, 0
        self._inflate = zlib.decompressobj() if command == DEFL_BEGIN else None
        end = -(-(offset + size) // SECTOR) * SECTOR
        begin = offset // SECTOR * SECTOR
        self.flash[begin:end] = b"\xff" * (end - begin)
        return self._answer(command, 0)

    def _flash_data(self, command: int, body: bytes, checksum: int) -> bytes:
        length, sequence = struct.unpack_from("<II", body)
        data = body[16:]
        if len(data) != length or sequence != self._sequence or _checksum(data) != checksum:
            return self._answer(command, 0, _BAD_CHECKSUM)
        self._sequence += 1
        if self._inflate is not None:
            try:
                data = self._inflate.decompress(data)
            except zlib.error:
                return self._answer(command, 0, _BAD_COMMAND)
        data = data[: self._left]  # the last block is filled up with 0xFF
        self.flash[self._at : self._at + len(data)] = data
        self._at += len(data)
        self._left -= len(data)
        self.written += len(data)
        if self.on_write is not None:
            self.on_write(self.written)
        return self._answer(command, 0)

    def _md5(self, command: int, body: bytes, checksum: int) -> bytes:
        address, size = struct.unpack_from("<II", body)
        digest = md5(self.flash[address : address + size], usedforsecurity=False)
        return self._answer(command, 0, data=digest.digest() if self.stub else digest.hexdigest().encode())

    def _erase(self, command: int, body: bytes, checksum: int) -> bytes:
        if not self.stub:
            return self._answer(command, 0, _BAD_MESSAGE)
        self.flash[:] = b"\xff" * len(self.flash)
        return self._answer(command, 0)

    # -- the stub

    def _memory_begin(self, command: int, body: bytes, checksum: int) -> bytes:
        size, _blocks, _block, self._memory_at = struct.unpack_from("<IIII", body)
        self._memory[self._memory_at] = bytearray()
        self._left, self._sequence = size, 0
        return self._answer(command, 0)

    def _memory_data(self, command: int, body: bytes, checksum: int) -> bytes:
        length, sequence = struct.unpack_from("<II", body)
        data = body[16:]
        if len(data) != length or sequence != self._sequence or _checksum(data) != checksum:
            return self._answer(command, 0, _BAD_CHECKSUM)
        self._sequence += 1
        self._memory[self._memory_at] += data
        return self._answer(command, 0)

    def _memory_end(self, command: int, body: bytes, checksum: int) -> bytes:
        stays, entry = struct.unpack_from("<II", body)
        answer = self._answer(command, 0)
        if not stays and any(begin <= entry < begin + len(code) for begin, code in self._memory.items()):
            self.stub = True
            answer += slip(b"OHAI")
        return answer

    _ACTIONS: ClassVar[dict[int, Callable[..., bytes]]] = {
        SYNC: _synced,
        READ_REG: _read_reg,
        WRITE_REG: _write_reg,
        SECURITY_INFO: _security,
        SPI_SET_PARAMS: _accepted,
        SPI_ATTACH: _accepted,
        CHANGE_BAUDRATE: _accepted,
        FLASH_BEGIN: _flash_begin,
        DEFL_BEGIN: _flash_begin,
        FLASH_DATA: _flash_data,
        DEFL_DATA: _flash_data,
        FLASH_END: _accepted,
        DEFL_END: _accepted,
        FLASH_MD5: _md5,
        ERASE_FLASH: _erase,
        MEM_BEGIN: _memory_begin,
        MEM_DATA: _memory_data,
        MEM_END: _memory_end,
    }


def slip(packet: bytes) -> bytes:
    """One frame."""
    inner = packet.replace(bytes((ESC,)), bytes((ESC, ESC_ESC))).replace(bytes((END,)), bytes((ESC, ESC_END)))
    return bytes((END,)) + inner + bytes((END,))


def _checksum(data: bytes) -> int:
    value = _CHECKSUM_SEED
    for byte in data:
        value ^= byte
    return value
