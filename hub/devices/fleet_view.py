"""How the devices are, for doors, `/readyz` and Prometheus; no secret and no grade."""

from typing import TYPE_CHECKING, Any

from common.metrics import Values
from hub.devices.wire import APP_STATES
from hub.queueing.state import State

if TYPE_CHECKING:
    from hub.devices.fleet import Fleet


def devices(fleet: "Fleet", state: State) -> list[dict[str, Any]]:
    """Every registered device without its secret, with how it is."""
    found, heard = [], fleet.air.seen()
    for device in fleet.registry.all():
        session = fleet.find(device.device)
        status = None if session is None else session.status
        online = fleet.is_online(device.device)
        known = state.devices.get(device.device)
        drift = fleet.drifts.get(device.device)
        found.append(
            device.public()
            | {
                "online": online,
                "silent_s": fleet.care.heard_s(device.device, session, online=online),
                "firmware": None if known is None else known.firmware,
                "app_state": None if status is None else APP_STATES.get(status["app_state"], "unknown"),
                "health": None if session is None else session.health,
                "drift_ppm": None if drift is None else drift.ppm,
                "line_rejected": None if session is None else sum(session.rejected),
                "missing": fleet.care.missing(device.device),
                "fetching": fleet.fetching.view(device.device),
                "radio": heard.get(device.device),
                "faults": fleet.care.faults(device.device),
            }
        )
    return found


def care(fleet: "Fleet") -> dict[str, Any]:
    """Lines, devices and the last fault."""
    heard = fleet.air.seen()
    return {
        "lines": [fleet.care.line(line) for line in fleet.lines],
        "each_device": [
            fleet.care.device(known, online=fleet.is_online(known.device)) | {"radio": heard.get(known.device)}
            for known in fleet.registry.standing()
        ],
        "last_fault": fleet.care.last_fault,
    }


def metrics(fleet: "Fleet") -> Values:
    """For Prometheus."""
    online = {
        (known.device, known.role, known.window or ""): fleet.is_online(known.device)
        for known in fleet.registry.standing()
    }
    silent = {labels: fleet.care.silent_s(labels[0], online=is_online) for labels, is_online in online.items()}
    return {
        "tingting_lines": {(): len(fleet.lines)},
        "tingting_lines_open": {(): sum(line.is_open for line in fleet.lines)},
        "tingting_line_rejected_frames_total": {(): sum(line.rejected[0] for line in fleet.lines)},
        "tingting_line_rejected_packets_total": {(): sum(line.rejected[1] for line in fleet.lines)},
        "tingting_devices_registered": {(): len(online)},
        "tingting_devices_online": {(): fleet.online},
        "tingting_device_online": {labels: float(is_online) for labels, is_online in online.items()},
        "tingting_device_silent_seconds": {labels: age for labels, age in silent.items() if age is not None},
        "tingting_device_facts_total": {(): sum(line.facts for line in fleet.lines)},
        "tingting_device_faults_total": {(code,): count for code, count in sorted(fleet.faults.counts.items())},
        "tingting_invitations_total": {
            ("accepted",): fleet.inviting.counts["invited"],
            ("failed",): fleet.inviting.counts["invitations_failed"],
        },
        **fleet.air.metrics(),
    }
