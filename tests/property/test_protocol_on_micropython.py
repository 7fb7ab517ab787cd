"""hypothesis on the host drives the same codecs on genuine MicroPython through a pipe."""

import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol import cbor, framing, messages, seal
from protocol.compat import Ccm
from protocol.errors import PeerError
from tests.both_pythons.codec_loop_key import KEY
from tests.both_pythons.interpreter import ROOT, require
from tests.property.protocol_values import messages_bytes, values

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Box:
    """A MicroPython process that answers one line for one line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, verb: str, data: bytes = b"") -> bytes | str:
        """Bytes, or the text of the protocol's own error; anything else that happened there fails the test here."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{verb} {data.hex()}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline().rstrip("\n")
        assert not line.startswith("crash"), f"{verb} {data.hex()}: {line}"
        return line if line.startswith("error ") else bytes.fromhex(line)


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    command = [require(), "-X", "heapsize=128K", "tests/both_pythons/codec_loop.py"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Box(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


@QUICK
@given(value=values)
def test_cbor_round_trip(box: Box, value: object) -> None:
    data = cbor.encode(value)
    assert box.ask("cbor", data) == data


@QUICK
@given(data=st.binary(max_size=80))
def test_both_judge_any_bytes_alike(box: Box, data: bytes) -> None:
    try:
        here: bytes | None = cbor.encode(cbor.decode(data))
    except PeerError:
        here = None
    there = box.ask("cbor", data)
    assert there == here if here is not None else str(there).startswith("error CborError ")


@QUICK
@given(data=messages_bytes)
def test_both_judge_messages_alike(box: Box, data: bytes) -> None:
    try:
        kind, found = messages.decode(data)
        here: str | None = repr((kind, None if found is None else sorted(found)))
    except PeerError:
        here = None
    there = box.ask("message", data)
    if here is None:
        assert str(there).startswith("error ")
    else:
        assert isinstance(there, bytes)
        assert there.decode() == here


@QUICK
@given(payload=st.binary(min_size=1, max_size=framing.MAX_PAYLOAD))
def test_frames_are_the_same(box: Box, payload: bytes) -> None:
    assert box.ask("frame", payload) == framing.encode_frame(payload)


@QUICK
@given(line=st.lists(st.one_of(st.binary(max_size=700), st.binary(min_size=1, max_size=60).map(framing.encode_frame))))
def test_both_read_a_line_alike(box: Box, line: list[bytes]) -> None:
    data = b"".join(line)[:3000]
    reader = framing.FrameReader()
    reader.feed(data)
    here = b""
    while (frame := reader.next_frame()) is not None:
        here += len(frame).to_bytes(2, "big") + frame
    assert box.ask("frames", data) == here + reader.rejected.to_bytes(2, "big")


@QUICK
@given(data=st.binary(max_size=300))
def test_hmac_is_the_same(box: Box, data: bytes) -> None:
    half = len(data) // 2
    assert box.ask("hmac", data) == seal.hmac_sha256(data[:half], data[half:])


@QUICK
@given(nonce=st.binary(min_size=13, max_size=13), plaintext=st.binary(max_size=491))
def test_sealing_is_the_same_and_opens_there(box: Box, nonce: bytes, plaintext: bytes) -> None:
    sealed = Ccm(KEY).seal(nonce, plaintext)
    assert box.ask("seal", nonce + plaintext) == sealed
    assert box.ask("open", nonce + sealed) == plaintext


def test_memory_there_does_not_grow(box: Box) -> None:
    def in_use() -> int:
        return int(bytes(box.ask("memory")))  # type: ignore[arg-type]  # no error can come from this verb

    junk = [bytes([seed % 256] * (seed % 90)) + bytes(range(seed % 200)) for seed in range(150)]
    for data in junk:
        box.ask("cbor", data)
    before = in_use()
    for _ in range(3):
        for data in junk:
            for verb in ("cbor", "message", "frames"):
                box.ask(verb, data)
    assert in_use() - before < 2048
