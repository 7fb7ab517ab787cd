"""The root of the hub's errors (`hub.queueing`, which knows only the standard library, has its own)."""


class HubError(Exception):
    """Something went wrong in the hub; the text says what, where, and what to do."""
