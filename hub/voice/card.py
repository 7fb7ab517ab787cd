"""The hub's own sound card, through ALSA's `aplay`: a process for each clip, so that a hanging card hangs alone."""

from hub.voice.clips import Clip
from hub.voice.errors import CardError
from hub.voice.program import LateError, MissingError, run

OVER_S = 3.0  # a card may start late; one that is so late is dead


class Card:
    """Plays clips, one at a time."""

    def __init__(self, device: str = "default", program: str = "aplay") -> None:
        self._device = device
        self._program = program

    async def play(self, clip: Clip) -> None:
        """Until it was heard; raises `CardError`, `OSError`."""
        wanted = ["--quiet", "--device", self._device, "-"]
        try:
            ended = await run(self._program, wanted, clip.wav, clip.length_ms / 1000 + OVER_S)
        except MissingError as missing:
            raise CardError(f"{missing}; type: sudo apt-get install alsa-utils") from missing
        except LateError as late:
            raise CardError(f"sound card {self._device!r}: {late}") from late
        if ended.status != 0:
            words = ended.said.splitlines()[0][:200] if ended.said else str(ended.status)
            raise CardError(
                f"sound card {self._device!r} refused: {words}. `aplay -L` lists what there is; voice.device names it."
            )
