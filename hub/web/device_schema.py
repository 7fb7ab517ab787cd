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
    # The device whose place it takes: its window is the new one's, and its key opens nothing from now on.
    replaces: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")] | None = None


class Fetch(msgspec.Struct, kw_only=True):
    """A replaced box is let in once more for what it still holds."""

    open: bool
    done: bool
    facts: int


class Fault(msgspec.Struct, kw_only=True):
    """What was told of a device since the hub started, and is not over; codes as in `hall.device.fault`."""

    code: str
    at: str
    todo: str


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
    # How much faster its clock runs than the hub's, in millionths; none: not heard for ten minutes of one start yet.
    drift_ppm: float | None
    # Frames and packets that the hub dropped on its line.
    line_rejected: int | None
    # Nothing was heard of it for ten minutes.
    missing: bool
    # Who stands in its place; its key opens nothing any more.
    replaced_by: str | None
    fetching: Fetch | None
    # How the adapter that hears it best hears it; none: none does, or it has a cable.
    radio: dict[str, Any] | None
    faults: list[Fault]


class Devices(msgspec.Struct, kw_only=True):
    """The registry."""

    devices: list[Device]


class Identify(Command, tag="identify"):
    """The box blinks and beeps, so that a person finds it."""

    for_s: Annotated[int, Meta(ge=1, le=60)] = 20


class FetchRest(Command, tag="fetch"):
    """Lets a replaced box in for what it still holds; plug it into any line of this hub."""

    for_s: Annotated[int, Meta(ge=10, le=3600)] = 600


class Maintain(Command, tag="maintenance"):
    """The box starts again without application and watchdog, until a technician at its cable ends that."""


class KeyTest(Command, tag="key_test"):
    """An evaluator asks for its keys one after the other; the result comes as `hall.device.key_tested`."""

    wait_s: Annotated[int, Meta(ge=1, le=60)] = 10


DeviceCommand = Identify | FetchRest | Maintain | KeyTest


class Commanded(msgspec.Struct, kw_only=True):
    """The box has answered, or is let in."""

    device: str
    command: str


class Identified(Commanded, kw_only=True):
    """For so long."""

    for_s: int | None


class TestResult(Command, tag="tested"):
    """What a technician found who tried a box over its cable, with its application off."""

    # Keys by the names that its role has; pressed and felt, and those that gave nothing.
    keys: Annotated[list[Annotated[str, Meta(max_length=16)]], Meta(max_length=20)]
    dead: Annotated[list[Annotated[str, Meta(max_length=16)]], Meta(max_length=20)]
    # Each as the person confirmed it; none: it has no such part, or nobody could say.
    lamps: bool | None
    sounds: bool | None
    shows: bool | None


class Noted(msgspec.Struct, kw_only=True):
    """The test is in the journal."""

    device: str
    well: bool


class ReprintWanted(msgspec.Struct, kw_only=True):
    """Nothing more is needed: a dispenser has one last ticket."""


class Reprinting(msgspec.Struct, kw_only=True):
    """The dispenser has taken it."""

    device: str
    printing: bool


class Registered(msgspec.Struct, kw_only=True):
    """A device was registered; those named in `displaced` stood there before and have no window now."""

    device: str
    window: str | None
    displaced: list[str]
