"""Every way the center can answer otherwise than "stored"."""

from hub.errors import HubError


class UplinkError(HubError):
    """Root."""


class CenterAway(UplinkError):  # noqa: N818 - a state of the world, not a mistake
    """No answer, or "not now": nothing is wrong with what we sent; try again."""


class CenterRefused(UplinkError):  # noqa: N818 - a state of the world, not a mistake
    """The center answers and doesn't want this (token, hall name, batch): a person must look."""


class BatchTooLarge(UplinkError):  # noqa: N818 - a state of the world, not a mistake
    """413: send fewer at once."""


class Gap(UplinkError):  # noqa: N818 - a state of the world, not a mistake
    """409 gap: the center has the journal only through `stored_through`."""

    def __init__(self, stored_through: int) -> None:
        super().__init__(f"the center has events through {stored_through} only")
        self.stored_through = stored_through


class Forked(UplinkError):  # noqa: N818 - a state of the world, not a mistake
    """The center holds another history under this journal's name. Nothing may be skipped or overwritten."""
