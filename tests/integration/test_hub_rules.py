"""Every command of a clerk, and the manager's for the day, through the doors of a real hub."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.hub_support import HubProcess, new_id


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[HubProcess]:
    async with HubProcess(tmp_path, windows=2) as running:
        for window in "12":
            await press(running, window, "sign_in", staff=f"s{window}")
        yield running


async def press(hub: HubProcess, window: str, command: str, **fields: Any) -> tuple[int, Any]:
    body = {"command": command, "id": new_id(), **fields}
    return await hub.call("POST", f"/api/v1/windows/{window}/commands", f"clerk window/{window}", body)


async def done(hub: HubProcess, window: str, command: str, **fields: Any) -> Any:
    status, reply = await press(hub, window, command, **fields)
    assert status == 200, reply
    return reply


async def issue(hub: HubProcess, **fields: Any) -> Any:
    status, reply = await hub.call("POST", "/api/v1/tickets", "desk", {"service": "A", "id": new_id(), **fields})
    assert status == 201, reply
    return reply


async def day(hub: HubProcess, who: str, **fields: Any) -> tuple[int, Any]:
    return await hub.call("POST", "/api/v1/day/commands", who, {"id": new_id(), **fields})


async def test_a_clerk_does_with_tickets_whatever_the_rules_know(hub: HubProcess) -> None:
    for _ in range(5):
        await issue(hub)
    assert (await done(hub, "1", "call", number="A003"))["ticket"]["number"] == "A003"
    assert (await done(hub, "1", "recall"))["state"] == "calling"
    assert (await done(hub, "1", "no_show"))["missed"] == ["A003"]
    assert (await done(hub, "1", "undo"))["state"] == "calling"
    await done(hub, "1", "no_show")
    assert (await done(hub, "1", "restore", number="A003"))["missed"] == []
    assert (await done(hub, "1", "next"))["ticket"]["number"] == "A001"
    await done(hub, "1", "arrive")
    assert (await done(hub, "1", "hold", reason="a copy"))["held"] == ["A001"]
    assert (await done(hub, "1", "resume", number="A001"))["state"] == "serving"
    assert (await done(hub, "1", "transfer", to_window="2", back=True))["state"] == "free"
    assert (await done(hub, "2", "next"))["ticket"]["number"] == "A001"
    assert (await done(hub, "2", "finish", outcome="part one"))["state"] == "free"
    assert (await done(hub, "1", "next"))["ticket"]["number"] == "A001"
    again = await done(hub, "1", "finish", then="A")
    assert (again["state"], again["ticket"]["number"]) == ("serving", "A001")
    assert (await done(hub, "1", "cancel", reason="left"))["ticket"] is None
    assert (await done(hub, "1", "cancel", number="A005"))["waiting"] == 3
    types = [event["type"].removeprefix("hall.ticket.") for event in await hub.events("hall.ticket.")]
    assert (
        types[5:]
        == (
            "called recalled no_show undone no_show restored called arrived held resumed transferred called finished "
            "transferred called finished resumed cancelled cancelled"
        ).split()
    )


async def test_an_impossible_command_names_state_and_command(hub: HubProcess) -> None:
    status, problem = await press(hub, "1", "recall")
    assert (status, problem["state"], problem["command"]) == (409, "free", "recall")
    status, problem = await press(hub, "1", "restore", number="A009")
    assert (status, problem["state"], problem["command"]) == (409, "none", "restore")
    await issue(hub)
    await done(hub, "1", "next")
    status, problem = await press(hub, "1", "transfer", to_service="Z")
    assert (status, problem["command"]) == (422, "transfer")
    for fields in ({"command": "dance"}, {"command": "call"}, {"command": "recall", "number": "A001"}):
        status, problem = await press(hub, "1", **fields)
        assert status == 422, fields
        assert problem["detail"]


async def test_a_desk_gives_priority_with_who_verified_it_and_the_wait(hub: HubProcess) -> None:
    await issue(hub)
    reply = await issue(hub, priority="elderly", verified_by="li", also=["A"])
    assert (reply["ahead"], reply["wait"]) == (1, None)
    assert (await done(hub, "1", "next"))["ticket"]["number"] == "A002"
    issued = [event["data"] for event in await hub.events("hall.ticket.issued")]
    assert (issued[1]["priority"], issued[1]["verified_by"], issued[1]["also"]) == ("elderly", "li", ["A"])
    status, problem = await hub.call(
        "POST", "/api/v1/tickets", "kiosk", {"service": "A", "priority": "vip", "id": new_id()}
    )
    assert (status, "elderly" in problem["detail"]) == (422, True)


async def test_the_manager_sets_the_date_and_sweeps_and_nobody_else_does(hub: HubProcess) -> None:
    await issue(hub)
    assert (await day(hub, "clerk window/1", command="sweep"))[0] == 403
    assert await day(hub, "manager", command="sweep") == (
        200,
        {"business_date": hub_date(await issued(hub)), "cancelled": 1, "training": False},
    )
    assert (await day(hub, "manager", command="set_date", date="2026-02-30"))[0] == 422
    status, reply = await day(hub, "manager", command="set_date", date="2031-05-01", reason="the clock was wrong")
    assert (status, reply["business_date"]) == (200, "2031-05-01")
    (event,) = await hub.events("hall.hub.date_set")
    assert (event["data"]["to_date"], event["data"]["staff"]) == ("2031-05-01", "manager")


async def issued(hub: HubProcess) -> list[dict[str, Any]]:
    return [event["data"] for event in await hub.events("hall.ticket.issued")]


def hub_date(events: list[dict[str, Any]]) -> str:
    return str(events[-1]["business_date"])
