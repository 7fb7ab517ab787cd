"""One box on its way to a new firmware: what is asked of it, when, and what has become of it."""

import asyncio
from typing import Any, Final, Protocol

from msgspec.structs import replace

from hub.devices import sending
from hub.devices.bundles import Target
from hub.devices.reaching import Answer
from hub.devices.registry import Device
from hub.devices.sending import Ready, Reason, Refused, Seen, Sending
from hub.devices.staging import Box, Of

AGAIN_S: Final = 1.0  # after a lost link, and between two looks at a window where citizens are
LATER_S: Final = 30.0  # after `memory`, `flash`, or a trial that a technician began at the cable
BUSY_S: Final = 2.0  # after `busy`: a paper, a clerk who types; each time twice as long
MOST_BUSY_S: Final = 64.0  # each try writes the plan twice
LOOK_S: Final = 3.0  # between two looks at a box on trial
MOST_LATER: Final = 3  # times that it has no memory, or its flash fails, before that is its answer
MOST_TRIES: Final = 3  # times that it is told to try it, where what it says then may be from long ago
YIELD_MS: Final = 600_000  # a box that can't be sent to for so long gives its turn to another
# A trial has three starts of 120 s each (protocol/SPEC.md), and then the old firmware needs a minute to be heard.
COME_BACK_MS: Final = (3 * 120 + 60) * 1000


class Office(Protocol):
    """Who keeps the plan, and knows the boxes."""

    @property
    def older(self) -> bool:
        """Whether an older version is meant."""

    @property
    def running(self) -> bool:
        """Whether anybody is sent to, and told to try it."""

    def box(self, device: str) -> Box | None:
        """As the plan has it now; None: it isn't in it."""

    def known(self, device: str) -> Device | None:
        """As the registry has it, unless another stands in its place."""

    def target(self, box: Box) -> Target | None:
        """What is for it."""

    def heard(self, device: str) -> bool:
        """Whether it has a link."""

    def free(self, device: str) -> bool:
        """It is heard, and nobody is called, served or asked there."""

    def quiet(self, device: str) -> bool:
        """It may be away for some seconds."""

    def unasked(self, device: str) -> bool:
        """It is heard, and nobody is asked for a grade there."""

    def calm(self, box: Box) -> bool:
        """Whether none of its kind takes long to be good."""

    async def step(self, device: str, arguments: dict[str, Any]) -> Answer:
        """One UPDATE."""

    async def put(self, box: Box) -> None:
        """Durable, whatever that takes."""

    async def end(self, box: Box) -> None:
        """Its outcome, into the journal and durable."""

    def rising_ms(self) -> int:
        """A clock that never steps."""


class Course:
    """`run` is its task, from the box's turn to its outcome; begun anew after a restart of the hub."""

    def __init__(self, office: Office, device: str) -> None:
        self.sending: Sending | None = None
        self._office = office
        self._device = device
        self._seen: Seen | None = None
        self._known: Device | None = None
        self._later = 0
        self._busy_s = BUSY_S
        self._moved_ms = office.rising_ms()

    def since_ms(self) -> int:
        """How long ago anything went on with it."""
        return self._office.rising_ms() - self._moved_ms

    @property
    def _box(self) -> Box | None:
        return self._office.box(self._device)

    async def run(self) -> None:
        """Until there is an outcome, or somebody else's turn."""
        while (box := self._box) is not None:
            if box.state is Of.SENDING:
                await self._send(box)
            elif box.state in (Of.TRYING, Of.MISSING):
                if await self._follow(box):
                    return
            else:
                return

    # --- onto the box

    async def _send(self, box: Box) -> None:
        """One step, or one reason why there is none now."""
        known, target = self._office.known(self._device), self._office.target(box)
        if known != self._known or not self._office.heard(self._device):
            self._forget()
        self._known = known
        if known is None:
            await self._refuse(box, Reason.REPLACED)
        elif target is None or not self._office.free(self._device):
            await self._wait(box, AGAIN_S)  # no target: it goes on after a stop, and its bundle is not read yet
        elif self._seen is None:
            await self._look(box, known, target)
        elif self.sending is None:
            self.sending = Sending(target, known.secret_bytes, older=self._office.older)
        else:
            await self._step(box, self.sending)

    async def _look(self, box: Box, known: Device, target: Target) -> None:
        """What it has: nothing is sent to who has it already, nor what is older."""
        answer = await self._office.step(self._device, sending.ASK)
        if answer is None:
            await self._wait(box, AGAIN_S)
            return
        seen = sending.seen(answer)
        if isinstance(seen, Refused):
            await self._refused(box, seen)
        elif seen.on_trial:
            await self._wait(box, LATER_S)
        elif seen.version == target.version:
            await self._office.end(replace(box, state=Of.CURRENT, was=seen.version))
        elif not self._office.older and sending.is_older(target.version, target.made, seen.version):
            await self._refuse(replace(box, was=seen.version), Reason.OLDER)
        else:
            self._moved_ms = self._office.rising_ms()
            self._seen = seen

    async def _step(self, box: Box, way: Sending) -> None:
        answer = await self._office.step(self._device, way.step)
        if answer is None:
            self._forget()
            await self._wait(box, AGAIN_S)
            return
        told = way.answered(*answer)
        if isinstance(told, Ready):
            await self._go(box)
            return
        self._moved_ms = self._office.rising_ms()
        if isinstance(told, Refused):
            way.again()
            await self._refused(box, told)

    async def _go(self, box: Box) -> None:
        """Durable before it is told: whatever is lost then, the box is looked at, and says what has become of it."""
        seen = self._seen
        if seen is None or not self._office.free(self._device) or self._is_called_off():
            return  # `done` comes again
        if not self._office.calm(box) or not self._office.quiet(self._device):
            await self._wait(box, AGAIN_S)
            return
        trying = replace(box, state=Of.TRYING, was=seen.version, line=seen.line, tries=box.tries + 1, told=False)
        await self._office.put(trying)
        moved_ms, self._moved_ms = self._moved_ms, self._office.rising_ms()
        # Looked at once more: somebody may have been called while that was written.
        if not self._office.running or not self._office.quiet(self._device):
            await self._office.put(box)
            return
        answer = await self._office.step(self._device, sending.GO)
        if answer is None:
            return
        told = sending.went(answer)
        if told is None:
            await self._office.put(replace(trying, told=True))
            return
        if told == sending.BUSY:
            await self._office.put(box)  # no try: it has changed nothing in its slots
            self._moved_ms = moved_ms
            await self._wait(box, self._busy_s)
            self._busy_s = min(2 * self._busy_s, MOST_BUSY_S)
            return
        await self._office.put(replace(trying, state=Of.SENDING))
        if self.sending is not None:
            self.sending.again()
        if told.reason is not Reason.BEGIN:
            await self._refused(replace(trying, state=Of.SENDING), told)

    # --- on trial

    async def _follow(self, box: Box) -> bool:
        """Looks at it until it says what has become of it; whether that is all for now."""
        until_ms = self._office.rising_ms() + COME_BACK_MS
        while self._box == box:
            if box.state is Of.TRYING and self._office.known(self._device) is None:
                await self._office.end(replace(box, state=Of.REFUSED, reason=Reason.REPLACED.value))
                return True
            answer = await self._office.step(self._device, sending.ASK) if self._office.unasked(self._device) else None
            fresh = None if answer is None else _judged(box, sending.seen(answer))
            if fresh is not None and fresh.state is Of.SENDING:
                self._forget()
                await self._office.put(fresh)
                return False
            if fresh is not None:
                await self._office.end(fresh)
                return True
            if box.state is Of.TRYING and self._office.rising_ms() >= until_ms:
                await self._office.end(replace(box, state=Of.MISSING))
                return True
            await asyncio.sleep(LOOK_S)
        return False

    # --- inside

    def _forget(self) -> None:
        """The link was lost: meanwhile it may have been provisioned or flashed anew at its cable."""
        self._seen = self.sending = None

    def _is_called_off(self) -> bool:
        box = self._box
        return box is None or box.state is not Of.SENDING

    async def _refused(self, box: Box, told: Refused) -> None:
        self._later += told.later
        if told.later and self._later < MOST_LATER:
            await self._wait(box, LATER_S)
        else:
            await self._refuse(box, told.reason)

    async def _refuse(self, box: Box, reason: Reason) -> None:
        if not self._is_called_off():
            await self._office.end(replace(box, state=Of.REFUSED, reason=reason.value))

    async def _wait(self, box: Box, for_s: float) -> None:
        """Who waits for too long lets another one begin; what its slot has stays there."""
        if self._office.rising_ms() - self._moved_ms >= YIELD_MS and not self._is_called_off():
            await self._office.put(replace(box, state=Of.WAITING))
            return
        await asyncio.sleep(for_s)


def _judged(box: Box, seen: Seen | Refused) -> Box | None:
    """What has become of a box that was to try it; None: nobody knows yet."""
    if isinstance(seen, Refused) or seen.on_trial:
        return None
    was = box.line[:1]
    if seen.line == seen.running and seen.running != was:
        return replace(box, state=Of.GOOD)
    if box.told or seen.line != box.line:
        return replace(box, state=Of.GONE_BACK)
    if not seen.went_back or box.tries < MOST_TRIES:
        return replace(box, state=Of.SENDING)  # as it was before: it has never heard that it is to try it
    return replace(box, state=Of.GONE_BACK)  # or it has, each time, as it did with another firmware once before
