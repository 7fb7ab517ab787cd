"""What goes in and out of the hub's doors: strict bodies, and the replies as the OpenAPI document shows them."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

Text = Annotated[str, Meta(min_length=1, max_length=64)]
Remark = Annotated[str, Meta(max_length=200)]


class Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A body that says what isn't known to it."""


class TicketWanted(Strict):
    """A number for a service."""

    service: Text
    id: UUID
    priority: Text | None = None
    # Who saw that the priority is due; else the channel stands for it.
    verified_by: Text | None = None
    appointment_at_ms: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    # Further services of the same visit, in their order.
    also: Annotated[list[Text], Meta(max_length=5)] = []
    # A printer at the hub: the answer comes when the paper is out, and a number whose paper fails is void.
    printer: Text | None = None


class Command(Strict, tag_field="command"):
    """A command by its name, under an id of its own."""

    id: UUID


class Next(Command, tag="next"):
    """下一位"""


class Arrive(Command, tag="arrive"):
    """到达"""


class CallNumber(Command, tag="call"):
    """A chosen number, and why it goes before the others."""

    number: Text
    reason: Remark | None = None


class Recall(Command, tag="recall"):
    """重呼"""


class NoShow(Command, tag="no_show"):
    """过号"""


class Restore(Command, tag="restore"):
    """A no-show has come after all."""

    number: Text


class Hold(Command, tag="hold"):
    """Set aside while its holder fetches something."""

    reason: Remark | None = None


class Resume(Command, tag="resume"):
    """A held ticket is back."""

    number: Text


class Transfer(Command, tag="transfer"):
    """转移"""

    to_service: Text | None = None
    to_window: Text | None = None
    back: bool = False
    reason: Remark | None = None


class Cancel(Command, tag="cancel"):
    """The ticket here is void, or another one by its number."""

    number: Text | None = None
    reason: Remark | None = None


class Undo(Command, tag="undo"):
    """Takes back a finish or a no-show, within a minute."""


class Finish(Command, tag="finish"):
    """办结; then: a further service of this visit."""

    outcome: Remark | None = None
    then: Text | None = None


class WalkUp(Command, tag="walk_up"):
    """请评价"""

    service: Text | None = None


class SignIn(Command, tag="sign_in"):
    """A clerk takes the window."""

    staff: Text
    role: Text = "A"
    # Where the hall lists its staff.
    pin: Annotated[str, Meta(max_length=64)] | None = None


class SignOut(Command, tag="sign_out"):
    """The clerk leaves."""


class Pause(Command, tag="pause"):
    """暂停"""

    reason: Remark | None = None


class Unpause(Command, tag="unpause"):
    """The window goes on."""


WindowCommand = (
    Next
    | CallNumber
    | Recall
    | Arrive
    | NoShow
    | Restore
    | Hold
    | Resume
    | Transfer
    | Cancel
    | Finish
    | Undo
    | WalkUp
    | SignIn
    | SignOut
    | Pause
    | Unpause
)


class SetDate(Command, tag="set_date"):
    """The business date put right."""

    date: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    reason: Remark | None = None


class Sweep(Command, tag="sweep"):
    """Every ticket still open is cancelled."""


class Training(Command, tag="training"):
    """The hall begins to practise, or works again; only while no ticket is open."""

    on: bool
    reason: Remark | None = None


DayCommand = SetDate | Sweep | Training


class Wait(msgspec.Struct, kw_only=True):
    """How long somebody is likely to wait, in minutes."""

    low_min: int
    high_min: int


class Ticket(msgspec.Struct, kw_only=True):
    """A number given; wait: null while too little is known."""

    training: bool
    number: str
    ticket: str
    ahead: int
    issued_at: str
    token: str
    wait: Wait | None


class Day(msgspec.Struct, kw_only=True):
    """The business date, how many tickets were cancelled, whether the hall practises."""

    training: bool
    business_date: str
    cancelled: int


class HeldTicket(msgspec.Struct, kw_only=True):
    """The ticket at a window."""

    ticket: str
    number: str
    service: str
    state: str
    issued_at: str | None
    called_at: str | None
    arrived_at: str | None


class Window(msgspec.Struct, kw_only=True):
    """A window's state, for its clerk."""

    training: bool
    window: str
    name: str
    services: list[str]
    state: str
    staff: str | None
    role: str | None
    reason: str | None
    ticket: HeldTicket | None
    waiting: int
    # Numbers set aside here, and no-shows of this window that can be restored.
    held: list[str]
    missed: list[str]


class HallService(msgspec.Struct, kw_only=True):
    """A service of the hall."""

    service: str
    prefix: str
    name: str
    name_en: str
    department: str
    department_en: str
    zone: str


class HallWindow(msgspec.Struct, kw_only=True):
    """A window of the hall."""

    window: str
    name: str
    name_en: str
    services: list[str]
    zone: str
    state: str
    # When the keys of its box were last tested, and how many of them gave nothing; none: never.
    keys_tested_at: str | None
    keys_dead: int | None


class HallZone(msgspec.Struct, kw_only=True):
    """A zone of the hall."""

    zone: str
    name: str
    name_en: str


class Announcement(msgspec.Struct, kw_only=True):
    """A line for boards; zone: whose, empty for all."""

    announcement: str
    text: str
    text_en: str
    zone: str


class Hall(msgspec.Struct, kw_only=True):
    """The hall as built."""

    hall: str
    # Nothing here is real work: the hall practises.
    training: bool
    # Rises with each change of the configuration.
    revision: int
    name: str
    name_en: str
    offset_minutes: int
    hours: str
    languages: list[str]
    services: list[HallService]
    windows: list[HallWindow]
    zones: list[HallZone]
    announcements: list[Announcement]


class Serving(msgspec.Struct, kw_only=True):
    """A number at a window."""

    window: str
    name: str
    number: str
    state: str


class Call(msgspec.Struct, kw_only=True):
    """A call; times: 1, and more for a recall."""

    number: str
    window: str
    called_at: str
    service: str
    times: int


class Queue(msgspec.Struct, kw_only=True):
    """Waiting and serving, without personal data."""

    training: bool
    business_date: str | None
    waiting: dict[str, int]
    serving: list[Serving]
    calls: list[Call]
    paused: list[str]
    # Numbers whose holders are not done, those set aside among them.
    open: int
    # By service, for who would take a number now.
    wait: dict[str, Wait | None]
    as_of: str


class Health(msgspec.Struct, kw_only=True):
    """Alive."""

    status: str


class Ready(msgspec.Struct, kw_only=True):
    """Journal open and devices served; `why` names what is not."""

    ready: bool
    why: list[str]
    hall: str
    version: str
    journal: dict[str, Any]
    uplink: dict[str, Any] | None
    devices: dict[str, int]
    # How the boxes' secrets are kept: how many are sealed, of how many, under which key, why not, what can't be read.
    secrets: dict[str, Any]
    voice: dict[str, Any] | None
    clock_sure: bool
    radios: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    each_device: list[dict[str, Any]]
    last_fault: dict[str, Any] | None


class ProblemDetails(msgspec.Struct, kw_only=True):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str | msgspec.UnsetType = msgspec.UNSET
    state: str | msgspec.UnsetType = msgspec.UNSET
    command: str | msgspec.UnsetType = msgspec.UNSET
