"""What the hub finds wrong with a line or a box: every case is counted, a person is told once a period."""

from collections import Counter, deque

PERIOD_MS = 10 * 60 * 1000  # a fault that stays is said again after ten minutes, not every three seconds
WINDOW_MS = 10_000
LIMITS = {
    "babbling": 20,  # rejected frames in the window: a cable that is moved gives a handful, a babbling box hundreds
    "replayed": 6,  # a PROOF lost on a bad line leaves up to three packets of the new session in the old one
    "forged": 6,  # likewise
}
KEPT = 1000  # (line, code) pairs remembered; twice a large hall's lines

# code → what to do about it; the codes are those of hall.device.fault
TODO = {
    "babbling": "the line carries garbage: check cable, baud rate and what is plugged in",
    "wrong_key": "its secret isn't the registered one: provision this device again",
    "unknown_device": "it isn't registered here: provision it at this hub",
    "replayed": "old messages come again: if nobody is testing, somebody records and replays this line",
    "forged": "sealed packets that don't verify: somebody writes on this line, or the device's memory is failing",
    "replaced": "another box stands in its place, its key is dead: unplug it, or fetch what it still holds",
    "silent": "nothing was heard of it for 10 minutes: look at its power and its cable, else replace it",
    "wrong_role": "it says another role than it was registered with: flash or provision this device again",
    "malformed": "its messages are sealed well and make no sense: firmware and hub don't fit, flash the device again",
    "wrong_version": "it speaks another version of the wire: flash the device again",
    "internal": "the hub's software failed on this line: report it with the hub's log",
    "numbers_regressed": "its fact numbers are below what the hub has: its flash was lost or swapped; check its log",
    "identity_shared": "two boxes have this identity (a copied flash): unplug one and provision it under a new name",
    "swapped": "two boxes hang at each other's windows: change their plugs back, or use line names below /dev/tingting",
    "wrong_epoch": "its epoch isn't the registered one: provision this device again",
}


class FaultBook:
    """Counts all, tells once a period."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._told_at_ms: dict[tuple[str, str], int] = {}
        self._recent: dict[tuple[str, str], deque[int]] = {}

    def seen(self, where: str, code: str, now_ms: int) -> bool:
        """Counts a fault at a line; True when a person is to be told now."""
        self.counts[code] += 1
        key = (where, code)
        told_at_ms = self._told_at_ms.get(key)
        if told_at_ms is not None and now_ms - told_at_ms < PERIOD_MS:
            return False
        if len(self._told_at_ms) >= KEPT:
            del self._told_at_ms[min(self._told_at_ms, key=self._told_at_ms.__getitem__)]
        self._told_at_ms[key] = now_ms
        return True

    def often(self, where: str, code: str, times: int, now_ms: int) -> bool:
        """Counts what is a fault only in numbers (`LIMITS`); True when a person is to be told now."""
        self.counts[f"{code}_single"] += times
        limit = LIMITS[code]
        recent = self._recent.setdefault((where, code), deque(maxlen=limit))
        recent.extend([now_ms] * min(times, limit))
        full = len(recent) == limit and now_ms - recent[0] <= WINDOW_MS
        return full and self.seen(where, code, now_ms)
