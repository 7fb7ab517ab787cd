"""What rooms may take from outside: limits on imports that are not ours, read from the source with `ast`."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.checks import rooms

# Ways to the world, to a clock or to chance. `datetime` stays: its clock calls are ruff's TID251.
WORLD = frozenset(
    "asyncio atexit concurrent ctypes fcntl getpass glob http io logging mmap multiprocessing os pathlib platform "
    "random secrets select selectors shutil signal socket sqlite3 ssl subprocess sys tempfile threading time "
    "urllib uuid".split()
)
WORLD_CALLS = frozenset({"open", "input", "print", "exec", "eval", "__import__"})
HARDWARE = frozenset("machine bluetooth esp esp32 rp2 neopixel network".split())
HARDWARE_ROOMS = ("firmware.drivers", "firmware.boards", "firmware.links")


@dataclass(frozen=True, slots=True)
class Limit:
    """A rule for the modules under `rooms` (all but those under `excepted`)."""

    why: str
    rooms: tuple[str, ...]
    banned: frozenset[str]
    excepted: tuple[str, ...] = ()
    stdlib_only: bool = False
    banned_calls: frozenset[str] = frozenset()


LIMITS = (
    Limit(
        "the hall's rules are pure: time, ids and chance come in as arguments",
        rooms=("hub.queueing",),
        banned=WORLD,
        stdlib_only=True,
        banned_calls=WORLD_CALLS,
    ),
    Limit(
        "the protocol does no I/O and owns no clock and no chance",
        rooms=("protocol",),
        banned=frozenset("asyncio os random secrets select socket threading time utime uasyncio urandom".split()),
        banned_calls=WORLD_CALLS,
    ),
    Limit(
        "only drivers, boards and links touch the hardware",
        rooms=rooms.TOPS,
        banned=HARDWARE,
        # The simulator's stand-ins are what `machine` is on the unix port; what chooses the slot stands on its own.
        excepted=(*HARDWARE_ROOMS, "firmware.device_start", "tools.simulator.onboard"),
    ),
    Limit(
        "apps are pure state machines",
        rooms=("firmware.apps",),
        banned=frozenset("asyncio os random time utime uasyncio select socket".split()),
        banned_calls=WORLD_CALLS,
    ),
)


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, top-level name) of every absolute import, at any depth of the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.partition(".")[0]


def _calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.lineno, node.func.id


def violations(module: str, source: str) -> list[str]:
    """What a module's source takes from outside against the limits, one line each, without its path."""
    tree = ast.parse(source)
    found = []
    for limit in LIMITS:
        if not any(rooms.within(module, room) for room in limit.rooms):
            continue
        if any(rooms.within(module, room) for room in limit.excepted):
            continue
        for line, name in imports(tree):
            if name in limit.banned:
                found.append(f"{line}: imports {name}, but {limit.why}")
            elif limit.stdlib_only and name not in sys.stdlib_module_names and name not in rooms.TOPS:
                found.append(f"{line}: imports {name}, which is no part of the standard library; {limit.why}")
        found += [
            f"{line}: calls {name}(), but {limit.why}" for line, name in _calls(tree) if name in limit.banned_calls
        ]
    return found


def check(root: Path = rooms.ROOT) -> list[str]:
    """Every violation in the tree, with its place."""
    found = [f"{name}: stands in no room; give it a row in tools/checks/rooms.py" for name in rooms.homeless(root)]
    for module in rooms.modules(root):
        path = root / module.replace(".", "/")
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        shown = path.relative_to(root)
        found += [f"{shown}:{what}" for what in violations(module, path.read_text("utf-8"))]
    return found
