"""Delivery at its very bounds: the first and last moment of a wait, windows that open again, numbers that wrap."""

from protocol.delivery import MAX_ANSWERS, MAX_REQUESTS, Answers, Backoff, FactReceiver, FactSender, Requests
from protocol.errors import MisuseError, PeerError
from tests.both_pythons.wire import Log, raised, rated


def sender_of(count, window):
    """A started sender over a log of so many facts."""
    log = Log()
    for number in range(1, count + 1):
        log.append(rated(number))
    sender = FactSender(log)
    sender.start(window)
    return log, sender


def burst(sender, now_ms):
    """What it sends at once."""
    numbers = []
    while (number := sender.due(now_ms)) is not None:
        numbers.append(number)
        sender.sent(now_ms)
    return numbers


def test_a_backoff_that_is_to_be_sent_at_once_then_waits_its_first_wait():
    backoff = Backoff()
    assert not backoff.due(0), "nothing is waited for"
    backoff.soon(50)
    assert backoff.due(50) and not backoff.due(49)
    backoff.again(50)
    assert backoff.at_ms == 350
    backoff.again(350)
    assert backoff.at_ms == 950
    backoff.stop()
    assert backoff.at_ms is None and not backoff.due(10_000)
    backoff.begin(10_000)
    assert backoff.at_ms == 10_300, "as if it had never waited"


def test_a_window_shrinks_to_one_after_a_silence_and_doubles_with_each_acknowledgement():
    log, sender = sender_of(40, 6)
    assert burst(sender, 0) == [1, 2, 3, 4, 5, 6]
    assert sender.deadline_ms(0) == 300
    assert burst(sender, 299) == []
    assert burst(sender, 300) == [1]
    assert sender.deadline_ms(300) == 900
    assert burst(sender, 900) == [1]
    assert sender.deadline_ms(900) == 2100
    sender.acknowledged(1, 1000)
    assert sender.deadline_ms(1000) == 1000, "two may be on their way now"
    assert burst(sender, 1000) == [2, 3]
    sender.acknowledged(2, 1010)
    assert burst(sender, 1010) == [4, 5, 6]
    sender.acknowledged(6, 1020)
    assert burst(sender, 1020) == [7, 8, 9, 10, 11, 12], "never above what was agreed"
    sender.acknowledged(12, 1030)
    assert burst(sender, 1030) == [13, 14, 15, 16, 17, 18]
    assert log.oldest == 13


def test_an_acknowledgement_of_a_part_begins_the_wait_anew_and_of_all_ends_it():
    _, sender = sender_of(3, 3)
    assert burst(sender, 0) == [1, 2, 3]
    sender.acknowledged(0, 100)
    assert sender.deadline_ms(100) == 300, "an acknowledgement of nothing new"
    sender.acknowledged(1, 250)
    assert sender.deadline_ms(250) == 550
    sender.acknowledged(3, 260)
    assert sender.deadline_ms(260) is None
    assert burst(sender, 100_000) == []


def test_what_the_log_let_go_of_is_not_sent():
    log, sender = sender_of(5, 2)
    log.trim(3)
    assert sender.deadline_ms(7) == 7
    assert burst(sender, 7) == [4, 5]
    said = str(raised(PeerError, sender.acknowledged, 6, 8))
    assert "of 6" in said and "4 to 5" in said
    raised(PeerError, sender.acknowledged, 2, 8)
    sender.acknowledged(3, 8)
    assert log.oldest == 4


def test_a_sender_that_is_stopped_is_silent_and_starts_from_the_oldest():
    _, sender = sender_of(3, 3)
    assert burst(sender, 0) == [1, 2, 3]
    sender.stop()
    assert sender.due(300) is None
    assert sender.deadline_ms(300) is None
    sender.start(1)
    assert burst(sender, 400) == [1]
    assert sender.deadline_ms(400) == 700, "a wait of its own"


def test_a_receiver_owes_an_acknowledgement_for_what_it_has():
    receiver = FactReceiver(5)
    assert (receiver.expected, receiver.acknowledged, receiver.ack_due) == (5, 4, False)
    assert receiver.judge(6) == 2 and not receiver.ack_due
    assert receiver.judge(5) == 0 and not receiver.ack_due, "not before it is durable"
    assert receiver.judge(5) == 1 and receiver.ack_due
    receiver.ack_due = False
    receiver.acknowledge(5)
    assert receiver.ack_due and (receiver.expected, receiver.acknowledged) == (6, 5)
    receiver.acknowledge(6)
    assert receiver.expected == 7


def test_a_request_goes_out_until_its_deadline_and_then_no_more():
    requests = Requests(1)
    assert requests.add(9, {"a": 1}, 1000) == 1
    assert requests.due(0) == (1, 9, {"a": 1}, 1000)
    assert requests.due(299) is None
    assert requests.due(300) == (1, 9, {"a": 1}, 700)
    assert requests.due(900) == (1, 9, {"a": 1}, 100)
    assert requests.expired(999) == []
    assert requests.due(5000) is None, "past its deadline it dies, however long it waited"
    assert requests.expired(1000) == [1]
    assert requests.expired(1000) == []
    assert not requests.answered(1), "the answer came too late"


def test_a_request_at_its_deadline_is_over():
    requests = Requests(1)
    requests.add(9, {}, 1000)
    assert requests.due(1000) is None
    assert requests.due(999) == (1, 9, {}, 1)


def test_requests_go_out_in_their_order_and_their_numbers_wrap():
    requests = Requests(0xFFFFFFFF)
    assert requests.add(1, {}, 1000) == 0xFFFFFFFF
    assert requests.add(2, {}, 500) == 0
    assert requests.add(3, {}, 2000) == 1
    assert [requests.due(0)[:2] for _ in range(3)] == [(0, 2), (1, 3), (0xFFFFFFFF, 1)]
    assert requests.due(0) is None
    assert requests.answered(0) and not requests.answered(0)
    assert requests.expired(None) == [1, 0xFFFFFFFF], "all of them, with the link"
    assert requests.expired(None) == []


def test_requests_name_the_next_moment():
    requests = Requests(1)
    assert requests.deadline_ms(True) is None
    requests.add(1, {}, 1000)
    requests.add(2, {}, 200)
    assert requests.deadline_ms(True) == 0, "to be sent at once"
    assert requests.deadline_ms(False) == 200, "without a session they only expire"
    requests.due(100)
    requests.due(100)
    assert requests.deadline_ms(True) == 200
    assert requests.expired(200) == [2]
    assert requests.deadline_ms(True) == 400
    assert requests.deadline_ms(False) == 1000


def test_as_many_requests_as_allowed_and_one_more_when_one_is_over():
    requests = Requests(1)
    for _ in range(MAX_REQUESTS):
        requests.add(1, {}, 1000)
    assert str(MAX_REQUESTS) in str(raised(MisuseError, requests.add, 1, {}, 1000))
    assert requests.answered(3)
    assert requests.add(1, {}, 1000) == MAX_REQUESTS + 1


def test_a_repeated_request_has_its_answer_sent_once_more_and_not_twice():
    answers = Answers()
    assert answers.accept(1)
    assert not answers.accept(1) and not answers.waiting(), "no answer yet, and none is made up"
    assert answers.answer(1, 4, "why")
    assert answers.waiting()
    assert not answers.accept(1), "its answer waits already"
    assert answers.due() == (1, 4, "why")
    assert answers.due() is None and not answers.waiting()
    assert not answers.accept(1) and not answers.accept(1)
    assert answers.due() == (1, 4, "why")
    assert answers.due() is None


def test_answers_that_are_over_are_forgotten_oldest_first_and_never_new_again():
    answers = Answers()
    for number in range(10, 10 + MAX_ANSWERS):
        assert answers.accept(number)
    for number in (11, 12, 10):
        assert answers.answer(number, 0, None)
    assert [answers.due()[0], answers.due()[0]] == [11, 12]
    # 10 is answered and not yet sent: 11 goes, then 12; then there is none to let go.
    assert answers.accept(100) and answers.accept(101)
    said = str(raised(PeerError, answers.accept, 102))
    assert str(MAX_ANSWERS) in said
    assert not answers.accept(11) and not answers.accept(12) and not answers.accept(5)
    assert answers.answer(11, 0, None) is False, "it died"
    assert answers.due()[0] == 10
    assert answers.accept(102)
    assert not answers.accept(10)
    assert answers.accept(13) is False and answers.answer(13, 0, None), "it is kept, and still to be answered"
