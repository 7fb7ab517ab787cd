"""A batch folded before the store is asked: what it changes where nothing is known of what it touches. Pure.

Nearly every run and ticket of a backlog begins and ends within one batch, so nearly all of its rows and figures can be
made where it is read. A run, a ticket and a window's day depend on their own facts alone: those that the store knows
already are folded again over what it knows (`again`), and nothing else differs by it.
"""

from collections.abc import Callable, Iterable
from dataclasses import fields
from operator import attrgetter
from typing import Any

import msgspec

from center.counting import Fact, Ignored, Submitted, Unrated
from center.rollups.cells import PackedGroup, packed
from center.rollups.entities import Run, Ticket, WindowDay
from center.rollups.folding import Arrival, Folding, Known

# Without the hall, `*_at` as places; what hardly any has stands last, and only where there is some of it.
Row = tuple[Any, ...]
Made = tuple[list[int], Row]  # the places of its facts in the batch, from 1 on, and its values
RARE: dict[type[Any], tuple[str, ...]] = {
    Run: ("undone", "undone_at", "aside", "cased", "aside_at"),
    Ticket: ("missed", "restored", "left", "missed_at", "left_at"),
    WindowDay: (),
}


def columns(kind: type[Any]) -> tuple[str, ...]:
    """What the values of a whole row are."""
    names = [field.name for field in fields(kind) if field.name != "hall"]
    return (*(name for name in names if name not in RARE[kind]), *RARE[kind])


COMMON = {kind: len(columns(kind)) - len(rare) for kind, rare in RARE.items()}  # values of a row without the rare ones


class Ahead(msgspec.Struct, frozen=True, array_like=True):
    """What a batch changes in a store that knows nothing of it; all in the order of the keys."""

    runs: list[Made]
    tickets: list[Made]
    window_days: list[Made]
    facts: list[tuple[str, str, int, int]]  # device, epoch, fact, place
    ignores: list[int]
    devices: list[int]
    cells: list[PackedGroup]


def _values(kind: type[Any]) -> Callable[[Any], Row]:
    names, common = columns(kind), COMMON[kind]
    of_all, of_common = attrgetter(*names), attrgetter(*names[:common])
    nothing = tuple(field.default for name in RARE[kind] for field in fields(kind) if field.name == name)

    def values(entity: Any) -> Row:
        row: Row = of_all(entity)
        return row[:common] if row[common:] == nothing else row

    return values if nothing else of_common


_run_values, _ticket_values, _day_values = _values(Run), _values(Ticket), _values(WindowDay)
_RUN, _TICKET, _DAY = columns(Run), columns(Ticket), columns(WindowDay)


class _Marking(Folding):
    """Remembers which facts each row comes from."""

    def __init__(self, hall: str) -> None:
        super().__init__(hall, Known())
        self.run_places: dict[str, list[int]] = {}
        self.ticket_places: dict[str, list[int]] = {}
        self.day_places: dict[tuple[str, str], list[int]] = {}

    def _run(self, name: str) -> Run:
        self.run_places.setdefault(name, []).append(self.at)
        return super()._run(name)

    def _ticket(self, name: str) -> Ticket:
        self.ticket_places.setdefault(name, []).append(self.at)
        return super()._ticket(name)

    def _window(self, window: str | None, fact: Fact) -> WindowDay | None:
        if window is not None:
            self.day_places.setdefault((window, fact.date), []).append(self.at)
        return super()._window(window, fact)


def ahead(hall: str, facts: Iterable[Fact | None]) -> Ahead:
    """Folds a whole batch; None stands for an event without a fact."""
    folding = _Marking(hall)
    folding.take((place, fact) for place, fact in enumerate(facts, start=1) if fact is not None)
    return Ahead(
        [(folding.run_places[name], _run_values(run)) for name, run in sorted(folding.runs.items())],
        [(folding.ticket_places[name], _ticket_values(one)) for name, one in sorted(folding.tickets.items())],
        [(folding.day_places[key], _day_values(day)) for key, day in sorted(folding.window_days.items())],
        [(*number, place) for number, place in sorted(folding.facts.items())],
        [place for place, _ in folding.ignores],
        [place for place, _ in folding.devices],
        packed(folding.changes),
    )


class _Again(Folding):
    """Folds what is known, and nothing else."""

    def _run(self, name: str) -> Run:
        # What is told of others stands in `Ahead` already; here it goes nowhere.
        return super()._run(name) if name in self.known.runs else Run(self.hall, name)

    def _ticket(self, name: str) -> Ticket:
        return super()._ticket(name) if name in self.known.tickets else Ticket(self.hall, name)

    def _window(self, window: str | None, fact: Fact) -> WindowDay | None:
        return super()._window(window, fact) if (window, fact.date) in self.known.window_days else None

    def _first(self, position: int, data: Submitted | Unrated | Ignored) -> bool:
        # No place of a rating is remembered whose number was not the first.
        return True


def again(hall: str, known: Known, made: Ahead, fact_at: Callable[[int], Fact], before: int) -> Folding:
    """What is known of the batch's runs, tickets and window days folded on; its changes are to be added to `made`'s.

    `fact_at` tells the fact at a place; the batch stands after the position `before`.
    """
    folding = _Again(hall, known)
    places: set[int] = set()
    for own, row in made.runs:
        if row[0] in known.runs:
            places.update(own)
            folding.changes.run(Run(hall, **dict(zip(_RUN, row, strict=False))), -1)
    for own, row in made.tickets:
        if row[0] in known.tickets:
            places.update(own)
            folding.changes.ticket(Ticket(hall, **dict(zip(_TICKET, row, strict=False))), -1)
    for own, row in made.window_days:
        if row[:2] in known.window_days:
            places.update(own)
            folding.changes.window_day(WindowDay(hall, **dict(zip(_DAY, row, strict=False))), -1)
    arrivals: Iterable[Arrival] = ((before + place, fact_at(place)) for place in sorted(places))
    return folding.take(arrivals)
