"""Who gets one of the few links."""

from hub.links.ble_plan import (
    PATIENCE_S,
    QUIET_S,
    STUCK_S,
    UPDATE_PATIENCE_S,
    URGENT,
    Candidate,
    Held,
    Keep,
    Plan,
    Want,
    plan,
)


def held(*keeps: Keep, since_s: float = 0.0) -> list[Held]:
    return [Held(f"h{number}", keep, since_s + number) for number, keep in enumerate(keeps)]


def test_nothing_wanted_and_nothing_held_is_nothing_to_do() -> None:
    assert plan(10, [], [], 4, None) == Plan()


def test_the_most_urgent_comes_first_and_then_who_waits_longest() -> None:
    wanted = [Candidate("a", Want.SHOW, 1), Candidate("b", Want.FACTS, 5), Candidate("c", Want.FACTS, 3)]
    assert plan(10, wanted, [], 4, None).connect == "c"
    wanted.append(Candidate("d", Want.ASK, 9))
    assert plan(10, wanted, [], 4, None).connect == "d"


def test_a_window_that_is_about_to_finish_comes_before_a_display() -> None:
    wanted = [Candidate("show", Want.SHOW, 1), Candidate("near", Want.NEAR, 2), Candidate("check", Want.CHECK, 0)]
    assert plan(5, wanted, [], 4, None).connect == "near"


def test_one_attempt_at_a_time() -> None:
    assert plan(10, [Candidate("a", Want.FACTS, 1)], [], 4, Want.FACTS) == Plan()


def test_what_is_urgent_calls_off_an_attempt_that_can_wait_and_no_other() -> None:
    for urgent in URGENT:
        wanted = [Candidate("a", urgent, 1)]
        for want in (Want.NEAR, Want.HOLD, Want.SHOW, Want.CHECK):
            assert plan(10, wanted, [], 4, want).call_off
        for want in URGENT:
            assert not plan(10, wanted, [], 4, want).call_off
    assert not plan(100, [Candidate("a", Want.SHOW, 1)], [], 4, Want.CHECK).call_off


def test_a_quiet_link_goes_after_a_moment() -> None:
    links = held(Keep.QUIET, Keep.NEAR)
    assert plan(QUIET_S / 2, [], links, 4, None).let_go == ()
    assert plan(QUIET_S, [], links, 4, None).let_go == ("h0",)


def test_who_can_wait_leaves_one_link_free() -> None:
    near = [Candidate("a", Want.NEAR, 1)]
    assert plan(10, near, held(*[Keep.BUSY] * 2), 4, None).connect == "a"
    assert plan(10, near, held(*[Keep.BUSY] * 3), 4, None) == Plan()
    assert plan(1 + PATIENCE_S, near, held(*[Keep.BUSY] * 3), 4, None).connect == "a"  # but not for ever
    assert plan(10, [Candidate("a", Want.ASK, 1)], held(*[Keep.BUSY] * 3), 4, None).connect == "a"
    assert plan(10, near, [], 1, None).connect == "a"


def test_with_all_links_taken_the_least_needed_gives_way_to_the_urgent() -> None:
    ask = [Candidate("a", Want.ASK, 1)]
    assert plan(10, ask, held(Keep.BUSY, Keep.INVITED, Keep.NEAR, Keep.NEAR), 4, None) == Plan(let_go=("h2",))
    assert plan(10, ask, held(Keep.BUSY, Keep.INVITED), 2, None) == Plan(let_go=("h1",))
    assert plan(10, ask, held(Keep.BUSY, Keep.BUSY), 2, None) == Plan()


def test_who_can_wait_makes_room_before_it_is_wanted() -> None:
    assert plan(10, [], held(Keep.INVITED, Keep.NEAR, Keep.BUSY, Keep.NEAR), 4, None) == Plan(let_go=("h1",))
    assert plan(10, [], held(Keep.INVITED, Keep.NEAR), 2, Want.ASK) == Plan(let_go=("h1",))
    assert plan(10, [], held(Keep.NEAR, Keep.NEAR), 4, Want.ASK) == Plan()
    assert plan(10, [], held(Keep.INVITED, Keep.BUSY), 2, None) == Plan()
    assert plan(10, [], held(Keep.NEAR), 1, None) == Plan()  # with one link there is nothing to spare


def test_of_two_open_questions_the_younger_one_gives_way() -> None:
    ask = [Candidate("a", Want.ASK, 1)]
    assert plan(10, ask, held(Keep.INVITED, Keep.INVITED), 2, None) == Plan(let_go=("h1",))


def test_a_display_that_was_behind_for_long_comes_before_a_link_that_is_only_held() -> None:
    links = held(Keep.INVITED, Keep.INVITED)
    show = [Candidate("a", Want.SHOW, 1)]
    assert plan(PATIENCE_S, show, links, 2, None) == Plan()
    assert plan(1 + PATIENCE_S, show, links, 2, None) == Plan(let_go=("h1",))
    assert plan(1 + PATIENCE_S, show, held(Keep.BUSY, Keep.BUSY), 2, None) == Plan()
    # Whoever waited too long stands in one line, and behind the urgent.
    wanted = [Candidate("near", Want.NEAR, 5), Candidate("check", Want.CHECK, 2), *show]
    assert plan(5 + PATIENCE_S, wanted, [], 4, None).connect == "a"
    wanted.append(Candidate("facts", Want.FACTS, 5 + PATIENCE_S))
    assert plan(5 + PATIENCE_S, wanted, [], 4, None).connect == "facts"


def test_a_clerks_keypad_is_held_while_there_is_room_and_takes_nobodys_place() -> None:
    hold = [Candidate("a", Want.HOLD, 1)]
    assert plan(10, hold, [], 4, None).connect == "a"
    assert plan(10 * PATIENCE_S, hold, held(Keep.NEAR, Keep.INVITED, Keep.NEAR), 4, None) == Plan()


def test_a_link_that_is_near_does_not_give_way_to_another_that_is_near() -> None:
    assert plan(10, [Candidate("a", Want.NEAR, 1)], held(*[Keep.NEAR] * 3), 4, None) == Plan()


def test_a_box_that_hangs_does_not_hold_its_link_for_ever() -> None:
    wanted = [Candidate("a", Want.FACTS, 1)]
    assert plan(STUCK_S / 2, wanted, held(Keep.BUSY, Keep.BUSY), 2, None) == Plan()
    assert plan(STUCK_S + 1, wanted, held(Keep.BUSY, Keep.BUSY), 2, None) == Plan(let_go=("h0",))


def test_an_update_waits_for_a_free_link_and_gives_its_own_to_anybody() -> None:
    update = [Candidate("u", Want.UPDATE, 1)]
    assert plan(10, update, held(*[Keep.BUSY] * 2), 4, None).connect == "u"
    assert plan(10, update, held(*[Keep.BUSY] * 3), 4, None) == Plan(), "the spare link is not for it"
    for keep in Keep:
        if keep not in (Keep.HOLD, Keep.BUSY):
            assert plan(1 + UPDATE_PATIENCE_S, update, held(*[keep] * 3), 4, None).connect is None, keep
    for keep in (Keep.UPDATE, Keep.NEAR, Keep.INVITED, Keep.BUSY):
        links = held(*[keep] * 3, since_s=UPDATE_PATIENCE_S - 10)
        assert plan(2 + UPDATE_PATIENCE_S, update, links, 4, None).let_go == (), keep
    assert plan(10, update, held(*[Keep.HOLD] * 3), 4, None).let_go == ()
    assert plan(1 + UPDATE_PATIENCE_S, update, held(*[Keep.HOLD] * 3), 4, None).let_go == ("h0",)
    for want in (Want.NEAR, Want.HOLD, Want.SHOW, Want.CHECK):
        links = held(Keep.NEAR, Keep.UPDATE, Keep.HOLD)
        assert plan(10, [Candidate("a", want, 1), *update], links, 4, None) == Plan(let_go=("h1",)), want
    assert plan(10, [Candidate("a", Want.ASK, 1)], held(Keep.NEAR, Keep.UPDATE), 2, Want.UPDATE).call_off
    assert plan(100, [], held(Keep.UPDATE), 4, None) == Plan(), "between two steps it is not let go"
