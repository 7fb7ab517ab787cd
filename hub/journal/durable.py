"""What anybody may ask of the durable part of the journal, from any thread."""

from collections.abc import Iterator

from hub.journal.reader import Reader
from hub.journal.rows import Committed, Stored
from hub.journal.snapshots import Snapshot


class Durable:
    """The reading half of a journal."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def cursor(self, name: str) -> str | None:
        """What `set_cursor` made durable last."""
        return self._reader.cursor(name)

    def reply(self, request: str) -> bytes | None:
        """The first reply to a request, if it is durable (the last `replies_kept` are)."""
        return self._reader.reply(request)

    def read(self, after: int, limit: int) -> list[Stored]:
        """Up to `limit` durable events after a sequence, in order, verified. May be called from any thread.

        Raises `JournalRetired`, which names the first that is kept, where the asked ones were let go.
        """
        return self._reader.read(after, limit)

    def chain_at(self, sequence: int) -> bytes | None:
        """Chain(sequence), or None where the journal doesn't reach; chain(0) is the journal id's."""
        return self._reader.chain_at(sequence)

    def snapshots(self) -> Iterator[Snapshot]:
        """The states that were kept and fit this history, newest first."""
        return self._reader.snapshots()

    def snapshot_sequences(self) -> list[int]:
        """Where states were kept, newest first; whether they can be used is not looked at."""
        return self._reader.snapshot_sequences()

    @property
    def kept_after(self) -> int:
        """The last event that was let go; 0 while all are here."""
        return self._reader.start()[0]

    @property
    def whole(self) -> bool:
        """Its events from the first to the last make the state: none was let go, none inherited."""
        return self.kept_after == 0 and not self._reader.inherits()

    def inherited(self) -> Iterator[Committed]:
        """The events of a damaged journal that lead to the state that this one began with."""
        return self._reader.inherited()

    @property
    def verified(self) -> int:
        """How far the background check has come."""
        return self._reader.verified()

    def olds(self) -> list[tuple[str, int, int]]:
        """Every journal before this one that left something here: its id, how far the center has it, its end."""
        return self._reader.olds()

    def old_recorded_ms(self, journal: str) -> int | None:
        """When the last event that is kept of an old journal was recorded; None where none is kept."""
        last = self._reader.old_last(journal)
        return None if last is None else self._reader.decoded(last).recorded_ms

    def asides(self) -> dict[str, int]:
        """The set-aside files that are noted, each with the last event that was there when it was."""
        return self._reader.asides()
