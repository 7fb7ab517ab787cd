"""Finding a matter: by department, by word, by pinyin initials. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hub.web.guide import Matter

FOUND_MOST = 40  # beyond it somebody must say more
OFTEN = 6  # the kiosk's first page has room for so many
OTHER = "其他"  # matters whose department nobody wrote down


class Department(NamedTuple):
    """A department and its matters."""

    name: str
    name_en: str
    matters: tuple[Matter, ...]


def departments(matters: Iterable[Matter]) -> list[Department]:
    """In the order in which they come first."""
    found: dict[str, list[Matter]] = {}
    for matter in matters:
        found.setdefault(matter.department or OTHER, []).append(matter)
    return [
        Department(name, next((each.department_en for each in listed if each.department_en), ""), tuple(listed))
        for name, listed in found.items()
    ]


def often(matters: Sequence[Matter]) -> list[Matter]:
    """Those of the first page: the marked ones, then the first of each service, then any."""
    first: dict[str, Matter] = {}
    for matter in matters:
        first.setdefault(matter.service, matter)
    ordered = [*(each for each in matters if each.often), *first.values(), *matters]
    return list({each.id: each for each in ordered}.values())[:OFTEN]


def find(matters: Iterable[Matter], wanted: str) -> list[Matter]:
    """The best first: what begins so, then what holds it; every word that is typed must be found somewhere."""
    words = wanted.casefold().split()
    if not words:
        return []
    ranked = [(rank, place, each) for place, each in enumerate(matters) if (rank := _rank(each, words)) is not None]
    return [each for _, _, each in sorted(ranked, key=lambda row: row[:2])][:FOUND_MOST]


def _rank(matter: Matter, words: Sequence[str]) -> int | None:
    """0: a name begins with it; 1: a name holds it; 2: only its department does. None: something is nowhere."""
    names = (matter.name.casefold(), matter.initials, matter.name_en.casefold())
    around = (matter.department.casefold(), matter.department_en.casefold(), matter.summary.casefold())
    worst = 0
    for word in words:
        if any(name.startswith(word) for name in names):
            continue
        if any(word in name for name in names):
            worst = max(worst, 1)
        elif any(word in text for text in around):
            worst = 2
        else:
            return None
    return worst
