"""What the citizens' pages ask of the hall beside the queue: zones, announcements, training, matters."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the hall with a board and a voice of its own; id "" is the whole hall."""

    id: str
    name: str
    name_en: str
    windows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """An announcement of the hall."""

    text: str
    text_en: str = ""


@dataclass(frozen=True, slots=True)
class Matter:
    """What a citizen comes for (事项), with its six disclosures; lines of a text are its items.

    initials: of its Chinese name, sfz for 身份证. often: stands on the kiosk's first page.
    """

    id: str
    service: str
    name: str
    name_en: str = ""
    initials: str = ""
    department: str = ""
    department_en: str = ""
    summary: str = ""
    summary_en: str = ""
    legal_basis: str = ""
    legal_basis_en: str = ""
    procedure: str = ""
    procedure_en: str = ""
    papers: str = ""
    papers_en: str = ""
    promised_time: str = ""
    promised_time_en: str = ""
    fee: str = ""
    fee_en: str = ""
    place: str = ""
    place_en: str = ""
    often: bool = False


class Guide(Protocol):
    """The hall's own words and places; all of it may change while the hub runs."""

    @property
    def revision(self) -> str:
        """Another one whenever anything here has changed."""

    @property
    def training(self) -> bool:
        """Nothing here is real."""

    def zones(self) -> Sequence[Zone]:
        """Every zone, in the hall's order."""

    def notices(self, zone: str) -> Sequence[Notice]:
        """What is announced now, in a zone or everywhere."""

    def open_day(self, day: date) -> bool:
        """Whether the hall opens on a day."""

    def matters(self) -> Sequence[Matter]:
        """Every matter that numbers are given for, in the hall's order."""

    def matter(self, matter: str) -> Matter | None:
        """One of them."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A hall that has no more than its settings: one zone, nothing announced."""

    windows: tuple[str, ...]
    revision: str = "0"
    training: bool = False
    told: tuple[Notice, ...] = field(default=())
    listed: tuple[Matter, ...] = field(default=())

    def zones(self) -> Sequence[Zone]:
        """The whole hall."""
        return (Zone("", "", "", self.windows),)

    def notices(self, zone: str) -> Sequence[Notice]:
        """None."""
        return self.told

    def open_day(self, day: date) -> bool:
        """Nobody said that it was closed."""
        return True

    def matters(self) -> Sequence[Matter]:
        """Each service is one."""
        return self.listed

    def matter(self, matter: str) -> Matter | None:
        """By its id."""
        return next((each for each in self.listed if each.id == matter), None)


def place(zones: Sequence[Zone], window: str) -> dict[str, Any]:
    """Where a window is, for a page; without a name where the hall is one."""
    for zone in zones:
        if window in zone.windows:
            return {"name": zone.name, "name_en": zone.name_en}
    return {"name": "", "name_en": ""}
