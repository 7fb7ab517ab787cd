"""The evaluator's rules, one by one, on both Pythons."""

from firmware.apps import evaluator as ev
from firmware.apps.errors import IllegalEventError
from firmware.apps.evaluator import Evaluator
from protocol import messages as m

A = b"run A..."
B = b"run B..."


def box(*events):
    """An evaluator with its hub there, and the given events behind it, all at 0 ms."""
    machine = Evaluator()
    machine.handle(("hub", True), 0)
    for event in events:
        machine.handle(event, 0)
    return machine


def invited():
    return box(("view", "serving", "A012"), ("invite", A, 20_000, 7))


def kinds(actions):
    return [action[0] for action in actions]


def logged(actions):
    return [action[1:] for action in actions if action[0] == "log"]


def answers(actions):
    return [action[1:] for action in actions if action[0] == "answer"]


def until(machine, now_ms):
    """Does all that is due up to `now_ms`; returns the actions."""
    done = []
    while machine.deadline_ms() is not None and machine.deadline_ms() <= now_ms:
        at_ms = machine.deadline_ms()
        done += machine.handle(machine.due(at_ms), at_ms)
    return done


def test_a_service_from_view_to_idle():
    machine = box()
    assert machine.state == ev.IDLE and machine.deadline_ms() is None and machine.due(10**9) is None
    actions = machine.handle(("view", "serving", "A012"), 10)
    assert machine.face().name == ev.SERVING and machine.face().number == "A012"
    assert kinds(actions) == ["lamps", "face"] and actions[0] == ("lamps", False)
    actions = machine.handle(("invite", A, 20_000, 7), 1000)
    assert kinds(actions) == ["open", "answer", "lamps", "sound", "face"]
    assert actions[:4] == [("open", A), ("answer", 7, m.ACCEPTED, None), ("lamps", True), ("sound", "prompt")]
    face = machine.face()
    assert (face.name, face.until_ms, face.wait_ms) == (ev.INVITED, 21_000, 20_000)
    actions = machine.handle(("press", 2), 4000)
    assert kinds(actions) == ["log", "lamps", "sound", "face"]
    assert logged(actions) == [(m.RATED, {"run": A, "grade": 2, "pressed_after_ms": 3000})]
    assert actions[1:3] == [("lamps", False), ("sound", "thanks")]
    assert machine.face().note == ev.RECORDED and machine.run is None
    machine.handle(("view", "idle", ""), 5000)
    assert machine.state == ev.THANKED and machine.due(6999) is None
    until(machine, 7000)
    assert machine.state == ev.IDLE


def test_every_grade_looks_and_sounds_the_same():
    seen = []
    for grade in (1, 2, 3, 4, 5):
        machine = invited()
        actions = machine.handle(("press", grade), 500)
        seen.append([repr(action) for action in actions if action[0] != "log"] + [machine.deadline_ms()])
    assert seen.count(seen[0]) == 5


def test_silence_prompts_once_at_half_time_and_ends_unrated():
    machine = invited()
    assert machine.deadline_ms() == 10_000
    assert machine.handle(machine.due(10_000), 10_000) == [("sound", "prompt")]
    assert machine.due(19_999) is None
    assert machine.due(20_000) == ("wait_over",)
    actions = machine.handle(("wait_over",), 20_000)
    assert logged(actions) == [(m.UNRATED, {"run": A, "reason": m.UNRATED_TIMEOUT})]
    assert ("lamps", False) in actions and machine.state == ev.SERVING


def test_a_late_wake_up_gives_up_without_prompting():
    machine = invited()
    assert machine.due(25_000) == ("wait_over",)


def test_first_press_counts_and_the_rest_are_ignored_without_their_key():
    machine = invited()
    machine.handle(("press", 5), 100)
    for grade in (1, 5):
        assert machine.handle(("press", grade), 200) == [("log", m.IGNORED, {"why": m.IGNORED_REPEATED})]
    until(machine, 10_000)
    assert machine.handle(("press", 1), 10_000) == [("log", m.IGNORED, {"why": m.IGNORED_NOT_INVITED})]
    for view in ("idle", "serving", "paused"):
        machine = box(("view", view, ""))
        assert logged(machine.handle(("press", 3), 1)) == [(m.IGNORED, {"why": m.IGNORED_NOT_INVITED})]


def test_the_same_invitation_again_changes_nothing():
    machine = invited()
    assert machine.handle(("invite", A, 20_000, 8), 5000) == [("answer", 8, m.ACCEPTED, None)]
    assert machine.deadline_ms() == 10_000 and machine.face().until_ms == 20_000


def test_another_invitation_ends_the_open_one_first():
    machine = invited()
    actions = machine.handle(("invite", B, 10_000, 8), 5000)
    assert kinds(actions) == ["log", "open", "answer", "lamps", "sound", "face"]
    assert logged(actions) == [(m.UNRATED, {"run": A, "reason": m.UNRATED_TIMEOUT})]
    assert machine.run == B and machine.face().until_ms == 15_000
    assert logged(machine.handle(("press", 4), 5001)) == [(m.RATED, {"run": B, "grade": 4, "pressed_after_ms": 1})]


def test_an_ended_run_is_answered_ended():
    machine = invited()
    machine.handle(("press", 5), 100)
    assert machine.handle(("invite", A, 20_000, 8), 200) == [("answer", 8, m.ENDED, None)]
    machine.handle(("invite", B, 20_000, 9), 300)
    assert machine.handle(("invite", A, 20_000, 10), 400) == [("answer", 10, m.ENDED, None)]
    assert machine.run == B
    machine = Evaluator([A])
    machine.handle(("hub", True), 0)
    assert answers(machine.handle(("invite", A, 20_000, 1), 0)) == [(1, m.ENDED, None)]


def test_an_invitation_lives_on_without_the_hub_but_none_opens():
    machine = invited()
    assert machine.handle(("hub", False), 100) == []
    actions = machine.handle(("press", 1), 200)
    assert logged(actions)[0][0] == m.RATED and machine.face().note == ev.SAVED
    assert answers(machine.handle(("invite", B, 20_000, 9), 300)) == [(9, m.REFUSED, "no hub")]
    assert machine.run is None


def test_an_invitation_while_thanked_opens_at_once():
    machine = invited()
    machine.handle(("press", 5), 100)
    machine.handle(("invite", B, 20_000, 9), 200)
    assert machine.state == ev.INVITED and machine.face().until_ms == 20_200


def test_paused_is_shown_after_the_invitation():
    machine = invited()
    assert machine.handle(("view", "paused", ""), 1) == []
    until(machine, 30_000)
    assert machine.state == ev.PAUSED and machine.face().name == ev.PAUSED


def test_a_stuck_key_ends_the_invitation_and_shows_the_fault():
    machine = invited()
    actions = machine.handle(("fault", m.FAULT_STUCK_KEY), 1000)
    assert logged(actions) == [(m.UNRATED, {"run": A, "reason": m.UNRATED_DEVICE_FAULT})]
    assert machine.state == ev.FAULT and ("lamps", False) in actions
    assert answers(machine.handle(("invite", B, 20_000, 9), 2000)) == [(9, m.REFUSED, ev.FAULT)]
    machine.handle(("recovered", m.FAULT_STUCK_KEY), 3000)
    assert machine.state == ev.SERVING


def test_a_full_log_lets_the_invited_citizen_finish():
    machine = invited()
    assert machine.handle(("fault", m.FAULT_LOG_FULL), 1000) == []
    assert machine.handle(("invite", B, 20_000, 9), 1500) == [("answer", 9, m.REFUSED, ev.FAULT)]
    assert logged(machine.handle(("press", 1), 2000))[0][0] == m.RATED
    assert answers(machine.handle(("invite", B, 20_000, 9), 2500)) == [(9, m.REFUSED, ev.FAULT)]
    until(machine, 10_000)
    assert machine.state == ev.FAULT
    assert machine.handle(("press", 1), 11_000) == []
    assert answers(machine.handle(("key_test", 5000, 3), 12_000)) == [(3, m.REFUSED, ev.FAULT)]


def test_two_faults_need_two_recoveries():
    machine = box(("fault", m.FAULT_STUCK_KEY), ("fault", m.FAULT_LOG_FULL), ("fault", m.FAULT_LOG_FULL))
    machine.handle(("recovered", m.FAULT_STUCK_KEY), 1)
    assert machine.state == ev.FAULT
    machine.handle(("recovered", m.FAULT_LOG_FULL), 2)
    assert machine.state == ev.IDLE


def test_key_test_asks_for_five_keys_and_never_rates():
    machine = box()
    actions = machine.handle(("key_test", 10_000, 3), 0)
    assert answers(actions) == [(3, m.ACCEPTED, None)] and machine.face().step == 1
    facts = []
    facts += logged(machine.handle(("press", 5), 100))
    facts += logged(machine.handle(("press", 5), 200))  # not the one that was asked for
    assert machine.face().step == 2
    facts += logged(until(machine, 10_100))  # key 4 is dead
    assert machine.face().step == 3
    for grade in (3, 2, 1):
        facts += logged(machine.handle(("press", grade), 11_000))
    assert facts[-1] == (m.KEY_TESTED, {"keys_ok": 0b10111})
    assert facts[:-1] == [(m.IGNORED, {"why": m.IGNORED_KEY_TEST})] * 5
    assert machine.state == ev.IDLE and machine.deadline_ms() is None


def test_key_test_and_invitation_keep_out_of_each_other():
    machine = invited()
    assert answers(machine.handle(("key_test", 5000, 3), 1)) == [(3, m.REFUSED, ev.INVITED)]
    machine = box(("key_test", 5000, 3))
    assert answers(machine.handle(("invite", A, 20_000, 4), 1)) == [(4, m.REFUSED, ev.TEST)]
    assert answers(machine.handle(("key_test", 5000, 5), 1)) == [(5, m.REFUSED, ev.TEST)]


def test_the_hub_sets_times():
    machine = box(("config", {"thanks_ms": 1000, "repeat_prompt_s": 5}), ("invite", A, 20_000, 1))
    assert machine.deadline_ms() == 5000
    machine.handle(("press", 5), 1)
    assert machine.deadline_ms() == 1001
    machine = box(("config", {"thanks_ms": None, "repeat_prompt_s": 30}), ("invite", A, 20_000, 1))
    assert machine.deadline_ms() == 20_000 and machine.due(20_000) == ("wait_over",)


def test_an_absurd_wait_is_bounded():
    assert box(("invite", A, 0, 1)).face().wait_ms == 1000
    assert box(("invite", A, 10**9, 1)).face().wait_ms == 60_000


def test_an_illegal_event_names_state_and_event_and_changes_nothing():
    illegal = {
        ev.IDLE: [("wait_over",), ("repeat_due",), ("thanks_over",), ("test_over",), ("nonsense",)],
        ev.INVITED: [("thanks_over",), ("test_over",)],
        ev.THANKED: [("wait_over",), ("repeat_due",), ("test_over",)],
        ev.FAULT: [("wait_over",), ("thanks_over",)],
        ev.TEST: [("wait_over",), ("thanks_over",)],
    }
    malformed = [("press", 0), ("press", 6), ("press",), ("view", "closed", ""), ("invite", b"short", 1, 1)]
    for state, events in illegal.items():
        for event in events + malformed:
            machine = in_state(state)
            before = repr(sorted(machine.__dict__.items(), key=lambda item: item[0]))
            try:
                machine.handle(event, 5)
            except IllegalEventError as error:
                assert state in str(error) and event[0] in str(error)
                assert not any(letter.isdigit() for letter in str(error)), "a grade would stand in the box's log"
            else:
                raise AssertionError("%s took %r" % (state, event))
            assert repr(sorted(machine.__dict__.items(), key=lambda item: item[0])) == before


def in_state(state):
    machine = {
        ev.IDLE: box,
        ev.SERVING: lambda: box(("view", "serving", "1")),
        ev.PAUSED: lambda: box(("view", "paused", "")),
        ev.INVITED: invited,
        ev.THANKED: lambda: box(("invite", A, 20_000, 1), ("press", 5)),
        ev.FAULT: lambda: box(("fault", m.FAULT_STUCK_KEY)),
        ev.TEST: lambda: box(("key_test", 5000, 3)),
    }[state]()
    assert machine.state == state
    return machine


def test_every_state_has_a_row_and_a_code():
    assert set(ev.TABLE) == set(Evaluator.STATES)
    for state in ev.TABLE:
        assert in_state(state).state == state
    assert len(set(Evaluator.STATES.values())) == len(Evaluator.STATES)
