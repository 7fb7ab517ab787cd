"""What can be wrong with LED modules."""

from hub.errors import HubError


class LedError(HubError):
    """The root of this room's errors."""


class UnknownDriverError(LedError):
    """No file in `hub/leds/drivers` has this name."""
