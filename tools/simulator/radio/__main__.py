"""`python -m tools.simulator.radio FOLDER`: the radio as a process of its own; prints where everything is."""

import asyncio
import logging
import signal
import socket
import sys
from dataclasses import fields
from pathlib import Path

import click

from tools.simulator.errors import SimulatorError
from tools.simulator.guard import end_with_parent
from tools.simulator.radio.air import Air, Conditions
from tools.simulator.radio.bluez import Bluez
from tools.simulator.radio.control import Control
from tools.simulator.radio.daemon import BusDaemon
from tools.simulator.radio.peripheral import Peripheral


async def _serve(folder: Path, adapters: int, seed: int, conditions: Conditions) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    daemon = BusDaemon(folder)
    air = Air(conditions, seed)
    peripherals: dict[str, Peripheral] = {}
    boards: set[asyncio.Task[None]] = set()
    responses = _Responses(peripherals)
    bluez = Bluez(daemon, air, adapters, responses)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server: asyncio.Server | None = None
    try:
        await daemon.start()
        await bluez.start()
        (folder / "boards").unlink(missing_ok=True)
        listener.bind(str(folder / "boards"))
        listener.listen(128)
        listener.setblocking(False)
        server = await asyncio.start_unix_server(Control(air, bluez, peripherals, responses).serve, folder / "control")
        accepting = asyncio.ensure_future(_accept(listener, air, peripherals, boards))
        print(f"radio: bus {daemon.address} boards {folder / 'boards'} control {folder / 'control'}", flush=True)
        await ended.wait()
        accepting.cancel()
    finally:
        if server is not None:
            server.close()
        for board in tuple(boards):
            board.cancel()
        listener.close()
        await daemon.stop()


class _Responses(dict[str, bytes]):
    """address → scan response: of a board as it is at the moment, or a recording."""

    def __init__(self, peripherals: dict[str, Peripheral]) -> None:
        super().__init__()
        self._peripherals = peripherals

    def get(self, address: str, default: bytes = b"") -> bytes:  # type: ignore[override]
        """Of this address, or `default`."""
        found = self._peripherals.get(address)
        return super().get(address, default) if found is None else found.scan_response


async def _accept(
    listener: socket.socket, air: Air, peripherals: dict[str, Peripheral], boards: set[asyncio.Task[None]]
) -> None:
    loop = asyncio.get_running_loop()
    while True:
        board, _ = await loop.sock_accept(listener)
        board.setblocking(False)
        task = asyncio.ensure_future(_live(board, air, peripherals))
        boards.add(task)
        task.add_done_callback(boards.discard)


async def _live(board: socket.socket, air: Air, peripherals: dict[str, Peripheral]) -> None:
    peripheral = Peripheral(air, board)
    peripheral.on_hello = lambda: peripherals.__setitem__(peripheral.address, peripheral)
    try:
        await peripheral.run()
    finally:
        if peripherals.get(peripheral.address) is peripheral:
            del peripherals[peripheral.address]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--adapters", default=1, show_default=True, help="hci0 and so on.")
@click.option("--seed", default=0, show_default=True, help="What loss, garbling and connect times are drawn from.")
@click.option("--condition", "conditions", multiple=True, help="name=number, see air.py's Conditions.")
@click.option("--connect-ms", type=(float, float, float), help="Least, median and most of a whole connect.")
@click.option("--with-parent", is_flag=True, help="End when the process that started this one ends.")
def main(  # noqa: PLR0917 - one argument for each option
    folder: Path,
    adapters: int,
    seed: int,
    conditions: tuple[str, ...],
    connect_ms: tuple[float, float, float] | None,
    with_parent: bool,
) -> None:
    """A radio without hardware."""
    logging.basicConfig(level=logging.ERROR)
    known = {field.name: field for field in fields(Conditions)}
    wanted = Conditions(connect_ms=connect_ms)
    try:
        for condition in conditions:
            name, _, value = condition.partition("=")
            if name not in known:
                raise SimulatorError(f"--condition {condition}: there are {', '.join(known)}")
            setattr(wanted, name, type(getattr(wanted, name))(value))
        if with_parent:
            end_with_parent()
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(_serve(folder.resolve(), adapters, seed, wanted))
    except (SimulatorError, ValueError) as error:
        sys.exit(f"radio: {error}")


main()
