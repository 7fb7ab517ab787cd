"""Who is called out next: pure, so every rule is tried by the clock's arguments alone."""

import random

import pytest

from common.catalogue import CHINESE, ENGLISH
from hub.voice.order import BREATH_MS, CROWD, REST_MS, WAITING_MOST, Announcement, Order, Reading
from hub.voice.wording import Place, sentence, ticket, value, window

LENGTH_MS = 4_500


def call(number: int, recall: bool = False) -> Announcement:
    return Announcement(f"A{number:03d}", "5", recall)


def heard(order: Order, until_ms: int, arrivals: dict[int, Announcement]) -> list[tuple[int, Reading]]:
    """(when, what) as a zone would hear it, on a clock of 100 ms."""
    out = []
    for now_ms in range(0, until_ms, 100):
        if now_ms in arrivals:
            order.offer(arrivals[now_ms])
        reading = order.next(now_ms)
        if reading is not None:
            order.began(now_ms, LENGTH_MS)
            out.append((now_ms, reading))
    return out


def test_a_call_is_read_twice_five_seconds_apart() -> None:
    readings = heard(Order(), 60_000, {0: call(1)})
    assert readings == [(0, Reading(call(1), 1)), (LENGTH_MS + REST_MS, Reading(call(1), 2))]


def test_one_at_a_time_in_the_order_of_the_calls() -> None:
    readings = heard(Order(), 60_000, {0: call(1), 100: call(2)})
    assert [(each.announcement.number, each.time) for _, each in readings] == [
        ("A001", 1),
        ("A001", 2),
        ("A002", 1),
        ("A002", 2),
    ]


def test_the_second_language_is_said_in_the_rest_and_a_second_time_only_where_nobody_waits() -> None:
    order = Order()
    order.offer(call(1))
    assert order.next(0) == Reading(call(1), 1)
    order.began(0, 8_000, LENGTH_MS)
    assert order.next(8_000 + BREATH_MS) is None
    assert order.wait_ms(8_500) == LENGTH_MS + REST_MS - 8_500
    assert order.next(LENGTH_MS + REST_MS) == Reading(call(1), 2)
    order.began(LENGTH_MS + REST_MS, 8_000, LENGTH_MS)
    order.offer(call(2))
    begins_ms = LENGTH_MS + REST_MS + 8_000 + BREATH_MS
    assert order.next(begins_ms) == Reading(call(2), 1)
    order.began(begins_ms, 8_000, LENGTH_MS)
    order.offer(call(3))
    assert order.next(begins_ms + LENGTH_MS + REST_MS) == Reading(call(2), 2, brief=True)


def test_a_second_language_longer_than_the_rest_is_heard_to_its_end() -> None:
    order = Order()
    order.offer(call(1))
    order.next(0)
    order.began(0, 12_000, LENGTH_MS)
    assert order.next(LENGTH_MS + REST_MS) is None
    assert order.wait_ms(LENGTH_MS + REST_MS) == 12_000 + BREATH_MS - LENGTH_MS - REST_MS
    assert order.next(12_000 + BREATH_MS) == Reading(call(1), 2)


def test_with_more_than_two_waiting_nobody_is_read_twice() -> None:
    order = Order()
    readings = heard(order, 120_000, {at * 100: call(at) for at in range(5)})
    times = [(each.announcement.number, each.time) for _, each in readings]
    # A000 finds 4 behind it, A001 3; then there are two or fewer.
    assert times[:3] == [("A000", 1), ("A001", 1), ("A002", 1)]
    assert times[3:] == [("A002", 2), ("A003", 1), ("A003", 2), ("A004", 1), ("A004", 2)]
    assert order.dropped_seconds == 2


def test_a_crowd_ends_the_rest_before_a_second_reading() -> None:
    late = {LENGTH_MS + 1_000 + 100 * at: call(10 + at) for at in range(CROWD + 1)}
    readings = heard(Order(), 20_000, {0: call(1)} | late)
    at_ms, second = readings[1]
    assert second == Reading(call(10), 1)
    assert at_ms < LENGTH_MS + REST_MS


def test_who_has_come_is_not_called_again() -> None:
    order = Order()
    order.offer(call(1))
    order.offer(call(2))
    assert order.next(0) == Reading(call(1), 1)
    order.began(0, LENGTH_MS)
    order.withdraw("A001")
    order.withdraw("A002")
    assert order.next(60_000) is None
    assert order.wait_ms(60_000) is None


def test_a_recall_says_so_unless_the_call_itself_was_not_said_yet() -> None:
    order = Order()
    order.offer(call(1))
    order.offer(call(1, recall=True))
    assert order.waiting == 1
    assert order.next(0) == Reading(call(1), 1)
    order.began(0, LENGTH_MS)
    order.offer(call(1, recall=True))
    assert order.waiting == 1


def test_the_queue_has_a_limit_that_is_counted() -> None:
    order = Order()
    for number in range(WAITING_MOST + 3):
        order.offer(call(number))
    assert (order.waiting, order.dropped) == (WAITING_MOST, 3)
    assert order.next(0) == Reading(call(3), 1)


@pytest.mark.parametrize("seed", range(20))
def test_nothing_ever_overlaps_and_everybody_is_called(seed: int) -> None:
    chance = random.Random(seed)
    order, now_ms, free_at_ms, numbers, first_read = Order(), 0, 0, 0, []
    for _ in range(2_000):
        if chance.random() < 0.08 and order.waiting < WAITING_MOST:
            order.offer(call(numbers))
            numbers += 1
        reading = order.next(now_ms)
        if reading is not None:
            assert now_ms >= free_at_ms
            length_ms = chance.choice((0, 3_000, LENGTH_MS))
            order.began(now_ms, length_ms)
            free_at_ms = now_ms + length_ms + BREATH_MS
            if reading.time == 1:
                first_read.append(reading.announcement.number)
            assert order.next(now_ms) is None
        wait_ms = order.wait_ms(now_ms)
        assert wait_ms is None or wait_ms >= 0
        now_ms += chance.choice((50, 500, wait_ms or 5_000))
    assert first_read == [f"A{number:03d}" for number in range(len(first_read))]
    assert len(first_read) + order.waiting == numbers


@pytest.mark.parametrize(
    ("number", "yao", "chinese", "english"),
    [
        ("A012", False, "A零一二", "A, zero one two"),
        ("A012", True, "A零幺二", "A, zero one two"),
        ("AB101", True, "A B幺零幺", "A B, one zero one"),
        ("007", False, "零零七", "zero zero seven"),
    ],
)
def test_numbers_are_read_as_a_hall_reads_them(number: str, yao: bool, chinese: str, english: str) -> None:
    assert ticket(number, CHINESE, yao) == chinese
    assert ticket(number, ENGLISH, yao) == english


@pytest.mark.parametrize(
    ("number", "read"),
    [
        (0, "零"),
        (5, "五"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (101, "一百零一"),
        (110, "一百一十"),
        (2005, "二千零五"),
    ],
)
def test_windows_are_read_by_their_value(number: int, read: str) -> None:
    assert value(number) == read
    assert window(Place(f"{number}号窗口"), CHINESE) == f"{read}号窗口"


def test_sentences_come_from_the_catalogue_in_both_languages() -> None:
    place = Place("12号窗口")
    assert sentence("A012", place, CHINESE).text == "请A零一二号，到十二号窗口"
    assert sentence("A012", place, ENGLISH).text == "Number A, zero one two, please go to window 12"
    assert sentence("A012", place, CHINESE, recall=True).text.startswith("再次呼叫")
    assert sentence("A012", place, ENGLISH, recall=True).text.startswith("Calling again")
    assert sentence("A012", Place("12号窗口", "Counter 12"), ENGLISH).text.endswith("Counter 12")
