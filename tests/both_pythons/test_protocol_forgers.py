"""Forgers, replays, strangers, wrong keys, repeating randomness, floods: nothing of it changes anything."""

from protocol import framing, messages, session
from protocol.device import DeviceEndpoint
from protocol.hub import HubEndpoint
from protocol.seal import LABEL_TO_HUB, Keyring
from tests.both_pythons.wire import EPOCH, SECRET, Chance, House, Log, drain, frames, live, rated, rejections


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
