"""On which line each box was last where it belongs; two that hang at each other's places are noticed and named.

A box that is plugged into a free line has moved, and belongs there from then on. One that is heard on a line where
another belongs, while that one is heard elsewhere, was swapped with it: nothing is changed then, for only a person
knows whether the cables or the windows are to be put right. Boxes on the radio have no line.
"""

from hub.devices.registry import Device, Registry


class Homes:
    """Judges each arrival; `unkept` is what the registry's file doesn't know yet."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._home = {known.device: known.line for known in registry.all() if known.line}
        self._heard: dict[str, str] = {}
        self.unkept: dict[str, str] = {}

    def arrived(self, device: Device, url: str) -> Device | None:
        """A box is heard on a line; the one whose place that is, where the two were swapped."""
        self._heard[device.device] = url
        owner = self._owner(device, url)
        home = self._home.get(device.device)
        if home == url:
            return None
        if owner is None or home is None:
            self._settle(device.device, url)
            return None
        heard = self._heard.get(owner.device)
        return owner if heard is not None and heard != self._home[owner.device] else None

    def left(self, device: str) -> None:
        """A box is heard no more."""
        self._heard.pop(device, None)

    def put_right(self, devices: set[str]) -> None:
        """Somebody has said where these stand: they belong where they are heard."""
        for device in devices & self._heard.keys():
            self._settle(device, self._heard[device])

    def _owner(self, device: Device, url: str) -> Device | None:
        """Another box of the same kind that belongs to this line and to another window."""
        if device.window is None:
            return None
        for name, home in self._home.items():
            other = self._registry.find(name)
            if home != url or other is None or name == device.device:
                continue
            if other.window is not None and other.window != device.window and other.role == device.role:
                return other
        return None

    def _settle(self, device: str, url: str) -> None:
        for name in [name for name, home in self._home.items() if home == url]:
            del self._home[name]
        self._home[device] = self.unkept[device] = url
