"""The log of unsent facts: in flash before anything else happens, kept until the hub has them durably. Both Pythons.

One directory on littlefs. Its file names carry what must outlive everything (hexadecimal):
    t<number>  the tail, so small that it stays inside littlefs' metadata: an append costs no block erase of its own
    b<number>  bulk: tails moved together, up to four blocks a file; <number> is that of the file's first record
    s<shift>   what is added to a number here to get the number the hub knows (see `advance`); the greatest one holds
    k<boot>    the boot counter; the greatest one holds
    o<run>     the open invitation
A file is a row of records:
    length of the body u8 | low byte of the number u8 | CRC-32 of (number u32 ‖ body) u32 | body
A body begins with its kind and the uptime in ms (5 bytes). Kind 0 has no number of its own: it says in which boot the
records after it were made, and when that boot began. All integers are little-endian. A rated record is 23 bytes.
A record that does not match its CRC ends a file after a cut; one that rots later is delivered as FAULT_LOG_DAMAGED
under its number, so that the numbers after it go on. Nothing is ever overwritten: a full log raises LogFullError.
"""

import sys
from binascii import hexlify

from firmware.logfile import MAX_BODY, Context, Scan, pack_record
from firmware.records import LogError, LogFullError, decode_body, encode_body
from protocol import messages
from protocol.compat import const

_ANY_FACT_BYTES = const(124)  # the longest record and its context
# littlefs keeps a file inline up to an eighth of a block, its cache (progsize × 4) and 1,022 bytes; 232 bytes also fit,
# with littlefs' own 24, into one program page of a Pico. A board whose cache is smaller says so (boards/).
TAIL_BYTES = const(232)
# Four blocks less littlefs' skip-list pointers (0, 4, 8, 4 bytes): given back when its 711 facts are acknowledged, and
# so few files that their directory stays in one pair of blocks.
BULK_BYTES = const(16_368)
# 58 blocks; with the root, this directory and one block to copy on, no more than 64 blocks of 4 KB.
LOG_BYTES = const(236_000)
# Kept back for the end of an open invitation, the fault that says "full", and its recovery.
RESERVE_BYTES = const(512)
_LAST_BYTES = const(64)  # of it, for nothing but the end of the open invitation: one fact and its context
_MAX_RUNS = const(16)  # ended runs remembered, so that an invitation offered again is not opened again
# What littlefs needs to move its own files when all else is full: a block to copy on, and one to replace a worn one.
_SPARE_BYTES = const(2 * 4096)


class EventLog:
    """See this module's docstring. `files`: a `firmware.files.Directory` or what a test puts in its place.

    After `LogError` (but not `LogFullError`) the object's idea of the flash may be wrong: restart the board.
    """

    def __init__(self, files, tail_bytes=TAIL_BYTES, log_bytes=LOG_BYTES):
        self.files = files
        self._tail_bytes = tail_bytes
        self._bulks = []  # [first number, bytes], oldest first
        self._bulk_context = None
        self._bulk_open = False  # whether the last bulk file may grow
        self._shift = 0
        self._first = self._end = 0  # of the facts that are kept, without the shift; the end is the next one's
        self.boot = 0
        self._cursor = None
        self.open_run = None
        self.ended_runs = []
        self.renumbered = 0  # how often `advance` was needed since this boot
        self._recover()
        free = files.free_bytes()
        used = self.used_bytes()
        # On a small or crowded volume the log is full before littlefs is: it needs blocks of its own to move files.
        self._limit = min(log_bytes, max(used + free - _SPARE_BYTES, 0))

    # --- the numbers

    @property
    def oldest(self):
        """Number of the oldest fact that is kept; equals `next` when nothing is."""
        return self._first + self._shift

    @property
    def next(self):
        """Number that the next fact will get."""
        return self._end + self._shift

    @property
    def fill_permille(self):
        """How full the log is."""
        return min(self.used_bytes() * 1000 // self._limit, 1000) if self._limit else 1000

    @property
    def has_room(self):
        """Whether a fact of any kind still fits. False is the fault FAULT_LOG_FULL."""
        return self.used_bytes() + _ANY_FACT_BYTES <= self._limit - RESERVE_BYTES

    def used_bytes(self):
        """What its facts take."""
        used = len(self._tail)
        for _, size in self._bulks:
            used += size
        return used

    # --- writing

    def append(self, kind, uptime_ms, **fields):
        """Write a fact; returns its number once it is in flash. Without room: LogFullError, nothing changed."""
        body = encode_body(kind, uptime_ms, fields)
        if len(body) > MAX_BODY:
            raise LogError(
                "a fact of kind %d takes %d bytes, %d are allowed: shorten its texts" % (kind, len(body), MAX_BODY)
            )
        record = pack_record(self._end, body)
        context = self._context_if_new()
        ends_open = kind in (messages.RATED, messages.UNRATED) and fields["run"] == self.open_run
        limit = (
            self._limit if ends_open or kind in (messages.FAULT, messages.RECOVERED) else self._limit - RESERVE_BYTES
        )
        if self.used_bytes() + len(context) + len(record) > limit:
            raise LogFullError(
                "%d of %d bytes used, no room for a fact of kind %d: connect the hub and let it empty"
                % (self.used_bytes(), limit, kind)
            )
        if len(self._tail) + len(context) + len(record) > self._tail_bytes:
            self._roll()
            context = self._context_if_new()
        self._write_tail(context, record, self.files.append)
        self._end += 1
        if kind in (messages.RATED, messages.UNRATED):
            self._remember(fields["run"])
            if ends_open:
                self.files.remove(open_name(self.open_run))
                self.open_run = None
        return self._end - 1 + self._shift

    def open_invitation(self, run):
        """Note that this run's invitation is open; only its own rated or unrated fact ends it."""
        if self.open_run == run:
            return
        if self.open_run is not None:
            raise LogError("invitation %s is still open: log its end first" % hexlify(self.open_run).decode())
        self.files.write(open_name(run), b"")
        self.open_run = run

    def note_anchor(self, boot_at_ms, sure):
        """This boot's uptime 0 in unix time, in `context`; it is written with the next fact if it is news."""
        self.context = Context(self.boot, boot_at_ms, sure)

    def trim(self, through):
        """Everything up to and including this number is durable at the hub and may go."""
        number = through + 1 - self._shift
        if number > self._end:
            raise LogError("trim through %d, but the last fact is %d" % (through, self.next - 1))
        if number <= self._first:
            return
        while self._bulks and (self._bulks[1][0] if len(self._bulks) > 1 else self._tail_number) <= number:
            self.files.remove(file_name("b", self._bulks[0][0]))
            self._bulks.pop(0)
            self._bulk_open = self._bulk_open and len(self._bulks) > 0
            self._cursor = None
        self._first = number

    def advance(self, to):
        """Give the unsent facts new numbers from `to` on: the hub has already stored others under the old ones."""
        if to <= self.next:
            raise LogError("advance to %d, but the next fact is already %d" % (to, self.next))
        shift = to - self._first
        self.files.write(file_name("s", shift), b"")
        if self._shift:
            self.files.remove(file_name("s", self._shift))
        self._shift = shift
        self.renumbered += 1

    # --- reading

    def read(self, number):
        """The fact with this number: fact_kind, boot, uptime_ms, boot_at_ms, boot_at_sure, fields."""
        raw = number - self._shift
        if not self._first <= raw < self._end:
            raise LogError("fact %d is not in the log, which holds %d to %d" % (number, self.oldest, self.next - 1))
        scan, body = self._find(raw)
        context = scan.context or Context(0)  # rotten: no boot has this number
        decoded = None if body is None else decode_body(body)
        if decoded is None:  # rotten, or of another firmware or role that this one doesn't know
            decoded = messages.FAULT, 0, {"code": messages.FAULT_LOG_DAMAGED, "detail": "fact %d" % raw}
        kind, uptime_ms, fields = decoded
        if context.boot == self.context.boot:
            context = self.context
        return {
            "fact_kind": kind,
            "boot": context.boot,
            "uptime_ms": uptime_ms,
            "boot_at_ms": context.boot_at_ms,
            "boot_at_sure": context.sure,
            "fields": fields,
        }

    def _find(self, raw):
        """The scan standing behind fact `raw`, and its body (None if it has rotted)."""
        scan = self._cursor
        if scan is None or scan.number > raw or raw >= scan.limit:
            scan = self._file_of(raw)
            self._cursor = scan if raw < self._tail_number else None  # the tail grows under a cursor
        body = None
        while scan.number <= raw:
            body = scan.step()
            if body is None:
                scan.resync()
        return scan, body

    def _file_of(self, raw):
        """A scan of the file that holds `raw`, at its beginning."""
        if raw >= self._tail_number:
            return self._scan_tail()
        index = len(self._bulks) - 1
        while index and raw < self._bulks[index][0]:
            index -= 1
        last = index + 1 == len(self._bulks)
        return self._scan_bulk(self._bulks[index][0], self._tail_number if last else self._bulks[index + 1][0])

    def _scan_tail(self):
        return Scan(lambda at, size: self._tail[at : at + size], self._tail_number, self._end)

    def _scan_bulk(self, number, limit=None):
        name = file_name("b", number)
        return Scan(lambda at, size: self.files.read(name, at, size), number, limit)

    # --- the inside: the tail and the bulk

    def _context_if_new(self):
        return b"" if self.context.same(self._tail_context) else self.context.pack(self._end)

    def _write_tail(self, context, record, write):
        data = context + record
        try:
            # Never kept open: each open file takes 1.2 KB on littlefs, in one piece, and reading the bulk needs it too.
            write(file_name("t", self._tail_number), data)
        except OSError as error:
            raise LogError("the log's tail can't be written (%s): restart the board" % error)
        self._tail += data
        if context:
            self._tail_context = self.context

    def _roll(self):
        """Move what is unsent in the tail to the bulk, and begin an empty tail."""
        number = max(self._first, self._tail_number)
        if number < self._end:
            self._move(number)
        self._begin_tail(self._end)

    def _move(self, number):
        """Append the tail's facts from `number` on to the bulk, filling each of its files to the end."""
        scan = self._scan_tail()
        data = b""
        while scan.number < self._end:
            here = scan.number
            body = scan.step()
            if here < number:
                continue
            context = b"" if scan.context.same(self._bulk_context) else scan.context.pack(here)
            record = pack_record(here, body)
            if not self._bulk_open or self._bulks[-1][1] + len(data) + len(context) + len(record) > BULK_BYTES:
                self._write_bulk(data)
                self._bulks.append([here, 0])
                self._bulk_open = True
                context = scan.context.pack(here)
                data = b""
            if context:
                self._bulk_context = scan.context
            data += context + record
        self._write_bulk(data)
        self._cursor = None

    def _write_bulk(self, data):
        if not data:
            return
        bulk = self._bulks[-1]
        try:
            self.files.append(file_name("b", bulk[0]), data)
        except OSError as error:
            raise LogError("facts can't be moved to %s (%s): restart the board" % (file_name("b", bulk[0]), error))
        bulk[1] += len(data)

    def _begin_tail(self, number):
        old = self._tail_number
        self._tail = bytearray()
        self._tail_context = None
        self._tail_number = number
        self._cursor = None
        self._write_tail(self.context.pack(number), b"", self.files.write)
        if old and old != number:
            self.files.remove(file_name("t", old))

    def _recover(self):
        """Needed once, so loaded once and forgotten: a box has better use for its 3 KB."""
        from firmware import recovery  # noqa: PLC0415 - see above

        recovery.recover(self)
        if sys.implementation.name == "micropython":
            del sys.modules["firmware.recovery"], sys.modules["firmware"].recovery

    def _remember(self, run):
        self.ended_runs.append(run)
        self.ended_runs = self.ended_runs[-_MAX_RUNS:]


def file_name(letter, number):
    """See this module's docstring."""
    return "%s%x" % (letter, number)


def open_name(run):
    return "o" + hexlify(run).decode()
