"""Findings for a person: well or not, in the language asked for, with what to do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Speak = Callable[[str], str]  # English text → the language asked for

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86400


class Mark(StrEnum):
    """How a finding is meant."""

    WELL = "well"
    NOTE = "note"
    BAD = "bad"
    UNKNOWN = "not checked"


_SIGNS = {Mark.WELL: "✓", Mark.NOTE: "·", Mark.BAD: "✗", Mark.UNKNOWN: "?"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at (a stable name), how it is, and what to do where it is bad."""

    step: str
    mark: Mark
    text: str
    todo: str = ""
    # The box that is meant, where one is.
    device: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        shown = {"step": self.step, "state": self.mark.value, "text": self.text, "todo": self.todo}
        return shown | ({"device": self.device} if self.device else {})


def is_well(findings: Iterable[Finding]) -> bool:
    """Whether nothing needs a person."""
    return all(finding.mark in (Mark.WELL, Mark.NOTE) for finding in findings)


def lines(findings: Iterable[Finding]) -> list[str]:
    """As they are printed."""
    out = []
    for finding in findings:
        out.append(f"{_SIGNS[finding.mark]} {finding.text}")
        if finding.todo:
            out.append(f"  → {finding.todo}")
    return out


def age(seconds: float, _: Speak) -> str:
    """A time span in words."""
    if seconds < MINUTE_S:
        return _("%(number)s s") % {"number": int(seconds)}
    if seconds < HOUR_S:
        return _("%(number)s min") % {"number": int(seconds / MINUTE_S)}
    if seconds < DAY_S:
        return _("%(number)s h") % {"number": int(seconds / HOUR_S)}
    return _("%(number)s days") % {"number": int(seconds / DAY_S)}


def hubs_own(text: str, speak: Speak) -> str:
    """What the hub says to do about a fault; the catalogue has the Chinese of all that it may say."""
    return speak(text)
