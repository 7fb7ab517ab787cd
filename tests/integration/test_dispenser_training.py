"""A dispenser and a hall in practice: its papers say so, and what it lends from is real, whatever the hall does."""

from pathlib import Path
from typing import Any

from tests.caller_support import press
from tests.dispenser_support import DEVICE, RED, Rig, rig
from tests.hub_support import new_id, until
from tests.integration.firmware_bench import WAIT_S

MARKED = ["练习，不作数", "Practice: not valid"]
TRIES = 12  # presses until a box notices that its hub is away: 10 s without a word, and a refused press takes 5 s


async def training(hall: Rig, on: bool) -> None:
    body = {"command": "training", "on": on, "id": new_id(), "reason": "新人培训"}
    status, reply = await hall.hub.call("POST", "/api/v1/day/commands", "manager", body)
    assert status == 200, reply


async def slip_without_a_hub(hall: Rig, count: int) -> dict[str, Any]:
    """Presses until the box knows that it is alone and gives a number of its own."""
    for _ in range(TRIES):
        await hall.press(1)
        await hall.lit()  # again: refused, or its paper is out, however long that takes
        slips = (await hall.board.slips())["slips"]
        if len(slips) >= count:
            return dict(slips[count - 1])
    raise AssertionError(f"no slip {count}")


async def test_a_practised_number_is_marked_on_its_paper_and_a_lent_one_is_real(tmp_path: Path) -> None:
    async with rig(tmp_path) as hall:
        # Its line is cut, then the hall begins to practise: the box doesn't hear of it, and what it gives is real.
        await hall.board.cut_wire(True)
        lent = await slip_without_a_hub(hall, 1)
        assert "A995" in lent["lines"]
        assert not set(MARKED) & set(lent["lines"])
        await training(hall, True)
        await hall.board.cut_wire(False)
        await hall.event("ticket.printed")
        [issued] = [event["data"] for event in await hall.events("ticket.issued")]
        assert (issued["number"], issued["lease"] != "", "training" in issued) == ("A995", True, False)
        assert await hall.waiting() == 0  # of those who practise
        # The practising hall takes the numbers on loan back, before the box could print one as practice.
        closed = await hall.event("lease.closed")
        assert (closed["reason"], closed["used"], closed["device"]) == ("training", 1, DEVICE)
        await hall.press(1)
        paper = await hall.slip(2)
        assert paper["lines"][:2] == MARKED
        assert "XA001" in paper["lines"]
        assert (await hall.event("ticket.issued", 2))["training"] is True
        assert (await hall.event("ticket.printed", 2))["training"] is True
        # Once more by the clerk's key: what was practice stays so.
        await hall.press("clerk")
        assert (await hall.slip(3))["lines"][:4] == [*MARKED, "重印", "Second print"]
        # The hub away in practice: the keys go dark, nothing comes out, no number is made up.
        await hall.board.cut_wire(True)
        await hall.board.wait_for(lambda view: not view.lamps[0] and view.lamps[RED], 2 * WAIT_S, "the keys dark")
        await press(hall.board, 1)
        await hall.board.cut_wire(False)
        await hall.lit()
        assert len((await hall.board.slips())["slips"]) == 3
        # Over: the practice goes, the real number stands in line, the box lends again, below what it had.
        [practice] = [event["data"]["ticket"] for event in (await hall.events("ticket.issued"))[1:]]
        status, reply = await hall.hub.call(
            "POST", "/api/v1/day/commands", "manager", {"command": "sweep", "id": new_id()}
        )
        assert status == 200, reply
        swept = await hall.event("ticket.cancelled")
        assert (swept["ticket"], swept["training"]) == (practice, True)
        await training(hall, False)
        assert await hall.waiting() == 1
        await hall.event("lease.granted", 2)
        await hall.hub.command("1", "sign_in", staff="li", role="A")
        status, reply = await hall.hub.command("1", "next")
        assert status == 200, reply
        called = await hall.event("ticket.called")
        assert (called["number"], "training" in called) == ("A995", False)
        await hall.press(1)
        real = await hall.slip(4)
        assert "A001" in real["lines"]
        assert not set(MARKED) & set(real["lines"])
        await until(lambda: _settled(hall), "every paper told")


async def _settled(hall: Rig) -> bool:
    printed = [
        event["data"]["ticket"] for event in await hall.events("ticket.printed") if not event["data"].get("reprint")
    ]
    return len(printed) == len(set(printed)) == 3
