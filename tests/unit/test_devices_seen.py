"""How boxes are heard is asked of the radios once for a whole view, however many boxes a hall has."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.device_doors import DeviceDesk
from hub.devices import fleet_view
from hub.devices.fleet import Fleet
from hub.devices.registry import EVALUATOR, Device, Registry
from hub.web import keys
from tests.unit.test_devices_asking import Hall

BOXES = 20
# As loud as its adapter hears it: hci1 hears the odd ones better; ev-0 is heard by hci0 alone, ev-1 by none.
FAR_DBM, NEAR_DBM = -80, -50


class Radio:
    """An adapter that counts how often it is asked."""

    def __init__(self, adapter: str, heard: dict[str, int]) -> None:
        self.adapter = adapter
        self.heard = heard
        self.asked = 0

    def look(self) -> None:
        """Nothing is done here."""

    def view(self) -> dict[str, Any]:
        self.asked += 1
        rest = {"address": "A", "connected": False, "heard_s": 0.1, "connects": 1, "failures": 0, "lost": 0, "why": ""}
        boxes = [{"device": name, "rssi_dbm": dbm, "proven": True} | rest for name, dbm in self.heard.items()]
        counts = {"connects": 1, "failures": 0, "lost": 0, "called_off": 0}
        return {"adapter": self.adapter, "scanning": True, "links": 0, "boxes": boxes} | counts


class Airy:
    """A fleet with boxes on two adapters."""

    def __init__(self, folder: Path) -> None:
        self.hall = Hall()
        registry = Registry(folder / "registry.json")
        for number in range(BOXES):
            registry.register(
                Device(
                    device=f"ev-{number}",
                    role=EVALUATOR,
                    window=f"{number}",
                    epoch="0" * 16,
                    secret="0" * 64,
                    board="x",
                    registered_at="",
                )
            )
        self.fleet = Fleet(
            registry, self.hall, os.urandom, lambda *_, **__: None, invitation_s=20, answer_s=3.0, send_window=8
        )
        odd = {f"ev-{number}": number % 2 for number in range(2, BOXES)}
        self.radios = [
            Radio("hci0", {"ev-0": FAR_DBM} | {name: FAR_DBM if far else NEAR_DBM for name, far in odd.items()}),
            Radio("hci1", {"nobody": NEAR_DBM} | {name: NEAR_DBM if near else FAR_DBM for name, near in odd.items()}),
        ]
        self.fleet.air.radios += self.radios

    def asked(self) -> list[int]:
        """How often each was since the last question."""
        counts = [radio.asked for radio in self.radios]
        for radio in self.radios:
            radio.asked = 0
        return counts


@pytest.fixture
def airy(tmp_path: Path) -> Airy:
    return Airy(tmp_path)


def heard(devices: list[dict[str, Any]]) -> dict[str, tuple[str, int] | None]:
    return {
        each["device"]: None if each["radio"] is None else (each["radio"]["adapter"], each["radio"]["rssi_dbm"])
        for each in devices
    }


def test_a_view_of_all_boxes_asks_each_radio_once(airy: Airy) -> None:
    best: dict[str, tuple[str, int] | None] = {f"ev-{n}": (f"hci{n % 2}", NEAR_DBM) for n in range(2, BOXES)}
    best |= {"ev-0": ("hci0", FAR_DBM), "ev-1": None}
    assert heard(fleet_view.devices(airy.fleet, airy.hall.state)) == best
    assert airy.asked() == [1, 1]
    assert heard(fleet_view.care(airy.fleet)["each_device"]) == best
    assert airy.asked() == [1, 1]
    metrics = fleet_view.metrics(airy.fleet)["tingting_device_rssi_dbm"]
    assert metrics == {(name, EVALUATOR, name[3:]): seen[1] for name, seen in best.items() if seen is not None}
    assert airy.asked() == [1, 1]


def test_when_keys_were_tested_is_told_without_asking_how_boxes_are(airy: Airy) -> None:
    desk = DeviceDesk(airy.fleet, None, None)  # type: ignore[arg-type]  # neither is asked here
    rows = [
        {"window": window, "name": "", "name_en": "", "keys_tested_at": None, "keys_dead": None}
        for window in ("1", "2", "99")
    ]
    house: Any = SimpleNamespace(devices=desk, hall_view=lambda: {"windows": rows})
    assert [each["window"] for each in keys.tested(house)] == ["1", "2"]
    assert airy.asked() == [0, 0]
