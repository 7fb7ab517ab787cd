"""What only a caller and its hub say to each other: rows added to the tables of messages.py.

Importing it adds them, so that other boxes don't carry them; the hub imports it. Who stands at a window is a fact; what
is wanted of the queue is a request, and so is the question whether a PIN is right.
"""

from protocol import messages
from protocol.compat import const

# Facts.
SIGNED_IN = const(8)
SIGNED_OUT = const(9)

# Commands of a REQUEST, device → hub, beside WINDOW_COMMAND.
SIGN_IN = const(65)  # may this clerk sign in? Nobody is signed in by it: that is the fact which follows

ROLE_A = const(1)  # the one whose window it is
ROLE_B = const(2)  # the one who stands in

MAX_STAFF = const(8)  # digits of a staff code; a keypad has no more
MAX_PIN = const(8)
MAX_TARGET = const(8)

messages.FACT_FIELDS[SIGNED_IN] = messages._kept(
    (
        messages._row(1, "staff", messages.TEXT, 1, MAX_STAFF),
        messages._row(2, "role", messages.INT, 1, 255),
    )
)
messages.FACT_FIELDS[SIGNED_OUT] = messages._kept(())

# `to`: of a transfer. A window's id, or 0 and the number of a service in the hall's list.
messages.COMMAND_FIELDS[messages.WINDOW_COMMAND] = messages._kept(
    (
        messages._row(1, "command", messages.TEXT, 1, 16),
        messages._row(2, "to", messages.TEXT, 1, MAX_TARGET, True),
        messages._row(3, "back", messages.BOOL, 0, 0, True),
    )
)
messages.COMMAND_FIELDS[SIGN_IN] = messages._kept(
    (
        messages._row(1, "staff", messages.TEXT, 1, MAX_STAFF),
        messages._row(2, "pin", messages.TEXT, 0, MAX_PIN),
    )
)
