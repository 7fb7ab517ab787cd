"""Boxes that have a place and say nothing there for long, and their return; each is told once."""

from collections.abc import Callable

from hub.devices import callers
from hub.devices.around import Hall, Log
from hub.devices.care import SILENT_MS, Care, todo
from hub.devices.keeping import Keeping
from hub.devices.registry import EVALUATOR, Device, Registry
from hub.queueing.commands import DeviceFaultSeen, DeviceHeardAgain
from hub.queueing.state import SILENT

AT_WINDOWS = frozenset({EVALUATOR, callers.ROLE})


class Missing:
    """Looks every second."""

    def __init__(
        self,
        registry: Registry,
        hall: Hall,
        keeping: Keeping,
        log: Log,
        *,
        care: Care,
        is_online: Callable[[str], bool],
    ) -> None:
        self._registry = registry
        self._hall = hall
        self._keeping = keeping
        self._log = log
        self._care = care
        self._is_online = is_online
        self._returning: set[str] = set()  # whose return is on its way into the journal

    def look(self) -> None:
        """For who is silent, and who is back."""
        for device in self._registry.standing():
            self._look_for_return(device)
            if device.window is None and device.role in AT_WINDOWS:
                continue  # a spare one in its drawer
            if self._care.gone_missing(device.device, online=self._is_online(device.device)):
                self._log("device.silent", device=device.device, window=device.window, what=todo(SILENT))
                detail = {"window": device.window, "silent_s": SILENT_MS // 1000}
                self._keeping.keep(DeviceFaultSeen(device.device, device.role, SILENT, detail))

    def _look_for_return(self, device: Device) -> None:
        """Who was told as silent and is here, also after a restart; asked for once until that is durable."""
        known = self._hall.state.devices.get(device.device)
        if known is None or not known.silent:
            self._returning.discard(device.device)
        elif device.device not in self._returning and self._is_online(device.device) and self._keeping.has_room:
            self._returning.add(device.device)
            self._keeping.keep(DeviceHeardAgain(device.device, device.role))
