"""The root of this room's errors."""

from hub.errors import HubError


class LinkError(HubError):
    """A line can't be opened, or is gone. The text says which line and what the system said of it."""
