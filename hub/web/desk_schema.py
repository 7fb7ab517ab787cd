"""What a clerk's page is told, as the OpenAPI document shows it."""

import msgspec

from hub.web.schema import HeldTicket


class DeskTicket(HeldTicket, kw_only=True):
    """The ticket at a window, for its clerk."""

    waited_ms: int
    channel: str
    recalls: int
    # Whether, and who saw that it is due; never which class.
    priority: bool
    verified_by: str | None
    # Of the hall's list of matters.
    matter: str | None
    due_at: str | None
    restored: bool
    note: str | None
    # Where the visit goes on: [{"service", "window"}].
    next: list[dict[str, str | None]]


class DeskMatter(msgspec.Struct, kw_only=True):
    """What the clerk is told of a matter: its name, and what its citizen was promised and asked to bring."""

    name: str
    name_en: str
    promised_time: str
    promised_time_en: str
    fee: str
    fee_en: str
    papers: str
    papers_en: str


class DeskRow(msgspec.Struct, kw_only=True):
    """Somebody who waits; why: restored, own, transferred, appointment, priority, or null by the order of issue."""

    number: str
    service: str
    # Of the hall's list of matters.
    matter: str | None
    why: str | None
    due_at: str | None
    since: str


class DeskWaiting(msgspec.Struct, kw_only=True):
    """Who waits for a window; the first rows in the order in which `next` would call them here."""

    count: int
    longest_since: str | None
    rows: list[DeskRow]


class DeskAside(msgspec.Struct, kw_only=True):
    """A ticket that is held here, or a no-show."""

    number: str
    service: str
    note: str | None
    recalls: int
    since: str | None


class DeskUndo(msgspec.Struct, kw_only=True):
    """What `undo` takes back, and until when."""

    what: str
    number: str
    until: str


class DeskDay(msgspec.Struct, kw_only=True):
    """A window's business day so far."""

    finished: int
    no_shows: int
    median_ms: int | None


class Desk(msgspec.Struct, kw_only=True):
    """A window as its clerk sees it."""

    window: str
    name: str
    services: list[str]
    state: str
    staff: str | None
    role: str | None
    reason: str | None
    ticket: DeskTicket | None
    # Command → null where it would be done now, else the kind of the refusal.
    keys: dict[str, str | None]
    undo: DeskUndo | None
    waiting: DeskWaiting
    held: list[DeskAside]
    missed: list[DeskAside]
    day: DeskDay
    # The matters of the ticket and of the rows, by id; a ticket without one is told of by its service.
    matters: dict[str, DeskMatter]
    recalls_most: int
    priority_one_in: int
    as_of: str
