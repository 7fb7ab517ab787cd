"""A case's states, and what may be done in which by whom: one table. What is not here is refused."""

from enum import StrEnum


class CaseState(StrEnum):
    """How far a bad rating has been followed."""

    # Nobody has looked into it.
    OPENED = "opened"
    # It is true: what went wrong stands in the case.
    VERIFIED = "verified"
    # It is put right.
    PUT_RIGHT = "put_right"
    # The citizen, or the public where there is no contact, has an answer.
    ANSWERED = "answered"
    # The citizen was asked again and is content, or can't be reached.
    REVISITED = "revisited"
    # The hall says that the rating is mistaken or false; the supervisor decides.
    APPEALED = "appealed"
    CLOSED = "closed"
    # An upheld appeal: the rating stays visible as set aside, and the figures say so.
    SET_ASIDE = "set_aside"


class Role(StrEnum):
    """Who acts; the roles of `center.people`."""

    MANAGER = "manager"
    SUPERVISOR = "supervisor"


OPENED = "opened"  # the event a case begins with; it is no action
ENDED = (CaseState.CLOSED, CaseState.SET_ASIDE)

# (state, action) → state
MOVES: dict[tuple[CaseState, str], CaseState] = {
    (CaseState.OPENED, "verify"): CaseState.VERIFIED,
    (CaseState.OPENED, "appeal"): CaseState.APPEALED,
    (CaseState.VERIFIED, "put_right"): CaseState.PUT_RIGHT,
    (CaseState.VERIFIED, "appeal"): CaseState.APPEALED,
    (CaseState.PUT_RIGHT, "answer"): CaseState.ANSWERED,
    # Somebody left a contact: asked again before the case may close. An anonymous one has no revisit.
    (CaseState.ANSWERED, "revisit"): CaseState.REVISITED,
    (CaseState.ANSWERED, "close"): CaseState.CLOSED,
    (CaseState.REVISITED, "close"): CaseState.CLOSED,
    (CaseState.APPEALED, "uphold"): CaseState.SET_ASIDE,
    (CaseState.APPEALED, "dismiss"): CaseState.VERIFIED,
    # A second look from above: nothing is deleted, the case goes on from what is true.
    (CaseState.CLOSED, "reopen"): CaseState.VERIFIED,
}
# Of a citizen who is not content: it is not put right after all.
NOT_CONTENT = CaseState.VERIFIED
# What changes no state: a remark, another person in charge, more time.
ASIDE = ("note", "assign", "extend")

# Who decides; everything else is the hall's own duty, which a supervisor may do as well.
SUPERVISOR_ONLY = ("uphold", "dismiss", "reopen", "extend")
ACTIONS = tuple(dict.fromkeys([action for _, action in MOVES] + list(ASIDE)))

# What an action has to say. `text`: what was found, done or answered; `by`: who answers for it (谁办理谁负责).
NEEDED: dict[str, tuple[str, ...]] = {
    "verify": ("text",),
    "appeal": ("text",),
    "put_right": ("text",),
    "answer": ("text", "by"),
    "revisit": ("result",),
    "close": (),
    "uphold": ("text",),
    "dismiss": ("text",),
    "reopen": ("text",),
    "note": ("text",),
    "assign": ("handler",),
    "extend": ("days", "text"),
}
RESULTS = ("content", "not_content", "not_reached")


def allowed(state: CaseState) -> tuple[str, ...]:
    """The actions that a case in this state takes, in the table's order."""
    moves = tuple(action for at, action in MOVES if at is state)
    if state in ENDED:
        return (*moves, "note")
    return (*moves, *ASIDE)


def may(role: str, action: str) -> bool:
    """Whether a role may do this."""
    if role == Role.SUPERVISOR:
        return True
    return role == Role.MANAGER and action not in SUPERVISOR_ONLY
