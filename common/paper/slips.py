"""What stands on paper: slips of lines, QR codes and feeds, as a decoder finds them in a printer's bytes."""

from dataclasses import dataclass, field

import segno


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one style."""

    text: str
    wide: int = 1
    high: int = 1
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line; align: left, centre or right."""

    runs: tuple[Run, ...]
    align: str = "left"

    @property
    def text(self) -> str:
        """Without its styles."""
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class QrCode:
    """A code that the printer makes itself, of the bytes it was given."""

    data: bytes
    module_dots: int
    error: str
    align: str = "left"

    def matrix(self) -> list[list[bool]]:
        """Its modules, without the quiet zone: the smallest version that holds the data, as a printer takes."""
        made = segno.make_qr(self.data, error=self.error, boost_error=False, encoding=None)
        return [[bool(module) for module in row] for row in made.matrix]


@dataclass(frozen=True, slots=True)
class Feed:
    """So many empty lines."""

    lines: int


@dataclass(slots=True)
class Slip:
    """A piece of paper; cut: whether the knife has been through behind it."""

    items: list[Line | QrCode | Feed] = field(default_factory=list)
    cut: bool = False

    @property
    def lines(self) -> list[str]:
        """Its texts, line by line."""
        return [item.text for item in self.items if isinstance(item, Line)]

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)

    @property
    def codes(self) -> list[bytes]:
        """What its QR codes say."""
        return [item.data for item in self.items if isinstance(item, QrCode)]
