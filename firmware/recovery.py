"""What an event log does when it is opened: reads back what a cut left, and puts it right. Part of eventlog.py.

A file of its own, because it is needed once a boot: a box forgets it afterwards.
"""

from binascii import unhexlify

from firmware.eventlog import file_name, open_name
from firmware.records import run_of


def recover(log):
    """Read back what a cut left. Order of work: everything found is read before anything is changed."""
    marks = {"t": [], "b": [], "s": [], "k": []}
    for name in log.files.names():
        if name[0] == "o":
            log.open_run = unhexlify(name[1:])
        elif name[0] in marks:
            marks[name[0]].append(int(name[1:], 16))
    for numbers in marks.values():
        numbers.sort()
    log._shift = marks["s"][-1] if marks["s"] else 0
    _count_boot(log, marks["k"])
    log.note_anchor(None, False)  # its own class: what is kept of this file would keep all of it
    _recover_bulks(log, marks["b"], marks["t"][-1] if marks["t"] else 0)
    _recover_tail(log, marks["t"])
    for number in marks["s"][:-1]:
        log.files.remove(file_name("s", number))


def _count_boot(log, counters):
    """The new boot's number is in flash before anyone can use it."""
    last = counters[-1] if counters else 0
    log.boot = (last + 1) & 0xFFFFFFFF
    log.files.write(file_name("k", log.boot), b"")
    for counter in counters:
        log.files.remove(file_name("k", counter))


def _recover_bulks(log, numbers, tail_number):
    log._bulk_end = None
    for number in numbers:
        log._bulks.append([number, log.files.size(file_name("b", number))])
    if not numbers:
        return
    scan = log._scan_bulk(numbers[-1])
    _note_ends(log, scan)
    if scan.number == numbers[-1] >= tail_number:  # cut before its first record was whole: the tail has them all
        log.files.remove(file_name("b", numbers[-1]))
        log._bulks.clear()
        _recover_bulks(log, numbers[:-1], tail_number)
        return
    log._bulk_end = scan.number
    log._bulk_context = scan.context
    log._bulk_open = scan.at == log._bulks[-1][1]  # behind a torn end a new file begins


def _note_ends(log, scan):
    while True:
        body = scan.step()
        if body is None:
            return
        run = run_of(body)
        if run is not None:
            log._remember(run)


def _recover_tail(log, numbers):
    log._tail = bytearray()
    log._tail_context = None
    log._tail_number = number = numbers[-1] if numbers else 0  # 0: there is none yet
    if not number:
        log._first = log._end = log._bulk_end or 1
        if log._bulks:
            log._first = log._bulks[0][0]
        log._begin_tail(log._end)
        return
    log._tail = data = log.files.read(file_name("t", number), 0, log.files.size(file_name("t", number)))
    log._end = number
    scan = log._scan_tail()
    _note_ends(log, scan)
    log._end = scan.number
    log._tail = bytearray(data[: scan.at])
    log._tail_context = scan.context
    moved = number if log._bulk_end is None else max(log._bulk_end, number)
    log._first = log._bulks[0][0] if log._bulks else number
    if log.open_run is not None and log.open_run in log.ended_runs:
        log.files.remove(open_name(log.open_run))
        log.open_run = None
    for old in numbers[:-1]:  # moved, but not yet removed
        log.files.remove(file_name("t", old))
    if scan.at != len(data) or moved > number or scan.context is None:
        # A torn end, or a move that was cut before the old tail went: begin a clean one.
        log._end = max(log._end, moved)
        if moved < log._end:
            log._move(moved)
        log._begin_tail(log._end)
