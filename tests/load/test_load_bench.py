"""The load benchmarks run, in a form so small that their figures mean nothing, and write the contract's file."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tools.bench.commands import bench

NAMES = {
    "accept": [
        "hub.accept_per_s",
        "hub.syncs_per_fact_w1",
        "hub.syncs_per_fact_w64",
        "hub.sd_accept_per_s",
    ],
    "offline": [
        "hub.offline_rss_mb",
        "hub.restart_s",
        "uplink.first_delivery_s",
        "uplink.drain_per_s",
        "hub.restart_1m_s",
    ],
}


CENTER = {
    "center-ingest": ["center.ingest_ratio_sqlite", "center.ingest_rss_mb"],
    "center-1m": ["center.report_p95_ms_1m", "center.recompute_1m_s"],
}


def _rows(group: str, path: Path) -> list[dict[str, object]]:
    done = CliRunner().invoke(bench, ["--quick", "--only", group, "--out", str(path)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return list(json.loads(path.read_text("utf-8"))["results"])


def test_what_a_hub_accepts_is_measured_beside_raw_sqlite(tmp_path: Path) -> None:
    rows = {str(row["name"]): row for row in _rows("accept", tmp_path / "bench.json")}
    assert list(rows) == NAMES["accept"]
    for row in rows.values():
        assert isinstance(row["value"], float)
        assert row["value"] > 0
        assert row["ratio"]
        assert "SQLite" in str(row["limit"])
    # A sync for each fact, or it would not be durable when it is acknowledged; 20 facts may need one checkpoint.
    single = rows["hub.syncs_per_fact_w1"]["value"]
    assert isinstance(single, float)
    assert 1 <= single <= 1.2


def test_what_an_outage_costs_is_measured(tmp_path: Path) -> None:
    rows = _rows("offline", tmp_path / "bench.json")
    assert [row["name"] for row in rows] == NAMES["offline"]
    assert all(isinstance(row["value"], float) and row["value"] > 0 and row["ratio"] for row in rows)


def test_a_call_to_many_boards_is_measured_from_the_callers_key(tmp_path: Path) -> None:
    rows = _rows("boards", tmp_path / "bench.json")
    assert [row["name"] for row in rows] == [
        "board.call_p99_ms",
        "board.cpu_ms_per_call_200",
        "board.cpu_ms_per_call_199_more",
    ]
    assert all(isinstance(row["value"], float) and row["ratio"] is not None for row in rows)
    # The last is a difference of two runs: of so few calls on a busy machine it may be anything.
    assert all(isinstance(row["value"], float) and row["value"] > 0 and row["ratio"] for row in rows[:2])


@pytest.mark.parametrize("group", CENTER)
def test_the_center_under_a_generated_year_is_measured(tmp_path: Path, group: str) -> None:
    """The benchmark itself fails where the center counts other than was made, or where a recount disagrees."""
    rows = _rows(group, tmp_path / "bench.json")
    assert [row["name"] for row in rows] == CENTER[group]
    assert all(isinstance(row["value"], float) and row["value"] > 0 and row["ratio"] for row in rows)


def test_a_day_is_measured_from_outside(tmp_path: Path) -> None:
    rows = {str(row["name"]): row for row in _rows("day", tmp_path / "bench.json")}
    assert list(rows) == ["hub.day_rss_mb", "hub.day_cpu_s", "hub.day_late"]
    # 20 sign-ins, and 60 citizens with a ticket, a call, an arrival and a finish each.
    assert rows["hub.day_late"]["limit_value"] == 20 + 60 * 4
    assert isinstance(rows["hub.day_rss_mb"]["value"], float)
    assert rows["hub.day_rss_mb"]["value"] >= 20
    assert rows["hub.day_cpu_s"]["ratio"]
