"""What goes in and out of the printers' doors."""

import msgspec

from hub.web.schema import Text


class PrinterState(msgspec.Struct, kw_only=True):
    """A printer, as last heard; state: ok, paper_low, paper_out, cover_open, fault, offline, no_answer, unknown."""

    printer: str
    name: str
    state: str
    ready: bool
    since_ms: int | None
    why: str
    printed: int
    failed: int
    queued: int


class Printers(msgspec.Struct, kw_only=True):
    """Every printer at the hub."""

    printers: list[PrinterState]


class PrintTest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which printer."""

    printer: Text


class LabelWanted(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which box's label, on which printer."""

    printer: Text
    device: Text


class PrinterAsked(msgspec.Struct, kw_only=True):
    """What the printer said: ok, or what is wrong."""

    printer: str
    state: str
