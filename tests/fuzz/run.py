"""`make fuzz SECONDS=20`: every target under atheris and under hypothesis for so many seconds each, with its rate, and
how much of its rooms was reached. `--runs` counts executions instead. A finding ends it with 1; its input: build/fuzz.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.target import MAX_BYTES, Target
from tests.fuzz.targets import TARGETS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CORPUS = HERE / "corpus"
FOUND = ROOT / "build" / "fuzz"
SLACK_S = 300  # a child that hangs is a finding, too
SEED = 20261126
KEPT_BYTES = 600  # of a corpus that is read in a repository
HAS_ATHERIS = find_spec("atheris") is not None


@dataclass
class Result:
    """What one engine did to one target."""

    target: str
    engine: str
    executions: int
    seconds: float
    finding: str = ""
    lines: int = 0
    entered: frozenset[str] = frozenset()

    def __str__(self) -> str:
        rate = self.executions / max(self.seconds, 1e-9)
        reached = f"{self.lines} lines of its rooms reached" if self.lines else ""
        end = f"FINDING\n{self.finding}" if self.finding else reached
        return f"{self.target:14} {self.engine:10} {self.executions:8} runs {rate:8.0f}/s  {end}"


def corpus(name: str) -> list[bytes]:
    """What is kept of earlier runs, in the repository."""
    return [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))]


def reach(target: Target, rooms: tuple[str, ...], inputs: list[bytes]) -> tuple[int, frozenset[str]]:
    """(lines of the rooms, names of their functions) that these inputs get to."""
    places = tuple(str(ROOT / room.replace(".", "/")) for room in rooms)
    lines: set[tuple[str, int]] = set()
    entered: set[str] = set()

    def local(frame, event, _):  # type: ignore[no-untyped-def]  # as sys.settrace wants it
        if event == "line":
            lines.add((frame.f_code.co_filename, frame.f_lineno))
        return local

    def enter(frame, _event, _argument):  # type: ignore[no-untyped-def]  # as sys.settrace wants it
        if not frame.f_code.co_filename.startswith(places):
            return None
        entered.add(frame.f_code.co_name)
        return local

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        for each in inputs:
            target.one(each)
    finally:
        sys.settrace(before)
    return len(lines), frozenset(entered)


def arcs(target: Target, rooms: tuple[str, ...], one: bytes) -> set[tuple[str, int, int]]:
    """From which line to which an input goes: finer than lines, and what the corpus is thinned by."""
    places = tuple(str(ROOT / room.replace(".", "/")) for room in rooms)
    found: set[tuple[str, int, int]] = set()

    def enter(frame, _event, _argument):  # type: ignore[no-untyped-def]  # as sys.settrace wants it
        if not frame.f_code.co_filename.startswith(places):
            return None
        last = frame.f_code.co_firstlineno

        def local(frame, event, _):  # type: ignore[no-untyped-def]  # as sys.settrace wants it
            nonlocal last
            if event == "line":
                found.add((frame.f_code.co_filename, last, frame.f_lineno))
                last = frame.f_lineno
            return local

        return local

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        target.one(one)
    finally:
        sys.settrace(before)
    return found


def keep(name: str) -> int:
    """The smallest inputs of the last run that reach what no smaller one did go into the corpus; how many there are."""
    make, rooms = TARGETS[name]
    target = make()
    kept = [path.read_bytes() for path in (FOUND / name / "corpus").glob("*")]
    inputs = {each for each in [*target.seeds, *corpus(name), *kept] if len(each) <= KEPT_BYTES}
    seen: set[tuple[str, int, int]] = set()
    folder = CORPUS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for each in sorted(inputs, key=lambda each: (len(each), each)):
        new = arcs(target, rooms, each)
        if new - seen:
            seen |= new
            (folder / sha256(each).hexdigest()[:16]).write_bytes(each)
    return len(list(folder.iterdir()))


def with_atheris(name: str, runs: int, seconds: int) -> Result:
    """In a process of its own; what opened something new is kept in build/fuzz."""
    fresh = FOUND / name / "corpus"
    shutil.rmtree(FOUND / name, ignore_errors=True)
    fresh.mkdir(parents=True)
    target = TARGETS[name][0]()
    for number, each in enumerate(target.seeds):
        (fresh / f"seed-{number}").write_bytes(each)
    limit = [f"-runs={runs}"] if runs else [f"-max_total_time={seconds}"]
    words = [sys.executable, "-m", "tests.fuzz.child", name, str(fresh), str(CORPUS / name), *limit, f"-seed={SEED}"]
    words += [f"-artifact_prefix={FOUND / name}/", "-timeout=60", "-rss_limit_mb=1024"]
    began = time.monotonic()
    # With random hashes the same bytes would not go the same way twice.
    env = os.environ | {"PYTHONHASHSEED": "0"}
    child = subprocess.run(
        words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=seconds + SLACK_S, check=False
    )
    took = time.monotonic() - began
    done = re.search(r"stat::number_of_executed_units:\s*(\d+)", child.stderr)
    finding = "" if child.returncode == 0 else child.stdout[-3000:] + child.stderr[-1500:]
    return Result(name, "atheris", int(done[1]) if done else 0, took, finding)


def with_hypothesis(name: str, runs: int, seconds: int) -> Result:
    """Any bytes, and the seeds and the corpus with pieces of each other in them."""
    target = TARGETS[name][0]()
    known = st.sampled_from([*target.seeds, *corpus(name)])
    mixed = st.builds(
        lambda one, at, piece, other: (one[: at % (len(one) + 1)] + piece + other[at % (len(other) + 1) :])[:MAX_BYTES],
        known,
        st.integers(0, MAX_BYTES),
        st.binary(max_size=12),
        known,
    )
    done = 0

    def once(examples: int, number: int) -> None:
        @seed(SEED + number)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.one_of(st.binary(max_size=400), mixed, mixed))
        def one(data: bytes) -> None:
            nonlocal done
            done += 1
            target.one(data)

        one()

    began = time.monotonic()
    finding = ""
    try:
        number = 0
        while (done < runs) if runs else (time.monotonic() - began < seconds):
            once(min(runs - done, 500) if runs else 200, number)
            number += 1
    except Exception as error:  # a finding is whatever it raises
        finding = f"{type(error).__name__}: {error}\n{getattr(error, '__notes__', '')}"
    return Result(name, "hypothesis", done, time.monotonic() - began, finding)


def judged(result: Result) -> Result:
    """With what the kept inputs reach, so that a fuzzer which never gets in is seen."""
    make, rooms = TARGETS[result.target]
    target = make()
    kept = [path.read_bytes() for path in sorted((FOUND / result.target / "corpus").glob("*"))]
    if not result.finding:
        result.lines, result.entered = reach(target, rooms, [*target.seeds, *corpus(result.target), *kept])
    return result


def everything(names: list[str], runs: int, seconds: int, workers: int) -> list[Result]:
    """All of them, some at a time: a child has a processor of its own, hypothesis this one."""
    with ThreadPoolExecutor(workers) as pool:
        guided = [pool.submit(with_atheris, name, runs, seconds) for name in names] if HAS_ATHERIS else []
        results = [with_hypothesis(name, runs, seconds) for name in names]
        results += [each.result() for each in guided]
    return [judged(result) for result in results]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=list(TARGETS), help=f"of {', '.join(TARGETS)}; all if none")
    parser.add_argument("--seconds", type=int, default=20, help="for each target and engine (20)")
    parser.add_argument("--runs", type=int, default=0, help="so many executions instead")
    parser.add_argument("--workers", type=int, default=1, help="how many of atheris' processes beside hypothesis (1)")
    parser.add_argument("--keep", action="store_true", help="thin what was found into tests/fuzz/corpus")
    options = parser.parse_args()
    bad = False
    for result in everything(options.targets, options.runs, options.seconds, options.workers):
        print(result, flush=True)
        missing = TARGETS[result.target][0]().enters - result.entered
        if result.finding or missing:
            bad = True
            print(f"  not entered: {', '.join(sorted(missing))}" if not result.finding else "", flush=True)
    for name in options.targets if options.keep else []:
        print(f"{name:14} {keep(name)} inputs in the corpus")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
