"""The label that is stuck onto a box: its name, its place, and the name as a QR code. Nothing of it is secret."""

from dataclasses import dataclass

from common.ticket_words import encoded
from protocol import escpos
from protocol.ticket import NARROW


@dataclass(frozen=True, slots=True)
class BoxLabel:
    """Texts as people read them; `place` such as 3号窗口."""

    device: str
    role: str
    place: str
    hall: str


def rendered(label: BoxLabel, columns: int) -> bytes:
    """The printer's bytes."""
    parts = [escpos.RESET, escpos.HANZI_ON, escpos.CENTRE]
    for text, begin, end in (
        (label.hall, b"", b""),
        (label.place, escpos.BOLD + escpos.size(2, 2), escpos.NORMAL + escpos.NOT_BOLD),
        (label.role, b"", b""),
    ):
        if text:
            parts += [begin, encoded(text), b"\n", end]
    parts += [escpos.qr(label.device.encode(), 6 if columns > NARROW else 5), b"\n"]
    parts += [escpos.BOLD, label.device.encode(), b"\n", escpos.NOT_BOLD, escpos.feed(1), escpos.CUT]
    return b"".join(parts)
