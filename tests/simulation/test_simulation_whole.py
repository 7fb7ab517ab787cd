"""The whole hall, center included: it holds under every fault, and its storms have what they promise."""

import os
import subprocess
import sys
from functools import cache

import pytest
from click.testing import CliRunner

from tests.simulation.whole_seeds import CI, PARTS, holds
from tools.bench.results import ROOT
from tools.simulation import commands, ledger
from tools.simulation.run import Result
from tools.simulation.whole import whole

SEEDS = range(20)  # that other tests look into
LONG = range(200, 400)


@cache
def _run(seed: int) -> Result:
    """The same for every test that asks."""
    return whole(seed)


@pytest.mark.parametrize("seed", PARTS[0])
def test_each_logged_press_is_at_the_center_exactly_once(seed: int) -> None:
    result = _run(seed) if seed in SEEDS else whole(seed)
    assert not result.wrong, result.report()


def test_no_seed_is_between_the_files() -> None:
    """The other parts are in test_simulation_whole_second.py and test_simulation_whole_third.py."""
    assert [seed for part in PARTS for seed in part] == list(CI)


@pytest.mark.long
@pytest.mark.parametrize("seed", LONG)
def test_it_holds_for_two_hundred_more(seed: int) -> None:
    holds(seed)


def test_a_seed_of_the_whole_hall_is_a_run() -> None:
    assert whole(13).story == _run(13).story


def test_a_seed_is_the_same_run_in_every_process() -> None:
    """Sets of text have another order in each."""
    told = {_story_in_a_process(13, order) for order in ("1", "2")}
    assert told == {"\n".join(_run(13).story) + "\n"}


def _story_in_a_process(seed: int, order: str) -> str:
    code = f"from tools.simulation.whole import whole; print('\\n'.join(whole({seed}).story))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": order},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_storms_of_the_whole_hall_have_what_they_promise() -> None:
    results = [_run(seed) for seed in SEEDS]
    assert sum(result.presses for result in results) > 10 * len(SEEDS)
    assert sum(result.facts for result in results) > 100 * len(SEEDS)
    for what in ("crashes", "centers", "restores", "replaced", "papers", "calls", "trials", "updated", "went_back"):
        assert sum(getattr(result, what) for result in results) >= 3, what
    stories = "\n".join(line for result in results for line in result.story)
    for what in (
        "its clock jumps by",
        "its clock is right again",
        "hub     loses power",
        "center  loses power",
        "center  is killed",
        "uplink.away",
        "the power goes while it is written",
        "is plugged in at the technician's bench",
        "another has the backup of",
    ):
        assert what in stories, what


def test_the_ledger_sums_what_was_run(tmp_path, monkeypatch) -> None:
    path = tmp_path / "ledger.json"
    counts = {"facts": 5, "presses": 4, "hubs_killed": 3, "centers_killed": 2, "restores": 1, "replaced": 1}
    for commit, first, failed in (("a", 0, []), ("a", 10, [12]), ("b", 0, [])):
        entries = ledger.add(ledger.Entry(commit, first, 10, failed, cpu_s=1.5, **counts), path)
    assert [(entry.commit, entry.first, entry.seeds, entry.failed) for entry in entries] == [
        ("a", 0, 20, [12]),
        ("b", 0, 10, []),
    ]
    assert ledger.read(path) == entries
    assert ledger.total(entries).startswith("30 seeds at 2 commits, 15 facts, 9 hubs and 6 centers killed, 3 restored")
    assert ledger.total(entries).endswith("1 seeds failed")


def test_the_repositorys_ledger_can_be_read_and_says_what_failed() -> None:
    entries = ledger.read()
    assert entries
    for entry in entries:
        assert entry.seeds > 0
        assert all(entry.first <= seed < entry.first + entry.seeds for seed in entry.failed)


def test_the_small_hall_has_no_ledger(monkeypatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    told = CliRunner().invoke(commands.simulate, ["--small", "--ledger"])
    assert told.exit_code == 2
    assert "whole hall" in told.output
