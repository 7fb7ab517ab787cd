"""What stands on a box's display, told from its pins and the public queue."""

import pytest

from tools.demo.display import Display

WAIT_MS = 20_000


def _running() -> Display:
    display = Display(WAIT_MS)
    display.led(True, 0)
    return display


def _state(display: Display, now_ms: int) -> str:
    face = display.face(now_ms)
    assert face is not None
    return str(face["state"])


def test_nothing_stands_there_before_the_program_runs() -> None:
    display = Display(WAIT_MS)
    assert display.face(0) is None
    display.led(True, 10)
    assert _state(display, 10) == "idle"
    display.rebooted()
    assert display.face(20) is None


@pytest.mark.parametrize(
    ("window", "state"),
    [("free", "idle"), ("closed", "idle"), ("calling", "serving"), ("serving", "serving"), ("paused", "paused")],
)
def test_the_window_stands_there(window: str, state: str) -> None:
    display = _running()
    display.window, display.number = window, "A012"
    assert _state(display, 0) == state
    face = display.face(0)
    assert face is not None
    assert face["number"] == "A012"


def test_lit_lamps_invite_and_the_bar_runs_down() -> None:
    display = _running()
    display.lamps(True, True, 1_000)
    face = display.face(6_000)
    assert face is not None
    assert (face["state"], face["left"]) == ("invited", 0.75)


@pytest.mark.parametrize(("heard", "thanks"), [(True, "thanked"), (False, "saved")])
def test_lamps_that_go_out_early_say_thanks_for_three_seconds(heard: bool, thanks: str) -> None:
    display = _running()
    display.lamps(True, True, 0)
    display.lamps(False, heard, 5_000)
    assert _state(display, 7_900) == thanks
    assert _state(display, 8_000) == "idle"


def test_lamps_that_go_out_at_the_end_of_the_wait_thank_nobody() -> None:
    display = _running()
    display.lamps(True, True, 0)
    display.lamps(False, True, WAIT_MS)
    assert _state(display, WAIT_MS) == "idle"


def test_a_new_invitation_takes_the_place_of_the_thanks() -> None:
    display = _running()
    display.lamps(True, True, 0)
    display.lamps(False, True, 100)
    display.lamps(True, True, 200)
    assert _state(display, 300) == "invited"


def test_a_slowly_blinking_power_light_is_a_fault_until_it_stops() -> None:
    display = _running()
    display.led(False, 800)
    display.led(True, 1_600)
    assert _state(display, 1_700) == "fault"
    assert _state(display, 4_000) == "idle"


def test_a_quickly_blinking_power_light_is_no_fault() -> None:
    display = _running()
    for step in range(10):
        display.led(step % 2 == 0, 120 * (step + 1))
    assert _state(display, 1_300) == "idle"
