"""A batch decoded at once, where all of it is as hubs write it; reading its events one by one takes half as long again.

Whatever is not plain (a type that is new, practice, a number out of its place, anything malformed) makes the batch one
for `center.ingest.read_element`, which says what each event is. Pure.
"""

from typing import Any, Union

import msgspec

from center.counting import COUNTED, NUL, OWN_PREFIX, DeviceSeen, Fact, MalformedError, fact_of
from common.envelope import SPEC_VERSION

# Types of the contract that are kept and not counted, as `COUNTED` has the others.
KEPT = (
    "hall.hub.clock_stepped",
    "hall.hub.started",
    "hall.journal.gap",
    "hall.journal.restored",
    "hall.rating.invited",
    "hall.ticket.arrived",
    "hall.ticket.held",
    "hall.ticket.print_failed",
    "hall.ticket.printed",
    "hall.ticket.recalled",
    "hall.ticket.resumed",
    "hall.ticket.transferred",
    "hall.window.covered",
    "hall.window.empty",
)


def _envelope(kind: str, data: Any) -> Any:
    """`common.envelope.RawEnvelope` with the data of one type."""
    texts = "specversion", "id", "source", "time", "recordedtime", "subject", "sequence", "journal", "clock"
    fields = [*((name, str) for name in texts), ("data", data)]
    optional = [("datacontenttype", str, "application/json"), ("request", str | None, None)]
    return msgspec.defstruct("_Event", [*fields, *optional], tag_field="type", tag=kind, frozen=True, gc=False)


# What a device tells of itself is JSON of its own, and the center's own types mean nothing from a hall: one by one.
_PLAIN: dict[str, Any] = {
    kind: data for kind, data in COUNTED.items() if data is not DeviceSeen and not kind.startswith(OWN_PREFIX)
}
_COUNTED = {_envelope(kind, data): kind for kind, data in _PLAIN.items()}
_KEPT = {_envelope(kind, msgspec.Raw): kind for kind in KEPT}
# A union of what the tables hold: known when this runs, not to who checks types.
_decoder: msgspec.json.Decoder[list[Any]] = msgspec.json.Decoder(list[Union[(*_COUNTED, *_KEPT)]])  # type: ignore[valid-type]


def read(body: bytes, wanted: tuple[str, str, int], offset_minutes: int) -> list[Fact] | None:
    """The facts of all elements of a body, or None where they have to be read one by one.

    wanted: the source and the journal of its events, and the number of the event before them.
    """
    if b'"training"' in body or NUL in body:
        return None
    source, journal, number = wanted
    prefix = journal + "/"
    facts = []
    try:
        for event in _decoder.decode(body):
            number += 1
            sequence = str(number)
            if (
                event.sequence != sequence
                or event.id != prefix + sequence
                or event.journal != journal
                or event.source != source
                or event.specversion != SPEC_VERSION
            ):
                return None
            kind = _COUNTED.get(type(event))
            said = None if kind is None else event.data
            if kind is None:
                kind = _KEPT[type(event)]
                if not bytes(event.data).startswith(b"{"):
                    return None
            facts.append(fact_of(kind, event.time, event.recordedtime, said, offset_minutes))
    except (msgspec.DecodeError, MalformedError, RecursionError):
        return None
    return facts
