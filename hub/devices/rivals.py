"""One identity on two lines: a box that was moved, or two boxes; and boxes whose numbers can't be believed.

A moved box has left its first line, so it never sees a view that is sent there afterwards. Two boxes with one identity
(a copied flash) both go on: who reports such a view is still there, and the one that came second isn't let in. It
gets no WELCOME, so it lets go of no fact.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

MOVED_AFTER_MS = 2000  # a view is sent three times in that; an old line that stays silent has lost its box
ROOM = 64  # numbers left free above a doubted box's next: it may log while its WELCOME is on the way


class Line(Protocol):
    """What is to be known of a line here."""

    @property
    def has_shown(self) -> bool:
        """Its box has reported the last view that was sent as shown."""


Each = TypeVar("Each", bound=Line)


class Verdict(Enum):
    """What a second line means."""

    WAIT = "wait"
    MOVED = "moved"
    SHARED = "shared"


@dataclass(slots=True)
class Rivalry(Generic[Each]):
    """A line that waits because its device is online on another one."""

    first: Each
    since_ms: int
    verdict: Verdict = Verdict.WAIT


class Rivals(Generic[Each]):
    """Judges who waits. Of this process only: after a restart the lines are judged anew."""

    def __init__(self, rising_ms: Callable[[], int]) -> None:
        self._rising_ms = rising_ms
        self._waiting: dict[Each, Rivalry[Each]] = {}

    def judge(self, first: Each, second: Each, ask: Callable[[], None]) -> Verdict:
        """Asked again and again until it is decided; `ask` sends the first line a fresh view."""
        rivalry = self._waiting.get(second)
        if rivalry is None or rivalry.first is not first:
            rivalry = self._waiting[second] = Rivalry(first, self._rising_ms())
            ask()
        elif rivalry.verdict is Verdict.WAIT and first.has_shown:
            rivalry.verdict = Verdict.SHARED
        elif rivalry.verdict is Verdict.WAIT and self._rising_ms() - rivalry.since_ms >= MOVED_AFTER_MS:
            del self._waiting[second]
            return Verdict.MOVED
        return rivalry.verdict

    def behind(self, first: Each) -> list[Each]:
        """Who waits for this line."""
        return [second for second, rivalry in self._waiting.items() if rivalry.first is first]

    def over(self, second: Each) -> bool:
        """It waits no longer; whether it was one of two boxes."""
        rivalry = self._waiting.pop(second, None)
        return rivalry is not None and rivalry.verdict is Verdict.SHARED


class Doubts:
    """Boxes whose fact numbers may mean other facts than those that the hub has under them. Of this process only.

    A box counts its boots in its log: who comes with an earlier boot, or earlier in the same one, has lost it.
    """

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], tuple[int, int]] = {}  # (device, epoch) → latest (boot, uptime)
        self._lost: set[tuple[str, str]] = set()
        self._shared: set[str] = set()

    def came(self, device: str, epoch: str, boot: int, uptime_ms: int) -> bool:
        """A box tells its boot at the beginning of a session; whether its numbers are in doubt."""
        key = (device, epoch)
        if (boot, uptime_ms) < self._last.get(key, (0, 0)):
            self._lost.add(key)
        return device in self._shared or key in self._lost

    def told(self, device: str, epoch: str, boot: int, uptime_ms: int, *, all_new: bool) -> None:
        """A box of a session tells again; `all_new`: none of its numbers is one that the hub has."""
        key = (device, epoch)
        self._last[key] = (boot, uptime_ms)
        if all_new:
            self._lost.discard(key)

    def share(self, device: str) -> None:
        """Two boxes have this identity."""
        self._shared.add(device)

    def forget(self, device: str) -> None:
        """It was registered anew."""
        self._shared.discard(device)
        for key in [key for key in self._last if key[0] == device]:
            del self._last[key]
            self._lost.discard(key)
