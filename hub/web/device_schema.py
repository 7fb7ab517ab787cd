"""What goes in and out of the devices' doors, as the OpenAPI document shows it."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from hub.web.schema import Command, Strict, Text


class DeviceWanted(Strict):
    """A device to be registered; the secret is never shown again."""

    device: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
    role: Annotated[str, Meta(pattern=r"^(evaluator|caller|dispenser)$")]
    window: Text | None
    epoch: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$")]
    secret: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    board: Annotated[str, Meta(max_length=32)]


class Device(msgspec.Struct, kw_only=True):
    """A registered device, without its secret."""

    device: str
    role: str
    window: str | None
    epoch: str
    board: str
    registered_at: str
    # The line on which it was last where it belongs; none on the radio.
    line: str | None
    online: bool
    # Since its last word; none: nothing since the hub started.
    silent_s: float | None
    # As it said when it last started.
    firmware: str | None
    health: dict[str, Any] | None


class Devices(msgspec.Struct, kw_only=True):
    """The registry."""

    devices: list[Device]


class Identify(Command, tag="identify"):
    """The box blinks and beeps, so that a person finds it."""

    for_s: Annotated[int, Meta(ge=1, le=60)] = 20


class Identified(msgspec.Struct, kw_only=True):
    """The box has answered: it blinks."""

    device: str
    for_s: int


class ReprintWanted(msgspec.Struct, kw_only=True):
    """Nothing more is needed: a dispenser has one last ticket."""


class Reprinting(msgspec.Struct, kw_only=True):
    """The dispenser has taken it."""

    device: str
    printing: bool


class Registered(msgspec.Struct, kw_only=True):
    """A device was registered; those named in `displaced` stood there before and have no window now."""

    device: str
    displaced: list[str]
