"""The recorded run as people read it: which aims are met, beside what."""

import json
from pathlib import Path

import pytest

from tools.checks import measured


def _row(name: str, value: float, aim: float | None) -> dict[str, object]:
    return {"name": name, "value": value, "unit": "s", "aim": aim, "limit": "s | raw", "limit_value": 2.0, "ratio": 0.5}


def test_a_missed_aim_is_named_whichever_way_is_better(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        _row("hub.accept_per_s", 9_000, 10_000),
        _row("uplink.drain_per_s", 10_000, 10_000),
        _row("hub.restart_s", 1.2, 1),
        _row("hub.restart_1m_s", 2.9, 3),
        _row("firmware.free_heap_kb", 89, 90),
        _row("hub.tickets_per_s", 900, None),
    ]
    path = tmp_path / "recorded.json"
    path.write_text(json.dumps({"machine": {"cores": 2, "busy_before": 0.3}, "results": rows}), "utf-8")
    monkeypatch.setattr(measured, "RECORDED", tmp_path)
    lines = measured.table().splitlines()
    assert lines[0] == "Machine: cores 2, busy before 0.3."
    aims = {line.split("|")[1].strip(" `"): line.split("|")[3].strip() for line in lines[4:]}
    assert aims == {
        "hub.accept_per_s": "10000 **missed**",
        "uplink.drain_per_s": "10000 met",
        "hub.restart_s": "1 **missed**",
        "hub.restart_1m_s": "3 met",
        "firmware.free_heap_kb": "90 **missed**",
        "hub.tickets_per_s": "–",
    }
    assert all(r"s \| raw" in line for line in lines[4:])


def test_each_run_has_its_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, cores in (("b", 4), ("a", 2)):
        run = {"machine": {"cores": cores}, "results": [_row(f"{name}.x_s", 1, None)]}
        (tmp_path / f"{name}.json").write_text(json.dumps(run), "utf-8")
    monkeypatch.setattr(measured, "RECORDED", tmp_path)
    lines = measured.table().splitlines()
    assert [line for line in lines if line.startswith("Machine")] == ["Machine: cores 2.", "Machine: cores 4."]
    assert lines.index("Machine: cores 4.") > next(n for n, line in enumerate(lines) if "a.x_s" in line)


def test_the_recorded_runs_have_each_figure_once() -> None:
    runs = [json.loads(path.read_text("utf-8")) for path in measured.RECORDED.glob("*.json")]
    names = [row["name"] for run in runs for row in run["results"]]
    assert len(names) == len(set(names))
    assert {"hub.accept_per_s", "hub.restart_s", "uplink.drain_per_s", "serial.press_to_ack_p99_ms"} <= set(names)
