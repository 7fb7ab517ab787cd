"""The hall's words and places, as its rows say them."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Protocol

from hub.hall.rows import Rows
from hub.web.guide import Notice, Zone


class Hall(Protocol):
    """Where the rows are."""

    rows: Rows

    @property
    def revision(self) -> int:
        """Rises with each change."""


class HallGuide:
    """The guide of a hall whose rows may change at any time."""

    def __init__(self, hall: Hall, training: Callable[[], bool]) -> None:
        self._hall = hall
        self._training = training

    @property
    def revision(self) -> str:
        """Another one whenever anything here has changed."""
        return f"{self._hall.revision}{'t' if self.training else ''}"

    @property
    def training(self) -> bool:
        """Nothing here is real."""
        return self._training()

    def zones(self) -> Sequence[Zone]:
        """Every zone, in the hall's order; a hall without zones is one."""
        rows = self._hall.rows
        if not rows.zones:
            return (Zone("", "", "", tuple(window.id for window in rows.windows)),)
        return [
            Zone(
                zone.id, zone.name, zone.name_en, tuple(window.id for window in rows.windows if window.zone == zone.id)
            )
            for zone in rows.zones
        ]

    def notices(self, zone: str) -> Sequence[Notice]:
        """What is announced now, in a zone or everywhere."""
        return [
            Notice(row.text, row.text_en) for row in self._hall.rows.announcements if not row.zone or row.zone == zone
        ]

    def open_day(self, day: date) -> bool:
        """Nobody said that it was closed."""
        return True
