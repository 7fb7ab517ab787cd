"""A hall of boxes is updated over cables and radio while citizens press: nothing lost, nothing twice."""

from pathlib import Path

import pytest

from tests.pressed_hall import Citizens
from tests.updated_hall import NEW, give_out, updated_hall

SHORT_S = 240.0  # 20 s alone
LONG_S = 5_400.0


async def nothing_lost_and_nothing_twice(
    folder: Path, cables: int, radios: int, left_bytes: int | None, pause_s: tuple[float, float], limit_s: float
) -> None:
    """Prints its counts. pause_s: between two citizens, when a window is quiet enough for an update."""
    async with updated_hall(folder, cables, radios, left_bytes) as (hub, boxes, bundle):
        citizens = Citizens(hub, boxes, 1, pause_s)
        async with citizens.coming():
            await citizens.everywhere()
            before = sum(map(len, citizens.pressed.values()))
            await give_out(hub, bundle, limit_s)
            during = sum(map(len, citizens.pressed.values())) - before
        said = citizens.judge()
        updated = [event["data"] for event in await hub.events("hall.device.updated")]
        assert sorted((each["device"], each["detail"]["outcome"]) for each in updated) == [
            (box.device, "good") for box in sorted(boxes, key=lambda box: box.device)
        ]
        _, listed = await hub.call("GET", "/api/v1/devices", "manager")
        assert {each["firmware"] for each in listed["devices"]} == {NEW}
        assert {box.in_flash("slot") for box in boxes} == {b"b"}
        print(
            f"boxes {cables} on cables, {radios} on the radio, {len(updated)} updated; {said}, {during} while it went"
        )
        assert during > 0


async def test_a_small_hall_is_updated_while_citizens_press(tmp_path: Path) -> None:
    await nothing_lost_and_nothing_twice(tmp_path, 2, 2, 1_500, (1.0, 4.0), SHORT_S)


@pytest.mark.long
async def test_a_hall_of_twenty_boxes_is_updated_while_citizens_press(tmp_path: Path) -> None:
    await nothing_lost_and_nothing_twice(tmp_path, 10, 10, None, (6.0, 20.0), LONG_S)
