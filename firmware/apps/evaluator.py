"""The evaluator: one citizen, one invitation, one press. Pure: events and `now_ms` in, actions out.

Events:  ("view", "idle" | "serving" | "paused", number) · ("hub", True | False) · ("config", values)
         ("invite", run, wait_ms, request) · ("key_test", wait_ms, request) · ("press", grade)
         ("fault", code) · ("recovered", code)
         and the timers ("repeat_due",), ("wait_over",), ("thanks_over",), ("test_over",), which `due(now_ms)` names.
Actions: ("log", kind, fields) · ("open", run) · ("answer", request, code, detail)
         ("lamps", on) · ("sound", name) · ("face", Face): in this order, each finished before the next is begun.
A fact or an opened invitation stands before the lamp, the sound and the answer that follow from it.
"""

from firmware.apps.errors import IllegalEventError
from firmware.apps.face import RECORDED, SAVED, Face
from protocol import messages
from protocol.compat import const

IDLE = "idle"
SERVING = "serving"
INVITED = "invited"
THANKED = "thanked"
PAUSED = "paused"
FAULT = "fault"
TEST = "test"

_THANKS_MS = const(3_000)  # the design's evaluator page: thanked lasts 3 s
_MIN_WAIT_MS = const(1_000)
_MAX_WAIT_MS = const(60_000)  # pressed_after_ms travels in 16 bits; nobody waits at a counter longer
_MAX_ENDED = const(16)  # a hub that comes back asks again for its last invitation, never for the 17th
_GRADES = (5, 4, 3, 2, 1)  # left to right on the box, and so the order of the key test
_ALL_KEYS = const(5)


class Evaluator:
    """See the table at the end of this file: its rows are all that can happen."""

    STATES = {  # noqa: RUF012 - as a STATUS says them
        IDLE: messages.APP_IDLE,
        SERVING: messages.APP_SERVING,
        INVITED: messages.APP_INVITED,
        THANKED: messages.APP_THANKED,
        PAUSED: messages.APP_PAUSED,
        FAULT: messages.APP_FAULT,
        TEST: messages.APP_KEY_TEST,
    }

    def __init__(self, ended=()):
        """`ended`: runs (8 bytes each) that the log knows to have ended, so that none opens twice."""
        self.state = IDLE
        self.run = None
        self.hub = False
        self.faults = []
        self._view = IDLE
        self._number = ""
        self._ended = list(ended)[-_MAX_ENDED:]
        self._invited_ms = 0
        self._wait_ms = 0
        self._repeat_ms = None
        self._deadline_ms = None
        self._thanks_ms = _THANKS_MS
        self._repeat_s = None  # half of the wait
        self._step = 0
        self._ok = 0

    # --- the door

    def handle(self, event, now_ms):
        """Do one event; returns the actions. One without a row, or malformed, raises and changes nothing."""
        row = TABLE[self.state].get(event[0])
        if row is None or not _well_formed(event):
            # The event's name alone: what comes with a press is a grade, and this text goes into a log.
            raise IllegalEventError("evaluator in state %s can't take event %s" % (self.state, event[0]))
        actions = []
        row(self, actions, now_ms, *event[1:])
        return actions

    def due(self, now_ms):
        """The timer event that is due now, or None."""
        if self._repeat_ms is not None and now_ms >= self._repeat_ms and now_ms < self._deadline_ms:
            return ("repeat_due",)
        if self._deadline_ms is not None and now_ms >= self._deadline_ms:
            return (_TIMERS[self.state],)
        return None

    def deadline_ms(self):
        """When `due` has something to say next, or None."""
        if self._repeat_ms is not None and self._repeat_ms < self._deadline_ms:
            return self._repeat_ms
        return self._deadline_ms

    def busy(self):
        """Whether a restart would end somebody's invitation."""
        return self.run is not None

    def face(self):
        """What stands on the display now."""
        if self.state == INVITED:
            return Face(INVITED, self._number, until_ms=self._deadline_ms, wait_ms=self._wait_ms)
        if self.state == THANKED:
            return Face(THANKED, self._number, RECORDED if self.hub else SAVED)
        if self.state == TEST:
            return Face(TEST, until_ms=self._deadline_ms, wait_ms=self._wait_ms, step=self._step + 1)
        if self.state == FAULT:
            return Face(FAULT, "", self.faults[0])
        return Face(self.state, self._number if self.state == SERVING else "")

    # --- rows: the view, the hub

    def _take_view(self, actions, now_ms, name, number):
        """Remember what the hub shows; an invitation, a thanks, a fault or a test stays on the display."""
        self._view = name
        self._number = number

    def _show_view(self, actions, now_ms, name, number):
        self._take_view(actions, now_ms, name, number)
        self._settle(actions)

    def _hub_changed(self, actions, now_ms, here):
        self.hub = here

    def _configure(self, actions, now_ms, values):
        """Times that the hub may set; they hold from the next invitation on. A missing one goes back to its default."""
        thanks_ms = values.get("thanks_ms")
        repeat_s = values.get("repeat_prompt_s")
        self._thanks_ms = _THANKS_MS if thanks_ms is None else thanks_ms
        self._repeat_s = repeat_s

    # --- rows: the invitation

    def _invite(self, actions, now_ms, run, wait_ms, request):
        if run in self._ended:
            actions.append(("answer", request, messages.ENDED, None))
        elif not self.hub:
            actions.append(("answer", request, messages.REFUSED, "no hub"))
        elif self.faults:  # noted during a thanks or an invitation, shown after it
            self._refuse(actions, run, request, FAULT)
        else:
            self._open(actions, now_ms, run, wait_ms, request)

    def _invite_again(self, actions, now_ms, run, wait_ms, request):
        """An offer while one is open: the same changes nothing; another ends the open one for want of a press."""
        if run == self.run:
            actions.append(("answer", request, messages.ACCEPTED, None))
            return
        if run not in self._ended and self.hub and not self.faults:
            self._end(actions, messages.UNRATED, {"run": self.run, "reason": messages.UNRATED_TIMEOUT})
        self._invite(actions, now_ms, run, wait_ms, request)

    def _invite_busy(self, actions, now_ms, run, wait_ms, request):
        self._refuse(actions, run, request, TEST)

    def _invite_broken(self, actions, now_ms, run, wait_ms, request):
        self._refuse(actions, run, request, FAULT)

    def _refuse(self, actions, run, request, why):
        ended = run in self._ended
        actions.append(("answer", request, messages.ENDED if ended else messages.REFUSED, None if ended else why))

    def _open(self, actions, now_ms, run, wait_ms, request):
        wait_ms = _bounded(wait_ms)
        self.state = INVITED
        self.run = run
        self._invited_ms = now_ms
        self._wait_ms = wait_ms
        self._repeat_ms = now_ms + (wait_ms // 2 if self._repeat_s is None else self._repeat_s * 1000)
        self._deadline_ms = now_ms + wait_ms
        actions.append(("open", run))
        actions.append(("answer", request, messages.ACCEPTED, None))
        actions.append(("lamps", True))
        actions.append(("sound", "prompt"))
        actions.append(("face", self.face()))

    def _rate(self, actions, now_ms, grade):
        """The first press counts. From here on nothing that anyone sees or hears depends on the grade."""
        after_ms = min(max(now_ms - self._invited_ms, 0), 0xFFFF)
        self._end(actions, messages.RATED, {"run": self.run, "grade": grade, "pressed_after_ms": after_ms})
        self.state = THANKED
        self._deadline_ms = now_ms + self._thanks_ms
        actions.append(("lamps", False))
        actions.append(("sound", "thanks"))
        actions.append(("face", self.face()))

    def _repeat(self, actions, now_ms):
        self._repeat_ms = None
        actions.append(("sound", "prompt"))

    def _give_up(self, actions, now_ms):
        self._end(actions, messages.UNRATED, {"run": self.run, "reason": messages.UNRATED_TIMEOUT})
        self._settle(actions)

    def _end(self, actions, kind, fields):
        """Every way an invitation ends: its fact first, then everything about it is forgotten but that it ended."""
        actions.append(("log", kind, fields))
        self._ended.append(fields["run"])
        self._ended = self._ended[-_MAX_ENDED:]
        self.run = None
        self._repeat_ms = None
        self._deadline_ms = None

    def _thanks_over(self, actions, now_ms):
        self._settle(actions)

    # --- rows: presses that don't count. The fact says why, never which key.

    def _press_uninvited(self, actions, now_ms, grade):
        self._ignore(actions, messages.IGNORED_NOT_INVITED)

    def _press_repeated(self, actions, now_ms, grade):
        self._ignore(actions, messages.IGNORED_REPEATED)

    def _ignore(self, actions, why):
        if (
            messages.FAULT_LOG_FULL not in self.faults
        ):  # the full log is a fault that is shown; the reserve is for better things
            actions.append(("log", messages.IGNORED, {"why": why}))

    # --- rows: faults

    def _fault(self, actions, now_ms, code):
        if code not in self.faults:
            self.faults.append(code)
        self._settle(actions)

    def _fault_noted(self, actions, now_ms, code):
        """Shown when the thanks or the test is over."""
        if code not in self.faults:
            self.faults.append(code)

    def _fault_invited(self, actions, now_ms, code):
        """A full log keeps a reserve for this citizen's press; with a key that hangs nobody can rate fairly."""
        self._fault_noted(actions, now_ms, code)
        if code != messages.FAULT_LOG_FULL:
            self._end(actions, messages.UNRATED, {"run": self.run, "reason": messages.UNRATED_DEVICE_FAULT})
            self._settle(actions)

    def _recovered_noted(self, actions, now_ms, code):
        if code in self.faults:
            self.faults.remove(code)

    def _recovered(self, actions, now_ms, code):
        self._recovered_noted(actions, now_ms, code)
        self._settle(actions)

    # --- rows: the key test

    def _test(self, actions, now_ms, wait_ms, request):
        if messages.FAULT_LOG_FULL in self.faults:  # its result could not be written down
            actions.append(("answer", request, messages.REFUSED, FAULT))
            return
        self.state = TEST
        self._step = 0
        self._ok = 0
        self._wait_ms = _bounded(wait_ms)
        self._deadline_ms = now_ms + self._wait_ms
        actions.append(("answer", request, messages.ACCEPTED, None))
        actions.append(("lamps", False))
        actions.append(("sound", "prompt"))
        actions.append(("face", self.face()))

    def _test_busy(self, actions, now_ms, wait_ms, request):
        actions.append(("answer", request, messages.REFUSED, self.state))

    def _test_press(self, actions, now_ms, grade):
        """The key that was asked for is good; any other press is a press, and no more."""
        self._ignore(actions, messages.IGNORED_KEY_TEST)
        if grade == _GRADES[self._step]:
            self._ok |= 1 << (grade - 1)
            self._next_key(actions, now_ms)

    def _test_over(self, actions, now_ms):
        """No press within its time: this key is dead."""
        self._next_key(actions, now_ms)

    def _next_key(self, actions, now_ms):
        self._step += 1
        if self._step < _ALL_KEYS:
            self._deadline_ms = now_ms + self._wait_ms
            actions.append(("sound", "beep"))
            actions.append(("face", self.face()))
            return
        self._deadline_ms = None
        actions.append(("log", messages.KEY_TESTED, {"keys_ok": self._ok}))
        actions.append(("sound", "thanks"))
        self._settle(actions)

    # --- where everything comes to rest

    def _settle(self, actions):
        """Out of what was going on: to the fault if there is one, else to what the hub shows."""
        self.state = FAULT if self.faults else self._view
        self._deadline_ms = None
        actions.append(("lamps", False))
        actions.append(("face", self.face()))


def _bounded(wait_ms):
    return min(max(wait_ms, _MIN_WAIT_MS), _MAX_WAIT_MS)


def _well_formed(event):
    name = event[0]
    if len(event) != _ARITY[name]:
        return False
    if name == "press":
        return event[1] in _GRADES
    if name == "view":
        return event[1] in (IDLE, SERVING, PAUSED)
    if name == "invite":
        return isinstance(event[1], bytes) and len(event[1]) == 8 and isinstance(event[2], int)
    return True


_ARITY = {
    "view": 3,
    "invite": 4,
    "press": 2,
    "hub": 2,
    "fault": 2,
    "recovered": 2,
    "key_test": 3,
    "config": 2,
    "repeat_due": 1,
    "wait_over": 1,
    "thanks_over": 1,
    "test_over": 1,
}

# Which timer runs in which state; the others wait for someone.
_TIMERS = {INVITED: "wait_over", THANKED: "thanks_over", TEST: "test_over"}

_E = Evaluator
# The pages with nothing going on have the same row: they differ in what the display says.
_RESTING = {
    "view": _E._show_view,
    "hub": _E._hub_changed,
    "config": _E._configure,
    "invite": _E._invite,
    "press": _E._press_uninvited,
    "fault": _E._fault,
    "recovered": _E._recovered_noted,
    "key_test": _E._test,
}
# state → event → what is done. An event that is not in its state's row is illegal there.
TABLE = {
    IDLE: _RESTING,
    SERVING: _RESTING,
    PAUSED: _RESTING,
    INVITED: {
        "view": _E._take_view,
        "hub": _E._hub_changed,
        "config": _E._configure,
        "invite": _E._invite_again,
        "press": _E._rate,
        "repeat_due": _E._repeat,
        "wait_over": _E._give_up,
        "fault": _E._fault_invited,
        "recovered": _E._recovered_noted,
        "key_test": _E._test_busy,
    },
    THANKED: {
        "view": _E._take_view,
        "hub": _E._hub_changed,
        "config": _E._configure,
        "invite": _E._invite,
        "press": _E._press_repeated,
        "thanks_over": _E._thanks_over,
        "fault": _E._fault_noted,
        "recovered": _E._recovered_noted,
        "key_test": _E._test_busy,
    },
    TEST: {
        "view": _E._take_view,
        "hub": _E._hub_changed,
        "config": _E._configure,
        "invite": _E._invite_busy,
        "press": _E._test_press,
        "test_over": _E._test_over,
        "fault": _E._fault_noted,
        "recovered": _E._recovered_noted,
        "key_test": _E._test_busy,
    },
    FAULT: {
        "view": _E._take_view,
        "hub": _E._hub_changed,
        "config": _E._configure,
        "invite": _E._invite_broken,
        "press": _E._press_uninvited,
        "fault": _E._fault,
        "recovered": _E._recovered,
        "key_test": _E._test,
    },
}
