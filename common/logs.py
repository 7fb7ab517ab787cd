"""The log of hub and center: one JSON object a line on stderr, with an event's name; no secret, no token, no grade.

What is not ours (and rooms that use `logging`) comes out in the same form; `extra={"event": …}` names it.
"""

import json
import logging
import sys
from collections.abc import Callable
from typing import Any

from common import envelope


class Log:
    """Called with an event's name and what belongs to it."""

    def __init__(self, unix_ms: Callable[[], int]) -> None:
        self._unix_ms = unix_ms

    def __call__(self, event: str, **fields: Any) -> None:
        """Writes one line."""
        line = {"at": envelope.format_time(self._unix_ms()), "event": event, **fields}
        sys.stderr.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        sys.stderr.flush()


class LogLines(logging.Handler):
    """Puts what `logging` is told into the log."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log
        self.setFormatter(logging.Formatter("%(message)s"))  # and the traceback, where there is one

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        event = getattr(record, "event", f"log.{record.name}")
        self._log(event, level=record.levelname.lower(), text=self.format(record))
