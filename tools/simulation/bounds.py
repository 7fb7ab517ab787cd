"""What grows, beside the limit that its own code names; no door tells most of it, so it is looked at from inside.

Looked at every second of every run, and nearly always in order: only what is beyond its limit is given a name.
"""

from collections.abc import Iterator
from typing import Any

from firmware import eventlog
from hub.devices.keeping import MAX_WAITING
from hub.links.link import WRITE_LIMIT_BYTES
from protocol.delivery import MAX_ANSWERS, MAX_REQUESTS
from protocol.framing import MAX_FEED, MAX_FRAME
from protocol.session import MAX_EVENTS, Endpoint

Grown = tuple[str, str, int, int]  # whose, what, how much now, the most


def of_box(name: str, log: Any, endpoint: Endpoint) -> Iterator[Grown]:
    """A box's memory and flash, as far as there is too much."""
    yield from of_endpoint(name, endpoint)
    yield from _beyond(name, "bytes of the log", log.used_bytes(), eventlog.LOG_BYTES)
    yield from _beyond(name, "runs that have ended", len(log.ended_runs), eventlog._MAX_RUNS)


def of_endpoint(name: str, endpoint: Endpoint) -> list[Grown]:
    """Either end of a session."""
    # Requests expire whatever waits already.
    requests = endpoint._requests
    return [
        *_beyond(name, "events not taken", len(endpoint._events), MAX_EVENTS + MAX_REQUESTS),
        *_beyond(name, "requests in flight", 0 if requests is None else len(requests._open), MAX_REQUESTS),
        *_beyond(name, "answers kept", len(endpoint._answers._order), MAX_ANSWERS),
        *_beyond(name, "bytes without a frame", endpoint._reader.held, MAX_FEED + MAX_FRAME),
    ]


def of_hub(life: Any) -> Iterator[Grown]:
    """A hub's queues: the journal's, the devices' tasks, every line's bytes."""
    queued, most = life.journal.queued_rows, life.journal._limits.queued_rows
    yield from _beyond("hub", "events that wait for the disk", queued, most)
    yield from _beyond("hub", "commands that wait", life.fleet.keeping.waiting, MAX_WAITING)
    for session in life.fleet.lines:
        yield from of_endpoint(session.name, session._endpoint)
        if session._link is not None:
            yield from _beyond(session.name, "bytes to write", len(session._link._pending), WRITE_LIMIT_BYTES)


def _beyond(who: str, what: str, now: int, most: int) -> tuple[Grown, ...]:
    return ((who, what, now, most),) if now > most else ()
