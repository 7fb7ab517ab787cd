"""An update over the cable: into the slot that doesn't run, proven there, then tried.

Until the last step, a rename on the box, nothing that runs is touched: broken off anywhere the box goes on with what it
had, and the same command again goes on with the copy.
"""

import json
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from hub.devices.bundles import Target
from protocol import updating
from protocol.errors import MessageError
from tools.device import flashing, mpremote
from tools.device.errors import DeviceError
from tools.device.maintenance import MOST_TRIES, enter, leave

_MANIFEST: Final = "manifest"
# What the box is; never its secret. The version is what the running slot says itself.
_ASK: Final = """
import json, os
def ask():
    try:
        with open("/settings.json") as file:
            settings = json.load(file)
        os.stat("/start.mpy")
    except (OSError, ValueError):
        return None
    try:
        with open("/slot") as file:
            line = file.read()
    except OSError:
        line = "a"
    slot = "b" if line[:1] == "b" else "a"
    os.chdir("/" + slot)
    from firmware import VERSION
    try:
        with open("manifest") as file:
            head = [file.readline() for _ in range(3)]
        made = int(head[2].split()[1])
    except (OSError, ValueError, IndexError):
        made = 0
    os.chdir("/")
    return {"device": settings["device"], "role": settings["role"], "board": settings["board"], "line": line,
            "slot": slot, "version": VERSION, "made": made}
print(json.dumps(ask()))
"""
_GO: Final = """
import os
with open("/slot.new", "wb") as file:
    file.write({line!r})
os.rename("/slot.new", "/slot")
"""


@dataclass(frozen=True, slots=True)
class Updated:
    """What was done."""

    device: str
    was: str
    version: str
    slot: str
    copied: int
    kept: int


def update(port: str, bundle: dict[tuple[str, str], Target], downgrade: bool, progress: flashing.Progress) -> Updated:
    """Lets the box at `port` try what the bundle has for it; raises `DeviceError`, and then it goes on as it was."""
    enter(port)
    try:
        return _update(port, bundle, downgrade, progress)
    finally:
        leave(port)


def _update(port: str, bundle: dict[tuple[str, str], Target], downgrade: bool, progress: flashing.Progress) -> Updated:
    box = _asked(port)
    target = bundle.get((box["role"], box["board"]))
    if target is None:
        there = ", ".join(f"{role} on {board}" for role, board in sorted(bundle))
        raise DeviceError(
            "%(port)s: %(device)s is of role %(role)s on %(board)s, and the update is for: %(there)s. "
            "Nothing was changed.",
            port=port,
            device=box["device"],
            role=box["role"],
            board=box["board"],
            there=there,
        )
    line = box["line"]
    if len(line) == 3 and line[1] != "-":
        raise DeviceError(
            "%(port)s: %(device)s tries an update already; wait until it is good or back.",
            port=port,
            device=box["device"],
        )
    _not_older(port, box, target, downgrade)
    other = "a" if box["slot"] == "b" else "b"
    copied = _fill(port, other, target, progress)
    mpremote.script(port, _GO.format(line=(box["slot"] + other + MOST_TRIES).encode()))
    return Updated(box["device"], box["version"], target.version, other, copied, len(target.files) - copied)


def _asked(port: str) -> dict[str, str]:
    said = mpremote.script(port, _ASK).strip().rpartition("\n")[2]
    try:
        box = json.loads(said)
    except ValueError as error:
        raise DeviceError(
            "%(port)s: unexpected answer: %(answer)s. Run the same command again.", port=port, answer=repr(said[-200:])
        ) from error
    if box is None:
        raise DeviceError(
            "%(port)s: this box was never provisioned, or was flashed before there were two slots; "
            "`tingting device flash` and `provision` do both.",
            port=port,
        )
    return dict(box)


def _not_older(port: str, box: dict[str, str], target: Target, downgrade: bool) -> None:
    try:
        here = updating.order(box["version"], int(box["made"]))
    except MessageError:
        return  # a version of somebody's own: nothing is older than it
    if not downgrade and updating.older(updating.order(target.version, target.made), here):
        raise DeviceError(
            "%(port)s: %(device)s has %(here)s, which is newer than %(version)s; "
            "if that is meant, say --older. Nothing was changed.",
            port=port,
            device=box["device"],
            here=box["version"],
            version=target.version,
        )


def _fill(port: str, slot: str, target: Target, progress: flashing.Progress) -> int:
    """Copies what the slot lacks, the manifest last; returns how many files that were."""
    folders, there = flashing.survey(port)
    names = {f"{slot}/{path}": data for path, data in target.files.items()}
    have = flashing.digests(port, sorted(name for name in names if name in there))
    missing = sorted(name for name, data in names.items() if have.get(name) != sha256(data).hexdigest())
    leftover = sorted(name for name in there if name.startswith(f"{slot}/") and name not in names)
    total = len(missing) + 1
    with tempfile.TemporaryDirectory(prefix="tingting-") as room:
        commands = [["fs", "rm", f":/{name}"] for name in leftover]
        commands += flashing.make_folders([*names, f"{slot}/{_MANIFEST}"], folders)
        for number, name in enumerate([*missing, f"{slot}/{_MANIFEST}"]):
            local = Path(room) / str(number)
            local.write_bytes(names.get(name, target.manifest))
            commands.append(["fs", "cp", str(local), f":/{name}"])
        done = 0

        def line(text: str) -> None:
            nonlocal done
            if text.startswith("cp "):
                done += 1
                progress(text.rpartition(":/")[2], done, total)

        mpremote.run(port, *mpremote.chain(commands), timeout_s=flashing.COPY_TIMEOUT_S, on_line=line)
    names[f"{slot}/{_MANIFEST}"] = target.manifest
    written = flashing.digests(port, sorted(names))
    for name, data in names.items():
        if written.get(name) != sha256(data).hexdigest():
            raise DeviceError(
                "%(port)s: %(name)s on the box differs from what was sent. Run the same command again.",
                port=port,
                name=name,
            )
    return len(missing)
