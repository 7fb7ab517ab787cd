"""What the doors of a hall's update say, and what the same update again does."""

from pathlib import Path

import pytest

from hub.queueing import state as queueing_state
from tests.modelled_boxes import GOOD, Bench, over, problem, running, wish

pytestmark = pytest.mark.looptime


async def test_what_is_for_nobody_is_refused_at_the_door_with_each_reason(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"ev-0": GOOD, "ev-1": GOOD})
    for content, reason in (
        (bench.bundle(board="esp32_c3"), "board"),
        (bench.bundle(role="caller"), "role"),
    ):
        refused = await problem(bench.desk.begin_update(content, wish()))
        assert (refused.status, refused.kind) == (409, "nothing-to-update")
        assert [each["reason"] for each in refused.extra["errors"]] == [reason, reason]
    bench.state.devices["ev-0"] = queueing_state.Device("ev-0", "evaluator", firmware="0.3.0+x")
    refused = await problem(bench.desk.begin_update(bench.bundle(), wish(device="ev-0")))
    assert refused.extra["errors"][0]["reason"] == "older"
    assert "--older" in refused.extra["errors"][0]["todo"]
    assert (await bench.desk.begin_update(bench.bundle(), wish("meant", device="ev-0", older=True)))["older"]
    assert (await problem(bench.desk.begin_update(bench.bundle("0.2.1"), wish("second")))).kind == "update-under-way"
    await bench.desk.stop_update()
    bench.state.devices["ev-0"] = queueing_state.Device("ev-0", "evaluator", firmware="0.2.0")
    refused = await problem(bench.desk.begin_update(bench.bundle(), wish("third", device="ev-0")))
    assert refused.extra["errors"][0]["reason"] == "current"
    assert (await problem(bench.desk.begin_update(bench.bundle(), wish(device="nobody")))).status == 404
    assert (await problem(bench.desk.begin_update(bench.bundle(), wish(window="99")))).status == 404
    assert (await problem(bench.desk.begin_update(b"no zip", wish()))).kind == "wrong-bundle"
    bench.giving.signer = None
    assert (await problem(bench.desk.begin_update(bench.bundle(), wish()))).kind == "no-update-key"


async def test_a_percent_first_and_the_rest_by_the_same_command(tmp_path: Path) -> None:
    bench = Bench(tmp_path, dict.fromkeys([f"ev-{number}" for number in range(10)], GOOD))
    view = await bench.desk.begin_update(bench.bundle(), wish(percent=10))
    assert (len(view["boxes"]), view["counts"]["not_chosen"]) == (1, 9)
    await running(bench, over)
    view = await bench.desk.begin_update(bench.bundle(), wish("more", percent=100))
    assert (view["id"], view["state"], len(view["boxes"])) == ("plan-1", "running", 10)
    assert (await running(bench, over)).counts()["good"] == 10
    assert all(box.goes == 1 for box in bench.boxes.values())
