"""MicroPython's own file: what is not for the board is refused before anything is touched, and says why."""

import importlib.util
import struct
from pathlib import Path

import pytest

from tests import esp_support
from tools.device import interpreter
from tools.device.errors import ImageError, PortError

NAME = b"MicroPython v1.26.0 on 2025-08-09"


def read(folder: Path, content: bytes, board: str = "esp32_c3") -> interpreter.Given:
    path = folder / "given"
    path.write_bytes(content)
    return interpreter.read(path, board)


def test_whole_files_are_taken(tmp_path: Path) -> None:
    content = esp_support.esp(name=NAME)
    assert read(tmp_path, content).content == content
    taken = read(tmp_path, esp_support.pico(name=NAME), "rpi_pico").content
    assert NAME in taken
    assert b"UF2\n" not in taken
    read(tmp_path, esp_support.pico(b"Raspberry Pi Pico W with RP2040", NAME), "rpi_pico_w")


def test_a_file_for_another_board_says_so(tmp_path: Path) -> None:
    good = esp_support.esp(name=NAME)
    cases = (
        (esp_support.esp(9, NAME), "esp32_c3", "it is for an ESP32-S3, and the board has an ESP32-C3"),
        (esp_support.pico(name=NAME), "esp32_c3", "this is a UF2, for a Pico"),
        (good, "rpi_pico", "a UF2 is whole blocks of 512|is no UF2 block"),
        (esp_support.pico(b"Raspberry Pi Pico W with RP2040", NAME), "rpi_pico", "it is for a Pico W, and the board"),
        (esp_support.pico(name=NAME), "rpi_pico_w", "it is for a Pico, and the board is a rpi_pico_w"),
        (esp_support.esp(name=b"hello"), "esp32_c3", "no MicroPython is in it"),
        (esp_support.pico(name=b"hello"), "rpi_pico", "no MicroPython is in it"),
        (good[esp_support.APPLICATION :], "esp32_c3", "no partition table in it: this is only a part"),
        (good[: esp_support.APPLICATION + 30], "esp32_c3", "it was cut off"),
        (good[:-40], "esp32_c3", "it was cut off"),
        (good[:-1], "esp32_c3", "it is damaged"),
        (good[:-50_000] + b"x" + good[-49_999:], "esp32_c3", "it is damaged"),
        (b"", "esp32_c3", "it was cut off"),
        (b"\0" * 70_000, "esp32_c3", "no image for an ESP32"),
        (good, "toaster", "nobody knows how MicroPython gets onto a toaster; boards: esp32_c3, rpi_pico"),
    )
    for content, board, words in cases:
        with pytest.raises(ImageError, match=words):
            read(tmp_path, content, board)
    with pytest.raises(ImageError, match="can't be read"):
        interpreter.read(tmp_path / "none", "esp32_c3")


def test_every_cut_of_a_file_is_noticed(tmp_path: Path) -> None:
    """At every thousandth byte, and around each place where a part begins or ends."""
    good = esp_support.esp(name=NAME)
    places = {
        *range(0, len(good), 1000),
        23,
        24,
        31,
        32,
        0x7FFF,
        0x8000,
        0x8020,
        0xFFFF,
        0x10000,
        0x10018,
        len(good) - 32,
    }
    for at in sorted(places):
        with pytest.raises(ImageError):
            read(tmp_path, good[:at])


def test_a_uf2_of_another_family_or_place_is_refused(tmp_path: Path) -> None:
    good = esp_support.pico(name=NAME)
    with pytest.raises(ImageError, match="is for another chip"):
        read(tmp_path, good[:28] + struct.pack("<I", 0xE48BFF59) + good[32:], "rpi_pico")
    with pytest.raises(ImageError, match="outside the flash of a rpi_pico"):
        read(tmp_path, good[:12] + struct.pack("<I", 0x20000000) + good[16:], "rpi_pico")


def test_a_drive_must_be_the_boot_drive_of_that_chip(tmp_path: Path) -> None:
    given = read(tmp_path, esp_support.pico(name=NAME), "rpi_pico")
    drive = tmp_path / "drive"
    drive.mkdir()

    def put() -> None:
        wish = interpreter.Wish("rpi_pico", given, drive, erase=False)
        interpreter.put(str(tmp_path / "no-port"), wish, lambda *_: None, lambda _: None, lambda text: text)

    with pytest.raises(PortError, match="no boot drive of a Pico"):
        put()
    (drive / "INFO_UF2.TXT").write_text("UF2 Bootloader v1.0\r\nBoard-ID: RP2350\r\n")
    with pytest.raises(ImageError, match="the board there is a RP2350, and a rpi_pico is an RPI-RP2"):
        put()
    assert [path.name for path in drive.iterdir()] == ["INFO_UF2.TXT"]


def test_one_release_for_two_boards_is_two_files(tmp_path: Path) -> None:
    """The names are those that MicroPython's own board files give."""
    release = NAME.decode()
    pico, wireless, c3 = (
        "Raspberry Pi Pico with RP2040",
        "Raspberry Pi Pico W with RP2040",
        "ESP32C3 module with ESP32C3",
    )
    files = {
        pico: read(tmp_path, esp_support.pico(pico.encode(), NAME), "rpi_pico"),
        wireless: read(tmp_path, esp_support.pico(wireless.encode(), NAME), "rpi_pico_w"),
        c3: read(tmp_path, esp_support.esp(name=NAME + b"; " + c3.encode())),
    }
    for board, given in files.items():
        for machine in files:
            assert interpreter.Runs(f"3.4.0; {release}", machine).is_of(given) == (machine == board)
        assert not interpreter.Runs("3.4.0; MicroPython v1.25.0 on 2025-04-15", board).is_of(given)


def test_the_genuine_interpreter_has_in_it_what_it_says() -> None:
    """Both words stand whole in the file: nothing puts them together only when they are asked for."""
    module = importlib.util.find_spec("micropython_run")  # the interpreter, as the package brings it
    assert module is not None
    assert module.origin is not None
    content = Path(module.origin).read_bytes()
    assert esp_support.name_of_interpreter() in content
    assert esp_support.machine_of_interpreter() in content


def test_drives_are_found_among_mounts_that_nobody_may_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blanks stand there as \\040, Chinese as it is; one that can't be asked is none."""
    found = [tmp_path / "张三" / "RPI-RP2", tmp_path / "a b" / "RPI-RP2"]
    for drive in found:
        drive.mkdir(parents=True)
        (drive / "INFO_UF2.TXT").write_text("Board-ID: RPI-RP2\n")
    odd = tmp_path / ("x" * 300)  # asking is an error, for root too, as EACCES is for others
    mounts = tmp_path / "mounts"
    points = [str(each).replace(" ", "\\040") for each in (odd, *found)]
    lines = [f"/dev/sd{number} {each} vfat rw 0 0\n".encode() for number, each in enumerate(points)]
    mounts.write_bytes(b"/dev/x /media/\xff\xfe ext4 rw 0 0\n" + b"".join(lines))
    monkeypatch.setattr(interpreter, "_MOUNTS", mounts)
    assert interpreter.drives() == found
