"""What has happened, as the core says it; the journal puts it into the contract's envelope."""

from dataclasses import dataclass, field
from typing import Any

TICKET_ISSUED = "hall.ticket.issued"
TICKET_CALLED = "hall.ticket.called"
TICKET_ARRIVED = "hall.ticket.arrived"
TICKET_FINISHED = "hall.ticket.finished"
TICKET_RECALLED = "hall.ticket.recalled"
TICKET_NO_SHOW = "hall.ticket.no_show"
TICKET_RESTORED = "hall.ticket.restored"
TICKET_HELD = "hall.ticket.held"
TICKET_RESUMED = "hall.ticket.resumed"
TICKET_TRANSFERRED = "hall.ticket.transferred"
TICKET_CANCELLED = "hall.ticket.cancelled"
TICKET_UNDONE = "hall.ticket.undone"
TICKET_PRINTED = "hall.ticket.printed"
TICKET_PRINT_FAILED = "hall.ticket.print_failed"
# Numbers that a dispenser may give while the hub is away; and what became of them.
LEASE_GRANTED = "hall.lease.granted"
LEASE_CLOSED = "hall.lease.closed"
RATING_INVITED = "hall.rating.invited"
RATING_SUBMITTED = "hall.rating.submitted"
RATING_UNRATED = "hall.rating.unrated"
RATING_IGNORED = "hall.rating.ignored"
STAFF_SIGNED_IN = "hall.staff.signed_in"
STAFF_SIGNED_OUT = "hall.staff.signed_out"
STAFF_PIN_SET = "hall.staff.pin_set"
ATTENDANCE_NOTED = "hall.attendance.noted"
WINDOW_PAUSED = "hall.window.paused"
WINDOW_UNPAUSED = "hall.window.unpaused"
WINDOW_EMPTY = "hall.window.empty"
WINDOW_COVERED = "hall.window.covered"
DEVICE_ONLINE = "hall.device.online"
DEVICE_OFFLINE = "hall.device.offline"
DEVICE_BOOTED = "hall.device.booted"
DEVICE_FAULT = "hall.device.fault"
DEVICE_RECOVERED = "hall.device.recovered"
DEVICE_KEY_TESTED = "hall.device.key_tested"
DEVICE_REPLACED = "hall.device.replaced"
DEVICE_UPDATED = "hall.device.updated"
# A fact of a kind, or with fields, that these rules can't read: kept whole, acknowledged, never in the device's way.
DEVICE_FACT_UNREADABLE = "hall.device.fact_unreadable"
HUB_STARTED = "hall.hub.started"
CLOCK_STEPPED = "hall.hub.clock_stepped"
# The hall goes on from a backup; what came after it may be lost.
JOURNAL_RESTORED = "hall.journal.restored"
# A wrong business date put right by hand (architecture, decision 7).
DATE_SET = "hall.hub.date_set"
# A manager changed the hall's own configuration: windows, services, staff, announcements.
HALL_CHANGED = "hall.config.changed"
# From the one to the other, what happens at tickets, windows and ratings is practice.
TRAINING_BEGAN = "hall.training.began"
TRAINING_ENDED = "hall.training.ended"


@dataclass(frozen=True, slots=True)
class Now:
    """A moment as the hub knows it; earliest and latest bound it where it is unsure.

    monotonic_ms: a clock that never steps, for telling a step of this one (the service's business, not the rules').
    """

    ms: int
    sure: bool = True
    earliest_ms: int | None = None
    latest_ms: int | None = None
    monotonic_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event: type, subject and data as in the contract; time_ms is when it happened (UTC).

    secret: the ticket's token on its way into the reply; it is in no event and never journalled.
    """

    type: str
    subject: str
    data: dict[str, Any]
    time_ms: int
    earliest_ms: int | None = None
    latest_ms: int | None = None
    sure: bool = True
    secret: str | None = field(default=None, repr=False, compare=False)
