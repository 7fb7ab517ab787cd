"""What figures are grouped by, and the sums that the settings make: regions from halls, departments from windows."""

from collections.abc import Iterable, Sequence

from center.config import Hall

Key = tuple[str | None, ...]

RATINGS_BY = ("hall", "region", "department", "window", "staff", "service", "day", "month")
TIMES_BY = (*RATINGS_BY, "quarter")
RANKED_BY = ("hall", "region", "department", "window", "service", "staff")
# What the store groups by for each; region and department are sums over these.
STORE_GROUP = {"region": "hall", "department": "window"} | {
    by: by for by in TIMES_BY if by not in ("region", "department")
}


def regrouped(by: str, keys: Iterable[Key], halls: Sequence[Hall]) -> dict[Key, Key] | None:
    """The key under which each key of the store's answer stands; None where they are the same."""
    if by == "region":
        return {(hall.id,): (hall.region or None,) for hall in halls}
    if by != "department":
        return None
    known = {(hall.id, window): name for hall in halls for window, name in hall.departments.items()}
    return {key: (key[0], known.get((str(key[0]), str(key[1])))) for key in keys}


def ordered(key: Key) -> tuple[str, ...]:
    """For sorting: what has no name comes first."""
    return tuple(part or "" for part in key)
