"""The ticket: one template for dispensers and for the hub's own printers. Both Pythons.

Everything that is read comes in as GB18030 bytes, the fixed words too (`WORDS`): the hub takes them from the message
catalogue, and a box keeps what the hub sent. A newline within a word begins its next line.
"""

from protocol import escpos
from protocol.compat import TYPE_CHECKING, const

if TYPE_CHECKING:
    from collections.abc import Sequence

    from protocol.compat import Any

# The fixed words, by their place in the tuple.
WORDS = (
    "ahead",  # before the people ahead
    "people",  # behind their number
    "wait",
    "minutes",
    "where",
    "away",  # instead of the people ahead, on a ticket given while the hub was away
    "scan_title",
    "scan_text",
    "rule",  # the no-show rule
    "reprint",
    "training",
    "void_title",
    "void_text",
)
AHEAD, PEOPLE, WAIT, MINUTES, WHERE, AWAY, SCAN_TITLE, SCAN_TEXT, RULE = range(9)
REPRINT, TRAINING, VOID_TITLE, VOID_TEXT = range(9, 13)

NARROW = const(32)  # columns of 58 mm paper
WIDE = const(48)  # and of 80 mm
_FEED_LINES = const(1)


class Ticket:
    """What one ticket says; `ahead` None: nobody knew. Texts are GB18030 bytes, `number`, `at` and `url` ASCII."""

    def __init__(self, number: bytes, matter: bytes, url: bytes, at: bytes) -> None:
        self.number = number
        self.matter = matter
        self.matter_en = b""
        self.hall = b""
        self.zone = b""
        self.ahead: int | None = None
        self.wait = b""
        self.url = url
        self.at = at
        self.reprint = False
        self.training = False


def render(words: "Sequence[bytes]", ticket: Ticket, columns: int) -> bytes:
    """The bytes of one ticket, cut off at its end."""
    parts = [escpos.RESET, escpos.HANZI_ON, escpos.CENTRE]
    for flag, word in ((ticket.training, TRAINING), (ticket.reprint, REPRINT)):
        if flag:
            _lines(parts, words[word], escpos.BOLD, escpos.NOT_BOLD)
    _lines(parts, ticket.hall)
    # Twice as large where it fits on one line, as most names do.
    large = 2 if escpos.columns(ticket.matter) * 2 <= columns else 1
    _lines(parts, ticket.matter, escpos.BOLD + escpos.size(large, 2), escpos.NORMAL + escpos.NOT_BOLD)
    _lines(parts, ticket.matter_en)
    _number(parts, ticket.number, columns)
    rule = b"-" * columns + b"\n"
    parts.append(rule)
    _cells(parts, _said(words, ticket), columns)
    parts.append(rule)
    if ticket.ahead is None:
        _lines(parts, words[AWAY])
    if ticket.url:
        parts.append(escpos.qr(ticket.url, 6 if columns > NARROW else 5))
        parts.append(b"\n")
        _lines(parts, words[SCAN_TITLE], escpos.BOLD, escpos.NOT_BOLD)
        _lines(parts, words[SCAN_TEXT])
        parts.append(rule)
    _lines(parts, words[RULE])
    _lines(parts, ticket.at)
    parts.append(escpos.feed(_FEED_LINES))
    parts.append(escpos.CUT)
    return b"".join(parts)


def at_text(unix_min: int) -> bytes:
    """2026-11-21 10:42, of local minutes since 1970 (Howard Hinnant, "chrono-compatible date algorithms")."""
    days = unix_min // 1440 + 719468
    era = days // 146097
    of_era = days - era * 146097
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    year += era * 400 + (1 if month <= 2 else 0)
    minute = unix_min % 1440
    return b"%04d-%02d-%02d %02d:%02d" % (year, month, day, minute // 60, minute % 60)


def void(words: "Sequence[bytes]", number: bytes, columns: int) -> bytes:
    """A slip that says that this number doesn't count: it ends the paper of a ticket that failed half-way."""
    parts = [escpos.RESET, escpos.HANZI_ON, escpos.CENTRE, b"\n"]
    _lines(parts, words[VOID_TITLE], escpos.BOLD + escpos.size(2, 2), escpos.NORMAL + escpos.NOT_BOLD)
    if number:
        _number(parts, number, columns)
    _lines(parts, words[VOID_TEXT])
    parts.append(escpos.feed(_FEED_LINES))
    parts.append(escpos.CUT)
    return b"".join(parts)


def _said(words: "Sequence[bytes]", ticket: Ticket) -> "list[tuple[bytes, bytes]]":
    """(label, value) of the row under the number."""
    cells = []
    if ticket.ahead is not None:
        cells.append((words[AHEAD], b"%d " % ticket.ahead + words[PEOPLE]))
    if ticket.wait:
        cells.append((words[WAIT], ticket.wait + b" " + words[MINUTES]))
    if ticket.zone:
        cells.append((words[WHERE], ticket.zone))
    return cells


def _number(parts: "list[bytes]", number: bytes, columns: int) -> None:
    scale = min(escpos.MAX_SCALE, columns // (len(number) + 1))
    parts.append(escpos.BOLD + escpos.size(scale, scale) + number + b"\n" + escpos.NORMAL + escpos.NOT_BOLD)


def _lines(parts: "list[bytes]", text: bytes, before: bytes = b"", after: bytes = b"") -> None:
    if text:
        parts.append(before + text + b"\n" + after)


def _cells(parts: "list[bytes]", cells: "list[tuple[bytes, bytes]]", columns: int) -> None:
    """Side by side while they fit; each label may have lines, the value below is twice as high."""
    if not cells:
        return
    room = columns // len(cells)
    widest = max([escpos.columns(text) for label, value in cells for text in label.split(b"\n") + [value]])
    if widest >= room:
        for label, value in cells:
            parts.append(label.replace(b"\n", b" ") + b"\n")
            parts.append(escpos.BOLD + escpos.size(1, 2) + value + b"\n" + escpos.NORMAL + escpos.NOT_BOLD)
        return
    labels: Any = [label.split(b"\n") for label, _ in cells]
    for row in range(max([len(lines) for lines in labels])):
        texts = [lines[row] if row < len(lines) else b"" for lines in labels]
        parts.append(b"".join([_centred(text, room) for text in texts]) + b"\n")
    values = b"".join([_centred(value, room) for _, value in cells])
    parts.append(escpos.BOLD + escpos.size(1, 2) + values + b"\n" + escpos.NORMAL + escpos.NOT_BOLD)


def _centred(text: bytes, room: int) -> bytes:
    left = (room - escpos.columns(text)) // 2
    return b" " * left + text + b" " * (room - left - escpos.columns(text))
