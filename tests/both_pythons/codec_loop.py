"""MicroPython behind a pipe: reads `VERB HEX` lines, answers each with a line of hex or `error KIND TEXT`.

hypothesis on the host asks it (tests/property/test_protocol_on_micropython.py).
"""

import sys
from binascii import hexlify, unhexlify

sys.path.insert(0, ".")

from protocol import calling, cbor, framing, messages, seal  # noqa: F401 - a caller's rows belong to the tables
from protocol.compat import Ccm
from protocol.errors import PeerError
from tests.both_pythons.codec_loop_key import KEY


def memory():
    """Bytes in use after a collection."""
    import gc  # noqa: PLC0415 - only asked for here

    gc.collect()
    return gc.mem_alloc()


def again(data):
    """What decodes must encode to the very same bytes: the form is deterministic."""
    return cbor.encode(cbor.decode(data))


def message(data):
    """Kind and the names of what was read."""
    kind, values = messages.decode(data)
    return repr((kind, None if values is None else sorted(values))).encode()


def read_frames(data):
    """All the payloads in a stretch of line, each behind its length, then the number of those rejected."""
    reader = framing.FrameReader()
    out = b""
    for at in range(0, len(data), 100):
        reader.feed(data[at : at + 100])
        frame = reader.next_frame()
        while frame is not None:
            out += len(frame).to_bytes(2, "big") + frame
            frame = reader.next_frame()
    return out + reader.rejected.to_bytes(2, "big")


VERBS = {
    "cbor": again,
    "message": message,
    "frame": framing.encode_frame,
    "frames": read_frames,
    "hmac": lambda data: seal.hmac_sha256(data[: len(data) // 2], data[len(data) // 2 :]),
    "seal": lambda data: Ccm(KEY).seal(data[:13], data[13:]),
    "open": lambda data: Ccm(KEY).open(data[:13], data[13:]) or b"",
    "memory": lambda data: str(memory()).encode(),
}


def main():
    """Serves until the pipe ends."""
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        verb, _, text = line.strip().partition(" ")
        try:
            print(hexlify(VERBS[verb](unhexlify(text))).decode())
        except PeerError as error:
            print("error", type(error).__name__, error)
        except Exception as error:
            print("crash", type(error).__name__, error)


main()
