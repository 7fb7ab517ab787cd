"""The name that the installed udev rules give a serial port: it stays, whatever was plugged in before it."""

import re
from collections.abc import Iterable
from os.path import realpath
from typing import Final
from urllib.parse import urlsplit

FOLDER: Final = "/dev/tingting"
_INTERFACE: Final = re.compile(r":\d+\.(\d+)$")  # of a location like 1-1.2:1.0; decimal here, hexadecimal in the name


def stable_name(serial_number: str | None, location: str | None) -> str | None:
    """As tools/install/share/70-tingting.rules makes it; None for a port that the rules name by its socket."""
    if not serial_number:
        return None
    short = re.sub(r"[^A-Za-z0-9#+\-.:=@_]", "_", serial_number.strip())  # as udev writes ID_SERIAL_SHORT
    found = _INTERFACE.search(location or "")
    interface = int(found[1]) if found else 0
    return f"{FOLDER}/{short}" + (f"-{interface:02x}" if interface else "")


def at_lines(ports: Iterable[str], urls: Iterable[str]) -> list[str]:
    """Those of the ports that one of these addresses means, by whatever name: /dev/tingting/…, serial:///dev/…"""
    there = {realpath(urlsplit(url).path) for url in urls if urlsplit(url).scheme in ("", "serial")}
    return [port for port in ports if realpath(port) in there]
