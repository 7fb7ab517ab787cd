"""The power goes at every erase and program of an update, on real littlefs and genuine MicroPython."""

import subprocess
from pathlib import Path

import pytest

from tests.both_pythons.interpreter import require

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("update_onboard.py")
LIMIT_S = 300.0  # 4 s alone; only a hang reaches it
LONG_S = 3_600.0


def cuts(size: int, fate: str, limit_s: float) -> tuple[int, int]:
    """How many points were cut, and how many operations there are; the program checks what is left after each."""
    command = [require(), "-X", "heapsize=8M", str(PROGRAM), str(ROOT), str(size), fate]
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    words = next(line for line in done.stdout.splitlines() if line.startswith("cuts ")).split()
    print(" ".join(words))
    _, cut, _, operations, _, old, _, new = words
    assert int(old) + int(new) == int(operations)
    assert int(old) > 0
    assert int(new) > 0
    return int(cut), int(operations)


@pytest.mark.parametrize("fate", ["stop", "tear", "lose"])
def test_firmware_update_survives_a_cut_at_every_flash_operation(fate):
    cut, operations = cuts(2_000, fate, LIMIT_S)
    assert cut == operations
    assert operations > 70


@pytest.mark.long
@pytest.mark.parametrize("fate", ["stop", "tear", "lose"])
def test_firmware_update_of_many_blocks_survives_a_cut_at_every_flash_operation(fate):
    cut, operations = cuts(20_000, fate, LONG_S)
    assert cut == operations
    assert operations > 500
