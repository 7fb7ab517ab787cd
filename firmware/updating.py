"""Takes an update into the slot that doesn't run. Loaded when a hub sends one, forgotten when it has fallen silent.

Nothing is kept open and nothing is in memory that a power cut could take: what is wanted next is read from the slot
itself, file by file, each one's SHA-256 from what stands in flash. SPEC.md, "Updates", has the steps and the answers.
"""

import gc
import json
import os
from binascii import hexlify, unhexlify
from hashlib import sha256

from firmware import VERSION
from protocol import messages, updating
from protocol.compat import const, same
from protocol.errors import MessageError

_WIPE_FILES = const(4)  # removed at once: 20 ms each, and the keys wait for it
_READ_BYTES = const(256)
_TRIAL_BYTES = const(3)  # of /slot, while something is on trial
_TRIES = b"3"  # starts of a trial: two may be lost to somebody who pulls the plug
# What the log may still need, littlefs' own moves included: firmware.eventlog.
SPARE_BYTES = const(64 * 4096)
_BLOCK = const(4096)
_FOLDER = const(0x4000)
# Free memory without which a box takes no update: a press, its fact and its sealing go on beside it.
_ROOM_BYTES = const(12 * 1024)
_LOOKING = const(1)
_WIPING = const(2)
_TAKING = const(3)


class Updater:
    """`box`: app, log, endpoint as firmware.box.Box. root: "" on a box; running: the letter of its slot."""

    def __init__(self, box, root="", running=None, spare_bytes=SPARE_BYTES):
        gc.collect()
        if hasattr(gc, "mem_free") and gc.mem_free() < _ROOM_BYTES:
            raise MemoryError
        self._box = box
        self._files = box.log.files
        self._root = root
        self._running = running or os.getcwd()[1:]
        self._path = root + "/" + ("a" if self._running == "b" else "b")
        self._spare_bytes = spare_bytes
        self._fresh = True
        self._forget()

    def idle(self, now_ms):
        """Whether nothing has come since this was last asked."""
        fresh, self._fresh = self._fresh, False
        return not fresh

    def take(self, args, now_ms):
        """One step of UPDATE; returns the code and the detail of its answer."""
        self._fresh = True
        step = args["step"]
        try:
            if step == updating.STEP_DATA:
                return self._data(args["file"], args["at"], args["data"])
            if step == updating.STEP_BEGIN:
                return self._begin(args["at"], args["data"])
            if step == updating.STEP_GO:
                return self._go(now_ms)
            if step == updating.STEP_STOP:
                self._forget()
                return messages.ACCEPTED, None
            if step == updating.STEP_ASK:
                return messages.ACCEPTED, "%s %s %s" % (self._slots().decode(), self._running, VERSION)
        except OSError as error:
            self._forget()
            return messages.FAILED, "flash %r" % (error.args[0] if error.args else 0)
        return messages.REFUSED, "format"

    # --- inside

    def _forget(self):
        self._mac = b""  # flags and MAC of what is being taken
        self._size = 0  # of its manifest
        self._state = 0
        self._file = 0  # wanted next, and from where on
        self._at = 0
        self._line = None  # its size, digest and path; None: behind the last one

    def _slots(self):
        try:
            with open(self._root + "/slot", "rb") as file:
                return file.read(4)
        except OSError:
            return b"a"

    def _want(self):
        return "done" if self._line is None and self._file else "want %d %d" % (self._file, self._at)

    def _begin(self, size, mac):
        line = self._slots()
        if line[:1].decode() != self._running or (len(line) == _TRIAL_BYTES and line[1:2] != b"-"):
            return messages.REFUSED, "trial"
        if len(mac) != 1 + updating.MAC_SIZE or not 0 < size <= updating.MAX_MANIFEST:
            return messages.REFUSED, "format"
        if mac != self._mac:
            self._forget()
            self._mac = mac
            self._size = size
            self._file = 1
            self._state = _LOOKING if self._proven() and self._head() is None else _WIPING
            if self._state == _WIPING:
                self._remove("manifest")
        if self._state == _WIPING:
            if not self._wipe(self._path, _WIPE_FILES):
                return messages.ACCEPTED, "more"
            self._make_folder(self._path)
            self._file = 0
            self._line = self._size, b"", "manifest"
            self._state = _TAKING
        if self._state == _LOOKING and self._look():
            return messages.ACCEPTED, "more"
        return messages.ACCEPTED, self._want()

    def _look(self):
        """One file that may be here from before; False once it is known what is wanted."""
        self._line = self._line_of(self._file)
        if self._line is not None:
            size, digest, path = self._line
            have = self._have(path)
            if have == size and self._digest(path) == digest:
                self._file += 1
                return True
            if have >= size:
                self._remove(path)
                have = 0
            self._at = have
        self._state = _TAKING
        return False

    def _data(self, number, at, data):
        if self._state != _TAKING:
            return messages.REFUSED, "begin"
        if self._line is None or (number, at) != (self._file, self._at):
            return messages.REFUSED, self._want()
        size, digest, path = self._line
        if not data or at + len(data) > size:
            return messages.REFUSED, "format"
        if at == 0:
            for place, letter in enumerate(path):
                if letter == "/":
                    self._make_folder(self._path + "/" + path[:place])
        with self._files.open_elsewhere(self._path + "/" + path, "ab" if at else "wb") as file:
            file.write(data)
        file = None
        self._files.keep_room()
        self._at += len(data)
        if self._at < size:
            return messages.ACCEPTED, None
        return self._finish(digest, path)

    def _finish(self, digest, path):
        self._at = 0
        if self._file == 0:
            wrong = self._head() if self._proven() else "mac"
            if wrong is not None:
                self._remove(path)
                self._forget()
                return messages.REFUSED, wrong
        elif self._digest(path) != digest:
            self._remove(path)
            return messages.REFUSED, "damaged"
        self._file += 1
        self._line = self._line_of(self._file)
        return messages.ACCEPTED, None

    def _go(self, now_ms):
        if self._state != _TAKING or self._file == 0 or self._line is not None:
            return messages.REFUSED, "begin"
        box = self._box
        if box.app.busy() or box.log.open_run is not None:
            return messages.REFUSED, "busy"
        other = self._path[-1:]
        with self._files.open_elsewhere(self._root + "/slot.new", "wb") as file:
            file.write(self._running.encode() + other.encode() + _TRIES)
        file = None
        self._files.keep_room()
        os.rename(self._root + "/slot.new", self._root + "/slot")
        box.restart(now_ms, False)
        return messages.ACCEPTED, None

    # --- the manifest

    def _proven(self):
        """Whether the manifest that stands in the slot is the one that the hub means for this box."""
        if self._have("manifest") != self._size:
            return False
        with open(self._root + "/settings.json") as file:
            secret = json.load(file)["secret"]
        file = None
        key = updating.update_key(unhexlify(secret))
        digest = self._sha256("manifest").digest()
        return same(self._mac[1:], updating.update_mac(key, self._mac[0], digest))

    def _head(self):
        """What is wrong with this manifest for this box, in a word; None: nothing."""
        try:
            version, made, role, board = self._head_of(self._path)
            order = updating.order(version, made)
            need = self._need()
        except (MessageError, ValueError):
            return "format"
        with open(self._root + "/settings.json") as file:
            settings = json.load(file)
        file = None
        if role != settings["role"]:
            return "role"
        if board != settings["board"]:
            return "board"
        if not self._mac[0] & updating.FLAG_OLDER and updating.older(order, self._order_here()):
            return "older"
        # What the log has taken of its room needn't be free any more; a block that it has only begun still must.
        spare = self._spare_bytes - self._box.log.used_bytes() // _BLOCK * _BLOCK
        if self._files.free_bytes() - need < spare:
            return "space"
        return None

    def _head_of(self, slot):
        with open(slot + "/manifest", "rb") as file:
            return updating.read_head(file.readline)

    def _order_here(self):
        """Of what runs; a slot that came by cable has no manifest, and its time is not known."""
        try:
            version, made, _, _ = self._head_of(self._root + "/" + self._running)
        except (OSError, MessageError):
            version, made = VERSION, 0
        return updating.order(version, made)

    def _need(self):
        """Bytes of flash that its files still take, each in whole blocks; what lies here makes room, or is kept."""
        need = 0
        number = 1
        line = self._line_of(number)
        while line is not None:
            need += max(_taken(line[0]) - _taken(self._have(line[2])), 0)
            number += 1
            line = self._line_of(number)
        if not 1 < number <= updating.MAX_FILES + 1:
            raise MessageError("files")
        return need

    def _line_of(self, number):
        """Size, digest and path of a file, by its place in the manifest from 1 on; None behind the last."""
        with open(self._path + "/manifest", "rb") as file:
            updating.read_head(file.readline)
            for _ in range(number - 1):
                file.readline()
            line = file.readline()
        return updating.read_file(line) if line else None

    # --- the slot

    def _have(self, path):
        try:
            return os.stat(self._path + "/" + path)[6]
        except OSError:
            return -1 if path == "manifest" else 0

    def _sha256(self, path):
        total = sha256()
        with self._files.open_elsewhere(self._path + "/" + path, "rb") as file:
            data = file.read(_READ_BYTES)
            while data:
                total.update(data)
                data = file.read(_READ_BYTES)
        file = None
        self._files.keep_room()
        return total

    def _digest(self, path):
        return hexlify(self._sha256(path).digest())

    def _remove(self, path):
        try:
            os.remove(self._path + "/" + path)
        except OSError:
            pass  # it isn't there: that is what is wanted

    def _make_folder(self, path):
        try:
            os.mkdir(path)
        except OSError:
            os.stat(path)  # it is there already, or this says what is wrong

    def _wipe(self, path, most):
        """Removes what is below a folder, at most so many; returns how many more it might have been, 0: not all."""
        try:
            names = os.listdir(path)
        except OSError:
            return most
        for name in names:
            full = path + "/" + name
            if os.stat(full)[0] & _FOLDER:
                most = self._wipe(full, most)
                if not most:
                    return 0
                os.rmdir(full)
            else:
                os.remove(full)
            most -= 1
            if not most:
                return 0
        return most


def _taken(size):
    """Bytes of flash that a file of this size takes, never less; one of no bytes is none."""
    return (size // _BLOCK + 1) * _BLOCK if size else 0
