"""What the hall is made of: services and windows, as configured; fixed while the hub runs."""

from dataclasses import dataclass, field

from hub.queueing.errors import LayoutError


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of matter with its own numbers; the prefix begins each number (`A` → `A001`)."""

    id: str
    prefix: str
    name: str
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """A counter and the ids of the services it serves."""

    id: str
    name: str
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The hall: its id, its offset from UTC in minutes, services and windows in the order people see them.

    Raises `LayoutError` where ids or prefixes repeat, or a window serves nothing or something unknown.
    """

    hall: str
    offset_minutes: int
    services: tuple[Service, ...]
    windows: tuple[Window, ...]
    name: str = ""
    name_en: str = ""
    service_by_id: dict[str, Service] = field(init=False, repr=False, compare=False)
    window_by_id: dict[str, Window] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "service_by_id", {service.id: service for service in self.services})
        object.__setattr__(self, "window_by_id", {window.id: window for window in self.windows})
        if len(self.service_by_id) != len(self.services):
            raise LayoutError("two services have the same id; give each its own")
        if len(self.window_by_id) != len(self.windows):
            raise LayoutError("two windows have the same id; give each its own")
        prefixes: dict[str, str] = {}
        for service in self.services:
            if service.prefix and service.prefix[-1].isdigit():
                raise LayoutError(f"service {service.id}: prefix {service.prefix!r} must not end in a digit")
            other = prefixes.setdefault(service.prefix, service.id)
            if other != service.id:
                raise LayoutError(f"services {other} and {service.id} share the prefix {service.prefix!r}")
        for window in self.windows:
            if not window.services:
                raise LayoutError(f"window {window.id} serves nothing; name at least one service")
            for wanted in window.services:
                if wanted not in self.service_by_id:
                    raise LayoutError(f"window {window.id} serves {wanted!r}, which is no service of this hall")
