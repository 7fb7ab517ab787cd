"""In which order the test files start, so that the processes of `make test` end together.

A file stays in one process. Whoever starts the longest last waits for it alone with a core idle, so the longest begin.
How long each takes is in `seconds.json`, noted from a run: `make test` leaves the same of its own in
`build/test-seconds.json`, to be copied when the order is no longer true. A run of a part leaves nothing.
"""

import json
from collections import defaultdict
from pathlib import Path

import pytest

NOTED = Path(__file__).with_name("seconds.json")
MADE = Path(__file__).parents[1] / "build" / "test-seconds.json"
LEAST_S = 2  # shorter ones fill the gaps at the end, whatever their order
NEW_S = 30  # of a file that was not noted yet: it may be a long one


def sort(items: list[pytest.Item], seconds: dict[str, int]) -> None:
    """The longest files first; within a file, and among the short ones, as they were."""
    items.sort(key=lambda item: -seconds.get(file_of(item.nodeid), NEW_S))


def file_of(nodeid: str) -> str:
    """A test's file, from the root."""
    return nodeid.partition("::")[0]


def read(path: Path = NOTED) -> dict[str, int]:
    """File → seconds."""
    return {str(name): int(seconds) for name, seconds in json.loads(path.read_text("utf-8")).items()}


def whole(config: pytest.Config) -> bool:
    """Whether it is what `make test` runs: all files, each with all its tests but for the long forms."""
    option = config.option
    chosen = (option.keyword, option.deselect, option.ignore, option.ignore_glob, option.collectonly)
    again = (getattr(option, name, False) for name in ("lf", "stepwise"))
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return everything and option.markexpr == "not long" and not any((*chosen, *again))


class Noting:
    """Adds up what each file took: set-up, tests and clearing away."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)

    def add(self, nodeid: str, seconds: float) -> None:
        """A phase of a test."""
        self._seconds[file_of(nodeid)] += seconds

    def write(self, path: Path = MADE) -> None:
        """The longest first; those that were too short to matter with 0."""
        taken = {name: round(each) if each >= LEAST_S else 0 for name, each in self._seconds.items()}
        ordered = dict(sorted(taken.items(), key=lambda entry: (-entry[1], entry[0])))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(ordered, indent=1) + "\n", "utf-8")
