"""How fast a box's clock runs, told from reports that may wait on their way."""

from random import Random

import pytest

from hub.devices.drift import LEAST_MS, Drift


@pytest.mark.parametrize("ppm", [-100.0, 0.0, 40.0, 3000.0])
def test_drift_is_found_among_delays(ppm: float) -> None:
    chance, drift = Random(7), Drift()
    for report in range(240):  # two hours
        true_ms = report * 30_000
        late_ms = 2 if report % 5 == 0 else chance.randrange(2, 4_000)
        drift.heard(1, int(true_ms * (1 + ppm / 1e6)), 5_000_000 + true_ms + late_ms)
    assert drift.ppm == pytest.approx(ppm, abs=3, rel=0.02)


def test_drift_is_of_one_start_and_needs_ten_minutes() -> None:
    drift = Drift()
    assert drift.ppm is None
    drift.heard(1, 1_000, 2_000)
    drift.heard(1, LEAST_MS, 2_000 + LEAST_MS)
    assert drift.ppm is None
    drift.heard(1, 1_000 + LEAST_MS, 2_000 + LEAST_MS)
    assert drift.ppm == 0
    drift.heard(2, 5, 3_000 + LEAST_MS)
    assert drift.ppm is None
