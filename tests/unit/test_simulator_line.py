"""The UART's wire by itself: what it loses, garbles and counts."""

import asyncio
from contextlib import asynccontextmanager

from tools.simulator.serial_line import SerialLine

WAIT_S = 60.0


@asynccontextmanager
async def connected(**options):
    """A line, what it hands to the board, and a client on it."""
    received = bytearray()
    line = SerialLine(received.extend, **options)
    await line.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
    try:
        yield line, received, reader, writer
    finally:
        writer.close()
        await line.close()


async def until(condition) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.002)


async def test_simulator_line_waits_for_room_and_loses_nothing():
    async with connected(baud_delay=False) as (line, received, _, writer):
        line.listen(115200, 10)
        writer.write(bytes(range(100)))
        await until(lambda: len(received) == 10)
        for count in range(20, 101, 10):
            line.taken(10)
            await until(lambda count=count: len(received) == count)
        assert bytes(received) == bytes(range(100))
        assert line.counters.to_board == 100


async def test_simulator_line_to_a_board_that_does_not_listen_is_lost():
    async with connected() as (line, received, _, writer):
        writer.write(bytes(50))
        await until(lambda: line.counters.lost_unheard == 50)
        assert not received


async def test_simulator_line_garbles_the_same_under_one_seed():
    data = bytes(200)
    spoilt = []
    for seed in (1, 1, 2):
        async with connected(baud_delay=False) as (line, _, reader, _):
            line.listen(115200, 256)
            line.garble(0.1, seed)
            line.from_board(data)
            spoilt.append(await asyncio.wait_for(reader.readexactly(200), WAIT_S))
            assert line.counters.garbled == sum(1 for byte in spoilt[-1] if byte)
            line.garble(0.0, 0)
            line.from_board(data)
            assert await asyncio.wait_for(reader.readexactly(200), WAIT_S) == data
    assert spoilt[0] == spoilt[1] != spoilt[2]
    assert 5 < sum(1 for byte in spoilt[0] if byte) < 40


async def test_simulator_line_keeps_its_port_for_the_next_client():
    async with connected(baud_delay=False) as (line, _, reader, writer):
        line.listen(115200, 256)
        await until(lambda: line.busy)
        line.unplug()
        assert await asyncio.wait_for(reader.read(), WAIT_S) == b""
        writer.close()
        await until(lambda: not line.busy)
        fresh, again = await asyncio.open_connection("127.0.0.1", line.port)
        await until(lambda: line.busy)
        line.from_board(b"hello")
        assert await asyncio.wait_for(fresh.readexactly(5), WAIT_S) == b"hello"
        again.close()
        line.cut = True
        line.from_board(b"lost")
        assert line.counters.lost_cut == 4


async def test_simulator_line_busy_time_is_ten_bits_a_byte():
    async with connected() as (line, received, reader, writer):
        line.listen(1_000_000, 256)
        line.from_board(bytes(100))
        writer.write(bytes(70))
        await asyncio.wait_for(reader.readexactly(100), WAIT_S)
        await until(lambda: len(received) == 70)
        assert (line.counters.to_host_busy_us, line.counters.to_board_busy_us) == (1000, 700)
