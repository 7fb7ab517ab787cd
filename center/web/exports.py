"""The door of the exports: a province's records, as CSV or JSON, and how often each field could not be filled."""

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

from aiohttp import web

from center.config import Hall
from center.exports.profiles import PROFILES, Profile, Record, with_default
from center.people.reader import Reader
from center.people.roles import EXPORT
from center.store.following import RatedRow
from center.web.asking import dates
from center.web.audit import audit
from center.web.context import CENTER, Center, parts_in_scope, require_actor
from common.problem import Problem

CHUNK = 1000  # runs read at a time: memory stays flat however long the range
FORMATS = ("csv", "json")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def record_of(row: RatedRow, hall: Hall, window_departments: dict[str, str]) -> Record:
    """A run of the store as the profiles take it."""
    run, said = row.row, row.data
    return Record(
        hall=run.hall,
        run=run.run,
        date=run.date,
        offset_minutes=hall.offset_minutes,
        window=run.window,
        staff=run.staff,
        service=run.service,
        grade=run.grade,
        rated_ms=run.rated_ms,
        channel=None if run.grade is None else str(said.get("channel") or "box"),
        reasons=tuple(str(reason) for reason in said.get("reasons") or ()),
        words=str(said.get("words") or ""),
        department=window_departments.get(run.window or ""),
        area=hall.area_code or None,
    )


async def records(center: Center, reader: Reader, halls: list[Hall], days: tuple[str, str]) -> AsyncIterator[Record]:
    """Every run in scope, hall by hall."""
    for hall in halls:
        windows = reader.scope.windows(hall)
        after = ("", "")
        while rows := await center.store.records(hall.id, days, after, CHUNK):
            after = rows[-1].row.date, rows[-1].row.run
            for row in rows:
                if windows is None or row.row.window in windows:
                    yield record_of(row, hall, hall.departments)


async def rows(
    center: Center, reader: Reader, profile: Profile, halls: list[Hall], days: tuple[str, str]
) -> AsyncIterator[dict[str, str]]:
    """The same in a place's words, an unrated run as it counts silence by today's date in the hall."""
    today = center.dates()
    async for found in records(center, reader, halls, days):
        since = (date.fromisoformat(today[found.hall]) - date.fromisoformat(found.date)).days
        yield profile.row(with_default(found, since, profile.default_after_days))


def _asked(request: web.Request, center: Center, reader: Reader) -> tuple[Profile, list[Hall], tuple[str, str], str]:
    profile = PROFILES.get(request.match_info["profile"])
    if profile is None:
        raise Problem(404, "no-such-profile", "There is no such profile", f"One of {', '.join(PROFILES)}.")
    kind = request.query.get("format", "csv")
    if kind not in FORMATS:
        raise Problem(400, "bad-request", f"format={kind!r} is not known", f"One of {', '.join(FORMATS)}.")
    halls = parts_in_scope(center, reader)
    wanted = request.query.get("hall")
    if wanted:
        halls = [hall for hall in halls if hall.id == wanted]
        if not halls:
            raise Problem(404, "no-such-hall", "There is no such hall here", wanted)
    days = center.settings.exports.default_after_days.get(profile.id)
    return replace(profile, default_after_days=days), halls, dates(request), kind


async def get_export(request: web.Request) -> web.StreamResponse:
    """GET /api/v1/exports/{profile}?from&to&hall&format=csv|json."""
    center = request.app[CENTER]
    reader = await require_actor(request, EXPORT)
    profile, halls, days, kind = _asked(request, center, reader)
    await audit(center, "exported", reader, profile=profile.id, **{"from": days[0], "to": days[1]})
    name = f"{profile.id}-{days[0]}-{days[1]}.{kind}"
    answer = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8" if kind == "csv" else "application/json",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
    )
    await answer.prepare(request)
    empty = dict.fromkeys(profile.fields, 0)
    count = 0
    if kind == "csv":
        # With the mark by which spreadsheets know UTF-8.
        await answer.write(("\ufeff" + _line(list(profile.fields))).encode())
    else:
        head = {
            "profile": profile.id,
            "source": profile.source,
            "from": days[0],
            "to": days[1],
            "as_of": center.as_of(),
        }
        await answer.write((json.dumps(head, ensure_ascii=False)[:-1] + ', "records": [').encode())
    async for row in rows(center, reader, profile, halls, days):
        for field, value in row.items():
            empty[field] += not value
        text = _line(list(row.values())) if kind == "csv" else (", " if count else "") + _json(row)
        await answer.write(text.encode())
        count += 1
    if kind == "json":
        counted = {field: number for field, number in empty.items() if number}
        await answer.write(f'], "count": {count}, "empty": {_json(counted)}}}'.encode())
    await answer.write_eof()
    return answer


async def get_summary(request: web.Request) -> web.Response:
    """GET /api/v1/exports/{profile}/empty?from&to: how many records there are, and how often a field is empty."""
    center = request.app[CENTER]
    reader = await require_actor(request, EXPORT)
    profile, halls, days, _ = _asked(request, center, reader)
    empty = dict.fromkeys(profile.fields, 0)
    count = 0
    async for row in rows(center, reader, profile, halls, days):
        count += 1
        for field, value in row.items():
            empty[field] += not value
    counted: dict[str, Any] = {field: number for field, number in empty.items() if number}
    return web.json_response({"profile": profile.id, "count": count, "empty": counted, "as_of": center.as_of()})


def _line(cells: list[str]) -> str:
    """One CSV row; a cell that a spreadsheet would run as a formula begins with an apostrophe."""
    out = io.StringIO()
    safe = ["'" + cell if cell.startswith(FORMULA) else cell for cell in cells]
    csv.writer(out, lineterminator="\r\n").writerow(safe)
    return out.getvalue()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


ROUTES = (
    web.get("/api/v1/exports/{profile}", get_export),
    web.get("/api/v1/exports/{profile}/empty", get_summary),
)
