"""The word at the end of a whole hall's run: the hub's history, and the center's figures beside the fingers."""

from collections.abc import Iterable
from hashlib import sha256

from common.paper.slips import Slip
from hub.journal import Committed
from hub.queueing import events as ev
from tools.simulation.center import SimulatedStore
from tools.simulation.desk_oracle import DeskOracle
from tools.simulation.oracle import Oracle
from tools.simulation.watch import Watch, fact_of

DAYS = ("2026-09-01", "2026-12-31")  # all that the clocks of a run may have called today


class Verdict:
    """Asks what `watch` followed; `journal`: the one with which the hub ended."""

    def __init__(self, watch: Watch, oracle: Oracle, desk: DeskOracle, journal: str) -> None:
        self._watch = watch
        self._oracle = oracle
        self._desk = desk
        self.journal = journal
        self.delivered = len({fact for fact in watch.facts if fact not in watch.lost})
        # What the lost part of a restored journal spoke of: nobody can ask the hub for it any more.
        self._excused = {
            str(row.event.data[name]) for row in watch.lost_rows for name in ("ticket", "run") if name in row.event.data
        }

    def hall(self, left: dict[str, int], papers: list[Slip]) -> list[str]:
        """By the hub's own history: what it had before the backup, and what came after."""
        rows = self._history()
        issued = [row.event.data for row in self._watch.lost_rows if row.event.type == ev.TICKET_ISSUED]
        tokens = {data["token_sha256"] for data in issued}
        events = [row.event for row in rows]
        kept = [slip for slip in papers if sha256(slip.codes[0].rpartition(b"/")[2]).hexdigest() not in tokens]
        wrong = [*self._numbers(), *self._desk.judge(events, kept)]
        if self._watch.lost_rows:
            self._oracle.finishes = 0
        wrong += self._oracle.judge(rows, left, numbered=not self._watch.lost_rows)
        return [line for line in wrong if not any(word.strip(",:") in self._excused for word in line.split())]

    async def center(self, store: SimulatedStore) -> list[str]:
        """Each certain press once, with its grade; the figures are those of the events."""
        watch = self._watch
        wrong = watch.undelivered(self.journal)
        through, wanted = store.durable(self.journal)[0], len(watch.journals[self.journal].rows)
        if through < wanted:
            wrong.append(f"the center has journal {self.journal} through {through}, the hub through {wanted}")
        lost_runs = {row.event.data["run"] for row in watch.lost_rows if fact_of(row) in watch.lost and _rates(row)}
        for press in self._oracle.presses:
            found = {fact_of(row) for row in watch.at_center.get(press.run, [])}
            if press.certain and not found and press.run not in lost_runs:
                wrong.append(f"{press.device}, run {press.run}: a logged press is not at the center")
        stored = [
            row for journal, f in watch.journals.items() for row in f.rows[: watch.stored.get(journal, (0, b""))[0]]
        ]
        finished = {row.event.data["run"] for row in stored if row.event.type == ev.TICKET_FINISHED}
        rated = {row.event.data["run"] for row in stored if _rates(row)}
        tallies = await store.tallies("hall", *DAYS, None)
        served = sum(tally.served for tally in tallies)
        counted = sum(tally.rated for tally in tallies)
        if (served, counted) != (len(finished), len(finished & rated)):
            wrong.append(
                f"the center counts {counted} ratings of {served} services; "
                f"its events tell of {len(finished & rated)} of {len(finished)}"
            )
        return wrong

    def _history(self) -> list[Committed]:
        lost = {id(row) for row in self._watch.lost_rows}
        return [row for followed in self._watch.journals.values() for row in followed.rows if id(row) not in lost]

    def _numbers(self) -> Iterable[str]:
        """Every fact number of every box, over all hubs."""
        boxes: dict[tuple[str, str], set[int]] = {}
        for device, epoch, number in self._watch.facts:
            boxes.setdefault((device, epoch), set()).add(number)
        for (device, _), numbers in boxes.items():
            missing = sorted(set(range(1, max(numbers) + 1)) - numbers)
            if missing:
                yield f"{device}: facts {missing} were on no hub's disk"


def _rates(row: Committed) -> bool:
    return row.event.type == ev.RATING_SUBMITTED
