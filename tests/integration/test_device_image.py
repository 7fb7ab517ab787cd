"""One file for a bare Pico: parsed back, and its volume started on genuine MicroPython."""

import asyncio
from hashlib import sha256
from pathlib import Path

import pytest

from tests.integration.test_device_provision import tingting
from tools.device import build, image, uf2
from tools.device.errors import DeviceError
from tools.device.flashing import digests
from tools.device.maintenance import maintenance
from tools.simulator.board import SimulatedBoard

QUICK = {"erase_ms": 0.0, "program_ms": 0.0}
WAIT_S = 120.0


def interpreter(path: Path, size: int = 300 * 1024) -> bytes:
    """Stands for MicroPython's own: what is in it is not ours."""
    content = bytes(at * 7 % 251 for at in range(size))
    path.write_bytes(uf2.pack(list(uf2.paged(image.XIP, content))))
    return content


async def test_an_image_holds_the_interpreter_and_a_volume_that_genuine_micropython_runs(tmp_path: Path) -> None:
    given = interpreter(tmp_path / "micropython.uf2")
    out = tmp_path / "box.uf2"
    status, said = await tingting("image", str(tmp_path / "micropython.uf2"), "--out", str(out), "--lang", "en")
    assert status == 0, said
    pages = uf2.parse(out.read_bytes(), "box.uf2")
    assert b"".join(page.data for page in pages if page.address < image.XIP + len(given)) == given
    # A Pico of 2 MB keeps 1,408 KB for files, at its end.
    volume = [page for page in pages if page.address >= image.XIP + 640 * 1024]
    assert [page.address for page in volume] == list(range(image.XIP + 640 * 1024, image.XIP + 2048 * 1024, 256))
    flash = tmp_path / "flash.img"
    flash.write_bytes(b"".join(page.data for page in volume))
    made = build.build("evaluator", "rpi_pico")
    async with await SimulatedBoard.start(flash, "rpi_pico", **QUICK) as board:
        await board.wait_output(b"never provisioned", WAIT_S)  # its application runs
        assert board.flash_counters.formats == 0

        def on_the_box() -> dict[str, str]:
            with maintenance(board.usb_port):
                return digests(board.usb_port, made.files)

        found = await asyncio.to_thread(on_the_box)
    assert found == {name: sha256(path.read_bytes()).hexdigest() for name, path in made.files.items()}


def test_an_image_of_what_is_no_interpreter_says_what_is_wrong(tmp_path: Path) -> None:
    made = build.build("evaluator", "rpi_pico")
    path = tmp_path / "given.uf2"
    for content, words in (
        (b"", "0 bytes; a UF2 is whole blocks of 512"),
        (b"x" * 513, "513 bytes; a UF2 is whole blocks"),
        (b"x" * 512, "block 0 is no UF2 block"),
    ):
        path.write_bytes(content)
        with pytest.raises(DeviceError, match=words):
            image.make("rpi_pico", made, path)
    interpreter(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:28] + b"\x00\x00\x00\x00" + whole[32:])
    with pytest.raises(DeviceError, match=r"block 0 is for another chip \(0x0\)"):
        image.make("rpi_pico", made, path)
    path.write_bytes(whole[:512] + whole[1024:])
    with pytest.raises(DeviceError, match="block 0 says it is number 0 of 1200"):
        image.make("rpi_pico", made, path)
    interpreter(path, 641 * 1024)
    with pytest.raises(DeviceError, match="where a rpi_pico's files begin at 0x100a0000"):
        image.make("rpi_pico", made, path)
    interpreter(path)
    assert len(image.make("rpi_pico_w", made, path)) == (1200 + 848 * 4) * 512
    with pytest.raises(DeviceError, match="a esp32_c3 takes no UF2"):
        image.make("esp32_c3", made, path)
