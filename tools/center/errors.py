"""The root of this room's errors."""


class CenterToolError(Exception):
    """It can't be done; the text says why and what to do."""
