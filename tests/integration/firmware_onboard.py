"""Runs on genuine MicroPython, with real littlefs on a block device in memory: what the log costs and holds.

micropython firmware_onboard.py ROOT erases TAIL PROG | capacity PROG TAIL | small
"""

import os
import sys

import vfs

sys.path.insert(0, sys.argv[1])

from firmware_powercuts import Flash, mounted, rate, run

from firmware.eventlog import EventLog
from firmware.files import Directory
from firmware.records import LogFullError
from protocol import messages


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


if sys.argv[2] == "erases":
    erases(int(sys.argv[3]), int(sys.argv[4]))
elif sys.argv[2] == "capacity":
    capacity(int(sys.argv[3]), int(sys.argv[4]))
else:
    small()
