"""Numbers: when they are given, which, and on which business date."""

from hashlib import sha256
from typing import Any

from hub.queueing import events as ev
from hub.queueing import leases, numbers
from hub.queueing.commands import IssueTicket, SetDate
from hub.queueing.decide.ground import Ids, allowed, event, known_service
from hub.queueing.errors import Refusal
from hub.queueing.events import Event, Now
from hub.queueing.layout import Service
from hub.queueing.priority import CLASSES
from hub.queueing.state import DAYS_KEPT, State, WindowNow
from hub.queueing.times import day_after, local_date, local_minute
from hub.queueing.training import LETTER
from hub.queueing.window_commands import WalkUp

# Channels by which a number can be asked for; a walk-up is a command of its own.
CHANNELS = ("kiosk", "dispenser", "desk", "appointment")
APPOINTMENT = "appointment"
DEFAULT_OUTCOME = "done"
# A second 请评价 within this time is the same person's (domain, "Window without a queue").
WALK_UP_PAUSE_MS = 60_000
# Services of one visit; more is somebody playing with the kiosk.
ALSO_MOST = 5


def issue(state: State, command: IssueTicket, now: Now, ids: Ids) -> list[Event]:
    """A number for who waits."""
    if command.channel not in CHANNELS:
        raise Refusal("unknown_channel", "none", "issue", f"{command.channel!r} is none of {', '.join(CHANNELS)}.")
    wanted = (command.service, *command.also)
    for service in wanted:
        known_service(state, service, "issue")
        if service not in state.layout.served:
            detail = f"No window serves {state.layout.service_by_id[service].name}; nobody would be called."
            raise Refusal("not_served", "none", "issue", detail)
    if len(wanted) > 1 + ALSO_MOST:
        raise Refusal("too_many_services", "none", "issue", f"One visit has at most {1 + ALSO_MOST} services.")
    if command.priority is not None and command.priority not in CLASSES:
        raise Refusal("unknown_priority", "none", "issue", f"{command.priority!r} is none of {', '.join(CLASSES)}.")
    _check_open(state, state.layout.service_by_id[command.service], now)
    data = _issued_data(state, command.service, command.channel, now, ticket=ids.ticket(), verb="issue")
    _check_cap(state, state.layout.service_by_id[command.service], data["business_date"])
    token = ids.token()
    data["priority"] = _class(state, command, now)
    data["ahead"] = ahead(state, command.service)
    data["token_sha256"] = sha256(token.encode()).hexdigest()
    if data["priority"] is not None:
        data["verified_by"] = command.verified_by or command.channel
    if command.appointment_at_ms is not None:
        data["appointment_at_ms"] = command.appointment_at_ms
    if command.also:
        data["also"] = list(command.also)
    if command.matter is not None:
        data["matter"] = command.matter
    if command.printer is not None:
        data["printer"] = command.printer
    subject = f"ticket/{data['ticket']}"
    return [Event(ev.TICKET_ISSUED, subject, data, now.ms, now.earliest_ms, now.latest_ms, now.sure, token)]


def ahead(state: State, service: str) -> int:
    """How many wait for a service, those among them whose paper is on its way."""
    return state.waiting(service) + sum(ticket.service == service for ticket in state.printing.values())


def _class(state: State, command: IssueTicket, now: Now) -> str | None:
    """The priority class; an appointment that comes later than the grace waits like everybody else."""
    if command.priority not in (None, APPOINTMENT):
        return command.priority
    if command.priority is None and command.channel != APPOINTMENT:
        return None
    late_ms = 0 if command.appointment_at_ms is None else now.ms - command.appointment_at_ms
    return None if now.sure and late_ms > state.layout.grace_ms else APPOINTMENT


def gives(state: State, service_id: str, now: Now) -> bool:
    """Whether a number for this service would be given now."""
    service = state.layout.service_by_id[service_id]
    if service_id not in state.layout.served:
        return False
    date = business_date(state, now)
    try:
        _check_open(state, service, now)
        _check_cap(state, service, date)
    except Refusal:
        return False
    return leases.next_own(state, service, date, numbers.last(state, service, date)) is not None


def _check_open(state: State, service: Service, now: Now) -> None:
    """Refuses outside the hours; a hub that doesn't know the time turns nobody away."""
    if not service.hours or not now.sure:
        return
    minute = local_minute(now.ms, state.layout.offset_minutes)
    for begin, end in service.hours:
        # Minutes until closing, counted round midnight.
        left = (end - minute - 1) % 1440 + 1
        if left <= ((end - begin - 1) % 1440 + 1):
            if (begin, end) == service.hours[-1] and left <= service.last_ticket_min:
                detail = (
                    f"The last number for {service.name} is given {service.last_ticket_min} minutes before closing."
                )
                raise Refusal("too_late", "closing", "issue", detail)
            return
    hours = ", ".join(f"{_clock(begin)}–{_clock(end)}" for begin, end in service.hours)
    raise Refusal("closed", "closed", "issue", f"{service.name} is open {hours}; come back then.")


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _check_cap(state: State, service: Service, date: str) -> None:
    if service.daily_cap is not None and numbers.given(state, service, date) >= service.daily_cap:
        detail = f"All {service.daily_cap} numbers of today for {service.name} are given; come back tomorrow."
        raise Refusal("cap_reached", "full", "issue", detail)


def _issued_data(state: State, service_id: str, channel: str, now: Now, *, ticket: str, verb: str) -> dict[str, Any]:
    date = business_date(state, now)
    service = state.layout.service_by_id[service_id]
    number = leases.next_own(state, service, date, numbers.last(state, service, date))
    if number is None:
        raise Refusal("cap_reached", "full", verb, f"The numbers of {service.name} end with {service.last_number}.")
    return {
        "ticket": ticket,
        "number": f"{LETTER if state.training else ''}{service.prefix}{number:03d}",
        "service": service_id,
        "priority": None,
        "channel": channel,
        "ahead": 0,
        "business_date": date,
        "token_sha256": None,
    }


def business_date(state: State, now: Now) -> str:
    """The day whose numbers are being given; a new one begins only when no ticket is open, and never an earlier one.

    While the clock is unsure, what somebody said of the date goes before what it says.
    """
    today = local_date(now.ms, state.layout.offset_minutes)
    if not now.sure and state.day_shift:
        today = day_after(today, state.day_shift)
    if state.business_date and (state.tickets or today < state.business_date):
        return state.business_date
    return today


def set_date(state: State, command: SetDate, now: Now, ids: Ids) -> list[Event]:
    """The date put right: numbers go on where tickets are open or the date had numbers already."""
    if not command.staff:
        raise Refusal("no_staff", "none", "set_date", "Say who sets the date.")
    try:
        day_after(command.date, 0)
    except ValueError:
        raise Refusal("unknown_date", "none", "set_date", f"{command.date!r} is no date; write 2026-11-23.") from None
    known = [*state.days, state.business_date]
    if len(state.days) >= DAYS_KEPT and command.date < min(known):
        raise Refusal("date_too_old", "none", "set_date", f"Numbers are remembered back to {min(known)} only.")
    data = {
        "from_date": state.business_date or None,
        "to_date": command.date,
        "staff": command.staff,
        "what": command.reason,
    }
    return [event(ev.DATE_SET, "hub", data, now)]


def walk_up(state: State, command: WalkUp, now: Now, ids: Ids) -> list[Event]:
    """A service rendered without a number."""
    window = allowed(state, command.window, "walk_up")
    service = command.service or state.layout.window_by_id[window.id].services[0]
    known_service(state, service, "walk_up")
    last_ms = window.walked_up_at_ms
    if last_ms is not None and now.ms - last_ms < WALK_UP_PAUSE_MS:
        left_s = -(-(WALK_UP_PAUSE_MS - (now.ms - last_ms)) // 1000)
        raise Refusal("too_soon", window.state, "walk_up", f"The last one was just now; wait {left_s} s.")
    issued = _issued_data(state, service, "walk_up", now, ticket=ids.ticket(), verb="walk_up")
    subject = f"ticket/{issued['ticket']}"
    # Nobody measured how long it took: served_ms stays null.
    finished = finished_data(issued["ticket"], issued["number"], service, window, ids.run())
    return [event(ev.TICKET_ISSUED, subject, issued, now), event(ev.TICKET_FINISHED, subject, finished, now)]


def finished_data(ticket: str, number: str, service: str, window: WindowNow, run: str) -> dict[str, Any]:
    """The contract's fields of a finish."""
    return {
        "ticket": ticket,
        "run": run,
        "number": number,
        "window": window.id,
        "staff": window.staff,
        "service": service,
        "served_ms": None,
        "outcome": DEFAULT_OUTCOME,
    }
