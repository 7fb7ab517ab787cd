"""A box that has a place and says nothing for ten minutes: one fault in the journal, a mark until it is back."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hub.devices import fleet as fleet_module
from hub.devices.care import SILENT_MS
from hub.queueing.commands import DeviceFaultSeen, DeviceHeardAgain
from hub.queueing.state import Device
from tests.unit.test_devices_asking import Bench, Hall


class NotingHall(Hall):
    """Keeps what is submitted."""

    def __init__(self) -> None:
        super().__init__()
        self.submitted: list[Any] = []

    async def submit(self, command: Any) -> dict[str, Any]:
        self.submitted.append(command)
        return {}


async def turns(fleet: fleet_module.Fleet) -> None:
    """What one of the fleet's seconds does about it, and the journal's turn."""
    fleet._missing.look()
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_silent_box_is_one_fault_and_marked_until_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall = NotingHall()
    monkeypatch.setattr("tests.unit.test_devices_asking.Hall", lambda: hall)
    bench = Bench(tmp_path)
    spare = bench.fleet.registry.find("ca-1")
    assert spare is not None
    await bench.fleet.register("ca-2", "caller", None, epoch="ab" * 8, secret="cd" * 32, board="x")
    await turns(bench.fleet)
    assert hall.submitted == []
    hall.now_ms += SILENT_MS
    await turns(bench.fleet)
    await turns(bench.fleet)
    detail = {"window": "1", "silent_s": 600}
    # Not the spare one: it lies in its drawer.
    assert hall.submitted == [DeviceFaultSeen("ca-1", "caller", "silent", detail)]
    assert {each["device"]: each["missing"] for each in bench.fleet.shown()} == {"ca-1": True, "ca-2": False}
    await bench.connect()
    await turns(bench.fleet)
    assert not any(each["missing"] for each in bench.fleet.shown())
    await bench.session.close()


async def test_a_silent_box_that_is_back_is_told_once_also_at_another_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This hub has only just started: what it knows of the silence is what the journal has."""
    hall = NotingHall()
    hall.state.devices["ca-1"] = Device("ca-1", "caller", silent=True)
    monkeypatch.setattr("tests.unit.test_devices_asking.Hall", lambda: hall)
    bench = Bench(tmp_path)
    back = DeviceHeardAgain("ca-1", "caller")
    await turns(bench.fleet)
    assert back not in hall.submitted
    await bench.connect()
    await turns(bench.fleet)
    await turns(bench.fleet)
    assert hall.submitted.count(back) == 1
    hall.state.devices["ca-1"].silent = False
    await turns(bench.fleet)
    hall.state.devices["ca-1"].silent = True  # another night
    await turns(bench.fleet)
    assert hall.submitted.count(back) == 2
    await bench.session.close()
