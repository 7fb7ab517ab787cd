"""Runs on MicroPython, on real littlefs over a block device in memory: what ratings erase, block by block.

Day after day: a new boot, an anchor, ratings each with its open invitation, all acknowledged. `wear.py DAYS A_DAY`.
"""

import array
import json
import sys

import vfs

from firmware.boards.rpi_pico import LOG_TAIL_BYTES
from firmware.eventlog import EventLog
from firmware.files import Directory
from protocol import messages

BLOCKS = 352  # a Pico's file system
BLOCK_BYTES = 4096
PROGRAM_BYTES = 256
BLANK = b"\xff" * BLOCK_BYTES


class Flash:
    """NOR flash that counts the erases of each block."""

    def __init__(self):
        self.data = bytearray(BLANK * BLOCKS)
        self.erases = array.array("I", [0] * BLOCKS)
        self.total = 0

    def readblocks(self, block, buf, offset=0):
        at = block * BLOCK_BYTES + offset
        buf[:] = memoryview(self.data)[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        at = block * BLOCK_BYTES + offset
        self.data[at : at + len(buf)] = buf

    def ioctl(self, op, arg):
        if op == 4:
            return BLOCKS
        if op == 5:
            return BLOCK_BYTES
        if op == 6:
            self.erases[arg] += 1
            self.total += 1
            self.data[arg * BLOCK_BYTES : (arg + 1) * BLOCK_BYTES] = BLANK
        return 0


days, a_day = int(sys.argv[1]), int(sys.argv[2])
flash = Flash()
vfs.VfsLfs2.mkfs(flash, progsize=PROGRAM_BYTES)
vfs.mount(vfs.VfsLfs2(flash, progsize=PROGRAM_BYTES), "/flash")
flash.total = 0  # formatting is no rating's doing
worst = 0
for day in range(days):
    log = EventLog(Directory("/flash/log"), LOG_TAIL_BYTES)
    log.note_anchor(1_800_000_000_000 + day * 86_400_000, True)
    for number in range(a_day):
        before = flash.total
        run = (day * a_day + number).to_bytes(8, "big")
        log.open_invitation(run)
        log.append(messages.RATED, 1000 * number, run=run, grade=1 + number % 5, pressed_after_ms=3000)
        log.trim(log.next - 1)
        worst = max(worst, flash.total - before)
print(json.dumps({"erases": flash.total, "most_of_a_block": max(flash.erases), "worst_rating": worst}))
