"""What goes in and out of the updates' doors, as the OpenAPI document shows it."""

import msgspec

from hub.web.schema import Command


class StopUpdate(Command, tag="stop"):
    """Nobody is sent to any more; who tries it already is waited for."""


class ContinueUpdate(Command, tag="continue"):
    """After a stop; again: also with those that went wrong."""

    again: bool = False


UpdateCommand = StopUpdate | ContinueUpdate


class UpdateFirmware(msgspec.Struct, kw_only=True):
    """One firmware of the bundle."""

    role: str
    board: str
    version: str


class UpdateBox(msgspec.Struct, kw_only=True):
    """How far one box has come."""

    device: str
    role: str
    window: str | None
    board: str
    # What it had, as far as it has said; what it is to have.
    was: str
    version: str
    # waiting, sending, trying; and then good, current, gone_back, missing, refused.
    state: str
    # Why it was refused, in a word, and what to do.
    reason: str
    todo: str
    # Bytes that it has, of so many; since the hub started.
    sent: int
    bytes: int
    # citizen: somebody is called, served or asked there; away: it is not heard.
    held_by: str
    changed_at: str


class Update(msgspec.Struct, kw_only=True):
    """What is given out, to whom, and how far that is."""

    id: str
    # SHA-256 of the bundle.
    digest: str
    # running, stopped, done.
    state: str
    # gone_back, missing, first_refused, by_hand, bundle; and at which box.
    why: str
    why_device: str | None
    percent: int
    older: bool
    window: str | None
    device: str | None
    by: str
    began_at: str
    changed_at: str
    versions: list[UpdateFirmware]
    # Boxes by their state; not_chosen: it is for them, and they are not among the percent.
    counts: dict[str, int]
    boxes: list[UpdateBox]


class Updates(msgspec.Struct, kw_only=True):
    """The last one; none: nothing was given out yet."""

    update: Update | None
