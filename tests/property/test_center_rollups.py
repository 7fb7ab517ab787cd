"""Whatever comes, in whatever pieces: the rollups are what a model of the contract counts, and a recount agrees.

The model knows the words of the contract and of docs/decisions/undone-finish.md, and none of the center's code.
"""

import asyncio
import datetime as dt
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from center import beside, ingest
from center.folded import FoldedBatch
from center.ingest import Heading
from center.rollups.histogram import EXACT_S, Histogram, edge_ms, step
from center.store import counted
from center.store.sqlite import FILE_NAME, SqliteStore, connect
from tests.center_support import NOON_MS, OFFSET_MINUTES, Journal, rating

QUICK = settings(max_examples=40, deadline=None)  # no timed assertions: these share their cores
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
DATES = ("2026-10-30", "2026-12-05")
GRADES = (1, 2, 3, 4, 5)

MALFORMED = (7, "", "r1\0")  # names of runs
RUNS = st.sampled_from(["r1", "r2", "r3", "r4"])
TICKETS = st.sampled_from(["t1", "t2", "t3"])
PLACES = st.fixed_dictionaries(
    {
        "window": st.sampled_from(["1", "2", None]),
        "staff": st.sampled_from(["s1", "s2", None]),
        "service": st.sampled_from(["A", "B", None]),
    }
)
# Three weeks around the end of a month, in a hall whose midnight is not UTC's.
MOMENTS = st.integers(-20 * 24, 10 * 24).map(lambda hours: NOON_MS + hours * HOUR_MS + hours % 7 * 100_001)


@st.composite
def told(draw: st.DrawFn) -> tuple[str, dict[str, Any], int]:
    """One event: type, data, time."""
    at_ms = draw(MOMENTS)
    place = draw(PLACES)
    kind = draw(
        st.sampled_from(
            "finished finished rated rated rated undone unrated ignored issued called missed restored missed_undone "
            "cancelled signed_in signed_out paused unpaused seen training unknown malformed".split()
        )
    )
    run, ticket = draw(RUNS), draw(TICKETS)
    if kind == "finished":
        # Some of the same second: their count may stay while their sum changes.
        served_ms = draw(st.none() | st.integers(0, 5_000_000) | st.sampled_from([60_100, 60_500, 60_900]))
        return "hall.ticket.finished", place | {"run": run, "ticket": ticket, "served_ms": served_ms}, at_ms
    if kind in ("rated", "training"):
        data = rating(run, draw(st.sampled_from(GRADES)), draw(st.integers(1, 4)))
        if draw(st.booleans()):
            data |= {"channel": "phone", "device": None, "epoch": None, "fact": None}
        return "hall.rating.submitted", data | ({"training": True} if kind == "training" else {}), at_ms
    if kind == "undone":
        return "hall.ticket.undone", {"ticket": ticket, "reason": "finish", "run": run}, at_ms
    if kind == "missed_undone":
        return "hall.ticket.undone", {"ticket": ticket, "reason": "no_show"}, at_ms
    if kind == "unrated":
        return "hall.rating.unrated", {"run": run, "reason": "timeout"}, at_ms
    if kind == "ignored":
        fact = {"device": "ev1", "epoch": "00112233445566aa", "fact": draw(st.integers(1, 4)), "why": "repeated"}
        return "hall.rating.ignored", fact, at_ms
    if kind == "issued":
        channel = draw(st.sampled_from(["kiosk", "walk_up"]))
        return "hall.ticket.issued", {"ticket": ticket, "service": place["service"], "channel": channel}, at_ms
    if kind == "called":
        waited_ms = draw(st.none() | st.integers(0, 5_000_000))
        data = {"ticket": ticket, "window": place["window"], "staff": place["staff"], "waited_ms": waited_ms}
        return "hall.ticket.called", data, at_ms
    if kind in ("signed_in", "signed_out"):
        return f"hall.staff.{kind}", {"window": place["window"], "staff": "s1", "role": "A"}, at_ms
    if kind in ("paused", "unpaused"):
        return f"hall.window.{kind}", {"window": place["window"], "staff": "s1"}, at_ms
    if kind == "seen":
        what = draw(st.sampled_from(["online", "offline", "booted", "fault", "recovered", "key_tested", "replaced"]))
        said = {"device": "ev1", "role": "evaluator", "detail": {"code": "silent", "epoch": "00112233445566aa"}}
        return f"hall.device.{what}", said, at_ms
    if kind == "unknown":
        return "hall.patrol.seen", {"run": run, "anything": [1, {}]}, at_ms
    if kind == "malformed":
        return "hall.ticket.finished", {"run": draw(st.sampled_from(MALFORMED))}, at_ms
    return (
        {"missed": "hall.ticket.no_show", "restored": "hall.ticket.restored"}.get(kind, "hall.ticket.cancelled"),
        {"ticket": ticket},
        at_ms,
    )


def local(at_ms: int) -> tuple[str, str]:
    """Date and quarter hour in the hall."""
    moment = dt.datetime.fromtimestamp(at_ms / 1000, dt.timezone(dt.timedelta(minutes=OFFSET_MINUTES)))
    return moment.date().isoformat(), f"{moment.hour:02}:{moment.minute // 15 * 15:02}"


@dataclass
class Model:
    """What counts, by words: a dict a run and a ticket, gone over again for every question."""

    runs: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    tickets: dict[str, dict[str, Any]] = field(
        default_factory=lambda: defaultdict(lambda: {"missed": 0, "restored": 0})
    )
    facts: set[tuple[str, str, int]] = field(default_factory=set)

    def take(self, data: bytes, at_ms: int) -> None:
        event = msgspec.json.decode(data)
        kind, said = event["type"].removeprefix("hall."), event["data"]
        if said.get("training") or said.get("run") in MALFORMED:
            return
        if kind.startswith("rating.") and said.get("fact") is not None:
            fact = (said["device"], said["epoch"], said["fact"])
            if fact in self.facts:
                return
            self.facts.add(fact)
        run = self.runs[said["run"]] if "run" in said else {}
        ticket = self.tickets[said["ticket"]] if kind.startswith("ticket.") and "ticket" in said else {}
        if kind == "ticket.finished":
            if "finish" not in run or (run.get("undone") and "grade" not in run):
                run["finish"] = said | {"at_ms": at_ms}
                run["undone"] = False
        elif kind == "ticket.undone":
            if "run" in said:
                run["undone"] = True
            else:
                ticket["missed"] = max(0, ticket["missed"] - 1)
        elif kind == "rating.submitted":
            run.setdefault("grade", said["grade"])
        elif kind == "ticket.issued":
            ticket.setdefault("issued", said | {"at_ms": at_ms})
        elif kind == "ticket.called":
            ticket.setdefault("called", said | {"at_ms": at_ms})
        elif kind == "ticket.no_show":
            ticket["missed"] += 1
        elif kind == "ticket.restored":
            ticket["restored"] += 1
        elif kind == "ticket.cancelled":
            ticket["left"] = True

    def standing(self) -> list[dict[str, Any]]:
        return [r for r in self.runs.values() if "finish" in r and (not r.get("undone") or "grade" in r)]

    def ratings(self, by: str) -> dict[Any, list[int]]:
        found: dict[Any, list[int]] = defaultdict(lambda: [0] * 6)
        for run in self.standing():
            key = local(run["finish"]["at_ms"])[0] if by == "day" else run["finish"][by]
            found[key][0] += 1
            if "grade" in run:
                found[key][run["grade"]] += 1
        return found

    def waiting(self) -> dict[str, dict[str, Any]]:
        """By quarter hour: tickets, called, no-shows, came back, left, waits in whole seconds."""
        found: dict[str, dict[str, Any]] = defaultdict(
            lambda: {"tickets": 0, "called": 0, "no_shows": 0, "restored": 0, "left": 0, "waits": []}
        )
        for ticket in self.tickets.values():
            issued, called = ticket.get("issued"), ticket.get("called")
            if (issued or called) is None or (issued and issued["channel"] == "walk_up"):
                continue
            row = found[local((issued or called)["at_ms"])[1]]
            row["tickets"] += 1
            row["called"] += called is not None
            row["left"] += bool(ticket.get("left")) and called is None
            row["no_shows"] += ticket["missed"] > 0
            row["restored"] += ticket["missed"] > 0 and ticket["restored"] > 0
            if called is not None:
                wait_ms = called["waited_ms"]
                if wait_ms is None and issued:
                    wait_ms = max(0, called["at_ms"] - issued["at_ms"])
                if wait_ms is not None and wait_ms <= 7 * DAY_MS:
                    row["waits"].append(wait_ms)
        return found


async def compare(store: SqliteStore, model: Model) -> None:
    for by in ("window", "staff", "service", "day"):
        wanted = model.ratings(by)
        found = {t.key[-1]: [t.served, *t.grades] for t in await store.tallies(by, *DATES, None)}
        assert found == dict(wanted), by
        months = await store.tallies("month", *DATES, None)
        assert sum(t.served for t in months) == len(model.standing())
    times = {t.key[-1]: t.times for t in await store.times("quarter", *DATES, None)}
    for quarter, row in model.waiting().items():
        got = times[str(quarter)]
        plain = {"tickets": got.tickets, "called": got.called, "no_shows": got.no_shows, "restored": got.restored}
        assert plain | {"left": got.left} == {k: v for k, v in row.items() if k != "waits"}
        assert (got.waiting.sum_ms, got.waiting.count) == (sum(row["waits"]), len(row["waits"]))
        expected: dict[int, int] = defaultdict(int)
        for ms in row["waits"]:
            expected[step(ms)] += 1
        assert got.waiting.counts == dict(expected)
    halls = await store.times("hall", *DATES, None)
    assert sum(t.times.served for t in halls) == len(model.standing())


@QUICK
@given(st.lists(told(), min_size=1, max_size=40), st.data())
def test_rollups_are_what_the_contract_says_and_a_recount_agrees(
    events: list[tuple[str, dict[str, Any], int]], data: st.DataObject
) -> None:
    """Two journals of one hall (a card was replaced), events cut into batches at random."""

    async def run() -> None:
        model = Model()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / FILE_NAME
            store = SqliteStore(path, asyncio.get_running_loop())
            try:
                journals = [Journal(name="j0"), Journal(name="j1")]
                sent = [0, 0]
                for kind, said, at_ms in events:
                    which = data.draw(st.integers(0, 1))
                    journal = journals[which]
                    journal.add(kind, said, at_ms=at_ms)
                    if data.draw(st.booleans()):
                        await _send(store, journal, sent[which], model, data.draw(st.booleans()))
                        sent[which] = journal.through
                for which, journal in enumerate(journals):
                    await _send(store, journal, sent[which], model, data.draw(st.booleans()))
                await compare(store, model)
            finally:
                await store.close()
            connection = connect(path)
            before = counted.digests(connection)
            connection.execute("BEGIN")
            counted.recount(connection, lambda hall: OFFSET_MINUTES)
            connection.execute("COMMIT")
            assert counted.digests(connection) == before
            connection.close()

    asyncio.run(run())


async def _send(store: SqliteStore, journal: Journal, after: int, model: Model, handed_over: bool) -> None:
    """As it is read in the center, or as the process beside hands it over: over a pipe, and folded."""
    if after == journal.through:
        return
    heading = Heading(journal.hall, journal.name, after, journal.links[after], OFFSET_MINUTES)
    body = b"[" + b",".join(journal.events[after:]) + b"]"
    batch: ingest.Batch | FoldedBatch = ingest.read_batch(heading, body, "")
    if handed_over:
        batch = beside.read_answer(beside.answer(beside.request(heading, body, "")), body, "")
        assert isinstance(batch, FoldedBatch)
    await store.submit(batch, NOON_MS)
    for event in journal.events[after:]:
        moment = msgspec.json.decode(event)["time"]
        model.take(event, round(dt.datetime.fromisoformat(moment).timestamp() * 1000))


@given(st.lists(st.integers(0, 7 * DAY_MS), min_size=1, max_size=60))
def test_a_percentile_is_off_by_no_more_than_is_said(times: list[int]) -> None:
    histogram = Histogram()
    for ms in times:
        histogram.add(ms)
    ordered = sorted(times)
    shares = ((1, 2), (9, 10), (99, 100), (1, 1))
    for (numerator, denominator), found in zip(shares, histogram.percentiles_ms(shares), strict=True):
        exact = ordered[max(1, -(-len(ordered) * numerator // denominator)) - 1]
        assert found is not None
        assert 0 <= exact - found < max(1000, exact / 1024 if exact >= EXACT_S * 1000 else 0)
    assert histogram.mean_ms == sum(times) / len(times)
    for ms in times:
        histogram.add(ms, -1)
    assert (histogram.counts, histogram.sum_ms) == ({}, 0)


@given(st.integers(0, 10**7))
def test_a_step_holds_its_own_edge(number: int) -> None:
    assert step(edge_ms(number)) == number
    assert step(edge_ms(number + 1) - 1) == number
