"""The hub process over a damaged journal: it starts, says so, and the center gets every event that is left."""

import asyncio
import json
from pathlib import Path
from typing import Any

from hub.journal import Journal
from tests import center_support
from tests.damage_support import spoil, spoil_under_its_user
from tests.hub_support import HubProcess, until
from tests.integration.test_hub_uplink import CENTER, all_delivered, to_center
from tests.kill_support import free_port


async def all_events(center: Any, journal: str) -> list[dict[str, Any]]:
    page = f"/api/v1/halls/h1/events?journal={journal}&after=0&limit=1000"
    found: list[dict[str, Any]] = await center.get(page, "auditor")
    return found


async def test_what_is_left_of_a_damaged_journal_reaches_the_center(tmp_path: Path) -> None:
    config = CENTER.format(port=free_port())
    (tmp_path / "center").mkdir()
    (tmp_path / "hub").mkdir()
    async with center_support.running(tmp_path / "center", config) as center:
        tokens = center.tokens
        hub = HubProcess(tmp_path / "hub", center=to_center(center.url, center.tokens["hall h1"]))
        await hub.__aenter__()
        try:
            issued = [await hub.ticket() for _ in range(20)]
            await until(lambda: all_delivered(hub), "the first delivery")
            center.kill()
            await center.process.wait()
            issued += [await hub.ticket() for _ in range(40)]
            whole = await hub.events()
            await hub.kill()
            spoil(tmp_path / "hub" / "data" / "journal.sqlite3", 45)
            await hub.start()
            issued += [await hub.ticket()]
            here = await hub.events()
            gap = next(event for event in here if event["type"] == "hall.journal.gap")
            assert gap["data"]["journal"] == whole[0]["journal"] != gap["journal"]
            lost = range(gap["data"]["from"], gap["data"]["to"] + 1)
            assert 45 in lost
            assert len(lost) < 15
            async with center_support.running(tmp_path / "center", config, tokens) as back:
                await until(lambda: all_delivered(hub), "the delivery of the new journal")

                async def delivered() -> bool:
                    return len(await all_events(back, whole[0]["journal"])) == lost[0] - 1

                await until(delivered, "the delivery of what stood before the damage")
                assert await all_events(back, whole[0]["journal"]) == whole[: lost[0] - 1]
                assert await all_events(back, gap["journal"]) == await hub.events()
            # Every number was given out once, and the numbers go on behind the damage.
            numbers = [reply["number"] for reply in issued]
            assert len(set(numbers)) == len(numbers)
            originals = [event["data"]["original"] for event in here if "original" in event["data"]]
            assert originals == [event["id"] for event in whole[lost[-1] :]]
            _, ready = await hub.call("GET", "/readyz")
            assert ready["journal"]["set_aside"] == ["journal.sqlite3.damaged-1"]
        finally:
            await hub.__aexit__()
        said = (tmp_path / "hub" / "hub.log").read_text("utf-8")
        assert any("damaged" in json.loads(line).get("text", "") for line in said.splitlines())
        assert list((tmp_path / "hub" / "data").glob("journal.sqlite3.damaged-1"))


async def test_damage_that_is_met_while_the_hub_runs_ends_it_and_the_next_start_serves(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    hub = HubProcess(tmp_path / "hub")
    await hub.__aenter__()
    try:
        for _ in range(5):
            await hub.ticket()
        path = tmp_path / "hub" / "data" / "journal.sqlite3"
        spoil_under_its_user(path)
        key = {"service": "A", "priority": None, "id": "6ecd8c99-4036-403d-bf84-cf8400f67836"}
        assert (await hub.call("POST", "/api/v1/tickets", "kiosk", key))[0] == 503
        assert hub.process is not None
        async with asyncio.timeout(60):
            assert await hub.process.wait() == 1
        await hub.start()
        await hub.ticket()
        assert (await hub.events())[0]["type"] == "hall.journal.gap"
    finally:
        await hub.__aexit__()


async def test_what_was_let_go_is_answered_as_gone_and_the_hub_goes_on_from_the_state(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path)
    await hub.__aenter__()
    try:
        for _ in range(5):
            await hub.ticket()
        whole = await hub.events()
        await hub.stop()
        journal = Journal.open(tmp_path / "data" / "journal.sqlite3", "h1", 480, lambda: "never")
        await journal.retire(4)
        await journal.close()
        await hub.start()
        assert (await hub.ticket())["number"] == "A006"
        status, problem = await hub.call("GET", "/api/v1/events?after=2", "auditor")
        assert (status, problem["type"]) == (410, "urn:tingting:problem:retired")
        assert "The first event kept here is 5" in problem["title"]
        status, kept = await hub.call("GET", "/api/v1/events?after=4", "auditor")
        assert (status, kept[:2]) == (200, whole[4:6])
    finally:
        await hub.__aexit__()
