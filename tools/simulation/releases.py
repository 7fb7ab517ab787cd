"""New firmwares for a simulated hall, some of which fail, and the technician who gives them out at the hub."""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from common.problem import Problem
from hub.devices.errors import DevicesError
from hub.devices.staging import BAD, Of, Stage
from hub.devices.wire import ROLES
from hub.update_doors import UpdateDesk
from hub.web.house import UpdateWish
from tools.device import bundles
from tools.device.build import SLOTS, Image
from tools.simulation.box import SimulatedBox
from tools.simulation.slots import CRASHES, DEAF, GOOD, HANGS, program
from tools.simulation.world import World

BOARD = "simulated"
OLD = "0.1.0"
PADDING_BYTES = (40, 420)  # a program has one to three chunks; a real one has 300
KINDS = (GOOD, GOOD, GOOD, CRASHES, HANGS, DEAF)
LOOK_S = 2.0  # between two looks of the technician


@dataclass(frozen=True, slots=True)
class Release:
    """A firmware for every role, signed."""

    version: str
    kind: str
    content: bytes
    digest: str


class Signer:
    """Who signs for this hall, and what is made of it."""

    def __init__(self, folder: Path, chance: Random) -> None:
        self._folder = folder / "signed"
        self._folder.mkdir()
        self._chance = chance
        key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        self._key = self._folder / "key"
        self._key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.public = key.public_key()

    def files(self, number: int, kind: str) -> dict[str, bytes]:
        """Of a slot; number 0 is what came by cable."""
        padding = self._chance.randbytes(self._chance.randrange(*PADDING_BYTES))
        return program(f"0.{number + 1}.0", kind, padding)

    def release(self, number: int, kind: str) -> Release:
        """The hall's next firmware."""
        version, image = f"0.{number + 1}.0", {}
        for path, data in self.files(number, kind).items():
            place = self._folder / version / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            image[f"{SLOTS[0]}/{path}"] = place
        targets = [(role, BOARD, Image(version, image)) for role in ROLES.values()]
        content = bundles.write(targets, 1_790_000_000 + number, self._key)
        return Release(version, kind, content, sha256(content).hexdigest())


def settings(box: SimulatedBox) -> str:
    """What was provisioned, as far as an update asks for it."""
    return json.dumps({"role": ROLES[box.ROLE], "board": BOARD, "secret": box.secret.hex()})


class Technician:
    """Gives out what was signed. In the storm at once and blindly; after it until every box is good on one version."""

    def __init__(self, world: World, life: Callable[[], Any], boxes: Callable[[], Iterable[SimulatedBox]]) -> None:
        self.given: list[Release] = []
        self._world = world
        self._life = life
        self._boxes = boxes
        self._chance = world.chance("technician")
        self._calm = False
        self._withdrawn: set[str] = set()
        self._again: set[str] = set()  # went on once after the storm; who fails then fails

    @property
    def wanted(self) -> str:
        """The version that every box should have."""
        newest = self._newest
        return OLD if newest is None else newest.version

    @property
    def _newest(self) -> Release | None:
        return next((new for new in reversed(self.given) if new.version not in self._withdrawn), None)

    def underway(self) -> Iterator[str]:
        """Who isn't there yet."""
        wanted = self.wanted
        for box in self._boxes():
            slots = box.slots
            if slots is not None and (slots.version != wanted or not slots.settled):
                yield f"{box.name} has {slots.version}, its slot line is {slots.line.decode()}; wanted is {wanted}"

    async def give(self, new: Release) -> None:
        """In the storm, whatever is under way."""
        self._world.tell("release", f"{new.version} is given out, which {new.kind}")
        self.given.append(new)
        while not self._calm and self._newest is new and not await self._asked(new):
            await asyncio.sleep(LOOK_S)
            if not self._calm:
                await self._stop()

    async def settle(self) -> None:
        """After the storm, for ever."""
        self._calm = True
        while True:
            await asyncio.sleep(LOOK_S)
            life, new = self._life(), self._newest
            if life is None or new is None:
                continue
            plan = life.updates.plan
            if plan is not None and life.updates.under_way(plan):
                if plan.digest != new.digest and plan.state is Stage.RUNNING:
                    await self._stop()
            elif plan is None or plan.digest != new.digest:
                await self._asked(new)
            elif any(self.underway()):
                await self._once_more(life, plan, new)

    async def _once_more(self, life: Any, plan: Any, new: Release) -> None:
        """It goes on with those that went wrong; a second time it is no good. Who came later is given it, too."""
        bad = plan.state is Stage.STOPPED or any(
            box.state in BAD or box.state is Of.REFUSED for box in plan.boxes.values()
        )
        if not bad:
            await self._asked(new)
        elif new.version in self._again:
            self._world.tell("release", f"{new.version} is withdrawn")
            self._withdrawn.add(new.version)
        else:
            desk = UpdateDesk(life.updates, life.fleet.registry)
            if await self._try(lambda: desk.continue_update(again=True)):
                self._again.add(new.version)

    async def _stop(self) -> None:
        life = self._life()
        if life is not None:
            await self._try(UpdateDesk(life.updates, life.fleet.registry).stop_update)

    async def _asked(self, new: Release) -> bool:
        """Whether the hub has taken it, or nobody needs it."""
        life = self._life()
        if life is None:
            return False
        wish = UpdateWish(str(UUID(bytes=self._chance.randbytes(16))), 100, False, None, None, "admin")
        return await self._try(
            lambda: UpdateDesk(life.updates, life.fleet.registry).begin_update(new.content, wish),
            over=("nothing-to-update",),
        )

    async def _try(self, ask: Callable[[], Any], over: tuple[str, ...] = ()) -> bool:
        life = self._life()
        try:
            await ask()
        except Problem as problem:
            self._world.tell("release", f"{problem.kind}: {problem.detail}")
            return problem.kind in over
        except DevicesError as error:
            self._world.tell("release", str(error))
            return False
        return self._life() is life
