"""The two ends: handshake, order, requests, views; forgers, wrong keys, strangers, repeating randomness."""

from protocol import cbor, framing, messages, session
from protocol.delivery import MAX_ANSWERS, MAX_REQUESTS, Answers, Backoff, FactReceiver, FactSender, Requests
from protocol.device import TABLE as DEVICE_TABLE
from protocol.device import DeviceEndpoint
from protocol.errors import MisuseError, PeerError
from protocol.hub import TABLE as HUB_TABLE
from protocol.hub import HubEndpoint
from protocol.seal import LABEL_TO_HUB, Keyring
from tests.both_pythons.wire import EPOCH, SECRET, UNIX_MS, Chance, House, Log, rated

SETTINGS = [field.name for field in messages.CONFIG_FIELDS]


def raised(error, function, *arguments, **named):
    try:
        function(*arguments, **named)
    except error as caught:
        assert str(caught)
        return
    raise AssertionError("%r took %r" % (function, arguments))


def live(seed=1, **character):
    house = House(seed, **character)
    assert house.run(5000, house.live)
    return house


def frames(data):
    reader = framing.FrameReader()
    reader.feed(data)
    found = []
    frame = reader.next_frame()
    while frame is not None:
        found.append(frame)
        frame = reader.next_frame()
    return found


def drain(endpoint):
    found = []
    event = endpoint.next_event()
    while event is not None:
        found.append(event)
        event = endpoint.next_event()
    return found


def rejections(events):
    return [event[1] for event in events if event[0] == session.REJECTED]


def test_the_order_of_a_session():
    house = House(1)
    house.log.append(rated(1))
    assert house.run(5000, house.drained)
    house.hub.show(messages.WINDOW_SERVING, "A001", "3 号窗口")
    house.run(1000)
    assert house.names("hub")[:4] == [session.PROVEN, session.STATUS, session.STATUS, session.FACT]
    assert house.hub_events[0] == (session.PROVEN, "box-1", messages.ROLE_EVALUATOR)
    assert house.names("device")[:2] == [session.PROVEN, session.WELCOME]
    assert (session.VIEW, messages.WINDOW_SERVING, "A001", "3 号窗口") in house.device_events
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


def test_an_answer_to_a_dead_request_goes_nowhere():
    house = live(14)
    assert house.device.answer(12345, messages.ACCEPTED) is False
    answers = Answers()
    assert answers.accept(1) and answers.answer(1, 0, None)
    assert answers.answer(1, 2, None) is False
    assert answers.due() == (1, 0, None)
    assert not answers.accept(1)
    assert answers.due() == (1, 0, None)


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


def test_a_view_comes_until_it_is_reported():
    house = live(15)
    house.down.cut = True
    house.hub.show(messages.WINDOW_CALLING, "A007", "1")
    house.run(2500)
    house.hub.show(messages.WINDOW_SERVING, "A007", "1")
    house.down.cut = False
    house.run(6000)
    views = [event[1:] for event in house.device_events if event[0] == session.VIEW]
    assert views == [(messages.WINDOW_SERVING, "A007", "1")]
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
    assert (session.VIEW, messages.WINDOW_PAUSED, "", "1") in house.device_events


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
        }
    ]


def test_an_unknown_device_is_refused():
    house = House(20)
    house.known = {}
    house.new_hub()
    house.run(3000)
    assert (session.REFUSED, messages.REFUSED_UNKNOWN_DEVICE) in house.device_events
    assert "unknown device `box-1`: provision it at this hub" in rejections(house.hub_events)
    assert not house.hub.proven
    house.known["box-1"] = SECRET
    house.hub._lookup = house.known.get
    assert house.run(30000, house.live)


def test_a_wrong_key_proves_nothing():
    house = House(21, secret=bytes(32))
    house.log.append(rated(1))
    house.run(30000)
    assert not house.hub.proven
    assert not house.device.hub_heard(house.now_ms)
    assert not house.stored
    assert any("doesn't know this box's secret" in reason for reason in rejections(house.device_events))


def test_a_device_that_does_not_check_the_hub_still_proves_nothing():
    house = House(22, secret=bytes(32))
    house.device._keys.hub_proof = Keyring(SECRET).hub_proof
    house.run(3000)
    assert not house.hub.proven
    assert (session.REFUSED, messages.REFUSED_PROOF) in house.device_events
    assert any("doesn't prove its secret" in reason for reason in rejections(house.hub_events))


def test_another_version_is_refused():
    hub = HubEndpoint({"box-1": SECRET}.get, Chance(1).bytes)
    hub.link_opened(0)
    hub.receive(framing.encode_frame(b"\x02\x02\x01" + bytes(16) + b"box-1"), 0)
    assert bytes([session.REFUSE, messages.REFUSED_VERSION]) in frames(hub.outgoing(0))
    assert rejections(drain(hub)) == ["a device that speaks version 2; this hub speaks 1"]


def test_an_unproven_hello_never_disturbs_a_live_session():
    house = live(23)
    keys = house.hub._sealer, house.hub._opener
    for turn in range(30):
        hello = b"\x02\x01\x01" + house.chance.bytes(16) + (b"box-1" if turn % 2 else b"box-2")
        house.hub.receive(framing.encode_frame(hello), house.now_ms)
        proof = b"\x04" + house.chance.bytes(16) + (house.hub._pending.hub_nonce if house.hub._pending else bytes(16))
        house.hub.receive(framing.encode_frame(proof), house.now_ms)
        house.log.append(rated(turn + 1))
        house.run(300)
    assert (house.hub._sealer, house.hub._opener) == keys
    assert house.run(3000, house.drained)
    assert len(house.stored) == 30
    assert (session.LOST,) not in house.hub_events
    assert house.live()


def test_greetings_and_refusals_of_a_stranger_change_nothing_on_the_box():
    house = live(24)
    sessions = len([event for event in house.device_events if event[0] == session.PROVEN])
    house.up.heard = []
    for _ in range(100):
        house.device.receive(framing.encode_frame(bytes([session.REFUSE, 1])), house.now_ms)
        house.device.receive(framing.encode_frame(b"\x03" + house.chance.bytes(48)), house.now_ms)
        house.run(50)
    assert house.live()
    assert sessions == len([event for event in house.device_events if event[0] == session.PROVEN])
    assert (session.REFUSED, 1) not in house.device_events
    # A greeting is answered beside the session, at most once a second.
    house.up.cut = True
    house.up.heard = []
    for _ in range(100):
        house.device.receive(framing.encode_frame(b"\x01\x01"), house.now_ms)
        house.run(30)
    hellos = [frame for data in house.up.heard for frame in frames(data) if frame[0] == session.HELLO]
    assert 1 <= len(hellos) <= 4
    assert house.device.state == "live"


def test_replays_change_nothing():
    house = live(25)
    for number in range(1, 6):
        house.log.append(rated(number))
    assert house.run(3000, house.drained)
    up, down = list(house.up.heard), list(house.down.heard)
    before = (len(house.stored), house.log.oldest, house.hub.status["uptime_ms"], len(house.hub_events))
    drain(house.hub)
    for data in up:
        house.hub.receive(data, house.now_ms)
    for data in down:
        house.device.receive(data, house.now_ms)
    assert not [event for event in drain(house.hub) if event[0] != session.REJECTED]
    assert not [event for event in drain(house.device) if event[0] != session.REJECTED]
    assert house.hub.rejected_packets >= 5
    assert before == (len(house.stored), house.log.oldest, house.hub.status["uptime_ms"], len(house.hub_events))
    assert house.run(20000) and house.live()


def test_a_recorded_session_played_to_a_new_hub_proves_nothing():
    house = live(26)
    house.log.append(rated(1))
    assert house.run(3000, house.drained)
    hub = HubEndpoint(house.known.get, Chance(99).bytes)
    hub.link_opened(0)
    for data in house.up.heard:
        hub.receive(data, 0)
        hub.outgoing(0)
    assert not hub.proven
    assert {event[0] for event in drain(hub)} <= {session.REJECTED}


def test_a_recorded_hub_played_to_the_box_proves_nothing():
    house = live(27)
    box = DeviceEndpoint("box-1", 1, SECRET, EPOCH, 2, Log(), house.device_random)
    box.link_opened(0)
    for data in house.down.heard:
        box.outgoing(0)
        box.receive(data, 0)
    assert box.state == "calling"
    assert {event[0] for event in drain(box)} <= {session.REJECTED}


def test_a_forged_packet_changes_nothing():
    house = live(28)
    counters = house.hub._opener.counter, house.device._opener.counter
    for end in (house.hub, house.device):
        for _ in range(50):
            packet = b"\x10" + house.chance.bytes(40)
            end.receive(framing.encode_frame(packet), house.now_ms)
    assert counters == (house.hub._opener.counter, house.device._opener.counter)
    assert house.hub.rejected_packets == 50
    assert house.run(5000) and house.live()


def test_a_packet_reflected_to_its_sender_does_not_open():
    house = live(29)
    rejected = house.device.rejected_packets
    house.device.receive(house.up.heard[-1], house.now_ms)
    assert house.device.rejected_packets > rejected
    assert house.live()


def test_repeating_randomness_never_repeats_a_nonce_under_a_key():
    # The worst case: neither the boards' randomness nor the hub's is any. Counters in the nonce keep keys apart.
    keys = set()
    nonces = set()
    for boot in range(1, 5):
        device = DeviceEndpoint("box-1", 1, SECRET, EPOCH, boot, Log(), bytes)
        for turn in range(5):
            hub = HubEndpoint({"box-1": SECRET}.get, bytes)
            now_ms = turn * 1000
            hub.link_opened(now_ms)
            device.link_opened(now_ms)
            hub.receive(device.outgoing(now_ms), now_ms)
            device.receive(hub.outgoing(now_ms), now_ms)
            hub.receive(device.outgoing(now_ms), now_ms)
            assert hub.proven
            handshake = hub._current
            nonces.add(handshake.hello[3:19])
            keys.add(handshake.keys.session_key(handshake.bound, LABEL_TO_HUB))
            device.link_lost()
    assert len(nonces) == 20
    assert len(keys) == 20


def test_a_broken_hub_random_still_gives_new_keys_each_session():
    house = live(30)
    house.hub._random = bytes
    seen = set()
    for _ in range(5):
        house.hub.end_session()
        house.run(50)
        assert house.run(20000, house.live)
        seen.add(house.hub._current.bound)
    assert len(seen) == 5


def test_counters_near_their_end_begin_a_new_session():
    house = live(31)
    first = house.hub._current
    house.device._sealer.counter = 0xFFFF0000
    house.log.append(rated(1))
    house.run(1000)
    assert house.run(30000, house.drained)
    assert house.hub._current is not first
    assert house.device._sealer.counter < 1000


def test_events_that_nobody_takes_have_a_limit():
    house = live(32)
    for number in range(1, 400):
        house.log.append(rated(number))
    house.serve_hub = lambda: None
    house.run(5000)
    assert len(house.hub._events) <= session.MAX_EVENTS + 2
    garbage = House(33)
    for turn in range(2000):
        garbage.hub.receive(framing.encode_frame(bytes([200 + turn % 2])), 0)
    assert len(garbage.hub._events) <= session.MAX_EVENTS
    assert garbage.hub.overruns > 0


def test_any_bytes_never_raise_nor_grow():
    house = live(34)
    chance = Chance(1234)
    for turn in range(300):
        data = chance.bytes(chance.below(400))
        if turn % 2:
            data = framing.encode_frame(bytes([chance.below(18)]) + data[:200])
        for end in (house.hub, house.device):
            end.receive(data, house.now_ms)
            drain(end)
            assert end._reader.held <= framing.MAX_FRAME
        house.run(20)
    house.run(20000)
    house.log.append(rated(1))
    assert house.run(30000, house.drained)


def test_outgoing_is_cut_into_pieces():
    house = live(35, window=64)
    for number in range(1, 65):
        house.log.append(rated(number))
    sizes = []
    data = house.device.outgoing(house.now_ms)
    while data:
        sizes.append(len(data))
        data = house.device.outgoing(house.now_ms)
    assert len(sizes) > 1
    assert max(sizes) < session.MAX_OUTGOING + framing.MAX_FRAME


def test_a_new_hub_that_counts_views_from_one_is_still_shown():
    house = live(40)
    house.hub.show(messages.WINDOW_CALLING, "A001", "1")
    house.run(500)
    house.new_hub()
    house.hub.show(messages.WINDOW_SERVING, "A002", "1")
    assert house.run(20000, house.live)
    house.run(1000)
    views = [event[1:] for event in house.device_events if event[0] == session.VIEW]
    assert views == [(messages.WINDOW_CALLING, "A001", "1"), (messages.WINDOW_SERVING, "A002", "1")]


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


def ends_by_hand():
    """A device and a hub after HELLO and CHALLENGE, at 0 ms."""
    hub = HubEndpoint({"box-1": SECRET}.get, Chance(3).bytes)
    device = DeviceEndpoint("box-1", messages.ROLE_EVALUATOR, SECRET, EPOCH, 1, Log(), Chance(4).bytes)
    hub.link_opened(0)
    device.link_opened(0)
    hub.receive(device.outgoing(0), 0)
    device.receive(hub.outgoing(0), 0)
    return device, hub


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
    assert drain(device)[1] == (session.WELCOME, 1, UNIX_MS + 300, True, dict.fromkeys(SETTINGS))


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
