"""What goes wrong in a headless demo, on purpose and from the seed: servers killed, lines cut and garbled, power lost.

When something goes wrong is drawn from the seed: servers at numbers of finished visits and then some milliseconds,
lines and power by the clock. The citizens' decisions have their own stream and stay the same with every fault.
"""

import asyncio
from collections import Counter
from random import Random
from typing import Final

from tools.demo.boxes import Box
from tools.demo.citizens import Progress
from tools.demo.house import House
from tools.demo.plan import stream

CENTER_DOWN: Final = "center-down"
HUB_KILLS: Final = "hub-kills"
WIRES: Final = "wires"
POWER: Final = "power"
KINDS: Final = (CENTER_DOWN, HUB_KILLS, WIRES, POWER)

KILLS: Final = 10  # issue 2: "killed by SIGKILL ten times"
OFFLINE_KILLS: Final = (3, 4)  # of the ten: one that boots offline, and one killed that had booted offline
BOOTING_KILLS: Final = (7,)  # and one before it has opened its doors
BEFORE_KILL_MS: Final = 500  # up to so long after the visit that triggers it, so that every state is hit
BOOT_KILL_MS: Final = 900  # a hub needs about a second to open its doors on two busy cores

WHOLE_MS: Final = (1_000, 5_000)  # a line is whole for so long,
CUT_MS: Final = (200, 1_500)  # then cut for so long: retransmission carries over it,
PULLED_MS: Final = (4_000, 12_000)  # or pulled for so long: sessions end after 10 s, invitations after 5 s,
PULLED_SHARE: Final = 0.25  # of the cuts
GARBLED_MS: Final = (500, 2_000)  # or garbled
GARBLE_RATE: Final = 0.02  # one byte in fifty: of a 60-byte frame two in three are hit

POWERED_MS: Final = (4_000, 12_000)  # a box has power for so long,
DARK_MS: Final = (100, 1_000)  # and none for so long


class Faults:
    """Makes what was asked for, and counts what it made."""

    def __init__(self, house: House, progress: Progress, citizens: int, seed: int) -> None:
        self.made: Counter[str] = Counter()
        self._house = house
        self._progress = progress
        self._citizens = citizens
        self._seed = seed

    def start(
        self, kinds: frozenset[str], group: asyncio.TaskGroup
    ) -> tuple[list[asyncio.Task[None]], list[asyncio.Task[None]]]:
        """Starts the kinds; (tasks that end by themselves, tasks to be cancelled when the day is over)."""
        ending: list[asyncio.Task[None]] = []
        endless: list[asyncio.Task[None]] = []
        if CENTER_DOWN in kinds:
            ending.append(group.create_task(self._center_down()))
        if HUB_KILLS in kinds:
            ending.append(group.create_task(self._hub_kills()))
        for box in self._house.boxes.values():
            if WIRES in kinds:
                endless.append(group.create_task(self._wires(box)))
            if POWER in kinds:
                endless.append(group.create_task(self._power(box)))
        return ending, endless

    async def _center_down(self) -> None:
        """The center is down for the middle third: killed, and started again."""
        await self._progress.reach(self._citizens // 3)
        await self._kill_center()
        await self._progress.reach(2 * self._citizens // 3)
        await self._house.center.start()

    async def _hub_kills(self) -> None:
        """Ten SIGKILLs spread over the day, some of them with the center out of reach."""
        hub = self._house.hub
        chance = stream(self._seed, "faults")
        moments = sorted(chance.randint(0, max(0, self._citizens - 2)) for _ in range(KILLS))
        for number, moment in enumerate(moments):
            await self._progress.reach(moment)
            await asyncio.sleep(chance.randint(0, BEFORE_KILL_MS) / 1000)
            if number == OFFLINE_KILLS[0]:
                await self._kill_center()
            if number in BOOTING_KILLS:  # the eighth kill hits a hub that has not yet opened its doors
                await hub.stop()
                await hub.launch()
                await asyncio.sleep(chance.randint(0, BOOT_KILL_MS) / 1000)
            await hub.kill()
            self.made["hub killed"] += 1
            await hub.start()
            if number == OFFLINE_KILLS[-1]:
                await self._house.center.start()

    async def _kill_center(self) -> None:
        await self._house.center.kill()
        self.made["center killed"] += 1

    async def _wires(self, box: Box) -> None:
        """Cuts and garbles one box's line now and then, until cancelled; leaves it whole."""
        chance = Random(f"{self._seed}/wires/{box.window}")
        try:
            while True:
                await asyncio.sleep(_pause_s(chance, WHOLE_MS))
                if chance.random() < 0.5:
                    pulled = chance.random() < PULLED_SHARE
                    self.made["line pulled" if pulled else "line cut"] += 1
                    await box.cut_wire(True)
                    if pulled:
                        await box.unplug()
                    await asyncio.sleep(_pause_s(chance, PULLED_MS if pulled else CUT_MS))
                    await box.cut_wire(False)
                else:
                    self.made["line garbled"] += 1
                    await box.garble(GARBLE_RATE, chance.getrandbits(32))
                    await asyncio.sleep(_pause_s(chance, GARBLED_MS))
                    await box.garble(0.0, 0)
        finally:
            await box.cut_wire(False)
            await box.garble(0.0, 0)

    async def _power(self, box: Box) -> None:
        """Takes one box's power now and then, until cancelled; leaves it powered."""
        chance = Random(f"{self._seed}/power/{box.window}")
        try:
            while True:
                await asyncio.sleep(_pause_s(chance, POWERED_MS))
                self.made["power lost"] += 1
                await box.power(False)
                await asyncio.sleep(_pause_s(chance, DARK_MS))
                await box.power(True)
        finally:
            await box.power(True)


def _pause_s(chance: Random, span_ms: tuple[int, int]) -> float:
    return chance.randint(*span_ms) / 1000
