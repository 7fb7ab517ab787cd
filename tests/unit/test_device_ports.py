"""The stable names of ports: what `device list` shows is what the rules make."""

from pathlib import Path

import pytest

from tools.device.ports import at_lines, stable_name
from tools.install.plans import SHARE


@pytest.mark.parametrize(
    ("serial_number", "location", "name"),
    [
        ("E6616408435A2F29", "1-1.2:1.0", "/dev/tingting/E6616408435A2F29"),  # a Pico
        ("FT4X", "1-1.3", "/dev/tingting/FT4X"),
        ("FT4X", "1-1.3:1.1", "/dev/tingting/FT4X-01"),  # the second port of an adapter
        ("FT4X", "1-1.3:1.12", "/dev/tingting/FT4X-0c"),
        (" A B/C ", None, "/dev/tingting/A_B_C"),
        ("", "1-1.3", None),
        (None, None, None),
    ],
)
def test_names(serial_number: str | None, location: str | None, name: str | None) -> None:
    assert stable_name(serial_number, location) == name


def test_the_rules_make_the_same_names() -> None:
    rules = (SHARE / "70-tingting.rules").read_text("utf-8")
    assert 'ENV{ID_USB_INTERFACE_NUM}=="00", SYMLINK+="tingting/$env{ID_SERIAL_SHORT}"' in rules
    assert 'SYMLINK+="tingting/$env{ID_SERIAL_SHORT}-$env{ID_USB_INTERFACE_NUM}"' in rules


def test_a_port_is_found_under_any_of_its_names(tmp_path: Path) -> None:
    ports = [str(tmp_path / f"ttyUSB{number}") for number in range(4)]
    for port in ports:
        Path(port).touch()
    (tmp_path / "stable").symlink_to(ports[2])
    urls = [f"serial://{ports[0]}?baud=19200", str(tmp_path / "stable"), "tcp://10.0.0.9:9100", "file:///dev/usb/lp0"]
    assert at_lines(ports, urls) == [ports[0], ports[2]]
