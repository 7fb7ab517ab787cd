"""What the overview shows: five figures, and the halls in the order silent, late, unhappy, others. Pure."""

from dataclasses import dataclass

from center.config import Hall, Overview
from center.reports.ratings import Grades, add, figures
from center.store.answers import HallDay, JournalState, Tally, Waits

NONE: Grades = (0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of a hall, or of all."""

    served: int
    grades: Grades

    @property
    def rated(self) -> int:
        """Runs with a counted rating."""
        return sum(self.grades)

    @property
    def unrated(self) -> int:
        """Runs without one."""
        return self.served - self.rated

    @property
    def satisfied(self) -> int:
        """Grades 3, 4, 5."""
        return int(figures(self.served, self.grades)["satisfaction_rate"]["numerator"])

    @property
    def bad(self) -> int:
        """Grades 1 and 2."""
        return self.grades[0] + self.grades[1]

    def plus(self, other: "Figures") -> "Figures":
        """Both together."""
        return Figures(self.served + other.served, add(self.grades, other.grades))


@dataclass(frozen=True, slots=True)
class HallLine:
    """A hall on the overview. state: never, silent, late, quarantined, unhappy or well."""

    hall: Hall
    state: str
    figures: Figures
    # None where only some windows of a hall are looked at: who waits is at none yet.
    waiting: int | None
    oldest_wait_ms: int | None
    devices_up: int
    devices: int
    known_until_ms: int | None
    silent_ms: int | None
    quarantined: int

    @property
    def old(self) -> bool:
        """Its figures are not of now: they are shown grey, with their time."""
        return self.state in ("silent", "late", "never")


@dataclass(frozen=True, slots=True)
class RegionLine:
    """A region on the overview of more halls than one can look at: how many of its halls are in each state."""

    region: str
    halls: int
    states: dict[str, int]
    figures: Figures
    waiting: int
    devices_up: int
    devices: int

    @property
    def troubled(self) -> int:
        """Halls that somebody must look at."""
        return self.halls - self.states.get("well", 0)


@dataclass(frozen=True, slots=True)
class OverviewData:
    """All that the page shows."""

    now_ms: int
    total: Figures
    waits: Waits
    devices_up: int
    devices: int
    lines: tuple[HallLine, ...]
    well: tuple[HallLine, ...]
    well_figures: Figures
    regions: tuple[RegionLine, ...] = ()


MOST_HALLS = 200  # beyond that regions come first (design)
# What is wrong comes first.
ORDER = ("silent", "late", "unhappy", "quarantined", "never", "well")


@dataclass(frozen=True, slots=True)
class Known:
    """What the center knows of its halls at `now_ms`."""

    now_ms: int
    tallies: dict[str, Tally]
    days: dict[str, HallDay]
    waits: Waits
    journals: dict[str, list[JournalState]]
    lags: dict[str, float | None]
    heard: dict[str, int]


def _state(limits: Overview, lag_s: float | None, silent_ms: int | None, own: Figures, quarantined: int) -> str:
    if lag_s is None or silent_ms is None:
        return "never"
    if silent_ms > limits.silent_after_s * 1000:
        return "silent"
    if lag_s > limits.late_after_s:
        return "late"
    if own.bad:
        return "unhappy"
    return "quarantined" if quarantined else "well"


def line(hall: Hall, known: Known, limits: Overview) -> HallLine:
    """One hall."""
    tally = known.tallies.get(hall.id)
    own = Figures(tally.served, tally.grades) if tally else Figures(0, NONE)
    day = known.days.get(hall.id, HallDay(hall.id, 0, None, 0, 0))
    journals = known.journals.get(hall.id, [])
    heard = [known.heard[hall.id]] if hall.id in known.heard else []
    heard += [journal.received_ms for journal in journals]
    silent_ms = max(0, known.now_ms - max(heard)) if heard else None
    lag_s = known.lags.get(hall.id)
    quarantined = sum(journal.quarantined for journal in journals)
    return HallLine(
        hall=hall,
        state=_state(limits, lag_s, silent_ms, own, quarantined),
        figures=own,
        waiting=day.waiting,
        oldest_wait_ms=None if day.oldest_ms is None else max(0, known.now_ms - day.oldest_ms),
        devices_up=day.devices_up,
        devices=day.devices,
        known_until_ms=None if lag_s is None else known.now_ms - int(lag_s * 1000),
        silent_ms=silent_ms,
        quarantined=quarantined,
    )


def _regions(lines: list[HallLine]) -> tuple[RegionLine, ...]:
    """Those with silent halls first, then by how many halls are in trouble."""
    found: dict[str, list[HallLine]] = {}
    for one in lines:
        found.setdefault(one.hall.region, []).append(one)
    regions = []
    for name, own in found.items():
        figures_of_all = Figures(0, NONE)
        states: dict[str, int] = {}
        for one in own:
            figures_of_all = figures_of_all.plus(one.figures)
            states[one.state] = states.get(one.state, 0) + 1
        known = [one for one in own if not one.old]
        regions.append(
            RegionLine(
                name,
                len(own),
                states,
                figures_of_all,
                sum(one.waiting or 0 for one in known),
                sum(one.devices_up for one in known),
                sum(one.devices for one in own),
            )
        )
    regions.sort(key=lambda region: (*(-region.states.get(state, 0) for state in ORDER[:-1]), region.region))
    return tuple(regions)


def build(halls: list[Hall], known: Known, limits: Overview) -> OverviewData:
    """The overview of these halls."""
    lines = [line(hall, known, limits) for hall in halls]
    regions = _regions(lines) if len(halls) > MOST_HALLS else ()
    total, well_figures = Figures(0, NONE), Figures(0, NONE)
    for one in lines:
        total = total.plus(one.figures)
        if one.state == "well":
            well_figures = well_figures.plus(one.figures)
    # Silent longest, latest, most unhappy first within each kind.
    lines.sort(key=lambda one: (ORDER.index(one.state), -one.figures.bad, -(one.silent_ms or 0), one.hall.id))
    return OverviewData(
        now_ms=known.now_ms,
        total=total,
        waits=known.waits,
        # What a silent hall last said of its devices is no longer known to be so.
        devices_up=sum(one.devices_up for one in lines if one.state not in ("silent", "never")),
        devices=sum(one.devices for one in lines),
        lines=tuple(one for one in lines if one.state != "well"),
        well=tuple(one for one in lines if one.state == "well"),
        well_figures=well_figures,
        regions=regions,
    )
