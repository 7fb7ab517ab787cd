"""What must hold at every moment, at every hop, asked of the disks: durable before acknowledged, chains unbroken."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from common import chain
from hub.journal import ORIGINAL, Committed, Journal, JournalError, Stored
from hub.journal.renewal import GAP
from hub.journal.rows import read
from hub.queueing import events as ev
from tools.simulation.bounds import Grown
from tools.simulation.center import SimulatedStore
from tools.simulation.desk_oracle import Places
from tools.simulation.oracle import Oracle
from tools.simulation.world import World

LOOK_MS = 1_000  # between two looks at what nobody told of
ROWS = 1_000
MOST_TOLD = 20  # faults of one run; after the first the others mostly follow from it
DECLARED = (GAP, ev.JOURNAL_RESTORED)

Fact = tuple[str, str, int]  # device, epoch, number


@dataclass(slots=True)
class Followed:
    """A journal as its hub's disk had it, event by event."""

    link: bytes
    rows: list[Committed] = field(default_factory=list)


class Watch:
    """`look` is called all the time; `wrong` is what it saw."""

    def __init__(self, world: World, oracle: Oracle) -> None:
        self.wrong: list[str] = []
        self.journals: dict[str, Followed] = {}
        self.facts: set[Fact] = set()  # durable at some hub once
        self.lost: set[Fact] = set()  # durable at a hub that was lost with them
        self.lost_rows: list[Committed] = []
        self.stored: dict[str, tuple[int, bytes]] = {}  # journal → how far the center has it, and its chain there
        self.at_center: dict[str, list[Committed]] = defaultdict(list)  # run → its ratings there
        self.bounds: Callable[[], Iterable[Grown]] = lambda: ()
        self.life: Callable[[], Any] = lambda: None
        self.updated: Callable[[dict[str, Any]], None] = lambda data: None
        self._world = world
        self._oracle = oracle
        self._position = 0
        self._places = Places()
        self._logged: set[Fact] = set()
        self._versions: dict[Fact, str] = {}  # of each boot, as it began
        self._invited: set[str] = set()
        self._here: dict[str, set[Fact]] = defaultdict(set)

    def say(self, what: str) -> None:
        """Something is wrong now."""
        if len(self.wrong) < MOST_TOLD and what not in self.wrong:
            self._world.tell("ORACLE", what)
            self.wrong.append(what)

    def begin(self) -> None:
        """Looks at regular times, to the end."""
        self.look()
        self._world.after(LOOK_MS, self.begin)

    def look(self) -> None:
        """Everything that can be seen from outside now."""
        life = self.life()
        if life is not None:
            self.follow(life.journal)
        self._ask_uplink()
        for who, what, now, most in self.bounds():
            self.say(f"{who}: {what}: {now}, and its limit is {most}")

    def _ask_uplink(self) -> None:
        life = self.life()
        if life is not None and life.uplink is not None:
            self.claimed(life.journal.id, life.uplink.stored_through)

    # --- the hub's disk

    def follow(self, journal: Journal) -> None:
        """What is durable since the last look: dense, chained, each ticket in one place, each fact once."""
        followed = self.journals.get(journal.id)
        if followed is None:
            followed = self.journals[journal.id] = Followed(chain.start(journal.id))
        while len(followed.rows) < journal.durable:
            found = journal.read(len(followed.rows), ROWS)
            for row in found:
                self._row(journal.id, followed, row)
            if not found:
                self.say(
                    f"journal {journal.id} ends at {len(followed.rows)}, and {journal.durable} are told as durable"
                )
                return

    def read_again(self, journal: Journal) -> None:
        """In the end: the disk still has, byte for byte, all that it had when each row was new."""
        rows = self.journals[journal.id].rows
        try:
            again = journal.read(0, len(rows))
        except JournalError as error:
            self.say(f"journal {journal.id} can't be read again: {error}")
            return
        if len(again) < len(rows):
            self.say(f"journal {journal.id} still has {len(again)} of its {len(rows)} events")
        for row, found in zip(rows, again, strict=False):
            if (row.sequence, row.data, row.chain) != (found.sequence, found.data, found.chain):
                self.say(f"journal {journal.id}: event {row.sequence} is not what it was")

    def _row(self, journal: str, followed: Followed, row: Stored) -> None:
        followed.link = chain.link(followed.link, row.data)
        if row.sequence != len(followed.rows) + 1 or row.chain != followed.link:
            self.say(f"journal {journal}: event {row.sequence} doesn't follow event {len(followed.rows)}")
        committed = read(row)
        followed.rows.append(committed)
        for problem in self._places.take(committed.event):
            self.say(problem)
        if committed.event.type == ev.DEVICE_UPDATED:
            self.updated(committed.event.data)
        fact = fact_of(committed)
        self._invitation(committed)
        if fact is not None:
            if committed.event.type == ev.DEVICE_BOOTED:
                self._booted(fact, committed.event.data["detail"]["firmware"])
            if fact in self._here[journal]:
                self.say(f"{fact[0]}: fact {fact[2]} is twice in journal {journal}")
            self._here[journal].add(fact)
            self.facts.add(fact)

    def _invitation(self, row: Committed) -> None:
        """What a box has accepted ends by its own fact alone; where none took it, a hub may say so, and no more."""
        event = row.event
        if event.type == ev.RATING_INVITED:
            self._invited.add(event.data["run"])
        elif event.type == ev.RATING_UNRATED and "fact" not in event.data:
            run, reason = event.data["run"], event.data["reason"]
            if reason != "device_away" or run in self._invited:
                self.say(f"run {run}: the hub ended an invitation that its box has: {reason}")

    def _booted(self, fact: Fact, told: str) -> None:
        runs = self._versions.get(fact, told)  # unknown: the power went while it was written
        if runs != told:
            self.say(f"{fact[0]}: runs {runs}, and the journal says {told}")

    def started(self, journal: Journal) -> None:
        """A hub came up on what another left: nothing that was durable is gone, or the break is declared."""
        followed = self.journals.get(journal.id)
        if followed is not None:
            if journal.durable < len(followed.rows):
                self.say(f"journal {journal.id} went back from {len(followed.rows)} to {journal.durable}")
            elif journal.chain_at(len(followed.rows)) != followed.link:
                self.say(f"journal {journal.id} has another event {len(followed.rows)} than before")
        elif self.journals:
            first = journal.read(0, 1)
            if not first or read(first[0]).event.type not in DECLARED:
                self.say(f"journal {journal.id} begins in the place of another, and nothing says why")

    def restored(self, journal: str, through: int) -> None:
        """The hub goes on from a backup: what came after it is lost where the center has not got it."""
        rows = self.journals[journal].rows
        stored = self.stored.get(journal, (0, b""))[0]
        self.lost_rows = rows[through:]
        self.lost |= {fact for row in rows[max(through, stored) :] if (fact := fact_of(row)) is not None}
        self._places = Places()
        self._invited = set()
        for row in rows[:through]:
            self._places.take(row.event)
            self._invitation(row)

    def logged(self, device: str, epoch: str, number: int) -> None:
        """A box wrote a fact: its number is nobody else's."""
        if (device, epoch, number) in self._logged:
            self.say(f"{device}: two facts are logged under number {number}")
        self._logged.add((device, epoch, number))

    def runs(self, device: str, epoch: str, number: int, version: str) -> None:
        """A box says under this number what it has started."""
        self._versions[device, epoch, number] = version

    def trimmed(self, device: str, epoch: str, numbers: range) -> None:
        """A box lets go of facts: they are durable at the hub that said so."""
        life = self.life()
        if life is not None:
            self.follow(life.journal)
        for number in numbers:
            if (device, epoch, number) not in self.facts:
                self.say(f"{device}: fact {number} was acknowledged, and is on no hub's disk")

    # --- the center's disk

    def claimed(self, journal: str, through: int) -> None:
        """The hub says that the center has so much."""
        stored = self.stored.get(journal, (0, b""))[0]
        if through > stored:
            self.say(f"journal {journal}: the hub counts on event {through} at the center, which has {stored} durable")

    def sent(self, size: int, most: int) -> None:
        """A batch is on its way."""
        self._ask_uplink()
        if size > most:
            self.say(f"a batch has {size} bytes, and its limit is {most}")

    def center_started(self, store: SimulatedStore) -> None:
        """The center came up again: what it had answered for is there."""
        for journal, (through, link) in self.stored.items():
            now, there = store.durable(journal)
            if now < through or (now == through and there != link):
                self.say(f"the center had journal {journal} through {through}, and now {now}")
        # A commit that its death may have cut off, and did not.
        self.center_committed(store)

    def center_committed(self, store: SimulatedStore) -> None:
        """Something may be durable there: it is what the hub has, under its place, and somebody pressed it."""
        life = self.life()
        if life is not None:
            self.follow(life.journal)
        for position, journal, sequence, data in store.after(self._position):
            self._position = position
            through, link = self.stored.get(journal, (0, chain.start(journal)))
            if sequence != through + 1:
                self.say(f"the center has event {sequence} of journal {journal} behind event {through}")
            self.stored[journal] = (sequence, chain.link(link, data))
            rows = self.journals[journal].rows if journal in self.journals else []
            if sequence > len(rows) or rows[sequence - 1].data != data:
                self.say(f"the center has an event {sequence} of journal {journal} that the hub has not")
                continue
            self._counted(rows[sequence - 1])

    def undelivered(self, journal: str) -> list[str]:
        """What the center lacks of the journals before this one."""
        found = []
        for name, followed in self.journals.items():
            through = self.stored.get(name, (0, b""))[0]
            wanted = len(followed.rows) - len(self.lost_rows)
            if name != journal and through < wanted:
                found.append(f"the center has journal {name} through {through} of {wanted}")
        return found

    def _counted(self, row: Committed) -> None:
        if row.event.type != ev.RATING_SUBMITTED or ORIGINAL in row.event.data:
            return
        run, grade = row.event.data["run"], row.event.data["grade"]
        press = self._oracle.by_run.get(run)
        if press is None:
            self.say(f"run {run}: the center has a rating that nobody pressed")
        elif press.grade != grade:
            self.say(f"run {run}: {press.device} took another grade than the center has")
        others = {fact_of(other) for other in self.at_center[run]}
        if others and fact_of(row) not in others:
            self.say(f"run {run}: the center has two ratings")
        self.at_center[run].append(row)


def fact_of(row: Committed) -> Fact | None:
    """Which fact of which box is behind an event."""
    data = row.event.data
    return (data["device"], data["epoch"], data["fact"]) if "fact" in data else None


__all__ = ["Watch", "fact_of"]
