"""From committed calls to sound: one order a zone, clips by the engine, heard at the boards, the hub's card, or both.

Calls come in after their commit and leave at once; whatever is slow, missing or dead here is slow, missing or dead
only here.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from common.logs import Log
from common.metrics import Values
from hub.queueing import events as ev
from hub.queueing.events import Event
from hub.voice.card import Card
from hub.voice.clips import Clip, Clips
from hub.voice.errors import VoiceError
from hub.voice.order import Announcement, Order, Reading
from hub.voice.wording import Place, Sentence, sentence

# After these nobody is called any more under that number.
_ENDS = (
    ev.TICKET_ARRIVED,
    ev.TICKET_NO_SHOW,
    ev.TICKET_HELD,
    ev.TICKET_TRANSFERRED,
    ev.TICKET_CANCELLED,
    ev.TICKET_FINISHED,
    ev.TICKET_UNDONE,
)
CALLS = (ev.TICKET_CALLED, ev.TICKET_RECALLED)
LATE_S = 0.5  # by how much a card may end after a clip's length: its process begins, its buffer is played out


@dataclass(frozen=True, slots=True)
class Manner:
    """How the hall speaks: the languages in their order, 幺 for 1, and where it is heard."""

    languages: tuple[str, ...]
    yao: bool = False
    at_boards: bool = True


class Hall(Protocol):
    """What the voice asks of the hall; all of it may change while the hub runs."""

    def zone(self, window: str) -> str:
        """The zone that a window stands in."""

    def place(self, window: str) -> Place:
        """What the window is called."""

    def volume(self, zone: str) -> float:
        """0 to 1."""


class Announcer:
    """The voice of a hall."""

    def __init__(
        self,
        clips: Clips,
        manner: Manner,
        hall: Hall,
        say: Callable[[dict[str, Any]], None],
        *,
        now_ms: Callable[[], int],
        log: Log,
        card: Card | None = None,
    ) -> None:
        """say: tells boards what is being read; now_ms: a clock that never steps."""
        self.clips = clips
        self._manner = manner
        self._hall = hall
        self._say = say
        self._now_ms = now_ms
        self._log = log
        self._card = card
        self._card_busy: asyncio.Task[None] | None = None
        self._orders: dict[str, Order] = {}
        self._wakes: dict[str, asyncio.Event] = {}
        self._zones: asyncio.Queue[str] = asyncio.Queue()
        self._counts = {"readings": 0, "engine_failures": 0, "card_failures": 0}
        # Why the last try failed; None while all is well.
        self.engine_fault: str | None = None
        self.card_fault: str | None = None

    def committed(self, events: Iterable[Event]) -> None:
        """Takes what was made durable; never waits."""
        for event in events:
            if event.type in CALLS:
                call = Announcement(event.data["number"], event.data["window"], event.type == ev.TICKET_RECALLED)
                self._order(self._hall.zone(call.window)).offer(call)
            elif event.type in _ENDS:
                for order in self._orders.values():
                    order.withdraw(event.data["number"])
            else:
                continue
            for wake in self._wakes.values():
                wake.set()

    def metrics(self) -> Values:
        """For Prometheus."""
        return {
            "tingting_voice_total": {(what,): count for what, count in self._counts.items()},
            "tingting_voice_waiting": {(): sum(order.waiting for order in self._orders.values())},
        }

    def status(self) -> dict[str, Any]:
        """Whether it can be heard, for who looks after the hall."""
        return {"engine_fault": self.engine_fault, "card_fault": self.card_fault}

    async def run(self) -> None:
        """Speaks, one task a zone; ends only by being cancelled, or with the fault of a task."""
        async with asyncio.TaskGroup() as zones:
            while True:
                zone = await self._zones.get()
                zones.create_task(self._speak(zone), name=f"voice of zone {zone!r}")

    def _order(self, zone: str) -> Order:
        if zone not in self._orders:
            self._orders[zone] = Order()
            self._wakes[zone] = asyncio.Event()
            self._zones.put_nowait(zone)
        return self._orders[zone]

    async def _speak(self, zone: str) -> None:
        order, wake = self._orders[zone], self._wakes[zone]
        while True:
            wake.clear()
            reading = order.next(self._now_ms())
            if reading is None:
                wait_ms = order.wait_ms(self._now_ms())
                try:
                    async with asyncio.timeout(None if wait_ms is None else wait_ms / 1000):
                        await wake.wait()
                except TimeoutError:
                    pass  # its time has come
                continue
            clip = await self._clip(zone, reading)
            await self._card_ends()
            order.began(self._now_ms(), *((0,) if clip is None else (clip.length_ms, clip.lead_ms)))
            self._counts["readings"] += 1
            self._tell(zone, reading, clip)

    async def _clip(self, zone: str, reading: Reading) -> Clip | None:
        call = reading.announcement
        place = self._hall.place(call.window)
        said = [
            sentence(call.number, place, lang, recall=call.recall, yao=self._manner.yao)
            for lang in (self._manner.languages[:1] if reading.brief else self._manner.languages)
        ]
        try:
            clip = await self.clips.get(said, volume=self._hall.volume(zone))
        except (VoiceError, OSError) as error:
            self._counts["engine_failures"] += 1
            if self.engine_fault is None:
                self._log("voice.engine_failed", why=str(error))
            self.engine_fault = str(error)
            return None
        self.engine_fault = None
        return clip

    async def _card_ends(self) -> None:
        """Who comes right behind another clip waits until that one was heard, but for no card that hangs."""
        if self._card_busy is not None:
            await asyncio.wait([self._card_busy], timeout=LATE_S)

    def _tell(self, zone: str, reading: Reading, clip: Clip | None) -> None:
        call = reading.announcement
        self._say(
            {
                "zone": zone,
                "number": call.number,
                "window": call.window,
                "recall": call.recall,
                "time": reading.time,
                "clip": clip.key if clip is not None and self._manner.at_boards else None,
                "length_ms": 0 if clip is None else clip.length_ms,
            }
        )
        if clip is None or self._card is None:
            return
        if self._card_busy is not None:
            self._card_failed("the card is still busy with the last clip")
            return
        self._card_busy = asyncio.create_task(self._play(self._card, clip), name="sound card")

    async def _play(self, card: Card, clip: Clip) -> None:
        try:
            await card.play(clip)
        except (VoiceError, OSError) as error:
            self._card_failed(str(error))
        else:
            self.card_fault = None
        finally:
            self._card_busy = None

    def _card_failed(self, why: str) -> None:
        self._counts["card_failures"] += 1
        if self.card_fault is None:
            self._log("voice.card_failed", why=why)
        self.card_fault = why

    async def aloud(self, lang: str, text: str, volume: float = 1.0) -> Clip:
        """A page's text as a clip, without a chime; raises `VoiceError`, `OSError`."""
        return await self.clips.get([Sentence(lang, text)], chime=False, volume=volume)
