"""The root of the demo's errors."""


class DemoError(Exception):
    """The demo can't go on; the text says what was wrong, where, and what to do."""
