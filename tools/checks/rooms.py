"""The rooms of the house and what each may import: one table, from which `.importlinter` and the docs are made.

A room is a package or a module. A room with rooms inside it (`hub`, `firmware`) holds nothing but them, so a new
module has to be given a place here before it passes. An entry of `may` names a room or a single module of one.
Limits on what is not ours (standard library, MicroPython's `machine`) stand in `tools/checks/outside.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOPS = ("protocol", "firmware", "hub", "common", "center", "tools")
ANYTHING = ("anything",)


@dataclass(frozen=True, slots=True)
class Room:
    """One row: the room's dotted name, its job in a line, and what of ours it may import."""

    name: str
    job: str
    may: tuple[str, ...] = ()


_FIRMWARE = ("firmware.apps", "firmware.drivers", "firmware.boards", "firmware.links")
_PIECES = (
    "firmware.records",
    "firmware.files",
    "firmware.logfile",
    "firmware.eventlog",
    "firmware.recovery",
    "firmware.settings",
    "firmware.uptime",
    "firmware.diary",
    "firmware.box",
)
# MicroPython's `const` comes from here; everything else of the wire is no business of a driver.
_CONST = ("protocol.compat",)
# What a ticket printer is told and says: shared with the hub's own printers.
_PAPER = ("protocol.escpos", "protocol.ticket", "protocol.compat")
_FRAMING = ("protocol.framing", "protocol.errors", "protocol.compat", "protocol.air")
_CENTER = ("center.errors", "common")
_FIGURES = ("center.counting", "center.rollups", "center.reports", "center.config")

ROOMS = (
    Room("protocol", "the wire, once for both Pythons: framing, CBOR, sealed sessions, messages; no I/O"),
    Room("firmware.apps", "pure state machines of the boxes: (event, now_ms) → actions", ("protocol",)),
    Room("firmware.drivers", "keys, lamps, buzzer, displays, printer", (*_CONST, "protocol.escpos")),
    Room("firmware.boards", "the pins of each board, one file a board", ("firmware.drivers",)),
    Room("firmware.links", "bytes in and out: UART, USB, Bluetooth Low Energy", _FRAMING),
    Room("firmware.records", "the bytes of one logged fact", ("protocol",)),
    Room("firmware.files", "a directory of a file system, as the event log needs it", _CONST),
    Room("firmware.logfile", "the records of one file of the log", ("firmware.records", "protocol")),
    Room("firmware.uptime", "board ticks that wrap, made a time that does not", _CONST),
    Room("firmware.diary", "what a box notes of itself for whoever stands before it", _CONST),
    Room("firmware.loading", "modules loaded by their name and forgotten again"),
    Room(
        "firmware.box",
        "what every box does at its keys, on the wire and by the clock, in the one right order",
        (*_FIRMWARE, *_PIECES, "firmware.loading", "protocol"),
    ),
    Room(
        "firmware.boxes",
        "what only one role's box does, one class a role",
        ("firmware.apps", "firmware.box", "firmware.drivers", "firmware.notes", "firmware.records", "protocol"),
    ),
    Room(
        "firmware.notes",
        "what a dispenser has in flash while a paper is under way",
        ("firmware.eventlog", "firmware.records"),
    ),
    Room(
        "firmware.roles",
        "the parts of one role, by the pins of its board",
        ("firmware.apps", "firmware.boxes", "firmware.drivers", "firmware.loading", "protocol"),
    ),
    Room("firmware.role", "the role of a build: the linker puts one of firmware.roles here", ("firmware.roles",)),
    Room("firmware.eventlog", "the log of unsent facts in flash", (*_FIRMWARE, *_PIECES, "protocol")),
    Room(
        "firmware.recovery",
        "what the log does once a boot: reads back what a cut left",
        ("firmware.records", "firmware.eventlog", "protocol"),
    ),
    Room(
        "firmware.updating",
        "takes an update into the slot that doesn't run",
        ("firmware.box", "firmware.eventlog", "firmware.files", "protocol"),
    ),
    Room("firmware.trial", "whether a firmware on trial is good", ("protocol",)),
    Room("firmware.settings", "what was provisioned, and the boot counter", (*_FIRMWARE, *_PIECES, "protocol")),
    Room(
        "firmware.main",
        "the running box: task ownership, watchdog",
        ("firmware.drivers", "firmware.loading", "protocol"),
    ),
    Room(
        "firmware.opening",
        "composition: builds what then runs, and is forgotten",
        (*_FIRMWARE, *_PIECES, "firmware.loading", "firmware.main", "firmware.role", "protocol"),
    ),
    Room("firmware.device_main", "what stands as /main.py: starts the good slot, or the one on trial", ANYTHING),
    Room("firmware.device_start", "what stands as /start.mpy: chooses the slot, keeps the time of a trial"),
    Room("hub.errors", "the root of the hub's errors; the rules, which know only the standard library, have their own"),
    Room("hub.queueing", "the hall's rules, pure: decide, apply, views"),
    Room(
        "hub.journal",
        "append-only event store: one writer, group commit, replay",
        ("hub.queueing.events", "hub.errors", "common"),
    ),
    Room(
        "hub.links",
        "serial links by URL, links over Bluetooth Low Energy: bytes in, bytes out, reconnect",
        (*_FRAMING, "hub.errors", "common"),
    ),
    Room(
        "hub.devices",
        "registry and device sessions: wire messages ↔ commands",
        ("hub.links", "protocol", "hub.queueing", "hub.errors", "common"),
    ),
    Room(
        "hub.hall",
        "the hall's own configuration: rows, their file, a change from wish to fact",
        ("hub.devices.storage", "hub.devices.errors", "hub.leds.drivers", "hub.queueing", "hub.errors", "common"),
    ),
    Room(
        "hub.service",
        "the loop: decide, journal, publish after commit",
        ("hub.queueing", "hub.journal", "hub.errors", "common"),
    ),
    Room(
        "hub.staff",
        "clerks' PINs: hashed, throttled, reset by a recorded act",
        ("hub.devices.storage", "hub.queueing.commands", "hub.errors", "common"),
    ),
    Room(
        "hub.web",
        "pages and API",
        (
            "hub.queueing",
            "hub.leds.drivers",
            "hub.hall.rows",
            "hub.hall.errors",
            "hub.staff.errors",
            "hub.errors",
            "common",
        ),
    ),
    Room("hub.voice", "speech: order, clips, engine, sound card", ("hub.queueing.events", "hub.errors", "common")),
    Room("hub.printing", "tickets", ("hub.queueing.views", "hub.errors", "common", *_PAPER)),
    Room(
        "hub.leds",
        "LED modules at the windows: one file a protocol, lines, what each shows",
        ("hub.links", "hub.errors", "common"),
    ),
    Room(
        "hub.paperwork",
        "a number and its paper: asked, given, printed, confirmed",
        ("hub.printing", "hub.hall", "hub.queueing", "hub.errors", "common"),
    ),
    Room("hub.device_doors", "what doors ask of the devices", ("hub", "protocol", "common")),
    Room("hub.hall_doors", "what doors ask of the hall's configuration", ("hub", "protocol", "common")),
    Room("hub.update_doors", "what doors ask of an update of the hall's boxes", ("hub", "protocol", "common")),
    Room("hub.key_tests", "when the keys of a window were tested", ("hub",)),
    Room("hub.paper_doors", "what doors ask of the printers", ("hub", "protocol", "common")),
    Room("hub.uplink", "batches to the center, from the journal", ("hub.journal", "hub.errors", "common")),
    Room("hub.config", "one frozen configuration from one TOML", ("hub", "protocol", "common")),
    Room("hub.lines", "the lines of the hall, which come and go with its configuration", ("hub", "protocol", "common")),
    Room("hub.running", "the parts of a running hub, for doors and devices", ("hub", "protocol", "common")),
    Room("hub.building", "makes the parts of a hub, in their order", ("hub", "protocol", "common")),
    Room("hub.main", "composition root: owns tasks, clock, signals", ("hub", "protocol", "common")),
    Room("common", "what hub and center share: envelope and chain, problems, tokens, catalogue, page frame"),
    Room("center.errors", "the root of the center's errors"),
    Room("center.config", "one frozen configuration from one TOML", _CENTER),
    Room("center.metrics", "the center's numbers; none carries a grade", _CENTER),
    Room("center.counting", "what an event says to the figures, pure", _CENTER),
    Room("center.whole", "a batch decoded at once, where it is as hubs write it, pure", ("center.counting", *_CENTER)),
    Room(
        "center.ingest",
        "a batch as it comes in: bounded, exact, pure",
        ("center.counting", "center.whole", *_CENTER),
    ),
    Room(
        "center.folded",
        "a large batch with the rows and figures that it makes where nothing is known of it, pure",
        ("center.counting", "center.ingest", "center.rollups", *_CENTER),
    ),
    Room(
        "center.beside",
        "the process that reads large batches, and what it is asked and says",
        ("center.folded", "center.ingest", *_CENTER),
    ),
    Room(
        "center.intake",
        "large batches go through a process beside the center",
        ("center.beside", "center.folded", "center.ingest", *_CENTER),
    ),
    Room(
        "center.rollups",
        "from facts to cells of figures, pure: what counts, where, once",
        ("center.counting", *_CENTER),
    ),
    Room(
        "center.store",
        "events, rollups, migrations behind one interface",
        ("center.counting", "center.folded", "center.ingest", "center.rollups", *_CENTER),
    ),
    Room(
        "center.reports",
        "rates, times, ranks and the overview, pure",
        ("center.counting", "center.rollups", "center.config", "center.store.answers", *_CENTER),
    ),
    Room(
        "center.bulletin",
        "the monthly notice: its figures, and its forms",
        (*_FIGURES, "center.store.answers", "center.casework.cases", "center.casework.tables", *_CENTER),
    ),
    Room(
        "center.own",
        "the center's own journals, beside the halls'",
        ("center.config", "center.ingest", "center.store", *_CENTER),
    ),
    Room("center.phone", "a citizen's ticket and late rating, pure", ("center.store.following", *_CENTER)),
    Room("center.people", "accounts, roles, scopes, the audit log", ("center.config", "center.store", *_CENTER)),
    Room("center.casework", "bad ratings followed to their end", (*_FIGURES, "center.store", "center.own", *_CENTER)),
    Room("center.trust", "signs that somebody rates for others, each with its chance, pure", _CENTER),
    Room("center.exports", "a province's record formats", (*_FIGURES, "center.store", *_CENTER)),
    Room(
        "center.verify",
        "an export's chains and figures, made again without the store",
        (*_FIGURES, "center.ingest", "center.store", "center.bulletin", "center.casework.cases", *_CENTER),
    ),
    Room("center.web", "doors and pages", ("center", "common")),
    Room("center.main", "composition root: owns store, server, clock, signals", ("center", "common")),
    Room("tools", "the command line, the simulator, checks, benchmarks", ANYTHING),
)


def within(module: str, room: str) -> bool:
    """Whether a dotted name is the room or stands in it."""
    return module == room or module.startswith(room + ".")


def room_of(module: str) -> Room | None:
    """The room that a module stands in: the longest name that holds it."""
    holding = [room for room in ROOMS if within(module, room.name)]
    return max(holding, key=lambda room: len(room.name), default=None)


def modules(root: Path = ROOT) -> Iterator[str]:
    """Every module of ours on disk, packages included, by dotted name."""
    for top in TOPS:
        for path in sorted((root / top).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def homeless(root: Path = ROOT) -> list[str]:
    """Modules that stand in no room. A package that only holds rooms needs no row of its own."""
    holders = {room.name.rpartition(".")[0] for room in ROOMS} - {""}
    return [name for name in modules(root) if room_of(name) is None and name not in holders]


def forbidden(room: Room, existing: list[str]) -> list[str]:
    """The modules of other rooms that a room must not import directly; whole rooms where it may have none of them."""
    if room.may == ANYTHING:
        return []
    out: list[str] = []
    for other in ROOMS:
        if other is room or other.name not in existing or any(within(other.name, may) for may in room.may):
            continue
        allowed = [may for may in room.may if within(may, other.name)]
        inside = [name for name in existing if name != other.name and within(name, other.name)]
        if allowed:
            out += [name for name in inside if not any(within(name, may) or within(may, name) for may in allowed)]
        else:
            out.append(other.name)
    return out


def importlinter(root: Path = ROOT) -> str:
    """The text of `.importlinter`: one contract a room that stands on disk."""
    existing = list(modules(root))
    tops = "\n".join(f"    {top}" for top in TOPS)
    text = (
        "# Written by `make docs` from tools/checks/rooms.py; change the table there.\n"
        f"[importlinter]\nroot_packages =\n{tops}\ninclude_external_packages = True\n"
    )
    for room in ROOMS:
        if room.name not in existing:
            continue
        banned = "\n".join(f"    {name}" for name in [*forbidden(room, existing), "tests"])
        text += (
            f"\n[importlinter:contract:{room.name}]\nname = {room.name} imports only what its row allows\n"
            f"type = forbidden\nsource_modules =\n    {room.name}\nforbidden_modules =\n{banned}\n"
            "# Each room answers for its own imports; what it reaches through another is that room's row.\n"
            "allow_indirect_imports = True\n"
        )
    return text


def table() -> str:
    """The rooms as a Markdown table."""
    rows = ["| room | job | may import of ours |", "|---|---|---|"]
    for room in ROOMS:
        stands = any((ROOT / room.name.replace(".", "/")).with_suffix(suffix).exists() for suffix in ("", ".py"))
        may = "anything" if room.may == ANYTHING else ", ".join(f"`{name}`" for name in room.may) or "nothing"
        rows.append(f"| `{room.name}` | {room.job}{'' if stands else ' (not built yet)'} | {may} |")
    return "\n".join(rows)
