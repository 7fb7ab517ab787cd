"""What can be wrong with a hall's configuration."""

from hub.errors import HubError


class HallError(HubError):
    """The root of this room's errors."""


class RowsError(HallError):
    """Rows that can't stand together; `where` names the row and the field, the text what is allowed."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


class HallFileError(HallError):
    """The file can't be read or written; the text says what to do."""


class ChangedMeanwhileError(HallError):
    """The change was made from rows that are no longer the hall's."""

    def __init__(self, wanted: int, revision: int) -> None:
        super().__init__(
            f"The change was made from revision {wanted}, the hall is at {revision}. Read it anew and change that."
        )
        self.revision = revision


class NothingToUndoError(HallError):
    """No change is remembered any more."""
