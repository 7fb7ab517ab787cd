"""What the doors need of the rest of the house, handed in by the composition root."""

from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from common.metrics import Values
from common.pages import Pages
from common.sessions import Sessions
from common.tokens import Tokens
from hub.queueing.commands import Command
from hub.queueing.layout import Layout
from hub.web.guide import Guide
from hub.web.schema import DeviceWanted
from hub.web.stream import Stream


class DeviceDoors(Protocol):
    """What doors may do with devices."""

    def shown_devices(self) -> list[dict[str, Any]]:
        """Every registered device without its secret, with its state."""

    def register(self, wanted: DeviceWanted) -> Awaitable[list[str]]:
        """Registers; returns the ids of those that stood at the window before. Raises `Problem`."""


class Sounding(Protocol):
    """A clip of the voice."""

    @property
    def wav(self) -> bytes:
        """As a WAV file."""


@dataclass(frozen=True, slots=True)
class House:
    """The parts behind the doors."""

    hall: str
    journal: str
    layout: Layout
    tokens: Tokens
    sessions: Sessions
    pages: Pages
    stream: Stream
    devices: DeviceDoors
    guide: Guide
    now_ms: Callable[[], int]
    tick: Callable[[], dict[str, Any]]
    calls: Callable[[Container[str], int], list[dict[str, Any]]]
    clip: Callable[[str], Sounding | None]
    submit: Callable[[Command, str], Awaitable[dict[str, Any]]]
    hall_view: Callable[[], dict[str, Any]]
    queue_view: Callable[[], dict[str, Any]]
    desk_view: Callable[[str], dict[str, Any]]
    read_events: Callable[[int, int], Awaitable[Sequence[bytes]]]
    ready: Callable[[], dict[str, Any]]
    metrics: Callable[[], Values]


HOUSE: web.AppKey[House] = web.AppKey("house", House)
