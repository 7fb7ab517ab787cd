"""A large batch as the process beside the center hands it over: folded where it was read.

Whoever finds that it does not fit what is stored (a part is stored already, a fact came by another journal) looks at
its elements, and they are a batch like any other.
"""

from collections.abc import Sequence

import msgspec

from center.counting import Fact, Touched, touched
from center.ingest import Element, Heading
from center.rollups.ahead import Ahead, ahead
from common import chain

_encoder = msgspec.msgpack.Encoder()
_fact: msgspec.msgpack.Decoder[Fact | None] = msgspec.msgpack.Decoder(Fact | None)


class FoldedBatch(msgspec.Struct, frozen=True, array_like=True):
    """The events after `after` of a journal, each under the number that its place has."""

    hall: str
    journal: str
    after: int
    chain: bytes
    data: list[bytes]
    links: list[bytes]
    facts: list[bytes]  # packed: hardly any of them is looked at again
    reasons: dict[int, tuple[int | None, str]]  # of what is malformed, by its place: the number it has, and why
    recorded_ms: int | None  # of the last event that can be read
    ahead: Ahead

    def fact(self, place: int) -> Fact | None:
        """What the event at a place (from 1 on) says."""
        return _fact.decode(self.facts[place - 1])

    @property
    def elements(self) -> Sequence[Element]:
        """As they were read."""
        found = []
        for place, data in enumerate(self.data, start=1):
            declared, reason = self.reasons.get(place, (self.after + place, None))
            found.append(Element(data, declared, self.fact(place), reason))
        return found

    @property
    def touched(self) -> Touched:
        """What its facts may change."""
        facts = map(self.fact, range(1, len(self.facts) + 1))
        return touched(fact for fact in facts if fact is not None)


def folded(heading: Heading, elements: Sequence[Element]) -> FoldedBatch | None:
    """These elements after a heading, if they stand one after the other."""
    for expected, element in enumerate(elements, start=heading.after + 1):
        if element.declared is not None and element.declared != expected:
            return None
    data = [element.data for element in elements]
    facts = [element.fact for element in elements]
    return FoldedBatch(
        heading.hall,
        heading.journal,
        heading.after,
        heading.chain,
        data,
        list(chain.links(heading.chain, data)),
        [_encoder.encode(fact) for fact in facts],
        {
            place: (element.declared, element.reason)
            for place, element in enumerate(elements, start=1)
            if element.reason is not None
        },
        next((fact.recorded_ms for fact in reversed(facts) if fact is not None), None),
        ahead(heading.hall, facts),
    )
