"""What doors ask of a hall's update: begin, stop, go on, how far it is."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from common.problem import Problem
from hub.devices import bundles, sending, staging, updates
from hub.devices.bundles import MAX_BUNDLE_BYTES, BundleError, Kind, Target
from hub.devices.errors import RegistryError
from hub.devices.registry import Device, Registry
from hub.devices.staging import Box, Firmware, Plan, Stage, Why
from hub.devices.updates import UpdateError, Updates
from hub.web.house import UpdateWish

CURRENT: Final = "current"

# What to do, by the reason for which a box has not taken it.
TODO: Final = {
    "mac": "its key is not the hub's: provision it again, or look who stands there under its name",
    "role": "the update has nothing for its role: flash it at its cable with --role",
    "board": "the update has nothing for its board: sign one with --board",
    "older": "it runs a newer version; where the older one is meant, say --older",
    "format": "its firmware knows no update of this format: update it once at its cable",
    "space": "its flash is full: let its ratings get through to the hub, then again",
    "trial": "it tries another firmware, begun at its cable: wait until that is over, then again",
    "damaged": "a file came damaged three times: look at its line; if it comes again, replace the box",
    "memory": "its memory is short: start it again and try once more, or update it at its cable",
    "flash": "its flash fails: replace the box",
    "unknown": "its firmware is older than updates: flash it once at its cable",
    "strange": "it answers what makes no sense: update it at its cable, and report it with the hub's log",
    "replaced": "another box stands in its place",
    CURRENT: "it runs this version already",
}


class UpdateDesk:
    """Raises `Problem` for what can't be done."""

    most_bytes = MAX_BUNDLE_BYTES

    def __init__(self, giving: Updates, registry: Registry) -> None:
        self._giving = giving
        self._registry = registry

    async def begin_update(self, content: bytes, wish: UpdateWish) -> dict[str, Any]:
        """Proven first; nothing of it is kept before that."""
        plan = self._giving.plan
        if plan is not None and plan.id == wish.id:
            return self._view(plan)
        targets = await self._proven(content)
        digest = updates.digest(content)
        pool = self._pool(targets, wish)
        try:
            if plan is not None and _same(plan, digest, wish) and plan.state is not Stage.STOPPED:
                return self._view(await self._giving.change(lambda was: self._widened(was, targets, pool, wish)))
            self._refuse_second(plan, digest, wish)
            fresh = self._planned(digest, targets, pool, wish)
            return self._view(await self._giving.begin(fresh, content, targets))
        except UpdateError as error:
            raise Problem(409, "update-under-way", "Nothing was changed", str(error)) from error
        except RegistryError as error:
            raise _not_kept(error) from error

    async def stop_update(self) -> dict[str, Any]:
        """Nobody is sent to any more."""
        return await self._changed(lambda plan: staging.stopped(plan, Why.BY_HAND, self._giving.at()))

    async def continue_update(self, *, again: bool) -> dict[str, Any]:
        """After a stop."""
        return await self._changed(lambda plan: staging.resumed(plan, self._giving.at(), again=again))

    def shown_update(self) -> dict[str, Any] | None:
        """How far it is."""
        return None if self._giving.plan is None else self._view(self._giving.plan)

    # --- inside

    async def _proven(self, content: bytes) -> dict[Kind, Target]:
        signer = self._giving.signer
        if signer is None:
            raise Problem(
                409,
                "no-update-key",
                "This hub gives out no update",
                "hub.toml names nobody whose updates it may believe: put the 64 digits of the file .pub that "
                "`tingting device signing-key` made under [updates] signer, and start the hub again.",
            )
        try:
            return await asyncio.to_thread(bundles.read, content, signer)
        except BundleError as error:
            title = "This update is not believed"
            raise Problem(422, "wrong-bundle", title, str(error), reason=error.reason) from error

    def _pool(self, targets: Mapping[Kind, Target], wish: UpdateWish) -> dict[str, Device]:
        """Whom it is for; a problem that names each box and why not, where it is for nobody."""
        scope = [
            known
            for known in self._registry.standing()
            if wish.device in (None, known.device) and wish.window in (None, known.window)
        ]
        if wish.device is not None and not scope:
            raise Problem(
                404, "unknown-device", f"No device {wish.device!r} stands here", "GET /api/v1/devices lists them."
            )
        if wish.window is not None and not scope:
            raise Problem(
                404, "unknown-window", f"No device stands at window {wish.window!r}", "GET /api/v1/devices lists them."
            )
        pool = self._giving.pool(targets, wish.window, wish.device)
        wrong = {known.device: self._unfit(known, targets, wish) for known in scope}
        if not any(reason is None for reason in wrong.values()):
            errors = [
                {"device": device, "reason": reason, "todo": TODO[reason]} for device, reason in wrong.items() if reason
            ]
            words = "; ".join(f"{each['device']}: {each['todo']}" for each in errors[:5]) or "no device is registered"
            raise Problem(409, "nothing-to-update", "No box here can take this", words, errors=errors)
        return pool

    def _unfit(self, known: Device, targets: Mapping[Kind, Target], wish: UpdateWish) -> str | None:
        """Why it is not for a box, as far as the hub knows; the box itself has the last word."""
        target = targets.get((known.role, known.board))
        if target is None:
            return "board" if any(role == known.role for role, _ in targets) else "role"
        running = self._giving.fresh(known, target).was
        if running == target.version:
            return CURRENT
        return "older" if not wish.older and sending.is_older(target.version, target.made, running) else None

    def _refuse_second(self, plan: Plan | None, digest: str, wish: UpdateWish) -> None:
        if plan is None:
            return
        if _same(plan, digest, wish):
            todo = "`tingting device update --hall URL --continue` goes on with it, --again also with who went wrong."
            raise Problem(409, "update-stopped", f"This update has stopped: {plan.why}", todo)
        if self._giving.under_way(plan):
            if plan.state is Stage.RUNNING:
                raise Problem(409, "update-under-way", "Another update is being given out", "Stop it first.")
            trying = [box.device for box in plan.boxes.values() if box.state is staging.Of.TRYING]
            todo = f"Wait for {', '.join(trying)}; that takes seven minutes at most."
            raise Problem(409, "update-on-trial", "Boxes still try the update before", todo, trying=trying)

    def _boxes(
        self, digest: str, targets: Mapping[Kind, Target], pool: Mapping[str, Device], percent: int
    ) -> dict[str, Box]:
        kinds = {device: (known.role, known.board) for device, known in pool.items()}
        return {
            device: self._giving.fresh(pool[device], targets[kinds[device]])
            for device in staging.chosen(digest, kinds, percent)
        }

    def _widened(
        self, plan: Plan, targets: Mapping[Kind, Target], pool: Mapping[str, Device], wish: UpdateWish
    ) -> Plan:
        boxes = self._boxes(plan.digest, targets, pool, wish.percent)
        return staging.widened(plan, boxes.values(), wish.percent, self._giving.at())

    def _planned(
        self, digest: str, targets: Mapping[Kind, Target], pool: Mapping[str, Device], wish: UpdateWish
    ) -> Plan:
        at = self._giving.at()
        return Plan(
            id=wish.id,
            digest=digest,
            percent=wish.percent,
            older=wish.older,
            window=wish.window,
            device=wish.device,
            by=wish.by,
            began_at=at,
            changed_at=at,
            firmwares=tuple(
                Firmware(role=role, board=board, version=target.version)
                for (role, board), target in sorted(targets.items())
            ),
            boxes=self._boxes(digest, targets, pool, wish.percent),
        )

    async def _changed(self, change: Any) -> dict[str, Any]:
        plan = self._giving.plan
        if plan is None:
            raise Problem(409, "no-update", "Nothing is being given out", "POST /api/v1/updates begins.")
        if plan.state is Stage.DONE and change is not None and not any(box.failed for box in plan.boxes.values()):
            raise Problem(409, "update-over", "This update is done", "POST /api/v1/updates begins another.")
        try:
            return self._view(await self._giving.change(change))
        except RegistryError as error:
            raise _not_kept(error) from error

    def _view(self, plan: Plan) -> dict[str, Any]:
        kinds = {(each.role, each.board) for each in plan.firmwares}
        pool = self._giving.pool(kinds, plan.window, plan.device)
        shown = msgspec.to_builtins(plan)
        return {key: shown[key] for key in shown if key not in ("boxes", "firmwares")} | {
            "versions": shown["firmwares"],
            "counts": plan.counts() | {"not_chosen": len(pool.keys() - plan.boxes.keys())},
            "boxes": [self._box(box) for box in plan.boxes.values()],
        }

    def _box(self, box: Box) -> dict[str, Any]:
        known = self._registry.find(box.device)
        sent, total = self._giving.progress(box.device)
        return {
            "device": box.device,
            "role": box.role,
            "window": None if known is None else known.window,
            "board": box.board,
            "was": box.was,
            "version": box.version,
            "state": box.state.value,
            "reason": box.reason,
            "todo": TODO.get(box.reason, ""),
            "sent": sent,
            "bytes": total,
            "held_by": self._giving.held_by(box),
            "changed_at": box.changed_at,
        }


def _same(plan: Plan, digest: str, wish: UpdateWish) -> bool:
    """The same update of the same part of the hall."""
    return (plan.digest, plan.window, plan.device, plan.older) == (digest, wish.window, wish.device, wish.older)


def _not_kept(error: RegistryError) -> Problem:
    return Problem(503, "not-kept", "The update could not be kept; nothing was changed", str(error))
