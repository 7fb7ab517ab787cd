"""The shipped hub with small limits, which kills itself (SIGKILL) at a named moment: `python -m … --config hub.toml`.

`TINGTING_DIES=commit:7:inside` is the seventh commit, before SQLite's COMMIT; `:after` is after it, before anybody
was told. Moments: commit, snapshot, retention (`Storage`'s transactions), drain (a batch to the center: `inside` is
before it goes out, `after` is answered and the cursor not yet kept). Nothing else is changed but how often the hub
keeps its state and looks for old events, so that a short run meets them.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

from hub import main as hub_main
from hub import service
from hub.journal import storage, upkeep
from hub.uplink import uplink
from hub.uplink.client import CenterClient

MOMENTS = {"commit": "commit", "snapshot": "keep a snapshot", "retention": "let old events go"}
SNAPSHOT_EVERY = 40
CURSOR_EVENTS = 30  # only what the center has is let go
DAY_MS = 1_500  # a "day" of `keep_days`
PASS_S = 0.2


class Death:
    """Counts a moment and dies at the one that was asked for."""

    def __init__(self, moment: str, count: int, where: str) -> None:
        self.moment, self.where = moment, where
        self._left = count

    def at(self, moment: str, where: str) -> None:
        """Here is such a moment."""
        if (moment, where) != (self.moment, self.where):
            return
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


def watch_transactions(death: Death) -> None:
    """Every transaction of the journal."""
    shipped = storage.Storage._transaction

    @contextlib.contextmanager
    def transaction(self: storage.Storage, doing: str) -> Iterator[Any]:
        name = next((name for name, words in MOMENTS.items() if words == doing), "")
        with shipped(self, doing) as connection:
            yield connection
            death.at(name, "inside")
        death.at(name, "after")

    storage.Storage._transaction = transaction  # type: ignore[method-assign,assignment]  # the moment at which it dies


def forget_syncs() -> None:
    """What must never be: an acknowledgement before the disk has it. To show that a cut finds it."""
    shipped = storage.Storage._connect

    def connect(self: storage.Storage) -> None:
        shipped(self)
        self._db.execute("PRAGMA synchronous = OFF")

    storage.Storage._connect = connect  # type: ignore[method-assign]


def watch_batches(death: Death) -> None:
    """Every batch to the center."""
    shipped = CenterClient.post

    async def post(self: CenterClient, *arguments: Any) -> Any:
        death.at("drain", "inside")
        answer = await shipped(self, *arguments)
        death.at("drain", "after")
        return answer

    CenterClient.post = post  # type: ignore[method-assign]


def main() -> int:
    """As `hub.main`."""
    service.SNAPSHOT_EVERY = SNAPSHOT_EVERY
    uplink.CURSOR_EVENTS = CURSOR_EVENTS
    upkeep.DAY_MS, upkeep.PASS_S, upkeep.CHECK_PAUSE_S = DAY_MS, PASS_S, 0.0
    # A machine without network time lets nothing go; where tests run nobody sets the clock.
    hub_main.Clock._is_sure = lambda self, unix_ms: True  # type: ignore[method-assign,assignment]
    if os.environ.get("TINGTING_SYNCS") == "off":
        forget_syncs()
    moment, _, rest = os.environ.get("TINGTING_DIES", "").partition(":")
    if moment:
        count, _, where = rest.partition(":")
        death = Death(moment, int(count), where)
        watch_transactions(death)
        watch_batches(death)
    return hub_main.main()


if __name__ == "__main__":
    sys.exit(main())
