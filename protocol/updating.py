"""What an update is: its manifest, its MAC, the steps of its way onto a box. SPEC.md, "Updates". Both Pythons.

A box loads this only while an update is under way; the command itself stands in messages.py.
"""

from protocol.compat import TYPE_CHECKING, const, hmac_sha256
from protocol.errors import MessageError
from protocol.seal import hkdf

if TYPE_CHECKING:
    from protocol.compat import Any, Callable

# Steps of UPDATE.
STEP_ASK = const(0)  # which slot runs, what is in it
STEP_BEGIN = const(1)  # this manifest comes: `at` bytes of it, under this MAC
STEP_DATA = const(2)  # bytes of a file from `at` on; file 0 is the manifest
STEP_GO = const(3)  # all is there: try it
STEP_STOP = const(4)  # forget it

FLAG_OLDER = const(1)  # an older version is meant

FORMAT = b"tingting update 1"
CHUNK_BYTES = const(192)  # with all around it 241 bytes at most: one write on a radio of MTU 247
MAC_SIZE = const(32)
MAX_MANIFEST = const(8192)
MAX_FILES = const(64)
MAX_PATH = const(64)
MAX_FILE_BYTES = const(131072)  # one file; the largest of today has 19 KB
_LABEL = b"tingting 1 update"  # of its key: seal.py has the others'
_WORD_BYTES = const(32)
_PATH_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-"


def update_key(secret: bytes) -> bytes:
    """The key of a device's update MACs."""
    return hkdf(secret, b"", _LABEL, 32)


def update_mac(key: bytes, flags: int, digest: bytes) -> bytes:
    """What shows a box that its hub means this manifest, by the SHA-256 of it, for this very box."""
    return hmac_sha256(key, FORMAT + b"\x00" + bytes([flags]) + digest)


def read_head(readline: "Callable[[], bytes]") -> "tuple[str, int, str, str]":
    """(version, made, role, board) from the first five lines of a manifest."""
    if readline() != FORMAT + b"\n":
        raise MessageError("not a manifest of this format")
    version = _word(readline(), b"version")
    made = _word(readline(), b"made")
    role = _word(readline(), b"role")
    board = _word(readline(), b"board")
    if not made.isdigit() or len(made) > 12:
        raise MessageError("`made` is no unix time")
    return version, int(made), role, board


def _word(line: bytes, name: bytes) -> str:
    parts = line.split(b" ")
    if len(parts) != 2 or parts[0] != name or parts[1][-1:] != b"\n" or not 2 <= len(parts[1]) <= _WORD_BYTES + 1:
        raise MessageError("a manifest without its `%s`" % name.decode())
    return parts[1][:-1].decode()


def read_file(line: bytes) -> "tuple[int, bytes, str]":
    """(size, SHA-256 in hex, path) from one of the lines after the head."""
    parts = line.split(b" ")
    if len(parts) != 4 or parts[0] != b"file" or parts[3][-1:] != b"\n" or not parts[1].isdigit():
        raise MessageError("a manifest with a line that is no file's")
    path = parts[3][:-1]
    if len(parts[1]) > 6 or not 1 <= int(parts[1]) <= MAX_FILE_BYTES or len(parts[2]) != 64:
        raise MessageError("a manifest with a file of no possible size or digest")
    for letter in path:
        if letter not in _PATH_LETTERS:
            raise MessageError("a manifest with an impossible path")
    if not 1 <= len(path) <= MAX_PATH or path[:1] == b"/" or b".." in path or b"//" in path or path[-1:] == b"/":
        raise MessageError("a manifest with an impossible path")
    return int(parts[1]), parts[2], path.decode()


def order(version: str, made: int) -> "tuple[list[int], int]":
    """What tells older from newer: the release, then when it was made."""
    numbers = []
    for part in version.partition("+")[0].split("."):
        if not part.isdigit() or len(part) > 6:
            raise MessageError("a version is 1.2.3 or 1.2.3+build")
        numbers.append(int(part))
    return numbers, made


def older(one: "tuple[list[int], int]", other: "tuple[list[int], int]") -> bool:
    """Whether the one is older than the other; a build whose time nobody knows (0) is not told from its neighbours."""
    if one[0] != other[0]:
        return one[0] < other[0]
    return 0 < one[1] < other[1]


def write_manifest(version: str, made: int, role: str, board: str, files: "list[tuple[int, bytes, str]]") -> bytes:
    """The exact bytes that are signed, sent and kept; files: as `read_file` gives them."""
    if not 1 <= len(files) <= MAX_FILES:
        raise MessageError("an update has 1 to %d files, this one %d" % (MAX_FILES, len(files)))
    head = "version %s\nmade %d\nrole %s\nboard %s\n" % (version, made, role, board)
    lines = [b"file %d %s %s\n" % (size, digest, path.encode()) for size, digest, path in files]
    text = FORMAT + b"\n" + head.encode() + b"".join(lines)
    read_manifest(text)
    return text


def read_manifest(data: bytes) -> "tuple[tuple[str, int, str, str], list[tuple[int, bytes, str]]]":
    """Head and files of a whole manifest; MessageError says what is wrong."""
    if len(data) > MAX_MANIFEST:
        raise MessageError("a manifest has at most %d bytes, this one %d" % (MAX_MANIFEST, len(data)))
    if data[-1:] != b"\n":
        raise MessageError("a manifest that is cut off")
    lines = [line + b"\n" for line in data[:-1].split(b"\n")]
    rest = iter(lines)
    head = read_head(lambda: next(rest, b""))
    order(head[0], head[1])
    files: list[Any] = [read_file(line) for line in rest]
    if not 1 <= len(files) <= MAX_FILES or len({path for _, _, path in files}) != len(files):
        raise MessageError("a manifest with no file, too many, or one twice")
    return head, files
