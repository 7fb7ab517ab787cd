"""A hall in practice, through real processes: pages and tickets say so, boxes work, the center counts none of it."""

from pathlib import Path
from typing import Any

from tests import center_support
from tests.hub_support import Box, HubProcess, new_id, until
from tests.integration.test_hub_uplink import CENTER, all_delivered, to_center
from tests.kill_support import free_port

DAY = "/api/v1/day/commands"


async def training(hub: HubProcess, on: bool, who: str = "manager") -> tuple[int, Any]:
    return await hub.call("POST", DAY, who, {"command": "training", "on": on, "id": new_id(), "reason": "新人培训"})


async def rated(hub: HubProcess, box: Box, grade: int) -> None:
    """A citizen from the number to the grade."""
    before = len(await hub.events("hall.rating.submitted"))
    await hub.serve_one()
    await until(lambda: box.open_run, "the invitation")
    box.press(grade)
    await hub.wait_event("hall.rating.submitted", before + 1)


async def figures(center: center_support.CenterProcess, hub: HubProcess) -> dict[str, Any]:
    await until(lambda: all_delivered(hub), "the delivery")
    day = (await hub.events("hall.ticket.issued"))[0]["time"][:10]
    report = await center.get(f"/api/v1/reports/ratings?from={day}&to={day}&by=hall", "viewer")
    (row,) = report["rows"]
    return {name: row[name] for name in ("served", "rated", "grades")}


async def test_practice_is_marked_everywhere_and_counted_nowhere(tmp_path: Path) -> None:
    (tmp_path / "center").mkdir()
    (tmp_path / "hub").mkdir()
    async with (
        center_support.running(tmp_path / "center", CENTER.format(port=free_port())) as center,
        Box("ev-1") as box,
        HubProcess(tmp_path / "hub", (box.line,), to_center(center.url, center.tokens["hall h1"])) as hub,
    ):
        await hub.register(box)
        await until(lambda: hub.online(box), "the box is heard")
        await hub.command("1", "sign_in", staff="s1")
        await rated(hub, box, 5)
        real = await figures(center, hub)
        assert (real["served"], real["rated"]) == (1, 1)

        assert (await training(hub, True, "kiosk"))[0] == 403
        status, reply = await training(hub, True)
        assert (status, reply["training"]) == (200, True)
        _, hall = await hub.call("GET", "/api/v1/hall")
        _, queue = await hub.call("GET", "/api/v1/queue")
        assert hall["training"] is queue["training"] is True
        for page in ("/", "/board"):
            _, text = await hub.call("GET", page)
            assert "培训演练" in text.decode() or "演练" in text.decode(), page
        status, window = await hub.command("1", "sign_in", staff="s1")
        assert (status, window["training"]) == (200, True)
        ticket = await hub.ticket()
        assert (ticket["number"], ticket["training"]) == ("XA001", True)
        status, problem = await training(hub, False)
        assert (status, "XA001" in problem["detail"]) == (409, True)
        for verb in ("next", "arrive", "finish"):
            await hub.command("1", verb)
        await until(lambda: box.open_run, "the invitation in practice")
        assert box.views[-1][1] in ("", "XA001")

        # It lasts over a restart; the press comes when the training is over already.
        await hub.kill()
        await hub.start()
        await until(lambda: hub.online(box), "the box is back")
        assert (await hub.call("GET", "/api/v1/hall"))[1]["training"] is True
        assert (await training(hub, False))[0] == 200
        box.press(1)
        await hub.wait_event("hall.rating.submitted", 2)
        assert await figures(center, hub) == real

        await hub.command("1", "sign_in", staff="s1")
        await rated(hub, box, 4)
        assert (await figures(center, hub))["served"] == 2
        marked = [event["type"] for event in await hub.events() if event["data"].get("training")]
        assert "hall.rating.submitted" in marked
        assert "hall.ticket.finished" in marked
        assert marked.count("hall.rating.submitted") == 1
