"""The clerk's and the manager's pages have words for everything that the rules and the rows can come up with."""

import re
from pathlib import Path
from typing import Any

import pytest

from common.catalogue import CHINESE, translations
from hub import key_tests
from hub.devices.care import BOX_TODO
from hub.devices.faults import TODO
from hub.hall.rows import KEYS, ServiceRow
from hub.queueing.state import Device
from hub.queueing.window_commands import WINDOW_VERBS
from hub.web import admin_box, admin_now, admin_parts, window_words
from hub.web.admin_forms import forms
from hub.web.admin_now import Facts
from hub.web.admin_words import words as admin_words
from hub.web.schema import SignIn

ROOT = Path(__file__).parents[2]


def same(text: str) -> str:
    return text


def refusals(*files: str) -> set[str]:
    """Every kind that these rules refuse with."""
    found: set[str] = set()
    for file in files:
        text = (ROOT / "hub/queueing" / file).read_text("utf-8")
        found |= set(re.findall(r'Refusal\(\s*"([a-z_]+)"', text)) | set(re.findall(r'\("([a-z_]+)", "[A-Z]', text))
    return found


def test_every_refusal_of_a_window_has_its_words() -> None:
    kinds = refusals("decide/serving.py", "decide/windows.py", "decide/ground.py", "decide/issuing.py", "tables.py")
    # What only kiosk, desk and manager can be refused with.
    elsewhere = {
        kind
        for kind in kinds
        if kind.startswith(("unknown_channel", "unknown_priority", "unknown_date", "date_", "too_many", "too_late"))
    } | {"closed", "cap_reached", "unknown_matter", "not_served"}
    missing = kinds - set(window_words.refused(same)) - elsewhere
    assert not missing, missing
    assert {"wrong_pin", "locked", "no_staff"} <= set(window_words.refused(same))
    assert "pin" in SignIn.__struct_fields__


def test_every_command_has_a_key_with_its_name() -> None:
    assert set(WINDOW_VERBS) <= set(window_words.words(same)["verbs"])


def test_every_row_has_a_form_and_each_field_its_label() -> None:
    made = forms(translations(CHINESE).gettext)
    assert set(made) == {"hall", *KEYS}
    listed = re.search(r"const NAV = \[(.*?)\];", (ROOT / "hub/web/static/admin.js").read_text("utf-8"), re.DOTALL)
    assert listed is not None
    assert set(made) <= set(re.findall(r'"(\w+)"', listed[1]))
    for name, form in made.items():
        assert form["fields"], name
        for field in form["fields"]:
            assert any(ord(sign) > 0x2E80 for sign in field["label"]), (name, field["name"])
            assert field["needed"] or field["default"] is not None, (name, field["name"])
    fields = {field["name"]: field for field in made["services"]["fields"]}
    assert set(fields) == set(ServiceRow.__struct_fields__)
    assert (fields["hours"]["kind"], fields["zone"]["kind"], fields["papers"]["kind"]) == ("lines", "row", "long")
    assert (fields["first_number"]["least"], fields["first_number"]["most"]) == (1, 9999)
    assert made["leds"]["fields"][2]["choices"] == ["alpha"]


def facts(**more: Any) -> Facts:
    """A hall where everything is well."""
    ready = {
        "journal": {"id": "j1", "durable": 10, "queued": 0, "refuses": None, "set_aside": []},
        "uplink": {"state": "idle", "stored_through": 10, "why": ""},
        "clock_sure": True,
        "lines": [],
        "each_device": [],
        "radios": [],
        "last_fault": None,
        "version": "1",
    }
    config: dict[str, Any] = {"hall": {"name": "厅", "hours": "9–17"}, "windows": [1], "services": [], "matters": []}
    config |= {"staff": [1]}
    ready |= more.pop("ready", {})
    tested = {"e1": "2026-11-20T08:30:00+08:00"}
    return Facts(
        ready,
        more.get("devices", []),
        more.get("printers", []),
        more.get("leds", []),
        config,
        tested,
        more.get("histories", {}),
        "2026-11-26T09:00:00+08:00",
    )


def titles(found: Facts) -> list[str]:
    return [each["title"] for each in admin_now.now(found, same)["wrong"]]


def test_a_hall_that_is_well_has_nothing_wrong() -> None:
    assert titles(facts()) == []


@pytest.mark.parametrize(
    ("ready", "title"),
    [
        ({"clock_sure": False}, "The clock was not set since the machine started"),
        ({"uplink": {"state": "away", "stored_through": 3, "why": "no route"}}, "The center is not reached"),
        ({"uplink": {"state": "forked", "stored_through": 3, "why": ""}}, "The center is not reached"),
        ({"last_fault": {"device": "e1", "code": "stuck_key", "todo": "x", "over": False}}, "Fault of e1: stuck_key"),
        (
            {"journal": {"id": "j", "durable": 10, "queued": 0, "refuses": "disk full", "set_aside": []}},
            "The journal takes no events",
        ),
        (
            {"journal": {"id": "j", "durable": 5000, "queued": 0, "refuses": None, "set_aside": []}},
            "The center is behind",
        ),
    ],
)
def test_what_is_wrong_has_its_line(ready: dict[str, Any], title: str) -> None:
    assert titles(facts(ready=ready)) == [title]


def test_a_fault_that_is_over_is_no_longer_told() -> None:
    fault = {"device": "e1", "code": "stuck_key", "todo": "x", "over": True}
    assert titles(facts(ready={"last_fault": fault})) == []


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (7300, "2 h"), (200_000, "2 d")]
)
def test_an_age_in_the_largest_unit(seconds: float, text: str) -> None:
    assert admin_parts.age(seconds, same) == text


def test_every_state_of_a_printer_has_words_and_something_to_do() -> None:
    states = {"ok", "paper_low", "paper_out", "cover_open", "fault", "offline", "no_answer", "unknown"}
    assert set(admin_now.states(same)) == states
    assert all(admin_now.printer_todo(state, same) for state in states)
    assert admin_words(same)["printer_states"] == admin_now.states(same)


def test_a_device_tells_its_health_its_age_its_repeats_and_when_its_keys_were_tested() -> None:
    health = {"uptime_ms": 7_200_000, "free_memory": 90_112, "log_fill_permille": 125}
    health |= {"rejected_frames": 2, "rejected_packets": 1}
    device = {"device": "e1", "role": "evaluator", "window": "3", "online": True, "health": health}
    device |= {"registered_at": "2026-03-01T10:00:00+08:00", "replaced_by": None, "board": "rpi_pico", "firmware": None}
    gone = device | {"device": "e3", "window": None, "online": False, "replaced_by": "e1"}
    away = device | {"device": "e2", "online": False, "health": None}
    each = [{"device": "e1", "silent_s": 0.0}, {"device": "e2", "silent_s": 600.0}]
    found = admin_now.now(facts(devices=[device, away, gone], ready={"each_device": each}), same)
    one, two, three = (row["cells"] for row in found["devices"])
    assert one == ["e1", "evaluator", "3", "online", "2026-03-01", "2 h", "88 KB", "12 %", "3", "2026-11-20 08:30"]
    assert two == ["e2", "evaluator", "3", "silent for 10 min", "2026-03-01", "—", "—", "—", "—", "never"]
    assert three[3] == "replaced by e1; its key is dead"
    assert [row["bad"] for row in found["devices"]] == [False, True, False]
    (wrong,) = found["wrong"]
    assert wrong["title"] == "e2 at window 3 is silent"
    assert "10 min" in wrong["detail"]


def test_a_box_without_a_cable_that_is_heard_badly_is_found() -> None:
    good = {"adapter": "hci0", "address": "C0", "connected": False, "rssi_dbm": -60, "heard_s": 0.4}
    good |= {"connects": 40, "failures": 1, "lost": 1, "why": ""}
    each = [
        {"device": "e1", "silent_s": 0.0, "radio": good | {"connected": True}},
        {"device": "e2", "silent_s": 0.0, "radio": good | {"rssi_dbm": -91, "heard_s": 70.0}},
        {"device": "e3", "silent_s": 0.0, "radio": good | {"failures": 3, "lost": 6, "why": "the link is gone"}},
        {"device": "e4", "silent_s": 0.0, "radio": None},
    ]
    adapter = {"adapter": "hci0", "scanning": True, "why": "", "links": 1, "links_most": 4, "connects": 120}
    adapter |= {"failures": 5, "lost": 8, "called_off": 0, "foreign": 1, "boxes": []}
    away = adapter | {"adapter": "hci1", "scanning": False, "why": "no such adapter"}
    found = admin_now.now(facts(ready={"each_device": each, "radios": [adapter, away]}), same)
    assert [row["cells"][:4] for row in found["radio"]] == [
        ["e2", "hci0", "-91 dBm", "1 min"],
        ["e1", "hci0", "-60 dBm", "connected"],
        ["e3", "hci0", "-60 dBm", "0 s"],
    ]
    assert [row["bad"] for row in found["radio"]] == [True, False, True]
    assert [row["bad"] for row in found["adapters"]] == [False, True]
    assert found["adapters"][0]["cells"] == ["hci0", "listening", "1 / 4", "120", "5", "8", "1", "—"]
    assert [wrong["title"] for wrong in found["wrong"]] == [
        "Bluetooth adapter hci1 hears nothing",
        "e2 is heard weakly: -91 dBm",
        "9 of 43 links to e3 failed",
    ]
    heads = admin_words(same)
    assert {len(row["cells"]) for row in found["radio"]} == {len(heads["radio_heads"])}
    assert {len(row["cells"]) for row in found["adapters"]} == {len(heads["adapter_heads"])}


def test_a_boxs_own_page_says_what_is_wrong_with_it() -> None:
    device = {"device": "e1", "role": "evaluator", "window": "3", "online": False, "health": None, "missing": True}
    device |= {"registered_at": "2026-03-01T10:00:00+08:00", "replaced_by": None, "silent_s": 700.0, "firmware": None}
    device |= {"board": "esp32_c3", "line": "/dev/ttyUSB0", "line_rejected": 4, "drift_ppm": -310.2}
    radio = {"adapter": "hci0", "rssi_dbm": -80, "connects": 3, "failures": 1, "lost": 0}
    history = {"starts": 2, "resets": [{"at": "2026-11-25 08:00:00", "cause": "brown out"}], "faults": []}
    history |= {"key_test": {"keys_ok": 0b11110, "dead": ["1"], "lamps": True, "sounds": False, "shows": None}}
    made = facts(devices=[device], histories={"e1": history}, ready={"each_device": [{"device": "e1", "radio": radio}]})
    found = admin_box.figures(made, "e1", same)
    assert found is not None
    told = {term: words for _, rows in found for term, words in rows}
    assert told["State"] == "silent for more than ten minutes: look at its power and its cable, else replace it"
    assert told["Runs"] == "310.2 millionths slow; more than a crystal should: replace the board"
    assert (told["Keys that gave nothing"], told["Sounds as they should be"]) == ("1", "no")
    assert (told["Signal"], told["Repeated, since the hub dropped it"]) == ("-80 dBm", "4")
    assert told["2026-11-25 08:00:00"] == "brown out"
    assert admin_box.figures(made, "e9", same) is None


def test_every_fault_of_a_box_is_told_in_words_in_both_languages() -> None:
    codes = [*TODO, *BOX_TODO, "not known yet"]
    box = Device("e1", "evaluator", faults=[{"at_ms": 0, "code": code} for code in codes])
    told = key_tests.histories({"e1": box}, 480)
    chinese, english = (
        dict(zip(reversed(codes), admin_box._faults(told["e1"], speak), strict=True))
        for speak in (translations(CHINESE).gettext, same)
    )
    assert chinese["silent"] == (
        "1970-01-01 08:00:00",
        "10 分钟没有它的消息：检查电源和线缆，不行就更换 (silent)",
    )
    for code in codes:
        assert english[code][1].endswith(f" ({code})")
        assert chinese[code] != english[code], code
