"""`make mutate ROOM=ingest`: one change at a time in a copy of a room that carries the promise, and does a test notice?

Prints how many were noticed and lists those that were not, to be read: `cd build/mutate/<room>; mutmut show <name>`.
`python -m tests.mutate protocol --sample 150 --seed 1` tries so many, drawn by chance. Ended early (Ctrl+C or SIGTERM)
it reports of those that were tried until then.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
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
        (
            "tests/both_pythons/test_protocol_*.py",
            "tests/property/test_protocol_codecs.py",
            "tests/property/test_protocol_escpos.py",
            "tests/unit/test_ticket_paper.py",
        ),
    ),
    "eventlog": Room("firmware", ("firmware/eventlog.py",), ("tests/both_pythons/test_firmware_eventlog*.py",)),
    "journal": Room(
        "hub",
        ("hub/journal/*.py",),
        ("tests/unit/test_journal_*.py", "tests/unit/test_service_snapshots.py", "tests/property/test_journal_*.py"),
    ),
    "queueing": Room(
        "hub",
        ("hub/queueing/*.py", "hub/queueing/decide/*.py", "hub/queueing/apply/*.py"),
        (
            "tests/unit/test_queueing_*.py",
            "tests/unit/test_service_snapshots.py",
            "tests/property/test_queueing_*.py",
            "tests/property/test_hall_changes.py",
        ),
    ),
    "ingest": Room(
        "center",
        ("center/ingest.py", "center/whole.py"),
        ("tests/unit/test_center_heading.py", "tests/property/test_center_ingest.py"),
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
timeout_constant = 5
timeout_multiplier = 5
"""
    (place / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text("utf-8") + settings, "utf-8")
    return place


# What mutmut notes of a change, as far as it is not the odd.
NOTED = {1: "noticed", 3: "noticed", 0: "survived", 5: "untested", 33: "untested", None: "left out", 34: "left out"}
LATE = (36, 24, -24, 152, 255)
LEFT_OUT = 34
NONE = "nothing-has-this-name*"
# Where there is one, the tests' files are in memory: the journal's tests wait for the disk most of their time.
MEMORY = Path("/dev/shm")


def mutmut(place: Path, *words: str) -> str:
    """What it says; its own line that counts up is not shown. It is told to stop, too, when this is."""
    command = [str(Path(sys.executable).with_name("mutmut")), *words]
    surroundings = {**os.environ, **({"TMPDIR": str(MEMORY)} if MEMORY.is_dir() else {})}
    # A session of its own: the terminal's Ctrl+C comes to this process alone, and so only once to mutmut.
    with subprocess.Popen(
        command,
        cwd=place,
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as run:
        try:
            return run.communicate()[0].decode("utf-8", "replace")
        except KeyboardInterrupt:
            run.send_signal(signal.SIGINT)
            run.communicate()
            raise


def notes(place: Path) -> list[Path]:
    """mutmut's own, one file for each that it changes."""
    return sorted((place / "mutants").rglob("*.meta"))


def draw(place: Path, many: int, seed: int) -> None:
    """So many of all changes are left to be tried; the rest is noted as left out."""
    mutmut(place, "run", "--max-children", "1", NONE)  # makes the changes, and finds none of that name
    names = sorted(name for path in notes(place) for name in json.loads(path.read_text("utf-8"))["exit_code_by_key"])
    drawn = set(random.Random(seed).sample(names, min(many, len(names))))
    for path in notes(place):
        kept = json.loads(path.read_text("utf-8"))
        kept["exit_code_by_key"] = {name: None if name in drawn else LEFT_OUT for name in kept["exit_code_by_key"]}
        path.write_text(json.dumps(kept), "utf-8")


def verdicts(place: Path) -> dict[str, str]:
    """What became of each change."""
    found: dict[str, str] = {}
    for path in notes(place):
        for name, code in json.loads(path.read_text("utf-8"))["exit_code_by_key"].items():
            found[name] = "late" if code in LATE else NOTED.get(code, "odd")
    return found


def main() -> int:
    """Ends with 0 whatever survives: that is to be read by a person. Ended early it ends with 1."""
    # Both, and by name: what a shell starts in the background ignores SIGINT.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="*", default=list(ROOMS), help=f"of {', '.join(ROOMS)}; all if none")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--sample", type=int, default=0, help="try only so many of a room, drawn by chance")
    parser.add_argument("--seed", type=int, default=0, help="of that chance (0)")
    options = parser.parse_args()
    for name in options.rooms:
        place = prepare(name)
        said, early = "", False
        try:
            if options.sample:
                draw(place, options.sample, options.seed)
            said = mutmut(place, "run", "--max-children", str(options.workers))
        except KeyboardInterrupt:
            early = True
        if not report(name, verdicts(place), early):
            print(f"{name}: mutmut did not run:\n{said[-3000:]}")
            return 1
        if early:
            return 1
    return 0


def report(name: str, found: dict[str, str], early: bool) -> bool:
    """Prints how many were noticed and which were not; no if none was tried."""
    count = Counter(found.values())
    tried = len(found) - count["left out"]
    if not tried:
        return False
    print(
        f"{name}: {tried} of {len(found)} changes{' (ended early)' if early else ''}: {count['noticed']} noticed, "
        f"{count['late']} ran into the time limit (noticed, too), {count['survived']} survived, "
        f"{count['untested']} reached by no test, {count['odd']} odd"
    )
    for change, verdict in found.items():
        if verdict not in ("noticed", "left out", "late"):
            print(f"    {change}: {verdict}")
    sys.stdout.flush()
    return True


if __name__ == "__main__":
    sys.exit(main())
