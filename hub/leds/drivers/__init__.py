"""One file a protocol: a module here with `SOURCE`, `BAUD` and `show(address, text, flash)` is a driver of its name."""

import pkgutil
from importlib import import_module
from typing import Protocol, cast

from hub.leds.errors import UnknownDriverError


class Driver(Protocol):
    """How one maker's modules are spoken to."""

    # Where the protocol is written down.
    SOURCE: str
    # What such a module speaks when nobody has set it.
    BAUD: int

    def show(self, address: str, text: str, *, flash: bool) -> bytes:
        """The bytes that make the module of this address show this; text: ASCII, empty: dark."""


def names() -> list[str]:
    """Every driver there is."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__))


def driver(name: str) -> Driver:
    """A driver by its name; raises `UnknownDriverError`."""
    if name not in names():
        raise UnknownDriverError(f"there is no LED driver {name!r}; there are: {', '.join(names())}")
    return cast(Driver, import_module(f"{__name__}.{name}"))
