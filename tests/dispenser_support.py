"""A dispenser as real firmware on genuine MicroPython, on the line of a real hub process, with its printer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.caller_support import press
from tests.hub_support import HubProcess, until
from tests.integration.firmware_bench import WAIT_S, flash, settings
from tools.simulator.board import SimulatedBoard

DEVICE = "disp-1"
# A dispenser's heap on the 64-bit port; a Pico, whose words are half as wide, has more than twice of what it needs.
HEAP = 160 * 1024
RED = 12  # the lamp behind the twelve keys'
CONFIG = """
[tickets]
url = "http://10.0.0.2"
lease_numbers = 5
lease_minutes = 1
[[services]]
id = "B"
prefix = "B"
name = "公安户籍"
name_en = "Household and ID"
[[windows]]
id = "2"
name = "2号窗口"
services = ["B"]
zone = "c"
[[zones]]
id = "c"
name = "一层 C 区"
"""


class Rig:
    """Hub, board and what the journal says."""

    def __init__(self, hub: HubProcess, board: SimulatedBoard) -> None:
        self.hub = hub
        self.board = board

    async def events(self, *types: str) -> list[dict[str, Any]]:
        """The journal's events of these types, in short names (`ticket.issued`)."""
        found = await self.hub.events()
        return [event for event in found if not types or event["type"].removeprefix("hall.") in types]

    async def event(self, kind: str, count: int = 1) -> dict[str, Any]:
        """Waits for the nth event of a type; returns its data."""

        async def there() -> Any:
            found = await self.events(kind)
            return found[count - 1]["data"] if len(found) >= count else None

        try:
            return await until(there, f"{count} × {kind}")
        except AssertionError as error:
            known = [
                (event["type"], event["data"].get("number"), event["data"].get("reason"))
                for event in await self.events()
            ]
            raise AssertionError(f"{error}; there is {known}") from None

    async def fault(self, code: str) -> None:
        """Waits until the journal has this fault; a box that greeted before it was registered is one, too."""

        async def told() -> bool:
            return any(event["data"]["detail"]["code"] == code for event in await self.events("device.fault"))

        await until(told, f"fault {code}")

    async def lit(self, key: int = 1, lit: bool = True) -> None:
        """Waits until a key's lamp says whether a press gives a number."""
        await self.board.wait_for(lambda view: view.lamps[key - 1] is lit, WAIT_S, f"lamp {key} {lit}")

    async def press(self, key: int | str) -> None:
        """Presses a service key when its lamp is lit, the clerk's when nothing is under way."""
        await self.lit(1 if isinstance(key, str) else key)
        await asyncio.sleep(0.1)  # a finger that was on the key just now is off it for longer than keys bounce
        await press(self.board, key)

    async def slip(self, count: int) -> dict[str, Any]:
        """Waits for the nth slip in the tray."""

        async def there() -> Any:
            slips = (await self.board.slips())["slips"]
            return slips[count - 1] if len(slips) >= count else None

        return await until(there, f"slip {count}")

    async def waiting(self, service: str = "A") -> int:
        _, queue = await self.hub.call("GET", "/api/v1/queue")
        return int(queue["waiting"][service])


@cache
def _flashed() -> bytes:
    """A flashed dispenser; compiled once for all tests of a process."""
    with TemporaryDirectory() as folder:
        return flash(Path(folder), settings(device=DEVICE, role="dispenser")).read_bytes()


@asynccontextmanager
async def rig(folder: Path, *, extra: str = "", **options: Any) -> AsyncIterator[Rig]:
    """A hub with one dispenser that is ready: its lamp is lit."""
    settled = settings(device=DEVICE, role="dispenser")
    image = folder / "flash.img"
    image.write_bytes(_flashed())
    quick = {"heap_bytes": HEAP, "erase_ms": 0.0, "program_ms": 0.0, "baud_delay": False} | options
    async with (
        await SimulatedBoard.start(image, role="dispenser", **quick) as board,
        HubProcess(folder, (board.uart_url,), center=CONFIG + extra) as hub,
    ):
        hub.secrets.add(str(settled["secret"]))
        named = {"device": DEVICE, "role": "dispenser", "window": None, "board": "rpi_pico"}
        body = named | {name: settled[name] for name in ("epoch", "secret")}
        status, reply = await hub.call("POST", "/api/v1/devices", "admin", body)
        assert status == 201, reply
        made = Rig(hub, board)
        await made.lit()
        await made.event("lease.granted")
        yield made
