"""What a box's display can say: every word fits, every letter is there, and the font's absence is said."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tools.device import glyphs
from tools.device.commands import device
from tools.device.errors import DeviceError
from tools.simulator.panel import WIDTH, Panel

WORDS = Path("firmware/drivers/screen.txt").read_text("utf-8")


def test_every_row_of_words_fits_the_glass():
    for line in WORDS.splitlines():
        name, *rows = line.replace("{number}", "A0123").replace("{step}", "5").split("|")
        assert name == "clerk" or len(rows) == 4, line
        for row in rows:
            assert sum(8 if letter < "\u2600" else 16 for letter in row) <= WIDTH, row


def test_the_file_has_a_glyph_for_every_letter_and_its_dots():
    data = glyphs.cut(WORDS)
    lines, letters = data[0], data[1]
    text, rest = WORDS.encode(), data[2 + len(WORDS.encode()) :]
    assert data[2 : 2 + len(text)] == text
    assert lines == len(WORDS.splitlines())
    index = [int.from_bytes(rest[at : at + 2], "big") for at in range(0, 2 * letters, 2)]
    assert set(map(ord, WORDS.replace("\n", "") + "★☆A9")) <= set(index)
    assert len(rest) == letters * (2 + 32)
    at = 2 * letters + 32 * index.index(ord("L"))
    # The foot of an L is one row of dots, its stem one column, as GNU Unifont has them.
    upper, lower = rest[at : at + 16], rest[at + 16 : at + 32]
    assert [column for column in range(16) if lower[column] & 0x20] == [1, 2, 3, 4, 5, 6]
    assert [column for column in range(16) if upper[column]] == [1]


def test_without_the_font_or_a_letter_the_error_says_what_to_do(tmp_path):
    with pytest.raises(DeviceError, match="apt install unifont"):
        glyphs.cut("x", tmp_path / "none.hex")
    font = tmp_path / "small.hex"
    font.write_text("0041:" + "00" * 16 + "\n", "ascii")
    with pytest.raises(DeviceError, match=r"has no .*screen\.txt"):
        glyphs.cut("A", font)


def test_a_board_without_pins_gets_no_display():
    options = ["--window", "1", "--hub", "http://127.0.0.1:1", "--board", "esp32_c3", "--screen", "ssd1306"]
    done = CliRunner(env={"TINGTING_TOKEN": "x", "TINGTING_LANG": "en"}).invoke(
        device, ["provision", "/dev/none", *options]
    )
    assert done.exit_code == 1
    assert "evaluator on esp32_c3 can't have a display" in done.output


@pytest.mark.parametrize("kind", ["ssd1306", "sh1106"])
def test_the_panel_is_dark_until_it_is_on_and_forgets_without_power(kind):
    panel = Panel(kind)
    first = {"ssd1306": 0, "sh1106": 2}[kind]
    page = bytes((0x80, 0xB1, 0x80, first, 0x80, 0x10))
    assert not panel.take(page + b"\x40" + b"\xff" * 128)
    pump = {"ssd1306": b"\x00\x8d\x14\xaf", "sh1106": b"\x00\xad\x8b\xaf"}[kind]
    assert panel.take(pump)
    assert panel.picture() == bytes(128) + b"\xff" * 128 + bytes(128 * 6)
    panel.take(b"\x80\xa7")
    assert panel.picture()[:256] == b"\xff" * 128 + bytes(128)
    panel.take(b"\x80\xff")
    assert panel.unknown == [0xFF]
    panel.power_off()
    assert panel.picture() == bytes(1024)
