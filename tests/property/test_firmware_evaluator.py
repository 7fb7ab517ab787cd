"""Whatever happens in whatever order: every invitation ends once, in flash, and the lamps say only that it is open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.apps.errors import IllegalEventError
from firmware.apps.evaluator import INVITED, TABLE, Evaluator
from protocol import messages as m

RUNS = [bytes([n]) * 8 for n in range(3)]
EVENTS = st.one_of(
    st.tuples(st.just("view"), st.sampled_from(["idle", "serving", "paused"]), st.just("A001")),
    st.tuples(st.just("hub"), st.booleans()),
    st.tuples(st.just("invite"), st.sampled_from(RUNS), st.integers(0, 70_000), st.integers(0, 9)),
    st.tuples(st.just("press"), st.integers(1, 5)),
    st.tuples(st.sampled_from(["fault", "recovered"]), st.sampled_from([m.FAULT_STUCK_KEY, m.FAULT_LOG_FULL])),
    st.tuples(st.just("key_test"), st.integers(0, 20_000), st.integers(0, 9)),
    st.tuples(st.just("config"), st.fixed_dictionaries({"thanks_ms": st.none() | st.integers(0, 9000)})),
)
TIMERS = ("repeat_due", "wait_over", "thanks_over", "test_over")


@given(st.lists(st.tuples(st.integers(0, 25_000), EVENTS), max_size=60))
def test_firmware_evaluator_ends_every_invitation_once(steps):
    machine = Evaluator()
    opened: list[bytes] = []
    ended: list[bytes] = []
    lamps = False
    now_ms = 0
    for pause_ms, event in steps:
        now_ms += pause_ms
        todo = []
        while (due := machine.due(now_ms)) is not None:
            todo += machine.handle(due, now_ms)
        for action in todo + machine.handle(event, now_ms):
            if action[0] == "open":
                assert action[1] not in opened
                opened.append(action[1])
            elif action[0] == "lamps":
                lamps = action[1]
            elif action[0] == "log" and action[1] in (m.RATED, m.UNRATED):
                assert action[2]["run"] == opened[-1]
                ended.append(action[2]["run"])
            elif action[0] == "log" and action[1] == m.IGNORED:
                assert list(action[2]) == ["why"]
        assert ended == (opened[:-1] if machine.run else opened)
        assert lamps == (machine.state == INVITED) == (machine.run is not None)
        for timer in TIMERS:
            if timer not in TABLE[machine.state]:
                before = dict(vars(machine))
                with pytest.raises(IllegalEventError, match=machine.state + ".*" + timer):
                    machine.handle((timer,), now_ms)
                assert vars(machine) == before
