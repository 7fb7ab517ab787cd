"""A large batch as the process beside the center hands it over: folded where it was read.

Whoever finds that it does not fit what is stored (it is sent again after a lost answer, in whole or in part) makes it a
batch like any other.
"""

from collections.abc import Sequence

import msgspec

from center.counting import Fact, Touched, touched
from center.ingest import Batch, Element, Heading, split, unpack
from center.rollups.ahead import Ahead, ahead
from common import chain

SPREAD = 2  # bytes of a body, as it came or unpacked, for each of its events' own; hubs write two between them

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

    def unfolded(self) -> Batch:
        """Its elements as they were read; their bytes are taken out of the body, and nothing is read again."""
        data = split(unpack(self.body, self.encoding))
        elements = [
            Element(one, self.after + place, self.fact(place), self.reasons.get(place))
            for place, one in enumerate(data, start=1)
        ]
        links = list(chain.links(self.chain, data))
        return Batch(self.hall, self.journal, self.after, self.chain, elements, links, self.touched)

    @property
    def touched(self) -> Touched:
        """What its facts may change."""
        facts = map(self.fact, range(1, len(self.facts) + 1))
        return touched(fact for fact in facts if fact is not None)


def folded(heading: Heading, size: int, parts: int, elements: Sequence[Element]) -> FoldedBatch | None:
    """These elements after a heading, if they stand one after the other.

    So many bytes (the more of packed and unpacked) and parts had the body: one with an event twice, or with much beside
    its events, such as a comment in the gzip, is not kept as it is.
    """
    data = [element.data for element in elements]
    if len(elements) != parts or size > SPREAD * sum(map(len, data)):
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
        len(elements),
        chain.extend(heading.chain, data),
        [_encoder.encode(fact) for fact in facts],
        {place: element.reason for place, element in enumerate(elements, start=1) if element.reason is not None},
        next((fact.recorded_ms for fact in reversed(facts) if fact is not None), None),
        ahead(heading.hall, facts),
    )
