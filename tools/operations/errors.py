"""What ends one of these commands without an answer."""


class OperationsError(Exception):
    """Can't be done; the text says why and what to do."""
