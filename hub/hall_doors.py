"""What doors ask of the hall's configuration: its rows, a change of them, the whole hall as a sheet and back."""

import asyncio
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any

import msgspec

from common import catalogue
from common.problem import Problem
from hub.devices.errors import RegistryError
from hub.devices.fleet import Fleet
from hub.devices.registry import Registry
from hub.hall import sheets
from hub.hall.changing import Changed, Changing
from hub.hall.difference import HALL
from hub.hall.errors import ChangedMeanwhileError, HallFileError, NothingToUndoError, RowsError
from hub.hall.rows import KEYS, Rows
from hub.hall.sheet_reading import SheetError
from hub.hall.sheet_words import DeviceRow
from hub.hall.store import HallStore
from hub.journal import JournalBusy, JournalError
from hub.web.hall_schema import HallWanted, UndoWanted, in_full


class HallDesk:
    """See `hub.web.house.HallRows`."""

    def __init__(self, hall: HallStore, changing: Changing, registry: Registry, fleet: Fleet) -> None:
        self._hall = hall
        self._changing = changing
        self._registry = registry
        self._fleet = fleet

    def services_view(self) -> dict[str, Any]:
        """Every service with all that is disclosed of it."""
        services = [msgspec.structs.asdict(row) for row in self._hall.rows.services]
        return {"revision": self._hall.revision, "services": services}

    def config_view(self) -> dict[str, Any]:
        """All rows, and what can be undone."""
        past = [
            {"revision": each.revision, "at": each.at, "by": each.by, "changes": each.changes}
            for each in reversed(self._hall.past)
        ]
        return {"revision": self._hall.revision, "undo": past, **in_full(self._hall.rows)}

    async def change_hall(self, wanted: HallWanted, by: str) -> dict[str, Any]:
        """A manager's change, whole tables at a time; what is not given stays."""
        given = {name: rows for name in (HALL, *KEYS) if (rows := getattr(wanted, name)) is not None}
        rows = msgspec.structs.replace(self._hall.rows, **given)
        return (await _changed(self._changing.change(rows, wanted.revision, by, dry_run=wanted.dry_run))).plain()

    async def undo_hall(self, wanted: UndoWanted, by: str) -> dict[str, Any]:
        """The last change taken back."""
        return (await _changed(self._changing.undo(wanted.revision, by, dry_run=wanted.dry_run))).plain()

    def sheet(self, *, chinese: bool) -> bytes:
        """The whole hall as `hall.csv`."""
        devices = [
            DeviceRow(device=known.device, role=known.role, window=known.window or "")
            for known in self._registry.standing()
        ]
        return sheets.write(self._hall.rows, devices, chinese=chinese)

    async def take_sheet(self, content: bytes, by: str, *, dry_run: bool, language: str) -> dict[str, Any]:
        """Makes the hall what `hall.csv` says, all of it or nothing; the answer says what changed, or would."""
        roles = {known.device: known.role for known in self._registry.standing()}
        try:
            sheet = await asyncio.to_thread(
                sheets.read, content, self._hall.rows, roles, catalogue.translations(language).gettext
            )
        except SheetError as error:
            wrongs = [wrong.plain() for wrong in error.wrongs]
            raise Problem(422, "wrong-sheet", "The file was not taken", str(error), errors=wrongs) from error
        places = sheet.places or {}
        moved = [
            known.device for known in self._registry.all() if places.get(known.device, known.window) != known.window
        ]
        refuse = partial(refuse_rows, self._registry, self._hall, places=places)
        change = self._changing.change(sheet.rows, None, by, dry_run=dry_run, refuse=refuse)
        reply = (await _changed(change)).plain()
        if moved and not dry_run:
            try:
                await self._fleet.place({name: places[name] for name in moved})
            except RegistryError as error:
                if reply["changes"]:
                    await _changed(self._changing.undo(None, by))
                raise Problem(503, "not-kept", "The file was not taken", str(error)) from error
        devices = [{"table": "devices", "row": name, "act": "changed", "fields": ["window"]} for name in moved]
        return reply | {"changes": [*reply["changes"], *devices]}


async def _changed(doing: Coroutine[Any, Any, Changed]) -> Changed:
    try:
        return await doing
    except ChangedMeanwhileError as error:
        raise Problem(409, "changed-meanwhile", "Somebody changed the hall meanwhile", str(error)) from error
    except NothingToUndoError as error:
        raise Problem(409, "nothing-to-undo", "Nothing can be undone", str(error)) from error
    except RowsError as error:
        raise Problem(422, "wrong-rows", "These rows can't stand together", str(error)) from error
    except HallFileError as error:
        raise Problem(503, "not-kept", "The change could not be kept; nothing was changed", str(error)) from error
    except JournalError as error:
        raise journal_problem(error) from error


def refuse_rows(
    registry: Registry, hall: HallStore, rows: Rows, places: Mapping[str, str | None] | None = None
) -> None:
    """A window where a box stands can't go; the box would ask nobody. places: where boxes will stand then."""
    windows = {row.id for row in rows.windows}
    known = {row.id for row in hall.rows.windows}
    for device in registry.all():
        window = (places or {}).get(device.device, device.window)
        if window in known and window not in windows:
            raise Problem(
                409,
                "device-stands-there",
                f"Window {window} has a device",
                f"{device.device} stands at window {window}; give it another place first.",
            )


def journal_problem(error: JournalError) -> Problem:
    """Why the journal did not take it."""
    kind = "busy" if isinstance(error, JournalBusy) else "journal-refuses"
    return Problem(503, kind, "The journal can't take this now; nothing was changed", str(error))
