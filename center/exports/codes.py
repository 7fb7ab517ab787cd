"""Code tables that can be read in both directions: what we call a thing, and what a norm or an interface calls it.

The norms contradict each other: GB/T 39046-2020 A.8 counts satisfaction from 1 = very satisfied, Zhejiang's interface
from 1 = very dissatisfied; GB A.6 has 1 for a matter done at once (即办), Zhejiang has 2. So nothing but these tables
knows a number, and each is tested both ways.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from center.errors import CenterError


class CodeError(CenterError):
    """A code, or a word of ours, that a table doesn't have."""


@dataclass(frozen=True)
class Codes:
    """One table; every word of ours has one code, and every code one word."""

    name: str
    of: Mapping[str, str]

    def __post_init__(self) -> None:
        if len(set(self.of.values())) != len(self.of):
            raise CodeError(f"{self.name}: one code stands for two things")

    def code(self, word: str) -> str:
        """What the other side writes; raises `CodeError`."""
        if word not in self.of:
            raise CodeError(f"{self.name}: there is no code for {word!r}; it has {', '.join(self.of)}")
        return self.of[word]

    def word(self, code: str) -> str:
        """What we call it; raises `CodeError`."""
        for word, known in self.of.items():
            if known == code:
                return word
        raise CodeError(f"{self.name}: {code!r} is no code of it; it has {', '.join(self.of.values())}")


# Grades as our events write them: 1 = very dissatisfied … 5 = very satisfied.
SATISFACTION_GB = Codes("GB/T 39046 A.8", {"5": "1", "4": "2", "3": "3", "2": "4", "1": "5"})
SATISFACTION_ZJ = Codes("Zhejiang satisfaction", {"5": "5", "4": "4", "3": "3", "2": "2", "1": "1"})

# 即办 at once, 承诺 within a promised time.
PROMISE_GB = Codes("GB/T 39046 A.6", {"immediate": "1", "promised": "2"})
PROMISE_ZJ = Codes("Zhejiang promise type", {"immediate": "2", "promised": "1"})

# By our reading a box with keys is "another hall terminal" (5); the phone page of a ticket is a code that was scanned.
# A paper form that somebody typed in is none of the norm's electronic channels and has no code here: it stays empty.
CHANNEL_GB = Codes("GB/T 39046 A.9 channel, our reading", {"box": "5", "phone": "4"})
CHANNEL_ZJ = Codes("Zhejiang pf, our reading", {"box": "5", "phone": "4"})
