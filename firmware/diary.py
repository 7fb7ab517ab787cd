"""A box's diary, for whoever stands before it: resets with their cause, faults, lows of memory. Both Pythons.

Lines of text beside the log of facts, in files d<number>: `boot, seconds since it, what`. A full file begins the next,
and the one before the last goes: it never grows beyond two.
"""

from protocol.compat import const

_FILE_BYTES = const(1024)  # some 30 lines: a bad week of a box


def note(log, now_ms, *words):
    """One line; without room in flash none, which the fact of the same thing says too."""
    files = log.files
    numbers = sorted([int(name[1:]) for name in files.names() if name[0] == "d"])
    last = numbers[-1] if numbers else 0
    try:
        if numbers and files.size("d%d" % last) >= _FILE_BYTES:
            last += 1
        files.append(
            "d%d" % last, (" ".join([str(word) for word in (log.boot, now_ms // 1000) + words]) + "\n").encode()
        )
        for number in numbers:
            if number < last - 1:
                files.remove("d%d" % number)
    except OSError:
        pass
