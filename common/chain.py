"""The hash chain over a journal's exact event bytes (contract, "Events").

chain(0) = SHA-256(journal id in UTF-8); chain(n) = SHA-256(chain(n-1) ‖ bytes of event n).
On the wire and in files a link is written as 64 lower-case hex digits.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256

LINK_BYTES = 32


def start(journal: str) -> bytes:
    """Chain(0) of a journal."""
    return sha256(journal.encode()).digest()


def link(previous: bytes, event: bytes) -> bytes:
    """The next link, from the one before it and the exact bytes of the event."""
    return sha256(previous + event).digest()


def links(previous: bytes, events: Iterable[bytes]) -> Iterator[bytes]:
    """The link after each of `events`."""
    for event in events:
        previous = sha256(previous + event).digest()
        yield previous


def extend(previous: bytes, events: Iterable[bytes]) -> bytes:
    """The last link after all of `events`."""
    for event in events:
        previous = link(previous, event)
    return previous
