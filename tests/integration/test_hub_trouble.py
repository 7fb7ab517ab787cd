"""What the hub's devices go through when the hub is in trouble: a full disk, kills at bad moments, a second line."""

import resource
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from protocol import messages
from tests.hub_support import Box, HubProcess, until


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    async with Box("evaluator-1") as made:
        yield made


async def connected(hub: HubProcess, box: Box) -> None:
    """Registered, and its window open for citizens."""
    await hub.register(box)
    await until(lambda: hub.online(box), "the box")
    await hub.command("1", "sign_in", staff="s1")


async def test_a_press_during_a_full_disk_waits_in_the_box_and_comes_once(tmp_path: Path, box: Box) -> None:
    async with HubProcess(tmp_path, (box.line,)) as hub:
        await connected(hub, box)
        await hub.serve_one()
        await until(lambda: box.open_run, "the question")
        await hub.wait_event("hall.rating.invited")
        assert hub.process is not None
        resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        number = box.press(1)

        async def refused() -> bool:
            return "device.fact_not_kept" in hub.log()

        await until(refused, "the refusal")
        assert box.log.oldest == number
        resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await until(lambda: box.log.oldest > number, "the acknowledgement")
        [submitted] = await hub.events("hall.rating.submitted")
        assert submitted["data"]["grade"] == 1
        assert '"grade"' not in hub.log()


async def test_a_question_that_nobody_took_is_away_and_a_late_yes_takes_it_back(tmp_path: Path, box: Box) -> None:
    """The box accepted, its answer was lost with the line: away gives way to invited, and that to the press."""
    async with HubProcess(tmp_path, (box.line,)) as hub:
        await connected(hub, box)
        box.answers = False
        await hub.serve_one()
        await until(lambda: box.invited, "the question")
        box.open_run = box.invited[-1]
        box.cut()
        await hub.wait_event("hall.rating.unrated")
        await hub.wait_event("hall.rating.invited")
        box.press(4)
        [submitted] = await hub.wait_event("hall.rating.submitted")
        [finished] = await hub.events("hall.ticket.finished")
        assert submitted["data"]["run"] == finished["data"]["run"]
        kinds = [event["type"] for event in await hub.events("hall.rating.")]
        assert kinds == ["hall.rating.unrated", "hall.rating.invited", "hall.rating.submitted"]


async def test_the_same_box_by_another_line_goes_on_where_it_was(tmp_path: Path, box: Box) -> None:
    """A technician plugs the cable over: the newer line wins, no fact is counted twice, none is lost."""
    async with Box(box.device, box.secret) as over:
        over.epoch, over.log = box.epoch, box.log
        async with HubProcess(tmp_path, (box.line, over.line)) as hub:
            await until(lambda: over.raw, "the second line")
            await hub.register(box)
            await until(lambda: hub.online(box), "the box")
            for code in range(1, 6):
                box.fact(messages.RECOVERED, code=code)
            box.cut()
            await until(lambda: box.log.oldest == 6, "all acknowledged")
            found = await hub.wait_event("hall.device.recovered", 5)
            assert [event["data"]["fact"] for event in found] == [1, 2, 3, 4, 5]


async def test_a_box_that_restarts_with_an_open_question_ends_it_as_its_own_fault(tmp_path: Path, box: Box) -> None:
    async with HubProcess(tmp_path, (box.line,)) as hub:
        await connected(hub, box)
        await hub.serve_one()
        await hub.wait_event("hall.rating.invited")
        run, box.open_run = box.open_run, None
        box.boot += 1
        box.fact(messages.UNRATED, run=run, reason=messages.UNRATED_DEVICE_FAULT)
        box.cut()
        [unrated] = await hub.wait_event("hall.rating.unrated")
        assert unrated["data"]["reason"] == "device_fault"
        assert len(await hub.events("hall.rating.invited")) == 1


async def test_questions_over_many_kills_end_once_each(tmp_path: Path, box: Box) -> None:
    """Kills at any moment between finish and press: each run ends with exactly one rating."""
    async with HubProcess(tmp_path, (box.line,)) as hub:
        await connected(hub, box)
        box_grades = []
        for turn in range(5):
            await hub.serve_one()
            await until(lambda turn=turn: len(box.invited) > turn, "the question")
            await hub.kill()
            box.press(1 + turn)
            box_grades.append(1 + turn)
            await hub.start()
            await until(lambda: box.log.oldest == box.log.next, "the acknowledgement")
        submitted = await hub.wait_event("hall.rating.submitted", 5)
        assert [event["data"]["grade"] for event in submitted] == box_grades
        finished = await hub.events("hall.ticket.finished")
        assert [event["data"]["run"] for event in submitted] == [event["data"]["run"] for event in finished]
