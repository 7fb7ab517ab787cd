"""What is fuzzed: for each parser that somebody else's bytes reach, what may come of any bytes, and nothing else.

`one(data)` raises only where there is a finding. What a byte string can't easily be (a right checksum, a sealed packet,
a whole envelope) is put round the bytes here, so that they get where it matters: the first byte says how. `enters`
names the functions that must be reached. Rooms are imported when a target is made: a fuzzer instruments what is
imported after it began.
"""

from collections.abc import Callable

from tests.fuzz.bodies import center_bodies, hub_bodies
from tests.fuzz.files import configuration, sheets
from tests.fuzz.target import Target
from tests.fuzz.wire import cbor, frame, printer, session

# By name: what makes it, and the rooms that a coverage-guided fuzzer looks at.
TARGETS: dict[str, tuple[Callable[[], Target], tuple[str, ...]]] = {
    "frame": (frame, ("protocol",)),
    "cbor": (cbor, ("protocol",)),
    "session": (session, ("protocol",)),
    "hub-bodies": (hub_bodies, ("hub.web.bodies", "hub.web.hall_schema", "hub.web.clerk", "common.settings")),
    "center-bodies": (
        center_bodies,
        ("center.ingest", "center.whole", "center.counting", "center.phone", "center.web.opening", "common.envelope"),
    ),
    "configuration": (configuration, ("common.settings", "hub.config", "hub.hall", "center.config")),
    "sheets": (sheets, ("hub.hall",)),
    "printer": (printer, ("protocol",)),
}
