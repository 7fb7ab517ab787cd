"""Where a new box is to stand when it takes an old one's place; pure."""

from hub.devices.errors import DevicesError
from hub.devices.registry import Registry


class ReplaceError(DevicesError):
    """This box can't be replaced by that one; the text says what to do."""


def place_of(registry: Registry, old: str, new: str, role: str) -> str | None:
    """The window of the new box; the same again where it stands there already. Raises `ReplaceError`."""
    known = registry.find(old)
    if known is None:
        raise ReplaceError(f"No device {old!r} is registered. `tingting device list --hub …` shows them.")
    if old == new:
        raise ReplaceError(f"{old} can't replace itself; `tingting device provision` gives it a new key.")
    if known.role != role:
        raise ReplaceError(f"{old} is no {role} but a {known.role}: flash the new box with --role {known.role}.")
    if known.replaced_by == new:
        there = registry.find(new)
        return None if there is None else there.window
    if known.replaced_by is not None:
        raise ReplaceError(f"{known.replaced_by} stands in the place of {old} already: replace that one.")
    return known.window
