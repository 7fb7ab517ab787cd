"""`python -m tools.simulator`: boards as a process of their own, driven over a control socket."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from tools.simulator import flash, profile
from tools.simulator.board import SimulatedBoard
from tools.simulator.control import ControlServer
from tools.simulator.errors import SimulatorError
from tools.simulator.guard import end_with_parent


def _size(text: str) -> int:
    """Bytes from `200K` or `204800`."""
    digits, factor = (text[:-1], 1024) if text.endswith(("k", "K")) else (text, 1)
    if not (digits.isascii() and digits.isdigit()):
        raise SimulatorError(f"--heap {text}: a size looks like 96K or 98304")
    return int(digits) * factor


async def _serve(
    images: Sequence[Path], unique_ids: Sequence[str], roles: Sequence[str], control: str, options: dict[str, Any]
) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    boards: list[SimulatedBoard] = []
    server: ControlServer | None = None
    try:
        ids = [*unique_ids, *[None] * len(images)]
        each = [*roles, *[profile.EVALUATOR] * len(images)]
        starts = [
            SimulatedBoard.start(image, unique_id=unique_id, role=role, **options)
            for image, unique_id, role in zip(images, ids, each, strict=False)
        ]
        started = await asyncio.gather(*starts, return_exceptions=True)
        boards += [made for made in started if isinstance(made, SimulatedBoard)]
        for failure in started:
            if isinstance(failure, BaseException):
                raise failure
        server = ControlServer(boards)
        address = await server.open(control)
        for index, made in enumerate(boards):
            print(f"board {index}: uart {made.uart_url} usb {made.usb_port} id {made.unique_id}", flush=True)
        print(f"simulator: control {address}", flush=True)
        await ended.wait()
    finally:
        if server is not None:
            await server.close()
        for made in boards:
            await made.close()


@click.command()
@click.option(
    "--image",
    "images",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="A board's flash, made when missing; one board for each.",
)
@click.option("--board", default="rpi_pico", show_default=True, help="Its pins: firmware/boards/<board>.py.")
@click.option(
    "--control", default="0", show_default=True, help="Path of a unix socket, or a port on loopback (0: a free one)."
)
@click.option("--unique-id", "unique_ids", multiple=True, help="16 hex digits, in the order of the images.")
@click.option("--role", "roles", multiple=True, help="What a board is wired as, in the order of the images.")
@click.option("--heap", default="200K", show_default=True, help="The firmware's heap.")
@click.option("--erase-ms", default=flash.ERASE_MS, show_default=True, help="Time of a sector erase.")
@click.option("--program-ms", default=flash.PROGRAM_MS, show_default=True, help="Time of a page program.")
@click.option("--baud-delay/--no-baud-delay", default=True, help="Whether bytes take the time of the baud rate.")
@click.option("--overrun", is_flag=True, help="Lose bytes that find the UART's buffer full, as hardware does.")
@click.option("--lose-unsynced", is_flag=True, help="A power cut takes back what flash had not synced.")
@click.option("--start-ticks-ms", default=0, show_default=True, help="Where ticks begin; 2^30 - 5000 wraps soon.")
@click.option("--strap", is_flag=True, help="The maintenance strap is held from the first boot on.")
@click.option("--panel", help="The display on the boards' I2C bus: ssd1306 or sh1106; without it there is none.")
@click.option("--radio", help="Socket of the radio process; without it the boards have no radio.")
@click.option("--no-power", is_flag=True, help="Start without power; restore_power gives it.")
@click.option("--with-parent", is_flag=True, help="End when the process that started this one ends.")
def main(  # noqa: PLR0917 - one argument for each option
    images: tuple[Path, ...], board: str, control: str, unique_ids: tuple[str, ...], roles: tuple[str, ...],
    heap: str, erase_ms: float, program_ms: float, baud_delay: bool, overrun: bool, lose_unsynced: bool,
    start_ticks_ms: int, strap: bool, panel: str | None, radio: str | None, no_power: bool, with_parent: bool,
) -> None:  # fmt: skip
    """Simulated boards on genuine MicroPython."""
    options: dict[str, Any] = {
        "board": board,
        "erase_ms": erase_ms,
        "program_ms": program_ms,
        "baud_delay": baud_delay,
        "overrun": overrun,
        "lose_unsynced": lose_unsynced,
        "start_ticks_ms": start_ticks_ms,
        "strap": strap,
        "panel": panel,
        "radio": radio,
        "power": not no_power,
    }
    try:
        options["heap_bytes"] = _size(heap)
        if with_parent:
            end_with_parent()
        asyncio.run(_serve(images, unique_ids, roles, control, options))
    except SimulatorError as error:
        sys.exit(f"simulator: {error}")


main()
