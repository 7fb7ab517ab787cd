"""`python -m center.beside`: the process that reads large batches (`center.intake` starts it).

Requests on stdin, answers on stdout, each a length and MessagePack. It ends with its stdin, so also when the center is
killed. It imports little: the first large batch waits for that.
"""

import gc
import signal
import struct
import sys
from typing import IO

import msgspec

from center.errors import CenterError
from center.folded import FoldedBatch, folded
from center.ingest import Batch, BatchError, Heading, RequestError, TooLargeError, batch, read_parts, split, unpack

# A batch is ten thousands of small objects that go together when it is done with: looking for circles among them at
# Python's usual pace takes a tenth of the time, and there are none.
GARBAGE_THRESHOLDS = (100_000, 20, 50)

_LENGTH = struct.Struct(">I")
_TOLD: dict[str, type[CenterError]] = {kind.__name__: kind for kind in (BatchError, TooLargeError, RequestError)}


class _Request(msgspec.Struct, array_like=True):
    heading: Heading
    body: bytes
    encoding: str


class _Answer(msgspec.Struct, array_like=True):
    """A batch, or the kind and words of what is wrong with it."""

    batch: Batch | None = None
    folded: FoldedBatch | None = None
    kind: str = ""
    words: str = ""


_encoder = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(_Request)
_answers = msgspec.msgpack.Decoder(_Answer)


def write_message(pipe: IO[bytes], data: bytes) -> None:
    """One message, whole."""
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def read_message(pipe: IO[bytes]) -> bytes | None:
    """The next message; None at the end, be it in the midst of one."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    return data if len(data) == length else None


def request(heading: Heading, body: bytes, encoding: str) -> bytes:
    """What the process is asked."""
    return _encoder.encode(_Request(heading, body, encoding))


def read_answer(said: bytes, body: bytes, encoding: str) -> Batch | FoldedBatch:
    """The batch of the answer to a body; raises `BatchError`, `TooLargeError`, `RequestError`."""
    told = _answers.decode(said)
    if told.folded is not None:
        return msgspec.structs.replace(told.folded, body=body, encoding=encoding)
    if told.batch is None:
        raise _TOLD[told.kind](told.words)
    return told.batch


def answer(asked_bytes: bytes) -> bytes:
    """What the process says to a request."""
    asked = _requests.decode(asked_bytes)
    try:
        unpacked = unpack(asked.body, asked.encoding)
        parts = split(unpacked)
    except tuple(_TOLD.values()) as error:
        return _encoder.encode(_Answer(kind=type(error).__name__, words=str(error)))
    elements = read_parts(asked.heading, unpacked, parts)
    made = folded(asked.heading, max(len(unpacked), len(asked.body)), len(parts), elements)
    return _encoder.encode(_Answer(folded=made) if made is not None else _Answer(batch(asked.heading, elements)))


def main() -> None:
    """The process. Whoever ends the center by a signal to all of its processes ends this one by its stdin."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    while (asked := read_message(sys.stdin.buffer)) is not None:
        try:
            write_message(sys.stdout.buffer, answer(asked))
        except BrokenPipeError:  # the center is gone
            return


if __name__ == "__main__":
    main()
