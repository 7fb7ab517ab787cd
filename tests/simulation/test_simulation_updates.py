"""Updates in the middle of the storm: a box always starts, old or new, and says which; planted bugs are found."""

from collections.abc import Callable

import pytest

from firmware.trial import Trial
from firmware.updating import Updater
from protocol import messages
from tests.simulation import plants
from tools.simulation import slots
from tools.simulation.whole import whole

SEEDS = range(40)  # three of five have updates; a bug that they can show is found in the first of them


def _counted_after_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chooser starts the trial and takes the start off later: a firmware that hangs then hangs for ever."""
    start = slots.CHOOSER.start

    def planted() -> object:
        volume = slots.whose_turn().volume
        before = volume.files.get(slots.SLOT)
        end = start()
        if end is not None and before is not None:
            volume.files[slots.SLOT] = before
        return end

    monkeypatch.setattr(slots.CHOOSER, "start", planted)


def _tried_before_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slot is put on trial with its manifest, and its files come after."""
    finish = Updater._finish

    def planted(self: Updater, digest: bytes, path: str) -> tuple[int, str | None]:
        answer: tuple[int, str | None] = finish(self, digest, path)
        if path == "manifest" and answer[0] == messages.ACCEPTED:
            _write_line(self._running + self._path[-1:] + "3")
        return answer

    monkeypatch.setattr(Updater, "_finish", planted)


def _good_unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A firmware on trial calls itself good because it runs; whether it finds its hub, nobody has seen."""

    def planted(self: Trial, _now_ms: int) -> bool:
        _write_line(self._line[1:2].decode())
        return True

    monkeypatch.setattr(Trial, "idle", planted)


def _log_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    """An update makes room for itself where the unsent facts are."""
    begin = Updater._begin

    def planted(self: Updater, size: int, mac: bytes) -> tuple[int, str | None]:
        if mac != self._mac:
            self._box.log.trim(self._box.log.next - 1)
        answer: tuple[int, str | None] = begin(self, size, mac)
        return answer

    monkeypatch.setattr(Updater, "_begin", planted)


def _write_line(line: str) -> None:
    volume = slots.whose_turn().volume
    with volume.open("/slot.new", "wb") as file:
        file.write(line.encode())
    volume.rename("/slot.new", slots.SLOT)


PLANTS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "trial counted after its start": (_counted_after_start, "on trial uncounted"),
    "tried before its files are proven": (_tried_before_proven, "its slot line was a, and now is ab3"),
    "good before its hub has heard of it": (_good_unheard, "its slot line was ab2, and now is b"),
    "log emptied by an update": (_log_emptied, "was acknowledged, and is on no hub's disk"),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_bug_of_updates_is_found_named_and_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    plant, word = PLANTS[name]
    plant(monkeypatch)
    assert "its slot line is" in plants.told(whole, SEEDS, word)
