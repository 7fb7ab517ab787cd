"""Seeds that once found a bug. A line each says which, so that nobody takes one out without knowing."""

import pytest

from tools.simulation.run import run

REMEMBERED = {
    149: "a health report that had waited out an outage was taken for an anchor: a press was dated 21 s late",
    120: "the same, 13 s",
}


@pytest.mark.parametrize("seed", REMEMBERED)
def test_what_a_seed_once_found_stays_away(seed: int) -> None:
    result = run(seed)
    assert not result.wrong, f"once: {REMEMBERED[seed]}\n{result.report()}"
