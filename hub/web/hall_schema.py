"""What goes in and out of the doors to the hall's configuration."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from common import settings
from common.problem import Problem
from common.settings import SettingsError
from hub.hall.rows import (
    KEYS,
    MAX_BYTES,
    AnnouncementRow,
    DispenserRow,
    HallRow,
    LedRow,
    LinkRow,
    MatterRow,
    PrinterRow,
    Rows,
    ServiceRow,
    StaffRow,
    WindowRow,
    ZoneRow,
    table,
)
from hub.web.bodies import read_json

# All rows of the largest hall, escaped as JSON may be, and the words around them.
CONFIG_BYTES = 2 * MAX_BYTES


class HallWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Tables that are to be the hall's, each whole and in its order; one that is not given stays as it is.

    revision: of the rows that this was made from; where the hall is at another one, nothing is changed. dry_run: only
    say what would change.
    """

    revision: int | None = None
    dry_run: bool = False
    hall: HallRow | None = None
    zones: tuple[ZoneRow, ...] | None = None
    services: Annotated[tuple[ServiceRow, ...], Meta(min_length=1)] | None = None
    windows: Annotated[tuple[WindowRow, ...], Meta(min_length=1)] | None = None
    matters: tuple[MatterRow, ...] | None = None
    staff: tuple[StaffRow, ...] | None = None
    announcements: tuple[AnnouncementRow, ...] | None = None
    links: tuple[LinkRow, ...] | None = None
    printers: tuple[PrinterRow, ...] | None = None
    leds: tuple[LedRow, ...] | None = None
    dispensers: tuple[DispenserRow, ...] | None = None


class UndoWanted(msgspec.Struct, frozen=True, kw_only=True):
    """The last change is to be taken back, as a change of its own."""

    revision: int | None = None
    dry_run: bool = False


class RowChange(msgspec.Struct, kw_only=True):
    """A row's difference: added, changed (fields names what), removed; ordered: the table's order (row is empty)."""

    table: str
    row: str
    act: str
    fields: list[str]


class HallChanged(msgspec.Struct, kw_only=True):
    """The hall's revision now, what changed (or would), and the tokens of new windows, shown this once."""

    revision: int
    changes: list[RowChange]
    tokens: dict[str, str]


class PastChange(msgspec.Struct, kw_only=True):
    """A change that can be taken back."""

    revision: int
    at: str
    by: str
    changes: list[RowChange]


class HallConfig(msgspec.Struct, kw_only=True):
    """All rows; undo: what can be taken back, the last change first."""

    revision: int
    undo: list[PastChange]
    hall: HallRow
    zones: list[ZoneRow]
    services: list[ServiceRow]
    windows: list[WindowRow]
    matters: list[MatterRow]
    staff: list[StaffRow]
    announcements: list[AnnouncementRow]
    links: list[LinkRow]
    printers: list[PrinterRow]
    leds: list[LedRow]
    dispensers: list[DispenserRow]


class HallServices(msgspec.Struct, kw_only=True):
    """Every service with all that is disclosed of it."""

    revision: int
    services: list[ServiceRow]


async def read_rows(request: web.Request, kind: Any) -> Any:
    """The request's JSON as `kind`; a problem names the row, the field, and what is allowed there."""
    content = await read_json(request, CONFIG_BYTES)
    try:
        raw = msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "no-json", "The body is no JSON object", str(error)) from error
    try:
        return settings.convert(Path("body"), raw, kind)
    except SettingsError as error:
        raise Problem(422, "wrong-body", "The body isn't what this door takes", str(error)) from error


def in_full(rows: Rows) -> dict[str, Any]:
    """All tables with every field, those at their default, too."""
    tables: dict[str, Any] = {name: list(map(msgspec.structs.asdict, table(rows, name))) for name in KEYS}
    return {"hall": msgspec.structs.asdict(rows.hall), **tables}


def public_rows(rows: Rows) -> dict[str, Any]:
    """What everybody may know of the rows, besides what the rules say."""
    return {
        "hours": rows.hall.hours,
        "zones": [{"zone": row.id, "name": row.name, "name_en": row.name_en} for row in rows.zones],
        "announcements": [
            {"announcement": row.id, "text": row.text, "text_en": row.text_en, "zone": row.zone}
            for row in rows.announcements
        ],
    }
