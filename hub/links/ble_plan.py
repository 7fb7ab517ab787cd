"""Who gets one of the few links: pure, so that every rule can be tried without a radio.

A controller holds few links at once and makes one connection at a time. So the hub connects where there is a reason,
the most urgent first, and lets go of whoever has none left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum

MOST_BOXES = 512  # addresses remembered; five halls' worth, then the one that was silent for longest is forgotten
QUIET_S = 1.0  # a last STATUS or HEALTH still comes; connecting again would cost as much
STUCK_S = 60.0  # busy for so long is a box that hangs, or a journal that takes nothing: others come first
SPARE = 1  # links that are not lent to who can wait, so that a question never waits for a link to end
PATIENCE_S = (
    10.0  # then also who can wait gets a link: a display must not show an old number, nor a new box stay unknown
)

UPDATE_PATIENCE_S = 60.0  # then a caller at an idle window lends its link; a key of it still comes before all this

State = tuple[bool, int, int, int]  # as protocol.air.read_state gives it


class Want(IntEnum):
    """Why to connect; the smallest is the most urgent."""

    ASK = 0  # somebody has just been served and is to be asked
    CALL = 1  # the box wants something: a clerk has pressed a key
    FACTS = 2  # it has facts that are not here yet
    NEAR = 3  # its window has called, or serves: the question will come
    HOLD = 4  # its keys are questions, and nothing is to be said just now
    SHOW = 5  # its display is behind
    CHECK = 6  # it was not proven for long, or never
    UPDATE = 7  # a new firmware comes to it: behind all else


class Keep(IntEnum):
    """Why not to let go; the smallest goes first."""

    QUIET = 0  # no reason left
    UPDATE = 1  # a new firmware comes to it, which can go on later
    HOLD = 2  # its keys are questions, and nobody is served there just now
    NEAR = 3  # its window is about to finish
    INVITED = 4  # somebody stands there and may press at any moment
    BUSY = 5  # something is under way


class End(Enum):
    """How a link, or an attempt at one, ended."""

    GIVEN_BACK = "given back"  # proven, and nothing was left to say
    BROKE = "broke"  # proven, and lost
    FAILED = "failed"  # it came to nothing
    CALLED_OFF = "called off"  # for somebody more urgent


URGENT = (Want.ASK, Want.CALL, Want.FACTS)
PATIENT = (Want.NEAR, Want.SHOW, Want.CHECK)  # what has to be done sooner or later; holding hasn't


@dataclass(frozen=True, slots=True)
class Candidate:
    """A box that could be connected."""

    address: str
    want: Want
    since_s: float  # wanted since


@dataclass(frozen=True, slots=True)
class Held:
    """A link that there is."""

    address: str
    keep: Keep
    since_s: float  # so since


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now."""

    connect: str | None = None
    let_go: tuple[str, ...] = ()
    call_off: bool = False  # the attempt under way


def plan(now_s: float, candidates: Sequence[Candidate], held: Sequence[Held], links: int, attempt: Want | None) -> Plan:
    """Looks at everything anew each time. attempt: what the connection that is being made is wanted for."""
    quiet = tuple(link.address for link in held if link.keep is Keep.QUIET and now_s - link.since_s >= QUIET_S)
    leaving = quiet or _for_spare(held, links, len(held) + (attempt is not None))
    if not candidates:
        return Plan(let_go=leaving)
    best = min(candidates, key=lambda each: (_rank(each, now_s), each.since_s, each.address))
    urgent = best.want in URGENT
    if attempt is not None:
        return Plan(let_go=leaving, call_off=urgent and attempt not in URGENT)
    late = _is_late(best, now_s)
    room = links if urgent or late or links <= SPARE else links - SPARE
    if len(held) < room:
        return Plan(connect=best.address, let_go=leaving)
    if leaving:
        return Plan(let_go=leaving)
    least = min(held, key=_worth)
    stuck = least.keep is Keep.BUSY and now_s - least.since_s >= STUCK_S
    if best.want is Want.UPDATE:  # it waits until a link is free; held for nobody's sake, one is in the end
        gives_way = stuck or (least.keep is Keep.HOLD and now_s - best.since_s >= UPDATE_PATIENCE_S)
    else:
        gives_way = stuck or least.keep <= Keep.UPDATE or ((urgent or late) and least.keep is not Keep.BUSY)
    return Plan(let_go=(least.address,) if gives_way else ())


def _is_late(each: Candidate, now_s: float) -> bool:
    return each.want in PATIENT and now_s - each.since_s >= PATIENCE_S


def _rank(each: Candidate, now_s: float) -> int:
    """Who has waited too long comes right behind the urgent ones, whatever it was for."""
    return Want.FACTS + 1 if _is_late(each, now_s) else each.want


def _worth(link: Held) -> tuple[int, float, str]:
    """The least goes first: of two that are kept for the same, the older one, for it had its time.

    But of two open questions the younger one: nobody has read it yet, and a press that comes while the next box is
    being connected would have to wait for that.
    """
    return link.keep, -link.since_s if link.keep is Keep.INVITED else link.since_s, link.address


def _for_spare(held: Sequence[Held], links: int, taken: int) -> tuple[str, ...]:
    """With every link taken the next question would have to wait for one to end: who can wait goes beforehand."""
    can_wait = [link for link in held if link.keep <= Keep.NEAR]
    if links <= SPARE or taken <= links - SPARE or not can_wait:
        return ()
    return (min(can_wait, key=_worth).address,)
