"""The errors of this room."""

from pathlib import Path

from hub.errors import HubError


class JournalError(HubError):
    """The root of what the journal raises."""


class JournalBusy(JournalError):  # noqa: N818 - an answer: come again
    """More is waiting for the disk than the queue may hold; nothing was taken. Try again in a moment."""


class JournalFull(JournalError):  # noqa: N818 - an answer: make room
    """There is no room for more; nothing was taken. It is taken again as soon as there is room."""


class JournalFailed(JournalError):  # noqa: N818 - what happened to a commit
    """A commit failed; what was queued is not in the journal."""


class JournalLocked(JournalError):  # noqa: N818 - a state of the world, not a mistake
    """Another process has this journal open."""


class JournalMismatch(JournalError):  # noqa: N818 - a state of the world, not a mistake
    """This file is a journal, but not this hall's, or of a later version."""


class JournalCorrupt(JournalError):  # noqa: N818 - a state of the world, not a mistake
    """The file does not hold what was written to it; nothing was changed."""


class JournalRetired(JournalError):  # noqa: N818 - a state of the world, not a mistake
    """These events were let go after their time; `first` is the first that is kept."""

    def __init__(self, path: Path, after: int, kept_after: int) -> None:
        self.first = kept_after + 1
        super().__init__(
            f"{path}: events {after + 1} to {kept_after} were delivered and let go after [journal] keep_days; "
            f"the first that is kept is {self.first}. Ask for what comes after {kept_after}; the center has the rest."
        )
