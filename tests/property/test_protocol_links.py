"""hypothesis chooses how bad the line is; whatever it chooses, facts arrive once and in order and requests end once."""

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import framing
from tests.both_pythons.test_protocol_links import over
from tests.both_pythons.wire import House, Log, rated


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(1, 100000),
    lose=st.integers(0, 30),
    twice=st.integers(0, 50),
    delay_ms=st.integers(0, 400),
    reorder=st.booleans(),
    garble=st.integers(0, 20),
    bytewise=st.booleans(),
    commit_ms=st.integers(0, 1500),
    window=st.sampled_from([1, 2, 8, 64]),
)
def test_any_line(**character: int) -> None:
    over(character.pop("seed"), **character)


@settings(max_examples=100, deadline=None)
@given(
    oldest=st.integers(1, 40),
    unsent=st.integers(0, 12),
    durable=st.integers(0, 60),
    seed=st.integers(1, 1000),
)
def test_any_numbers_at_the_start(oldest: int, unsent: int, durable: int, seed: int) -> None:
    log = Log(oldest)
    for number in range(unsent):
        log.append(rated(number))
    house = House(seed, log=log)
    house.durable = durable
    following = log.next
    assert house.run(30000, lambda: house.live() and house.drained())
    runs = [int.from_bytes(values["fields"]["run"], "big") for values in house.stored]
    if durable + 1 > following:
        assert runs == list(range(unsent)), "numbered anew, none is lost"
        assert [values["n"] for values in house.stored] == [durable + 1 + number for number in range(unsent)]
    else:
        assert runs == list(range(max(durable + 1 - oldest, 0), unsent))


@settings(max_examples=100, deadline=None)
@given(
    pieces=st.lists(st.one_of(st.binary(max_size=300), st.binary(min_size=1, max_size=80).map(framing.encode_frame)))
)
def test_any_bytes_into_live_ends_change_nothing(pieces: list[bytes]) -> None:
    house = House(3)
    assert house.run(5000, house.live)
    keys = house.hub._opener, house.device._opener
    counters = [opener.counter for opener in keys if opener is not None]
    for piece in pieces:
        house.hub.receive(piece, house.now_ms)
        house.device.receive(piece, house.now_ms)
    assert (house.hub._opener, house.device._opener) == keys
    assert counters == [opener.counter for opener in keys if opener is not None]
    house.log.append(rated(1))
    # What came before may end inside a frame: that one frame is lost with it and comes again.
    assert house.run(20000, house.drained)
