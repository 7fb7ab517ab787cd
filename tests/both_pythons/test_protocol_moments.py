"""When an endpoint wants to be called: never a moment late, and never at once for nothing."""

from protocol import messages
from protocol.device import DeviceEndpoint
from protocol.hub import HubEndpoint
from tests.both_pythons.wire import EPOCH, SECRET, UNIX_MS, Chance, Log, drain, ends_by_hand


def live_by_hand():
    """Both, welcomed, at 0 ms; nothing is to be said by the device."""
    device, hub = ends_by_hand()
    hub.receive(device.outgoing(0), 0)
    drain(hub)
    hub.welcome(1, UNIX_MS, True, {})
    device.receive(hub.outgoing(0), 0)
    hub.receive(device.outgoing(0), 0)
    device.receive(hub.outgoing(0), 0)
    drain(device)
    drain(hub)
    return device, hub


def test_a_box_that_calls_wants_its_next_hello_and_answers_a_greeting_at_once():
    device = DeviceEndpoint("box-1", messages.ROLE_EVALUATOR, SECRET, EPOCH, 1, Log(), Chance(4).bytes)
    assert device.deadline_ms() is None
    device.link_opened(5)
    assert device.deadline_ms() == 5
    device.outgoing(5)
    assert device.deadline_ms() == 1005
    device.outgoing(1005)
    assert device.deadline_ms() == 3005, "twice as long"


def test_a_box_that_owes_a_proof_wants_to_give_it_at_once():
    device, _ = ends_by_hand()
    assert device.deadline_ms() == 0
    device.outgoing(0)
    assert device.deadline_ms() == 300, "then its STATUS again"


def test_a_live_box_that_owes_a_hello_wants_to_say_it_at_once():
    device, _ = live_by_hand()
    greeting = HubEndpoint({}.get, Chance(5).bytes)
    greeting.link_opened(0)
    device.outgoing(1500)
    at_ms = device.deadline_ms()
    assert at_ms > 1500
    device.receive(greeting.outgoing(0), 1500)
    assert device.deadline_ms() == 1500
    assert device.outgoing(1500)
    assert device.deadline_ms() == at_ms


def test_a_view_goes_out_until_that_very_view_is_reported_as_shown():
    device, hub = live_by_hand()
    hub.show(messages.WINDOW_IDLE, "", "1")
    first = hub.outgoing(10)
    assert first
    hub.show(messages.WINDOW_CALLING, "A001", "1")
    device.receive(first, 20)  # the one before, reported late
    hub.receive(device.outgoing(20), 20)
    assert not hub.has_shown
    assert hub.deadline_ms() == 20
    device.receive(hub.outgoing(20), 30)
    hub.receive(device.outgoing(30), 30)
    assert hub.has_shown
    hub.outgoing(30)
    assert hub.deadline_ms() > 330, "nothing is sent again"
    assert [event[1] for event in drain(device) if event[0] == "view"] == [
        messages.WINDOW_IDLE,
        messages.WINDOW_CALLING,
    ]
