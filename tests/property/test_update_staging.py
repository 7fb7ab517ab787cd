"""A hall's boxes get a new firmware one after the other: whatever becomes of each, never too many are at risk."""

from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.devices import staging
from hub.devices.bundles import Kind
from hub.devices.staging import AT_RISK, BAD, MAX_AT_RISK, MAX_IN_ALL, OVER, Box, Of, Plan, Stage, Why
from hub.devices.update_store import UpdateStore

KINDS: tuple[Kind, ...] = (("evaluator", "rpi_pico"), ("caller", "rpi_pico"), ("evaluator", "esp32_c3"))
DIGEST = "ab" * 32

halls = st.dictionaries(st.integers(0, 999).map("ev-{:03d}".format), st.sampled_from(KINDS), min_size=1, max_size=60)


def plan_of(hall: dict[str, Kind], percent: int = 100, digest: str = DIGEST) -> Plan:
    boxes = {
        device: Box(device=device, role=hall[device][0], board=hall[device][1], version="2")
        for device in staging.chosen(digest, hall, percent)
    }
    return Plan(
        id="x", digest=digest, percent=percent, older=False, window=None, device=None, by="admin", began_at="0",
        changed_at="0", boxes=boxes,
    )  # fmt: skip


@given(hall=halls, few=st.integers(1, 100), more=st.integers(1, 100), seed=st.integers())
def test_who_is_chosen_depends_on_bundle_and_devices_alone(hall: dict[str, Kind], few: int, more: int, seed: int):
    few, more = min(few, more), max(few, more)
    names = list(hall)
    Random(seed).shuffle(names)
    chosen = staging.chosen(DIGEST, hall, few)
    assert chosen == staging.chosen(DIGEST, {name: hall[name] for name in names}, few)
    assert set(chosen) <= set(staging.chosen(DIGEST, hall, more))
    assert sorted(staging.chosen(DIGEST, hall, 100)) == sorted(hall)
    for kind in KINDS:
        of_kind = [name for name in hall if hall[name] == kind]
        here = sum(hall[name] == kind for name in chosen)
        assert here == (max(1, -(-len(of_kind) * few // 100)) if of_kind else 0)


def test_another_bundle_begins_with_other_boxes():
    hall = {f"ev-{number}": KINDS[0] for number in range(40)}
    first = {staging.chosen(f"{number:064x}", hall, 1)[0] for number in range(40)}
    assert len(first) > 10


@given(hall=halls, seed=st.integers(), windows=st.integers(1, 40), bad=st.sampled_from([0.0, 0.1, 0.5]))
def test_never_too_many_are_at_risk_and_one_that_fails_stops_it(
    hall: dict[str, Kind], seed: int, windows: int, bad: float
):
    """Boxes begin, end and are missing in any order; a person goes on after each stop."""
    chance = Random(seed)
    places = {device: None if chance.random() < 0.1 else str(chance.randrange(windows)) for device in hall}
    plan = plan_of(hall)
    told: list[str] = []
    for _ in range(20 * len(hall) + 50):
        ready = {device for device in hall if chance.random() < 0.7}
        begins = staging.turns(plan, ready, places)
        assert plan.state is Stage.RUNNING or not begins
        assert set(begins) <= ready
        for device in begins:
            assert plan.boxes[device].state is Of.WAITING
            plan = staging.moved(plan, replace(plan.boxes[device], state=Of.SENDING), "1")
        at_risk = [box for box in plan.boxes.values() if box.state in AT_RISK]
        assert len(at_risk) <= MAX_IN_ALL
        stood = [places[box.device] for box in at_risk if places[box.device] is not None]
        assert len(stood) == len(set(stood)), "two at one window"
        for kind in KINDS:
            good = sum(box.kind == kind and box.state is Of.GOOD for box in plan.boxes.values())
            assert sum(box.kind == kind for box in at_risk) <= min(max(good, 1), MAX_AT_RISK)
        if at_risk:
            box = chance.choice(at_risk)
            if box.state is Of.SENDING:
                told.append(box.device)
                fresh = replace(box, state=Of.TRYING, tries=box.tries + 1)
            elif chance.random() < bad:
                fresh = replace(box, state=chance.choice(sorted(BAD)))
            else:
                fresh = replace(box, state=Of.GOOD)
            before = plan.state
            plan = staging.moved(plan, fresh, "2")
            if fresh.state in BAD and before is Stage.RUNNING:
                assert (plan.state, plan.why, plan.why_device) == (Stage.STOPPED, fresh.state, box.device)
            if plan.state is Stage.STOPPED:
                assert not any(each.state is Of.SENDING for each in plan.boxes.values())
        if plan.state is Stage.STOPPED and chance.random() < 0.5:
            plan = staging.resumed(plan, "3", again=False)
        assert (plan.state is Stage.DONE) <= all(box.state in OVER for box in plan.boxes.values())
    assert len(told) >= len({box.device for box in plan.boxes.values() if box.state in OVER})


@given(hall=halls)
def test_where_all_goes_well_everybody_gets_it_and_it_is_done(hall: dict[str, Kind]):
    plan = plan_of(hall)
    for turn in range(4 * len(hall) + 4):
        for device in staging.turns(plan, hall, {}):
            plan = staging.moved(plan, replace(plan.boxes[device], state=Of.SENDING), str(turn))
        for box in tuple(plan.boxes.values()):
            if box.state in AT_RISK:
                plan = staging.moved(plan, replace(box, state=Of.TRYING), str(turn))
                plan = staging.moved(plan, replace(box, state=Of.GOOD), str(turn))
        if plan.state is Stage.DONE:
            break
    assert plan.state is Stage.DONE
    assert plan.counts()["good"] == len(hall)
    # 1, 1, 2, 4, 4, …: a hall of 60 evaluators takes 17 rounds, not 60.
    assert turn <= 2 + len(hall)


def test_the_first_of_its_kind_that_is_refused_stops_it_and_a_later_one_does_not():
    hall = {f"ev-{number}": KINDS[0] for number in range(5)}
    plan = plan_of(hall)
    first, second, *_ = plan.boxes.values()
    stopped = staging.moved(plan, replace(first, state=Of.REFUSED, reason="memory"), "1")
    assert (stopped.state, stopped.why, stopped.why_device) == (Stage.STOPPED, Why.FIRST_REFUSED, first.device)
    good = staging.moved(plan, replace(first, state=Of.GOOD), "1")
    assert staging.moved(good, replace(second, state=Of.REFUSED, reason="memory"), "2").state is Stage.RUNNING
    replaced = staging.moved(plan, replace(first, state=Of.REFUSED, reason="replaced"), "1")
    assert replaced.state is Stage.RUNNING
    again = staging.resumed(stopped, "2", again=True)
    assert again.boxes[first.device].state is Of.WAITING
    assert again.boxes[first.device].tries > first.tries, "a second outcome is told as one of its own"
    assert staging.resumed(stopped, "2", again=False).boxes[first.device].state is Of.REFUSED


def test_a_plan_that_is_widened_leaves_whoever_is_in_it_as_it_is():
    hall = {f"ev-{number}": KINDS[0] for number in range(10)}
    plan = plan_of(hall, 10)
    [first] = plan.boxes.values()
    done = staging.moved(plan, replace(first, state=Of.GOOD), "1")
    assert done.state is Stage.DONE
    wider = staging.widened(done, plan_of(hall, 50).boxes.values(), 50, "2")
    assert (wider.state, wider.percent, len(wider.boxes)) == (Stage.RUNNING, 50, 5)
    assert wider.boxes[first.device].state is Of.GOOD
    assert staging.widened(done, plan_of(hall, 10).boxes.values(), 10, "2").state is Stage.DONE


@given(hall=halls, seed=st.integers())
def test_a_plan_comes_back_from_disk_as_it_was(tmp_path_factory, hall: dict[str, Kind], seed: int):
    chance = Random(seed)
    plan = plan_of(hall)
    for box in tuple(plan.boxes.values()):
        plan = staging.moved(plan, replace(box, state=chance.choice(list(Of)), was="1", line="a"), "1")
    folder: Path = tmp_path_factory.mktemp("plan")
    store = UpdateStore(folder)
    assert store.read() is None
    store.begin(plan, b"bundle")
    assert UpdateStore(folder).read() == plan
