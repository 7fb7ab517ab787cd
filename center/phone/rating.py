"""A late rating as it is sent: checked, and made the data of its event. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from center.phone.errors import PhoneRefusal
from center.store.following import RunRow

RATE_DAYS = 7
MAX_WORDS_CHARS = 500  # as much as a phone shows at once; a complaint that is longer is written
# The four aspects of S0's 无记名评议: 服务态度、业务水平、职能到位、办事程序.
REASONS = ("attitude", "skill", "function", "procedure")
CHANNEL = "phone"
PAPER = "paper"
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Said:
    """What a citizen sent: the grade (1 to 5), reasons and words, and by separate consent a contact for the answer."""

    grade: int
    reasons: tuple[str, ...] = ()
    words: str = ""
    contact: str = ""


def read(form: Mapping[str, Any], reasons: Sequence[str]) -> Said:
    """A sent form; raises `PhoneRefusal` naming the field."""
    grade = form.get("grade")
    if grade not in ("1", "2", "3", "4", "5"):
        raise PhoneRefusal("no-grade", "grade: one of 1 to 5 is needed")
    unknown = [reason for reason in reasons if reason not in REASONS]
    if unknown:
        raise PhoneRefusal("bad-reason", f"reasons: {unknown[0]!r} is none of {', '.join(REASONS)}")
    words = str(form.get("words") or "").strip()
    if len(words) > MAX_WORDS_CHARS:
        raise PhoneRefusal("too-long", f"words: {len(words)} characters; at most {MAX_WORDS_CHARS} are kept")
    contact = str(form.get("contact") or "").strip()
    if contact and form.get("consent") != "yes":
        raise PhoneRefusal("no-consent", "contact: is only kept with your consent; tick it, or leave the contact empty")
    return Said(int(grade), tuple(dict.fromkeys(reasons)), words, contact)


def rateable(runs: Sequence[RunRow], now_ms: int) -> RunRow | None:
    """The run of a ticket that may be rated now: the last unrated one, within the days after its service."""
    for run in reversed(runs):
        if run.grade is None and 0 <= now_ms - run.at_ms <= RATE_DAYS * _DAY_MS:
            return run
    return None


def data_of(run: RunRow, said: Said, now_ms: int, channel: str = CHANNEL) -> dict[str, Any]:
    """The data of `hall.rating.submitted`; the contact is in no event."""
    return {
        "run": run.run,
        "ticket": run.ticket,
        "window": run.window,
        "staff": run.staff,
        "service": run.service,
        "grade": said.grade,
        "channel": channel,
        "device": None,
        "epoch": None,
        "fact": None,
        "pressed_after_ms": max(0, now_ms - run.at_ms),
        "reasons": list(said.reasons),
        "words": said.words,
    }
