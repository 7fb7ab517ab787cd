"""What a dispenser's facts about paper become: printed, not printed, and tickets given while the hub was away."""

from collections.abc import Callable
from typing import Any

from hub.queueing import events as ev
from hub.queueing.commands import AcceptFact
from hub.queueing.events import Now
from hub.queueing.state import State
from hub.queueing.tables import TicketState
from hub.queueing.times import local_date
from hub.queueing.training import real_side

NOT_PRINTED = "not_printed"

# An event's type, subject and data.
Part = tuple[str, str, dict[str, Any]]


class UnreadableFactError(Exception):
    """Among the readers of facts only: the fact is kept as it came."""


def printed_part(ticket: str, printer: str, *, reprint: bool) -> Part:
    """The paper is out."""
    data: dict[str, Any] = {"ticket": ticket, "printer": printer}
    if reprint:
        data["reprint"] = True
    return ev.TICKET_PRINTED, f"ticket/{ticket}", data


def failed_parts(state: State, ticket_id: str, printer: str, reason: str, *, reprint: bool) -> list[Part]:
    """No paper: said, and where nobody has called or served the ticket yet, its number is void."""
    data: dict[str, Any] = {"ticket": ticket_id, "printer": printer, "reason": reason}
    if reprint:
        data["reprint"] = True
    parts: list[Part] = [(ev.TICKET_PRINT_FAILED, f"ticket/{ticket_id}", data)]
    ticket = state.tickets.get(ticket_id)
    if ticket is not None and not reprint and ticket.state in (TicketState.PRINTING, TicketState.WAITING):
        parts.append(_cancelled(ticket.id, ticket.number, NOT_PRINTED))
    return parts


def _cancelled(ticket: str, number: str, reason: str) -> Part:
    data = {
        "ticket": ticket,
        "number": number,
        "window": None,
        "staff": None,
        "to_service": None,
        "to_window": None,
        "reason": reason,
    }
    return ev.TICKET_CANCELLED, f"ticket/{ticket}", data


def _text(command: AcceptFact, name: str, digits: int) -> str:
    value = command.data.get(name)
    if not isinstance(value, str) or len(value) != digits:
        raise UnreadableFactError(f"{name} is not {digits} hex digits")
    return value


def _reason(command: AcceptFact) -> str:
    reason = command.data.get("reason")
    if not isinstance(reason, str) or not reason:
        raise UnreadableFactError("reason is missing")
    return reason


def _printed(_state: State, command: AcceptFact, _now: Now) -> list[Part]:
    return [printed_part(_text(command, "ticket", 16), command.device, reprint=bool(command.data.get("reprint")))]


def _print_failed(state: State, command: AcceptFact, _now: Now) -> list[Part]:
    ticket, again = _text(command, "ticket", 16), bool(command.data.get("reprint"))
    return failed_parts(state, ticket, command.device, _reason(command), reprint=again)


def _away(state: State, command: AcceptFact, now: Now) -> list[Part]:
    """A ticket of a lease: issued, then printed or not. One of a day that is over is void, and seen as such.

    Numbers on loan are real ones, whatever the hall practises by now.
    """
    state = real_side(state)
    ticket, lease_id = _text(command, "ticket", 16), _text(command, "lease", 16)
    token = _text(command, "token_sha256", 64)
    service = state.layout.service_by_id.get(str(command.data.get("service")))
    number = command.data.get("number")
    if service is None or type(number) is not int or not 0 < number <= 9999:
        raise UnreadableFactError("service or number is not this hall's")
    lease = state.leases.get(lease_id)
    offset = state.layout.offset_minutes
    # A lease that isn't known is closed, or was granted in a part of the journal that is lost.
    happened_ms = command.time_ms if command.time_ms is not None else command.latest_ms
    date = lease.business_date if lease else local_date(now.ms if happened_ms is None else happened_ms, offset)
    text = f"{service.prefix}{number:03d}"
    issued: dict[str, Any] = {
        "ticket": ticket,
        "number": text,
        "service": service.id,
        "priority": None,
        "channel": "dispenser",
        "ahead": state.waiting(service.id),
        "business_date": date,
        "token_sha256": token,
        "printer": command.device,
        "lease": lease_id,
    }
    parts: list[Part] = [(ev.TICKET_ISSUED, f"ticket/{ticket}", issued)]
    if command.data.get("reason"):
        failed = {"ticket": ticket, "printer": command.device, "reason": _reason(command)}
        return [
            *parts,
            (ev.TICKET_PRINT_FAILED, f"ticket/{ticket}", failed),
            _cancelled(ticket, text, NOT_PRINTED),
        ]
    parts.append(printed_part(ticket, command.device, reprint=False))
    if date < state.business_date or (not state.tickets and now.sure and date < local_date(now.ms, offset)):
        parts.append(_cancelled(ticket, text, "lease_over"))
    elif state.find(text) is not None:
        parts.append(_cancelled(ticket, text, "number_taken"))
    return parts


READERS: dict[str, Callable[[State, AcceptFact, Now], list[Part]]] = {
    "printed": _printed,
    "print_failed": _print_failed,
    "away": _away,
}
