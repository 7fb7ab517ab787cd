"""The doctor's words for what each box tells of itself: every state, in both languages."""

from typing import Any

import pytest

from common import catalogue
from hub import key_tests
from hub.queueing.events import Now
from hub.queueing.state import Device
from tools.device.diary import parse
from tools.operations import boxes, report
from tools.operations.report import Finding, Mark

HEALTH = {"free_memory": 61_440, "free_flash": 512_000, "log_fill_permille": 3, "rejected_frames": 1}
HEALTH |= {"rejected_packets": 1}
TESTED = {"at": "2026-11-20T09:30:00.000+08:00", "age_s": 3600, "keys_dead": 0, "lamps": True, "sounds": True}
TESTED |= {"shows": None}
TOLD: dict[str, Any] = {
    "firmware": "0.9.0",
    "health": HEALTH,
    "drift_ppm": 12.4,
    "line_rejected": 3,
    "missing": False,
    "starts": 4,
    "last_start": {"at": "2026-11-21T07:58:00.000+08:00", "cause": "power on"},
    "watchdog_starts": 0,
    "last_fault": None,
    "tested": TESTED,
}
ENTRY = {"device": "ev-1", "role": "evaluator", "window": "3", "online": True, "silent_s": 0.0, "radio": None}
RADIO = {"adapter": "hci0", "rssi_dbm": -61, "connects": 2, "failures": 1, "lost": 1}
FAULT = {"at": "2026-11-21T08:00:00.000+08:00", "code": "stuck_key", "todo": "a key hangs: free it"}

CASES: list[tuple[dict[str, Any], str, str, Mark]] = [
    ({}, "starts", "firmware 0.9.0; 4 starts, the last 2026-11-21 07:58: power came on.", Mark.WELL),
    ({"starts": 0, "last_start": None}, "starts", "no start yet", Mark.NOTE),
    ({"watchdog_starts": 2}, "starts", "restarted it 2 times of late", Mark.NOTE),
    (
        {"watchdog_starts": 1, "last_start": TOLD["last_start"] | {"cause": "watchdog"}},
        "starts",
        "its program stood still",
        Mark.BAD,
    ),
    ({}, "selftest", "tested 2026-11-20 09:30, every key answers.", Mark.WELL),
    ({"tested": None}, "selftest", "never tested", Mark.NOTE),
    ({"tested": TESTED | {"age_s": 8 * 86_400}}, "selftest", "last tested 8 days ago", Mark.NOTE),
    ({"tested": TESTED | {"keys_dead": 2}}, "selftest", "2 keys gave nothing.", Mark.BAD),
    ({"tested": TESTED | {"lamps": False}}, "selftest", "not as they should be: its lamps.", Mark.BAD),
    ({"tested": TESTED | {"shows": False}}, "selftest", "not as they should be: its display.", Mark.BAD),
    ({}, "drift", "12 millionths fast", Mark.WELL),
    ({"drift_ppm": -30.0}, "drift", "30 millionths slow", Mark.WELL),
    ({"drift_ppm": None}, "drift", "after ten minutes", Mark.NOTE),
    ({"drift_ppm": 900.0}, "drift", "900 millionths fast", Mark.BAD),
    ({}, "link", "2 by the box, 3 by the hub", Mark.WELL),
    ({"health": None, "line_rejected": None}, "link", "0 by the box, 0 by the hub", Mark.WELL),
    ({}, "memory", "60 KB of memory, 500 KB of flash; its log of unsent facts is 0 % full", Mark.WELL),
    ({"health": None}, "memory", "every half minute", Mark.NOTE),
    ({"health": HEALTH | {"log_fill_permille": 730}}, "memory", "is 73 % full", Mark.BAD),
    ({"last_fault": FAULT}, "fault", "last fault 2026-11-21 08:00: stuck_key.", Mark.NOTE),
]


def said(told: dict[str, Any], language: str, **more: Any) -> list[Finding]:
    entry = {**ENTRY, **more, "told": TOLD | told}
    return boxes.findings(entry, catalogue.translations(language).gettext)


@pytest.mark.parametrize(("told", "step", "text", "mark"), CASES)
def test_each_state_of_a_box_has_its_words(told: dict[str, Any], step: str, text: str, mark: Mark) -> None:
    english, chinese = said(told, "en"), said(told, "zh-CN")
    (found,) = [each for each in english if each.step == step]
    assert (found.mark, found.device) == (mark, "ev-1")
    assert found.text.startswith("Window 3, ev-1: ")
    assert text in found.text
    if mark is Mark.BAD:
        assert found.todo
    assert report.is_well(english) == (mark is not Mark.BAD)
    for one, other in zip(english, chinese, strict=True):
        assert (one.step, one.mark) == (other.step, other.mark)
        assert one.text != other.text
        assert "%(" not in one.text + other.text + one.todo + other.todo


def test_a_weak_radio_is_told_and_a_box_of_no_window_has_its_name() -> None:
    (link,) = [each for each in said({}, "en", radio=RADIO) if each.step == "link"]
    assert link.mark is Mark.WELL
    assert "-61 dBm, broken off 1 times, failed 1 times" in link.text
    (link,) = [each for each in said({}, "en", radio=RADIO | {"rssi_dbm": -92}, window=None) if each.step == "link"]
    assert link.mark is Mark.NOTE
    assert link.text.startswith("ev-1: ")
    assert "nearer" in link.todo


def test_a_diary_is_summed_up() -> None:
    lines = ["1 0 reset power on", "1 3 memory 41000", "2 0 reset watchdog", "2 5 fault 1 key 3", "2 9 memory 39000"]
    speak = catalogue.translations("en").gettext
    found = boxes.of_diary("/dev/ttyACM0", parse(lines), speak)
    assert found.mark is Mark.NOTE
    assert found.text.endswith("2 starts, 1 by its watchdog; 1 faults; least memory 39000")
    assert found.todo == "Read it whole: tingting device log /dev/ttyACM0"
    assert boxes.of_diary("/dev/ttyACM0", parse(lines[:1]), speak).mark is Mark.WELL


def test_what_a_box_told_comes_from_the_journal_and_names_no_key() -> None:
    known = Device("ev-1", "evaluator", starts=2, key_tested_at_ms=1_000, key_test={"keys_ok": 0b11110, "lamps": True})
    known.resets = [{"at_ms": 0, "cause": "watchdog"}, {"at_ms": 500, "cause": "power on"}]
    known.faults = [{"at_ms": 900, "code": "stuck_key"}]
    shown = {"device": "ev-1", "firmware": "1", "health": None, "drift_ppm": None, "line_rejected": 0, "missing": False}
    other = shown | {"device": "ev-2"}
    first, second = key_tests.told(
        [{"device": "ev-1"}, {"device": "ev-2"}], [shown, other], {"ev-1": known}, Now(86_401_000), 480
    )
    told = first["told"]
    assert (told["starts"], told["watchdog_starts"], told["last_start"]["cause"]) == (2, 1, "power on")
    assert told["tested"] == {
        "at": "1970-01-01T08:00:01.000+08:00",
        "age_s": 86_400,
        "keys_dead": 1,
        "lamps": True,
        "sounds": None,
        "shows": None,
    }
    assert told["last_fault"]["code"] == "stuck_key"
    assert second["told"]["tested"] is None
