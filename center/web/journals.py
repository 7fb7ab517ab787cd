"""The doors of the halls: ingest, cursor, and the stored events for the auditor."""

import logging
import re

from aiohttp import web

from center import ingest
from center.errors import StoreBusyError, StoreError
from center.ingest import BatchError, Heading, RequestError, TooLargeError
from center.store import FOREIGN, Refused
from center.store.answers import Part, Stored
from center.web.audit import AUDIT, audit_hall
from center.web.context import CENTER, Center, Presence, json_response, require_hall, require_reader
from common.envelope import BATCH_CONTENT_TYPE
from common.problem import Problem

MAX_LIMIT = 1000  # events in one answer, as many as always fit in a batch
MAX_ANSWER = 4 * 1024 * 1024  # bytes in one answer, as much as a batch may have
RETRY_S = 1  # when the disk is behind

log = logging.getLogger("center")

_LIMIT = re.compile(r"[0-9]{1,6}")

TITLES = {"gap": "Events before this batch are missing", "forked": "This is not the journal that is stored here"}


def _refusal(refused: Refused) -> Problem:
    if refused.kind == FOREIGN:
        return Problem(403, FOREIGN, "A journal belongs to one hall", refused.detail)
    return Problem(409, refused.kind, TITLES[refused.kind], refused.detail, stored_through=refused.stored_through)


def _not_stored(error: StoreError) -> Problem:
    return Problem(503, "not-stored", "Nothing of this was stored", f"{error}. Send it again in {RETRY_S} s.")


async def post_events(request: web.Request) -> web.Response:
    """POST /api/v1/halls/{hall}/events: the events after N of journal J."""
    center = request.app[CENTER]
    hall = require_hall(request)
    if request.content_type != BATCH_CONTENT_TYPE:
        raise Problem(
            415, "wrong-content-type", f"Content-Type is {request.content_type}", f"Send {BATCH_CONTENT_TYPE}."
        )
    try:
        heading = Heading(
            hall.id,
            ingest.hubs_journal_id(request.query.get("journal")),
            ingest.position(request.query.get("after")),
            ingest.chain_link(request.headers.get("Journal-Chain")),
            hall.offset_minutes,
        )
        encoding = request.headers.get("Content-Encoding", "").lower()
        batch = await center.intake.read(heading, await request.read(), encoding)
        stored = await center.store.submit(batch, center.now_ms())
    except RequestError as error:
        center.metrics.batch("bad-request")
        raise Problem(400, "bad-request", "The request is not what this door asks for", str(error)) from error
    except BatchError as error:
        center.metrics.batch("unreadable")
        raise Problem(422, "unreadable", "This is no batch of events", f"{error}. Nothing was stored.") from error
    except TooLargeError as error:
        center.metrics.batch("too-large")
        raise Problem(413, "too-large", "More than 4 MiB unpacked", f"{error}. Send fewer events at a time.") from error
    except Refused as refused:
        center.metrics.batch(refused.kind)
        event = {"event": f"center.{refused.kind}"}
        log.warning("hall %s: refused as %s: %s", hall.id, refused.kind, refused.detail, extra=event)
        raise _refusal(refused) from refused
    except StoreBusyError as error:
        center.metrics.batch("busy")
        raise _not_stored(error) from error
    except StoreError as error:
        center.metrics.batch("not-stored")
        raise _not_stored(error) from error
    _heard(center, hall.id, stored)
    answer: dict[str, object] = {"journal": stored.journal, "stored_through": stored.stored_through}
    answer["quarantined"] = sorted(stored.quarantined)
    if stored.quarantined:
        answer["reasons"] = {str(sequence): reason for sequence, reason in sorted(stored.quarantined.items())}
    return json_response(answer)


def _heard(center: Center, hall: str, stored: Stored) -> None:
    """A batch tells how far we know; an empty one tells that there is nothing more to know now."""
    if stored.added:
        center.watch.note(hall)
        for sequence, reason in sorted(stored.quarantined.items()):
            event = {"event": "center.quarantined"}
            log.warning("hall %s, journal %s: event %d: %s", hall, stored.journal, sequence, reason, extra=event)
    center.metrics.batch("stored")
    center.metrics.events_stored += stored.added
    now_ms = center.now_ms()
    last_ms = stored.last_recorded_ms
    known_ms = now_ms if last_ms is None else min(now_ms, last_ms)
    before = center.presence.get(hall)
    center.presence[hall] = Presence(now_ms, max(known_ms, before.known_ms) if before else known_ms)


async def get_cursor(request: web.Request) -> web.Response:
    """GET /api/v1/halls/{hall}/cursor: where a hub goes on."""
    center = request.app[CENTER]
    hall = require_hall(request)
    try:
        cursor = await center.store.cursor(hall.id, ingest.journal_id(request.query.get("journal")))
    except RequestError as error:
        raise Problem(400, "bad-request", "The request is not what this door asks for", str(error)) from error
    except Refused as refused:
        raise _refusal(refused) from refused
    return json_response(
        {"journal": cursor.journal, "stored_through": cursor.stored_through, "chain": cursor.chain.hex()}
    )


async def get_events(request: web.Request) -> web.Response:
    """GET /api/v1/halls/{hall}/events: the stored events, byte for byte."""
    center = request.app[CENTER]
    require_reader(request, "auditor")
    name = request.match_info["hall"]
    hall = audit_hall(center.settings) if name == AUDIT else center.hall(name)
    if hall is None:
        raise Problem(404, "no-such-hall", "There is no such hall here", request.match_info["hall"])
    limit_text = request.query.get("limit", str(MAX_LIMIT))
    if not _LIMIT.fullmatch(limit_text) or int(limit_text) < 1:
        raise Problem(400, "bad-request", "limit is not a number", f"1 to {MAX_LIMIT}; more is cut to that.")
    try:
        journal = ingest.journal_id(request.query.get("journal"))
        after = ingest.position(request.query.get("after", "0"))
    except RequestError as error:
        raise Problem(400, "bad-request", "The request is not what this door asks for", str(error)) from error
    found = await center.store.events(hall.id, journal, Part(after, min(int(limit_text), MAX_LIMIT), MAX_ANSWER))
    return web.Response(
        body=b"[" + b",".join(found) + b"]",
        content_type=BATCH_CONTENT_TYPE,
        headers={"Cache-Control": "no-store"},
    )
