"""Sound as numbers: 16-bit mono clips, the chime, joining, level, and the WAV around them."""

import io
import math
import sys
import wave
from array import array
from dataclasses import dataclass
from typing import Final

RATE: Final = 22_050  # espeak-ng's own; a voice needs no more
WIDTH = 2  # bytes a sample
PEAK = 0.89  # −1 dBFS: as loud as can be without a crack in cheap amplifiers
NEAR = 0.6  # −4 dB: nobody hears the difference, and multiplying a clip takes a Raspberry Pi a tenth of a second
FULL = 32_767
QUIET = 200  # below it is the silence that an engine puts around its words; −44 dBFS
# Two falling notes, a major third apart, as a door bell: (Hz, starts_ms, lasts_ms)
_CHIME = ((659.26, 0, 500), (523.25, 300, 650))
_CHIME_LEVEL = 0.5


@dataclass(frozen=True, slots=True)
class Sound:
    """Samples at `RATE`."""

    samples: "array[int]"

    @property
    def length_ms(self) -> int:
        """How long it lasts, rounded up."""
        return -(-len(self.samples) * 1000 // RATE)

    @property
    def level(self) -> float:
        """Its loudness: root mean square, 0 to 1."""
        if not self.samples:
            return 0.0
        return math.sqrt(sum(sample * sample for sample in self.samples) / len(self.samples)) / FULL


def silence(length_ms: int) -> Sound:
    """Nothing, for so long."""
    return Sound(array("h", bytes(WIDTH * (RATE * length_ms // 1000))))


def from_pcm(raw: bytes) -> Sound:
    """Little-endian 16-bit samples; an odd last byte is dropped."""
    samples = array("h")
    samples.frombytes(raw[: len(raw) // WIDTH * WIDTH])
    if sys.byteorder == "big":
        samples.byteswap()
    return Sound(samples)


def trimmed(sound: Sound) -> Sound:
    """Without the silence around it."""
    samples = sound.samples
    # From both ends only: a clip has 100,000 samples, and every one that is looked at takes the loop's time.
    first = next((place for place, sample in enumerate(samples) if abs(sample) > QUIET), None)
    if first is None:
        return Sound(array("h"))
    last = next(place for place in range(len(samples) - 1, -1, -1) if abs(samples[place]) > QUIET)
    return Sound(samples[first : last + 1])


def peak(sound: Sound) -> float:
    """Its loudest sample, 0 to 1."""
    lowest, highest = min(sound.samples, default=0), max(sound.samples, default=0)
    return max(highest, -lowest) / FULL


def levelled(sound: Sound, volume: float = 1.0) -> Sound:
    """With its loudest sample at `PEAK` times the volume (0 to 1); what is near enough is left as it is."""
    loudest = peak(sound)
    if loudest == 0 or PEAK * volume * NEAR <= loudest <= volume:
        return sound
    gain = PEAK * volume / loudest
    return Sound(array("h", [int(sample * gain) for sample in sound.samples]))


def joined(*parts: Sound) -> Sound:
    """One after the other."""
    samples = array("h")
    for part in parts:
        samples.extend(part.samples)
    return Sound(samples)


def chime() -> Sound:
    """The two notes before a call."""
    lasts_ms = max(start + length for _, start, length in _CHIME)
    samples = [0.0] * (RATE * lasts_ms // 1000)
    for pitch, start_ms, length_ms in _CHIME:
        first, count = RATE * start_ms // 1000, RATE * length_ms // 1000
        for place in range(count):
            at_s = place / RATE
            fade = math.exp(-4.5 * place / count) * min(1.0, place / 110, (count - place) / 220)
            tone = math.sin(2 * math.pi * pitch * at_s) + 0.25 * math.sin(4 * math.pi * pitch * at_s)
            samples[first + place] += tone * fade
    loudest = max(map(abs, samples))
    return Sound(array("h", [int(sample / loudest * FULL * _CHIME_LEVEL) for sample in samples]))


def to_wav(sound: Sound) -> bytes:
    """A WAV file."""
    samples = sound.samples
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(WIDTH)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return out.getvalue()
