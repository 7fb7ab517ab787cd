"""Bytes to a printer and back, by python-escpos' connections; what they raise becomes `PrinterGoneError` here.

Used by one thread a printer: the library waits where it reads and writes.
"""

import os
import re
import select
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hub.printing.errors import PrinterAddressError, PrinterGoneError

# Of a printer on the hall's own network or bus: what takes longer is away.
CONNECT_S = 3.0
WRITE_S = 10.0
READ_BYTES = 64
DEFAULT_PORT = 9100  # "raw" printing, as every maker has it
DEFAULT_BAUD = 19_200
ADDRESS = r"^(tcp://[^\s/]+|serial:///dev/[^\s]+|file:///[^\s]+)$"
_EXPECTED = (
    "tcp://host:9100 for a printer on the network, file:///dev/usb/lp0 on USB, serial:///dev/ttyUSB0?baud=19200 on a "
    "serial line"
)


class Port:
    """An open printer."""

    def __init__(self, device: Any, read: Callable[[float], bytes]) -> None:
        self._device = device
        self._read = read

    def write(self, data: bytes) -> None:
        """All of it, or `PrinterGoneError`."""
        try:
            self._device._raw(data)
        except Exception as error:
            raise PrinterGoneError(f"it took no more: {error}") from error

    def read(self, timeout_s: float) -> bytes:
        """What it has said, after at most so long; nothing if it said nothing. Raises `PrinterGoneError`."""
        try:
            return self._read(timeout_s)
        except PrinterGoneError:
            raise
        except Exception as error:
            raise PrinterGoneError(f"it can't be heard: {error}") from error

    def close(self) -> None:
        """Gives it back; a printer that is gone already is as good."""
        try:
            self._device.close()
        except Exception as error:
            raise PrinterGoneError(f"it did not close: {error}") from error


def check_address(url: str) -> None:
    """Raises `PrinterAddressError` for what is no printer's address."""
    if not re.fullmatch(ADDRESS, url):
        raise PrinterAddressError(f"{url!r} is no address of a printer; write {_EXPECTED}")


def open_port(url: str) -> Port:
    """Opens a printer; raises `PrinterGoneError`, or `PrinterAddressError` for what is no address."""
    check_address(url)
    parts = urlsplit(url)
    opener = {"tcp": _network, "serial": _serial, "file": _file}[parts.scheme]
    try:
        return opener(parts)
    except PrinterAddressError:
        raise
    except Exception as error:  # the library, the operating system and pyserial each have their own
        raise PrinterGoneError(f"{url} can't be opened: {error}") from error


# The library brings Pillow along; a hall without printers needs neither.


def _network(parts: Any) -> Port:
    from escpos.printer import Network  # noqa: PLC0415

    try:
        port = parts.port or DEFAULT_PORT
    except ValueError as error:
        raise PrinterAddressError(f"{parts.geturl()!r}: {error}") from error
    device = Network(parts.hostname, port=port)
    # The library's own `open` leaves a socket behind where nobody answers, and knows no IPv6.
    device.device = socket.create_connection((parts.hostname, port), CONNECT_S)
    device.device.settimeout(WRITE_S)

    def read(timeout_s: float) -> bytes:
        ready, _, _ = select.select([device.device], [], [], timeout_s)
        if not ready:
            return b""
        data: bytes = device.device.recv(READ_BYTES)
        if not data:
            raise PrinterGoneError("it hung up")
        return data

    return Port(device, read)


def _serial(parts: Any) -> Port:
    from escpos.printer import Serial  # noqa: PLC0415

    baud = int(parse_qs(parts.query).get("baud", [str(DEFAULT_BAUD)])[0])
    device = Serial(devfile=parts.path, baudrate=baud, timeout=CONNECT_S, dsrdtr=False)
    device.open()
    device.device.write_timeout = WRITE_S

    def read(timeout_s: float) -> bytes:
        device.device.timeout = timeout_s
        first: bytes = device.device.read(1)
        more: bytes = device.device.read(min(READ_BYTES, device.device.in_waiting))
        return first + more

    return Port(device, read)


class _TwoWay:
    """A device file that answers, as Linux' usblp gives a USB printer; the library's `File` only writes."""

    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def write(self, data: bytes) -> int:
        """Waits for room."""
        left = memoryview(data)
        while left:
            _, ready, _ = select.select([], [self.fd], [], WRITE_S)
            if not ready:
                raise PrinterGoneError(f"it took nothing for {WRITE_S:.0f} s")
            left = left[os.write(self.fd, left) :]
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        os.close(self.fd)


def _file(parts: Any) -> Port:
    from escpos.printer import File  # noqa: PLC0415

    device = File(devfile=parts.path)
    two_way = _TwoWay(parts.path)
    device.device = two_way

    def read(timeout_s: float) -> bytes:
        ready, _, _ = select.select([two_way.fd], [], [], timeout_s)
        return os.read(two_way.fd, READ_BYTES) if ready else b""

    return Port(device, read)
