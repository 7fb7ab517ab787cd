"""A dispenser's real firmware, its printer, and the real hub: numbers that count only when their paper is out."""

import asyncio
import hashlib
from functools import partial
from pathlib import Path

import pytest

from tests.caller_support import press
from tests.dispenser_support import DEVICE, RED, Rig, rig
from tests.hub_support import until
from tests.integration.firmware_bench import WAIT_S

# A ticket is about 700 bytes: somewhere in its middle, behind the number.
MIDDLE = 300


async def failed(hall: Rig, reason: str, count: int = 1) -> str:
    """The number whose paper failed, as the journal has it: failed, and cancelled with it."""
    told = await hall.event("ticket.print_failed", count)
    assert told["reason"] == reason
    cancelled = await hall.event("ticket.cancelled", count)
    assert (cancelled["ticket"], cancelled["reason"]) == (told["ticket"], "not_printed")
    return str(cancelled["number"])


async def test_a_whole_ticket(tmp_path: Path) -> None:
    async with rig(tmp_path, erase_ms=45.0, program_ms=0.4, baud_delay=True) as hall:
        assert hall.board.lamps[1] is True
        assert hall.board.lamps[2] is False
        assert hall.board.lamps[RED] is False
        await hall.press(1)
        slip = await hall.slip(1)
        issued = await hall.event("ticket.issued")
        printed = await hall.event("ticket.printed")
        assert (issued["number"], issued["channel"], issued["printer"]) == ("A001", "dispenser", DEVICE)
        assert (printed["ticket"], printed["printer"], printed["device"]) == (issued["ticket"], DEVICE, DEVICE)
        assert {"A001", "社保", "测试厅"} <= set(slip["lines"])
        assert any("前面还有" in line for line in slip["lines"])
        (url,) = slip["codes"]
        token = url.removeprefix("http://10.0.0.2/t/")
        assert hashlib.sha256(token.encode()).hexdigest() == issued["token_sha256"]
        assert await hall.waiting() == 1
        # The other key gives the other service's.
        await hall.press(2)
        second = await hall.slip(2)
        assert {"B001", "公安户籍", "Household and ID"} <= set(second["lines"])
        assert any("一层 C 区" in line for line in second["lines"])
        assert (await hall.board.slips())["problems"] == []


async def test_the_clerk_has_the_last_ticket_again(tmp_path: Path) -> None:
    async with rig(tmp_path) as hall:
        await hall.press("clerk")
        await hall.board.wait_for(lambda view: view.lamps[RED], WAIT_S, "there is nothing to print again")
        await hall.press(1)
        first = await hall.slip(1)
        await hall.lit()
        await hall.press("clerk")
        again = await hall.slip(2)
        assert again["lines"][:2] == ["重印", "Second print"]
        assert again["codes"] == first["codes"]
        assert (await hall.event("ticket.printed", 2))["reprint"] is True
        await hall.lit()
        status, reply = await hall.hub.call("POST", f"/api/v1/devices/{DEVICE}/reprint", "desk", {})
        assert (status, reply) == (200, {"device": DEVICE, "printing": True})
        assert (await hall.slip(3))["lines"] == again["lines"]
        assert await hall.waiting() == 1
        assert len(await hall.hub.events("hall.ticket.issued")) == 1


async def test_without_paper_the_lamps_say_so_before_the_press(tmp_path: Path) -> None:
    async with rig(tmp_path) as hall:
        await hall.board.printer(paper="out")
        await hall.lit(1, False)
        assert hall.board.lamps[RED] is True
        await hall.fault("paper_out")
        await press(hall.board, 1)
        await hall.board.printer(paper="ok")
        await hall.lit()
        await hall.board.wait_for(lambda view: not view.lamps[RED], WAIT_S, "the red lamp dark")
        assert (await hall.hub.events("hall.ticket.issued")) == []
        await hall.board.printer(paper="low")
        await hall.fault("paper_low")
        await hall.press(1)
        await hall.event("ticket.printed")


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ({"paper": "out"}, "paper_out"),
        ({"plugged": False}, "no_answer"),
        ({"cover": True}, "cover_open"),
    ],
    ids=["paper", "unplugged", "cover"],
)
async def test_a_paper_that_fails_half_way_is_void(tmp_path: Path, condition: dict[str, object], reason: str) -> None:
    async with rig(tmp_path) as hall:
        await hall.board.printer_after(MIDDLE, **condition)
        await hall.press(1)
        assert await failed(hall, reason) == "A001"
        assert await hall.waiting() == 0
        assert "A001" in (await hall.board.slips())["hanging"]["lines"]
        await hall.board.printer(paper="ok", plugged=True, cover=False)
        # What hangs there is ended by a slip that says it is void; nothing of the ticket comes after it.
        slip = await hall.slip(1)
        assert slip["lines"][-6:].count("A001") == 1
        assert "作废" in slip["lines"]
        assert slip["codes"] == []
        await hall.lit()
        await hall.press(1)
        assert "A002" in (await hall.slip(2))["lines"]
        await hall.event("ticket.printed")
        assert await hall.waiting() == 1
        assert (await hall.board.slips())["problems"] == []


async def test_a_half_printed_ticket_is_voided_though_the_power_goes_before(tmp_path: Path) -> None:
    async with rig(tmp_path) as hall:
        await hall.board.printer_after(MIDDLE, paper="out")
        await hall.press(1)
        assert await failed(hall, "paper_out") == "A001"
        await hall.board.cut_power()
        await hall.board.printer(paper="ok")
        await hall.board.restore_power()
        # The next one would come out below it, and somebody would hold both.
        slip = await hall.slip(1)
        assert "作废" in slip["lines"]
        await hall.lit()
        await hall.press(1)
        assert "A001" not in (await hall.slip(2))["lines"]
        await hall.event("ticket.printed")  # before its fact is in flash, a cut would void this one, too
        await hall.board.cut_power()
        await hall.board.restore_power()
        await hall.lit()
        assert len((await hall.board.slips())["slips"]) == 2  # voided once


async def test_a_hub_that_restarts_between_number_and_paper_counts_it_once(tmp_path: Path) -> None:
    async with rig(tmp_path, baud_delay=True) as hall:
        await hall.press(1)
        await hall.event("ticket.issued")
        await hall.hub.kill()
        await hall.slip(1)
        await hall.hub.start()
        printed = await hall.event("ticket.printed")
        (issued,) = await hall.events("ticket.issued")
        assert printed["ticket"] == issued["data"]["ticket"]
        assert await hall.waiting() == 1
        await hall.lit()


async def test_power_lost_with_the_paper_half_out(tmp_path: Path) -> None:
    async with rig(tmp_path, baud_delay=True) as hall:
        await hall.press(1)

        async def half_out() -> bool:
            return "A001" in (await hall.board.slips())["hanging"]["lines"]

        await until(half_out, "A001 under the head")
        await hall.board.cut_power()
        await hall.board.restore_power()
        assert await failed(hall, "power_cut") == "A001"
        assert "作废" in (await hall.slip(1))["lines"]
        await hall.lit()


@pytest.mark.parametrize(
    "operations", [(2, 4), pytest.param(range(1, 12), marks=pytest.mark.long)], ids=["short", "each"]
)
async def test_power_lost_at_a_flash_operation_leaves_no_ticket_unsettled(tmp_path: Path, operations: range) -> None:
    """Each is printed or cancelled, once; whoever holds a whole paper that is void has the void slip beside it."""
    async with rig(tmp_path, lose_unsynced=True) as hall:
        given = cuts = 0
        for operation in operations:
            given += 1
            await hall.lit()
            await hall.board.cut_power_after(operation)
            await hall.press(1)
            ticket = (await hall.event("ticket.issued", given))["ticket"]
            await until(partial(_over, hall, ticket), "its end, or the power lost")
            cuts += not hall.board.view.powered
            await hall.board.restore_power()
            await until(partial(_settled, hall, ticket), f"ticket {given} settled")
        assert cuts > 1
        printed = [event["data"]["ticket"] for event in await hall.events("ticket.printed")]
        cancelled = [event["data"]["ticket"] for event in await hall.events("ticket.cancelled")]
        assert sorted(printed + cancelled) == sorted({*printed, *cancelled})
        assert len(printed + cancelled) == given
        assert await hall.waiting() == len(printed)


async def _over(hall: Rig, ticket: str) -> bool:
    return not hall.board.view.powered or await _settled(hall, ticket)


async def _settled(hall: Rig, ticket: str) -> bool:
    return any(event["data"]["ticket"] == ticket for event in await hall.events("ticket.printed", "ticket.cancelled"))


async def test_hub_away_numbers_go_on_and_come_in_once_behind_the_called(tmp_path: Path) -> None:
    async with rig(tmp_path) as hall:
        await hall.hub.command("1", "sign_in", staff="li", role="A")
        await hall.press(1)
        await hall.event("ticket.printed")
        assert (await hall.hub.command("1", "next"))[0] == 200
        await hall.hub.kill()
        await hall.board.wait_for(lambda view: view.lamps[0], WAIT_S, "the lease")
        # 10 s without a word, then the box gives its own.
        await until(lambda: _away(hall), "the box noticed")
        for count in (2, 3):
            await hall.press(1)
            slip = await hall.slip(count)
            assert f"A{993 + count}" in slip["lines"]
            assert any("断网" in line for line in slip["lines"])
            await hall.lit()
        await hall.hub.start()
        await hall.event("ticket.printed", 3)
        issued = [event["data"] for event in await hall.events("ticket.issued")]
        assert [entry["number"] for entry in issued] == ["A001", "A995", "A996"]
        for entry, slip in zip(issued, (await hall.board.slips())["slips"], strict=True):
            token = slip["codes"][0].removeprefix("http://10.0.0.2/t/")
            assert hashlib.sha256(token.encode()).hexdigest() == entry["token_sha256"]
        assert await hall.waiting() == 2
        # What was not used of the lease is void, and the box has another one.
        closed = await hall.event("lease.closed")
        assert closed["used"] == 2
        assert closed["voided"][0] == {"service": "A", "numbers": ["A997", "A998", "A999"]}
        assert (await hall.event("lease.granted", 2))["ranges"][0] == {"service": "A", "first": 990, "last": 994}
        _, window = await hall.hub.call("GET", "/api/v1/queue")
        assert window["serving"][0]["number"] == "A001"


@pytest.mark.long
async def test_a_lease_that_is_over_says_so_before_the_press(tmp_path: Path) -> None:
    """Its minute counts from the last word of the hub; then the keys are dark, and come back with the hub."""
    async with rig(tmp_path) as hall:
        await hall.hub.kill()
        await hall.board.wait_for(lambda view: not view.lamps[0] and view.lamps[RED], 120.0, "the end of the lease")
        await press(hall.board, 1)
        assert (await hall.board.slips())["slips"] == []
        await hall.hub.start()
        await hall.press(1)
        assert "A001" in (await hall.slip(1))["lines"]


async def _away(hall: Rig) -> bool:
    await asyncio.sleep(11)
    return True
