"""What people write: configurations, and the sheet of a hall."""

from collections.abc import Callable
from typing import Any

from tests.fuzz.target import Target

HUB_TOML = """[hall]
id = "h1"
name = "a"
[paths]
data = "data"
[[services]]
id = "A"
prefix = "A"
name = "a"
[[windows]]
id = "1"
name = "1"
services = ["A"]
"""
CENTER_TOML = '[[halls]]\nid = "qingxi"\nname = "a"\n'


def configuration() -> Target:
    """`hub.toml` and `center.toml`: whole, and behind a right beginning."""
    import atexit
    import shutil
    import tempfile
    from pathlib import Path

    from center import config as center_config
    from common.settings import SettingsError
    from hub import config as hub_config

    place = tempfile.mkdtemp(prefix="tingting-fuzz-")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    path = Path(place) / "settings.toml"
    loads: tuple[tuple[Callable[[Path], Any], bytes], ...] = (
        (hub_config.load, HUB_TOML.encode()),
        (center_config.load, CENTER_TOML.encode()),
    )

    def one(data: bytes) -> None:
        if not data or b"token_file" in data:  # a file that is named there is read, and may be anything
            return
        load, begins = loads[data[0] & 1]
        path.write_bytes((begins if data[0] & 2 else b"") + data[1:])
        try:
            load(path)
        except SettingsError as error:
            assert str(error).startswith(str(path))

    seeds = [bytes([at]) + begins for at, (_, begins) in enumerate(loads)]
    seeds += [
        b'\x02[http]\nport = 8080\n[center]\nurl = "http://x"\ntoken = "t"\n[[radios]]\nadapter = "hci0"\n',
        b'\x02[[links]]\nurl = "socket://127.0.0.1:1"\n[limits]\nstream_clients = 5\n',
        b'\x02[[staff]]\ncode = "1"\nname = "a"\n[[zones]]\nid = "z"\nname = "z"\n[voice]\noutput = "off"\n',
        b"\x03[http]\nport = 0\n[cases]\ndays = 5\n[overview]\nrefresh_s = 1\n",
        b"\x02[hall]\n",
        b'\x02[htp]\nport = "x"\n',
    ]
    enters = frozenset({"convert", "_unknown_keys", "_plain", "_allowed", "_cross_check", "_resolved"})
    return Target(one, enters, tuple(seeds))


def sheets() -> Target:
    """`hall.csv`, from any spreadsheet: a hall, or every cell that is wrong."""
    from hub.hall import sheets as room
    from hub.hall.rows import HallRow, Rows, ServiceRow, WindowRow
    from hub.hall.sheet_reading import SheetError

    rows = Rows(
        hall=HallRow(name="h"),
        services=(ServiceRow(id="A", prefix="A", name="a"),),
        windows=(WindowRow(id="1", name="1", services=("A",)),),
    )

    def one(data: bytes) -> None:
        try:
            sheet = room.read(data, rows, {"ev-1": "evaluator"}, str)
        except SheetError as error:
            assert error.wrongs
            return
        # What was taken can be written, and taken again.
        room.read(room.write(sheet.rows, (), chinese=True), rows, {}, str)

    whole = room.write(rows, (), chinese=False)
    seeds = (
        whole,
        room.write(rows, (), chinese=True),
        whole.decode("utf-8-sig").encode("gb18030"),
        b"[windows]\nid,name,services\n2,b,A\n",
        "[窗口]\r\n编号,名称\r\n3,三号\r\n".encode(),
        b"[nothing]\na\n1\n",
        b'[services]\nid,prefix,name,hours\nB,B,"b\nb",9:00-12:00\n',
    )
    return Target(one, frozenset({"sheet", "read", "_text", "write"}), seeds)
