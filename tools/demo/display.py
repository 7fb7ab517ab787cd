"""What stands on a box's display, told from outside: from its pins as the eye sees them, and from the public queue.

For a box without a display the page shows what one would show; beside the picture of a real one it is the text for who
can't see a picture. Pure: times come in.
"""

from dataclasses import dataclass
from typing import Any, Final

THANKS_MS: Final = 3_000  # the design's evaluator page: thanks stand for 3 s
LATE_MS: Final = 400  # lamps that go out so close to the end of the wait went out by themselves
SLOW_BLINK_MS: Final = (500, 1_200)  # the power LED's fault pattern is 800 ms on, 800 ms off
FAULT_SEEN_MS: Final = 2_000  # after so long without the pattern the fault is over


@dataclass(slots=True)
class Display:
    """Follows one box."""

    invitation_ms: int
    started: bool = False
    lit_at_ms: int | None = None
    thanks_until_ms: int = 0
    thanks: str = "thanked"
    fault_until_ms: int = 0
    led_at_ms: int = 0
    window: str = "free"  # the hub's state of the window
    number: str = ""

    def rebooted(self) -> None:
        """Power came or went, or the box was reset: nothing stands there until its program does."""
        self.started = False
        self.lit_at_ms = None
        self.thanks_until_ms = 0
        self.fault_until_ms = 0

    def led(self, on: bool, now_ms: int) -> None:
        """The power LED changed."""
        least, most = SLOW_BLINK_MS
        if self.started and least <= now_ms - self.led_at_ms <= most:
            self.fault_until_ms = now_ms + FAULT_SEEN_MS
        self.led_at_ms = now_ms
        self.started = self.started or on

    def lamps(self, lit: bool, heard: bool, now_ms: int) -> None:
        """The lamps changed; `heard`: the line to the hub is whole."""
        if lit:
            self.lit_at_ms = now_ms
            self.thanks_until_ms = 0
            return
        since, self.lit_at_ms = self.lit_at_ms, None
        if since is not None and now_ms - since < self.invitation_ms - LATE_MS:
            self.thanks_until_ms = now_ms + THANKS_MS
            self.thanks = "thanked" if heard else "saved"

    def face(self, now_ms: int) -> dict[str, Any] | None:
        """The face now: state, number, and for `invited` the share of the wait that is left. None: nothing."""
        if not self.started:
            return None
        left = 0.0
        if now_ms < self.fault_until_ms:
            state = "fault"
        elif self.lit_at_ms is not None:
            state = "invited"
            left = max(0.0, 1 - (now_ms - self.lit_at_ms) / self.invitation_ms)
        elif now_ms < self.thanks_until_ms:
            state = self.thanks
        else:
            state = {"calling": "serving", "serving": "serving", "paused": "paused"}.get(self.window, "idle")
        return {"state": state, "number": self.number, "left": left, "wait_ms": self.invitation_ms}
