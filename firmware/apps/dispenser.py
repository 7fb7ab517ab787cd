"""The dispenser's decisions: (event, now_ms) → actions. Knows no pin, no wire and no clock of its own. Both Pythons.

Events are tuples, their name first:
    ("press", key), ("press", CLERK)            a service key, 1 to 12; the clerk's key inside the housing
    ("service", key, values), ("ready",)        what is behind a key; all that a ticket needs has come
    ("asked", id), ("answer", id, code)         our request went out; it was answered (None: nobody will)
    ("print", values, request)                  the hub's ticket for our request
    ("reprint", request)                        the last ticket once more, asked by the hub
    ("lease", lease, lasts_ms, ranges, request) numbers for when the hub is away: key → (first, last)
    ("hub", here)                               whether the hub is heard
    ("trouble", what), ("low", is_it)           the printer: 0 all is well, else a number of `drivers.printer`
    ("printed",), ("failed", why)               how the paper ended
    ("spoilt", number)                          a restart found this ticket half printed
    ("fault", code), ("recovered", code), ("config", settings)
Actions:
    ("ask", service)           a number is wanted; followed by ("asked", id) or ("answer", None, …)
    ("paper", Job)             note it in flash, then print it
    ("void", number)           print a slip that voids this number
    ("told", Job, why)         into the log: printed (0), or why not
    ("log", kind, fields), ("answer", request, code, detail), ("sound", name), ("lamps", keys, red)
"""

from protocol import dispensing, messages
from protocol.compat import const

CLERK = "clerk"

READY = "ready"
ASKING = "asking"  # the hub gives a number
PRINTING = "printing"
VOIDING = "voiding"

# (state, event) → state; everything else leaves the state as it is.
TABLE = {
    (READY, "wanted"): ASKING,
    (READY, "begun"): PRINTING,  # a leased number, or a reprint
    (READY, "voiding"): VOIDING,
    (ASKING, "begun"): PRINTING,
    (ASKING, "refused"): READY,
    (PRINTING, "ended"): READY,
    (VOIDING, "ended"): READY,
}

APP_STATES = {
    READY: dispensing.APP_READY,
    ASKING: dispensing.APP_ASKING,
    PRINTING: dispensing.APP_PRINTING,
    VOIDING: dispensing.APP_VOIDING,
}

ASK_MS = const(5_000)  # for number and answer; then the citizen presses again
_REFUSED_LAMP_MS = const(3_000)  # the red lamp after a press that gives nothing, so that it is seen
_VOID_TRIES = const(3)
_BLOCKING = (messages.FAULT_LOG_FULL,)  # nothing may be printed that can't be told
_NOBODY = ""


class Job:
    """One paper: what the ticket says, and for a leased one what its fact needs.

    values: as in PRINT; ticket, number, service, token, ahead (None: not known), wait, at, training: what is printed is
    marked as the number was given, whatever the hall does by then. lease: 8 bytes, or None.
    """

    def __init__(self, values, key, lease=None, reprint=False):
        self.values = values
        self.key = key
        self.lease = lease
        self.reprint = reprint


class Dispenser:
    """`make(lease, key, number)`: (ticket id, token) of a leased number, from the box's own secret."""

    STATES = APP_STATES

    def __init__(self, make):
        self.state = READY
        self.services = {}  # key → {service, prefix, open, …} as in SERVICE
        self.last = None  # the last Job that was printed
        self.job = None
        self.trouble = 5  # the printer hasn't answered yet
        self.lease = None
        self._make = make
        self._ranges = {}  # key → [next, last]
        self._lasts_ms = 0
        self._hub = False
        self._away_ms = None  # since when
        self._complete = False
        self._blocked = []
        self._wanted = [0, None]  # key and request id of what was asked for; key 0: nothing is
        self._until_ms = 0
        self._red_ms = None
        self.void = None  # the number of a paper that hangs there half printed
        self._void_tries = 0
        self._on = {
            "press": self._on_press,
            "asked": self._on_asked,
            "answer": self._on_answer,
            "late": self._on_late,
            "print": self._on_print,
            "reprint": self._on_reprint,
            "lease": self._on_lease,
            "service": self._on_service,
            "ready": self._on_ready,
            "hub": self._on_hub,
            "over": self._on_over,
            "printed": self._on_printed,
            "failed": self._on_failed,
            "spoilt": self._on_spoilt,
            "trouble": self._on_trouble,
            "low": self._on_low,
            "dark": self._on_dark,
            "fault": self._on_fault,
            "recovered": self._on_recovered,
            "config": self._on_config,
        }

    @property
    def run(self):
        """The ticket under the head, for STATUS."""
        return None if self.job is None or self.job.reprint else self.job.values["ticket"]

    def handle(self, event, now_ms):
        """What follows from an event, in its order."""
        actions = []
        self._on[event[0]](actions, now_ms, *event[1:])
        if self.state == READY and self.void is not None and not self.trouble and self._complete:
            self._move("voiding")
            actions.append(("void", self.void))
        actions.append(("lamps", self._lit(now_ms), self._red(now_ms)))
        return actions

    def due(self, now_ms):
        """The event that is due by the clock, or None."""
        if self.state == ASKING and now_ms >= self._until_ms:
            return ("late",)
        if self._red_ms is not None and now_ms >= self._red_ms:
            return ("dark",)
        if self._lease_over_ms() is not None and now_ms >= self._lease_over_ms():
            return ("over",)
        return None

    def deadline_ms(self):
        """When `due` is to be asked at the latest, or None."""
        moments = [self._red_ms, self._until_ms if self.state == ASKING else None, self._lease_over_ms()]
        known = [moment for moment in moments if moment is not None]
        return min(known) if known else None

    def busy(self):
        """Whether a restart would cut a paper off, a reprint and a void too, or leave a press without its number."""
        return self.state != READY

    # --- what the lamps say

    def gives(self, key):
        """Whether a press on this key would give a number now."""
        service = self.services.get(key)
        if service is None or self.trouble or self._blocked or not self._complete or self.void is not None:
            return False
        return service["open"] if self._hub else self._leased(key)

    def _lit(self, now_ms):
        return [key for key in sorted(self.services) if self.gives(key) and self.state == READY]

    def _red(self, now_ms):
        out = bool(self.trouble or self._blocked or not self._complete)
        return out or self._red_ms is not None or not (self._hub or self._usable())

    def _usable(self):
        return any(self._leased(key) for key in self.services)

    def _leased(self, key):
        numbers = self._ranges.get(key)
        return numbers is not None and numbers[0] <= numbers[1]

    def _lease_over_ms(self):
        return None if self._away_ms is None or self.lease is None else self._away_ms + self._lasts_ms

    def _move(self, event):
        self.state = TABLE[self.state, event]

    def _refuse(self, actions, now_ms):
        self._red_ms = now_ms + _REFUSED_LAMP_MS
        actions.append(("sound", "refuse"))

    # --- the keys

    def _on_press(self, actions, now_ms, key):
        if self.state != READY:
            return  # one paper at a time: the second press of a pair is the same person's
        if key == CLERK:
            self._again(actions, now_ms, None)
        elif not self.gives(key):
            self._refuse(actions, now_ms)
        elif self._hub:
            self._move("wanted")
            self._wanted = [key, None]
            self._until_ms = now_ms + ASK_MS
            actions.append(("ask", self.services[key]["service"]))
        else:
            numbers = self._ranges[key]
            number = numbers[0]
            numbers[0] += 1
            ticket, token = self._make(self.lease, key, number)
            service = self.services[key]
            values = {
                "ticket": ticket,
                "service": service["service"],
                "number": "%s%03d" % (service["prefix"], number),
                "token": token,
                "ahead": None,
                "wait": "",
                "at": "",
                "training": False,  # a hall in practice leases nothing
            }
            self._begin(actions, Job(values, key, (self.lease, number)))

    def _again(self, actions, now_ms, request):
        if self.last is None or self.trouble or self._blocked or self.state != READY or self.void is not None:
            if request is None:
                self._refuse(actions, now_ms)
            else:
                why = "no ticket to print again" if self.last is None else "busy, or the printer is not ready"
                actions.append(("answer", request, messages.REFUSED, why))
            return
        if request is not None:
            actions.append(("answer", request, messages.ACCEPTED, None))
        self._begin(actions, Job(self.last.values, self.last.key, None, reprint=True))

    def _begin(self, actions, job):
        self._move("begun")
        self.job = job
        actions.append(("paper", job))

    # --- the hub

    def _on_asked(self, actions, now_ms, request):
        self._wanted[1] = request

    def _on_answer(self, actions, now_ms, request, code):
        if self.state == ASKING and (request is None or request == self._wanted[1]) and code != messages.ACCEPTED:
            self._on_late(actions, now_ms)

    def _on_late(self, actions, now_ms):
        self._move("refused")
        self._wanted = [0, None]
        self._refuse(actions, now_ms)

    def _on_print(self, actions, now_ms, values, request):
        if self.state != ASKING or values["asked"] != self._wanted[1]:
            actions.append(("answer", request, messages.ENDED, "nobody waits for it"))
        elif self.trouble or self._blocked:
            actions.append(("answer", request, messages.REFUSED, "printer"))
            self._on_late(actions, now_ms)
        else:
            key = self._wanted[0]
            self._wanted = [0, None]
            self._begin(actions, Job(values, key))
            actions.append(("answer", request, messages.ACCEPTED, None))

    def _on_reprint(self, actions, now_ms, request):
        self._again(actions, now_ms, request)

    def _on_lease(self, actions, now_ms, lease, lasts_ms, ranges, request):  # noqa: PLR0917 - as the event names them
        old = self._ranges if lease == self.lease else {}
        self.lease = lease
        self._lasts_ms = lasts_ms
        # Offered again, perhaps by a hub that knows less of what was given: what is given stays given.
        self._ranges = {key: [max(first, old[key][0] if key in old else 0), last] for key, (first, last) in ranges}
        actions.append(("answer", request, messages.ACCEPTED, None))

    def _on_service(self, actions, now_ms, key, values):
        if values["service"]:
            self.services[key] = values
        else:
            self.services.pop(key, None)

    def _on_ready(self, actions, now_ms):
        self._complete = True

    def _on_hub(self, actions, now_ms, here):
        self._hub = here
        self._away_ms = None if here else now_ms

    def _on_over(self, actions, now_ms):
        self.lease = None
        self._ranges = {}

    # --- the paper

    def _on_printed(self, actions, now_ms):
        job = self.job
        self.job = None
        if job is None:
            self.void = None
            self._void_tries = 0
        else:
            actions.append(("told", job, 0))
            actions.append(("sound", "thanks"))
            self.last = job
        self._move("ended")

    def _on_failed(self, actions, now_ms, why):
        job = self.job
        self.job = None
        if job is not None:
            self.void = job.values["number"] if not job.reprint else _NOBODY
            actions.append(("told", job, why))
            self._refuse(actions, now_ms)
        else:
            self._void_tries += 1
            if self._void_tries >= _VOID_TRIES:
                self.void = None  # a printer that takes everything and says nothing must not eat its roll
                self._void_tries = 0
        self._move("ended")

    def _on_spoilt(self, actions, now_ms, number):
        self.void = number

    def _on_trouble(self, actions, now_ms, what):
        self.trouble = what

    def _on_low(self, actions, now_ms, low):
        pass  # told to the hub by its fault; people are served while there is paper

    def _on_dark(self, actions, now_ms):
        self._red_ms = None

    def _on_fault(self, actions, now_ms, code):
        if code in _BLOCKING and code not in self._blocked:
            self._blocked.append(code)

    def _on_recovered(self, actions, now_ms, code):
        if code in self._blocked:
            self._blocked.remove(code)

    def _on_config(self, actions, now_ms, settings):
        pass  # volume and quiet are the buzzer's; a dispenser has no others
