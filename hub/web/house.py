"""What the doors need of the rest of the house, handed in by the composition root."""

from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from common.metrics import Values
from common.pages import Pages
from common.sessions import Sessions
from common.tokens import Tokens
from hub.queueing.commands import Command, IssueTicket
from hub.queueing.layout import Layout
from hub.web.admin_now import Facts
from hub.web.device_schema import DeviceWanted, TestResult
from hub.web.guide import Guide
from hub.web.hall_schema import HallWanted, UndoWanted
from hub.web.stream import Stream


class DeviceDoors(Protocol):
    """What doors may do with devices."""

    def windows_with(self, role: str) -> set[str | None]:
        """Where devices of a role stand, as the registry has it: nobody is asked how they are."""

    def shown_devices(self) -> list[dict[str, Any]]:
        """Every registered device without its secret, with its state."""

    def identify(self, device: str, for_s: int) -> Awaitable[None]:
        """The box blinks and beeps. Raises `Problem`."""

    def maintain(self, device: str) -> Awaitable[None]:
        """The box starts again without its application. Raises `Problem`."""

    def test_keys(self, device: str, wait_s: int) -> Awaitable[None]:
        """An evaluator asks for its keys. Raises `Problem`."""

    def tested(self, device: str, found: TestResult) -> Awaitable[bool]:
        """Into the journal; whether all is well. Raises `Problem`."""

    def fetch(self, device: str, for_s: int) -> None:
        """A replaced box may come once more, for what it holds. Raises `Problem`."""

    def register(self, wanted: DeviceWanted) -> Awaitable[tuple[str | None, list[str]]]:
        """Registers; returns its window and the ids of those that stood there before. Raises `Problem`."""

    def reprint(self, device: str) -> Awaitable[None]:
        """A dispenser's last ticket once more; raises `Problem`."""


class Sounding(Protocol):
    """A clip of the voice."""

    @property
    def wav(self) -> bytes:
        """As a WAV file."""


class HallRows(Protocol):
    """What doors may do with the hall's configuration; raises `Problem` and `Refusal`."""

    def services_view(self) -> dict[str, Any]:
        """Every service with what is disclosed of it."""

    def config_view(self) -> dict[str, Any]:
        """All rows, their revision, what can be undone."""

    def change_hall(self, wanted: HallWanted, by: str) -> Awaitable[dict[str, Any]]:
        """Whole tables become these."""

    def undo_hall(self, wanted: UndoWanted, by: str) -> Awaitable[dict[str, Any]]:
        """The last change is taken back."""

    def sheet(self, *, chinese: bool) -> bytes:
        """The whole hall as `hall.csv`."""

    def take_sheet(self, content: bytes, by: str, *, dry_run: bool, language: str) -> Awaitable[dict[str, Any]]:
        """The hall becomes what `hall.csv` says."""


class PaperDoors(Protocol):
    """What doors may do with printers; raises `Problem` and `Refusal`."""

    def printers_view(self) -> list[dict[str, Any]]:
        """Every printer, and whether it may be asked for paper."""

    def give_on_paper(
        self, command: IssueTicket, request: str, printer: str, address: str
    ) -> Awaitable[dict[str, Any]]:
        """A number on paper: comes back when the paper is out."""

    def test_print(self, printer: str) -> Awaitable[dict[str, Any]]:
        """A ticket that is marked as practice."""

    def print_label(self, printer: str, device: str, role: str, window: str | None) -> Awaitable[dict[str, Any]]:
        """A box's label on a printer."""

    def preview(self, service: str | None, paper_mm: int) -> Awaitable[bytes]:
        """A ticket as a picture (PNG), as the printer would burn it."""


@dataclass(frozen=True, slots=True)
class UpdateWish:
    """Who is to get an update: so many percent of the hall, or of one window, or one device."""

    id: str
    percent: int
    older: bool
    window: str | None
    device: str | None
    by: str


class UpdateDoors(Protocol):
    """What doors may do with a hall's update; raises `Problem`."""

    @property
    def most_bytes(self) -> int:
        """What an update may have."""

    def shown_update(self) -> dict[str, Any] | None:
        """The last one; None: there was none."""

    def begin_update(self, content: bytes, wish: UpdateWish) -> Awaitable[dict[str, Any]]:
        """Proves it and gives it out."""

    def stop_update(self) -> Awaitable[dict[str, Any]]:
        """Nobody is sent to any more."""

    def continue_update(self, *, again: bool) -> Awaitable[dict[str, Any]]:
        """After a stop; again: also to those that went wrong."""


class StaffDesk(Protocol):
    """Who may sign in; raises a `HubError`."""

    @property
    def wanted(self) -> bool:
        """Whether this hall asks for PINs."""

    def may(self, staff: str, pin: str) -> Awaitable[str | None]:
        """None, or `wrong_pin` or `locked`."""

    def reset(self, staff: str) -> Awaitable[str]:
        """A new PIN."""

    def change(self, staff: str, pin: str, fresh: str) -> Awaitable[str | None]:
        """A clerk's own new one; as `may`."""

    def shown(self) -> list[dict[str, Any]]:
        """Each clerk, and since when there is a PIN."""


@dataclass(frozen=True, slots=True)
class House:
    """The parts behind the doors."""

    hall: str
    journal: str
    laid_out: Callable[[], Layout]
    tokens: Tokens
    sessions: Sessions
    pages: Pages
    stream: Stream
    devices: DeviceDoors
    updates: UpdateDoors
    guide: Guide
    now_ms: Callable[[], int]
    # Never goes back: what waits is measured by it.
    rising_ms: Callable[[], int]
    tick: Callable[[], dict[str, Any]]
    calls: Callable[[Container[str], int], list[dict[str, Any]]]
    phone: Callable[[str], dict[str, Any] | None]
    held_by: Callable[[str], str | None]
    # Where phones in the hall find this hub; empty: where the page that asks found it.
    address: str
    aloud: Callable[[str, str], Awaitable[dict[str, Any]]]
    clip: Callable[[str], Sounding | None]
    rows: HallRows
    paper: PaperDoors
    staff: StaffDesk
    admin: Callable[[], Facts]
    submit: Callable[[Command, str], Awaitable[dict[str, Any]]]
    hall_view: Callable[[], dict[str, Any]]
    queue_view: Callable[[], dict[str, Any]]
    desk_view: Callable[[str], dict[str, Any]]
    read_events: Callable[[int, int], Awaitable[Sequence[bytes]]]
    ready: Callable[[], dict[str, Any]]
    metrics: Callable[[], Values]

    @property
    def layout(self) -> Layout:
        """The hall as the next command is decided in."""
        return self.laid_out()


HOUSE: web.AppKey[House] = web.AppKey("house", House)


def address(request: web.Request) -> str:
    """Where a phone in the hall finds this hub."""
    return request.app[HOUSE].address or f"{request.scheme}://{request.host}"
