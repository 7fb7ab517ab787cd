"""Roles and scopes: one table of what each role may do, and which halls and departments an account sees. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from center.config import Hall

VIEWER = "viewer"
MANAGER = "manager"
SUPERVISOR = "supervisor"
ADMINISTRATOR = "administrator"
ROLES = (VIEWER, MANAGER, SUPERVISOR, ADMINISTRATOR)

READ = "read"
FOLLOW_CASES = "follow_cases"
DECIDE_CASES = "decide_cases"
EXPORT = "export"
ENTER_PAPER = "enter_paper"
ADMINISTER = "administer"

# An administrator looks after accounts and reads no ratings: who gives access should not need it.
MAY: dict[str, frozenset[str]] = {
    VIEWER: frozenset({READ}),
    MANAGER: frozenset({READ, FOLLOW_CASES, ENTER_PAPER}),
    SUPERVISOR: frozenset({READ, FOLLOW_CASES, DECIDE_CASES, EXPORT, ENTER_PAPER}),
    ADMINISTRATOR: frozenset({ADMINISTER}),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What an account sees: all, a region, a hall, or one department of a hall."""

    region: str | None = None
    hall: str | None = None
    department: str | None = None

    def sees(self, hall: Hall) -> bool:
        """Whether anything of a hall is in scope."""
        if self.hall is not None:
            return hall.id == self.hall
        return self.region is None or hall.region == self.region

    def windows(self, hall: Hall) -> frozenset[str] | None:
        """The windows of a hall that are in scope; None for all of them."""
        if not self.sees(hall):
            return frozenset()
        if self.department is None:
            return None
        return frozenset(window for window, name in hall.departments.items() if name == self.department)

    def words(self) -> str:
        """As written on the command line: `all`, `region:…`, `hall:…`, `department:<hall>/<department>`."""
        if self.department is not None:
            return f"department:{self.hall}/{self.department}"
        if self.hall is not None:
            return f"hall:{self.hall}"
        return "all" if self.region is None else f"region:{self.region}"


EVERYTHING = Scope()


def scope_of(text: str, halls: Iterable[Hall]) -> Scope:
    """A scope from its words, if it names something that is there; raises `ValueError` saying what is allowed."""
    known = tuple(halls)
    kind, _, value = text.partition(":")
    if text == "all":
        return EVERYTHING
    if kind == "region":
        regions = sorted({hall.region for hall in known if hall.region})
        if value not in regions:
            raise ValueError(f"no region {value!r} in the settings; there are {', '.join(regions) or 'none'}")
        return Scope(region=value)
    if kind == "hall":
        _known_hall(value, known)
        return Scope(hall=value)
    if kind == "department":
        hall_id, _, department = value.partition("/")
        departments = sorted(set(_known_hall(hall_id, known).departments.values()))
        if department not in departments:
            raise ValueError(f"no department {department!r} in {hall_id}; there are {', '.join(departments) or 'none'}")
        return Scope(hall=hall_id, department=department)
    raise ValueError(f"{text!r}: write all, region:NAME, hall:ID or department:HALL/NAME")


def _known_hall(hall_id: str, halls: tuple[Hall, ...]) -> Hall:
    for hall in halls:
        if hall.id == hall_id:
            return hall
    raise ValueError(f"no hall {hall_id!r} in the settings")
