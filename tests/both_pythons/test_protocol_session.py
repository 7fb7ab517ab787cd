"""The two ends at work: handshake, numbers at the start, requests, views, settings, anchors."""

from protocol import cbor, framing, messages, session
from protocol.device import TABLE as DEVICE_TABLE
from protocol.device import DeviceEndpoint
from protocol.errors import MisuseError
from protocol.hub import TABLE as HUB_TABLE
from protocol.hub import HubEndpoint
from tests.both_pythons.wire import (
    EPOCH,
    SECRET,
    UNIX_MS,
    House,
    Log,
    drain,
    ends_by_hand,
    frames,
    live,
    raised,
    rated,
    rejections,
)


def test_the_order_of_a_session():
    house = House(1)
    house.log.append(rated(1))
    assert house.run(5000, house.drained)
    house.hub.show(messages.WINDOW_SERVING, "A001", "3 号窗口")
    house.run(1000)
    assert house.names("hub")[:4] == [session.PROVEN, session.STATUS, session.STATUS, session.FACT]
    assert house.hub_events[0] == (session.PROVEN, "box-1", messages.ROLE_EVALUATOR)
    assert house.names("device")[:2] == [session.PROVEN, session.WELCOME]
    assert (session.VIEW, messages.WINDOW_SERVING, "A001", "3 号窗口", None, None, None) in house.device_events
    assert house.hub.device_id == "box-1"
    assert house.hub.role == messages.ROLE_EVALUATOR
    assert house.hub.status["epoch"] == EPOCH


def test_both_tables_name_every_end():
    for table in (DEVICE_TABLE, HUB_TABLE):
        states = {state for state, _ in table}
        assert states == set(table.values())
        for state in states:
            # From everywhere the link can be lost; only where there is none, one is opened.
            assert ((state, "closed") in table) == (state != "closed")
            assert ((state, "opened") in table) == (state == "closed")


def test_what_cannot_happen_is_said():
    house = live()
    raised(MisuseError, house.device.link_opened, house.now_ms)
    raised(MisuseError, house.hub.link_opened, house.now_ms)
    raised(MisuseError, house.hub.welcome, 1, UNIX_MS, True, {})
    fresh = HubEndpoint(house.known.get, house.chance.bytes)
    raised(MisuseError, fresh.welcome, 1, UNIX_MS, True, {})
    raised(MisuseError, fresh.acknowledge, 1)
    raised(MisuseError, fresh.configure, {})
    raised(MisuseError, fresh.request, messages.IDENTIFY, {"for_ms": 1000}, 5000)
    raised(MisuseError, house.hub.request, messages.IDENTIFY, {"for_ms": 0}, 5000)
    raised(MisuseError, house.hub.show, messages.WINDOW_IDLE, "x" * 17, "")
    raised(MisuseError, house.device.health, {})
    raised(MisuseError, DeviceEndpoint, "", 1, SECRET, EPOCH, 1, Log(), house.chance.bytes)
    raised(MisuseError, DeviceEndpoint, "x" * 33, 1, SECRET, EPOCH, 1, Log(), house.chance.bytes)
    raised(MisuseError, DeviceEndpoint, "x", 1, SECRET[:31], EPOCH, 1, Log(), house.chance.bytes)
    assert house.live()


def test_a_closed_end_says_and_hears_nothing():
    house = live()
    house.device.link_lost()
    house.device.link_lost()
    assert house.device.outgoing(house.now_ms) == b""
    house.device.receive(framing.encode_frame(b"\x01\x01"), house.now_ms)
    assert (session.LOST,) in drain(house.device)
    assert house.device.deadline_ms() is None
    # Nor is anything due when a line is lost before its first byte: a box without one must be able to sleep.
    house.device.link_opened(house.now_ms)
    house.device.link_lost()
    assert house.device.deadline_ms() is None
    house.device.link_opened(house.now_ms)
    assert house.run(5000, house.live)


def test_expected_beyond_next_advances_the_log():
    house = House(2)
    house.durable = 41
    for number in range(1, 4):
        house.log.append(rated(number))
    assert house.run(5000, house.drained)
    assert [values["n"] for values in house.stored] == [42, 43, 44]
    assert [values["fields"]["run"][7] for values in house.stored] == [1, 2, 3]


def test_expected_inside_the_log_trims_it():
    house = House(3)
    house.durable = 2
    for number in range(1, 6):
        house.log.append(rated(number))
    assert house.run(5000, house.drained)
    assert [values["n"] for values in house.stored] == [3, 4, 5]


def test_expected_below_the_log_goes_on_from_its_oldest():
    house = House(4, log=Log(100))
    house.log.append(rated(1))
    assert house.run(5000, house.drained)
    assert [values["n"] for values in house.stored] == [100]


def test_facts_wait_for_the_welcome():
    house = House(5)
    house.log.append(rated(1))
    house.serve_hub = lambda: None
    house.run(3000)
    assert house.log.oldest == 1
    sealed = [frame for data in house.up.heard for frame in frames(data) if frame[0] == 0x10]
    assert sealed, "the STATUS goes out"
    assert max(len(frame) for frame in sealed) < 70, "and no fact"


def test_nothing_is_acknowledged_before_it_is_durable():
    house = House(6, commit_ms=3000)
    house.log.append(rated(1))
    assert house.run(2500, lambda: bool(house.stored))
    house.run(2000)
    assert house.log.oldest == 1
    assert house.run(2000, house.drained)
    assert len([event for event in house.hub_events if event[0] == session.FACT]) == 1


def test_an_unreadable_fact_blocks_nothing():
    house = live(7)
    house.log.append(rated(1))
    house.log.append(rated(2))
    seal_message = house.device._seal

    def bend(kind, values):
        if kind == messages.FACT and values["n"] == 1:
            data = cbor.encode({0: messages.FACT, 1: 1, 2: messages.RATED, 7: {2: 9}})
            return house.device._sealer.seal(data)
        return seal_message(kind, values)

    house.device._seal = bend
    assert house.run(5000, house.drained)
    first = house.stored[0]
    assert first["fact_kind"] == messages.UNREADABLE
    assert "missing" in first["fields"]["problem"]
    assert first["fields"]["raw"][0] >> 5 == 5
    assert house.stored[1]["fields"]["grade"] == 3


def test_unknown_messages_are_counted_and_nothing_ends():
    house = live(8)
    packet = house.hub._sealer.seal(cbor.encode({0: 200, 1: "new"}))
    house.device.receive(framing.encode_frame(packet), house.now_ms)
    assert house.device.unknown_messages == 1
    assert rejections(drain(house.device)) == ["a message of unknown kind 200"]
    assert house.run(20000) and house.live()


def test_an_unknown_command_is_answered_by_the_endpoint():
    house = live(9)
    packet = house.hub._sealer.seal(cbor.encode({0: messages.REQUEST, 1: 5, 2: 1000, 3: 60, 4: {}}))
    house.device.receive(framing.encode_frame(packet), house.now_ms)
    house.run(100)
    assert not house.served
    plain = [event for event in house.device_events if event[0] == session.REQUEST]
    assert not plain
    assert house.device._answers._kept[5] == (messages.UNKNOWN_COMMAND, None)


def test_a_request_and_its_answer():
    house = live(10)
    number = house.hub.request(messages.INVITE, {"run": b"r" * 8, "wait_ms": 20000}, house.now_ms + 5000)
    house.run(200)
    asked = [event for event in house.device_events if event[0] == session.REQUEST]
    assert len(asked) == 1
    assert asked[0][2:4] == (messages.INVITE, {"run": b"r" * 8, "wait_ms": 20000})
    assert 4000 < asked[0][4] - house.now_ms + 200 <= 5200
    assert (session.ANSWER, number, messages.ACCEPTED, None) in house.hub_events


def test_a_repeated_request_gets_the_same_answer_and_is_handed_over_once():
    house = live(11)
    house.up.cut = True  # the answer doesn't come back, so the request is sent again and again
    number = house.hub.request(messages.IDENTIFY, {"for_ms": 1000}, house.now_ms + 8000)
    house.run(3000)
    assert house.served == [("device", number)]
    house.up.cut = False
    house.run(3000)
    assert house.served == [("device", number)]
    assert house.ends == [("hub", session.ANSWER, number)]


def test_a_request_expires_at_its_deadline():
    house = live(12)
    house.down.cut = True
    number = house.hub.request(messages.IDENTIFY, {"for_ms": 1000}, house.now_ms + 1500)
    house.run(1490)
    assert not house.ends
    house.run(20)
    assert house.ends == [("hub", session.REQUEST_EXPIRED, number)]
    assert house.hub.proven


def test_a_request_dies_with_its_link():
    house = live(13)
    house.up.cut = house.down.cut = True
    number = house.device.request(messages.WINDOW_COMMAND, {"command": "next"}, house.now_ms + 60000)
    house.device.link_lost()
    house.serve_device()
    assert house.ends == [("device", session.REQUEST_EXPIRED, number)]
    house.up.cut = house.down.cut = False
    house.device.link_opened(house.now_ms)
    assert house.run(20000, house.live)
    house.run(5000)
    assert not house.served, "`next` pressed while the hub was away calls nobody later"


def test_a_view_comes_until_it_is_reported():
    house = live(15)
    house.down.cut = True
    house.hub.show(messages.WINDOW_CALLING, "A007", "1")
    house.run(2500)
    house.hub.show(messages.WINDOW_SERVING, "A007", "1")
    house.down.cut = False
    house.run(6000)
    views = [event[1:] for event in house.device_events if event[0] == session.VIEW]
    assert views == [(messages.WINDOW_SERVING, "A007", "1", None, None, None)]
    assert house.hub.status["view_revision"] == 2
    sent = len(house.down.heard)
    house.run(2000)
    assert len(house.down.heard) - sent <= 1, "reported: only the keep-alive goes on"


def test_a_view_is_shown_again_after_a_restart():
    house = live(16)
    house.hub.show(messages.WINDOW_PAUSED, "", "1")
    house.run(500)
    house.device_events = []
    house.new_device()
    house.run(5000)
    assert (session.VIEW, messages.WINDOW_PAUSED, "", "1", None, None, None) in house.device_events


def test_settings_come_with_the_welcome_and_later():
    house = live(17)
    welcome = house.device_events[1]
    assert welcome[0] == session.WELCOME
    assert welcome[4] == {
        "volume": None,
        "repeat_prompt_s": None,
        "thanks_ms": None,
        "stuck_key_s": None,
        "quiet": None,
    }
    house.down.cut = True
    house.hub.configure({"volume": 3})
    house.run(1000)
    house.down.cut = False
    house.run(6000)
    configs = [event[1] for event in house.device_events if event[0] == session.CONFIG]
    assert len(configs) == 1
    assert configs[0]["volume"] == 3
    house.new_device()
    house.device_events = []
    house.run(5000)
    house.run(1000)
    assert not [event for event in house.device_events if event[0] == session.CONFIG]


def test_anchors_go_on_by_themselves():
    house = live(18)
    house.run(10000)
    anchors = [event for event in house.device_events if event[0] == session.ANCHOR]
    assert 3 <= len(anchors) <= 5
    last = anchors[-1]
    assert abs(last[1] - (UNIX_MS + house.now_ms)) <= session.KEEP_ALIVE_MS
    house.hub.anchor(1, False)
    house.run(50)
    assert house.device_events[-1][0] == session.ANCHOR
    assert house.device_events[-1][2] is False


def test_an_anchor_given_between_turns_is_of_its_own_moment():
    house = live(36)
    house.run(2000)
    later_ms = house.now_ms + 2900  # nobody has told the endpoint that so much time went by
    house.hub.anchor(UNIX_MS + later_ms, True, later_ms)
    house.now_ms = later_ms + 40
    house.device_events = []
    house.run(10)
    anchors = [event for event in house.device_events if event[0] == session.ANCHOR]
    assert anchors == [(session.ANCHOR, UNIX_MS + later_ms + 40, True)]


def test_health_and_status_reach_the_hub():
    house = live(19)
    house.device.set_status(messages.APP_INVITED, b"r" * 8)
    house.device.health({"uptime_ms": 5, "reset_cause": "power_on", "free_memory": 9, "log_fill_permille": 1})
    house.run(100)
    assert house.hub.status["app_state"] == messages.APP_INVITED
    assert house.hub.status["open_run"] == b"r" * 8
    health = [event[1] for event in house.hub_events if event[0] == session.HEALTH]
    assert health == [
        {
            "uptime_ms": 5,
            "reset_cause": "power_on",
            "free_memory": 9,
            "log_fill_permille": 1,
            "rejected_frames": 0,
            "rejected_packets": 0,
            "free_flash": None,
        }
    ]


def test_a_new_hub_that_counts_views_from_one_is_still_shown():
    house = live(40)
    house.hub.show(messages.WINDOW_CALLING, "A001", "1")
    house.run(500)
    house.new_hub()
    house.hub.show(messages.WINDOW_SERVING, "A002", "1")
    assert house.run(20000, house.live)
    house.run(1000)
    views = [event[1:] for event in house.device_events if event[0] == session.VIEW]
    assert [view[:2] for view in views] == [(messages.WINDOW_CALLING, "A001"), (messages.WINDOW_SERVING, "A002")]


def test_a_request_is_not_carried_into_the_next_session():
    house = live(41)
    house.down.cut = True
    number = house.hub.request(messages.IDENTIFY, {"for_ms": 1000}, house.now_ms + 20000)
    house.run(50)
    house.down.cut = False
    house.device.link_lost()
    house.device.link_opened(house.now_ms)
    house.run(10000)
    assert house.live()
    assert house.ends == [("hub", session.REQUEST_EXPIRED, number)]
    assert not house.served


def test_a_new_hub_may_use_a_request_id_again():
    house = live(42)
    for _ in range(2):
        house.hub = HubEndpoint(house.known.get, bytes)  # without randomness its ids begin with 0 each time
        house.hub.link_opened(house.now_ms)
        house.run(3000)
        assert house.run(20000, house.live)
        assert house.hub.request(messages.IDENTIFY, {"for_ms": 1000}, house.now_ms + 2000) == 0
        house.run(1000)
    assert house.served == [("device", 0), ("device", 0)]
    assert house.ends == [("hub", session.ANSWER, 0)] * 2


def test_a_lost_proof_comes_again_with_the_status():
    device, hub = ends_by_hand()
    assert [frame[0] for frame in frames(device.outgoing(0))] == [session.PROOF, 0x10]
    assert device.deadline_ms() == 300
    hub.receive(device.outgoing(300), 300)
    assert hub.proven
    assert [event[0] for event in drain(hub)] == [session.PROVEN, session.STATUS]
    hub.welcome(1, UNIX_MS, True, {})
    device.receive(hub.outgoing(300), 300)
    assert [event[0] for event in drain(device)] == [session.PROVEN, session.WELCOME]


def test_a_lost_welcome_comes_again_with_the_hour_of_its_sending():
    device, hub = ends_by_hand()
    hub.receive(device.outgoing(0), 0)
    drain(hub)
    hub.welcome(1, UNIX_MS, True, {})
    assert hub.outgoing(0)
    hub.receive(device.outgoing(300), 300)
    assert [event[0] for event in drain(hub)] == [], "nothing new for the hub's user"
    device.receive(hub.outgoing(300), 300)
    assert device.state == "live"
    names = [field.name for field in messages.rows(messages.CONFIG_FIELDS)]
    assert drain(device)[1] == (session.WELCOME, 1, UNIX_MS + 300, True, dict.fromkeys(names))


def test_a_repeated_hello_or_proof_of_this_session_opens_no_handshake():
    device, hub = ends_by_hand()
    proof = device.outgoing(0)
    hub.receive(proof, 0)
    current = hub._current
    hub.outgoing(0)
    hub.receive(framing.encode_frame(current.hello), 0)
    hub.receive(proof, 0)
    assert hub._pending is None
    assert hub._current is current
    assert frames(hub.outgoing(0)) == []
