"""What goes wrong on the radio: each fault alone, in a hall that goes on. After it every press is there once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.hub_support import until
from tests.radio_support import LIT_S, RadioHall, radio_hall
from tools.simulator.radio.client import Radio

TAKEN_S = 240.0  # thirty connects, one after the other, on two busy cores

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def radio() -> AsyncIterator[Radio]:
    async with await Radio.launch() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(radio: Radio, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RadioHall]:
    async with radio_hall(tmp_path_factory.mktemp("hall"), radio) as made:
        yield made


async def pressed(hall: RadioHall) -> int:
    """How many ratings there are."""
    return len(await hall.hub.events("hall.rating.submitted"))


async def visit(hall: RadioHall) -> None:
    """A citizen is served, asked, presses; the press is there once."""
    before = await pressed(hall)
    await hall.ask()
    await hall.rate()
    await hall.ratings(before + 1)


async def let_go(hall: RadioHall) -> None:
    async def gone() -> bool:
        # Its session ends when the link's end is through, a moment after the link counts as closed.
        return bool((await hall.seen())["links"] == 0 and not (await hall.peer(hall.box))["proven"])

    await until(gone, "the link being let go")


@pytest.mark.parametrize("values", range(1, 10))
async def test_a_link_lost_in_any_phase_of_the_handshake(hall: RadioHall, values: int) -> None:
    await let_go(hall)
    await hall.radio.call("lose_after", address=hall.box.address, values=values)
    await visit(hall)


async def test_a_box_that_freezes_while_a_write_is_pending_gets_a_fresh_link(hall: RadioHall) -> None:
    # A citizen is asked while the next one is called already: a box whose press has come is proven on both sides, and
    # keeps its link while its window has called. (One that still waits for the hub's proof ends its link by itself
    # before the limit of the write.)
    before = await pressed(hall) + 1
    await hall.ask()
    await hall.hub.ticket()
    status, said = await hall.hub.command("1", "next")
    assert status == 200, said
    await hall.rate()
    await hall.ratings(before)
    assert (await hall.peer(hall.box))["connected"]
    lost, said = (await hall.peer(hall.box))["lost"], len(hall.hub.log())
    await hall.radio.call("freeze", address=hall.box.address, frozen=True)
    try:
        for verb in ("arrive", "finish"):
            await hall.hub.command("1", verb)

        async def given_up() -> bool:
            # In the log: what the page tells is soon the reason of the next try.
            broke = [line for line in hall.hub.log()[said:].splitlines() if '"link.lost"' in line]
            return (await hall.peer(hall.box))["lost"] > lost and any("no answer within" in line for line in broke)

        await until(given_up, "the time limit of the write")
    finally:
        await hall.radio.call("freeze", address=hall.box.address, frozen=False)
    await hall.box.board.wait_lamps(True, LIT_S)
    await hall.rate()
    await hall.ratings(before + 1)


async def test_full_notify_buffers_are_waited_for(hall: RadioHall) -> None:
    await hall.radio.call("room", address=hall.box.address, notifications=1)
    await hall.radio.call("conditions", interval_ms=50.0)
    try:
        await let_go(hall)
        await visit(hall)
    finally:
        await hall.radio.call("room", address=hall.box.address, notifications=12)
        await hall.radio.call("conditions", interval_ms=7.5)


async def test_the_smallest_mtu_is_enough(hall: RadioHall) -> None:
    await let_go(hall)
    await hall.radio.call("conditions", mtu=23)
    try:
        await visit(hall)
    finally:
        await hall.radio.call("conditions", mtu=517)


async def test_lost_packets_and_garbled_values_come_again(hall: RadioHall) -> None:
    await hall.radio.call("conditions", loss=0.2, garble=0.1)
    try:
        for _ in range(3):
            await visit(hall)
    finally:
        await hall.radio.call("conditions", loss=0.0, garble=0.0)


async def test_a_stranger_can_not_hold_the_only_link_of_a_box(hall: RadioHall) -> None:
    before = await pressed(hall)
    await let_go(hall)
    await hall.radio.call("conditions", board_links=1)
    try:
        # It has the link before the hub wants it, and comes again a second after each time that the box drops it.
        await hall.radio.call("stranger", address=hall.box.address, again_s=1.0)

        async def held() -> bool:
            return bool((await hall.radio.call("stats"))["strangers"][0] > 0)

        await until(held, "the stranger holding the link")
        await hall.ask()
        await hall.rate()
        await hall.ratings(before + 1)
    finally:
        await hall.radio.call("strangers_leave")
        await hall.radio.call("conditions", board_links=3)


async def test_strangers_that_write_garbage_and_change_their_address(hall: RadioHall) -> None:
    for _ in range(2):
        await hall.radio.call("stranger", address=hall.box.address, write=True, new_address=True)
    try:
        for _ in range(2):
            before = await pressed(hall)
            await let_go(hall)
            await hall.ask()
            await hall.rate()
            await hall.ratings(before + 1)
    finally:
        assert await hall.radio.call("strangers_leave") > 0


async def test_a_replayed_advertisement_costs_little_and_stops_nothing(hall: RadioHall) -> None:
    before = await pressed(hall)
    await hall.ask()
    await hall.radio.call("bluetoothd", up=False)  # so that the press is still advertised when it is recorded
    await hall.rate()
    twin = "C1:00:00:00:00:01"

    async def advertises() -> bool:
        return bool((await hall.radio.call("advertised", address=hall.box.address))["pending"])

    await until(advertises, "the press in the advertisement")
    await hall.radio.call("replay", address=hall.box.address, new_address=twin)
    await hall.radio.call("bluetoothd", up=True)
    try:
        await hall.ratings(before + 1)
        await visit(hall)
        await let_go(hall)
        own_failures = await failures(hall)
        tried = await recording_tried(hall, twin)
        for _ in range(3):
            await let_go(hall)
            await visit(hall)
        # Its facts are long durable here, and what the hub wants of a box it does at the box's own address: only where
        # that one failed is the other's turn.
        assert await recording_tried(hall, twin) - tried <= await failures(hall) - own_failures
    finally:
        await hall.radio.call("replay_ends")


async def recording_tried(hall: RadioHall, twin: str) -> int:
    """How often the hub connected to it."""
    return int((await hall.radio.call("stats"))["adapters"]["hci0"]["tried"].get(twin, 0))


async def failures(hall: RadioHall) -> int:
    """What came to nothing at the box's own address."""
    peer = await hall.peer(hall.box)
    return int(peer["failures"] + peer["lost"])


@pytest.mark.parametrize("what", ["adapter", "bluetoothd", "bus"])
async def test_the_loss_of(hall: RadioHall, what: str) -> None:
    before = await pressed(hall)
    await hall.ask()
    away, back = {
        "adapter": (("unplug", {"adapter": "hci0"}), ("plug", {"adapter": "hci0"})),
        "bluetoothd": (("bluetoothd", {"up": False}), ("bluetoothd", {"up": True})),
        "bus": (("bus", {"up": False}), ("bus", {"up": True})),
    }[what]
    await hall.radio.call(away[0], **away[1])
    await hall.rate()

    async def told() -> bool:
        seen = await hall.seen()
        return bool(not seen["scanning"] and seen["why"])

    await until(told, f"the loss of {what} being shown")
    assert "radio.down" in hall.hub.log()
    await hall.radio.call(back[0], **back[1])
    await hall.ratings(before + 1)
    await until(lambda: hall.hub.online(hall.box), "the box on the radio again")
    await visit(hall)


@pytest.mark.parametrize("boxes", [8, pytest.param(30, marks=pytest.mark.long)])
async def test_boxes_that_press_in_the_same_second(radio: Radio, tmp_path: Path, boxes: int) -> None:
    async with radio_hall(tmp_path, radio, boxes, invitation_s=120) as hall:
        for box in hall.boxes:
            await hall.ask(box)
        await asyncio.gather(*(hall.rate(box) for box in hall.boxes))
        async with asyncio.timeout(TAKEN_S):
            while await pressed(hall) < boxes:
                await asyncio.sleep(0.1)
        await hall.ratings(boxes)
        assert (await radio.call("stats"))["adapters"]["hci0"]["most_links"] <= 4
