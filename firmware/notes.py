"""What a dispenser has in flash while a paper is under way: the fact that tells of it if nothing else does.

The file's name is that of an open invitation (eventlog.py), whose recovery at a boot it shares: one whose fact is in
the log already is removed there. Its content is the ticket's number, behind its length, and the body of the fact.

A paper that hangs there half printed is noted too, by its number, until the slip that voids it is out: the next ticket
would come out below it.
"""

from firmware.eventlog import open_name
from firmware.records import decode_body, encode_body

_OWED = "void"  # no name of the event log's begins so


def open_note(log, ticket, number, kind, fields):
    """In flash before the first byte goes to the printer."""
    text = number.encode()
    log.files.write(open_name(ticket), bytes((len(text),)) + text + encode_body(kind, 0, fields))
    log.open_run = ticket


def read_note(log):
    """(number, kind, fields) of the paper that a restart cut off, or None. One that was cut itself printed nothing."""
    if log.open_run is None:
        return None
    name = open_name(log.open_run)
    data = log.files.read(name, 0, log.files.size(name))
    if not data or len(data) < data[0] + 8:
        return None
    kind, _, fields = decode_body(data[data[0] + 1 :])
    return bytes(data[1 : data[0] + 1]).decode(), kind, fields


def close_note(log):
    """Its fact is in the log."""
    if log.open_run is not None:
        log.files.remove(open_name(log.open_run))
        log.open_run = None


def owe_void(log, number):
    """Before the fact that it failed."""
    log.files.write(_OWED, number.encode())


def owed_void(log):
    """The number of a paper that still hangs there, or None."""
    if _OWED not in log.files.names():
        return None
    return bytes(log.files.read(_OWED, 0, log.files.size(_OWED))).decode()


def void_done(log):
    """Its slip is out."""
    log.files.remove(_OWED)
