"""What a reader asks for: which dates, which halls, by what; read from an address, and checked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from aiohttp import web

from center.config import Hall
from center.people.reader import Reader
from center.web.context import CENTER, parts_in_scope, require_reader, scope
from common.problem import Problem

READERS = ("viewer", "manager", "supervisor", "auditor")
# Who sees which person had which rating; the others see persons in tables alone, and small cells of these hidden.
SEES_PERSONS = ("supervisor", "auditor")
MAX_DAYS = 3660  # ten years: one answer by day stays small


@dataclass(frozen=True, slots=True)
class Asked:
    """Figures of the service dates first to last, both included, of these halls."""

    holder: Reader
    halls: tuple[Hall, ...]
    first: str
    last: str
    hall: str | None = None
    # Of the one hall, the windows that are in scope, where not all are; None: whole halls.
    part: frozenset[str] | None = None

    @property
    def hall_ids(self) -> list[str]:
        """The halls by their ids."""
        return [hall.id for hall in self.halls]

    @property
    def sees_persons(self) -> bool:
        """Whether single ratings may stand beside a person's name."""
        return self.holder.role in SEES_PERSONS


def day(request: web.Request, name: str) -> date:
    """A date of the address."""
    text = request.query.get(name, "")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Problem(400, "bad-request", f"{name} is not a date", f"{name}={text!r}: write 2026-11-21.") from error


def dates(request: web.Request) -> tuple[str, str]:
    """`from` and `to`, in order and not too far apart."""
    first, last = day(request, "from"), day(request, "to")
    if not 0 <= (last - first).days < MAX_DAYS:
        raise Problem(400, "bad-request", "from..to is no range", f"from ≤ to, at most {MAX_DAYS} days.")
    return first.isoformat(), last.isoformat()


def halls_asked(request: web.Request, holder: Reader) -> tuple[tuple[Hall, ...], str | None]:
    """The halls that are whole in the reader's scope, or the one of them that `hall` names."""
    return _named(request, tuple(scope(request.app[CENTER], holder)))


def parts_asked(request: web.Request, holder: Reader) -> tuple[tuple[Hall, ...], str | None]:
    """The halls of which anything is in scope, likewise; who asks so looks at `part_of` as well."""
    return _named(request, tuple(parts_in_scope(request.app[CENTER], holder)))


def part_of(holder: Reader, halls: Collection[Hall]) -> frozenset[str] | None:
    """The windows in scope of the one hall that is there in part; None where halls are whole."""
    if holder.scope.department is None or not halls:
        return None
    return frozenset[str]().union(*(holder.scope.windows(hall) or frozenset() for hall in halls))


def _named(request: web.Request, halls: tuple[Hall, ...]) -> tuple[tuple[Hall, ...], str | None]:
    wanted = request.query.get("hall")
    if not wanted:
        return halls, None
    chosen = tuple(hall for hall in halls if hall.id == wanted)
    if not chosen:
        raise Problem(404, "no-such-hall", "There is no such hall here", wanted)
    return chosen, wanted


def asked(request: web.Request, holder: Reader | None = None) -> Asked:
    """The whole question, by bearer token or by whoever is signed in."""
    reader = holder or require_reader(request, *READERS)
    halls, hall = parts_asked(request, reader)
    first, last = dates(request)
    return Asked(reader, halls, first, last, hall, part_of(reader, halls))


def grouping(request: web.Request, allowed: tuple[str, ...]) -> str:
    """`by` of the address."""
    by = request.query.get("by", "hall")
    if by not in allowed:
        raise Problem(400, "bad-request", f"by={by!r} is not known", f"One of {', '.join(allowed)}.")
    return by
