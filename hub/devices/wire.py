"""The wire's numbers and the hall's words: facts to commands, window states to views, rejections to fault codes."""

from typing import Any

from hub.devices.registry import Device
from hub.devices.times import When
from hub.queueing.commands import AcceptFact
from protocol import calling, dispensing, messages

ROLES = {messages.ROLE_EVALUATOR: "evaluator", messages.ROLE_CALLER: "caller", messages.ROLE_DISPENSER: "dispenser"}

FACT_KINDS = {
    messages.UNREADABLE: "unreadable",
    messages.BOOTED: "booted",
    messages.RATED: "rated",
    messages.UNRATED: "unrated",
    messages.IGNORED: "ignored",
    messages.KEY_TESTED: "key_tested",
    messages.FAULT: "fault",
    messages.RECOVERED: "recovered",
    calling.SIGNED_IN: "signed_in",
    calling.SIGNED_OUT: "signed_out",
    dispensing.PRINTED: "printed",
    dispensing.PRINT_FAILED: "print_failed",
    dispensing.AWAY: "away",
}
STAFF_ROLES = {calling.ROLE_A: "A", calling.ROLE_B: "B"}
UNRATED_REASONS = {
    messages.UNRATED_TIMEOUT: "timeout",
    messages.UNRATED_DEVICE_FAULT: "device_fault",
    messages.UNRATED_DECLINED: "declined",
}
IGNORED_WHYS = {
    messages.IGNORED_NOT_INVITED: "not_invited",
    messages.IGNORED_REPEATED: "repeated",
    messages.IGNORED_KEY_TEST: "key_test",
}
FAULT_CODES = {
    messages.FAULT_STUCK_KEY: "stuck_key",
    messages.FAULT_LOG_FULL: "log_full",
    messages.FAULT_LOG_DAMAGED: "log_damaged",
    messages.FAULT_NUMBER_BEHIND: "number_behind",
    messages.FAULT_TASK_DIED: "task_died",
    messages.FAULT_MEMORY: "memory",
    messages.FAULT_DISPLAY: "display",
    messages.FAULT_KEY_DEAD: "key_dead",
    dispensing.FAULT_PAPER_OUT: "paper_out",
    dispensing.FAULT_COVER_OPEN: "cover_open",
    dispensing.FAULT_PRINTER: "printer_fault",
    dispensing.FAULT_PRINTER_OFFLINE: "printer_offline",
    dispensing.FAULT_PRINTER_SILENT: "printer_silent",
    dispensing.FAULT_PAPER_LOW: "paper_low",
}
PRINT_REASONS = {
    dispensing.PRINT_NOT_FAILED: None,
    dispensing.PRINT_PAPER_OUT: "paper_out",
    dispensing.PRINT_COVER_OPEN: "cover_open",
    dispensing.PRINT_PRINTER_FAULT: "printer_fault",
    dispensing.PRINT_PRINTER_OFFLINE: "printer_offline",
    dispensing.PRINT_NO_ANSWER: "no_answer",
    dispensing.PRINT_POWER_CUT: "power_cut",
}
APP_STATES = {
    messages.APP_IDLE: "idle",
    messages.APP_SERVING: "serving",
    messages.APP_INVITED: "invited",
    messages.APP_THANKED: "thanked",
    messages.APP_PAUSED: "paused",
    messages.APP_FAULT: "fault",
    messages.APP_KEY_TEST: "key_test",
    dispensing.APP_READY: "ready",
    dispensing.APP_ASKING: "asking",
    dispensing.APP_PRINTING: "printing",
    dispensing.APP_VOIDING: "voiding",
}
WINDOW_STATES = {
    "closed": messages.WINDOW_CLOSED,
    "free": messages.WINDOW_IDLE,
    "calling": messages.WINDOW_CALLING,
    "serving": messages.WINDOW_SERVING,
    "paused": messages.WINDOW_PAUSED,
}
NUMBER_BYTES = 16
LABEL_BYTES = 32
CLERK_BYTES = 16

# What protocol/ says of what it dropped → our fault code; what isn't here is noise: counted, no fault by itself
# (a hub that restarts gets sealed packets of the session before, for one).
_REJECTIONS = (
    ("unknown device", "unknown_device"),
    ("doesn't prove its secret", "wrong_key"),
    ("a device that speaks version", "wrong_version"),
    ("counter that didn't rise", "replayed"),
    ("a packet that doesn't verify", "forged"),
    ("a HELLO", "malformed"),
    ("a PROOF of", "malformed"),
    ("a packet of unknown kind", "malformed"),
    ("a message", "malformed"),
    ("message kind", "malformed"),
)
_NOISE = ("a sealed packet without a session", "a FACT before our WELCOME", "a PROOF that answers no")


def fault_code(rejection: str) -> str | None:
    """The fault a rejection points to; None for noise."""
    if rejection.startswith(_NOISE):
        return None
    # Whatever else failed did so after its seal had been opened: the sender is the device, and it makes no sense.
    return next((code for text, code in _REJECTIONS if text in rejection), "malformed")


def fact_command(device: Device, epoch: str, values: dict[str, Any], when: When) -> AcceptFact:
    """A FACT event's values as the hall's command."""
    kind = FACT_KINDS.get(values["fact_kind"], f"kind_{values['fact_kind']}")
    return AcceptFact(
        device=device.device,
        epoch=epoch,
        fact=values["n"],
        kind=kind,
        window=device.window,
        time_ms=when.time_ms,
        earliest_ms=when.earliest_ms,
        latest_ms=when.latest_ms,
        data=_fields(kind, values["fields"]),
        role=device.role,
    )


def _fields(kind: str, fields: dict[Any, Any]) -> dict[str, Any]:
    shown = {str(name): _plain(value) for name, value in fields.items()}
    if kind == "unrated":
        shown["reason"] = UNRATED_REASONS.get(fields["reason"], f"reason_{fields['reason']}")
    elif kind == "ignored":
        shown["why"] = IGNORED_WHYS.get(fields["why"], f"why_{fields['why']}")
    elif kind == "signed_in":
        shown["role"] = STAFF_ROLES.get(fields["role"], f"role_{fields['role']}")
    elif kind in ("print_failed", "away"):
        shown["reason"] = PRINT_REASONS.get(fields["reason"], f"reason_{fields['reason']}")
    elif kind in ("fault", "recovered"):
        shown["code"] = FAULT_CODES.get(fields["code"], f"code_{fields['code']}")
    return shown


def _plain(value: Any) -> Any:
    """As JSON can say it: bytes become hex, keys become text."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def clipped(text: str, limit_bytes: int) -> str:
    """At most so many bytes of UTF-8, whole characters."""
    return text.encode()[:limit_bytes].decode("utf-8", "ignore")
