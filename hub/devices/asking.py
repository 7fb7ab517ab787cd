"""What a device asks: handed once to who answers for its role, with its deadline, and dying with its session."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.devices.registry import Device

Answer = tuple[int, str | None]  # messages.ACCEPTED and alike; a detail of at most 64 bytes, for the box's display
Answerer = Callable[["Asked"], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A REQUEST of a proven device.

    command: messages.WINDOW_COMMAND and alike; arguments: as its table says; epoch: of the device's facts; number: the
    request's, for what refers to it. Whoever answers asks `alive` after each wait and before anything is decided: what
    the device no longer waits for must not be done.
    """

    device: Device
    epoch: str
    command: int
    arguments: Mapping[str, Any]
    alive: Callable[[], bool]
    number: int = 0
