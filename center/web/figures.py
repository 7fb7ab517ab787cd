"""How each hall stands with the center."""

from typing import Any

from aiohttp import web

from center.config import Hall
from center.ingest import OWN
from center.store.answers import JournalState
from center.web.asking import READERS
from center.web.context import CENTER, Center, json_response, parts_in_scope, require_reader
from common.envelope import format_time

MAX_NAMED = 10  # events in quarantine that are named; all of them are counted


def hall_journals(journals: list[JournalState], hall: Hall) -> list[JournalState]:
    """A hall's journals, the one heard last first."""
    return [journal for journal in journals if journal.hall == hall.id and not journal.journal.startswith(OWN)]


def lag_s(center: Center, hall: Hall, latest: JournalState | None) -> float | None:
    """Seconds since the moment up to which the center knows what happened in a hall; None when it never heard of it."""
    presence = center.presence.get(hall.id)
    known = [presence.known_ms] if presence else []
    if latest is not None and latest.last_event_ms is not None:
        known.append(min(latest.last_event_ms, latest.received_ms))
    return max(0.0, (center.now_ms() - max(known)) / 1000) if known else None


async def get_halls(request: web.Request) -> web.Response:
    """GET /api/v1/halls: how each hall stands with the center."""
    center = request.app[CENTER]
    reader = require_reader(request, *READERS)
    halls = parts_in_scope(center, reader)
    journals = await center.store.journals()
    days = {day.hall: day for day in await center.store.hall_day(center.dates())}
    rows: list[dict[str, Any]] = []
    for hall in halls:
        own = hall_journals(journals, hall)
        part = reader.scope.windows(hall)
        boxes = None if part is None else [box for box in await center.store.devices([hall.id]) if box.window in part]
        latest = own[0] if own else None
        last_ms = latest.last_event_ms if latest else None
        rows.append(
            {
                "hall": hall.id,
                "name": hall.name,
                "name_en": hall.name_en or hall.id,
                "region": hall.region or None,
                "journal": latest.journal if latest else None,
                "stored_through": latest.stored_through if latest else 0,
                "last_event": None if last_ms is None else format_time(last_ms, hall.offset_minutes),
                "lag_s": lag_s(center, hall, latest),
                "devices": {"up": days[hall.id].devices_up, "all": days[hall.id].devices}
                if boxes is None
                else {"up": sum(box.up for box in boxes), "all": len(boxes)},
                "quarantined": sum(journal.quarantined for journal in own),
                "journals": [
                    {
                        "journal": journal.journal,
                        "stored_through": journal.stored_through,
                        "quarantined": journal.quarantined,
                    }
                    for journal in own
                ],
                # What could not be read may be of any department.
                "in_quarantine": [
                    {"journal": name, "sequence": sequence, "reason": reason}
                    for name, sequence, reason in await center.store.quarantine(hall.id, MAX_NAMED)
                    if part is None
                ],
            }
        )
    return json_response({"halls": rows, "as_of": center.as_of()})
