"""What the hall can be asked to do. One frozen class a command; `VERBS` gives the contract's word for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class IssueTicket:
    """A number for a service; channel: kiosk, dispenser, desk or appointment."""

    service: str
    channel: str
    priority: str | None = None


@dataclass(frozen=True, slots=True)
class CallNext:
    """下一位: the next one waiting for what this window serves."""

    window: str


@dataclass(frozen=True, slots=True)
class MarkArrived:
    """到达: the one called stands at the window."""

    window: str


@dataclass(frozen=True, slots=True)
class Finish:
    """办结: the service is done; makes the run."""

    window: str
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class WalkUp:
    """请评价 at a window without a queue: one service rendered without a number."""

    window: str
    service: str | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """A clerk takes the window; role A or B (角). With another one signed in, that one is signed out."""

    window: str
    staff: str
    role: str = "A"


@dataclass(frozen=True, slots=True)
class SignOut:
    """The clerk leaves the window."""

    window: str


@dataclass(frozen=True, slots=True)
class Pause:
    """暂停: the window calls nobody for a while."""

    window: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Unpause:
    """The window goes on."""

    window: str


@dataclass(frozen=True, slots=True)
class InvitationAccepted:
    """The evaluator has the run's invitation in its flash."""

    run: str
    device: str


@dataclass(frozen=True, slots=True)
class InvitationFailed:
    """No evaluator took the invitation; provisional, a submission may still come."""

    run: str
    device: str | None = None


@dataclass(frozen=True, slots=True)
class AcceptFact:
    """A fact from a device's log; epoch: 16 hex digits.

    kind and data: rated {run, grade, pressed_after_ms}, unrated {run, reason}, ignored {why}, booted {…},
    key_tested {…}, fault {code, …}, recovered {code, …}. time_ms: when it happened, or None and then earliest and
    latest as far as known. window: where the device stands.
    """

    device: str
    epoch: str
    fact: int
    kind: str
    window: str | None
    time_ms: int | None
    earliest_ms: int | None
    latest_ms: int | None
    data: Mapping[str, Any]
    role: str | None = "evaluator"


@dataclass(frozen=True, slots=True)
class DeviceOnline:
    """A device has proven itself; detail: what it said of itself."""

    device: str
    role: str
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class DeviceOffline:
    """A device is no longer heard."""

    device: str
    role: str
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class DeviceFaultSeen:
    """The hub saw a fault of a device (the device's own faults come as facts)."""

    device: str
    role: str
    code: str
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class HubStarted:
    """The hub has opened its journal."""

    version: str
    journal: str | None = None
    what: str | None = None


@dataclass(frozen=True, slots=True)
class ClockStepped:
    """The hub's clock jumped; from what it should have been to what it says."""

    from_ms: int
    to_ms: int
    what: str | None = None


WindowCommand = CallNext | MarkArrived | Finish | WalkUp | SignIn | SignOut | Pause | Unpause
Command = (
    IssueTicket
    | WindowCommand
    | InvitationAccepted
    | InvitationFailed
    | AcceptFact
    | DeviceOnline
    | DeviceOffline
    | DeviceFaultSeen
    | HubStarted
    | ClockStepped
)

# The contract's words for what a window can be asked (`POST /windows/{window}/commands`); what is not here is refused
# at the edge.
WINDOW_VERBS: dict[str, type[WindowCommand]] = {
    "next": CallNext,
    "arrive": MarkArrived,
    "finish": Finish,
    "walk_up": WalkUp,
    "sign_in": SignIn,
    "sign_out": SignOut,
    "pause": Pause,
    "unpause": Unpause,
}

VERBS: dict[type, str] = {kind: verb for verb, kind in WINDOW_VERBS.items()} | {
    IssueTicket: "issue",
    InvitationAccepted: "invitation_accepted",
    InvitationFailed: "invitation_failed",
    AcceptFact: "accept_fact",
    DeviceOnline: "device_online",
    DeviceOffline: "device_offline",
    DeviceFaultSeen: "device_fault_seen",
    HubStarted: "hub_started",
    ClockStepped: "clock_stepped",
}
