"""Clips, cached by what is said in them: a number called again, or on another board, is spoken once."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from hub.voice import sound
from hub.voice.engine import Engine
from hub.voice.wording import Sentence

# 32 calls of 6 s: what is called now, what waits to be called, and their second readings.
CACHE_BYTES = 8 * 1024 * 1024
CHIME_PAUSE_MS = 100  # between chime and words; the chime's own end is hardly heard
PAUSE_MS = 350  # between two languages
KEY_DIGITS = 32  # 128 bits: two sentences never share an address by chance


@dataclass(frozen=True, slots=True)
class Clip:
    """A WAV, its address, its length, and how long it takes until its first sentence has been said."""

    key: str
    wav: bytes
    length_ms: int
    lead_ms: int


class Clips:
    """Speaks each thing once while it is remembered."""

    def __init__(self, engine: Engine, most_bytes: int = CACHE_BYTES) -> None:
        self._engine = engine
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, Clip] = OrderedDict()
        self._bytes = 0
        self._making: dict[str, asyncio.Task[Clip]] = {}
        self._chime: sound.Sound | None = None
        self.spoken = 0

    def key(self, sentences: Sequence[Sentence], chime: bool, volume: float) -> str:
        """The address of what is said in this voice, this loud."""
        said = "\n".join(f"{each.lang}\t{each.text}" for each in sentences)
        return sha256(f"{self._engine.name}\n{chime}\n{volume:.2f}\n{said}".encode()).hexdigest()[:KEY_DIGITS]

    def find(self, key: str) -> Clip | None:
        """A clip that was made, while it is remembered."""
        clip = self._kept.get(key)
        if clip is not None:
            self._kept.move_to_end(key)
        return clip

    async def get(self, sentences: Sequence[Sentence], *, chime: bool = True, volume: float = 1.0) -> Clip:
        """The clip; raises `EngineError`. Two who ask at once wait for one making."""
        key = self.key(sentences, chime, volume)
        clip = self.find(key)
        if clip is not None:
            return clip
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.create_task(self._make(key, sentences, chime, volume), name="clip")
            task.add_done_callback(lambda _: self._making.pop(key, None))
        return await asyncio.shield(task)

    async def _make(self, key: str, sentences: Sequence[Sentence], chime: bool, volume: float) -> Clip:
        spoken = [await self._engine.speak(each.lang, each.text) for each in sentences]
        self.spoken += len(spoken)
        clip = await asyncio.to_thread(self._put_together, key, spoken, chime, volume)
        self._keep(clip)
        return clip

    def _put_together(self, key: str, spoken: list[sound.Sound], chime: bool, volume: float) -> Clip:
        """In a thread: a second of sound is 22,050 numbers."""
        parts: list[sound.Sound] = []
        if chime:
            self._chime = self._chime or sound.chime()
            parts = [self._chime, sound.silence(CHIME_PAUSE_MS)]
        parts.append(sound.trimmed(spoken[0]))
        lead_ms = sum(part.length_ms for part in parts)
        for each in spoken[1:]:
            parts += [sound.silence(PAUSE_MS), sound.trimmed(each)]
        whole = sound.levelled(sound.joined(*parts), volume)
        return Clip(key, sound.to_wav(whole), whole.length_ms, lead_ms)

    def _keep(self, clip: Clip) -> None:
        self._kept[clip.key] = clip
        self._bytes += len(clip.wav)
        while self._bytes > self._most_bytes and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._bytes -= len(old.wav)
