"""Signing in: is it the right PIN, may it be tried, and who gave a new one."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.queueing.commands import PinSet
from hub.staff.errors import BadPinError, UnknownStaffError
from hub.staff.store import PinStore
from hub.staff.throttle import Throttle

WRONG, LOCKED = "wrong_pin", "locked"
SHORTEST, LONGEST = 4, 8  # a caller's keypad takes so many digits
NEW_DIGITS: Final = 6
MANAGER: Final = "manager"
# OWASP's second choice for argon2id (t=2, m=19 MiB, p=1): 30 ms on a PC, 200 ms on a Pi, and no hall signs in faster.
_TIME_COST, _MEMORY_KIB, _LANES = 2, 19 * 1024, 1
# Easily guessed, and so what a stranger tries first: one digit all along, or counting up or down.
_RUNS: Final = "01234567890 09876543210"

Log = Callable[..., None]


def check_new(pin: str) -> None:
    """Raises `BadPinError` for what can't be a PIN."""
    if not (pin.isascii() and pin.isdigit() and SHORTEST <= len(pin) <= LONGEST):
        raise BadPinError(f"A PIN has {SHORTEST} to {LONGEST} digits and nothing else.")
    if len(set(pin)) == 1 or pin in _RUNS:
        raise BadPinError("Not one digit again and again, nor digits in a row: that is what a stranger tries first.")


class StaffDesk:
    """`codes`: of the hall's staff, as it is now; `digits(n)`: random ones; `submit` is back when it is durable.

    A hall that lists no staff lets anybody sign in under any name, as halls without PINs do.
    """

    def __init__(
        self,
        store: PinStore,
        codes: Callable[[], Collection[str]],
        submit: Callable[[PinSet], Awaitable[Any]],
        *,
        digits: Callable[[int], str],
        rising_ms: Callable[[], int],
        at: Callable[[], str],
        log: Log,
    ) -> None:
        self._store = store
        self._codes = codes
        self._submit = submit
        self._digits = digits
        self._rising_ms = rising_ms
        self._at = at
        self._log = log
        self._throttle = Throttle()
        self._hasher = PasswordHasher(time_cost=_TIME_COST, memory_cost=_MEMORY_KIB, parallelism=_LANES)
        # Somebody who isn't there takes as long as a wrong PIN.
        self._nobody = ""
        # One at a time: 19 MiB each, and a flood of tries must not take the machine's memory.
        self._one = asyncio.Lock()

    @property
    def wanted(self) -> bool:
        """Whether this hall asks for PINs."""
        return bool(self._codes())

    async def may(self, staff: str, pin: str) -> str | None:
        """None: sign in; else `wrong_pin` (or no such clerk, or no PIN yet: it isn't told which) or `locked`."""
        if not self.wanted:
            return None
        if self._throttle.locked_ms(staff, self._rising_ms()):
            return LOCKED
        async with self._one:
            # Somebody may have tried while this one waited.
            if self._throttle.locked_ms(staff, self._rising_ms()):
                return LOCKED
            right = await asyncio.to_thread(self._is_right, staff, pin)
            if right and staff in self._codes():
                self._throttle.right(staff)
                return None
            self._throttle.wrong(staff, self._rising_ms())
        if self._throttle.locked_ms(staff, self._rising_ms()):
            self._log("staff.locked", staff=staff, for_s=self._throttle.locked_ms(staff, self._rising_ms()) // 1000)
        return WRONG

    async def reset(self, staff: str) -> str:
        """A new PIN by the manager's word, told this once; raises `UnknownStaffError`."""
        self._known(staff)
        pin = self._new()
        await self._set(staff, pin, MANAGER)
        return pin

    async def change(self, staff: str, pin: str, fresh: str) -> str | None:
        """A clerk's own new PIN; None, or why not, as `may`. Raises `BadPinError`, `UnknownStaffError`."""
        check_new(fresh)
        self._known(staff)
        why = await self.may(staff, pin)
        if why is None:
            await self._set(staff, fresh, staff)
        return why

    def shown(self) -> list[dict[str, Any]]:
        """Each clerk's code and since when there is a PIN; nothing of it."""
        return [{"staff": staff, "pin_set_at": self._store.set_at(staff)} for staff in self._codes()]

    def close(self) -> None:
        """Gives the file back."""
        self._store.close()

    async def _set(self, staff: str, pin: str, by: str) -> None:
        """Recorded first: a PIN that nobody knows of being set must not work."""
        hashed = await asyncio.to_thread(self._hasher.hash, pin)
        await self._submit(PinSet(staff, by))
        await asyncio.to_thread(self._store.keep, staff, hashed, self._at())
        self._throttle.right(staff)
        self._log("staff.pin_set", staff=staff, by=by)

    def _new(self) -> str:
        while True:
            pin = self._digits(NEW_DIGITS)
            try:
                check_new(pin)
            except BadPinError:
                continue  # 17 of a million; the next one is different
            return pin

    def _known(self, staff: str) -> None:
        if staff not in self._codes():
            raise UnknownStaffError(f"This hall lists no clerk {staff!r}; add a row to its staff first.")

    def _is_right(self, staff: str, pin: str) -> bool:
        kept = self._store.hash_of(staff)
        if kept is None:
            self._nobody = self._nobody or self._hasher.hash("")
        try:
            self._hasher.verify(kept or self._nobody, pin)
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None
