"""Every message, its fields and its numbers: one table, from which both ends encode, decode and check.

SPEC.md shows these tables (generated; a test holds them together). A number, once given, keeps its meaning for ever.
Unknown keys are ignored, so that a newer end may say more; an unknown kind is reported and nothing else happens.
"""

from collections import namedtuple

from protocol import cbor
from protocol.compat import SMALL, TYPE_CHECKING, const
from protocol.errors import CborError, MessageError, MisuseError

if TYPE_CHECKING:
    from protocol.compat import Any, Iterable, Iterator

VERSION = const(1)  # of this protocol; stands in GREET and HELLO and is bound by both proofs

ROLE_EVALUATOR = const(1)
ROLE_CALLER = const(2)
ROLE_DISPENSER = const(3)

REFUSED_UNKNOWN_DEVICE = const(1)
REFUSED_VERSION = const(2)
REFUSED_PROOF = const(3)

# Message kinds (key 0 of every sealed message).
STATUS = const(1)
FACT = const(2)
REQUEST = const(3)
ANSWER = const(4)
HEALTH = const(5)
WELCOME = const(16)
ANCHOR = const(17)
ACK = const(18)
VIEW = const(19)
CONFIG = const(20)

# Fact kinds.
UNREADABLE = const(0)  # never on the wire: what the hub's user gets for a fact that it can't read
BOOTED = const(1)
RATED = const(2)
UNRATED = const(3)
IGNORED = const(4)
KEY_TESTED = const(5)
FAULT = const(6)
RECOVERED = const(7)

UNRATED_TIMEOUT = const(1)
UNRATED_DEVICE_FAULT = const(2)
UNRATED_DECLINED = const(3)

IGNORED_NOT_INVITED = const(1)
IGNORED_REPEATED = const(2)
IGNORED_KEY_TEST = const(3)

FAULT_STUCK_KEY = const(1)
FAULT_LOG_FULL = const(2)
FAULT_LOG_DAMAGED = const(3)
FAULT_NUMBER_BEHIND = const(4)  # the hub had seen higher fact numbers than this log knew
FAULT_TASK_DIED = const(5)
FAULT_MEMORY = const(6)
FAULT_DISPLAY = const(7)
FAULT_KEY_DEAD = const(8)

# What the box is doing (STATUS) and what its window is doing (VIEW).
APP_IDLE = const(0)
APP_SERVING = const(1)
APP_INVITED = const(2)
APP_THANKED = const(3)
APP_PAUSED = const(4)
APP_FAULT = const(5)
APP_KEY_TEST = const(6)

WINDOW_CLOSED = const(0)
WINDOW_IDLE = const(1)
WINDOW_CALLING = const(2)
WINDOW_SERVING = const(3)
WINDOW_PAUSED = const(4)

# Commands of a REQUEST: 1 to 63 from hub to device, 64 and up from device to hub.
INVITE = const(1)
KEY_TEST = const(2)
IDENTIFY = const(3)
MAINTENANCE = const(4)
UPDATE = const(5)  # one step of an update, updating.py
WINDOW_COMMAND = const(64)

# Codes of an ANSWER.
ACCEPTED = const(0)
ENDED = const(1)  # this run has been rated or closed before
REFUSED = const(2)  # not in the state for it; `detail` says which
UNKNOWN_COMMAND = const(3)
FAILED = const(4)

MAX_WINDOW = const(64)  # facts in flight
MAX_SERIAL = 0xFFFFFFFF  # fact, boot, revision and request numbers: u32, more than a box lives through
MAX_TIME_MS = 0x1FFFFFFFFFFFFF  # 53 bits: what JSON readers keep exact
MAX_SPAN_MS = 0xFFFFFFFF
MAX_DEVICE_ID = const(32)
RUN_SIZE = const(8)
EPOCH_SIZE = const(8)

# Types of a field.
INT = const(0)
BYTES = const(1)
TEXT = const(2)
BOOL = const(3)
SETTINGS = const(4)  # a map after the CONFIG_FIELDS table
BY_FACT = const(5)  # a map after the table of its fact kind
BY_COMMAND = const(6)  # a map after the table of its command


# One row: key on the wire, name for the programs, type, range (of the number, or of the length in bytes), and whether
# it may be null or missing, which both read as None.
Field = namedtuple("Field", ("key", "name", "kind", "low", "high", "null"))

# Every end of a range. A box keeps a row as its name and one number, 16 bytes in place of 72, and makes it when needed.
_ENDS = (0, 1, 5, 8, 10, 16, 24, 32, 64, 100, 255, 600, 1000, 60000, 600000, MAX_SPAN_MS, MAX_TIME_MS)
_NULL = const(8)  # above the types
_END_BITS = const(5)


def _row(key: int, name: str, kind: int, low: int = 0, high: int = 0, null: bool = False) -> Field:  # noqa: PLR0917
    return Field(key, name, kind, low, high, null)


def _kept(rows: "tuple[Field, ...]") -> "tuple[Any, ...]":
    if not SMALL:
        return rows
    compact: list[Any] = []
    for row in rows:
        ends = _ENDS.index(row.high) << _END_BITS | _ENDS.index(row.low)
        compact += (row.name, ends << 4 | row.null * _NULL | row.kind)
    return tuple(compact)


def rows(table: "tuple[Any, ...]") -> "Iterable[Field]":
    """The rows of a table of this module."""
    return _opened(table) if SMALL else table


def _opened(table: "tuple[Any, ...]") -> "Iterator[Field]":
    for at in range(0, len(table), 2):
        code = table[at + 1]
        low, high = _ENDS[code >> 4 & (1 << _END_BITS) - 1], _ENDS[code >> 4 + _END_BITS]
        yield Field(at // 2 + 1, table[at], code & _NULL - 1, low, high, bool(code & _NULL))


CONFIG_FIELDS = _kept(
    (
        _row(1, "volume", INT, 0, 10, True),
        _row(2, "repeat_prompt_s", INT, 0, 600, True),
        _row(3, "thanks_ms", INT, 0, 60000, True),
        _row(4, "stuck_key_s", INT, 1, 600, True),
        _row(5, "quiet", BOOL, 0, 0, True),
    )
)

FACT_FIELDS = {
    BOOTED: _kept(
        (
            _row(1, "reset_cause", TEXT, 0, 24),
            _row(2, "interpreter", TEXT, 0, 64),
            _row(3, "firmware", TEXT, 0, 32),
            _row(4, "board", TEXT, 0, 64),
        )
    ),
    RATED: _kept(
        (
            _row(1, "run", BYTES, RUN_SIZE, RUN_SIZE),
            _row(2, "grade", INT, 1, 5),
            _row(3, "pressed_after_ms", INT, 0, MAX_SPAN_MS),
        )
    ),
    UNRATED: _kept((_row(1, "run", BYTES, RUN_SIZE, RUN_SIZE), _row(2, "reason", INT, 1, 255))),
    IGNORED: _kept((_row(1, "why", INT, 1, 255),)),
    KEY_TESTED: _kept((_row(1, "keys_ok", INT, 0, 255),)),
    FAULT: _kept((_row(1, "code", INT, 1, 255), _row(2, "detail", TEXT, 0, 64))),
    RECOVERED: _kept((_row(1, "code", INT, 1, 255),)),
}

COMMAND_FIELDS = {
    INVITE: _kept((_row(1, "run", BYTES, RUN_SIZE, RUN_SIZE), _row(2, "wait_ms", INT, 1000, 600000))),
    KEY_TEST: _kept((_row(1, "wait_ms", INT, 1000, 600000),)),
    IDENTIFY: _kept((_row(1, "for_ms", INT, 100, 60000),)),
    MAINTENANCE: _kept(()),
    UPDATE: _kept(
        (
            _row(1, "step", INT, 0, 255),
            _row(2, "file", INT, 0, 255),
            _row(3, "at", INT, 0, MAX_SERIAL),
            _row(4, "data", BYTES, 0, 255),
        )
    ),
    WINDOW_COMMAND: _kept((_row(1, "command", TEXT, 1, 16),)),
}

FIELDS = {
    STATUS: _kept(
        (
            _row(1, "boot", INT, 0, MAX_SERIAL),
            _row(2, "uptime_ms", INT, 0, MAX_TIME_MS),
            _row(3, "epoch", BYTES, EPOCH_SIZE, EPOCH_SIZE),
            _row(4, "oldest", INT, 1, MAX_SERIAL),
            _row(5, "next", INT, 1, MAX_SERIAL),
            _row(6, "open_run", BYTES, RUN_SIZE, RUN_SIZE, True),
            _row(7, "view_revision", INT, 0, MAX_SERIAL),
            _row(8, "config_revision", INT, 0, MAX_SERIAL),
            _row(9, "app_state", INT, 0, 255),
            _row(10, "welcomed", BOOL),
        )
    ),
    FACT: _kept(
        (
            _row(1, "n", INT, 1, MAX_SERIAL),
            _row(2, "fact_kind", INT, 1, 255),
            _row(3, "boot", INT, 0, MAX_SERIAL),
            _row(4, "uptime_ms", INT, 0, MAX_TIME_MS),
            _row(5, "boot_at_ms", INT, 0, MAX_TIME_MS, True),
            _row(6, "boot_at_sure", BOOL),
            _row(7, "fields", BY_FACT),
        )
    ),
    REQUEST: _kept(
        (
            _row(1, "id", INT, 0, MAX_SERIAL),
            _row(2, "left_ms", INT, 0, MAX_SPAN_MS),
            _row(3, "command", INT, 1, 255),
            _row(4, "args", BY_COMMAND),
        )
    ),
    ANSWER: _kept(
        (
            _row(1, "id", INT, 0, MAX_SERIAL),
            _row(2, "code", INT, 0, 255),
            _row(3, "detail", TEXT, 0, 64, True),
        )
    ),
    HEALTH: _kept(
        (
            _row(1, "uptime_ms", INT, 0, MAX_TIME_MS),
            _row(2, "reset_cause", TEXT, 0, 24),
            _row(3, "free_memory", INT, 0, MAX_SERIAL),
            _row(4, "log_fill_permille", INT, 0, 1000),
            _row(5, "rejected_frames", INT, 0, MAX_SERIAL),
            _row(6, "rejected_packets", INT, 0, MAX_SERIAL),
            _row(7, "free_flash", INT, 0, MAX_SERIAL, True),
        )
    ),
    WELCOME: _kept(
        (
            _row(1, "expected", INT, 1, MAX_SERIAL),
            _row(2, "unix_ms", INT, 0, MAX_TIME_MS),
            _row(3, "sure", BOOL),
            _row(4, "send_window", INT, 1, MAX_WINDOW),
            _row(5, "config", SETTINGS),
            _row(6, "config_revision", INT, 0, MAX_SERIAL),
        )
    ),
    ANCHOR: _kept((_row(1, "unix_ms", INT, 0, MAX_TIME_MS), _row(2, "sure", BOOL))),
    ACK: _kept((_row(1, "through", INT, 0, MAX_SERIAL),)),
    VIEW: _kept(
        (
            _row(1, "revision", INT, 1, MAX_SERIAL),
            _row(2, "state", INT, 0, 255),
            _row(3, "number", TEXT, 0, 16),
            _row(4, "window", TEXT, 0, 32),
            _row(5, "waiting", INT, 0, 60000, True),
            _row(6, "clerk", TEXT, 0, 16, True),
            _row(7, "stars", INT, 0, 5, True),
        )
    ),
    CONFIG: _kept((_row(1, "revision", INT, 1, MAX_SERIAL), _row(2, "config", SETTINGS))),
}


def encode(kind: int, values: "dict[str, Any]") -> bytes:
    """The CBOR of one message; `values` by name. Raises `MisuseError` for what the table doesn't allow."""
    fields = FIELDS.get(kind)
    if fields is None:
        raise MisuseError("no message kind %d" % kind)
    try:
        body = _pack(fields, values)
    except MessageError as error:
        raise MisuseError("message kind %d: %s" % (kind, error))
    body[0] = kind
    return cbor.encode(body)


def decode(data: bytes) -> "tuple[int, dict[str, Any] | None]":
    """Kind and values by name; None as values for a kind we don't know. Raises `CborError` or `MessageError`.

    A fact of a kind we don't know has its `fields` as they came, by key; so have the `args` of such a command.
    """
    body = cbor.decode(data)
    if not isinstance(body, dict):
        raise MessageError("a message that is no map")
    kind = body.get(0)
    if not isinstance(kind, int) or isinstance(kind, bool):
        raise MessageError("a message without its kind")
    fields = FIELDS.get(kind)
    if fields is None:
        return kind, None
    try:
        return kind, _unpack(fields, body)
    except MessageError as error:
        raise MessageError("message kind %d: %s" % (kind, error))


def fact_number(data: bytes) -> "int | None":
    """The number in a FACT whose rest may be unreadable, or None: that fact must not block those behind it."""
    try:
        body = cbor.decode(data)
    except CborError:
        return None
    if not isinstance(body, dict) or body.get(0) != FACT:
        return None
    number = body.get(1)
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= MAX_SERIAL:
        return number
    return None


def _table(field: Field, values: "dict[str, Any]") -> "tuple[Any, ...] | None":
    if field.kind == SETTINGS:
        return CONFIG_FIELDS
    if field.kind == BY_FACT:
        return FACT_FIELDS.get(values["fact_kind"])
    return COMMAND_FIELDS.get(values["command"])


def _pack(fields: "tuple[Any, ...]", values: "dict[str, Any]") -> "dict[int, Any]":
    body: dict[int, Any] = {}
    for field in rows(fields):
        key, name, kind, low, high, null = field
        value = values.get(name)
        if kind >= SETTINGS:
            table = _table(field, values)
            if table is None or not isinstance(value, dict):
                raise MessageError("`%s` has no table, or is no map" % name)
            value = _pack(table, value)
        elif value is None:
            if not null:
                raise MessageError("`%s` is missing" % name)
            continue
        # The usual number is right; whatever isn't is looked at closely.
        elif kind != INT or type(value) is not int or not low <= value <= high:
            _check(field, value)
        body[key] = value
    return body


def _unpack(fields: "tuple[Any, ...]", body: "dict[int, Any]") -> "dict[str, Any]":
    values: dict[str, Any] = {}
    for field in rows(fields):
        key, name, kind, low, high, null = field
        value = body.get(key)
        if value is None:
            if not null:
                raise MessageError("`%s` is missing" % name)
        elif kind < SETTINGS:
            # The usual number is right; whatever isn't is looked at closely.
            if kind != INT or type(value) is not int or not low <= value <= high:
                _check(field, value)
        elif not isinstance(value, dict):
            raise MessageError("`%s` is no map" % name)
        else:
            table = _table(field, values)
            if table is not None:
                value = _unpack(table, value)
        values[name] = value
    return values


def _check(field: Field, value: "Any") -> None:
    kind = field.kind
    if kind == BOOL:
        if value is not True and value is not False:
            raise MessageError("`%s` is neither true nor false" % field.name)
        return
    if kind == INT:
        if not isinstance(value, int) or value is True or value is False:
            raise MessageError("`%s` is no integer" % field.name)
        size = value
    elif kind == BYTES:
        if not isinstance(value, bytes):
            raise MessageError("`%s` is no byte string" % field.name)
        size = len(value)
    else:
        if not isinstance(value, str):
            raise MessageError("`%s` is no text" % field.name)
        size = len(value.encode())
    if not field.low <= size <= field.high:
        raise MessageError("`%s` is %d, not %d to %d" % (field.name, size, field.low, field.high))
