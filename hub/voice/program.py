"""A program of Debian's, run for one clip."""

import shutil

from common import programs
from common.programs import Ended
from hub.voice.errors import VoiceError


class MissingError(VoiceError):
    """The program is not installed."""


class LateError(VoiceError):
    """The program did not end in time and was ended."""


async def run(program: str, arguments: list[str], given: bytes, limit_s: float) -> Ended:
    """Runs it; raises `MissingError`, `LateError`, `OSError`. What it started goes with it."""
    path = shutil.which(program)
    if path is None:
        raise MissingError(f"{program} is not installed")
    try:
        return await programs.run([path, *arguments], given, limit_s)
    except programs.LateError:
        raise LateError(f"{program} did not end within {limit_s:g} s") from None
