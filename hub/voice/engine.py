"""What speaks: text in, sound out. espeak-ng is the one that Debian has; a better voice is another class like it."""

from typing import Protocol

from common.catalogue import CHINESE, ENGLISH
from hub.voice.errors import EngineError
from hub.voice.program import MissingError, run
from hub.voice.sound import Sound, from_pcm

SPEAK_S = 20.0  # a page read aloud takes a Raspberry Pi 3 a second; an engine that needs more hangs
MOST_SIGNS = 2_000  # the longest page read aloud; a call has 40
AMPLITUDE = "100"  # espeak-ng's own loudness, 0 to 200: its loudest samples come near full, and nothing cracks
WAV_HEADER_BYTES = 44  # espeak-ng writes the plain one


class Engine(Protocol):
    """A voice. `name` is part of a clip's identity: another voice, another clip."""

    name: str

    async def speak(self, lang: str, text: str) -> Sound:
        """The text as sound at `sound.RATE`; raises `VoiceError`."""


class Espeak:
    """espeak-ng as a process for each sentence: it needs 50 ms, holds nothing, and can't take the hub with it."""

    VOICES = {CHINESE: "cmn", ENGLISH: "en-gb"}  # noqa: RUF012 - never changed
    # Its 175 words a minute are 170 syllables of Mandarin, slower than anybody speaks; a hall's announcer says 210.
    PACE = {CHINESE: 1.25, ENGLISH: 1.0}  # noqa: RUF012 - never changed

    def __init__(self, program: str = "espeak-ng", words_a_minute: int = 175) -> None:
        self.name = f"{program}/{words_a_minute}/{self.PACE[CHINESE]}"
        self._program = program
        self._speed = words_a_minute

    async def speak(self, lang: str, text: str) -> Sound:
        """Speaks."""
        if len(text) > MOST_SIGNS:
            raise EngineError(f"{len(text)} signs are too many to read aloud at once; the limit is {MOST_SIGNS}")
        speed = round(self._speed * self.PACE[lang])
        wanted = ["-v", self.VOICES[lang], "-s", str(speed), "-a", AMPLITUDE, "--stdin", "--stdout"]
        try:
            ended = await run(self._program, wanted, text.encode(), SPEAK_S)
        except MissingError as missing:
            raise EngineError(f"{missing}; type: sudo apt-get install espeak-ng") from missing
        if ended.status != 0 or len(ended.output) <= WAV_HEADER_BYTES:
            raise EngineError(f"{self._program} ended with {ended.status}: {ended.said[:200]}")
        return from_pcm(ended.output[WAV_HEADER_BYTES:])
