"""What must be true in the end, known from the fingers' side and asked of the journal alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from hub.journal import Committed
from hub.queueing import events as ev

PRESS_TIME_MS = 1_000  # how far a sure time of pressing may be off


@dataclass(slots=True)
class Press:
    """A press that the box took for a run. `certain`: the box said so; otherwise the power went while it wrote."""

    device: str
    run: str
    grade: int
    at_ms: int
    certain: bool


@dataclass(slots=True)
class Oracle:
    """Collects what happened outside; `judge` compares."""

    presses: list[Press] = field(default_factory=list)
    by_run: dict[str, Press] = field(default_factory=dict)
    finishes: int = 0

    def took(self, press: Press) -> None:
        """A box took a press."""
        self.presses.append(press)
        self.by_run.setdefault(press.run, press)

    def judge(self, journal: Iterable[Committed], left: dict[str, int], *, numbered: bool = True) -> list[str]:
        """What is wrong, one line each; left: facts still unacknowledged in each box's log after the quiet end.

        numbered: whether no fact may be missing.
        """
        rows = list(journal)
        wrong = [f"{device} still has {count} unacknowledged facts" for device, count in left.items() if count]
        wrong += self._numbers(rows) if numbered else []
        submitted = [row.event for row in rows if row.event.type == ev.RATING_SUBMITTED]
        by_run: dict[str, list[ev.Event]] = defaultdict(list)
        for event in submitted:
            by_run[event.data["run"]].append(event)
        for press in self.presses:
            wrong += self._press(press, by_run.get(press.run, []))
        pressed = {press.run for press in self.presses}
        wrong += [f"run {run} has a rating that nobody pressed" for run in by_run if run not in pressed]
        ended = set(by_run) | {row.event.data["run"] for row in rows if row.event.type == ev.RATING_UNRATED}
        finished = [row.event.data["run"] for row in rows if row.event.type == ev.TICKET_FINISHED]
        wrong += [f"run {run} finished twice" for run, count in Counter(finished).items() if count > 1]
        wrong += [f"run {run} has neither a rating nor a reason" for run in finished if run not in ended]
        if len(finished) < self.finishes:
            wrong.append(f"{self.finishes} services were answered as finished, {len(finished)} are in the journal")
        return wrong

    @staticmethod
    def _press(press: Press, found: list[ev.Event]) -> list[str]:
        who = f"{press.device}, run {press.run}"
        if not found:
            return [f"{who}: a logged press is not in the journal"] if press.certain else []
        if len(found) > 1:
            return [f"{who}: is in the journal {len(found)} times"]
        event = found[0]
        out = []
        if event.data["grade"] != press.grade:
            out.append(f"{who}: the journal has another grade than was pressed")
        if event.sure and abs(event.time_ms - press.at_ms) > PRESS_TIME_MS:
            out.append(f"{who}: the journal's time is {event.time_ms - press.at_ms} ms off, and says it is sure")
        return out

    @staticmethod
    def _numbers(rows: list[Committed]) -> list[str]:
        """Every fact number of every box once, without a gap."""
        seen: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row in rows:
            if "fact" in row.event.data:
                seen[row.event.data["device"], row.event.data["epoch"]].append(row.event.data["fact"])
        out = []
        for (device, _), numbers in seen.items():
            if numbers != list(range(1, len(numbers) + 1)):
                twice = [number for number, count in Counter(numbers).items() if count > 1]
                missing = sorted(set(range(1, max(numbers) + 1)) - set(numbers))
                out.append(f"{device}: fact numbers are not 1, 2, 3 …: twice {twice}, missing {missing}")
        return out
