"""Any event goes through its bytes unchanged, and any bytes are an event or an `EnvelopeError`."""

from hypothesis import given
from hypothesis import strategies as st

from common import chain, envelope
from common.envelope import Envelope, EnvelopeError

TEXT = st.text(max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.builds(
    lambda journal, number, request, data, **texts: Envelope(
        specversion="1.0",
        id=f"{journal}/{number}",
        sequence=str(number),
        journal=journal,
        request=request,
        data=data,
        **texts,
    ),
    journal=TEXT,
    number=st.integers(1, 10**18 - 1),
    request=st.none() | TEXT,
    data=st.dictionaries(TEXT, VALUES, max_size=4),
    source=TEXT,
    type=TEXT,
    time=TEXT,
    recordedtime=TEXT,
    subject=TEXT,
    clock=st.sampled_from(["sure", "unsure"]),
)


@given(EVENTS)
def test_events_survive_their_bytes(event: Envelope) -> None:
    assert envelope.decode(envelope.encode(event)) == event


@given(st.binary())
def test_any_bytes_are_an_event_or_an_error_of_ours(data: bytes) -> None:
    try:
        envelope.decode(data)
    except EnvelopeError:
        return


@given(st.integers(0, 4_000_000_000_000), st.integers(-14 * 60, 14 * 60))
def test_times_survive_their_text(at_ms: int, offset_minutes: int) -> None:
    assert envelope.parse_time(envelope.format_time(at_ms, offset_minutes)) == at_ms


@given(TEXT)
def test_any_text_is_a_time_or_an_error_of_ours(text: str) -> None:
    try:
        envelope.parse_time(text)
    except EnvelopeError:
        return


@given(st.lists(st.binary(max_size=20)), st.integers(0, 10))
def test_a_chain_can_be_made_in_parts(events: list[bytes], cut: int) -> None:
    start = chain.start("j")
    assert chain.extend(chain.extend(start, events[:cut]), events[cut:]) == chain.extend(start, events)
