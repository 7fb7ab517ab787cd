"""The messages between a board's `bluetooth` stand-in and the radio process: one source, read by both Pythons.

The kind in the first byte, then the fields, little-endian. Addresses are 6 bytes, most significant first.
"""

# board → radio
HELLO = 1  # 6s address: the first message of a boot, made by the supervisor
ACTIVE = 2  # B on, H largest MTU
SERVICES = 3  # the attribute table, see `services()` in bluetooth.py
ADVERTISE = 4  # I interval in µs (0: stop), B connectable, B length of the advertisement, it, the scan response
NOTIFY = 5  # H connection, H handle, bytes
DISCONNECT = 6  # H connection
VALUE = 7  # H handle, bytes: what a read gets from now on

# radio → board
CONNECTED = 16  # H connection, B address type, 6s address
DISCONNECTED = 17  # the same
WROTE = 18  # H connection, H handle, bytes
SENT = 19  # B notifications that have left: their buffers are free
MTU = 20  # H connection, H the MTU that was agreed on
ROOM = 21  # B notifications that fit into the buffers from now on
