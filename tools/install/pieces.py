"""The files of an installation: what they should be, what differs from what is there, and the change."""

import difflib
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from common import files
from tools.install.errors import InstallError


class Found(StrEnum):
    """What is there, against what should be."""

    SAME = "unchanged"
    MISSING = "new"
    DIFFERENT = "changed"
    KEPT = "kept: it is yours to edit"


@dataclass(frozen=True, slots=True)
class Piece:
    """A file, or a link where `target` is given. `own` is the owner's: written once, never changed or removed."""

    path: PurePosixPath
    content: str = ""
    mode: int = 0o644
    target: str = ""
    own: bool = False
    secret: bool = False

    def under(self, root: Path) -> Path:
        """Its place in an installation below `root`."""
        return root / self.path.relative_to("/")

    def look(self, root: Path) -> Found:
        """Compares; raises `InstallError` when it can't be read."""
        place = self.under(root)
        try:
            if not place.is_symlink() and not place.exists():
                return Found.MISSING
            if self.own:
                return Found.KEPT
            if self.target:
                same = place.is_symlink() and str(place.readlink()) == self.target
            else:
                same = not place.is_symlink() and place.read_bytes() == self.content.encode()
                same = same and stat.S_IMODE(place.stat().st_mode) == self.mode
        except OSError as error:
            raise InstallError(f"{place}: {error.strerror}. Is this the system's administrator (sudo)?") from error
        return Found.SAME if same else Found.DIFFERENT

    def put(self, root: Path) -> None:
        """Makes it so; a power cut leaves the old or the new. Raises `InstallError`."""
        place = self.under(root)
        try:
            if self.target:
                place.parent.mkdir(parents=True, exist_ok=True)
                fresh = place.with_name(place.name + ".new")
                fresh.unlink(missing_ok=True)
                fresh.symlink_to(self.target)
                fresh.replace(place)
            else:
                files.replace(place, self.content.encode(), self.mode)
                place.chmod(self.mode)  # whatever the caller's umask is
        except OSError as error:
            raise InstallError(f"{place}: {error.strerror}. Is this the system's administrator (sudo)?") from error

    def difference(self, root: Path) -> str:
        """As a unified diff; nothing of a secret."""
        place = self.under(root)
        if self.secret:
            return f"+++ {self.path} (a secret: not shown)\n"
        if self.target:
            return f"+++ {self.path} → {self.target}\n"
        old = place.read_text("utf-8", "replace") if place.is_file() else ""
        lines = difflib.unified_diff(
            old.splitlines(keepends=True),
            self.content.splitlines(keepends=True),
            str(self.path) if old else "/dev/null",
            str(self.path),
        )
        return "".join(lines) or f"+++ {self.path} (mode {self.mode:o})\n"


def changed(pieces: Iterable[Piece], root: Path) -> list[tuple[Piece, Found]]:
    """Those that are to be written."""
    looked = [(piece, piece.look(root)) for piece in pieces]
    return [(piece, found) for piece, found in looked if found in (Found.MISSING, Found.DIFFERENT)]


def remove(pieces: Sequence[Piece], root: Path) -> list[Piece]:
    """Takes away what is there and isn't the owner's; returns what went. Raises `InstallError`."""
    gone = []
    for piece in pieces:
        place = piece.under(root)
        if piece.own or not (place.is_symlink() or place.exists()):
            continue
        try:
            place.unlink()
        except OSError as error:
            raise InstallError(f"{place}: {error.strerror}. Is this the system's administrator (sudo)?") from error
        gone.append(piece)
    return gone
