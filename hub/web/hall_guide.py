"""The hall's words and places, as its rows say them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Protocol

from hub.hall.rows import MatterRow, Rows, ServiceRow
from hub.web.guide import Matter, Notice, Zone
from hub.web.initials import Initials

_DISCLOSED = ("legal_basis", "procedure", "papers", "promised_time", "fee")
_OWN = ("department", "department_en", "place", "place_en")


class Hall(Protocol):
    """Where the rows are."""

    rows: Rows

    @property
    def revision(self) -> int:
        """Rises with each change."""


class HallGuide:
    """The guide of a hall whose rows may change at any time."""

    def __init__(self, hall: Hall, training: Callable[[], bool], initials: Initials) -> None:
        self._hall = hall
        self._training = training
        self._initials = initials
        # What it was made from, and the matters by their id.
        self._made: tuple[Rows | None, int] = (None, -1)
        self._matters: dict[str, Matter] = {}

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

    def matters(self) -> Sequence[Matter]:
        """The hall's matters; without any, each service is one."""
        return tuple(self._listed().values())

    def matter(self, matter: str) -> Matter | None:
        """By its id."""
        return self._listed().get(matter)

    def _listed(self) -> dict[str, Matter]:
        rows = self._hall.rows
        made = (rows, self._initials.version)
        if self._made[0] is not rows or self._made[1] != made[1]:
            services = {row.id: row for row in rows.services}
            found = [_matter(row, services[row.service]) for row in rows.matters] or list(map(_service, rows.services))
            self._initials.want(each.name for each in found)
            self._matters = {each.id: replace(each, initials=self._initials.of(each.name)) for each in found}
            self._made = made
        return self._matters


_SAME = ("id", "name", "name_en", *(f"{each}{end}" for each in _DISCLOSED for end in ("", "_en")))


def _service(row: ServiceRow) -> Matter:
    return Matter(service=row.id, **{name: getattr(row, name) for name in (*_SAME, *_OWN)})


def _matter(row: MatterRow, service: ServiceRow) -> Matter:
    """What it doesn't say of its department and place, its service says."""
    own = {name: getattr(row, name) or getattr(service, name) for name in _OWN}
    rest = {name: getattr(row, name) for name in (*_SAME, "summary", "summary_en", "often")}
    return Matter(service=row.service, **own, **rest)
