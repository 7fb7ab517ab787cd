"""What a device's fact becomes. Every new fact yields one event that carries (device, epoch, fact); a repeat none."""

from collections.abc import Callable
from typing import Any

from hub.queueing import events as ev
from hub.queueing import paper_facts
from hub.queueing.commands import AcceptFact
from hub.queueing.events import Event, Now
from hub.queueing.paper_facts import Part, UnreadableFactError
from hub.queueing.state import State
from hub.queueing.tables import RunState

GRADES = range(1, 6)
UNRATED_REASONS = ("timeout", "device_fault", "declined")
IGNORED_WHYS = ("not_invited", "repeated", "key_test")
RATING_CHANNEL = "evaluator"

# A press can't be later than the hub's taking it; this much is rounding and drift of a board's clock.
AHEAD_MS = 1_000


def decide_fact(state: State, command: AcceptFact, now: Now) -> list[Event]:
    """The events of a new fact, one of which carries its number; none for one already stored."""
    if command.fact <= state.stored_through(command.device, command.epoch):
        return []
    reader = _READERS.get(command.kind)
    try:
        paper = paper_facts.READERS.get(command.kind)
        if paper is not None:
            return _all_of(paper(state, command, now), command, now)
        if reader is None:
            raise UnreadableFactError(f"kind {command.kind!r} is not known")
        kind, subject, data = reader(state, command)
    except UnreadableFactError as error:
        kind, subject, data = _unreadable(command, str(error))
    data |= {"device": command.device, "epoch": command.epoch, "fact": command.fact}
    return [at_its_time(kind, subject, data, command, now)]


def _all_of(parts: list[Part], command: AcceptFact, now: Now) -> list[Event]:
    """What one fact says in several events; the first of kind printed or print_failed carries it."""
    events = []
    for kind, subject, data in parts:
        if kind in (ev.TICKET_PRINTED, ev.TICKET_PRINT_FAILED):
            data |= {"device": command.device, "epoch": command.epoch, "fact": command.fact}
        events.append(at_its_time(kind, subject, data, command, now))
    return events


def at_its_time(kind: str, subject: str, data: dict[str, Any], command: AcceptFact, now: Now) -> Event:
    """Stamped with when it happened; where nobody knows, with the latest it can have been, marked unsure."""
    earliest_ms, latest_ms = command.earliest_ms, command.latest_ms
    if command.time_ms is not None and now.sure and command.time_ms > now.ms + AHEAD_MS:
        # Nothing is known of it but that it has happened.
        return Event(kind, subject, data, now.ms, earliest_ms, now.ms, sure=False)
    if command.time_ms is not None:
        sure = now.sure and earliest_ms is None and latest_ms is None
        if not now.sure and earliest_ms is None and latest_ms is None:
            earliest_ms, latest_ms = now.earliest_ms, now.latest_ms
        return Event(kind, subject, data, command.time_ms, earliest_ms, latest_ms, sure)
    time_ms = now.ms if latest_ms is None else min(latest_ms, now.ms)
    return Event(kind, subject, data, time_ms, earliest_ms, time_ms if latest_ms is None else latest_ms, sure=False)


def _run_id(command: AcceptFact) -> str:
    run = command.data.get("run")
    if not isinstance(run, str) or not run:
        raise UnreadableFactError("run is missing")
    return run


def _rated(state: State, command: AcceptFact) -> tuple[str, str, dict[str, Any]]:
    run_id, grade = _run_id(command), command.data.get("grade")
    if type(grade) is not int or grade not in GRADES:
        raise UnreadableFactError("grade is not 1 to 5")
    run = state.runs.get(run_id)
    if run is not None and run.state is RunState.RATED:
        return ev.RATING_IGNORED, _place(command), {"window": command.window, "why": "repeated"}
    window = run.window if run else command.window
    data = {
        "run": run_id,
        "ticket": run.ticket if run else None,
        "window": window,
        "staff": run.staff if run else None,
        "service": run.service if run else None,
        "grade": grade,
        "channel": RATING_CHANNEL,
        "pressed_after_ms": command.data.get("pressed_after_ms"),
    }
    return ev.RATING_SUBMITTED, f"window/{window}" if window else _place(command), data


def _unrated(state: State, command: AcceptFact) -> tuple[str, str, dict[str, Any]]:
    run_id, reason = _run_id(command), command.data.get("reason")
    if reason not in UNRATED_REASONS:
        raise UnreadableFactError(f"reason is none of {', '.join(UNRATED_REASONS)}")
    run = state.runs.get(run_id)
    window = run.window if run else command.window
    data = {"run": run_id, "window": window, "staff": run.staff if run else None, "reason": reason}
    return ev.RATING_UNRATED, f"window/{window}" if window else _place(command), data


def _ignored(state: State, command: AcceptFact) -> tuple[str, str, dict[str, Any]]:
    why = command.data.get("why")
    if why not in IGNORED_WHYS:
        raise UnreadableFactError(f"why is none of {', '.join(IGNORED_WHYS)}")
    # Only the reason goes on: whatever else came with it could tell the grade.
    return ev.RATING_IGNORED, _place(command), {"window": command.window, "why": why}


def _device(kind: str) -> Callable[[State, AcceptFact], tuple[str, str, dict[str, Any]]]:
    def read(_state: State, command: AcceptFact) -> tuple[str, str, dict[str, Any]]:
        data = {"role": command.role, "detail": dict(command.data), "window": command.window}
        return kind, f"device/{command.device}", data

    return read


def _unreadable(command: AcceptFact, why: str) -> tuple[str, str, dict[str, Any]]:
    detail = {"kind": command.kind, "fields": dict(command.data), "why": why}
    data = {"role": command.role, "detail": detail, "window": command.window}
    return ev.DEVICE_FACT_UNREADABLE, f"device/{command.device}", data


def _place(command: AcceptFact) -> str:
    return f"window/{command.window}" if command.window else f"device/{command.device}"


_READERS: dict[str, Callable[[State, AcceptFact], tuple[str, str, dict[str, Any]]]] = {
    "rated": _rated,
    "unrated": _unrated,
    "ignored": _ignored,
    "booted": _device(ev.DEVICE_BOOTED),
    "key_tested": _device(ev.DEVICE_KEY_TESTED),
    "fault": _device(ev.DEVICE_FAULT),
    "recovered": _device(ev.DEVICE_RECOVERED),
}
