"""The seeded hall's event loop: its clock jumps, one moment keeps its order, and what is called off is not done."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tools.simulation.dispenser import HANDS_MS, SimulatedDispenser
from tools.simulation.loop import SimulatedLoop, Turn, WorldError
from tools.simulation.world import World


def _run(play: Callable[[SimulatedLoop], Coroutine[Any, Any, None]]) -> None:
    async def within() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        await play(loop)

    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        runner.run(within())


def test_hours_take_no_time_and_the_clock_stands_where_the_timer_was() -> None:
    async def play(loop: SimulatedLoop) -> None:
        await asyncio.sleep(7_200.5)
        assert loop.time() == pytest.approx(7_200.5)
        assert loop.now_ms == 7_200_500

    _run(play)


def test_what_falls_upon_one_moment_is_done_as_it_was_asked_for() -> None:
    done: list[int] = []

    async def play(loop: SimulatedLoop) -> None:
        loop.after(300, lambda: done.append(3))
        loop.after(100, lambda: done.append(0))
        loop.call_later(0.2, done.append, 1)
        loop.after(200, lambda: done.append(2))
        loop.call_later(0.3, done.append, 4)
        await asyncio.sleep(1)

    _run(play)
    assert done == [0, 1, 2, 3, 4]


def test_one_moment_is_one_however_its_time_was_added_up() -> None:
    """0.1 + 0.2 is not 0.3, and what was asked for first is done first."""
    done: list[int] = []

    async def play(loop: SimulatedLoop) -> None:
        loop.call_at(0.1 + 0.2, done.append, 0)
        loop.after(300, lambda: done.append(1))
        await asyncio.sleep(0.1)
        loop.call_later(0.2, done.append, 2)
        loop.after(200, lambda: done.append(3))
        await asyncio.sleep(1)

    _run(play)
    assert done == [0, 1, 2, 3]


def test_who_waits_for_the_rest_of_a_time_comes_to_its_end() -> None:
    async def play(loop: SimulatedLoop) -> None:
        await asyncio.sleep(0.3)
        for until_s in (loop.time() + 1e-12, loop.time() + 0.1 + 0.2, 3 * 0.7):
            waits = 0
            while (rest_s := until_s - loop.time()) > 0:
                assert (waits := waits + 1) < 5
                await asyncio.sleep(rest_s)
            at: asyncio.Future[None] = loop.create_future()
            loop.call_at(loop.time() + 1e-12, at.set_result, None)
            await at

    _run(play)


def test_a_timer_that_is_done_was_not_called_off() -> None:
    async def play(loop: SimulatedLoop) -> None:
        timer = loop.call_later(0.1, lambda: None)
        assert timer.when() == pytest.approx(0.1)
        await asyncio.sleep(1)
        assert not timer.cancelled()

    _run(play)


def test_a_timer_called_off_is_not_done_not_even_at_its_own_moment() -> None:
    done: list[str] = []

    async def play(loop: SimulatedLoop) -> None:
        timers: list[Turn] = []

        def call_off() -> None:
            timers[0].cancel()

        loop.after(100, call_off)
        timers.append(loop.call_later(0.1, done.append, "called off by who came before it"))
        early = loop.call_later(0.2, done.append, "called off long before")
        early.cancel()
        assert early.cancelled()
        loop.call_at(0.1, done.append, "done")
        await asyncio.sleep(1)

    _run(play)
    assert done == ["done"]


def test_a_limit_of_time_holds_on_the_simulated_clock() -> None:
    async def play(loop: SimulatedLoop) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.Event().wait()
        assert loop.now_ms == 30_000

    _run(play)


def test_a_job_that_fails_is_told() -> None:
    told: list[str] = []

    def fails() -> None:
        raise ValueError("no")

    async def play(loop: SimulatedLoop) -> None:
        loop.set_exception_handler(lambda _, context: told.append(repr(context["exception"])))
        loop.after(5, fails)
        await asyncio.sleep(1)

    _run(play)
    assert told == ["ValueError('no')"]


def test_waiting_for_nothing_is_an_error_and_no_end() -> None:
    async def play(_: SimulatedLoop) -> None:
        await asyncio.Event().wait()

    with pytest.raises(WorldError, match="no timer is set"):
        _run(play)


def test_nobody_pulls_a_printers_plug_and_has_it_in_again_within_a_second() -> None:
    async def play(_: SimulatedLoop) -> None:
        box = SimulatedDispenser(World(0), "dispenser", bytes(32), bytes(8))
        box.printer.set(plugged=False)
        await asyncio.sleep(0.02)
        box.mend()
        await asyncio.sleep(HANDS_MS / 1000 - 0.03)
        assert not box.printer.now.plugged
        await asyncio.sleep(0.02)
        assert box.printer.now.plugged

    _run(play)
