"""The rows as the rules want them."""

from hub.hall.errors import RowsError
from hub.hall.rows import Rows, ServiceRow
from hub.queueing.errors import LayoutError
from hub.queueing.layout import Layout, Service, Window


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
