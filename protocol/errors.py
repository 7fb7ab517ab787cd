"""The one error root of this room: our caller's mistakes on one side, the peer's on the other.

MicroPython allows one base class for an exception, so this is a tree and stays one.
"""


class ProtocolError(Exception):
    """Root of everything this room raises."""


class MisuseError(ProtocolError):
    """The caller asked for what this protocol can't do; the text says what is allowed."""


class PeerError(ProtocolError):
    """The other end, or the wire, gave what this protocol doesn't know; drop it and count it."""


class FrameError(PeerError):
    """These bytes are no whole frame."""


class CborError(PeerError):
    """These bytes are not in our deterministic subset of CBOR."""


class SealError(PeerError):
    """A proof or a tag doesn't verify, or a counter didn't rise."""


class MessageError(PeerError):
    """A message with a field missing, of the wrong type or out of its range."""
