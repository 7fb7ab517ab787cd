"""The log of hub and center: one JSON object a line on stderr, with an event's name; no secret, no token, no grade.

What is not ours (and rooms that use `logging`) comes out in the same form; `extra={"event": …}` names it. Of a foreign
exception only what can't be a secret is written: its words may quote what somebody sent.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Callable
from typing import Any

from aiohttp.http_exceptions import HttpProcessingError

from common import envelope

HIDDEN = "…"
QUOTING = ("asyncio", "aiohttp")  # loggers of others that write out what they were working at
CHAINED = 8  # exceptions of exceptions that are written out
# A token has 22 of these, a secret 64, and no word of ours so many.
_LONG = re.compile(r"[A-Za-z0-9_+/=-]{20,}")
_NAMED = re.compile(r"\b((?:grade|token|secret|pin|password|csrf)\w*['\"]?\s*[=:]\s*)\S+", re.IGNORECASE)
_BEARER = re.compile(r"\b(Bearer\s+)\S+", re.IGNORECASE)


class Log:
    """Called with an event's name and what belongs to it."""

    def __init__(self, unix_ms: Callable[[], int]) -> None:
        self._unix_ms = unix_ms

    def __call__(self, event: str, **fields: Any) -> None:
        """Writes one line."""
        line = {"at": envelope.format_time(self._unix_ms()), "event": event, **fields}
        sys.stderr.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        sys.stderr.flush()


def named_hidden(text: str) -> str:
    """Without what stands behind a word such as `token=`."""
    return _BEARER.sub(rf"\g<1>{HIDDEN}", _NAMED.sub(rf"\g<1>{HIDDEN}", text))


def traceback_text(error: BaseException) -> str:
    """Where it happened and of what kind it was; of its words only short ones."""
    parts = []
    each: BaseException | None = error
    for _ in range(CHAINED):
        if each is None:
            break
        said = _LONG.sub(HIDDEN, named_hidden(str(each)))
        inside = each.exceptions if isinstance(each, BaseExceptionGroup) else ()
        parts.append("".join(traceback.format_tb(each.__traceback__)) + f"{type(each).__name__}: {said}")
        parts += [traceback_text(one) for one in inside[:CHAINED]]
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return "\nbecause of\n".join(parts)


class LogLines(logging.Handler):
    """Puts what `logging` is told into the log."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            # Anybody on the network can send such; it quotes what was sent, which may be a password to another door.
            self._log("http.unreadable", level="warning", text=type(error).__name__)
            return
        event = getattr(record, "event", f"log.{record.name}")
        text = named_hidden(record.getMessage())
        if record.name.partition(".")[0] in QUOTING:
            text = _LONG.sub(HIDDEN, text)
        if error is not None:
            text += "\n" + traceback_text(error)
        self._log(event, level=record.levelname.lower(), text=text)
