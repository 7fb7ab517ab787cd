"""How a hall's boxes get a new firmware, one after the other: pure. Who, in which order, when it stops by itself.

One box of each kind (role and board) goes first. Never are more at risk, being sent to or on trial, than have become
good before them. One that goes back or doesn't come back is enough to stop: somebody looks, then goes on or not.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from enum import StrEnum
from hashlib import sha256
from math import ceil
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from hub.devices.bundles import Kind
from hub.devices.sending import Reason

MAX_AT_RISK: Final = 4  # of one kind: as many evaluators may be away at once without a citizen waiting for one
MAX_IN_ALL: Final = 8  # of all kinds together: each takes the hub's time, and the loop serves citizens first
ALL_PERCENT: Final = 100


class Of(StrEnum):
    """How far one box has come."""

    WAITING = "waiting"  # for its turn, or to be heard
    SENDING = "sending"
    TRYING = "trying"
    GOOD = "good"
    CURRENT = "current"  # it had this firmware before anybody began
    GONE_BACK = "gone_back"
    MISSING = "missing"  # it was told to try it, and was not seen good in time
    REFUSED = "refused"


AT_RISK: Final = frozenset({Of.SENDING, Of.TRYING})
OVER: Final = frozenset({Of.GOOD, Of.CURRENT, Of.GONE_BACK, Of.MISSING, Of.REFUSED})
BAD: Final = frozenset({Of.GONE_BACK, Of.MISSING})


class Stage(StrEnum):
    """How far the whole has come."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


class Why(StrEnum):
    """What has stopped it."""

    NONE = ""
    GONE_BACK = "gone_back"
    MISSING = "missing"
    FIRST_REFUSED = "first_refused"  # the first box of its kind, so the next would, too
    BY_HAND = "by_hand"
    BUNDLE = "bundle"  # what was to be given out can't be read any more, or its key is no longer this hall's


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """One box that is to get it."""

    device: str
    role: str
    board: str
    version: str  # that it is to have
    was: str = ""  # that it had
    state: Of = Of.WAITING
    reason: str = ""
    tries: Annotated[int, Meta(ge=0)] = 0  # how often it was told to try it
    told: bool = False  # it has confirmed the last of them
    line: str = ""  # of its /slot before that
    changed_at: str = ""

    @property
    def kind(self) -> Kind:
        """Which of the bundle's firmwares is for it."""
        return self.role, self.board

    @property
    def failed(self) -> bool:
        """It is to have it and hasn't; one that was replaced is to have nothing any more."""
        return self.state in BAD or (self.state is Of.REFUSED and self.reason != Reason.REPLACED)


class Firmware(msgspec.Struct, frozen=True, kw_only=True):
    """One of those in the bundle."""

    role: str
    board: str
    version: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is given out, to whom, and how far that is."""

    id: str
    digest: str  # SHA-256 of the bundle, 64 hex digits
    percent: Annotated[int, Meta(ge=1, le=100)]
    older: bool
    window: str | None
    device: str | None
    by: str
    began_at: str
    changed_at: str
    firmwares: tuple[Firmware, ...] = ()
    state: Stage = Stage.RUNNING
    why: Why = Why.NONE
    why_device: str | None = None
    # By device; the order is that in which they come.
    boxes: dict[str, Box] = {}

    def counts(self) -> dict[str, int]:
        """How many boxes are in each state."""
        found = Counter(box.state for box in self.boxes.values())
        return {state.value: found[state] for state in Of}


def rank(digest: str, device: str) -> bytes:
    """Where a box stands among the others: by chance, but the same whenever this bundle is given out."""
    return sha256(f"{digest}/{device}".encode()).digest()


def chosen(digest: str, devices: Mapping[str, Kind], percent: int) -> list[str]:
    """So many percent of each kind, at least one, in their order; who is chosen for less is chosen for more."""
    kinds: dict[Kind, list[str]] = {}
    for device in sorted(devices, key=lambda each: rank(digest, each)):
        kinds.setdefault(devices[device], []).append(device)
    within = {device for line in kinds.values() for device in line[: max(1, ceil(len(line) * percent / ALL_PERCENT))]}
    return sorted(within, key=lambda each: rank(digest, each))


def widened(plan: Plan, boxes: Iterable[Box], percent: int, at: str) -> Plan:
    """More of the hall; whoever is in it stays as it is."""
    known = plan.boxes | {box.device: box for box in boxes if box.device not in plan.boxes}
    order = sorted(known, key=lambda each: rank(plan.digest, each))
    fresh = replace(plan, boxes={each: known[each] for each in order}, percent=max(percent, plan.percent))
    return _settled(replace(fresh, state=Stage.RUNNING, why=Why.NONE, why_device=None), at)


def turns(
    plan: Plan, ready: Container[str], windows: Mapping[str, str | None], waits: Container[Kind] = ()
) -> list[str]:
    """Who begins now.

    ready: whoever is heard and disturbs nobody; windows: where each stands, none in a drawer; waits: the kinds of which
    one takes long to be good.
    """
    if plan.state is not Stage.RUNNING:
        return []
    good = Counter(box.kind for box in plan.boxes.values() if box.state is Of.GOOD)
    at_risk = Counter(box.kind for box in plan.boxes.values() if box.state in AT_RISK)
    busy = {windows.get(box.device) for box in plan.boxes.values() if box.state in AT_RISK} - {None}
    begins = []
    for box in plan.boxes.values():
        window = windows.get(box.device)
        if box.state is not Of.WAITING or box.device not in ready or window in busy or box.kind in waits:
            continue
        if at_risk.total() < MAX_IN_ALL and at_risk[box.kind] < min(max(good[box.kind], 1), MAX_AT_RISK):
            at_risk[box.kind] += 1
            busy |= {window} - {None}
            begins.append(box.device)
    return begins


def moved(plan: Plan, box: Box, at: str) -> Plan:
    """After something has become of a box: it stops by itself, is done, or goes on."""
    if plan.state is not Stage.RUNNING and box.state is Of.SENDING:
        box = replace(box, state=Of.WAITING)
    first = not any(each.state is Of.GOOD for each in plan.boxes.values() if each.kind == box.kind)
    fresh = replace(plan, boxes=plan.boxes | {box.device: replace(box, changed_at=at)}, changed_at=at)
    if plan.state is Stage.RUNNING and box.state in BAD:
        return _stopped(fresh, Why(box.state.value), box.device, at)
    if plan.state is Stage.RUNNING and box.state is Of.REFUSED and first and box.reason != Reason.REPLACED:
        return _stopped(fresh, Why.FIRST_REFUSED, box.device, at)
    return _settled(fresh, at)


def stopped(plan: Plan, why: Why, at: str) -> Plan:
    """By hand, or because it can't go on."""
    return _stopped(plan, why, None, at) if plan.state is Stage.RUNNING else plan


def resumed(plan: Plan, at: str, *, again: bool) -> Plan:
    """Goes on; again: with those that went wrong, too."""
    boxes = {
        box.device: replace(box, state=Of.WAITING, reason="", told=False, tries=box.tries + 1)
        if again and box.failed
        else box
        for box in plan.boxes.values()
    }
    fresh = replace(plan, boxes=boxes, state=Stage.RUNNING, why=Why.NONE, why_device=None, changed_at=at)
    return _settled(fresh, at)


def _stopped(plan: Plan, why: Why, device: str | None, at: str) -> Plan:
    """Nobody is sent to any more; who tries it already is waited for."""
    boxes = {
        box.device: replace(box, state=Of.WAITING) if box.state is Of.SENDING else box for box in plan.boxes.values()
    }
    return replace(plan, boxes=boxes, state=Stage.STOPPED, why=why, why_device=device, changed_at=at)


def _settled(plan: Plan, at: str) -> Plan:
    over = all(box.state in OVER for box in plan.boxes.values())
    return replace(plan, state=Stage.DONE, changed_at=at) if over and plan.state is Stage.RUNNING else plan
