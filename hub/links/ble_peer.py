"""One box on the air as its radio keeps it, who lives on its link, and whom the radio asks about boxes."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Protocol

from bleak.backends.device import BLEDevice

from hub.links.backoff import Backoff
from hub.links.ble_plan import End, Keep, State, Want
from hub.links.link import Link, LinkUser


class RadioUser(LinkUser, Protocol):
    """Who lives on a link of a box."""

    def attach(self, link: Link) -> None:
        """The link whose user this is."""

    @property
    def live(self) -> bool:
        """The box is proven and welcomed."""

    def let_go(self) -> None:
        """The link was given back because nothing was left to say; `lost` does not follow."""


class Wishes(Protocol):
    """Who knows the boxes."""

    def user(self, adapter: str, address: str, name: str) -> RadioUser | None:
        """Who talks with the box at this address; None: nobody here knows a box of that name."""

    def want(self, adapter: str, user: Any, state: State | None, rssi: int, age_s: float) -> Want | None:
        """What to connect for now; `age_s`: since it was heard."""

    def keep(self, user: Any) -> Keep:
        """Why not to let go of its link."""

    def began(self, adapter: str, user: Any) -> None:
        """A link to it is being made."""

    def ended(self, adapter: str, user: Any, want: Want | None, end: End) -> None:
        """That link, or the attempt, is over."""


@dataclass(slots=True)
class Peer:
    """One box on the air, and what trying it has come to."""

    address: str
    name: str
    device: BLEDevice
    user: RadioUser
    link: Link
    retry: Backoff
    heard_s: float = 0.0
    rssi: int = -127
    state: State | None = None
    want: Want | None = None
    want_since_s: float = 0.0
    keep: Keep = Keep.BUSY
    keep_since_s: float = 0.0
    failed_s: float = 0.0
    not_before_s: float = 0.0
    opened_s: float = 0.0
    task: asyncio.Task[None] | None = None
    going: bool = False
    connects: int = 0
    failures: int = 0
    lost: int = 0
    why: str = ""

    def shown(self, now_s: float) -> dict[str, Any]:
        """For people who look for a weak box."""
        return {
            "address": self.address,
            "device": self.name,
            "connected": self.link.is_open,
            "proven": self.user.live,
            "rssi_dbm": self.rssi,
            "heard_s": round(now_s - self.heard_s, 1),
            "connects": self.connects,
            "failures": self.failures,
            "lost": self.lost,
            "why": self.why,
        }


@dataclass(slots=True)
class Counts:
    """Since the start."""

    connects: int = 0
    failures: int = 0
    lost: int = 0
    called_off: int = 0
    scans: int = 0
    foreign: set[str] = field(default_factory=set)
