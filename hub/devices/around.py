"""What a device's session needs of the house, and whom it tells."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from hub.devices.faults import FaultBook
from hub.devices.registry import Registry
from hub.devices.times import Moment
from hub.queueing.commands import AcceptFact

if TYPE_CHECKING:
    from hub.devices.sessions import DeviceSession

Log = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a session needs of the house."""

    registry: Registry
    faults: FaultBook
    submit_facts: Callable[[Sequence[AcceptFact]], Awaitable[None]]
    # (device, epoch) → highest fact: of the working state, and of what is durable
    stored_through: Callable[[str, str], int]
    durable_through: Callable[[str, str], int]
    moment: Callable[[], Moment]
    rising_ms: Callable[[], int]
    random: Callable[[int], bytes]
    send_window: int
    log: Log


class Keeper(Protocol):
    """Who is told what happens on the lines."""

    def arrived(self, session: "DeviceSession") -> None:
        """A device is proven and has said how it is."""

    def told(self, session: "DeviceSession", status: dict[str, Any]) -> None:
        """A STATUS."""

    def left(self, session: "DeviceSession", device: str, why: str, *, line_lost: bool) -> None:
        """Its session is over."""

    def fault(self, session: "DeviceSession", code: str, detail: dict[str, Any]) -> None:
        """Something is wrong; a person is to be told now."""
