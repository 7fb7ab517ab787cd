"""Golden vectors both ways, and what any other bytes do: nothing but the protocol's own error."""

import json
from binascii import hexlify, unhexlify

from protocol import (  # a caller's and a dispenser's rows belong to the tables
    calling,
    cbor,
    dispensing,
    framing,
    messages,
    seal,
    updating,
)
from protocol.compat import Ccm, utf8
from protocol.errors import CborError, FrameError, MessageError, MisuseError, PeerError, ProtocolError, SealError
from tests.both_pythons.wire import Chance


def vectors(name):
    with open("protocol/vectors/" + name + ".json") as file:
        return json.loads(file.read())


def raised(error, function, *arguments):
    """The error that a call must raise; it is of that very kind and says something."""
    try:
        function(*arguments)
    except error as caught:
        assert str(caught)
        return caught
    raise AssertionError("%r took %r" % (function, arguments))


def values_of(entry):
    """A vector's values with its byte strings as such."""
    if isinstance(entry, dict):
        return {key: values_of(value) for key, value in entry.items()}
    if isinstance(entry, str) and entry.startswith("hex:"):
        return unhexlify(entry[4:])
    return entry


def hexa(data):
    return hexlify(data).decode()


def test_errors_are_one_tree():
    for error in (FrameError, CborError, SealError, MessageError):
        assert issubclass(error, PeerError)
    assert issubclass(PeerError, ProtocolError)
    assert issubclass(MisuseError, ProtocolError)
    assert not issubclass(MisuseError, PeerError)


def test_frames_both_ways():
    for entry in vectors("framing")["good"]:
        payload, frame = unhexlify(entry["payload"]), unhexlify(entry["frame"])
        assert framing.encode_frame(payload) == frame
        assert framing.decode_frame(frame[:-1]) == payload
        assert len(frame) <= framing.MAX_FRAME


def test_bad_frames_are_counted_and_the_next_is_read():
    good = framing.encode_frame(b"next")
    for entry in vectors("framing")["bad"]:
        reader = framing.FrameReader()
        taken = []
        data = unhexlify(entry["frame"]) + good
        for at in range(0, len(data), 1000):
            reader.feed(data[at : at + 1000])
            frame = reader.next_frame()
            while frame is not None:
                taken.append(frame)
                frame = reader.next_frame()
        assert taken == [b"next"], entry["why"]
        assert reader.rejected == 1, entry["why"]


def test_frame_limits():
    raised(MisuseError, framing.encode_frame, b"")
    raised(MisuseError, framing.encode_frame, bytes(framing.MAX_PAYLOAD + 1))
    raised(FrameError, framing.decode_frame, b"")
    raised(FrameError, framing.decode_frame, b"\x02\x00\x01")
    raised(FrameError, framing.decode_frame, b"\x01" * framing.MAX_FRAME)
    worst = framing.encode_frame(b"\x11" * framing.MAX_PAYLOAD)
    assert len(worst) == 511


def test_a_reader_holds_no_more_than_it_says():
    reader = framing.FrameReader()
    for _ in range(100):
        reader.feed(b"\x55" * 1024)
        assert reader.next_frame() is None
    assert reader.rejected == 1
    assert reader.held == 0
    reader.feed(b"\x00" + framing.encode_frame(b"ok"))
    assert reader.next_frame() == b"ok"
    reader = framing.FrameReader()
    reader.feed(bytes(framing.MAX_FEED + framing.MAX_FRAME))
    raised(MisuseError, reader.feed, b"\x00")


def test_frames_resynchronise_after_any_garbage():
    chance = Chance(5)
    for _ in range(50):
        reader = framing.FrameReader()
        payloads = [chance.bytes(1 + chance.below(80)) for _ in range(5)]
        line = b""
        for payload in payloads:
            # The garbage ends with a delimiter, as endpoints begin a link with one.
            line += chance.bytes(chance.below(700)) + b"\x00" + framing.encode_frame(payload)
        taken = []
        at = 0
        while at < len(line):
            size = 1 + chance.below(90)
            reader.feed(line[at : at + size])
            at += size
            frame = reader.next_frame()
            while frame is not None:
                taken.append(frame)
                frame = reader.next_frame()
        assert taken == payloads


def test_cbor_both_ways():
    for entry in vectors("cbor")["good"]:
        value, data = eval(entry["value"]), unhexlify(entry["cbor"])
        assert hexa(cbor.encode(value)) == entry["cbor"], entry
        assert cbor.decode(data) == value, entry
        assert type(cbor.decode(data)) is type(value), entry


def test_bad_cbor_is_refused():
    for entry in vectors("cbor")["bad"]:
        error = raised(CborError, cbor.decode, unhexlify(entry["cbor"]))
        assert type(error) is CborError, entry


def test_cbor_says_no_to_what_it_does_not_hold():
    for value in (
        1.5,
        1 << 64,
        -(1 << 64) - 1,
        {"a": 1},
        {True: 1},
        {None: 1},
        {1: {b"": 2}},
        object(),
        (i for i in ()),
    ):
        raised(MisuseError, cbor.encode, value)
    deep = []
    for _ in range(cbor.MAX_DEPTH):
        deep = [deep]
    raised(MisuseError, cbor.encode, deep)


def test_maps_are_written_in_one_order():
    one = cbor.encode({3: 0, 1: 0, -1: 0, 200: 0, 24: 0})
    other = cbor.encode({-1: 0, 24: 0, 200: 0, 1: 0, 3: 0})
    assert one == other
    assert hexa(one) == "a501000300181800" + "18c8002000"


def test_utf8_is_strict():
    assert utf8("听厅 \U0001f600".encode()) == "听厅 \U0001f600"
    for data in (
        b"\x80",
        b"\xc1\xbf",
        b"\xe0\x9f\xbf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xe6\xb0",
        b"\xe6\xb0\x00",
    ):
        raised(ValueError, utf8, data)


def test_hmac_rfc_4231():
    for entry in vectors("hash")["hmac"]:
        assert hexa(seal.hmac_sha256(unhexlify(entry["key"]), unhexlify(entry["data"]))) == entry["mac"]


def test_hkdf_rfc_5869():
    for entry in vectors("hash")["hkdf"]:
        ikm, salt, info = unhexlify(entry["ikm"]), unhexlify(entry["salt"]), unhexlify(entry["info"])
        assert hexa(seal.hkdf_extract(salt, ikm)) == entry["prk"]
        assert hexa(seal.hkdf(ikm, salt, info, entry["size"])) == entry["okm"]
    raised(MisuseError, seal.hkdf_expand, bytes(32), b"", 255 * 32 + 1)


def test_ccm_rfc_3610():
    for entry in vectors("ccm")["rfc3610"]:
        ccm = Ccm(unhexlify(entry["key"]))
        nonce, associated = unhexlify(entry["nonce"]), unhexlify(entry["associated"])
        plaintext, sealed = unhexlify(entry["plaintext"]), unhexlify(entry["sealed"])
        assert ccm.seal(nonce, plaintext, associated) == sealed
        assert ccm.open(nonce, sealed, associated) == plaintext
        for at in range(len(sealed)):
            bent = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
            assert ccm.open(nonce, bent, associated) is None
        assert ccm.open(nonce, sealed[:7], associated) is None


def test_sealed_packets_both_ways():
    for entry in vectors("ccm")["packets"]:
        key, packet = unhexlify(entry["key"]), unhexlify(entry["packet"])
        plaintext = unhexlify(entry["plaintext"])
        assert seal.Sealer(key, entry["counter"] - 1).seal(plaintext) == packet
        opener = seal.Opener(key)
        assert opener.open(packet) == plaintext
        assert opener.counter == entry["counter"]


def test_an_opener_takes_only_what_rises_and_fits():
    key = bytes(range(16))
    sealer, opener = seal.Sealer(key), seal.Opener(key)
    first, second, third = sealer.seal(b"1"), sealer.seal(b"2"), sealer.seal(b"3")
    assert opener.open(second) == b"2"
    for packet in (first, second, third[:-1], third[:5], b"", b"\x11" + third[1:], third[:4] + b"\x09" + third[5:]):
        raised(SealError, opener.open, packet)
    assert opener.rejected == 7
    assert opener.counter == 2
    assert opener.open(third) == b"3"
    raised(SealError, seal.Opener(bytes(16)).open, third)


def test_a_sealer_ends_before_a_nonce_comes_twice():
    sealer = seal.Sealer(bytes(16), seal.LAST_COUNTER - 1)
    sealer.seal(b"last")
    raised(MisuseError, sealer.seal, b"one more")


def test_keys_and_proofs_of_a_handshake():
    entry = vectors("handshake")
    keys = seal.Keyring(unhexlify(entry["secret"]))
    assert hexa(keys.nonce_key) == entry["nonce_key"]
    assert hexa(keys.proof_key) == entry["proof_key"]
    assert hexa(updating.update_key(unhexlify(entry["secret"]))) == entry["update_key"]
    made = keys.device_nonce(entry["boot"], entry["session"], unhexlify(entry["chance"]))
    assert hexa(made) == entry["made_device_nonce"]
    device_nonce, hub_nonce = unhexlify(entry["device_nonce"]), unhexlify(entry["hub_nonce"])
    bound = seal.transcript(entry["version"], entry["role"], entry["device_id"].encode(), device_nonce, hub_nonce)
    assert hexa(bound) == entry["transcript"]
    assert hexa(keys.hub_proof(bound)) == entry["hub_proof"]
    assert hexa(keys.device_proof(bound)) == entry["device_proof"]
    assert hexa(keys.session_key(bound, seal.LABEL_TO_HUB)) == entry["to_hub_key"]
    assert hexa(keys.session_key(bound, seal.LABEL_TO_DEVICE)) == entry["to_device_key"]
    raised(MisuseError, seal.Keyring, bytes(31))


def test_every_key_is_another():
    entry = vectors("handshake")
    names = (
        "secret",
        "nonce_key",
        "proof_key",
        "update_key",
        "to_hub_key",
        "to_device_key",
        "hub_proof",
        "device_proof",
    )
    assert len({entry[name][:32] for name in names}) == len(names)


def test_messages_both_ways():
    for entry in vectors("messages")["good"]:
        values = values_of(entry["values"])
        assert hexa(messages.encode(entry["kind"], values)) == entry["cbor"], entry["name"]
        assert messages.decode(unhexlify(entry["cbor"])) == (entry["kind"], values), entry["name"]


def test_every_kind_has_a_vector():
    entries = vectors("messages")["good"]
    assert {entry["kind"] for entry in entries} == set(messages.FIELDS)
    kinds = {entry["values"]["fact_kind"] for entry in entries if entry["kind"] == messages.FACT}
    assert calling.SIGNED_IN in kinds and dispensing.AWAY in kinds
    assert kinds == set(messages.FACT_FIELDS)
    commands = {entry["values"]["command"] for entry in entries if entry["kind"] == messages.REQUEST}
    assert commands == set(messages.COMMAND_FIELDS)


def test_a_newer_end_is_understood():
    for entry in vectors("messages")["newer"]:
        assert messages.decode(unhexlify(entry["cbor"])) == (entry["kind"], values_of(entry["values"])), entry["name"]


def test_bad_messages_are_refused():
    for entry in vectors("messages")["bad"]:
        raised(MessageError, messages.decode, unhexlify(entry["cbor"]))


def test_encode_refuses_what_decode_would():
    raised(MisuseError, messages.encode, 99, {})
    raised(MisuseError, messages.encode, messages.ACK, {})
    raised(MisuseError, messages.encode, messages.ACK, {"through": -1})
    raised(MisuseError, messages.encode, messages.ACK, {"through": "7"})
    raised(MisuseError, messages.encode, messages.REQUEST, {"id": 1, "left_ms": 1, "command": 77, "args": {}})
    raised(MisuseError, messages.encode, messages.REQUEST, {"id": 1, "left_ms": 1, "command": 3, "args": 5})


def test_an_unknown_fact_keeps_its_fields():
    data = cbor.encode({0: messages.FACT, 1: 9, 2: 200, 3: 1, 4: 1, 6: False, 7: {1: b"x", 5: "y"}})
    kind, values = messages.decode(data)
    assert kind == messages.FACT
    assert values["fact_kind"] == 200
    assert values["fields"] == {1: b"x", 5: "y"}


def test_the_longest_messages_fit_a_frame():
    booted = {"reset_cause": "r" * 24, "interpreter": "i" * 64, "firmware": "f" * 32, "board": "b" * 64}
    fact = {"n": messages.MAX_SERIAL, "fact_kind": messages.BOOTED, "boot": messages.MAX_SERIAL, "fields": booted}
    fact["uptime_ms"] = fact["boot_at_ms"] = messages.MAX_TIME_MS
    fact["boot_at_sure"] = True
    assert len(messages.encode(messages.FACT, fact)) + seal.OVERHEAD <= framing.MAX_PAYLOAD


def test_a_rating_has_one_length_for_every_grade():
    sealed = set()
    frames = set()
    for grade in range(1, 6):
        fields = {"run": bytes(8), "grade": grade, "pressed_after_ms": 4321}
        fact = {"n": 70, "fact_kind": messages.RATED, "boot": 3, "uptime_ms": 99999, "fields": fields}
        fact["boot_at_ms"] = 1790000000000
        fact["boot_at_sure"] = True
        packet = seal.Sealer(bytes(16)).seal(messages.encode(messages.FACT, fact))
        sealed.add(len(packet))
        frames.add(len(framing.encode_frame(packet)))
    assert len(sealed) == 1
    assert len(frames) == 1


def test_any_bytes_raise_nothing_but_our_own_error():
    chance = Chance(77)
    for turn in range(1500):
        data = chance.bytes(chance.below(60))
        if turn % 3 == 0:
            data = b"\xa4\x00" + bytes([1 + chance.below(20)]) + data
        for function in (cbor.decode, messages.decode, messages.fact_number, framing.decode_frame):
            try:
                function(data)
            except PeerError as error:
                assert str(error)


def test_bent_messages_raise_nothing_but_our_own_error():
    chance = Chance(78)
    for entry in vectors("messages")["good"]:
        data = unhexlify(entry["cbor"])
        for _ in range(40):
            at = chance.below(len(data))
            bent = data[:at] + bytes([chance.below(256)]) + data[at + 1 :]
            try:
                messages.decode(bent)
            except PeerError as error:
                assert str(error)


def test_hkdf_gives_255_blocks_and_no_byte_more():
    assert len(seal.hkdf_expand(bytes(32), b"", 255 * 32)) == 255 * 32
    raised(MisuseError, seal.hkdf_expand, bytes(32), b"", 255 * 32 + 1)
