"""The hub's steps against the box's own code for them: whatever is lost on the way, the slot ends as it was signed."""

import gc
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.files import Directory
from firmware.updating import Updater
from hub.devices import sending
from hub.devices.bundles import Target
from hub.devices.sending import MAX_DAMAGED, Ready, Reason, Refused, Seen, Sending
from protocol import messages, updating

SECRET = bytes(range(32))
LOST, ANSWER_LOST, RESTART, DAMAGED = "lost", "answer lost", "restart", "damaged"
MOST_STEPS = 4000


@pytest.fixture(scope="module", autouse=True)
def quick_collections() -> Iterator[None]:
    """A board collects at every file; in a test's heap each of them would take 50 ms."""
    gc.freeze()
    yield
    gc.unfreeze()


class Box:
    """The firmware's own updater on a folder, as a box has it on littlefs."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.root = str(folder)
        self.files = Directory(self.root + "/log")
        (folder / "a").mkdir(exist_ok=True)
        known = {"secret": SECRET.hex(), "role": "evaluator", "board": "rpi_pico"} | settings
        (folder / "settings.json").write_text(json.dumps(known), "utf-8")
        self.restarted = False
        self.start()

    def start(self) -> None:
        log = SimpleNamespace(files=self.files, used_bytes=lambda: 0, open_run=None)
        app = SimpleNamespace(busy=lambda: False)
        self.updater = Updater(SimpleNamespace(log=log, app=app, restart=self._restart), self.root, "a")

    def _restart(self, _now_ms: int, _maintained: bool) -> None:
        self.restarted = True

    def take(self, step: dict[str, Any]) -> tuple[int, str | None]:
        code, detail = self.updater.take(step, 0)
        return int(code), detail

    def slot(self) -> dict[str, bytes]:
        folder = Path(self.root) / "b"
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def target(files: dict[str, bytes], version: str = "0.9.0", board: str = "rpi_pico") -> Target:
    rows = [(len(data), sha256(data).hexdigest().encode(), path) for path, data in sorted(files.items())]
    manifest = updating.write_manifest(version, 1_795_000_000, "evaluator", board, rows)
    return Target(version, 1_795_000_000, manifest, files)


def drive(box: Box, way: Sending, faults: dict[int, str]) -> Ready | Refused | None:
    """A hub that sends until there is an end, with these faults at these steps."""
    for number in range(MOST_STEPS):
        fault = faults.get(number)
        if fault == RESTART:
            box.start()
        step = way.step
        if fault == DAMAGED and step["data"] and step["step"] == updating.STEP_DATA:
            step = step | {"data": bytes([step["data"][0] ^ 1]) + step["data"][1:]}
        if fault == LOST:
            way.again()
            continue
        answer = box.take(step)
        if fault == ANSWER_LOST:
            way.again()
            continue
        told = way.answered(*answer)
        if told is not None:
            return told
    raise AssertionError("it never ends")


files = st.dictionaries(
    st.sampled_from(["firmware/main.mpy", "firmware/__init__.py", "firmware/links/usb.mpy", "a", "b/c/d"]),
    st.binary(min_size=1, max_size=700),
    min_size=1,
    max_size=5,
)
faults = st.dictionaries(st.integers(0, 60), st.sampled_from([LOST, ANSWER_LOST, RESTART]), max_size=12)


@given(new=files, old=files, lost=faults)
def test_whatever_is_lost_the_slot_ends_as_it_was_signed(
    new: dict[str, bytes], old: dict[str, bytes], lost: dict[int, str]
) -> None:
    with TemporaryDirectory() as folder:
        box = Box(Path(folder))
        assert drive(box, Sending(target(old, "0.8.0"), SECRET, older=False), {}) == Ready()
        wanted = target(new)
        way = Sending(wanted, SECRET, older=False)
        assert drive(box, way, lost) == Ready()
        assert box.slot() == new | {"manifest": wanted.manifest}
        assert sending.went(box.take(sending.GO)) is None
        assert box.restarted
        assert (Path(folder) / "slot").read_bytes() == b"ab3"
        seen = sending.seen(box.take(sending.ASK))
        assert isinstance(seen, Seen)
        assert seen.on_trial
        assert not seen.went_back


@given(new=files, at=st.integers(0, 20), times=st.integers(1, 5))
def test_a_damaged_file_is_sent_again_and_not_for_ever(new: dict[str, bytes], at: int, times: int) -> None:
    with TemporaryDirectory() as folder:
        box = Box(Path(folder))
        way = Sending(target(new), SECRET, older=False)
        told = drive(box, way, dict.fromkeys(range(at, at + times), DAMAGED))
        if times < MAX_DAMAGED:
            # A manifest that came damaged doesn't fit its MAC: that is said as such, and is the end.
            assert told in (Ready(), Refused(Reason.MAC))
        else:
            assert told in (Ready(), Refused(Reason.MAC), Refused(Reason.DAMAGED))
        if told == Ready():
            assert box.slot() == new | {"manifest": target(new).manifest}


def test_what_is_not_for_a_box_is_refused_by_it_with_its_reason(tmp_path: Path) -> None:
    content = {"firmware/main.mpy": b"x" * 300}
    for number, (wanted, secret, older, reason) in enumerate(
        (
            (target(content, board="esp32_c3"), SECRET, False, Reason.BOARD),
            (target(content, "0.0.1"), SECRET, False, Reason.OLDER),
            (target(content), bytes(32), False, Reason.MAC),
            (target(content, "0.0.1"), SECRET, True, None),
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        told = drive(Box(folder), Sending(wanted, secret, older=older), {})
        assert told == (Ready() if reason is None else Refused(reason)), reason
    folder = tmp_path / "role"
    folder.mkdir()
    told = drive(Box(folder, role="caller"), Sending(target(content), SECRET, older=False), {})
    assert told == Refused(Reason.ROLE)


@given(answers=st.lists(st.tuples(st.integers(0, 5), st.none() | st.text(max_size=20)), min_size=1, max_size=500))
def test_whatever_a_box_answers_the_sender_ends_or_has_a_step(answers: list[tuple[int, str | None]]) -> None:
    way = Sending(target({"a": b"x" * 500}), SECRET, older=False)
    for code, detail in answers:
        step = way.step
        assert set(step) == {"step", "file", "at", "data"}
        assert len(step["data"]) <= updating.CHUNK_BYTES
        assert 0 <= way.sent <= way.bytes
        if way.answered(code, detail) is not None:
            return


def test_a_box_that_only_asks_for_more_is_given_up() -> None:
    way = Sending(target({"a": b"x"}), SECRET, older=False)
    for number in range(1000):
        told = way.answered(messages.ACCEPTED, "more" if number % 2 else "want 0 0")
        way.again()
        if told is not None:
            assert told == Refused(Reason.STRANGE)
            return
    raise AssertionError("it never ends")


def test_a_firmware_that_knows_no_update_is_refused_as_that() -> None:
    unknown = messages.UNKNOWN_COMMAND, None
    assert sending.seen(unknown) == Refused(Reason.UNKNOWN)
    assert Sending(target({"a": b"x"}), SECRET, older=False).answered(*unknown) == Refused(Reason.UNKNOWN)
    assert sending.seen((messages.FAILED, "memory")) == Refused(Reason.MEMORY, later=True)
    assert sending.seen((messages.ACCEPTED, "a")) == Refused(Reason.STRANGE)
