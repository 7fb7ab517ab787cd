"""What stands on a ticket, as the template takes it."""

from dataclasses import dataclass

from common.ticket_words import encoded, words
from protocol import ticket as template
from protocol.ticket import NARROW, WIDE, WORDS, Ticket

WIDTHS = (NARROW, WIDE)


@dataclass(frozen=True, slots=True)
class Paper:
    """One ticket: texts as people read them; wait as `5–12`, at as `11-26 13:05`."""

    ticket: str
    number: str
    matter: str
    matter_en: str = ""
    hall: str = ""
    zone: str = ""
    ahead: int | None = None
    wait: str = ""
    url: str = ""
    at: str = ""
    reprint: bool = False
    training: bool = False


def rendered(paper: Paper, columns: int) -> bytes:
    """The printer's bytes."""
    made = Ticket(paper.number.encode("ascii"), encoded(paper.matter), paper.url.encode("ascii"), encoded(paper.at))
    made.matter_en = encoded(paper.matter_en)
    made.hall = encoded(paper.hall)
    made.zone = encoded(paper.zone)
    made.ahead = paper.ahead
    made.wait = encoded(paper.wait)
    made.reprint = paper.reprint
    made.training = paper.training
    return template.render(words(WORDS, columns), made, columns)


def void(number: str, columns: int) -> bytes:
    """The slip that says that a number doesn't count."""
    return template.void(words(WORDS, columns), number.encode("ascii"), columns)
