"""The root of this package's errors."""


class PaperError(Exception):
    """These bytes are no ESC/POS that this decoder knows; the text says which and where."""
