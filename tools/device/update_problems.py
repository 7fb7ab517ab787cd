"""Why a hub does not give out an update, by the kinds and reasons of its problems: what the catalogue can say."""

from collections.abc import Mapping
from typing import Any, Final

from tools.device import hall_update
from tools.device.errors import DeviceError, HubRefusedError

MOST_TOLD: Final = 5  # boxes by name; in a hall of 300 the others have the same reasons


def worded(refused: HubRefusedError) -> HubRefusedError:
    """The same in words that the catalogue has; as it is where it knows none."""
    problem = refused.problem
    kind = str(problem.get("type", "")).rpartition(":")[2]
    if kind == "wrong-bundle":
        return HubRefusedError("the hub does not believe this update: %(why)s", why=_unbelieved(problem))
    if kind == "nothing-to-update":
        return HubRefusedError("no box here can take this: %(why)s", why=_unfit(problem.get("errors") or []))
    if kind == "update-on-trial":
        return HubRefusedError(
            "boxes still try the update before: %(devices)s. That takes seven minutes at most; then again",
            devices=", ".join(problem.get("trying") or []),
        )
    return _KINDS[kind]() if kind in _KINDS else refused


def _unbelieved(problem: Mapping[str, Any]) -> DeviceError | str:
    reason = problem.get("reason")
    if reason == "damaged":
        return DeviceError("it was cut off or damaged; copy it again")
    if reason == "unsigned":
        return DeviceError("it is not signed; `tingting device sign` makes updates")
    if reason == "foreign":
        return DeviceError("it was not signed with this hall's key, or was changed since; nothing of it is used")
    if reason == "wrong":
        return DeviceError("it holds what no update does; sign it again")
    return str(problem.get("detail"))


def _unfit(errors: list[Mapping[str, Any]]) -> DeviceError:
    """Each box with its reason, in one sentence."""
    if not errors:
        return DeviceError("no device is registered")
    reasons = hall_update.reasons(str)
    said: DeviceError | None = None
    for each in reversed(errors[:MOST_TOLD]):
        why = DeviceError.worded(reasons.get(each["reason"], str(each["todo"])), {})
        if said is None:
            said = DeviceError("%(device)s: %(why)s", device=each["device"], why=why)
        else:
            said = DeviceError("%(device)s: %(why)s; %(more)s", device=each["device"], why=why, more=said)
    return said or DeviceError("no device is registered")


_KINDS: Final = {
    "no-update-key": lambda: HubRefusedError(
        "this hub gives out no update: put the 64 digits of the file .pub that `tingting device signing-key` made "
        "under [updates] signer in hub.toml, and start the hub again"
    ),
    "update-under-way": lambda: HubRefusedError("another update is being given out; --stop stops it"),
    "update-stopped": lambda: HubRefusedError(
        "this update has stopped; --continue goes on with it, --again also with those that went wrong"
    ),
    "update-over": lambda: HubRefusedError("this update is over, and nothing of it is left to do"),
    "no-update": lambda: HubRefusedError("nothing was given out here yet"),
    "not-kept": lambda: HubRefusedError("the hub's disk took nothing, and nothing was changed; make room on it"),
}
