"""`make mutate ROOM=ingest`: one change at a time in a copy of a room that carries the promise, and does a test notice?

Prints how many were noticed and lists those that were not, to be read: `cd build/mutate/<room>; mutmut show <name>`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOPS = ("protocol", "firmware", "hub", "common", "center", "tools", "tests", "docs", "requirements")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "browser", "corpus")


@dataclass(frozen=True)
class Room:
    """What is changed, and the tests that must notice."""

    top: str
    files: tuple[str, ...]
    tests: tuple[str, ...]


ROOMS = {
    "protocol": Room(
        "protocol",
        ("protocol/*.py",),
        ("tests/both_pythons/test_protocol_*.py", "tests/property/test_protocol_codecs.py"),
    ),
    "eventlog": Room("firmware", ("firmware/eventlog.py",), ("tests/both_pythons/test_firmware_eventlog.py",)),
    "journal": Room("hub", ("hub/journal/*.py",), ("tests/unit/test_journal_*.py", "tests/property/test_journal_*.py")),
    "queueing": Room(
        "hub",
        ("hub/queueing/*.py", "hub/queueing/decide/*.py", "hub/queueing/apply/*.py"),
        ("tests/unit/test_queueing_*.py", "tests/property/test_queueing_*.py"),
    ),
    "ingest": Room(
        "center", ("center/ingest.py",), ("tests/unit/test_center_heading.py", "tests/property/test_center_ingest.py")
    ),
}


def prepare(name: str) -> Path:
    """A copy of the code with what mutmut has to know; an earlier copy's results are gone."""
    room, place = ROOMS[name], ROOT / "build" / "mutate" / name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for top in TOPS:
        shutil.copytree(ROOT / top, place / top, ignore=NOT_COPIED)
    tests = sorted(str(path.relative_to(place)) for pattern in room.tests for path in place.glob(pattern))
    others = [top for top in TOPS if top != room.top]
    settings = f"""
[tool.mutmut]
source_paths = ["{room.top}"]
only_mutate = {list(room.files)}
also_copy = {others}
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = ["-p", "no:cacheprovider", "-x", "-q"]
"""
    (place / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text("utf-8") + settings, "utf-8")
    return place


def mutmut(place: Path, *words: str) -> str:
    """What it says; its own line that counts up is not shown."""
    command = [str(Path(sys.executable).with_name("mutmut")), *words]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False).stdout


def main() -> int:
    """Ends with 0 whatever survives: that is to be read by a person."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="*", default=list(ROOMS), help=f"of {', '.join(ROOMS)}; all if none")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    for name in options.rooms:
        place = prepare(name)
        said = mutmut(place, "run", "--max-children", str(options.workers))
        counts = re.findall(r"(\d+)/(\d+)\s+🎉 (\d+) 🫥 (\d+)\s+⏰ (\d+)\s+🤔 (\d+)\s+🙁 (\d+)", said)
        if not counts:
            print(f"{name}: mutmut did not run:\n{said[-3000:]}")
            return 1
        _, total, noticed, untested, late, odd, survived = (int(each) for each in counts[-1])
        print(
            f"{name}: {total} changes: {noticed} noticed, {late} ran into the time limit (noticed, too), {survived} "
            f"survived, {untested} reached by no test, {odd} odd"
        )
        print(mutmut(place, "results"), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
