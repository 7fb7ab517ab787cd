"""The seeds of the whole hall that every run of the tests looks at, in parts: a worker of the tests takes a file."""

from tools.simulation.whole import whole

CI = range(200)  # what `make simulate SEEDS=200` runs
PARTS = (CI[:60], CI[60:130], CI[130:])  # the first file has other tests of its first seeds


def holds(seed: int) -> None:
    """Each press that was logged is at the center, exactly once."""
    result = whole(seed)
    assert not result.wrong, result.report()
