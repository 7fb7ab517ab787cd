"""The pieces of delivery one by one: sender, receiver, waits, requests, kept answers."""

from protocol import messages, session
from protocol.delivery import MAX_ANSWERS, MAX_REQUESTS, Answers, Backoff, FactReceiver, FactSender, Requests
from protocol.errors import MisuseError, PeerError
from tests.both_pythons.wire import (
    UNIX_MS,
    Log,
    drain,
    ends_by_hand,
    live,
    raised,
    rated,
)


def test_an_answer_to_a_dead_request_goes_nowhere():
    house = live(14)
    assert house.device.answer(12345, messages.ACCEPTED) is False
    answers = Answers()
    assert answers.accept(1) and answers.answer(1, 0, None)
    assert answers.answer(1, 2, None) is False
    assert answers.due() == (1, 0, None)
    assert not answers.accept(1)
    assert answers.due() == (1, 0, None)


def test_a_request_that_overtakes_its_welcome_waits_for_it():
    """A box that isn't welcomed takes the hub for away and would refuse an invitation that it could take."""
    device, hub = ends_by_hand()
    hub.receive(device.outgoing(0), 0)
    drain(hub)
    hub.welcome(1, UNIX_MS, True, {})
    assert hub.outgoing(0), "the WELCOME, lost on the way"
    number = hub.request(messages.INVITE, {"run": bytes(8), "wait_ms": 5000}, 5000)
    device.receive(hub.outgoing(0), 0)
    assert session.REQUEST not in [event[0] for event in drain(device)]
    hub.receive(device.outgoing(300), 300)
    device.receive(hub.outgoing(300), 300)
    device.receive(hub.outgoing(600), 600)
    asked = [event for event in drain(device) if event[0] == session.REQUEST]
    assert [event[1] for event in asked] == [number]
    assert device.hub_heard(600)


def test_requests_have_a_limit():
    requests = Requests(7)
    for _ in range(MAX_REQUESTS):
        requests.add(1, {}, 1000)
    raised(MisuseError, requests.add, 1, {}, 1000)
    assert requests.expired(1000) == list(range(7, 7 + MAX_REQUESTS))


def test_kept_answers_have_a_limit_and_forget_only_what_is_over():
    answers = Answers()
    for number in range(MAX_ANSWERS):
        assert answers.accept(number)
    raised(PeerError, answers.accept, 100)
    assert answers.answer(3, 0, None)
    assert answers.due() == (3, 0, None)
    assert answers.accept(100)
    assert not answers.accept(3), "let go of, but not new"
    assert answers.answer(0, 0, None)


def test_a_fact_sender_goes_back_to_the_oldest():
    log = Log()
    for number in range(1, 11):
        log.append(rated(number))
    sender = FactSender(log)
    assert sender.due(0) is None
    sender.start(4)
    for number in (1, 2, 3, 4):
        assert sender.due(0) == number
        sender.sent(0)
    assert sender.due(0) is None
    assert sender.deadline_ms(0) == 300
    assert sender.due(300) == 1
    sender.sent(300)
    assert sender.due(300) is None
    assert sender.deadline_ms(300) == 900
    sender.acknowledged(2, 400)
    assert sender.due(400) == 3
    raised(PeerError, sender.acknowledged, 11, 400)
    raised(PeerError, sender.acknowledged, 1, 400)
    sender.acknowledged(2, 400)
    assert log.oldest == 3
    sender.acknowledged(10, 500)
    assert sender.due(500) is None
    assert sender.deadline_ms(500) is None


def test_waits_double_to_their_cap():
    backoff = Backoff()
    backoff.begin(0)
    waits = []
    now_ms = 0
    for _ in range(7):
        waits.append(backoff.at_ms - now_ms)
        now_ms = backoff.at_ms
        assert backoff.due(now_ms)
        assert not backoff.due(now_ms - 1)
        backoff.again(now_ms)
    assert waits == [300, 600, 1200, 2400, 4800, 5000, 5000]


def test_a_fact_receiver_takes_each_once():
    receiver = FactReceiver(5)
    assert [receiver.judge(number) for number in (6, 5, 5, 4, 6, 7)] == [2, 0, 1, 1, 0, 0]
    assert receiver.acknowledged == 4
    receiver.acknowledge(6)
    assert receiver.acknowledged == 6
    receiver.acknowledge(5)
    assert receiver.acknowledged == 6
    receiver.acknowledge(9)
    assert receiver.expected == 10
