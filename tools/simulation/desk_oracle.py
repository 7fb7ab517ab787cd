"""What must be true of numbers, papers and calls, known from the tray and the clerk's fingers, asked of the journal."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from common.paper.slips import Slip
from firmware.apps.caller import ASK_MS
from hub.queueing import events as ev
from hub.queueing.events import Event

# A request tells how long it is still wanted; on its way it may be as late as a frame.
WANTED_MS = ASK_MS + 1_000
# What happens at a caller's window → the keys that lead to it.
KEYS = {
    ev.TICKET_CALLED: ("next",),
    ev.TICKET_ARRIVED: ("1",),
    ev.TICKET_RECALLED: ("recall",),
    ev.TICKET_NO_SHOW: ("no_show", "recall"),
    ev.TICKET_FINISHED: ("finish",),
    ev.WINDOW_PAUSED: ("3",),
    ev.WINDOW_UNPAUSED: ("3",),
}


@dataclass(slots=True)
class KeyPress:
    """A key of the caller that a clerk pressed."""

    key: str
    at_ms: int
    claimed: bool = False


@dataclass(slots=True)
class DeskOracle:
    """`window`: where the caller stands, and nobody gives commands but by its keys."""

    window: str
    keys: list[KeyPress] = field(default_factory=list)

    def judge(self, events: list[Event], papers: Iterable[Slip]) -> list[str]:
        """What is wrong, one line each."""
        return [*self._calls(events), *places(events), *numbers(events), *_papers(events, list(papers))]

    def _calls(self, events: list[Event]) -> list[str]:
        """Each command at the window has a press of its own, not long before: nothing is done later, or twice."""
        wrong = []
        for event in events:
            keys = KEYS.get(event.type)
            if keys is None or event.data["window"] != self.window:
                continue
            for press in self.keys:
                # A clock that is not sure says nothing of when; that somebody pressed is asked all the same.
                then = 0 <= event.time_ms - press.at_ms <= WANTED_MS or not event.sure
                if press.key in keys and not press.claimed and then:
                    press.claimed = True
                    break
            else:
                wrong.append(f"caller: {event.type} of {event.subject} at {event.time_ms}: nobody pressed for it then")
        return wrong


class Places:
    """Where every ticket is, event by event."""

    def __init__(self) -> None:
        self._place: dict[str, str] = {}
        self._at: dict[str, str] = {}

    def take(self, event: Event) -> list[str]:
        """What is wrong with this one: each ticket is in one place at a time, each window has one ticket."""
        wrong: list[str] = []
        place, at = self._place, self._at
        ticket, window = str(event.data.get("ticket")), str(event.data.get("window"))
        if event.type == ev.TICKET_ISSUED:
            if ticket in place:
                wrong.append(f"ticket {ticket} is issued twice")
            place[ticket] = "paper" if event.data.get("printer") else "line"
        elif event.type == ev.TICKET_PRINTED and place.get(ticket) == "paper":
            place[ticket] = "line"
        elif event.type == ev.TICKET_CALLED:
            if place.get(ticket) != "line":
                wrong.append(f"ticket {ticket} is called to window {window} from {place.get(ticket)}")
            if window in at:
                wrong.append(f"ticket {ticket} is called to window {window} where {at[window]} is")
            place[ticket], at[window] = f"window {window}", ticket
        elif event.type in (ev.TICKET_FINISHED, ev.TICKET_NO_SHOW):
            if place.get(ticket) != f"window {window}":
                wrong.append(f"ticket {ticket} ends at window {window} and is at {place.get(ticket)}")
            place[ticket] = "gone"
            at.pop(window, None)
        elif event.type == ev.TICKET_CANCELLED:
            if str(place.get(ticket)).startswith("window"):
                wrong.append(f"ticket {ticket} is cancelled at {place[ticket]}")
            place[ticket] = "gone"
        return wrong

    def end(self) -> list[str]:
        """No paper stays without its word."""
        waiting = [ticket for ticket, now in self._place.items() if now == "paper"]
        return [f"ticket {ticket} was neither printed nor cancelled" for ticket in waiting]


def places(events: list[Event]) -> list[str]:
    """All of a day, from its beginning to its end."""
    follow = Places()
    wrong = [problem for event in events for problem in follow.take(event)]
    return [*wrong, *follow.end()]


def numbers(events: list[Event]) -> list[str]:
    """No number twice on a day, lent numbers in one lease alone, and what is void was given to nobody."""
    issued = [event.data for event in events if event.type == ev.TICKET_ISSUED]
    counted = Counter((data["business_date"], data["number"]) for data in issued)
    wrong = [
        f"number {number} of {date} is given {count} times" for (date, number), count in counted.items() if count > 1
    ]
    lent: Counter[tuple[str, str, int]] = Counter()
    for event in events:
        if event.type == ev.LEASE_GRANTED:
            for span in event.data["ranges"]:
                key = (event.data["business_date"], span["service"])
                lent.update((*key, number) for number in range(span["first"], span["last"] + 1))
        elif event.type == ev.LEASE_CLOSED:
            void = {number for row in event.data["voided"] for number in row["numbers"]}
            given = void & {data["number"] for data in issued if data.get("lease") == event.data["lease"]}
            wrong += [f"number {number} is void and was given" for number in sorted(given)]
    wrong += [
        f"number {number} of {service} is lent {count} times"
        for (_, service, number), count in lent.items()
        if count > 1
    ]
    return wrong


def _papers(events: list[Event], papers: list[Slip]) -> list[str]:
    """Each paper in the tray has one number in the journal; each number that counts has one paper in the tray."""
    wrong = []
    tray = Counter(sha256(slip.codes[0].rpartition(b"/")[2]).hexdigest() for slip in papers)
    by_token = {event.data["token_sha256"]: event.data for event in events if event.type == ev.TICKET_ISSUED}
    for slip in papers:
        issued = by_token.get(sha256(slip.codes[0].rpartition(b"/")[2]).hexdigest())
        if issued is None:
            wrong.append(f"dispenser: the paper {slip.lines} has no ticket in the journal")
        elif issued["number"] not in slip.lines:
            wrong.append(f"ticket {issued['ticket']}: the paper has another number than {issued['number']}")
    told = [
        event.data["ticket"] for event in events if event.type == ev.TICKET_PRINTED and not event.data.get("reprint")
    ]
    token = {data["ticket"]: key for key, data in by_token.items()}
    for ticket, count in Counter(told).items():
        if count > 1:
            wrong.append(f"ticket {ticket} is printed {count} times in the journal")
        if ticket in token and tray[token[ticket]] != 1:
            wrong.append(f"ticket {ticket} counts and has {tray[token[ticket]]} papers")
        elif ticket not in token:
            wrong.append(f"ticket {ticket} is printed in the journal and was never issued")
    return wrong
