"""What the hall is made of: services and windows. In a running hub only an event changes it."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from hub.queueing.errors import LayoutError

# Where leases begin, downwards, for a service without a last number: the highest number of three digits.
LAST_LEASED = 999


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of matter with its own numbers; the prefix begins each number (`A` → `A001`).

    hours: (from, to) in minutes of the local day, in the day's order; a `to` that is not later lies after midnight;
    none: always open. last_ticket_min: no number in so many minutes before the last closing. daily_cap: numbers asked
    for in a business day. Services that share a prefix need ranges (first_number, last_number) apart.
    """

    id: str
    prefix: str
    name: str
    name_en: str = ""
    first_number: int = 1
    last_number: int | None = None
    hours: tuple[tuple[int, int], ...] = ()
    last_ticket_min: int = 0
    daily_cap: int | None = None
    department: str = ""
    department_en: str = ""
    zone: str = ""

    @property
    def numbers(self) -> tuple[str, int, int | None]:
        """What its numbers can be."""
        return self.prefix, self.first_number, self.last_number

    @property
    def last_leasable(self) -> int:
        """The first number that a day's first lease takes, downwards."""
        return LAST_LEASED if self.last_number is None else self.last_number


@dataclass(frozen=True, slots=True)
class Window:
    """A counter and the ids of the services it serves, the one it prefers first."""

    id: str
    name: str
    services: tuple[str, ...]
    name_en: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """The hall: its id, its offset from UTC in minutes, services and windows in the order people see them.

    one_in: of so many calls from a line, at most one goes out of turn to someone with priority; so many less one is
    also how often a line may be passed over for one that a window prefers. grace_ms: how late an appointment may check
    in. sweep_minute: minute of the local day at which tickets still open are cancelled.
    Raises `LayoutError` where ids or numbers repeat, or a window serves nothing or something unknown.
    """

    hall: str
    offset_minutes: int
    services: tuple[Service, ...]
    windows: tuple[Window, ...]
    name: str = ""
    name_en: str = ""
    one_in: int = 3
    grace_ms: int = 15 * 60_000
    sweep_minute: int | None = None
    service_by_id: dict[str, Service] = field(init=False, repr=False, compare=False)
    window_by_id: dict[str, Window] = field(init=False, repr=False, compare=False)
    # Services that some window serves, and by service which: a large hall asks for it at each event.
    served: frozenset[str] = field(init=False, repr=False, compare=False)
    windows_of: dict[str, tuple[Window, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "service_by_id", {service.id: service for service in self.services})
        object.__setattr__(self, "window_by_id", {window.id: window for window in self.windows})
        serving: dict[str, list[Window]] = {}
        for window in self.windows:
            for wanted in dict.fromkeys(window.services):
                serving.setdefault(wanted, []).append(window)
        object.__setattr__(self, "windows_of", {wanted: tuple(found) for wanted, found in serving.items()})
        object.__setattr__(self, "served", frozenset(serving))
        if len(self.service_by_id) != len(self.services):
            raise LayoutError("two services have the same id; give each its own")
        if len(self.window_by_id) != len(self.windows):
            raise LayoutError("two windows have the same id; give each its own")
        if self.one_in < 2:
            raise LayoutError(f"priority one in {self.one_in}: it must be one in 2 or more, so that the others move")
        self._check_numbers()
        for window in self.windows:
            if not window.services:
                raise LayoutError(f"window {window.id} serves nothing; name at least one service")
            for wanted in window.services:
                if wanted not in self.service_by_id:
                    raise LayoutError(f"window {window.id} serves {wanted!r}, which is no service of this hall")

    def _check_numbers(self) -> None:
        """No two services can give the same number."""
        for index, service in enumerate(self.services):
            if service.prefix and service.prefix[-1].isdigit():
                raise LayoutError(f"service {service.id}: prefix {service.prefix!r} must not end in a digit")
            if service.last_number is not None and service.last_number < service.first_number:
                raise LayoutError(f"service {service.id}: its last number is before its first")
            for other in self.services[:index]:
                if other.prefix == service.prefix and _overlap(other, service):
                    raise LayoutError(
                        f"services {other.id} and {service.id} share the prefix {service.prefix!r}; "
                        "give each its own, or ranges of numbers apart"
                    )


def plain(layout: Layout) -> dict[str, Any]:
    """The layout in dicts, lists and scalars, for an event or a snapshot."""
    found = {each.name: getattr(layout, each.name) for each in fields(layout) if each.init}
    services = [asdict(service) | {"hours": [list(span) for span in service.hours]} for service in layout.services]
    windows = [asdict(window) | {"services": list(window.services)} for window in layout.windows]
    return found | {"services": services, "windows": windows}


def from_plain(found: dict[str, Any]) -> Layout:
    """The layout again; raises `LayoutError`. Fields that these rules don't know (a later version's) are left out."""
    try:
        services = tuple(
            Service(**_known(Service, row) | {"hours": tuple((begin, end) for begin, end in row["hours"])})
            for row in found["services"]
        )
        windows = tuple(
            Window(**_known(Window, row) | {"services": tuple(row["services"])}) for row in found["windows"]
        )
        return Layout(**_known(Layout, found) | {"services": services, "windows": windows})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LayoutError(f"this is no layout ({error!r})") from error


def _known(kind: type, row: dict[str, Any]) -> dict[str, Any]:
    names = {each.name for each in fields(kind) if each.init}
    return {name: value for name, value in row.items() if name in names}


def _overlap(one: Service, other: Service) -> bool:
    below = one.last_number is not None and one.last_number < other.first_number
    above = other.last_number is not None and other.last_number < one.first_number
    return not (below or above)
