"""What the doors of a hall's update say, and what the same update again does."""

from pathlib import Path

import pytest

from common import catalogue
from hub.devices.staging import Of
from hub.queueing import state as queueing_state
from protocol import messages as m
from tests.modelled_boxes import GOOD, HANGS, Bench, over, problem, running, wish
from tools.device import hall_update

CHINESE = catalogue.translations(catalogue.CHINESE).gettext
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


async def test_one_refused_after_the_first_leaves_it_done_and_it_can_be_tried_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, dict.fromkeys(("ev-0", "ev-1", "ev-2"), GOOD))
    await bench.desk.begin_update(bench.bundle(), wish())
    assert bench.giving.plan is not None
    *_, last = bench.giving.plan.boxes
    bench.boxes[last].wrong = (m.REFUSED, "space")
    await running(bench, over)
    view = bench.desk.shown_update()
    assert view is not None
    assert (view["state"], bench.states()[last]) == ("done", "refused")
    assert hall_update.failed(view) == 1
    assert hall_update.ended_badly(view)
    for speak, words in ((str, "over, and 1 of 3 boxes do not have it"), (CHINESE, "3 台中有 1 台没有更新成功")):
        said = hall_update.summary(view, speak)
        assert words in said
        assert "--continue --again" in said
    assert (await bench.desk.continue_update(again=False))["state"] == "done"
    bench.boxes[last].wrong = None
    assert (await bench.desk.continue_update(again=True))["state"] == "running"
    assert (await running(bench, over)).counts()["good"] == 3
    view = bench.desk.shown_update()
    assert view is not None
    assert not hall_update.ended_badly(view)
    assert "all done" in hall_update.summary(view, str)
    assert (await problem(bench.desk.continue_update(again=True))).kind == "update-over"


async def test_a_stopped_update_whose_box_is_on_trial_says_that_it_is_waited_for(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"ev-0": HANGS})
    await bench.desk.begin_update(bench.bundle(), wish())
    await running(bench, lambda plan: plan.boxes["ev-0"].state is Of.TRYING)
    assert (await problem(bench.desk.begin_update(bench.bundle("0.3.0"), wish("other")))).kind == "update-under-way"
    await bench.desk.stop_update()
    told = await problem(bench.desk.begin_update(bench.bundle("0.3.0"), wish("other")))
    assert (told.kind, told.extra["trying"]) == ("update-on-trial", ["ev-0"])


async def test_a_bundle_that_is_not_believed_says_by_a_code_why(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"ev-0": GOOD})
    other = tmp_path / "other"
    other.mkdir()
    for content, reason in ((bench.bundle()[:-50], "damaged"), (Bench(other, {"ev-0": GOOD}).bundle(), "foreign")):
        told = await problem(bench.desk.begin_update(content, wish()))
        assert (told.kind, told.extra["reason"]) == ("wrong-bundle", reason)
