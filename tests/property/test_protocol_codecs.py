"""Round trips, and the public libraries beside ours: cobs, cbor2, cryptography, the standard library's hmac."""

import hmac
import json
import tracemalloc
from pathlib import Path
from zlib import crc32

import cbor2
import pytest
from cobs import cobs
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import cbor, framing, messages, seal
from protocol.errors import PeerError
from tests.property.protocol_values import messages_bytes, values, whole_messages

VECTORS = Path(__file__).resolve().parents[2] / "protocol" / "vectors"
QUICK = settings(max_examples=300, deadline=None)


@QUICK
@given(
    payload=st.one_of(st.binary(min_size=1, max_size=504), st.lists(st.sampled_from([0, 17]), min_size=1).map(bytes))
)
def test_framing_against_cobs(payload: bytes) -> None:
    frame = framing.encode_frame(payload)
    assert frame == cobs.encode(payload + crc32(payload).to_bytes(4, "little")) + b"\x00"
    assert framing.decode_frame(frame[:-1]) == payload


@QUICK
@given(value=values)
def test_cbor_against_cbor2(value: object) -> None:
    data = cbor.encode(value)
    assert cbor2.loads(data) == value
    assert cbor.decode(data) == value


@QUICK
@given(value=values.filter(lambda value: not isinstance(value, dict)))
def test_cbor2_writes_what_we_read(value: object) -> None:
    """Without maps: cbor2's canonical order is RFC 7049's, by length first."""
    if "{" not in repr(value):
        assert cbor.decode(cbor2.dumps(value, canonical=True)) == value


@QUICK
@given(data=st.binary(max_size=200))
def test_any_bytes_give_a_value_or_our_error(data: bytes) -> None:
    try:
        value = cbor.decode(data)
    except PeerError:
        return
    assert cbor.encode(value) == data
    assert cbor2.loads(data) == value


@QUICK
@given(data=messages_bytes)
def test_any_message_gives_values_or_our_error(data: bytes) -> None:
    try:
        kind, found = messages.decode(data)
    except PeerError:
        return
    assert isinstance(kind, int)
    assert found is None or isinstance(found, dict)


@QUICK
@given(message=whole_messages())
def test_messages_round_trip(message: tuple[int, dict[str, object]]) -> None:
    kind, made = message
    data = messages.encode(kind, made)
    assert messages.decode(data) == (kind, made)
    assert len(data) + seal.OVERHEAD <= framing.MAX_PAYLOAD


@QUICK
@given(line=st.lists(st.binary(max_size=600), max_size=6), cuts=st.lists(st.integers(1, 400), min_size=1, max_size=40))
def test_a_reader_takes_any_line_in_any_pieces(line: list[bytes], cuts: list[int]) -> None:
    data = b"".join(line) + b"\x00" + framing.encode_frame(b"last")
    reader = framing.FrameReader()
    found: list[bytes] = []
    at = turn = 0
    while at < len(data):
        size = cuts[turn % len(cuts)]
        reader.feed(data[at : at + size])
        at += size
        turn += 1
        while (frame := reader.next_frame()) is not None:
            found.append(frame)
        assert reader.held < framing.MAX_FRAME
    assert found[-1] == b"last"


def test_garbage_does_not_grow_memory() -> None:
    reader = framing.FrameReader()
    tracemalloc.start()
    try:
        for turn in range(400):
            reader.feed(bytes([1 + turn % 255]) * 4096)
            assert reader.next_frame() is None
        size, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 16384


@pytest.mark.parametrize("data", [b"\x9a\xff\xff\xff\xff", b"\xbb" + b"\x7f" * 8, b"\x81" * 4000, b"\xa1\x00" * 4000])
def test_a_promise_of_much_takes_no_memory(data: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(PeerError):
            cbor.decode(data)
        _size, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 65536


@QUICK
@given(key=st.binary(max_size=150), data=st.binary(max_size=150))
def test_hmac_against_the_standard_library(key: bytes, data: bytes) -> None:
    assert seal.hmac_sha256(key, data) == hmac.new(key, data, "sha256").digest()


@QUICK
@given(secret=st.binary(min_size=1, max_size=40), salt=st.binary(max_size=40), info=st.binary(max_size=40))
def test_hkdf_against_cryptography(secret: bytes, salt: bytes, info: bytes) -> None:
    assert seal.hkdf(secret, salt, info, 40) == HKDF(SHA256(), 40, salt or None, info).derive(secret)


@QUICK
@given(key=st.binary(min_size=16, max_size=16), counter=st.integers(1, 0xFFFFFFFF), plaintext=st.binary(max_size=491))
def test_packets_against_cryptography(key: bytes, counter: int, plaintext: bytes) -> None:
    packet = seal.Sealer(key, counter - 1).seal(plaintext)
    nonce = bytes(9) + counter.to_bytes(4, "big")
    assert packet == b"\x10" + nonce[9:] + AESCCM(key, tag_length=8).encrypt(nonce, plaintext, None)
    assert seal.Opener(key).open(packet) == plaintext


def test_the_vectors_are_what_the_public_libraries_say() -> None:
    hashes = json.loads((VECTORS / "hash.json").read_text("utf-8"))
    for entry in hashes["hmac"]:
        key, data = bytes.fromhex(entry["key"]), bytes.fromhex(entry["data"])
        assert hmac.new(key, data, "sha256").hexdigest() == entry["mac"]
    for entry in hashes["hkdf"]:
        ikm, salt, info = (bytes.fromhex(entry[name]) for name in ("ikm", "salt", "info"))
        assert HKDF(SHA256(), entry["size"], salt or None, info).derive(ikm).hex() == entry["okm"]
    for entry in json.loads((VECTORS / "ccm.json").read_text("utf-8"))["rfc3610"]:
        key, nonce, associated, plaintext = (
            bytes.fromhex(entry[name]) for name in ("key", "nonce", "associated", "plaintext")
        )
        assert AESCCM(key, tag_length=8).encrypt(nonce, plaintext, associated).hex() == entry["sealed"]
    for entry in json.loads((VECTORS / "cbor.json").read_text("utf-8"))["good"]:
        assert cbor2.loads(bytes.fromhex(entry["cbor"])) == cbor.decode(bytes.fromhex(entry["cbor"]))
    for entry in json.loads((VECTORS / "framing.json").read_text("utf-8"))["good"]:
        payload = bytes.fromhex(entry["payload"])
        assert cobs.decode(bytes.fromhex(entry["frame"])[:-1]) == payload + crc32(payload).to_bytes(4, "little")
