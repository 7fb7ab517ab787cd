"""What grows, beside the limit that its own code names; no door tells most of it, so it is looked at from inside."""

from collections.abc import Iterator
from typing import Any

from firmware import eventlog
from hub.devices.keeping import MAX_WAITING
from hub.links.link import WRITE_LIMIT_BYTES
from protocol.delivery import MAX_ANSWERS, MAX_REQUESTS
from protocol.framing import MAX_FEED, MAX_FRAME
from protocol.session import MAX_EVENTS, Endpoint

Bound = tuple[str, int, int]  # what, how much now, the most


def of_box(name: str, log: Any, endpoint: Endpoint) -> Iterator[Bound]:
    """A box's memory and flash."""
    yield from of_endpoint(name, endpoint)
    yield f"{name}: bytes of the log", log.used_bytes(), eventlog.LOG_BYTES
    yield f"{name}: runs that have ended", len(log.ended_runs), eventlog._MAX_RUNS


def of_endpoint(name: str, endpoint: Endpoint) -> Iterator[Bound]:
    """Either end of a session."""
    # Requests expire whatever waits already.
    yield f"{name}: events not taken", len(endpoint._events), MAX_EVENTS + MAX_REQUESTS
    requests = endpoint._requests
    yield f"{name}: requests in flight", 0 if requests is None else len(requests._open), MAX_REQUESTS
    yield f"{name}: answers kept", len(endpoint._answers._order), MAX_ANSWERS
    yield f"{name}: bytes without a frame", endpoint._reader.held, MAX_FEED + MAX_FRAME


def of_hub(life: Any) -> Iterator[Bound]:
    """A hub's queues: the journal's, the devices' tasks, every line's bytes."""
    yield "hub: events that wait for the disk", life.journal.queued_rows, life.journal._limits.queued_rows
    yield "hub: commands that wait", life.fleet.keeping.waiting, MAX_WAITING
    for session in life.fleet.lines:
        yield from of_endpoint(f"hub, {session.name}", session._endpoint)
        if session._link is not None:
            yield f"hub, {session.name}: bytes to write", len(session._link._pending), WRITE_LIMIT_BYTES
