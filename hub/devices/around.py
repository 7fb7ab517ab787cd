"""What the fleet needs of the hall, what a device's session needs of the house, and whom it tells."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from hub.devices.asking import Answerer
from hub.devices.faults import FaultBook
from hub.devices.registry import Device, Registry
from hub.devices.times import Moment
from hub.queueing.commands import AcceptFact, Command
from hub.queueing.state import State

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
    answerers: Mapping[str, Answerer]  # by role
    send_window: int
    log: Log


class Hall(Protocol):
    """What the fleet needs of the hall."""

    @property
    def state(self) -> State:
        """The working state, to decide by."""

    @property
    def shown(self) -> State:
        """The durable state, to show."""

    def submit(self, command: Command) -> Awaitable[Any]:
        """Does a command; raises `Refusal` or a `HubError` (not kept, try again)."""

    def submit_facts(self, facts: Sequence[AcceptFact]) -> Awaitable[None]:
        """Does facts in one transaction; raises a `HubError` (none is kept, try again)."""

    def moment(self) -> Moment:
        """The clocks."""

    def rising_ms(self) -> int:
        """The one that only rises."""


class Attendant(Protocol):
    """Who looks after the devices of a role besides the fleet."""

    def arrived(self, session: "DeviceSession", device: Device) -> None:
        """One is let in."""

    def due(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        """Work to be begun now; asked every second."""


class Keeper(Protocol):
    """Who is told what happens on the lines."""

    def admits(self, session: "DeviceSession") -> bool:
        """Whether its proven device is let in; asked again until it is."""

    def doubts(self, session: "DeviceSession") -> bool:
        """Whether its device's fact numbers may mean other facts than the hub's."""

    def arrived(self, session: "DeviceSession") -> None:
        """A device is proven and has said how it is."""

    def told(self, session: "DeviceSession", status: dict[str, Any]) -> None:
        """A STATUS."""

    def healthy(self, device: str, boot: int, uptime_ms: int) -> None:
        """A HEALTH, made at that uptime."""

    def left(self, session: "DeviceSession", device: str, why: str, *, line_lost: bool) -> None:
        """Its session is over."""

    def fault(self, session: "DeviceSession", code: str, detail: dict[str, Any]) -> None:
        """Something is wrong; a person is to be told now."""
