"""The whole hall holds under every fault: the third part of the seeds."""

import pytest

from tests.simulation.whole_seeds import PARTS, holds


@pytest.mark.parametrize("seed", PARTS[2])
def test_each_logged_press_is_at_the_center_exactly_once(seed: int) -> None:
    holds(seed)
