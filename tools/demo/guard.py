"""The last hand: ends what the demo started when the demo itself is gone without a word (SIGKILL, a crash).

It runs as a process of its own in a session of its own and reads lines from the demo: `+<group>` when a child was
started, `-<group>` when it has ended. The end of the input means that the demo is gone. Standard library only, so
that it starts quickly and can't fail for want of anything.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE_S = 3.0  # hub and center need well under a second to close their journals; a stuck one must not stay for ever
LOOK_EVERY_S = 0.05


def left_over(lines: Iterable[str]) -> set[int]:
    """Reads until the input ends; the process groups that were started and not reported as ended."""
    groups: set[int] = set()
    for line in lines:
        mark, number = line[:1], line[1:].strip()
        if not number.isdigit():
            continue
        if mark == "+":
            groups.add(int(number))
        elif mark == "-":
            groups.discard(int(number))
    return groups


def send(groups: Iterable[int], number: int) -> set[int]:
    """Sends a signal to each group; the groups that still have a member."""
    alive: set[int] = set()
    for group in groups:
        try:
            os.killpg(group, number)
        except (ProcessLookupError, PermissionError):  # gone, or the number now belongs to somebody else
            continue
        alive.add(group)
    return alive


def main() -> None:
    """Waits for the demo's end, asks what is left to end, then insists."""
    groups = send(left_over(sys.stdin), signal.SIGTERM)
    until = time.monotonic() + GRACE_S
    while groups and time.monotonic() < until:
        time.sleep(LOOK_EVERY_S)
        groups = send(groups, 0)
    send(groups, signal.SIGKILL)


if __name__ == "__main__":
    main()
