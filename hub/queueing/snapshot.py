"""The working state as plain data and back: what a snapshot of it keeps, so that a start need not replay everything.

Written by the fields that the state's classes have, so that a field added to them is kept without a line here; what a
snapshot lacks takes its default.
"""

from collections import deque
from dataclasses import fields, is_dataclass
from enum import StrEnum
from string import ascii_uppercase
from typing import Any

from hub.queueing import state as queueing_state
from hub.queueing.apply import apply
from hub.queueing.errors import ApplyError, LayoutError, QueueingError
from hub.queueing.events import TICKET_ISSUED, Event
from hub.queueing.layout import Layout, from_plain
from hub.queueing.layout import plain as plain_layout
from hub.queueing.state import Run, State, WindowNow
from hub.queueing.tables import RunState, WindowState

# Raise it when `dump` writes something else; `load` then still has to read the one before it, because events that were
# let go after `[journal] keep_days` live on in snapshots alone.
FORMAT = 1

# What the layout or the program says, or what `runs` tells by its order.
_NOT_KEPT = {"layout", "runs_kept", "run_order", "runs"}
_RUN_FIELDS = ("id", "ticket", "window", "staff", "service", "state")
_NAMES = {name: kind for name, kind in vars(queueing_state).items() if isinstance(kind, type)}

Plain = dict[str, Any]


class SnapshotError(QueueingError):
    """This is no state that these rules can go on from; the text says why."""


def dump(state: State) -> Plain:
    """The state in dicts, lists and scalars of its own, so that it may be encoded in another thread.

    50,000 runs take 12 ms on one core of a shared server, and the loop waits that long. What the settings file alone
    says is left out: a hall that is laid out anew there goes on from the same snapshot.
    """
    writer = _Writer()
    kept: Plain = {
        each.name: writer.plain(getattr(state, each.name)) for each in fields(state) if each.name not in _NOT_KEPT
    }
    queues = {service: queue for service, queue in state.queues.items() if queue}
    windows = {name: now for name, now in state.windows.items() if now != WindowNow(name)}
    kept |= {"queues": writer.plain(queues), "windows": writer.plain(windows)}
    found: Plain = {"format": FORMAT, "state": kept, "objects": writer.objects, "runs": _flat(state)}
    # What an event said of the hall must outlive the event; what the settings file says of it, it says again.
    return found | {"layout": plain_layout(state.layout)} if state.laid_out else found


def load(layout: Layout, plain: Any) -> State:
    """The state again, in the hall that its events made, else in this layout; raises `SnapshotError`."""
    try:
        if plain["format"] != FORMAT:
            raise SnapshotError(f"it has format {plain['format']!r}, these rules read {FORMAT}")
        kept = plain.get("layout")
        return _load(layout if kept is None else from_plain(kept), plain)
    except LayoutError as error:
        raise SnapshotError(f"its hall can't be: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise SnapshotError(f"it is not what these rules wrote ({error!r})") from error


def follow(state: State, event: Event) -> None:
    """Takes an event in where events before it are lost: what can't follow is closed, so that the hall can go on."""
    try:
        apply(state, event)
        if event.type == TICKET_ISSUED and not event.data.get("lease"):
            # Numbers that were given out in the lost part must not be given out again.
            given = int(event.data["number"].lstrip(ascii_uppercase))
            service = event.data["service"]
            state.counters[service] = max(given, state.counters[service])
    except (ApplyError, ValueError):
        ticket, window = event.data.get("ticket"), event.data.get("window")
        for now in state.windows.values():
            if now.ticket is not None and (now.ticket == ticket or now.id == window):
                _drop(state, now.ticket)
                now.ticket = None
                now.state = WindowState.FREE
        if ticket is not None:
            _drop(state, ticket)
        fact = event.data.get("fact")
        if fact is not None:
            key = (event.data["device"], event.data["epoch"])
            state.facts[key] = max(fact, state.facts.get(key, 0))


def _drop(state: State, ticket_id: str) -> None:
    state.missed.pop(ticket_id, None)
    ticket = state.tickets.pop(ticket_id, None)
    if ticket is not None:
        state.leave(ticket)


def _load(layout: Layout, plain: Plain) -> State:
    state = queueing_state.new(layout)
    reader = _Reader(plain["objects"])
    for name, kept in plain["state"].items():
        value = reader.value(kept)
        if isinstance(value, dict):
            # Onto what the layout says: its services have queues and its windows stand, used or not.
            getattr(state, name).update(value)
        elif hasattr(state, name):
            setattr(state, name, value)
        else:
            raise SnapshotError(f"it has {name!r}, which these rules don't know")
    states = {each.value: each for each in RunState}
    columns = iter(plain["runs"])
    known: dict[str | None, str | None] = {}
    same = known.setdefault  # a hall has few windows, clerks and services; decoding made each name anew for each run
    for run, ticket, window, staff, service, run_state in zip(*[columns] * len(_RUN_FIELDS), strict=True):
        names = same(window, window), same(staff, staff), same(service, service)
        state.runs[run] = Run(run, ticket, *names, states[run_state])
    state.run_order.extend(state.runs)
    return state


def _flat(state: State) -> list[str | None]:
    """Every run's fields, one after another, in the order in which the runs will be forgotten.

    One long list, for 50,000 small ones set off the interpreter's garbage collection.
    """
    flat: list[str | None] = []
    runs = state.runs
    for each in state.run_order:
        run = runs[each]
        # The enum's own `_value_`: its `value` is a property that takes as long again as all the rest.
        flat += (run.id, run.ticket, run.window, run.staff, run.service, run.state._value_)
    return flat


class _Writer:
    """Values as plain data; an object that stands in two places is written once."""

    def __init__(self) -> None:
        self.objects: list[Any] = []
        self._numbers: dict[int, int] = {}

    def plain(self, value: Any) -> Any:
        """Scalars as they are, all else as [tag, …]."""
        if value is None or type(value) in (bool, int, str):
            return value
        if isinstance(value, StrEnum):
            return ["enum", type(value).__name__, value.value]
        if isinstance(value, dict):
            return ["dict", *([self.plain(key), self.plain(kept)] for key, kept in value.items())]
        if isinstance(value, list | tuple):
            return [type(value).__name__, *map(self.plain, value)]
        if isinstance(value, deque):
            return ["deque", value.maxlen, *map(self.plain, value)]
        if is_dataclass(value) and type(value).__name__ in _NAMES:
            return ["object", self._object(value)]
        raise TypeError(f"a state holds a {type(value).__name__}, which snapshots can't keep")

    def _object(self, value: Any) -> int:
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self.objects)
            self.objects.append(None)
            # What is as its class has it is left out, as a field that a snapshot lacks: most of a waiting ticket is.
            kept = {
                each.name: self.plain(own)
                for each in fields(value)
                if (own := getattr(value, each.name)) is not each.default
            }
            self.objects[number] = [type(value).__name__, kept]
        return number


class _Reader:
    """The way back."""

    def __init__(self, objects: list[Any]) -> None:
        self._plain = objects
        self._made: dict[int, Any] = {}

    def value(self, plain: Any) -> Any:
        """A value from its plain form."""
        if not isinstance(plain, list):
            return plain
        tag, *rest = plain
        if tag == "object":
            return self._object(rest[0])
        if tag == "enum":
            return _NAMES[rest[0]](rest[1])
        if tag == "dict":
            return {self.value(key): self.value(kept) for key, kept in rest}
        if tag in ("list", "tuple"):
            return (list if tag == "list" else tuple)(map(self.value, rest))
        if tag == "deque":
            return deque(map(self.value, rest[1:]), maxlen=rest[0])
        raise ValueError(f"unknown tag {tag!r}")

    def _object(self, number: int) -> Any:
        made = self._made.get(number)
        if made is None:
            name, kept = self._plain[number]
            made = self._made[number] = _NAMES[name](**{key: self.value(value) for key, value in kept.items()})
        return made
