"""A batch as it comes in: bounded unpacking, exact bytes of each event, what is malformed. Pure; knows no store."""

import re
import zlib
from dataclasses import dataclass
from itertools import count

import msgspec

from center import whole
from center.counting import Fact, MalformedError, Touched, read_fact, touched
from center.errors import CenterError
from common import chain, envelope
from common.envelope import EnvelopeError

MAX_UNPACKED = 4 * 1024 * 1024  # the contract's limit
# No event of ours is shorter than this, so 4 MiB of real events never reach the limit on their number; it keeps
# two million one-byte elements from becoming two million rows.
SHORTEST_EVENT = 200
MAX_EVENTS = MAX_UNPACKED // SHORTEST_EVENT
# The center's own journals, one a hall: late ratings by phone and what was done about bad ones. No hall may send one.
OWN = "center:"
MAX_JOURNAL_CHARS = 128  # a UUID has 36
MAX_AFTER = 10**17  # fits SQLite's integer with any batch added
GZIP = 31  # zlib's name for "gzip header and trailer"

_JOURNAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
_LINK = re.compile(r"[0-9a-f]{64}")
_AFTER = re.compile(r"[0-9]{1,18}")
_elements = msgspec.json.Decoder(list[msgspec.Raw])


class BatchError(CenterError):
    """This body is no batch; nothing of it is stored."""


class TooLargeError(CenterError):
    """More than the limit, unpacked."""


class RequestError(CenterError):
    """The address or a header of the request is not what the door asks for."""


class Element(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One element of a batch: its exact bytes and what they say; `reason` is set when they are malformed."""

    data: bytes
    declared: int | None
    fact: Fact | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """What a batch is said to be: the events of a hall's journal after `after`, where its chain is `chain`."""

    hall: str
    journal: str
    after: int
    chain: bytes
    offset_minutes: int


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """The events after `after` of a journal, as a hall sent them: the chain along them, and what they may change."""

    hall: str
    journal: str
    after: int
    chain: bytes
    elements: list[Element]
    links: list[bytes]
    touched: Touched


def batch(heading: Heading, elements: list[Element]) -> Batch:
    """These elements after a heading."""
    links = list(chain.links(heading.chain, (element.data for element in elements)))
    found = touched(element.fact for element in elements if element.fact is not None)
    return Batch(heading.hall, heading.journal, heading.after, heading.chain, elements, links, found)


def journal_id(text: str | None) -> str:
    """A journal's id from the address; raises `RequestError`."""
    if text is None or len(text) > MAX_JOURNAL_CHARS or not _JOURNAL.fullmatch(text):
        raise RequestError(
            f"journal={text!r}: 1 to {MAX_JOURNAL_CHARS} letters, digits, '.', '_', ':' or '-' are needed"
        )
    return text


def hubs_journal_id(text: str | None) -> str:
    """The id of a journal that a hub may send; raises `RequestError`."""
    journal = journal_id(text)
    if journal.startswith(OWN):
        raise RequestError(f"journal={text!r}: journals that begin with {OWN!r} are the center's own")
    return journal


def own_journal(center: str, hall: str) -> str:
    """The id of the center's own journal about a hall."""
    return f"{OWN}{center}:{hall}"


def source(hall: str, journal: str) -> str:
    """What the events of a journal have as their source."""
    return f"/centers/{journal.split(':')[1]}" if journal.startswith(OWN) else f"/halls/{hall}"


def position(text: str | None) -> int:
    """`after` from the address; raises `RequestError`."""
    if text is None or not _AFTER.fullmatch(text) or int(text) > MAX_AFTER:
        raise RequestError(f"after={text!r}: the number of the last event before this batch is needed, 0 at the start")
    return int(text)


def chain_link(text: str | None) -> bytes:
    """The header Journal-Chain; raises `RequestError`."""
    if text is None or not _LINK.fullmatch(text):
        raise RequestError("Journal-Chain: chain(after) is needed as 64 lower-case hex digits")
    return bytes.fromhex(text)


def unpack(body: bytes, encoding: str) -> bytes:
    """The body without its gzip, never more than the limit; raises `BatchError`, `TooLargeError`, `RequestError`."""
    if encoding in ("", "identity"):
        if len(body) > MAX_UNPACKED:
            raise TooLargeError(f"{len(body)} bytes")
        return body
    if encoding != "gzip":
        raise RequestError(f"Content-Encoding {encoding!r} is not known here; send gzip or nothing")
    unpacked = bytearray()
    rest = body
    while True:  # RFC 1952: a file may have several members
        stream = zlib.decompressobj(GZIP)
        try:
            unpacked += stream.decompress(rest, MAX_UNPACKED - len(unpacked) + 1)
        except zlib.error as error:
            raise BatchError(f"gzip: {error}") from error
        if len(unpacked) > MAX_UNPACKED:
            raise TooLargeError("the gzip unpacks to more")
        if not stream.eof:
            raise BatchError("gzip: cut off before its end")
        rest = stream.unused_data
        if not rest:
            break
    return bytes(unpacked)


def unpacks_within(body: bytes, encoding: str, limit: int) -> bool:
    """Whether a body has at most so many bytes unpacked; never unpacks more to find out."""
    if encoding != "gzip" or len(body) > limit:
        return len(body) <= limit
    stream = zlib.decompressobj(GZIP)
    try:
        unpacked = stream.decompress(body, limit + 1)
    except zlib.error:
        return True  # as far as it can be unpacked at all
    return len(unpacked) <= limit and not stream.unused_data  # a second member may hold anything


def split(body: bytes) -> list[bytes]:
    """The exact bytes of each element; raises `BatchError`, `TooLargeError`."""
    try:
        # msgspec keeps raw elements without looking at their UTF-8.
        body.decode()
        elements = _elements.decode(body)
    except UnicodeDecodeError as error:
        raise BatchError(f"not UTF-8: {error}") from error
    except msgspec.DecodeError as error:
        raise BatchError(f"not a JSON array of events: {error}") from error
    except RecursionError as error:
        raise BatchError("nested too deeply") from error
    if len(elements) > MAX_EVENTS:
        raise TooLargeError(f"{len(elements)} events; at most {MAX_EVENTS} fit in a batch")
    return [bytes(element) for element in elements]


def read_element(data: bytes, hall: str, journal: str, offset_minutes: int) -> Element:
    """What an element says; whatever is wrong with it stands in `reason`, nothing is raised."""
    declared = None
    try:
        event = envelope.decode_raw(data)
        if event.journal != journal:
            raise EnvelopeError(f"it is of journal {event.journal!r}")
        wanted = source(hall, journal)
        if event.source != wanted:
            raise EnvelopeError(f"its source is {event.source!r}, not {wanted!r}")
        declared = event.number
        fact = read_fact(
            event.type, event.time, event.recordedtime, bytes(event.data), offset_minutes, journal.startswith(OWN)
        )
    except (EnvelopeError, MalformedError) as error:
        return Element(data, declared, None, str(error))
    return Element(data, declared, fact)


def read_batch(heading: Heading, body: bytes, encoding: str) -> Batch:
    """A request's body as a batch; raises `BatchError`, `TooLargeError`, `RequestError`."""
    return batch(heading, read_elements(heading, body, encoding))


def read_elements(heading: Heading, body: bytes, encoding: str) -> list[Element]:
    """The elements of a request's body; raises `BatchError`, `TooLargeError`, `RequestError`."""
    unpacked = unpack(body, encoding)
    return read_parts(heading, unpacked, split(unpacked))


def read_parts(heading: Heading, unpacked: bytes, parts: list[bytes]) -> list[Element]:
    """The same of one that was unpacked and split; an event that stands twice in it is read once."""
    if not heading.journal.startswith(OWN):
        wanted = source(heading.hall, heading.journal), heading.journal, heading.after
        facts = whole.read(unpacked, wanted, heading.offset_minutes)
        if facts is not None:
            numbers = count(heading.after + 1)
            return [Element(data, number, fact) for data, number, fact in zip(parts, numbers, facts, strict=False)]
    seen: set[bytes] = set()
    elements = []
    for data in parts:
        element = read_element(data, heading.hall, heading.journal, heading.offset_minutes)
        # The same event twice in one batch is the same event: it has one number.
        if element.declared is not None and data in seen:
            continue
        seen.add(data)
        elements.append(element)
    return elements
