"""The event log on real littlefs, on genuine MicroPython: power cuts, torn pages, wear, capacity."""

import subprocess
from pathlib import Path

import pytest

from tests.both_pythons.interpreter import require

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("firmware_onboard.py")
CUTS = Path(__file__).with_name("firmware_powercuts.py")
RESULTS = ("every", "random", "online", "offline", "capacity", "small")
TIMEOUT_S = 240.0  # for what takes seconds; only a hang reaches it
LONG_S = 3_600.0


def onboard(*arguments: object, program: Path = PROGRAM, timeout_s: float = TIMEOUT_S) -> list[str]:
    """Words of its result lines; between them it says what files complain of that a power cut left open."""
    command = [require(), "-X", "heapsize=4M", str(program), str(ROOT), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    lines = [line.split() for line in done.stdout.splitlines()]
    return [word for line in lines if line and line[0] in RESULTS for word in line]


@pytest.mark.parametrize("fate", ["stop", "tear", "lose"])
def test_firmware_log_survives_a_cut_at_every_flash_operation(fate):
    _, operations = onboard("every", fate, program=CUTS)
    assert int(operations) > 150


def test_firmware_log_survives_random_days_on_one_flash():
    _, days, ended_by_a_cut = onboard("random", 1, 40, program=CUTS)
    assert int(days) == 40
    assert int(ended_by_a_cut) > 15


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_firmware_log_survives_a_thousand_random_days_on_one_flash(seed):
    _, days, ended_by_a_cut = onboard("random", seed, 1000, program=CUTS, timeout_s=LONG_S)
    assert int(days) == 1000
    assert int(ended_by_a_cut) > 500


@pytest.mark.parametrize(("progsize", "tail"), [(256, 232), (32, 124)])
def test_firmware_log_holds_ten_thousand_ratings_in_256_kb(progsize, tail):
    _, ratings, blocks = onboard("capacity", progsize, tail)
    assert int(ratings) >= 10_000
    assert int(blocks) <= 64


@pytest.mark.parametrize(
    ("tail", "progsize", "online", "offline"),
    [
        (232, 256, 300, 480),  # a Pico: thousandths of a block erase for one rating, its open invitation included
        (124, 32, 110, 440),  # an ESP32-C3
    ],
)
def test_firmware_log_costs_a_fraction_of_an_erase(tail, progsize, online, offline):
    words = onboard("erases", tail, progsize)
    assert int(words[1]) <= online
    assert int(words[5]) <= offline
    assert int(words[3]) <= 2
    assert int(words[7]) <= 4


def test_firmware_log_is_full_before_a_small_volume_is():
    assert int(onboard("small")[1]) > 3000
