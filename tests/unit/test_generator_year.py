"""The generated year: exact bytes of real events, the same from the same seed, as many as were asked for."""

import gzip
from datetime import date

import msgspec

from center.ingest import read_element
from common import chain, envelope
from tools.generator.year import EVENTS_A_TICKET, Plan, batches, hall_days, journal_id, year

SMALL = Plan(halls=2, days=3, tickets=7, windows=2)


def test_the_bytes_are_those_that_a_hub_would_write() -> None:
    for events in hall_days(SMALL, 1):
        for data in events:
            assert envelope.encode(envelope.decode(data)) == data
            element = read_element(data, SMALL.hall(1), journal_id(SMALL, 1), 480)
            assert element.reason is None


def test_the_numbers_are_dense_and_the_times_rise() -> None:
    found = [envelope.decode(data) for events in hall_days(SMALL, 0) for data in events]
    assert [event.number for event in found] == list(range(1, len(found) + 1))
    assert [event.time for event in found] == sorted(event.time for event in found)
    assert len(found) * SMALL.halls == SMALL.events


def test_a_seed_gives_the_same_year_and_another_gives_another() -> None:
    one, again = [list(hall_days(Plan(days=2, seed=5), 3)) for _ in range(2)]
    assert one == again
    assert one != list(hall_days(Plan(days=2, seed=6), 3))


def test_batches_chain_on() -> None:
    link, after = chain.start(journal_id(SMALL, 0)), 0
    for batch in batches(SMALL, 0, size=40):
        assert (batch.after, batch.link) == (after, link.hex())
        events = msgspec.json.decode(gzip.decompress(batch.body), type=list[msgspec.Raw])
        link, after = chain.extend(link, (bytes(event) for event in events)), after + batch.events
    assert after * SMALL.halls == SMALL.events


def test_a_year_of_a_hundred_halls_has_about_so_many() -> None:
    for wanted in (1_000_000, 10_000_000):
        plan = year(wanted)
        assert abs(plan.events - wanted) <= 100 * 365 * EVENTS_A_TICKET
        assert (plan.halls, plan.days, plan.first) == (100, 365, date(2025, 1, 1))
