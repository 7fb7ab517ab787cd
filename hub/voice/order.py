"""Who is called out next in one zone: pure, with the time as an argument.

One announcement at a time: its first reading, a rest of 5 s, its second. The rest begins with the end of the first
language's sentence, so the second language's is said in it. With somebody waiting the second reading is in the first
language alone; with more than two waiting it is dropped, also one whose rest has begun. Nothing here knows how a sound
is made or where it is heard.
"""

from collections import deque
from dataclasses import dataclass

REST_MS = 5_000  # from the end of a sentence to the same sentence again (domain, "Voice")
BREATH_MS = 300  # between two clips, so that they are not heard as one; the chime does the rest
CROWD = 2  # with more than so many waiting, nobody is read twice
# More than ten minutes of a zone's voice. Past it the oldest is not said any more: its holder was on the board all the
# while, and has most likely gone to the window.
WAITING_MOST = 50


@dataclass(frozen=True, slots=True)
class Announcement:
    """A call to be said."""

    number: str
    window: str
    recall: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """Say this now; `time` is 1 or 2. brief: in the first language alone, for somebody waits."""

    announcement: Announcement
    time: int
    brief: bool = False


class Order:
    """The announcements of one zone."""

    def __init__(self) -> None:
        self._waiting: deque[Announcement] = deque()
        self._current: Announcement | None = None
        self._read = 0  # readings of the current one that have begun
        self._free_at_ms = 0  # nothing may be heard before
        self._second_at_ms = 0
        self.dropped_seconds = 0
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """How many have not been said at all."""
        return len(self._waiting)

    def offer(self, announcement: Announcement) -> None:
        """Queues a call; a recall of one that still waits to be said changes nothing."""
        if any(self._same(announcement, other) for other in self._waiting):
            return
        if len(self._waiting) >= WAITING_MOST:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(announcement)

    def withdraw(self, number: str) -> None:
        """This number is not called any more: not said, or not said again."""
        self._waiting = deque(other for other in self._waiting if other.number != number)
        if self._current is not None and self._current.number == number:
            self._current = None

    def next(self, now_ms: int) -> Reading | None:
        """What is to be said now, if anything; `began` must follow before the next question."""
        if now_ms < self._free_at_ms:
            return None
        if self._current is not None and self._read == 1:
            if len(self._waiting) > CROWD:
                self.dropped_seconds += 1
            elif now_ms < self._second_at_ms:
                return None
            else:
                self._read = 2
                return Reading(self._current, 2, bool(self._waiting))
        self._current = self._waiting.popleft() if self._waiting else None
        if self._current is None:
            return None
        self._read = 1
        return Reading(self._current, 1)

    def began(self, now_ms: int, length_ms: int, lead_ms: int | None = None) -> None:
        """The reading that `next` gave is being heard, for so long; 0 where there is no sound.

        lead_ms: of that, until the first language's sentence has ended; all of it where there is one language.
        """
        self._free_at_ms = now_ms + length_ms + BREATH_MS
        self._second_at_ms = now_ms + (length_ms if lead_ms is None else lead_ms) + REST_MS

    def wait_ms(self, now_ms: int) -> int | None:
        """In how many ms `next` may have something without anything new happening; None: not before that."""
        if self._current is not None and self._read == 1 and len(self._waiting) <= CROWD:
            return max(0, max(self._second_at_ms, self._free_at_ms) - now_ms)
        if self._waiting:
            return max(0, self._free_at_ms - now_ms)
        return None

    @staticmethod
    def _same(one: Announcement, other: Announcement) -> bool:
        return one.number == other.number and one.window == other.window
