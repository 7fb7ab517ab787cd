"""Two ends over whole and bad links under fixed seeds: each fact arrives once and in order, each request ends once."""

from protocol import messages, session
from tests.both_pythons.wire import House, rated

FACTS = 60
LIMIT_MS = 600000  # of simulated time; a run that needs more has got stuck


def over(seed, **character):
    """A whole run: facts in bursts, requests both ways, then everything must be through."""
    house = House(seed, **character)
    asked = 0
    for number in range(1, FACTS + 1):
        house.log.append(rated(number, number % 5 + 1))
        if number % 6 == 0:
            house.run(700)
        if number % 20 == 0 and house.live():
            args = {"run": bytes(8), "wait_ms": 20000}
            house.hub.request(messages.INVITE, args, house.now_ms + 4000)
            house.device.request(messages.WINDOW_COMMAND, {"command": "next"}, house.now_ms + 2000)
            asked += 2
    assert house.run(LIMIT_MS, house.drained), "not everything arrived: %d of %d" % (len(house.stored), FACTS)
    house.run(5000)
    runs = [int.from_bytes(values["fields"]["run"], "big") for values in house.stored]
    assert runs == list(range(1, FACTS + 1))
    grades = [values["fields"]["grade"] for values in house.stored]
    assert grades == [number % 5 + 1 for number in range(1, FACTS + 1)]
    assert len(house.ends) == asked, "%d requests, %r" % (asked, house.ends)
    assert len(set(house.served)) == len(house.served), "a request was handed over twice"
    return house


def test_whole_link():
    house = over(1)
    assert house.hub.rejected_packets == house.device.rejected_packets == 0
    assert house.hub.rejected_frames == house.device.rejected_frames == 0
    assert all(name == session.ANSWER for _, name, _ in house.ends)
    assert len(house.served) == 6


def test_bytewise_link():
    house = over(2, bytewise=True)
    assert house.hub.rejected_packets == house.device.rejected_packets == 0


def test_slow_commits():
    over(3, commit_ms=900)


def test_send_window_of_one():
    over(4, window=1, commit_ms=10)


def test_largest_send_window():
    over(5, window=messages.MAX_WINDOW, commit_ms=50)


def test_lossy_link():
    for seed in range(10, 14):
        over(seed, lose=25, commit_ms=20)


def test_duplicating_link():
    for seed in range(20, 23):
        house = over(seed, twice=60)
        assert house.hub.rejected_packets > 0  # the second one is a replay


def test_reordering_link():
    for seed in range(30, 33):
        over(seed, delay_ms=120, reorder=True)


def test_delaying_link():
    for seed in range(40, 43):
        over(seed, delay_ms=800)


def test_garbling_link():
    for seed in range(50, 54):
        house = over(seed, garble=25)
        assert house.hub.rejected_frames > 0


def test_everything_at_once():
    for seed in range(60, 63):
        over(seed, lose=10, twice=10, delay_ms=150, reorder=True, garble=10, commit_ms=100)


def test_cut_wire_comes_back():
    house = House(7)
    assert house.run(5000, house.live)
    house.up.cut = house.down.cut = True
    for number in range(1, 21):
        house.log.append(rated(number))
    house.run(60000)
    assert not house.live()
    assert not house.stored
    assert (session.LOST,) in house.device_events
    assert (session.LOST,) in house.hub_events
    house.up.cut = house.down.cut = False
    assert house.run(15000, house.drained)
    assert len(house.stored) == 20


def test_wire_cut_in_one_direction_only():
    for side in ("up", "down"):
        house = House(8)
        assert house.run(5000, house.live)
        getattr(house, side).cut = True
        house.log.append(rated(1))
        house.run(30000)
        getattr(house, side).cut = False
        assert house.run(30000, house.drained)
        assert len(house.stored) == 1


def test_hub_restarts():
    house = House(9, commit_ms=40)
    for number in range(1, 31):
        house.log.append(rated(number))
        house.run(120)
        if number % 7 == 0:
            # What was not durable is forgotten with the process; it comes again.
            house.stored = house.stored[: house.durable]
            house.new_hub()
    assert house.run(60000, house.drained)
    assert [values["n"] for values in house.stored] == list(range(1, 31))


def test_device_restarts():
    house = House(10, commit_ms=40)
    for number in range(1, 31):
        house.log.append(rated(number))
        house.run(120)
        if number % 7 == 0:
            house.new_device()
    assert house.run(60000, house.drained)
    assert [values["n"] for values in house.stored] == list(range(1, 31))


def test_failed_commit_brings_the_facts_again():
    house = House(11, commit_ms=100000)
    house.log.append(rated(1))
    assert house.run(5000, lambda: bool(house.stored))
    assert not house.drained()
    house.stored = []
    house.committing = []
    house.commit_ms = 10
    house.hub.end_session()
    assert house.run(5000, house.drained)
    assert [values["n"] for values in house.stored] == [1]
