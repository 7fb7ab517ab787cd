"""What casework refuses, and why."""

from center.errors import CenterError


class CaseworkError(CenterError):
    """A calendar, a contact or a case can't be used; the text says what to do."""


class CaseRefusal(CenterError):  # noqa: N818 - the answer, not a failure of ours
    """An action that this case doesn't take; nothing was changed. `kind` names why, for doors."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
