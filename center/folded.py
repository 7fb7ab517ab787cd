"""A large batch as the process beside the center hands it over: folded where it was read.

Whoever finds that it does not fit what is stored (a part is stored already, a fact came by another journal) looks at
its elements, and they are a batch like any other.
"""

from collections.abc import Sequence

import msgspec

from center.counting import Fact, Touched, touched
from center.ingest import Element, Heading, read_element, split, unpack
from center.rollups.ahead import Ahead, ahead
from common import chain

SPREAD = 2  # bytes of a body for each of its events' own; hubs write two between them

_encoder = msgspec.msgpack.Encoder()
_fact: msgspec.msgpack.Decoder[Fact | None] = msgspec.msgpack.Decoder(Fact | None)


class FoldedBatch(msgspec.Struct, frozen=True, array_like=True):
    """The events after `after` of a journal, each under the number that its place has.

    Their bytes are those of the body that brought them: nothing of it was left out.
    """

    hall: str
    journal: str
    after: int
    chain: bytes
    offset_minutes: int
    events: int
    link: bytes  # the chain after them
    facts: list[bytes]  # packed: hardly any of them is looked at again
    reasons: dict[int, str]  # why what is malformed is, by its place
    recorded_ms: int | None  # of the last event that can be read
    ahead: Ahead
    # Not told by who read it: the center has it.
    body: bytes = b""
    encoding: str = ""

    def fact(self, place: int) -> Fact | None:
        """What the event at a place (from 1 on) says."""
        return _fact.decode(self.facts[place - 1])

    @property
    def data(self) -> list[bytes]:
        """The exact bytes of each."""
        return split(unpack(self.body, self.encoding))

    @property
    def links(self) -> list[bytes]:
        """The chain after each."""
        return list(chain.links(self.chain, self.data))

    @property
    def elements(self) -> Sequence[Element]:
        """As they were read."""
        return [read_element(data, self.hall, self.journal, self.offset_minutes) for data in self.data]

    @property
    def touched(self) -> Touched:
        """What its facts may change."""
        facts = map(self.fact, range(1, len(self.facts) + 1))
        return touched(fact for fact in facts if fact is not None)


def folded(heading: Heading, unpacked: int, parts: int, elements: Sequence[Element]) -> FoldedBatch | None:
    """These elements after a heading, if they stand one after the other.

    So many bytes and parts had the body: one with an event twice, or with much beside its events, is not kept as it is.
    """
    data = [element.data for element in elements]
    if len(elements) != parts or unpacked > SPREAD * sum(map(len, data)):
        return None
    for expected, element in enumerate(elements, start=heading.after + 1):
        if element.declared is not None and element.declared != expected:
            return None
    facts = [element.fact for element in elements]
    return FoldedBatch(
        heading.hall,
        heading.journal,
        heading.after,
        heading.chain,
        heading.offset_minutes,
        len(elements),
        chain.extend(heading.chain, data),
        [_encoder.encode(fact) for fact in facts],
        {place: element.reason for place, element in enumerate(elements, start=1) if element.reason is not None},
        next((fact.recorded_ms for fact in reversed(facts) if fact is not None), None),
        ahead(heading.hall, facts),
    )
