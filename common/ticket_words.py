"""The fixed words of a ticket, from the message catalogue, as the bytes that printers take (GB18030)."""

from functools import lru_cache

from common.catalogue import CHINESE, translations

# No line begins with these, none ends with those (clreq, line breaking).
_NOT_FIRST = "，。：；！？、）》」』”’"
_NOT_LAST = "（《「『“‘"
ENCODING = "gb18030"


def _(text: str) -> str:
    """Marks a message for the catalogue; both languages are printed."""
    return text


# By protocol.ticket.WORDS: the English, and whether it is printed below the Chinese.
_WORDS: dict[str, tuple[str, bool]] = {
    "ahead": (_("Ahead of you"), True),
    "people": (_("people"), False),
    "wait": (_("Expected wait"), True),
    "minutes": (_("minutes"), False),
    "where": (_("Where"), True),
    "away": (_("Given while the network was down: the board says whose turn it is."), True),
    "scan_title": (_("Follow your place by phone"), True),
    "scan_text": (
        _("Scan it: no app, no name, no telephone number. Rate the service with it for 7 days."),
        False,
    ),
    "rule": (
        _("If you miss your call, go to the information desk: you come back after the next 2 people, once."),
        True,
    ),
    "reprint": (_("Second print"), True),
    "training": (_("Practice: not valid"), True),
    "void_title": (_("Void"), True),
    "void_text": (
        _("The ticket was not printed to its end. This number will not be called; please take a new one."),
        True,
    ),
}


def encoded(text: str) -> bytes:
    """Text for a printer; what GB18030 can't say (lone surrogates) becomes a question mark."""
    return text.encode(ENCODING, "replace")


@lru_cache(maxsize=2 * len(_WORDS))  # two widths of paper; a hub compares them with what a dispenser has every second
def words(names: tuple[str, ...], columns: int) -> tuple[bytes, ...]:
    """The words of these names in both languages, cut into lines of so many columns."""
    chinese = translations(CHINESE).gettext
    made = []
    for name in names:
        english, both = _WORDS[name]
        # Labels stand in cells, the rest is centred on the whole paper.
        texts = [chinese(english), english] if both else [chinese(english)]
        made.append(encoded("\n".join("\n".join(wrapped(text, columns)) for text in texts)))
    return tuple(made)


def wrapped(text: str, columns: int) -> list[str]:
    """Lines of at most so many columns: Chinese breaks behind its punctuation where it can, English at spaces."""
    lines = [""]
    for clause in _clauses(text):
        if _columns(lines[-1] + clause.rstrip()) <= columns:
            lines[-1] += clause
        elif _columns(clause.rstrip()) <= columns:
            lines.append(clause)
        else:
            for piece in _pieces(clause):
                if _columns(lines[-1] + piece.rstrip()) > columns and lines[-1]:
                    lines.append("")
                lines[-1] += piece
    return [line.strip() for line in lines if line.strip()] or [""]


def _clauses(text: str) -> list[str]:
    """What is kept on one line while that has room: up to a comma or a full stop, and English words."""
    clauses: list[str] = []
    for piece in _pieces(text):
        ended = not clauses or clauses[-1][-1] in _NOT_FIRST or (piece.isascii() and clauses[-1].isascii())
        if ended:
            clauses.append(piece)
        else:
            clauses[-1] += piece
    return clauses


def _pieces(text: str) -> list[str]:
    """What no line break may cut."""
    pieces: list[str] = []
    for character in text:
        glued = pieces and (
            character in _NOT_FIRST
            or character == " "
            or pieces[-1][-1] in _NOT_LAST
            or (character.isascii() and pieces[-1][-1].isascii() and not pieces[-1].endswith(" "))
        )
        if glued:
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _columns(text: str) -> int:
    return sum(1 if ord(character) < 0x80 else 2 for character in text)
