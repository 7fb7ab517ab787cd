"""The event envelope: CloudEvents 1.0 as JSON, with this project's extensions (contract, "Events").

Encoding is done once; the bytes made here are the bytes that the journal keeps, that the uplink sends and that the
center stores. Times come in as milliseconds since 1970 (UTC) and leave as RFC 3339 with the hall's offset.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

import msgspec

from common.errors import CommonError

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/cloudevents+json"
BATCH_CONTENT_TYPE = "application/cloudevents-batch+json"

# No leading zero, no sign, and never so long that a store's 64-bit column can't hold it.
_DENSE = re.compile(r"[1-9][0-9]{0,17}")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 86_400


class _Fields(msgspec.Struct, kw_only=True, frozen=True):
    """What stands in an event besides its data, named and ordered as it is sent."""

    specversion: str
    id: str
    source: str
    type: str
    time: str
    recordedtime: str
    subject: str
    sequence: str
    journal: str
    clock: str
    datacontenttype: str = "application/json"
    request: str | None = None

    @property
    def number(self) -> int:
        """The dense sequence in its journal, from 1."""
        return int(self.sequence)


class Envelope(_Fields, kw_only=True, frozen=True, omit_defaults=True):
    """One event as it stands in a journal."""

    data: dict[str, Any]


class RawEnvelope(_Fields, kw_only=True, frozen=True):
    """The same event for a reader that wants its data as bytes: what it does with them depends on the type."""

    data: msgspec.Raw


class EnvelopeError(CommonError):
    """These bytes are no event of ours; the text says what was wrong."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Envelope)
_raw_decoder = msgspec.json.Decoder(RawEnvelope)


def encode(envelope: Envelope) -> bytes:
    """The exact bytes of an event."""
    return _encoder.encode(envelope)


def decode(data: bytes | memoryview) -> Envelope:
    """An event from its bytes; raises `EnvelopeError`."""
    try:
        envelope = _decoder.decode(data)
        _check(envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EnvelopeError(str(error)) from error
    return envelope


def decode_raw(data: bytes | memoryview) -> RawEnvelope:
    """An event from its bytes, its data left as bytes of a JSON object; raises `EnvelopeError`."""
    try:
        envelope = _raw_decoder.decode(data)
        _check(envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EnvelopeError(str(error)) from error
    if bytes(envelope.data)[:1] != b"{":
        raise EnvelopeError("data is no object")
    return envelope


def _check(envelope: Envelope | RawEnvelope) -> None:
    if envelope.specversion != SPEC_VERSION:
        raise EnvelopeError(f"specversion is {envelope.specversion!r}, not {SPEC_VERSION!r}")
    if envelope.id != f"{envelope.journal}/{envelope.sequence}":
        raise EnvelopeError(f"id {envelope.id!r} is not <journal>/<sequence> of its own fields")
    if not _DENSE.fullmatch(envelope.sequence):
        raise EnvelopeError(f"sequence {envelope.sequence!r} is not a decimal number from 1")


def format_time(at_ms: int, offset_minutes: int = 0) -> str:
    """RFC 3339 with milliseconds and the hall's offset, e.g. 2026-11-21T09:30:00.250+08:00."""
    at_s, ms = divmod(at_ms, 1000)
    second, offset = _second(at_s, offset_minutes)
    return f"{second}.{ms:03}{offset}"


@lru_cache(maxsize=256)  # events come in the order of their time, so that many in a row share their second
def _second(at_s: int, offset_minutes: int) -> tuple[str, str]:
    zone = timezone(timedelta(minutes=offset_minutes))
    text = (_EPOCH + timedelta(seconds=at_s)).astimezone(zone).isoformat(timespec="seconds")
    return text[:19], text[19:]


def parse_time(text: str) -> int:
    """Milliseconds since 1970 from an RFC 3339 time with an offset; raises `EnvelopeError`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise EnvelopeError(f"time {text!r} is not RFC 3339") from error
    if moment.tzinfo is None:
        raise EnvelopeError(f"time {text!r} has no offset")
    since = moment - _EPOCH
    return (since.days * _DAY_S + since.seconds) * 1000 + since.microseconds // 1000
