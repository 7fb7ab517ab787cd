"""The rows as the rules want them."""

from typing import Protocol

from hub.hall.errors import RowsError
from hub.hall.rows import Rows, ServiceRow
from hub.queueing.errors import LayoutError
from hub.queueing.layout import Layout, Service, Window

DISPENSER_KEYS = 12


class Standing(Protocol):
    """Whoever has the rows that hold now."""

    rows: Rows


def layout(hall: str, offset_minutes: int, rows: Rows) -> Layout:
    """The hall for the rules; raises `RowsError` where numbers could meet."""
    try:
        return Layout(
            hall=hall,
            offset_minutes=offset_minutes,
            services=tuple(map(_service, rows.services)),
            windows=tuple(
                Window(row.id, row.name, row.services, name_en=row.name_en, zone=row.zone) for row in rows.windows
            ),
            name=rows.hall.name,
            name_en=rows.hall.name_en,
            one_in=rows.hall.priority_one_in,
            grace_ms=rows.hall.appointment_grace_min * 60_000,
            sweep_minute=_minute(rows.hall.closing) if rows.hall.closing else None,
        )
    except LayoutError as error:
        raise RowsError("services", str(error)) from error


def _service(row: ServiceRow) -> Service:
    return Service(
        row.id,
        row.prefix,
        row.name,
        row.name_en,
        first_number=row.first_number,
        last_number=row.last_number or None,
        hours=tuple((_minute(span[:5]), _minute(span[6:])) for span in row.hours),
        last_ticket_min=row.last_ticket_min,
        daily_cap=row.daily_cap or None,
        department=row.department,
        department_en=row.department_en,
        zone=row.zone,
    )


def _minute(text: str) -> int:
    """Minutes of the day from 09:30."""
    return int(text[:2]) * 60 + int(text[3:])


def dispenser_keys(hall: Standing, device: str) -> tuple[str, ...]:
    """The services behind a dispenser's keys: its own, or all of the hall."""
    own = next((row.services for row in hall.rows.dispensers if row.device == device), ())
    return (own or tuple(row.id for row in hall.rows.services))[:DISPENSER_KEYS]


def dispenser_columns(hall: Standing, device: str) -> int:
    """Letters on a line of a dispenser's paper."""
    return next((32 for row in hall.rows.dispensers if row.device == device and row.paper_mm == 58), 48)


def stars(hall: Standing, staff: str) -> int | None:
    """How many a clerk has been given; None: none, or nobody the hall lists."""
    return next((row.stars for row in hall.rows.staff if row.code == staff), 0) or None


def service_place(hall: Standing, service: str) -> str:
    """Where one goes with a number: as it says itself, or its zone, or the zones of its windows."""
    rows = hall.rows
    found = next((row for row in rows.services if row.id == service), None)
    if found is None:
        return ""
    wanted = [found.zone] if found.zone else [row.zone for row in rows.windows if service in row.services]
    return found.place or " ".join(row.name for row in rows.zones if row.id in wanted)
