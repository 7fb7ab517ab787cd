"""Status in plain words: each state of the hub, in both languages."""

from pathlib import Path
from typing import Any

import pytest

from common import catalogue
from tools.operations import boxes, report, status
from tools.operations.doctor import Doctor
from tools.operations.report import Mark

LINE = {"line": "line-1", "url": "/dev/tingting/E66", "open": True, "why": "", "silent_s": 1.0, "device": "ev-1"}
LINE |= {"fault": None, "todo": None, "unstored": 0}
DEVICE = {"device": "ev-1", "role": "evaluator", "window": "1", "online": True, "silent_s": 0.0}
SECRETS: dict[str, Any] = {"sealed": 2, "of": 2, "key": "837dcd43", "why": ""}
READY: dict[str, Any] = {
    "ready": True,
    "why": [],
    "hall": "qingxi",
    "version": "1",
    "journal": {"id": "j", "durable": 10, "queued": 0, "refuses": None},
    "uplink": {"state": "idle", "stored_through": 10, "why": ""},
    "secrets": SECRETS,
    "clock_sure": True,
    "lines": [LINE],
    "each_device": [DEVICE],
    "last_fault": None,
}
FAULT = {"at": "2026-11-21T09:00:00.000+08:00", "device": "ev-1", "code": "stuck_key", "todo": "free it", "over": False}

CASES: list[tuple[dict[str, Any], str, str, Mark]] = [
    ({}, "serving", "the hub serves", Mark.WELL),
    ({"ready": False}, "serving", "not everything works", Mark.BAD),
    ({"uplink": None}, "uplink", "none configured", Mark.NOTE),
    ({"uplink": {"state": "starting", "stored_through": 0, "why": ""}}, "uplink", "first time", Mark.NOTE),
    ({"uplink": {"state": "sending", "stored_through": 4, "why": ""}}, "uplink", "6 are on their way", Mark.WELL),
    ({"uplink": {"state": "away", "stored_through": 4, "why": "x"}}, "uplink", "6 events wait here", Mark.BAD),
    ({"uplink": {"state": "refused", "stored_through": 4, "why": "x"}}, "uplink", "refuses this hall", Mark.BAD),
    ({"uplink": {"state": "forked", "stored_through": 4, "why": "x"}}, "uplink", "another history", Mark.BAD),
    ({"secrets": SECRETS | {"of": 0}}, "secrets", "none yet", Mark.WELL),
    ({"secrets": SECRETS | {"sealed": 1, "why": "no key"}}, "secrets", "1 of 2 boxes' are sealed. no key", Mark.BAD),
    ({"secrets": SECRETS | {"aside": ["registry.json.damaged"]}}, "aside", "registry.json.damaged beside", Mark.NOTE),
    ({"clock_sure": False}, "clock", "not sure", Mark.BAD),
    ({"lines": [LINE | {"open": False, "why": "no"}]}, "line", "can't be opened (no)", Mark.BAD),
    ({"lines": [LINE | {"device": None, "silent_s": None}]}, "line", "nothing was heard yet", Mark.BAD),
    ({"lines": [LINE | {"device": None, "silent_s": 61.0}]}, "line", "last heard 1 min ago", Mark.BAD),
    ({"each_device": []}, "device", "No device is registered", Mark.NOTE),
    ({"each_device": [DEVICE | {"online": False, "silent_s": 7300.0}]}, "device", "silent for 2 h", Mark.BAD),
    ({"each_device": [DEVICE | {"online": False, "silent_s": None}]}, "device", "since the hub started", Mark.BAD),
    ({"each_device": [DEVICE | {"online": False, "window": None}]}, "device", "put aside", Mark.NOTE),
    ({"last_fault": FAULT}, "fault", "2026-11-21 09:00:00 ev-1 stuck_key.", Mark.BAD),
    ({"last_fault": FAULT | {"over": True}}, "fault", "it is over", Mark.NOTE),
]


@pytest.mark.parametrize(("change", "step", "text", "mark"), CASES)
def test_each_state_has_its_words(change: dict[str, Any], step: str, text: str, mark: Mark) -> None:
    english = status.findings(READY | change, catalogue.translations("en").gettext)
    found = [finding for finding in english if finding.step == step]
    assert [(finding.mark, text in finding.text) for finding in found] == [(mark, True)], found
    assert report.is_well(english) == (mark is not Mark.BAD)
    chinese = status.findings(READY | change, catalogue.translations("zh-CN").gettext)
    for one, other in zip(english, chinese, strict=True):
        assert (one.step, one.mark) == (other.step, other.mark)
        assert one.text != other.text
    for finding in english:
        if finding.mark is Mark.BAD and finding.step != "serving":  # what is behind that one stands in the other lines
            assert finding.todo, finding


@pytest.mark.parametrize(
    ("language", "text"), [("en", "This hub is older than this tool"), ("zh-CN", "该主机比本工具旧")]
)
def test_a_hub_of_the_release_before_is_said_to_be_older(language: str, text: str, tmp_path: Path) -> None:
    _ = catalogue.translations(language).gettext
    ready = {name: value for name, value in READY.items() if name != "secrets"}
    (found,) = [each for each in status.findings(ready, _) if each.step == "secrets"]
    assert (found.mark, text in found.todo) == (Mark.UNKNOWN, True)
    (told,) = boxes.findings(DEVICE, _)
    assert (told.mark, told.device, text in told.todo) == (Mark.UNKNOWN, "ev-1", True)
    examined = Doctor(tmp_path / "hub.toml", "", "", _)
    examined._ready = ready
    assert [each.mark for each in examined.findings() if each.step == "secrets"] == [Mark.UNKNOWN]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3600, "1 h"), (90_000, "1 days")]
)
def test_ages(seconds: float, words: str) -> None:
    assert report.age(seconds, lambda text: text) == words
