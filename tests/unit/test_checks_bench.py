"""The benchmarks' file has the contract's shape, and its small rows are measured for real."""

import json
from pathlib import Path

from tools.bench import results, small
from tools.bench.results import Result


def test_the_file_has_the_contract_s_shape(tmp_path: Path) -> None:
    path = tmp_path / "build" / "bench.json"
    results.write([Result("wire.seal_us", 30.0, "µs", "µs for the cipher alone", 10.0, aim=None)], path)
    content = json.loads(path.read_text("utf-8"))
    assert set(content) == {"machine", "results"}
    row = {"name": "wire.seal_us", "value": 30.0, "unit": "µs", "aim": None}
    assert content["results"] == [row | {"limit": "µs for the cipher alone", "limit_value": 10.0, "ratio": 3.0}]


def test_percentiles() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert results.percentile(values, 0.5) == 51.0
    assert results.percentile(values, 0.99) == 100.0
    assert results.percentile([7.0], 0.99) == 7.0


def test_the_wire_is_measured_on_micropython() -> None:
    rows = small.wire()
    assert [row.name for row in rows] == ["wire.seal_us", "wire.open_us"]
    assert all(row.value > 0 and row.limit_value > 0 for row in rows)


def test_the_application_s_size_is_that_of_its_files() -> None:
    (row,) = small.firmware_size()
    assert 10 < row.value < row.limit_value


def test_ten_years_of_ratings_stay_within_what_flash_bears() -> None:
    erases, wear = small.wear(quick=True)
    assert erases.name == "firmware.erases_per_rating"
    assert 0.1 < erases.value < 1, "a rating erases less than a block, and more than nothing"
    assert wear.name == "firmware.wear_10y_erases_per_block"
    assert wear.value < wear.limit_value == wear.aim == 100_000
