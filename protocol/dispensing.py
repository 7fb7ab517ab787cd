"""What only a dispenser and its hub say to each other: rows added to the tables of messages.py.

Importing it adds them, so that other boxes don't carry them; the hub imports it, and SPEC.md's tables are made with it.
A printed ticket is a fact; a number is asked for by a request.
"""

from protocol import messages
from protocol.compat import const

# Facts.
PRINTED = const(16)
PRINT_FAILED = const(17)
AWAY = const(18)  # a ticket of a lease, given while the hub was away: printed, or with the reason why not

# Commands of a REQUEST, hub → device.
PRINT = const(16)
REPRINT = const(17)
LEASE = const(18)
SERVICE = const(19)
WORD = const(20)
HALL = const(21)
# Device → hub.
ISSUE = const(80)

# Why no paper came: PRINT_FAILED, and AWAY with anything but PRINT_NOT_FAILED.
PRINT_NOT_FAILED = const(0)
PRINT_PAPER_OUT = const(1)
PRINT_COVER_OPEN = const(2)
PRINT_PRINTER_FAULT = const(3)
PRINT_PRINTER_OFFLINE = const(4)
PRINT_NO_ANSWER = const(5)
PRINT_POWER_CUT = const(6)

# FAULT codes above those of messages.py: of the printer, in the same order.
FAULT_PAPER_OUT = const(16)
FAULT_COVER_OPEN = const(17)
FAULT_PRINTER = const(18)
FAULT_PRINTER_OFFLINE = const(19)
FAULT_PRINTER_SILENT = const(20)
FAULT_PAPER_LOW = const(21)

# STATUS: what a dispenser is doing; its `open_run` is the ticket under the head.
APP_READY = const(16)
APP_ASKING = const(17)
APP_PRINTING = const(18)
APP_VOIDING = const(19)

TICKET_SIZE = const(8)
LEASE_SIZE = const(8)
MAX_KEYS = const(12)
# One row of LEASE's `ranges`: key u8, first number u16, last number u16, big-endian.
RANGE_SIZE = const(5)
# HALL's `offset_min` is minutes ahead of UTC plus this, so that it is never negative.
OFFSET_BASE_MIN = const(1440)

# Rows as in messages.py; lengths are kept to the ends that its compact rows know.
_TICKET = messages._row(1, "ticket", messages.BYTES, TICKET_SIZE, TICKET_SIZE)

messages.FACT_FIELDS[PRINTED] = messages._kept((_TICKET, messages._row(2, "reprint", messages.INT, 0, 1)))
messages.FACT_FIELDS[PRINT_FAILED] = messages._kept(
    (_TICKET, messages._row(2, "reason", messages.INT, 1, 255), messages._row(3, "reprint", messages.INT, 0, 1))
)
messages.FACT_FIELDS[AWAY] = messages._kept(
    (
        _TICKET,
        messages._row(2, "lease", messages.BYTES, LEASE_SIZE, LEASE_SIZE),
        messages._row(3, "service", messages.TEXT, 1, 32),
        messages._row(4, "number", messages.INT, 1, 60000),
        messages._row(5, "token_sha256", messages.BYTES, 32, 32),
        messages._row(6, "reason", messages.INT, 0, 255),
    )
)
messages.COMMAND_FIELDS[PRINT] = messages._kept(
    (
        _TICKET,
        messages._row(2, "asked", messages.INT, 0, messages.MAX_SERIAL),
        messages._row(3, "service", messages.TEXT, 1, 32),
        messages._row(4, "number", messages.TEXT, 1, 16),
        messages._row(5, "token", messages.TEXT, 1, 32),
        messages._row(6, "ahead", messages.INT, 0, 60000),
        messages._row(7, "wait", messages.TEXT, 0, 16),
        messages._row(8, "at", messages.TEXT, 0, 24),
        messages._row(9, "training", messages.BOOL),
    )
)
messages.COMMAND_FIELDS[REPRINT] = messages._kept(())
messages.COMMAND_FIELDS[LEASE] = messages._kept(
    (
        messages._row(1, "lease", messages.BYTES, LEASE_SIZE, LEASE_SIZE),
        messages._row(2, "lasts_ms", messages.INT, 0, messages.MAX_SPAN_MS),
        messages._row(3, "ranges", messages.BYTES, 0, 64),
    )
)
messages.COMMAND_FIELDS[SERVICE] = messages._kept(
    (
        messages._row(1, "key", messages.INT, 1, 16),
        messages._row(2, "service", messages.TEXT, 0, 32),  # empty: nothing is behind this key
        messages._row(3, "prefix", messages.TEXT, 0, 8),
        messages._row(4, "open", messages.BOOL),
        messages._row(5, "matter", messages.BYTES, 0, 255),
        messages._row(6, "matter_en", messages.BYTES, 0, 100),
        messages._row(7, "zone", messages.BYTES, 0, 64),
    )
)
messages.COMMAND_FIELDS[WORD] = messages._kept(
    (messages._row(1, "at", messages.INT, 0, 255), messages._row(2, "text", messages.BYTES, 0, 255))
)
messages.COMMAND_FIELDS[HALL] = messages._kept(
    (
        messages._row(1, "hall", messages.BYTES, 0, 255),
        messages._row(2, "url", messages.TEXT, 0, 255),
        messages._row(3, "offset_min", messages.INT, 0, 60000),
        messages._row(4, "columns", messages.INT, 16, 64),
    )
)
messages.COMMAND_FIELDS[ISSUE] = messages._kept((messages._row(1, "service", messages.TEXT, 1, 32),))
