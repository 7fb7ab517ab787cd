"""Runs on genuine MicroPython, with real littlefs on a block device in memory: an update whose power goes.

micropython update_onboard.py ROOT SIZE FATE: the power goes at every erase and program of a whole update of SIZE bytes,
trial included; then again a few operations later. After each the box must start, the old firmware or the new.
FATE: as in firmware_powercuts.py.
"""

import json
import os
import sys
from binascii import hexlify
from hashlib import sha256

import vfs

sys.path.insert(0, sys.argv[1])

from firmware_powercuts import Flash

from firmware.apps.evaluator import Evaluator
from firmware.eventlog import EventLog
from firmware.files import Directory
from firmware.records import LogError
from firmware.trial import Trial
from firmware.updating import Updater
from protocol import messages as m
from protocol import updating as u

SECRET = bytes(range(32))
PROG = 256
FATE = sys.argv[3]
BLOCKS = 48
SIZE = int(sys.argv[2])
OLD = {"firmware/main.mpy": b"old" * 50, "firmware/__init__.mpy": b"old"}
NEW = {
    "firmware/main.mpy": b"new!" * (SIZE // 4),
    "firmware/__init__.mpy": b"new",
    "firmware/links/usb.mpy": b"n" * 200,
}
FACTS = 5
HOME = os.getcwd()
with open(sys.argv[1] + "/firmware/device_start.py") as source:
    CHOOSER = source.read().replace("sys.stdout.write", "len").replace('b"/', 'b"/flash/')


class ResetError(Exception):
    pass


class Machine:
    class Timer:
        ONE_SHOT = 0

        def __init__(self, number):
            pass

        def init(self, mode, period, callback):
            pass

        def deinit(self):
            pass

    @staticmethod
    def reset():
        raise ResetError


class Endpoint:
    def hub_heard(self, now_ms):
        return True


class Box:
    def __init__(self, log):
        self.app = Evaluator()
        self.log = log
        self.endpoint = Endpoint()
        self._health_ms = 0

    def restart(self, now_ms, mark):
        """`live` starts it."""


def mounted(flash, fresh=False):
    if fresh:
        vfs.VfsLfs2.mkfs(flash, progsize=PROG)
    vfs.mount(vfs.VfsLfs2(flash, progsize=PROG), "/flash")


def again(flash, left, tear):
    """The same flash with its power on, which goes after so many operations; None: it stays."""
    flash = Flash(BLOCKS, flash.data)
    flash.left = left
    flash.fate = FATE
    flash.tear = tear
    return flash


def manifest():
    rows = [(len(data), hexlify(sha256(data).digest()), path) for path, data in sorted(NEW.items())]
    return u.write_manifest("0.2.0", 2000, "evaluator", "rpi_pico", rows)


MANIFEST = manifest()
MAC = b"\x00" + u.update_mac(u.update_key(SECRET), 0, sha256(MANIFEST).digest())
PARTS = [MANIFEST] + [NEW[path] for path in sorted(NEW)]


def rated(log, n):
    log.append(m.RATED, 1000 * n, run=n.to_bytes(8, "big"), grade=1 + n % 5, pressed_after_ms=n)


def make(flash):
    """A box as flashed and provisioned, with facts that no hub has."""
    mounted(flash, fresh=True)
    for path, data in OLD.items():
        for folder in ("/flash/a", "/flash/a/firmware"):
            try:
                os.mkdir(folder)
            except OSError:
                pass
        with open("/flash/a/" + path, "wb") as file:
            file.write(data)
    with open("/flash/settings.json", "w") as file:
        json.dump({"role": "evaluator", "board": "rpi_pico", "secret": hexlify(SECRET).decode()}, file)
    log = EventLog(Directory("/flash/log"))
    for n in range(FACTS):
        rated(log, n)
    vfs.umount("/flash")


def start():
    """What /main.py does: the slot that runs, whole, and whether it is on trial."""
    sys.modules["machine"] = Machine
    scope = {}
    exec(CHOOSER, scope)
    trial = scope["start"]() is not None
    slot = os.getcwd()[len("/flash") :]
    with open("firmware/__init__.mpy", "rb") as file:
        which = file.read()
    files = OLD if which == b"old" else NEW
    for path, data in files.items():
        with open(path, "rb") as file:
            assert file.read() == data, (slot, path)
    assert slot == ("/a" if files is OLD else "/b"), slot
    return which, trial


def ask(updater, step, file=0, at=0, data=b""):
    return updater.take({"step": step, "file": file, "at": at, "data": data}, 0)


def update(box):
    """What a hub does until the box starts again."""
    updater = Updater(box, "/flash", os.getcwd()[-1], 8 * 4096)
    while True:
        answer = (m.ACCEPTED, "more")
        while answer == (m.ACCEPTED, "more"):
            answer = ask(updater, u.STEP_BEGIN, 0, len(MANIFEST), MAC)
        if answer[0] == m.FAILED:
            raise OSError(5)
        assert answer[0] == m.ACCEPTED, answer
        if answer[1] == "done":
            break
        _, number, at = answer[1].split()
        number, at = int(number), int(at)
        while number < len(PARTS) and answer[0] == m.ACCEPTED:
            data = PARTS[number][at : at + u.CHUNK_BYTES]
            answer = ask(updater, u.STEP_DATA, number, at, data)
            at += len(data)
            if at == len(PARTS[number]):
                number, at = number + 1, 0
        if answer[0] == m.FAILED:
            raise OSError(5)
    answer = ask(updater, u.STEP_GO)
    if answer[0] == m.FAILED:
        raise OSError(5)
    assert answer == (m.ACCEPTED, None), answer


def live():
    """From power-on until the new firmware is good, restarts included; raises when the power goes."""
    while True:
        which, trial = start()
        log = EventLog(Directory("/flash/log"))
        log.append(m.BOOTED, 1, reset_cause="", interpreter="", firmware=which.decode(), board="")
        box = Box(log)
        if trial:
            on_trial = Trial(box, "/flash")
            assert not on_trial.idle(0)
            log.trim(log.oldest)
            assert on_trial.idle(0)
        elif which == b"new":
            return
        else:
            update(box)
        os.chdir(HOME)


def facts():
    """The runs of the ratings that are still in the log."""
    log = EventLog(Directory("/flash/log"))
    kept = [log.read(number) for number in range(log.oldest, log.next)]
    return [int.from_bytes(fact["fields"]["run"], "big") for fact in kept if fact["fact_kind"] == m.RATED]


def tried(flash):
    """Whether the power went."""
    try:
        mounted(flash)
        live()
    except (OSError, LogError):
        assert flash.dead
    finally:
        os.chdir(HOME)
        vfs.umount("/flash")
    return flash.dead


def main():
    base = Flash(BLOCKS)
    make(base)
    whole = again(base, 1 << 30, 0)
    assert not tried(whole)
    operations = (1 << 30) - whole.left
    cut = olds = news = 0
    for at in range(operations):
        flash = again(base, at, at * 5 % 9)
        cut += tried(flash)
        flash = again(flash, None, 0)
        mounted(flash)
        which, _ = start()  # it starts, and says which
        olds += which == b"old"
        news += which == b"new"
        os.chdir(HOME)
        vfs.umount("/flash")
        flash = again(flash, 1 + at % 13, at % 9)
        tried(flash)
        flash = again(flash, None, 0)
        assert not tried(flash), at
        mounted(flash)
        assert start() in ((b"new", False), (b"old", False)), at
        kept = facts()
        assert kept == list(range(FACTS))[-len(kept) :], (at, kept)
        assert len(kept) >= FACTS - 3, (at, kept)  # each trial that was begun had one acknowledged
        os.chdir(HOME)
        vfs.umount("/flash")
    print("cuts", cut, "of", operations, "old", olds, "new", news)


main()
