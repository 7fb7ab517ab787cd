"""New firmware on the manager's page, in words: what a person must see first, and what to do about it."""

import re
from typing import Any

import pytest

from common import catalogue
from hub import update_doors
from hub.web import admin_updates, admin_words

CHINESE = catalogue.translations(catalogue.CHINESE).gettext


def same(text: str) -> str:
    return text


def box(device: str, state: str, **more: Any) -> dict[str, Any]:
    kept = {"device": device, "role": "evaluator", "window": "3", "board": "rpi_pico", "was": "0.1.0", "todo": ""}
    return kept | {"version": "0.2.0", "state": state, "reason": "", "sent": 0, "bytes": 0, "held_by": ""} | more


def update(*boxes: dict[str, Any], state: str = "running", **more: Any) -> dict[str, Any]:
    counts = {name: sum(each["state"] == name for each in boxes) for name in admin_updates.ORDER}
    kept = {"state": state, "why": "", "percent": 100, "older": False, "window": None, "device": None}
    kept |= {"began_at": "2026-11-26T09:30:00+08:00", "versions": [{"version": "0.2.0"}, {"version": "0.2.0"}]}
    return kept | {"counts": counts | {"not_chosen": 0}, "boxes": list(boxes)} | more


def plan(*boxes: dict[str, Any], **more: Any) -> dict[str, Any]:
    found = admin_updates.shown(update(*boxes, **more), [], same)["plan"]
    assert isinstance(found, dict)
    return found


def cells(one: dict[str, Any]) -> list[str]:
    return list(plan(one)["boxes"][0]["cells"])


def test_what_went_wrong_stands_first_and_what_is_over_last() -> None:
    states = ("good", "waiting", "refused", "sending", "current", "missing", "trying", "gone_back")
    found = plan(*(box(f"ev-{state}", state) for state in states))
    assert [row["cells"][0].removeprefix("ev-") for row in found["boxes"]] == list(admin_updates.ORDER)
    assert [row["bad"] for row in found["boxes"]] == [True] * 3 + [False] * 5
    assert (found["over"], found["all"], found["failed"]) == (5, 8, 3)
    assert found["title"] == "Under way: 5 of 8 boxes are through"


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (box("e", "waiting"), "waits for its turn"),
        (box("e", "waiting", held_by="away"), "waits until it is heard again"),
        (box("e", "sending", sent=300, bytes=1200), "is being sent, 25 %"),
        (box("e", "sending", held_by="citizen"), "waits for a quiet moment: somebody is at this window"),
        (box("e", "trying", held_by="citizen"), "tries it"),
        (box("e", "good"), "has it and is well"),
    ],
)
def test_how_far_a_box_is(one: dict[str, Any], words: str) -> None:
    assert cells(one)[3] == words


def test_each_refusal_says_what_to_do_and_an_unknown_one_what_the_hub_says() -> None:
    for reason, words in admin_updates.reasons(same).items():
        assert cells(box("e", "refused", reason=reason))[6] == words
        assert CHINESE(words) != words
    assert cells(box("e", "refused", reason="new one", todo="Ask."))[6] == "Ask."
    assert "diary" in cells(box("e", "gone_back"))[6]
    assert "power" in cells(box("e", "missing"))[6]


def test_one_that_stopped_by_itself_is_wrong_now_and_names_the_box() -> None:
    stopped = update(box("ev-7", "gone_back"), state="stopped", why="gone_back", why_device="ev-7")
    [line] = admin_updates.wrong(stopped, same)
    assert line["title"] == "The update has stopped: ev-7 went back to its old firmware"
    assert line["section"] == "updates"
    assert admin_updates.wrong(stopped | {"why": "by_hand"}, same) == []
    assert admin_updates.wrong(update(), same) == admin_updates.wrong(None, same) == []


def test_every_code_that_a_hub_refuses_by_has_words_on_the_page() -> None:
    found = admin_words.words(CHINESE)["updates"]
    assert found["reasons"].keys() >= update_doors.TODO.keys()
    assert {"update-stopped", "update-on-trial", "update-under-way"} <= found["refused"].keys()
    for words in (*found["reasons"].values(), *found["refused"].values(), *found["bundles"].values()):
        assert re.search("[\u4e00-\u9fff]", words), words


def test_a_box_that_was_replaced_is_nothing_to_try_again() -> None:
    found = plan(box("ev-1", "refused", reason="replaced"), box("ev-2", "refused", reason="space"), state="done")
    assert found["failed"] == 1


def test_for_whom_it_is() -> None:
    def chosen(**more: Any) -> str:
        return str(dict(plan(box("e", "good"), **more)["pairs"])["For"])

    assert chosen() == "every box of the hall"
    assert chosen(percent=10) == "10 percent of the boxes of each kind"
    assert chosen(window="3") == "window 3"
    assert chosen(device="ev-1") == "ev-1"


def test_every_box_that_stands_has_its_firmware_told() -> None:
    device = {"device": "ev-1", "role": "caller", "board": "rpi_pico", "window": None, "firmware": "0.1.0"}
    device |= {"online": True, "replaced_by": None}
    gone, new = device | {"device": "ev-0", "replaced_by": "ev-1"}, device | {"device": "ev-2", "firmware": None}
    found = admin_updates.shown(None, [device, gone, new], same)
    assert found["plan"] is None
    assert [row["cells"][:5] for row in found["firmware"]] == [
        ["ev-1", "caller", "rpi_pico", "—", "0.1.0"],
        ["ev-2", "caller", "rpi_pico", "—", "not told yet"],
    ]
