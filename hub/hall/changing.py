"""A change of the hall from the wish to the fact: checked, journalled, settled, told to the parts that follow it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from hub.hall.errors import HallFileError
from hub.hall.layout import layout
from hub.hall.rows import Rows
from hub.hall.store import HallStore, Prepared
from hub.queueing.commands import ChangeHall
from hub.queueing.layout import Layout

Log = Callable[..., None]
# Whose word a change of the settings file is.
SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of it; `tokens` are shown this once."""

    revision: int
    changes: list[dict[str, Any]]
    tokens: dict[str, str]

    def plain(self) -> dict[str, Any]:
        """For an answer."""
        return {"revision": self.revision, "changes": self.changes, "tokens": self.tokens}


@dataclass(frozen=True, slots=True)
class Around:
    """What changing needs of the house.

    submit journals the command and comes back when it is durable, or raises; would raises the refusal it would meet.
    follow: makes the parts that are not rules (lines, tokens) follow the rows; returns new tokens by their holder.
    refuse: raises where something that is no rule stands in the way (a device at a window that goes).
    """

    hall: str
    offset_minutes: int
    submit: Callable[[ChangeHall], Awaitable[Any]]
    would: Callable[[ChangeHall], None]
    laid_out: Callable[[], tuple[int, Layout]]
    follow: Callable[[Rows], Awaitable[dict[str, str]]]
    refuse: Callable[[Rows], None]
    at: Callable[[], str]
    log: Log


class Changing:
    """One change at a time."""

    def __init__(self, store: HallStore, around: Around) -> None:
        self.store = store
        self._around = around
        self._one = asyncio.Lock()
        self._started = False

    async def start(self) -> None:
        """What a stop left open is settled; what the settings file changed is taken in. Raises `HallError`."""
        async with self._one:
            await self._ready()

    async def _ready(self) -> None:
        self._settle_left()
        if self._started:
            return
        rows = self.store.taken_in()
        prepared = self.store.prepare(self.store.rows if rows is None else rows)
        if prepared.changes:
            await self._do(prepared, SETTINGS, settled=True)
        elif self._around.laid_out() != (self.store.revision, self._layout(self.store.rows)):
            # The first start, or a journal that begins anew or was restored.
            command = ChangeHall(self.store.revision, SETTINGS, (), self._layout(self.store.rows), settled=True)
            await self._around.submit(command)
        self.store.keep_seed()
        self._started = True

    def _settle_left(self) -> None:
        """A change that was under way when somebody pulled the plug, or cancelled it: the journal says how it ended."""
        if self.store.pending is not None:
            happened = self._around.laid_out()[0] == self.store.pending
            self.store.settle(happened=happened)

    async def change(
        self,
        rows: Rows,
        revision: int | None,
        by: str,
        *,
        dry_run: bool = False,
        refuse: Callable[[Rows], None] | None = None,
    ) -> Changed:
        """Makes `rows` the hall's; raises `HallError`, `Refusal`, or what `submit` raises (nothing has changed).

        refuse: instead of the house's own, where what stands in the way is changed with the rows.
        """
        async with self._one:
            await self._ready()
            prepared = self.store.prepare(rows, revision)
            (refuse or self._around.refuse)(prepared.rows)
            return await self._change(prepared, by, dry_run=dry_run)

    async def undo(self, revision: int | None, by: str, *, dry_run: bool = False) -> Changed:
        """Takes the last change back, as a change of its own."""
        async with self._one:
            await self._ready()
            rows, undone = self.store.before_last()
            prepared = self.store.prepare(rows, revision)
            self._around.refuse(prepared.rows)
            return await self._change(prepared, by, undoes=undone, dry_run=dry_run)

    async def _change(self, prepared: Prepared, by: str, *, dry_run: bool, undoes: int | None = None) -> Changed:
        changes = [change.plain() for change in prepared.changes]
        if not changes:
            return Changed(self.store.revision, [], {})
        if dry_run:
            self._around.would(self._command(prepared, by, undoes, settled=False))
            return Changed(self.store.revision, changes, {})
        tokens = await self._do(prepared, by, undoes)
        return Changed(self.store.revision, changes, tokens)

    async def _do(
        self, prepared: Prepared, by: str, undoes: int | None = None, *, settled: bool = False
    ) -> dict[str, str]:
        command = self._command(prepared, by, undoes, settled=settled)
        await asyncio.to_thread(self.store.begin, prepared, by, self._around.at(), undo=undoes is not None)
        try:
            await self._around.submit(command)
        except Exception:
            await asyncio.to_thread(self.store.settle, happened=False)
            raise
        try:
            await asyncio.to_thread(self.store.settle, happened=True)
        except HallFileError as error:
            # It is done; the file says pending, and the next start settles it.
            self._around.log("hub.hall_file_not_written", why=str(error))
        self._around.log("hub.hall_changed", revision=prepared.revision, by=by, rows=len(prepared.changes))
        return await self._around.follow(self.store.rows)

    def _command(self, prepared: Prepared, by: str, undoes: int | None, *, settled: bool) -> ChangeHall:
        after = self._layout(prepared.rows)
        return ChangeHall(
            prepared.revision,
            by,
            tuple(change.plain() for change in prepared.changes),
            None if after == self._around.laid_out()[1] else after,
            undoes,
            settled,
        )

    def _layout(self, rows: Rows) -> Layout:
        return layout(self._around.hall, self._around.offset_minutes, rows)
