"""A flash that is broken off at a file, any file, ends well on the next run; power cut, so the file is torn too."""

from pathlib import Path

import pytest

from tests.integration.simulator_bench import make_image
from tests.integration.test_device_flash import flash
from tests.power_cut_support import cuts, operations, readable_and_writable
from tools.device import build
from tools.simulator.board import SimulatedBoard

QUICK = {"erase_ms": 0.0, "program_ms": 0.0}
WAIT_S = 120.0


async def broken_at(folder: Path, points: slice) -> None:
    """Flashes once, recorded; then again from the moments at which each of these files was being written."""
    before = make_image(folder / "flash.img", {}).read_bytes()
    record = folder / "operations"
    async with await SimulatedBoard.start(folder / "flash.img", "rpi_pico", record=str(record), **QUICK) as board:
        status, said = await flash(board)
        assert status == 0, said
    names = set(build.build("evaluator", "rpi_pico").files)
    moments: dict[int, bytes] = {}  # how many files were whole → the flash while the next one was written
    for cut in cuts(before, operations(record)):
        if cut.torn:
            found = readable_and_writable(cut.image)
            moments.setdefault(len({name.lstrip("/") for name in found} & names), cut.image)
    assert set(moments) >= set(range(len(names)))  # at every file
    for whole, image in sorted(moments.items())[points]:
        path = folder / f"broken-{whole}.img"
        path.write_bytes(image)
        async with await SimulatedBoard.start(path, "rpi_pico", **QUICK) as board:
            status, said = await flash(board)
            assert status == 0, (whole, said)
            assert "all checked by SHA-256" in said
            # It runs: without an identity, and says so.
            await board.wait_output(b"never provisioned", WAIT_S)
        path.unlink()
    print(f"broken off at {len(sorted(moments.items())[points])} moments of {len(names)} files")


async def test_a_flash_broken_off_at_a_file_ends_well_on_the_next_run(tmp_path: Path) -> None:
    await broken_at(tmp_path, slice(1, None, 7))


@pytest.mark.long
async def test_a_flash_broken_off_at_every_file_ends_well_on_the_next_run(tmp_path: Path) -> None:
    await broken_at(tmp_path, slice(None))
