"""The trial of a new firmware: good once a fact of its own log has come to its hub and back. Loaded for a trial.

That is the self-check: flash, settings, keys, secret, line and hub have all done their part by then. What never comes
to it is ended by /main.py.
"""

import os

from firmware import VERSION
from protocol import messages, updating
from protocol.compat import const

_AGAIN_MS = const(1_000)


class Trial:
    """Stands where an update would, and takes none."""

    stays = True  # when memory is short, too: nobody else finds this firmware good

    def __init__(self, box, root=""):
        self._box = box
        self._oldest = box.log.oldest
        self._root = root
        with open(root + "/slot", "rb") as file:
            self._line = file.read()

    def take(self, args, now_ms):
        """As an updater's, which this is not."""
        if args["step"] == updating.STEP_ASK:
            return messages.ACCEPTED, "%s %s %s" % (self._line.decode(), os.getcwd()[1:], VERSION)
        return messages.REFUSED, "trial"

    def idle(self, now_ms):
        """Whether it is over: then this firmware is the good one."""
        box = self._box
        log = box.log
        if not box.endpoint.hub_heard(now_ms) or (log.oldest == self._oldest and log.oldest != log.next):
            box._health_ms = now_ms + _AGAIN_MS
            return False
        with log.files.open_elsewhere(self._root + "/slot.new", "wb") as file:
            file.write(self._line[1:2])
        file = None
        log.files.keep_room()
        os.rename(self._root + "/slot.new", self._root + "/slot")
        return True
