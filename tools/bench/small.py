"""Benchmarks that need no hall: the wire on MicroPython, the application's size, the simulation."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tools.bench.results import ROOT, Result
from tools.device import build
from tools.simulation.whole import whole
from tools.simulator.interpreter import MISSING

_ONBOARD = Path(__file__).with_name("onboard")
_LIMIT_S = 300  # the wear of 100 days takes about a minute
_SEEDS = 20
_RATINGS_A_DAY = 500
_TEN_YEARS_DAYS = 3650
_WEAR_DAYS, _WEAR_DAYS_QUICK = 100, 4
_FLASH_ENDURANCE = 100_000  # erases of one block, the least that the flash chips of these boards are sold for


class BenchError(Exception):
    """A benchmark can't be run; the text says what is missing."""


def wire() -> list[Result]:
    """One 80-byte message sealed and opened on genuine MicroPython."""
    found = _on_micropython("seal.py")
    limit = "µs for CCM's cipher work alone (cryptolib ECB and CBC over 96 bytes each)"
    return [
        Result("wire.seal_us", found["seal_us"], "µs", limit, found["raw_us"]),
        Result("wire.open_us", found["open_us"], "µs", limit, found["raw_us"]),
    ]


def wear(quick: bool) -> list[Result]:
    """What a rating erases, its open invitation included, and what ten years of them do to the most used block."""
    days = _WEAR_DAYS_QUICK if quick else _WEAR_DAYS
    found = _on_micropython("wear.py", str(days), str(_RATINGS_A_DAY))
    ratings = days * _RATINGS_A_DAY
    ten_years = found["most_of_a_block"] * _TEN_YEARS_DAYS / days
    return [
        Result(
            "firmware.erases_per_rating",
            found["erases"] / ratings,
            "",
            "the worst single rating",
            found["worst_rating"],
        ),
        Result(
            "firmware.wear_10y_erases_per_block",
            ten_years,
            "",
            "erases that flash is sold for; the most used block of a Pico's littlefs, counted over "
            f"{days} days of {_RATINGS_A_DAY} ratings, stretched to ten years",
            _FLASH_ENDURANCE,
            aim=_FLASH_ENDURANCE,
        ),
    ]


def _on_micropython(script: str, *arguments: str) -> dict[str, float]:
    """What a script of onboard/ prints, run by genuine MicroPython."""
    beside = Path(sys.executable).with_name("micropython")
    program = str(beside) if beside.exists() else shutil.which("micropython")
    if program is None:
        raise BenchError(MISSING)
    done = subprocess.run(
        [program, "-X", "heapsize=8M", str(_ONBOARD / script), *arguments],
        cwd=ROOT,
        env={"MICROPYPATH": f"{ROOT}:.frozen", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=_LIMIT_S,
    )
    if done.returncode != 0:
        raise BenchError(f"{script} failed on {program}: {done.stdout}{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def firmware_size() -> list[Result]:
    """What `tingting device flash` puts onto a box."""
    image = build.build("evaluator", "rpi_pico")
    compiled = sum(path.stat().st_size for path in image.files.values())
    beside = {path.with_suffix(".py") for path in image.files.values()}
    sources = sum(path.stat().st_size for path in beside if path.exists())
    limit = "KB of the linked sources that they are compiled from"
    return [Result("firmware.mpy_kb", compiled / 1024, "KB", limit, sources / 1024, aim=160)]


def simulation() -> list[Result]:
    """Facts that went from a box to the center's disk in the seeded hall, a second of one core's work."""
    results = [whole(seed) for seed in range(_SEEDS)]
    facts, seconds = sum(result.facts for result in results), sum(result.seconds for result in results)
    simulated_s = sum(result.simulated_s for result in results)
    limit = f"facts/s as they come in simulated time. Seeds 0 to {_SEEDS - 1} of `tingting simulate`"
    return [Result("simulation.facts_per_s", facts / seconds, "1/s", limit, facts / simulated_s, aim=500)]
