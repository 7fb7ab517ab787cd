"""What the hall can be asked to do, besides what one window can. One frozen class a command; `VERBS` has all words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.queueing.layout import Layout
from hub.queueing.window_commands import WINDOW_VERBS, WindowCommand


@dataclass(frozen=True, slots=True)
class IssueTicket:
    """A number for a service; channel: kiosk, dispenser, desk or appointment.

    priority: a class of `priority.CLASSES`, verified_by: who saw that it is so (else the channel stands for it).
    appointment_at_ms: when the citizen was asked to come. also: services of the same visit, in their order.
    printer: who prints the paper and confirms it; until then the ticket stands in no line. matter: what the citizen
    came for, of the hall's list.
    """

    service: str
    channel: str
    priority: str | None = None
    verified_by: str | None = None
    appointment_at_ms: int | None = None
    also: tuple[str, ...] = ()
    printer: str | None = None
    matter: str | None = None


@dataclass(frozen=True, slots=True)
class TicketPrinted:
    """The paper of a ticket is out; reprint: a second one of the same."""

    ticket: str
    printer: str
    reprint: bool = False


@dataclass(frozen=True, slots=True)
class PrintFailed:
    """The paper didn't come out: the ticket is void, unless it was a reprint."""

    ticket: str
    printer: str
    reason: str
    reprint: bool = False


@dataclass(frozen=True, slots=True)
class GrantLease:
    """So many numbers of each service, for a dispenser to give while the hub is away, for so long."""

    device: str
    services: tuple[str, ...]
    count: int
    lasts_ms: int


@dataclass(frozen=True, slots=True)
class CloseLease:
    """The dispenser has told of all it gave of a lease: the rest is void."""

    lease: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PinSet:
    """A clerk has a new PIN; by: `manager`, who reset it, or the clerk's own code."""

    staff: str
    by: str


@dataclass(frozen=True, slots=True)
class CancelTicket:
    """A ticket is void, by its id or number and without a window: never printed, or given back."""

    ticket: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Sweep:
    """Cancels what is still open of days that are over; now: everything that is open, by somebody's word."""

    now: bool = False
    staff: str | None = None


@dataclass(frozen=True, slots=True)
class SetDate:
    """The business date is put right by somebody who may; staff: who."""

    date: str
    staff: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SetTraining:
    """The hall begins to practise, or works again; staff: whose word."""

    on: bool
    staff: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeHall:
    """The hall's configuration becomes another one; by: whose word; changes: which rows, as {table, row, act, fields}.

    layout: the hall from now on, None where the rules' part stays as it is. undoes: the revision that is taken back.
    settled: the hall was stopped and has been laid out anew since, so what stands open is not asked about.
    """

    revision: int
    by: str
    changes: tuple[Mapping[str, Any], ...] = ()
    layout: Layout | None = None
    undoes: int | None = None
    settled: bool = False


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
    key_tested {…}, fault {code, …}, recovered {code, …}, signed_in {staff, role},
    signed_out {}, printed {ticket, reprint}, print_failed {ticket, reason, reprint},
    away {lease, ticket, service, number, token_sha256, reason or None}: a ticket of a lease.
    time_ms: when it happened, or None and then earliest and latest as far as known. window: where the device stands.
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
class DeviceHeardAgain:
    """A box that nothing was heard of for long is back."""

    device: str
    role: str


@dataclass(frozen=True, slots=True)
class DeviceReplaced:
    """Another box stands where this one stood; detail: by whom, at which window, and the epoch of the dead key."""

    device: str
    role: str
    by: str
    window: str | None
    epoch: str


@dataclass(frozen=True, slots=True)
class DeviceTested:
    """A technician tried every key, lamp and sound of a box over its cable; detail: what works."""

    device: str
    role: str
    window: str | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeviceUpdated:
    """What became of a new firmware on a box; detail: outcome, version, was, reason, update."""

    device: str
    role: str
    detail: Mapping[str, Any]


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


Command = (
    IssueTicket
    | WindowCommand
    | TicketPrinted
    | PrintFailed
    | GrantLease
    | CloseLease
    | CancelTicket
    | PinSet
    | Sweep
    | SetDate
    | ChangeHall
    | SetTraining
    | InvitationAccepted
    | InvitationFailed
    | AcceptFact
    | DeviceOnline
    | DeviceOffline
    | DeviceFaultSeen
    | DeviceHeardAgain
    | DeviceReplaced
    | DeviceTested
    | DeviceUpdated
    | HubStarted
    | ClockStepped
)

VERBS: dict[type, str] = {kind: verb for verb, kind in WINDOW_VERBS.items()} | {
    IssueTicket: "issue",
    TicketPrinted: "printed",
    PrintFailed: "print_failed",
    GrantLease: "grant_lease",
    CloseLease: "close_lease",
    CancelTicket: "cancel",
    PinSet: "pin_set",
    Sweep: "sweep",
    SetDate: "set_date",
    ChangeHall: "change_hall",
    SetTraining: "training",
    InvitationAccepted: "invitation_accepted",
    InvitationFailed: "invitation_failed",
    AcceptFact: "accept_fact",
    DeviceOnline: "device_online",
    DeviceOffline: "device_offline",
    DeviceFaultSeen: "device_fault_seen",
    DeviceHeardAgain: "device_heard_again",
    DeviceReplaced: "device_replaced",
    DeviceTested: "device_tested",
    DeviceUpdated: "device_updated",
    HubStarted: "hub_started",
    ClockStepped: "clock_stepped",
}
