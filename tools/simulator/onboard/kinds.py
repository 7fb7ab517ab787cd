"""The messages between a board's stand-ins and its supervisor: one source, read by both Pythons.

One packet of a SOCK_SEQPACKET unix socket is one message: its kind in the first byte, then the fields, little-endian.
Packets keep their borders, so an interrupted program can lose a message but never the place in the stream.
"""

MAX_PACKET = 4096  # the longest message is a CONFIG, about 500 bytes
# After its CONFIG a board gets nothing longer than a UART_RX of 34 bytes; asking for more would take as many bytes of
# its heap in one piece at every packet.
MAX_TO_BOARD = 64
MAX_TO_RADIO_BOARD = 288  # once its program uses the radio: a write of 244 bytes and what stands before it

# supervisor → board
CONFIG = 1  # JSON: how this boot is to be
DRIVE = 2  # B pin, B level (0, 1, or RELEASED)
UART_RX = 3  # B uart, bytes
ARM = 4  # I operations to go, H bytes of the last one that still arrive
FROM_AIR = 5  # a message of the radio, see airkinds.py
CROSS = 6  # B row, B column, B held: a key of a matrix
I2C_PLUG = 7  # B the address that answers on the I2C bus, 0: none

# board → supervisor
READY = 16  # JSON: what runs, how much memory it found
PIN = 17  # Q at_us, B pin, B level
PWM = 18  # Q at_us, B pin, I frequency in Hz, H duty of 65535
UART_INIT = 19  # B uart, I baud, H receive buffer in bytes
UART_TX = 20  # B uart, bytes
UART_TAKEN = 21  # B uart, H bytes that the program read
WDT = 22  # I timeout_ms: starts the watchdog or feeds it
RESET = 23  # B cause: the board asks to be reset
BLOCK = 24  # B operation, H block
POWER_LOST = 25  # the armed operation was reached; the board stands still until it is killed
TO_AIR = 27  # a message for the radio, see airkinds.py
I2C = 28  # B address, bytes: a write that was answered
INTERRUPTED = 26  # ^C came inside a flash operation, which hardware would have finished: send it again

RELEASED = 255  # nothing drives the pin from outside

# block operations
ERASE = 0
PROGRAM = 1
SYNC = 2
FORMAT = 3

# machine.reset_cause(), as on esp32 and rp2
PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5
