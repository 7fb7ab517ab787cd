"""Runs on genuine MicroPython, with real littlefs on a block device in memory whose power goes at any moment.

micropython firmware_powercuts.py ROOT every FATE | random SEED DAYS
FATE: stop (before the operation), tear (in its midst), lose (with everything since the last sync)
"""

import random
import sys

import vfs

sys.path.insert(0, sys.argv[1])

from firmware.eventlog import EventLog
from firmware.files import Directory
from firmware.records import LogError
from protocol import messages

SECTOR = 4096
BLANK = b"\xff" * SECTOR
TAIL_BYTES = 232
STEPS = 40
FATES = ("stop", "tear", "lose")


class Flash:
    """NOR flash: erased to ones, programmed by page; the power can go at any operation."""

    def __init__(self, blocks, data=None):
        self.blocks = blocks
        self.data = bytearray(data) if data else bytearray(b"\xff" * (blocks * SECTOR))
        self.erases = 0
        self.programs = 0
        self.syncs = 0
        self.left = None  # operations until the power goes
        self.fate = "stop"
        self.tear = 0  # eighths of the last operation that still arrive
        self.dead = False
        self._since_sync = []  # (where, what was there), oldest first

    def _change(self, at, new):
        if self.dead:
            raise OSError(5)
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self._die(at, new)
            if self.fate == "lose":
                self._since_sync.append((at, bytes(self.data[at : at + len(new)])))
        self.data[at : at + len(new)] = new

    def _die(self, at, new):
        if self.fate == "tear":
            part = len(new) * self.tear // 8
            self.data[at : at + part] = new[:part]
        elif self.fate == "lose":
            # Any end of what no sync has made durable is gone: all of it, or the last few.
            lost = len(self._since_sync) if self.tear == 8 else min(self.tear, len(self._since_sync))
            for _ in range(lost):
                where, before = self._since_sync.pop()
                self.data[where : where + len(before)] = before
        self.dead = True
        raise OSError(5)

    def readblocks(self, block, buf, offset=0):
        at = block * SECTOR + offset
        buf[:] = memoryview(self.data)[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        self._change(block * SECTOR + offset, buf)
        self.programs += 1

    def ioctl(self, op, arg):
        if op == 4:
            return self.blocks
        if op == 5:
            return SECTOR
        if op == 3:
            self.syncs += 1
            self._since_sync = []
        if op == 6:
            self._change(arg * SECTOR, BLANK)
            self.erases += 1
        return 0


def mounted(flash, progsize, fresh=False):
    if fresh:
        vfs.VfsLfs2.mkfs(flash, progsize=progsize)
    vfs.mount(vfs.VfsLfs2(flash, progsize=progsize), "/flash")


def opened():
    return EventLog(Directory("/flash/log"), tail_bytes=TAIL_BYTES)


def run(n):
    return n.to_bytes(8, "big")


def rate(log, n):
    log.append(messages.RATED, 1000 * n, run=run(n), grade=1 + n % 5, pressed_after_ms=n & 0xFFFF)


def scripted(step):
    """(facts that stay when the hub acknowledges or None, numbers that the hub is ahead or None)."""
    return 2 if step % 16 == 13 else None, 51 if step == 20 else None


def by_chance(_step):
    return (
        random.getrandbits(4) if random.getrandbits(3) == 0 else None,
        1 + random.getrandbits(6) if random.getrandbits(5) == 0 else None,
    )


def day(log, state, steps, plan):
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
        stay, ahead = plan(step)
        if stay is not None and log.next - stay > log.oldest:
            state["trimmed"] = max(state["trimmed"], n - stay)
            log.trim(log.next - 1 - stay)
        if ahead is not None:
            log.advance(log.next + ahead)


def check(log, state, where):
    """Can it be read, is what was told there, and nothing else?"""
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


def write(log, state, where):
    """Can it be written?"""
    number, n = log.next, state["n"] + 1
    log.note_anchor(1_800_000_000_000 + 400 * n, True)
    rate(log, n)
    assert log.next == number + 1, where
    state["n"] = n


def fresh_state():
    return {"n": 0, "trying": 0, "trimmed": 0, "open": 0, "boot": 0}


def lived(flash, state, steps, plan):
    """A boot and a day until the power goes; True if it did not."""
    try:
        mounted(flash, 256)
        log = opened()
        # Whoever has used a boot's number may have made a nonce of it.
        assert log.boot > state["boot"], f"boot {log.boot} came twice"
        state["boot"] = log.boot
        day(log, state, steps, plan)
        whole = True
    except (OSError, LogError):
        assert flash.dead
        whole = False
    vfs.umount("/flash")
    return whole


def cut(flash, state, where):
    """The flash after its power has gone, looked at by a new boot."""
    flash = Flash(flash.blocks, flash.data)
    mounted(flash, 256)
    log = opened()
    assert log.boot > state["boot"], where + ": a boot's number came twice"
    state["boot"] = log.boot
    check(log, state, where)
    write(log, state, where)
    vfs.umount("/flash")
    return flash


def formatted():
    base = Flash(16)
    mounted(base, 256, fresh=True)
    vfs.umount("/flash")
    return base


def every(fate):
    """The power goes at every operation of a scripted day; and again while that is being put right."""
    base = formatted()
    whole = Flash(16, base.data)
    whole.left = 1 << 30
    assert lived(whole, fresh_state(), STEPS, scripted)
    assert whole.syncs > STEPS
    operations = (1 << 30) - whole.left
    for at in range(operations):
        flash = Flash(16, base.data)
        flash.left, flash.fate, flash.tear = at, fate, 1 + at * 5 % 8
        state = fresh_state()
        lived(flash, state, STEPS, scripted)
        flash = Flash(16, flash.data)
        flash.left, flash.fate, flash.tear = 1 + at % 11, fate, 1 + at % 8
        lived(flash, state, STEPS, scripted)
        cut(flash, state, f"{fate} at operation {at}")
    print("every", operations)


def by_random(seed, days):
    """Days of any length, on one flash that grows old, each ended by a cut of any kind."""
    random.seed(seed)
    flash, state = formatted(), fresh_state()
    ended = 0
    for number in range(days):
        flash = Flash(16, flash.data)
        flash.left = random.getrandbits(8)
        flash.fate = FATES[random.getrandbits(8) % 3]
        flash.tear = random.getrandbits(8) % 9
        ended += not lived(flash, state, 1 + random.getrandbits(6), by_chance)
        flash = cut(flash, state, f"seed {seed}, day {number}, {flash.fate}")
    print("random", days, ended)


if __name__ == "__main__":
    if sys.argv[2] == "every":
        every(sys.argv[3])
    else:
        by_random(int(sys.argv[3]), int(sys.argv[4]))
