"""What the people's room refuses, and why."""

from center.errors import CenterError


class PeopleError(CenterError):
    """The accounts' file can't be used; the text says what to do."""


class AccountRefusal(CenterError):  # noqa: N818 - the answer, not a failure of ours
    """A change of accounts that isn't made; `kind` names why, for doors."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
