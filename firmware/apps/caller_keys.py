"""The keys of a caller, as they are named from the pins to the state machine."""

# The keypad's sixteen keys, by rows. Older callers have the last column alone.
KEYS = (
    "1", "2", "3", "next",
    "4", "5", "6", "recall",
    "7", "8", "9", "no_show",
    "clear", "0", "ok", "finish",
)  # fmt: skip
FOUR_KEYS = ("next", "recall", "no_show", "finish")
