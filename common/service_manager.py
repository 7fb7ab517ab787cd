"""What a service manager (systemd, Type=notify) is told: ready, alive, stopping. Nothing where none asked for it."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping

FEEDS_A_LIMIT = 3  # a feed that comes late by a busy turn must not look like a dead one


class ServiceManager:
    """The socket of NOTIFY_SOCKET; protocol in sd_notify(3)."""

    def __init__(self, environment: Mapping[str, str], process: int) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        asked = environment.get("WATCHDOG_PID", str(process)) == str(process)
        self._limit_s = int(environment.get("WATCHDOG_USEC", "0")) / 1_000_000 if asked else 0.0

    @property
    def watches(self) -> bool:
        """It wants to be fed."""
        return bool(self._address) and self._limit_s > 0

    def tell(self, state: str) -> None:
        """READY=1, STOPPING=1, WATCHDOG=1, STATUS=…"""
        if self._address:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.setblocking(False)  # a manager that reads nothing must not hold the loop
                channel.sendto(state.encode(), self._address)

    async def feed(self, alive: Callable[[], Awaitable[object]]) -> None:
        """Until cancelled. `alive` comes back only while the process does its work; what hangs there isn't fed."""
        while True:
            await alive()
            self.tell("WATCHDOG=1")
            await asyncio.sleep(self._limit_s / FEEDS_A_LIMIT)
