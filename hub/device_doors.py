"""What doors may ask of devices: blink, test your keys, stand in another's place, tell once more what you hold."""

from typing import Any

from common.problem import Problem
from hub.devices.dispensers import ROLE as DISPENSER
from hub.devices.dispensers import Dispensers
from hub.devices.errors import RegistryError
from hub.devices.fleet import Fleet
from hub.devices.registry import EVALUATOR, Device
from hub.devices.replacing import ReplaceError, place_of
from hub.journal import JournalError
from hub.queueing.commands import DeviceTested
from hub.service import HallService
from hub.web.device_schema import DeviceWanted, TestResult
from protocol import messages

# A key's bit in keys_ok, as a box's own test tells it.
_BITS = {str(grade): 1 << (grade - 1) for grade in range(1, 6)}


class DeviceDesk:
    """Raises `Problem` for what can't be done."""

    def __init__(self, fleet: Fleet, dispensers: Dispensers, service: HallService) -> None:
        self._fleet = fleet
        self._dispensers = dispensers
        self._service = service

    def windows_with(self, role: str) -> set[str | None]:
        """From the registry alone."""
        return {known.window for known in self._fleet.registry.with_role(role)}

    def shown_devices(self) -> list[dict[str, Any]]:
        """The registry without secrets."""
        return self._fleet.shown()

    async def identify(self, device: str, for_s: int) -> None:
        """A box shows which it is."""
        await self._ask(device, messages.IDENTIFY, {"for_ms": for_s * 1000})

    async def maintain(self, device: str) -> None:
        """A box starts again without application and watchdog."""
        await self._ask(device, messages.MAINTENANCE, {})

    async def test_keys(self, device: str, wait_s: int) -> None:
        """An evaluator asks for its keys one after the other."""
        known = self._known(device)
        if known.role != EVALUATOR:
            todo = f"Test a {known.role} at its cable: `tingting device selftest PORT`."
            raise Problem(409, "no-such-test", f"{device} has no test of its own", todo)
        await self._ask(device, messages.KEY_TEST, {"wait_ms": wait_s * 1000})

    async def tested(self, device: str, found: TestResult) -> bool:
        """What a technician found at its cable; whether all is well."""
        known = self._known(device)
        detail: dict[str, Any] = {
            "keys": sorted(set(found.keys) - set(found.dead)),
            "dead": sorted(set(found.dead)),
            "lamps": found.lamps,
            "sounds": found.sounds,
            "shows": found.shows,
        }
        if known.role == EVALUATOR:
            detail["keys_ok"] = sum(_BITS.get(key, 0) for key in detail["keys"])
        command = DeviceTested(device, known.role, known.window, detail)
        try:
            await self._service.submit(command, str(found.id))
        except JournalError as error:
            raise Problem(503, "journal-refuses", "The journal can't take this now", str(error)) from error
        return not found.dead and False not in (found.lamps, found.sounds, found.shows)

    def fetch(self, device: str, for_s: int) -> None:
        """A replaced box is let in once more."""
        if self._known(device).replaced_by is None:
            todo = "Plug it in: what it holds comes by itself."
            raise Problem(409, "not-replaced", f"{device} was not replaced", todo)
        self._fleet.fetching.open(device, for_s)

    async def register(self, wanted: DeviceWanted) -> tuple[str | None, list[str]]:
        """A new device, in its own place or in another's."""
        window = wanted.window
        try:
            if wanted.replaces is not None:
                window = place_of(self._fleet.registry, wanted.replaces, wanted.device, wanted.role)
            return window, await self._fleet.register(
                wanted.device,
                wanted.role,
                window,
                epoch=wanted.epoch,
                secret=wanted.secret,
                board=wanted.board,
                replaces=wanted.replaces,
            )
        except ReplaceError as error:
            raise Problem(409, "not-replaced", "Nothing was changed", str(error)) from error
        except RegistryError as error:
            raise Problem(503, "not-registered", "The device could not be registered", str(error)) from error

    async def reprint(self, device: str) -> None:
        """A dispenser's last ticket once more."""
        known = self._fleet.registry.find(device)
        if known is None or known.role != DISPENSER:
            raise Problem(
                404, "unknown-dispenser", f"There is no dispenser {device!r}", "GET /api/v1/devices lists them."
            )
        done, why = await self._dispensers.reprint(device)
        if not done:
            raise Problem(409, "not-reprinted", "The dispenser prints nothing now", f"{why}. Look at its lamps.")

    def _known(self, device: str) -> Device:
        known = self._fleet.registry.find(device)
        if known is None:
            raise Problem(
                404, "unknown-device", f"No device {device!r} is registered", "GET /api/v1/devices lists them."
            )
        return known

    async def _ask(self, device: str, command: int, question: dict[str, Any]) -> None:
        self._known(device)
        if not self._fleet.is_online(device):
            raise Problem(409, "device-away", f"{device} is not heard", "Look at its cable and its power.")
        answer = await self._fleet.ask(device, command, question)
        if answer is None:
            raise Problem(503, "no-answer", f"{device} did not answer in time", "Ask again; look at its cable.")
        if answer[0] != messages.ACCEPTED:
            raise Problem(
                409, "refused", f"{device} can't do that", f"It answered {answer[0]} {answer[1] or ''}.".strip()
            )
