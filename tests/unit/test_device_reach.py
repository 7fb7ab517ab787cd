"""What is wrong with a box, in words: from the hub's word, from a port, from the air."""

from typing import Any

from common import catalogue
from tools.device import reach
from tools.device.reach import Box

CHINESE = catalogue.translations(catalogue.CHINESE).gettext
ENGLISH = catalogue.translations(catalogue.ENGLISH).gettext


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "device": "ev-1",
        "role": "evaluator",
        "window": "3",
        "board": "rpi_pico",
        "firmware": "0.1.0+1",
        "online": True,
        "silent_s": 2.0,
        "line": "/dev/ttyACM0",
        "health": {"free_flash": 800_000, "free_memory": 60_000, "log_fill_permille": 3},
        "drift_ppm": 12,
        "radio": None,
        "faults": [],
        "replaced_by": None,
    } | changes


def radio(**changes: Any) -> dict[str, Any]:
    return {"rssi_dbm": -60, "connects": 20, "failures": 0, "lost": 0, "why": ""} | changes


def codes(**changes: Any) -> list[str]:
    return [wrong.code for wrong in reach.known(entry(**changes)).wrong]


def test_a_well_box_has_nothing_wrong() -> None:
    box = reach.known(entry())
    assert box.wrong == []
    assert reach.lines(box, ENGLISH) == [
        "✓ ev-1 · Evaluator · window 3 · 0.1.0+1 · online · heard 2 s ago · /dev/ttyACM0"
    ]
    assert reach.lines(box, CHINESE)[0].startswith("✓ ev-1 · 评价器 · ")


def test_each_thing_that_is_wrong_is_named_with_what_to_do() -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"online": False, "silent_s": None}, "never_heard"),
        ({"online": False, "silent_s": 700.0}, "silent"),
        ({"window": None}, "aside"),
        ({"replaced_by": "ev-2", "online": False}, "replaced"),
        ({"faults": [{"code": "stuck_key", "at": "", "todo": "a key hangs: free it or clean it; if it comes again, "
                      "replace the box"}]}, "stuck_key"),
        ({"health": {"free_flash": 9000}}, "flash_low"),
        ({"health": {"log_fill_permille": 900}}, "log_filling"),
        ({"drift_ppm": -900}, "clock"),
        ({"radio": radio(rssi_dbm=-90)}, "radio_weak"),
        ({"radio": radio(failures=9, why="it is far")}, "radio_failing"),
    ]  # fmt: skip
    for changes, code in cases:
        assert codes(**changes) == [code]
        (wrong,) = reach.known(entry(**changes)).wrong
        for speak in (CHINESE, ENGLISH):
            told = wrong.said(speak)
            assert "%" not in told["text"].replace(" %", "")
            assert told["todo"]
        assert wrong.said(CHINESE)["text"] != wrong.said(ENGLISH)["text"]
    assert codes(role="dispenser", window=None) == []
    assert codes(radio=radio(connects=3, failures=3)) == []
    # It is not said twice that nothing is heard of it.
    assert codes(online=False, silent_s=None, faults=[{"code": "silent", "at": "", "todo": ""}]) == ["never_heard"]


def test_each_board_is_listed_once_with_all_ways_to_it() -> None:
    hub = [reach.known(entry()), reach.known(entry(device="ev-2"))]
    cable = [Box(device="ev-2", firmware="0.1.0+1", port="/dev/ttyUSB0"), Box(device="ev-9", port="/dev/ttyUSB1")]
    boxes = reach.joined(cable, hub, {"ev-1": -70, "ev-8": -80})
    assert [(box.device, box.port, box.radio_dbm) for box in boxes] == [
        ("ev-1", None, -70),
        ("ev-2", "/dev/ttyUSB0", None),
        ("ev-9", "/dev/ttyUSB1", None),
        ("ev-8", None, -80),
    ]
    assert [[wrong.code for wrong in box.wrong] for box in boxes] == [[], [], ["not_registered"], ["not_registered"]]
    assert [box.device for box in reach.joined(cable, None, {})] == ["ev-2", "ev-9"]
    assert reach.joined(cable, None, {"ev-9": -50})[1].radio_dbm == -50
