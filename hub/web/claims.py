"""Numbers to be taken by phone: a code for one phone and two minutes. Pure: time and chance come in as arguments.

A code is a wish, not a number: nobody stands in line until a phone has taken it. It lives in this process alone; after
a restart the kiosk shows a new one.
"""

from collections import OrderedDict
from dataclasses import dataclass

LIVES_MS = 120_000  # to find the phone, unlock it and scan
TOLD_MS = 60_000  # how long a kiosk may still ask what became of it
MOST = 500  # open at once; 20 kiosks pressed without end make a new one every 240 ms


@dataclass(frozen=True, slots=True)
class Wish:
    """What was chosen at the kiosk."""

    matter: str
    priority: str | None = None
    appointment_at_ms: int | None = None


@dataclass(slots=True)
class Claim:
    """A code's life; phone: the first one that opened it, which alone may take it."""

    code: str
    wish: Wish
    ends_ms: int
    phone: str | None = None
    number: str | None = None


class Claims:
    """The codes that are out."""

    def __init__(self) -> None:
        self._claims: OrderedDict[str, Claim] = OrderedDict()

    def make(self, code: str, wish: Wish, now_ms: int) -> Claim:
        """A new code; the oldest goes where there are too many."""
        self._tidy(now_ms)
        while len(self._claims) >= MOST:
            self._claims.popitem(last=False)
        claim = self._claims[code] = Claim(code, wish, now_ms + LIVES_MS)
        return claim

    def find(self, code: str, now_ms: int) -> Claim | None:
        """A code that is out, or was taken a moment ago."""
        self._tidy(now_ms)
        return self._claims.get(code)

    def opened(self, code: str, phone: str, now_ms: int) -> Claim | None:
        """A phone opened it: it is this phone's from now on; None where it is another's, over or unknown."""
        claim = self.find(code, now_ms)
        if claim is None or (claim.phone is None and claim.ends_ms <= now_ms):
            return None
        if claim.phone is None:
            claim.phone = phone
        return claim if claim.phone == phone else None

    def taken(self, claim: Claim, number: str, now_ms: int) -> None:
        """The number was given."""
        claim.number = number
        claim.ends_ms = max(claim.ends_ms, now_ms)

    def _tidy(self, now_ms: int) -> None:
        over = [code for code, claim in self._claims.items() if claim.ends_ms + TOLD_MS <= now_ms]
        for code in over:
            del self._claims[code]
