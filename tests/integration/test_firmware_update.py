"""An update of a running box, by a hub's end of its line: the unmodified firmware, in the heap that it must live in."""

import asyncio
import time
from hashlib import sha256
from pathlib import Path

import pytest

from protocol import messages as m
from protocol import updating as u
from tests.caller_support import press
from tests.integration.firmware_bench import SECRET, WAIT_S, Hub, box_and_hub, flash, settings
from tests.integration.simulator_bench import volume
from tools.device import build
from tools.simulator.board import SimulatedBoard

HEAP = 112 * 1024  # 16 KB more than a box at rest must live in: docs/explanation/footprint.md
UPDATE_S = 300.0  # 320 chunks, each through the box's flash; 10 s alone
FLAGS_NONE = 0


class Sender:
    """What a hub does of an update, step by step."""

    def __init__(self, hub: Hub, files: dict[str, bytes], **head: str) -> None:
        rows = [(len(data), sha256(data).hexdigest().encode(), path) for path, data in sorted(files.items())]
        version, role, board = head.get("version", "0.2.0+new"), head.get("role", "evaluator"), "rpi_pico"
        self.manifest = u.write_manifest(version, 1_795_000_000, role, board, rows)
        self.hub = hub
        self.parts = [self.manifest, *(files[path] for _, _, path in rows)]
        self.chunks = 0

    async def step(self, step: int, file: int = 0, at: int = 0, data: bytes = b"") -> tuple[int, str | None]:
        hub = self.hub
        args = {"step": step, "file": file, "at": at, "data": data}
        request = hub.endpoint.request(m.UPDATE, args, hub.now_ms() + 10_000)
        while out := hub.endpoint.outgoing(hub.now_ms()):  # at once: the harness looks every 50 ms
            hub._writer.write(out)
        await hub.wait_for(lambda: request in hub.answers, f"the answer to step {step}")
        return hub.answers.pop(request)

    async def begin(self) -> tuple[int, str | None]:
        mac = u.update_mac(u.update_key(SECRET), FLAGS_NONE, sha256(self.manifest).digest())
        while True:
            answer = await self.step(u.STEP_BEGIN, 0, len(self.manifest), bytes([FLAGS_NONE]) + mac)
            if answer != (m.ACCEPTED, "more"):
                return answer

    async def send(self, most: int = 1 << 20) -> tuple[int, str | None]:
        code, detail = await self.begin()
        while code == m.ACCEPTED and detail != "done":
            assert detail is not None
            _, number, place = detail.split()
            file, at = int(number), int(place)
            while file < len(self.parts):
                data = self.parts[file][at : at + u.CHUNK_BYTES]
                answer = await self.step(u.STEP_DATA, file, at, data)
                self.chunks += 1
                if answer != (m.ACCEPTED, None) or self.chunks == most:
                    return answer
                at += len(data)
                if at == len(self.parts[file]):
                    file, at = file + 1, 0
            code, detail = await self.begin()
        return code, detail


def slot_files() -> dict[str, bytes]:
    """A whole firmware, as it lies below a slot."""
    image = build.build("evaluator", "rpi_pico")
    return {name.removeprefix("a/"): path.read_bytes() for name, path in image.files.items() if name != build.MAIN}


def in_flash(board: SimulatedBoard, name: str) -> bytes:
    with volume(board.flash.path.read_bytes()).open(name, "rb") as file:
        return bytes(file.read())


async def test_firmware_update_is_refused_where_memory_is_short(tmp_path: Path) -> None:
    """And all else goes on: the heap is the smallest in which a box at rest must live."""
    async with box_and_hub(flash(tmp_path, settings())) as (board, hub):
        await hub.fact(m.BOOTED)
        sender = Sender(hub, {"firmware/main.mpy": b"x"})
        for _ in range(3):
            assert await sender.begin() == (m.FAILED, "memory")
        assert (await hub.invite(b"run 0001"))[0] == m.ACCEPTED
        await board.wait_lamps(True, WAIT_S)
        await press(board, 4)
        await hub.fact(m.RATED)
        assert board.view.boots == 1


async def test_firmware_update_is_taken_tried_and_good_while_people_are_asked(tmp_path: Path) -> None:
    """Over serial, with a question in the middle; then the other way round."""
    async with box_and_hub(flash(tmp_path, settings()), heap_bytes=HEAP) as (board, hub):
        await hub.fact(m.BOOTED)
        sender = Sender(hub, slot_files())
        assert (await sender.step(u.STEP_ASK))[1] == "a a " + build.build("evaluator", "rpi_pico").version
        begin = time.monotonic()
        assert await sender.send(most=40) == (m.ACCEPTED, None)
        assert (await hub.invite(b"run 0001"))[0] == m.ACCEPTED
        await board.wait_lamps(True, WAIT_S)
        sending = asyncio.create_task(sender.send())
        await press(board, 2)
        await board.wait_lamps(False, WAIT_S)
        assert (await hub.fact(m.RATED))["fields"]["grade"] == 2
        assert await asyncio.wait_for(sending, UPDATE_S) == (m.ACCEPTED, "done")
        print("chunks", sender.chunks, "seconds", time.monotonic() - begin)
        assert await sender.step(u.STEP_GO) == (m.ACCEPTED, None)
        await board.wait_for(lambda view: view.boots == 2, WAIT_S)
        await hub.wait_for(lambda: in_flash(board, "slot") == b"b", "a good slot")
        assert (await sender.step(u.STEP_ASK))[1].startswith("b b ")
        assert len(hub.of_kind(m.RATED)) == 1
        await board.reset()
        assert b"trial" in board.output
        await hub.fact(m.BOOTED, 3)
        assert (await sender.step(u.STEP_ASK))[1].startswith("b b ")


async def test_firmware_update_of_a_caller_waits_for_its_question_and_is_answered(tmp_path: Path) -> None:
    """Its hub leaves the question unanswered for the 3 s that the caller gives it."""
    image = flash(tmp_path, settings(role="caller"))
    async with box_and_hub(image, role="caller", heap_bytes=HEAP + 16 * 1024) as (board, hub):
        await hub.fact(m.BOOTED)
        hub.endpoint.show(m.WINDOW_IDLE, "", "3", 2)
        await board.wait_text("L  2", WAIT_S)
        sender = Sender(hub, {"firmware/main.mpy": b"x"}, role="caller")
        assert await sender.send() == (m.ACCEPTED, "done")
        await press(board, "next")
        while (answer := await sender.step(u.STEP_GO)) == (m.REFUSED, "busy"):
            pass
        assert answer == (m.ACCEPTED, None)
        await board.wait_for(lambda view: view.boots > 1, WAIT_S)
        assert [fact["code"] for fact in (each["fields"] for each in hub.of_kind(m.FAULT))] == []


CRASHES = "def run(trial=False):\n    raise ValueError('a firmware that fails')\n"
HANGS = "import time\n\n\ndef run(trial=False):\n    while True:\n        time.sleep_ms(20)\n"
NO_PROGRAM = "raise ImportError('nothing of use')\n"
# As a box has it, but for the 120 s of a trial, which a test has no time for; a source goes before the .mpy beside it.
CHOOSER = (build.ROOT / "firmware" / "device_start.py").read_text("utf-8")
QUICK_TRIAL = CHOOSER.replace("period=120_000", "period=1_000").encode()


@pytest.mark.parametrize("program", [CRASHES, HANGS, NO_PROGRAM], ids=["crashes", "hangs", "is none"])
async def test_firmware_update_that_is_no_good_goes_back_by_itself_and_facts_stay(tmp_path: Path, program: str) -> None:
    """Three starts on trial, then the old one runs again and says so; a rating that no hub had is still there."""
    assert CHOOSER.encode() != QUICK_TRIAL
    image = flash(tmp_path, settings(), {"start.py": QUICK_TRIAL})
    async with box_and_hub(image, heap_bytes=HEAP) as (board, hub):
        version = (await hub.fact(m.BOOTED))["fields"]["firmware"]
        hub.acknowledging = False
        assert (await hub.invite(b"run 0001"))[0] == m.ACCEPTED
        await board.wait_lamps(True, WAIT_S)
        await press(board, 3)
        rated = await hub.fact(m.RATED)
        await hub.wait_for(lambda: hub.statuses[-1]["app_state"] == m.APP_IDLE, "thanks to be over")
        sender = Sender(hub, {"firmware/__init__.py": b"VERSION = '0.2.0+bad'\n", "firmware/main.py": program.encode()})
        assert await sender.send() == (m.ACCEPTED, "done")
        del hub.facts[rated["n"]]  # the hub forgets it, as one does that died before it was durable
        hub.acknowledging = True
        assert await sender.step(u.STEP_GO) == (m.ACCEPTED, None)
        await board.wait_for(lambda view: view.boots == 5, UPDATE_S)
        await hub.fact(m.BOOTED, 2)
        assert hub.of_kind(m.BOOTED)[-1]["fields"]["firmware"] == version
        assert (await hub.fact(m.RATED))["fields"] == rated["fields"]
        assert in_flash(board, "slot") == b"a-b"
        assert (await sender.step(u.STEP_ASK))[1] == f"a-b a {version}"
        assert (await hub.invite(b"run 0002"))[0] == m.ACCEPTED


async def test_firmware_update_for_another_is_refused_and_the_box_works_on(tmp_path: Path) -> None:
    async with box_and_hub(flash(tmp_path, settings()), heap_bytes=HEAP) as (board, hub):
        await hub.fact(m.BOOTED)
        files = {"firmware/main.py": CRASHES.encode()}
        for reason, sender in (
            ("role", Sender(hub, files, role="caller")),
            ("older", Sender(hub, files, version="0.0.1")),
        ):
            assert await sender.send() == (m.REFUSED, reason)
            assert await sender.step(u.STEP_GO) == (m.REFUSED, "begin")
        sender = Sender(hub, files)
        sender.parts[1] = sender.parts[1].replace(b"fails", b"FAILS")
        assert await sender.send() == (m.REFUSED, "damaged")
        sender = Sender(hub, files, version="0.2.1")
        sender.parts[0] = sender.parts[0].replace(b"0.2.1", b"0.3.0")
        assert await sender.send() == (m.REFUSED, "mac")
        assert await sender.step(u.STEP_GO) == (m.REFUSED, "begin")
        assert (await hub.invite(b"run 0001"))[0] == m.ACCEPTED
        await board.wait_lamps(True, WAIT_S)
        await press(board, 1)
        await hub.fact(m.RATED)
        assert board.view.boots == 1
