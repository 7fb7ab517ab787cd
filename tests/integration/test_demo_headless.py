"""The headless demo as it is shipped: every journey on the center exactly once, whatever goes wrong meanwhile."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests import demo_support
from tools.demo import check, presses

FIELDS = [
    "citizens",
    "tickets",
    "called",
    "finished",
    "rated",
    "unrated",
    "lost",
    "duplicated",
    "interpreter",
    "seconds",
]
# What must have been made at the least, or the run has proved nothing.
MADE = {
    "center-down": ["center killed 1 ×"],
    "hub-kills": ["hub killed 10 ×", "center killed 1 ×"],
    "wires": ["line cut", "line garbled"],
    "power": ["power lost"],
}


async def _run(room: Path, citizens: int, *kinds: str) -> dict[str, Any]:
    """Runs the demo to its end and checks all that must hold for every run."""
    kept, report_path = room / "kept", room / "report.json"
    arguments = ["--headless", "--citizens", str(citizens), "--seed", "1", "--report", str(report_path)]
    arguments += ["--keep", str(kept), *(word for kind in kinds for word in ("--fault", kind))]
    process = await demo_support.start(room, *arguments)
    said, _ = await process.communicate()
    text = said.decode()
    assert process.returncode == 0, text
    report: dict[str, Any] = json.loads(report_path.read_text("utf-8"))
    assert list(report) == FIELDS
    assert (report["citizens"], report["tickets"], report["called"], report["finished"]) == (citizens,) * 4
    assert (report["lost"], report["duplicated"]) == (0, 0)
    assert report["rated"] + report["unrated"] == citizens
    assert report["rated"] > 0
    assert report["interpreter"].startswith("MicroPython ")
    for kind in kinds:
        for word in MADE[kind]:
            assert word in text, text
    events = [json.loads(line) for line in (kept / "events.jsonl").read_text("utf-8").splitlines()]
    pressed = presses.read(kept / "pressed.jsonl")
    assert check.compare(pressed, events) == []
    assert sum(press.thanked for press in pressed) <= report["rated"]
    await demo_support.wait_gone(room)
    return report


async def test_every_journey_reaches_the_center_once(tmp_path: Path) -> None:
    await _run(tmp_path, 12)


async def test_with_the_center_down_for_the_middle_third(tmp_path: Path) -> None:
    await _run(tmp_path, 12, "center-down")


async def test_with_the_hub_killed_ten_times(tmp_path: Path) -> None:
    await _run(tmp_path, 12, "hub-kills")


async def test_with_lines_cut_and_garbled(tmp_path: Path) -> None:
    await _run(tmp_path, 24, "wires")


async def test_with_boxes_that_lose_their_power(tmp_path: Path) -> None:
    await _run(tmp_path, 16, "power")


@pytest.mark.long
@pytest.mark.parametrize("kinds", [(), ("center-down",), ("hub-kills",), ("wires",), ("power",)])
async def test_the_whole_form_with_two_hundred_citizens(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    await _run(tmp_path, 200, *kinds)


@pytest.mark.long
async def test_everything_at_once(tmp_path: Path) -> None:
    await _run(tmp_path, 60, "center-down", "hub-kills", "wires", "power")


async def test_ctrl_c_ends_everything_it_started(tmp_path: Path) -> None:
    process = await demo_support.start(tmp_path, "--headless", "--citizens", "1000")
    await demo_support.read_until(process, "doors open")
    assert demo_support.family(tmp_path)
    process.send_signal(signal.SIGINT)
    rest, _ = await process.communicate()
    assert process.returncode == 1
    assert "there is no report" in rest.decode()
    await demo_support.wait_gone(tmp_path)
    assert not list(tmp_path.glob("tingting-demo-*"))


async def test_a_killed_demo_leaves_nothing_running(tmp_path: Path) -> None:
    process = await demo_support.start(tmp_path, "--headless", "--citizens", "1000")
    await demo_support.read_until(process, "doors open")
    assert demo_support.family(tmp_path)
    process.kill()
    await process.communicate()
    await demo_support.wait_gone(tmp_path)


async def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine").write_text("precious")
    process = await demo_support.start(tmp_path, "--headless", "--keep", str(tmp_path / "kept"))
    said, _ = await process.communicate()
    assert process.returncode == 2
    assert "not empty" in said.decode()
    assert (tmp_path / "kept" / "mine").read_text() == "precious"
