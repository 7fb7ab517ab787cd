"""The root of the center's errors."""


class CenterError(Exception):
    """Something at the center went wrong; the text says what to do."""


class StoreError(CenterError):
    """The store can't do what was asked."""


class StoreBusyError(StoreError):
    """The writer's queue is full; send again later."""


class StoreFullError(StoreError):
    """The disk took no more; nothing of this batch was stored."""
