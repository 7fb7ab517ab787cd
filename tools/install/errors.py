"""What ends an installation before it changes anything."""


class InstallError(Exception):
    """Can't be installed so; the text says why and what to do."""
