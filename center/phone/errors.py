"""What a citizen's phone is refused, and why."""

from center.errors import CenterError


class PhoneRefusal(CenterError):  # noqa: N818 - the answer, not a failure of ours
    """A rating that isn't taken; nothing was changed. `kind` names why, for the page's words."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
