"""The body of one logged fact: kind u8, uptime in ms (5 bytes), then the fields of its kind. Both Pythons."""

import struct

from protocol import messages
from protocol.compat import const

_HEAD = "<BIB"  # kind, uptime_ms low 32 bits, high 8 bits: 34 years
_HEAD_BYTES = 6

# Texts are this short so that the longest fact fits the smallest tail (eventlog.py).
CAUSE_BYTES = 10
INTERPRETER_BYTES = 52
FIRMWARE_BYTES = 18  # "0.1.0" and what tells one build from another
BOARD_BYTES = 10
DETAIL_BYTES = 64


class LogError(Exception):
    """The log of unsent facts can't do what was asked."""


class LogFullError(LogError):
    """There is no room for this fact; nothing was changed, nothing was lost."""


# How a field stands in flash: a positive number is a text of at most so many bytes, behind its length.
_RUN = const(-8)  # 8 bytes, as they are; any other number from here down: so many bytes
_U8 = const(-1)
_U16 = const(-2)
_ENDING = const(16)
# Fact kind (its number on the wire is its number in flash) → its fields in their order here. 0 is the log's own.
LAYOUTS = {
    messages.BOOTED: (
        ("reset_cause", CAUSE_BYTES),
        ("interpreter", INTERPRETER_BYTES),
        ("firmware", FIRMWARE_BYTES),
        ("board", BOARD_BYTES),
    ),
    messages.RATED: (("run", _RUN), ("grade", _U8), ("pressed_after_ms", _U16)),
    messages.UNRATED: (("run", _RUN), ("reason", _U8)),
    messages.IGNORED: (("why", _U8),),
    messages.KEY_TESTED: (("keys_ok", _U8),),
    messages.FAULT: (("code", _U8), ("detail", DETAIL_BYTES)),
    messages.RECOVERED: (("code", _U8),),
}


def clip(text, limit):
    """The longest beginning of `text` that takes at most `limit` bytes of UTF-8."""
    while len(text.encode()) > limit:
        text = text[:-1]
    return text


def encode_body(kind, uptime_ms, fields):
    """A fact's body; LogError if a field is missing, unknown or too large."""
    layout = LAYOUTS.get(kind)
    if layout is None:
        raise LogError("unknown kind of fact %r" % (kind,))
    if len(fields) != len(layout):
        raise LogError("a fact of kind %d has the fields %s" % (kind, ", ".join([name for name, _ in layout])))
    if not 0 <= uptime_ms < 1 << 40:
        raise LogError("uptime of %r ms doesn't fit 5 bytes" % (uptime_ms,))
    body = struct.pack(_HEAD, kind, uptime_ms & 0xFFFFFFFF, uptime_ms >> 32)
    for name, code in layout:
        value = fields.get(name)
        if code > 0 and isinstance(value, str):
            data = value.encode()
            if len(data) <= code:
                body += bytes((len(data),)) + data
                continue
        elif isinstance(value, bytes) and len(value) == -code:
            body += value
            continue
        elif code < 0 and isinstance(value, int) and 0 <= value < 1 << -8 * code:
            body += value.to_bytes(-code, "little")
            continue
        raise LogError("a fact of kind %d can't hold %s=%r" % (kind, name, value))
    return body


def decode_body(body):
    """(kind, uptime_ms, fields) of what `encode_body` wrote, None for a kind that this firmware doesn't know."""
    kind, low, high = struct.unpack_from(_HEAD, body, 0)
    layout = LAYOUTS.get(kind)
    if layout is None:
        return None
    fields = {}
    at = _HEAD_BYTES
    for name, code in layout:
        if code > 0:
            end = at + 1 + body[at]
            fields[name] = bytes(body[at + 1 : end]).decode()
        else:
            end = at - code
            value = bytes(body[at:end])
            fields[name] = value if code <= _RUN else int.from_bytes(value, "little")
        at = end
    return kind, high << 32 | low, fields


def run_of(body):
    """The run that this fact ends, or None; facts of a dispenser, from `_ENDING` on, end the ticket they begin with."""
    if messages.RATED <= body[0] <= messages.UNRATED or body[0] >= _ENDING:
        return bytes(body[_HEAD_BYTES : _HEAD_BYTES + 8])
    return None
