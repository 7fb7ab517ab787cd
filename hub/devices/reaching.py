"""A question to a box, over whichever link reaches it."""

import asyncio
from collections.abc import Callable
from typing import Any

from hub.devices.air import Air
from hub.devices.sessions import DeviceSession

FETCH_S = 10.0  # for a box on the radio to be connected; who was served has gone by then

Answer = tuple[int, str | None] | None  # code and detail; None: no answer came


class Reaching:
    """online: the session in which a box is proven now. answer_s: how long a box has for an answer."""

    def __init__(self, online: Callable[[str], DeviceSession | None], air: Air, answer_s: float) -> None:
        self._online = online
        self._air = air
        self._answer_s = answer_s

    async def ask(self, device: str, command: int, question: dict[str, Any]) -> Answer:
        """Over the line on which it is; on the radio over a link made for it, and over another if that one breaks."""
        session = self._online(device)
        if session is not None and not session.on_radio:
            return await session.ask(command, question, self._answer_s)
        loop = asyncio.get_running_loop()
        until_s = loop.time() + FETCH_S
        while (left_s := until_s - loop.time()) > 0:
            session = await self._air.fetch(device, left_s)
            if session is None:
                return None
            answer = await session.ask(command, question, min(self._answer_s, left_s))
            if answer is not None:
                return answer
        return None

    async def ask_patiently(
        self, device: str, command: int, question: dict[str, Any], *, link_s: float, answer_s: float
    ) -> Answer:
        """Once, and on the radio behind everything else: link_s is waited for a link."""
        session = self._online(device)
        if session is None or session.on_radio:
            session = await self._air.fetch(device, link_s, patient=True)
        return None if session is None else await session.ask(command, question, answer_s, patient=True)
