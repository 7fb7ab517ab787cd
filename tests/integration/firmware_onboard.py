"""Runs on genuine MicroPython, with real littlefs on a block device in memory: what the log costs, holds and survives.

micropython firmware_onboard.py ROOT cuts STEP | erases TAIL PROG | capacity PROG TAIL | small
"""

import os
import sys

import vfs

sys.path.insert(0, sys.argv[1])

from firmware.eventlog import EventLog
from firmware.files import Directory
from firmware.records import LogError, LogFullError
from protocol import messages

SECTOR = 4096
BLANK = b"\xff" * SECTOR


class Flash:
    """NOR flash: erased to ones, programmed by page; the power can go in the middle of any operation."""

    def __init__(self, blocks, data=None):
        self.blocks = blocks
        self.data = bytearray(data) if data else bytearray(b"\xff" * (blocks * SECTOR))
        self.erases = 0
        self.programs = 0
        self.left = None  # operations until the power goes
        self.tear = 0  # eighths of the last operation that still arrive
        self.dead = False

    def _cut(self, at, new):
        if self.dead:
            raise OSError(5)
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            part = len(new) * self.tear // 8
            self.data[at : at + part] = new[:part]
            self.dead = True
            raise OSError(5)

    def readblocks(self, block, buf, offset=0):
        at = block * SECTOR + offset
        buf[:] = memoryview(self.data)[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        at = block * SECTOR + offset
        self._cut(at, buf)
        self.programs += 1
        self.data[at : at + len(buf)] = buf

    def ioctl(self, op, arg):
        if op == 4:
            return self.blocks
        if op == 5:
            return SECTOR
        if op == 6:
            self._cut(arg * SECTOR, BLANK)
            self.erases += 1
            self.data[arg * SECTOR : (arg + 1) * SECTOR] = BLANK
        return 0


def mounted(flash, progsize, fresh=False):
    if fresh:
        vfs.VfsLfs2.mkfs(flash, progsize=progsize)
    vfs.mount(vfs.VfsLfs2(flash, progsize=progsize), "/flash")


def run(n):
    return n.to_bytes(8, "big")


def rate(log, n):
    log.append(messages.RATED, 1000 * n, run=run(n), grade=1 + n % 5, pressed_after_ms=n & 0xFFFF)


def day(log, state, steps):
    """Invitations, presses, acknowledgements, new numbers; `state` is what its caller was told."""
    if log.next > log.oldest:
        state["n"] = max(state["n"], int.from_bytes(log.read(log.next - 1)["fields"]["run"], "big"))
    for step in range(steps):
        n = state["n"] + 1
        log.note_anchor(1_800_000_000_000 + 400 * n, True)
        state["trying"] = n
        if log.open_run is None:
            log.open_invitation(run(n))
            state["open"] = n
        rate(log, n)
        state["n"] = n
        if step % 16 == 13:
            state["trimmed"] = max(state["trimmed"], n - 2)
            log.trim(log.next - 3)
        if step == 20:
            log.advance(log.next + 50)


def check(log, state, where):
    kept = []
    for number in range(log.oldest, log.next):
        fact = log.read(number)
        n = int.from_bytes(fact["fields"]["run"], "big")
        assert fact["fact_kind"] == messages.RATED, where
        assert fact["uptime_ms"] == 1000 * n, where
        assert fact["fields"]["grade"] == 1 + n % 5, where
        assert fact["boot_at_ms"] == 1_800_000_000_000 + 400 * n, where
        kept.append(n)
    last = kept[-1] if kept else state["trimmed"]
    assert kept == list(range(last - len(kept) + 1, last + 1)), (where, kept)
    assert last == state["n"] or last == state["trying"] or (not kept and state["n"] <= state["trimmed"]), (where, last)
    assert not kept or kept[0] <= state["trimmed"] + 1, (where, kept[0])
    if log.open_run is not None:
        assert log.open_run == run(last + 1), where
    elif state["open"] > state["n"] and last < state["n"]:
        raise AssertionError(where + ": the open invitation is forgotten")
    state["n"] = last


def cuts(step):
    """The power goes at every operation (every `step`th), torn at 0 to 8 eighths; again while it is being put right."""
    steps = 40
    base = Flash(16)
    mounted(base, 256, fresh=True)
    vfs.umount("/flash")
    whole = Flash(16, base.data)
    whole.left = 1 << 30
    mounted(whole, 256)
    day(EventLog(Directory("/flash/log"), tail_bytes=232), {"n": 0, "trying": 0, "trimmed": 0, "open": 0}, steps)
    vfs.umount("/flash")
    operations = (1 << 30) - whole.left
    tried = 0
    for at in range(0, operations, step):
        flash = Flash(16, base.data)
        flash.left = at
        flash.tear = at * 5 % 9
        state = {"n": 0, "trying": 0, "trimmed": 0, "open": 0}
        for again in (0, 1):
            try:
                mounted(flash, 256)
                day(EventLog(Directory("/flash/log"), tail_bytes=232), state, steps)
            except (OSError, LogError):
                assert flash.dead
            vfs.umount("/flash")
            flash = Flash(16, flash.data)
            flash.left = (1 + at % 11) if again == 0 else None
            flash.tear = at % 9
        mounted(flash, 256)
        where = "cut at operation " + str(at)
        log = EventLog(Directory("/flash/log"), tail_bytes=232)
        check(log, state, where)
        number = log.next
        rate(log, state["n"] + 1)
        log.note_anchor(0, False)
        assert log.next == number + 1, where
        state["n"] += 1
        vfs.umount("/flash")
        tried += 1
    print("cuts", tried, "of", operations)


def erases(tail, progsize):
    """Block erases a rating: hub there (all acknowledged at once), and hub away (all kept)."""
    for name, through in (("online", True), ("offline", False)):
        flash = Flash(96)
        mounted(flash, progsize, fresh=True)
        log = EventLog(Directory("/flash/log"), tail_bytes=tail)
        flash.erases = flash.programs = 0
        count = 2000
        worst = 0
        for n in range(1, count + 1):
            before = flash.erases
            log.open_invitation(run(n))
            rate(log, n)
            worst = max(worst, flash.erases - before)
            if through:
                log.trim(log.next - 1)
        print(name, flash.erases * 1000 // count, flash.programs * 1000 // count, worst)
        vfs.umount("/flash")


def used_blocks():
    volume = os.statvfs("/flash")
    return volume[2] - volume[3]


def capacity(progsize, tail):
    """Unsent ratings until the log says that it is full, and the blocks they take; all of them are read back."""
    flash = Flash(96)
    mounted(flash, progsize, fresh=True)
    before = used_blocks()
    log = EventLog(Directory("/flash/log"), tail_bytes=tail)
    n = 0
    try:
        while True:
            rate(log, n + 1)
            n += 1
    except LogFullError:
        assert not log.has_room
    log.append(messages.FAULT, 1, code=messages.FAULT_LOG_FULL, detail="")
    used = used_blocks() - before
    vfs.umount("/flash")
    mounted(flash, progsize)
    log = EventLog(Directory("/flash/log"), tail_bytes=tail)
    assert (log.oldest, log.next) == (1, n + 2)
    for number in range(1, n + 1):
        assert log.read(number)["fields"]["run"] == run(number)
    log.trim(n)
    for number in range(n + 1, n + 500):
        rate(log, number)
    vfs.umount("/flash")
    print("capacity", n, used)


def small():
    """A volume of 32 blocks, filled and emptied five times over: the log is full before littlefs is."""
    flash = Flash(32)
    mounted(flash, 256, fresh=True)
    log = EventLog(Directory("/flash/log"))
    counts = []
    n = 0
    for _ in range(5):
        first = n
        while log.has_room:
            n += 1
            rate(log, n)
        counts.append(n - first)
        log.trim(n)
    vfs.umount("/flash")
    print("small", min(counts))


if sys.argv[2] == "cuts":
    cuts(int(sys.argv[3]))
elif sys.argv[2] == "erases":
    erases(int(sys.argv[3]), int(sys.argv[4]))
elif sys.argv[2] == "capacity":
    capacity(int(sys.argv[3]), int(sys.argv[4]))
else:
    small()
