"""A case and what changes it, pure: `decide` gives an event or refuses, `apply` makes the next case of it.

Every step is an event of the center's own journal (`hall.case.<action>`) with who and when; a case is a projection of
its events, and nothing of it is ever deleted but the citizen's contact, which is in no event.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from center.casework.calendars import MAX_DAYS, Calendar
from center.casework.errors import CaseRefusal, CaseworkError
from center.casework.tables import (
    ENDED,
    MOVES,
    NEEDED,
    NOT_CONTENT,
    OPENED,
    RESULTS,
    CaseState,
    allowed,
    may,
)

PREFIX = "hall.case."
MAX_TEXT_CHARS = 2000  # a page; what is longer belongs into a document with a number
REMIND_DAYS = 1  # working days before a deadline, where nothing else is set: one day is still enough to act
REMINDED = "reminded"  # an event of the center's own; it is no action, and changes no state
DUE_SOON, OVERDUE = "due_soon", "overdue"
BAD_GRADES = (1, 2)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: account (or token holder) and role."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What a place grants: working days until the answer, reckoned by its calendar."""

    calendar: Calendar
    days: int


@dataclass(frozen=True, slots=True)
class Rating:
    """The bad rating behind a case."""

    hall: str
    run: str
    grade: int
    channel: str
    rated_ms: int
    # Of the service: in every figure a rating stands on this date.
    date: str
    window: str | None
    staff: str | None
    service: str | None
    reasons: tuple[str, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done."""

    action: str
    at_ms: int
    who: str
    role: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One bad rating on its way."""

    id: str
    rating: Rating
    state: CaseState
    opened_ms: int
    due: date
    due_sure: bool
    # The account that works on it, and alone sees the contact; nobody until it is assigned.
    handler: str | None
    has_contact: bool
    steps: tuple[Step, ...] = ()

    @property
    def ended(self) -> bool:
        """Closed, or set aside."""
        return self.state in ENDED

    @property
    def answered(self) -> bool:
        """The deadline is for the answer: what comes after it is not late any more."""
        return self.state in (*ENDED, CaseState.ANSWERED, CaseState.REVISITED)

    @property
    def reminder(self) -> str | None:
        """What was last reminded of for this deadline (due_soon, overdue), while the answer is still owed."""
        if self.answered:
            return None
        said = [step.data for step in self.steps if step.action == REMINDED]
        return said[-1]["kind"] if said and said[-1]["deadline"] == self.due.isoformat() else None

    def actions(self, role: str) -> tuple[str, ...]:
        """What somebody of a role may do now."""
        return tuple(action for action in allowed(self.state) if may(role, action) and not self._barred(action))

    def _barred(self, action: str) -> bool:
        # An anonymous citizen can't be asked again; one who left a contact is asked before the case closes.
        if action == "revisit":
            return not self.has_contact
        return action == "close" and self.state is CaseState.ANSWERED and self.has_contact


def local_day(at_ms: int, offset_minutes: int) -> date:
    """The date at a place."""
    return (_EPOCH + timedelta(milliseconds=at_ms, minutes=offset_minutes)).date()


def case_id(hall: str, run: str) -> str:
    """A case is named after its run: one run has one counted rating, and so one case."""
    return f"{hall}.{run}"


def opening(rating: Rating, terms: Terms, offset_minutes: int, has_contact: bool) -> dict[str, Any]:
    """The data of the event that a case begins with; its days count from the day of the rating."""
    deadline = terms.calendar.after(local_day(rating.rated_ms, offset_minutes), terms.days)
    return {
        "case": case_id(rating.hall, rating.run),
        "hall": rating.hall,
        "run": rating.run,
        "grade": rating.grade,
        "channel": rating.channel,
        "rated_ms": rating.rated_ms,
        "date": rating.date,
        "window": rating.window,
        "staff": rating.staff,
        "service": rating.service,
        "reasons": list(rating.reasons),
        "words": rating.words,
        "due": deadline.day.isoformat(),
        "due_sure": deadline.sure,
        "contact": has_contact,
    }


def decide(
    case: Case, action: str, said: Mapping[str, Any], *, who: Actor, today: date, terms: Terms
) -> dict[str, Any]:
    """The data of the event `hall.case.<action>`; raises `CaseRefusal`."""
    if action not in NEEDED:
        raise CaseRefusal("unknown-action", f"{action!r} is no action of a case; one of {', '.join(NEEDED)}")
    if not may(who.role, action):
        raise CaseRefusal("wrong-role", f"{action} is for the supervisor; you are {who.role}")
    if action not in allowed(case.state):
        raise CaseRefusal(
            "wrong-state",
            f"the case is {case.state}: {action} is not possible now; possible are {', '.join(case.actions(who.role))}",
        )
    if action == "revisit" and not case.has_contact:
        raise CaseRefusal("anonymous", "the citizen left no contact: nobody can be asked again; close the case")
    if action == "close" and case.state is CaseState.ANSWERED and case.has_contact:
        raise CaseRefusal("revisit-first", "the citizen left a contact: ask again (revisit) before closing")
    data: dict[str, Any] = {"case": case.id, "hall": case.rating.hall, "run": case.rating.run, "who": who.name}
    data["role"] = who.role
    data |= {name: _said(name, said) for name in NEEDED[action]}
    if action != "note" and "text" not in data and said.get("text"):
        data["text"] = _said("text", said)
    if action == "extend":
        deadline = terms.calendar.after(case.due, data["days"])
        data |= {"due": deadline.day.isoformat(), "due_sure": deadline.sure}
    elif action in ("dismiss", "reopen") or data.get("result") == "not_content":
        # The work begins anew, and so do its days.
        deadline = terms.calendar.after(today, terms.days)
        data |= {"due": deadline.day.isoformat(), "due_sure": deadline.sure}
    return data


def _said(name: str, said: Mapping[str, Any]) -> Any:
    value = said.get(name)
    if name == "days":
        if type(value) is not int or not 1 <= value <= MAX_DAYS:
            raise CaseRefusal("bad-field", f"days: a whole number from 1 to {MAX_DAYS} is needed")
        return value
    if name == "result":
        if value not in RESULTS:
            raise CaseRefusal("bad-field", f"result: one of {', '.join(RESULTS)} is needed")
        return value
    if not isinstance(value, str) or not value.strip():
        raise CaseRefusal("bad-field", f"{name}: is needed, and says something")
    if len(value) > MAX_TEXT_CHARS:
        raise CaseRefusal("bad-field", f"{name}: {len(value)} characters; at most {MAX_TEXT_CHARS} are kept")
    return value.strip()


def opened(data: Mapping[str, Any], at_ms: int) -> Case:
    """The case that `hall.case.opened` begins."""
    rating = Rating(
        hall=data["hall"],
        run=data["run"],
        grade=data["grade"],
        channel=data["channel"],
        rated_ms=data["rated_ms"],
        date=data["date"],
        window=data.get("window"),
        staff=data.get("staff"),
        service=data.get("service"),
        reasons=tuple(data.get("reasons") or ()),
        words=data.get("words") or "",
    )
    step = Step(OPENED, at_ms, "center", "center", {})
    return Case(
        id=data["case"],
        rating=rating,
        state=CaseState.OPENED,
        opened_ms=at_ms,
        due=date.fromisoformat(data["due"]),
        due_sure=data["due_sure"],
        handler=None,
        has_contact=data["contact"],
        steps=(step,),
    )


def apply(case: Case, action: str, data: Mapping[str, Any], at_ms: int) -> Case:
    """The case after one of its events."""
    state = MOVES.get((case.state, action), case.state)
    if action == "revisit" and data.get("result") == "not_content":
        state = NOT_CONTENT
    shown = {name: value for name, value in data.items() if name not in ("case", "hall", "run", "who", "role")}
    step = Step(action, at_ms, data.get("who", "center"), data.get("role", "center"), shown)
    case = replace(case, state=state, steps=(*case.steps, step))
    if "due" in data:
        case = replace(case, due=date.fromisoformat(data["due"]), due_sure=bool(data["due_sure"]))
    if action == "assign":
        case = replace(case, handler=data["handler"])
    return case


@dataclass(frozen=True, slots=True)
class Urgency:
    """How a case stands to its deadline: working days left (negative: late by so many), and in a word."""

    days_left: int
    word: str  # done, in_time, remind, overdue


def urgency(case: Case, today: date, calendar: Calendar, remind_days: int = REMIND_DAYS) -> Urgency:
    """For lists and reminders."""
    left = calendar.between(today, case.due)
    if case.answered:
        return Urgency(left, "done")
    if today > case.due:
        return Urgency(left, "overdue")
    return Urgency(left, "remind" if left <= remind_days else "in_time")


def reminding(case: Case, today: date, last: date) -> dict[str, Any] | None:
    """The data of the event `hall.case.reminded`, once for each kind and deadline; None where none is due.

    last: the last day that is near.
    """
    kind = OVERDUE if case.due < today else DUE_SOON
    if case.answered or case.due > last or case.reminder in (kind, OVERDUE):
        return None
    data = {"case": case.id, "hall": case.rating.hall, "run": case.rating.run, "kind": kind}
    return data | {"deadline": case.due.isoformat(), "handler": case.handler}


def fold(cases: dict[str, Case], kind: str, data: Mapping[str, Any], at_ms: int) -> Case | None:
    """Takes one event of a center's own journal into `cases`; the case that it changed, if it is one of a case."""
    if not kind.startswith(PREFIX):
        return None
    action = kind.removeprefix(PREFIX)
    if action == OPENED:
        case = opened(data, at_ms)
    elif data["case"] in cases:
        case = apply(cases[data["case"]], action, data, at_ms)
    else:
        raise CaseworkError(f"{kind} of {data['case']}, which was never opened")
    cases[case.id] = case
    return case
