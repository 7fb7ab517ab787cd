"""The caller: a clerk's keys, one question at a time. Pure: events and `now_ms` in, actions out.

Events:  ("press", key) · ("view", state, number, waiting) · ("hub", True | False) · ("config", values)
         ("answer", code, detail), code None when nobody answered in time · ("fault", code) · ("recovered", code)
         and the timers ("note_over",), ("entry_over",), ("page_over",), which `due(now_ms)` names.
Actions: ("log", kind, fields) · ("ask", command, args, within_ms) · ("sound", name) · ("text", four characters)
         ("light", fault): in this order, each finished before the next is begun.
A request is made only while the hub is there, and what it leads to comes back as a view: nothing is remembered of a
press that found nobody, so that nobody is called later.
"""

from firmware.apps.caller_keys import KEYS
from firmware.apps.errors import AppError, IllegalEventError
from protocol import calling, messages
from protocol.compat import const

# At rest: what the window does, or that nobody can tell.
AWAY = "away"
CLOSED = "closed"
FREE = "free"
CALLING = "calling"
SERVING = "serving"
PAUSED = "paused"
# With the clerk's hand on the keys.
CODE = "code"
PIN = "pin"
TARGET = "target"
ASKING = "asking"

_VIEWS = (CLOSED, FREE, CALLING, SERVING, PAUSED)

ASK_MS = const(3_000)  # for an answer; a hub's takes 30 ms, and nobody waits longer before pressing again
_SAME_PRESS_MS = const(1_000)  # two presses within a second are one (domain, "Caller")
_NOTE_MS = const(2_500)  # a code is read, and looked up on the card beside the window
_ENTRY_MS = const(15_000)  # half a code left standing is forgotten, as is half a PIN
_NUMBER_MS = const(4_000)
_COUNT_MS = const(1_500)
_MOST_SHOWN = const(999)

# What stands on four digits of seven segments. What the hub refuses comes with its code (docs/how-to/use-a-caller.md).
TEXT_AWAY = "noHb"
TEXT_CLOSED = "----"
TEXT_PAUSED = "PAUS"
TEXT_NO_ANSWER = "noAn"
TEXT_UNKNOWN = "Err "


class Caller:
    """See the table at the end of this file: its rows are all that can happen."""

    def __init__(self, short=False):
        """`short`: an older caller, with FOUR_KEYS alone."""
        self.state = AWAY
        self.view = CLOSED  # what the window does, as far as it is known
        self.hub = False
        self.faults = []
        self._table = SHORT_TABLE if short else TABLE
        self._number = ""
        self._waiting = None
        self._entry = ""
        self._staff = ""
        self._role = 0
        self._signing = False
        self._last_key = ""
        self._last_ms = 0
        self._note = ""
        self._note_ms = None
        self._entry_ms = None
        self._count = False  # the waiting count stands where the number stood
        self._page_ms = None

    # --- the door

    def handle(self, event, now_ms):
        """Do one event; returns the actions. One without a row, or malformed, raises and changes nothing."""
        name = event[0]
        if len(event) != _ARITY.get(name):
            raise IllegalEventError("caller in state %s can't take event %s" % (self.state, name))
        rows = self._table[self.state]
        if name == "press":
            return self._press(rows, event[1], now_ms)
        row = rows.get(name) or _ALWAYS.get(name)
        if row is None or isinstance(row, str):
            raise IllegalEventError("caller in state %s can't take event %s" % (self.state, name))
        actions = []
        row(self, actions, now_ms, *event[1:])
        return actions

    def _press(self, rows, key, now_ms):
        if key not in KEYS:
            raise IllegalEventError("a caller has no key %s" % key)
        typing = self.state in _TYPING and key in _DIGITS
        if not typing and key == self._last_key and now_ms - self._last_ms < _SAME_PRESS_MS:
            return []
        self._last_key = key
        self._last_ms = now_ms
        actions = []
        if self._note_ms is not None:
            self._note_ms = None  # whoever presses has read it
            self._show(actions, now_ms)
        row = rows.get(key) or (rows.get(DIGIT) if key in _DIGITS else None) or rows.get(OTHER)
        if row is None:
            actions.append(("sound", "refuse"))
        elif isinstance(row, str):
            self._ask(actions, now_ms, row)
        else:
            row(self, actions, now_ms, key)
        return actions

    def due(self, now_ms):
        """The timer event that is due now, or None."""
        for name, at_ms in self._timers():
            if at_ms is not None and now_ms >= at_ms:
                return (name,)
        return None

    def deadline_ms(self):
        """When `due` has something to say next, or None."""
        moments = [at_ms for _, at_ms in self._timers() if at_ms is not None]
        return min(moments) if moments else None

    def _timers(self):
        return (("note_over", self._note_ms), ("entry_over", self._entry_ms), ("page_over", self._page_ms))

    def busy(self):
        """Whether a restart would take something from somebody: half an entry, a question without its answer."""
        return self.state not in _RESTING

    def text(self):
        """The four characters that stand on the display now."""
        if self._note_ms is not None:
            return self._note
        if self.state == CODE:
            return "C%3s" % self._entry[-3:]
        if self.state == PIN:
            return "P%3d" % len(self._entry)  # how many, never which
        if self.state == TARGET:
            return "t%3s" % self._entry[-3:]
        if not self.hub:
            return TEXT_AWAY
        if self.view == CLOSED:
            return TEXT_CLOSED
        if self.view == PAUSED:
            return TEXT_PAUSED
        if self.view == FREE or self._count:
            return "L%3d" % min(self._waiting or 0, _MOST_SHOWN)
        return "%4s" % self._number[-4:]

    # --- rows: what the hub shows

    def _take_view(self, actions, now_ms, view, number, waiting):
        if view not in _VIEWS:
            raise AppError("no view %s" % view)
        before = self._waiting
        fresh = (view, number) != (self.view, self._number)
        self.view = view
        self._number = number
        self._waiting = waiting
        if before == 0 and waiting and view != CLOSED:
            actions.append(("sound", "beep"))
        if fresh:
            self._count = False
            self._page_ms = now_ms + _NUMBER_MS if view in (CALLING, SERVING) else None
        if self.state in _RESTING:
            self.state = view if self.hub else AWAY
        self._show(actions, now_ms)

    def _hub_changed(self, actions, now_ms, here):
        """Whoever was asked is gone, and with them what was asked."""
        self.hub = here
        if not here:
            self._waiting = None
            self._forget()
        if not here or self.state == AWAY:
            self.state = self.view if here else AWAY
            self._note_ms = None
        self._show(actions, now_ms)

    def _configure(self, actions, now_ms, values):
        """Volume and quiet are the box's."""

    def _turn_page(self, actions, now_ms):
        self._count = not self._count
        self._page_ms = now_ms + (_COUNT_MS if self._count else _NUMBER_MS)
        self._show(actions, now_ms)

    # --- rows: asking

    def _ask(self, actions, now_ms, command, to=None, back=None):
        self._send(actions, now_ms, messages.WINDOW_COMMAND, {"command": command, "to": to, "back": back})

    def _send(self, actions, now_ms, command, args):
        self.state = ASKING
        self._entry = ""
        self._entry_ms = None
        actions.append(("ask", command, args, ASK_MS))

    def _answered(self, actions, now_ms, code, detail):
        signing, self._signing = self._signing, False
        self.state = self.view if self.hub else AWAY
        if code == messages.ACCEPTED:
            if signing:
                actions.append(("log", calling.SIGNED_IN, {"staff": self._staff, "role": self._role}))
            self._show(actions, now_ms)
        else:
            self._say(actions, now_ms, TEXT_NO_ANSWER if code is None else detail or TEXT_UNKNOWN)

    def _answered_late(self, actions, now_ms, code, detail):
        """The hub went in between; what it did before that comes as a view."""

    def _nobody(self, actions, now_ms, key):
        self._say(actions, now_ms, TEXT_AWAY)

    def _busy(self, actions, now_ms, key):
        """One question at a time."""

    # --- rows: a clerk comes and goes

    def _begin_code(self, actions, now_ms, key):
        self.state = CODE
        self._entry = ""
        self._digit(actions, now_ms, key)

    def _digit(self, actions, now_ms, key):
        limit = _LONGEST[self.state]
        if len(self._entry) >= limit:
            actions.append(("sound", "refuse"))
            return
        self._entry += key
        self._entry_ms = now_ms + _ENTRY_MS
        self._show(actions, now_ms)

    def _clear(self, actions, now_ms, key):
        """What was typed goes; with nothing typed, one goes back to rest."""
        if not self._entry:
            self._give_up(actions, now_ms)
            return
        self._entry = ""
        self._entry_ms = now_ms + _ENTRY_MS
        self._show(actions, now_ms)

    def _give_up(self, actions, now_ms):
        self._forget()
        self.state = self.view if self.hub else AWAY
        self._show(actions, now_ms)

    def _code_done(self, actions, now_ms, key):
        if not self._entry:
            actions.append(("sound", "refuse"))
            return
        self._staff = self._entry
        self._entry = ""
        self.state = PIN
        self._entry_ms = now_ms + _ENTRY_MS
        self._show(actions, now_ms)

    def _sign_in_a(self, actions, now_ms, key):
        self._sign_in(actions, now_ms, calling.ROLE_A)

    def _sign_in_b(self, actions, now_ms, key):
        self._sign_in(actions, now_ms, calling.ROLE_B)

    def _sign_in(self, actions, now_ms, role):
        self._role = role
        self._signing = True
        self._send(actions, now_ms, calling.SIGN_IN, {"staff": self._staff, "pin": self._entry})

    def _sign_out(self, actions, now_ms, key):
        """A fact: it holds with the hub away, too."""
        actions.append(("log", calling.SIGNED_OUT, {}))
        self.view = CLOSED
        self._page_ms = None
        if self.state != AWAY:
            self.state = CLOSED
        self._show(actions, now_ms)

    def _sign_out_away(self, actions, now_ms, key):
        if self.view in (FREE, PAUSED):
            self._sign_out(actions, now_ms, key)
            actions.append(("sound", "thanks"))
        else:
            self._nobody(actions, now_ms, key)

    # --- rows: a transfer

    def _begin_target(self, actions, now_ms, key):
        self.state = TARGET
        self._entry = ""
        self._entry_ms = now_ms + _ENTRY_MS
        self._show(actions, now_ms)

    def _transfer(self, actions, now_ms, key):
        self._transfer_to(actions, now_ms, None)

    def _transfer_back(self, actions, now_ms, key):
        """There, and then here again."""
        self._transfer_to(actions, now_ms, True)

    def _transfer_to(self, actions, now_ms, back):
        if self._entry:
            self._ask(actions, now_ms, "transfer", self._entry, back)
        else:
            actions.append(("sound", "refuse"))

    # --- rows: faults

    def _fault(self, actions, now_ms, code):
        if code not in self.faults:
            self.faults.append(code)
        actions.append(("light", True))
        self._say(actions, now_ms, "F %02d" % min(code, 99))

    def _recovered(self, actions, now_ms, code):
        if code in self.faults:
            self.faults.remove(code)
        actions.append(("light", bool(self.faults)))

    # --- what is seen and heard

    def _say(self, actions, now_ms, text):
        """A code for a moment, with the sound that says no."""
        self._note = text
        self._note_ms = now_ms + _NOTE_MS
        actions.append(("sound", "refuse"))
        self._show(actions, now_ms)

    def _note_over(self, actions, now_ms):
        self._note_ms = None
        self._show(actions, now_ms)

    def _show(self, actions, now_ms):
        actions.append(("text", self.text()))

    def _forget(self):
        self._entry = ""
        self._entry_ms = None
        self._signing = False


_DIGITS = "0123456789"
DIGIT = "digit"
OTHER = "other"
_RESTING = (AWAY, CLOSED, FREE, CALLING, SERVING, PAUSED)
_TYPING = (CODE, PIN, TARGET)
_LONGEST = {CODE: calling.MAX_STAFF, PIN: calling.MAX_PIN, TARGET: calling.MAX_TARGET}

_ARITY = {
    "press": 2,
    "view": 4,
    "hub": 2,
    "config": 2,
    "answer": 3,
    "fault": 2,
    "recovered": 2,
    "note_over": 1,
    "entry_over": 1,
    "page_over": 1,
}

_C = Caller

# Everywhere, where the state's own row says nothing else.
_ALWAYS = {
    "view": _C._take_view,
    "hub": _C._hub_changed,
    "config": _C._configure,
    "fault": _C._fault,
    "recovered": _C._recovered,
    "note_over": _C._note_over,
    "page_over": _C._turn_page,
    "answer": _C._answered_late,
}
# A key's word is what the hub is asked. The hub alone decides what is possible: what this box knows may be old.
_WINDOW = {
    "next": "next",
    "recall": "recall",
    "no_show": "no_show",
    "finish": "finish",
    "1": "arrive",
    "2": _C._begin_target,
    "3": "pause",
    "4": "walk_up",
}


def _with(row, changes):
    joined = dict(row)
    joined.update(changes)
    return joined


_FREE = _with(_WINDOW, {"0": _C._sign_out})
_ENTRY = {DIGIT: _C._digit, "clear": _C._clear, "entry_over": _C._give_up}
# state → event or key → what is done; DIGIT and OTHER stand for the keys that a row doesn't name. An event without a
# row is illegal; a key without one says no.
TABLE = {
    AWAY: {OTHER: _C._nobody, "0": _C._sign_out_away},
    CLOSED: {DIGIT: _C._begin_code, "next": "next", "recall": "recall", "no_show": "no_show", "finish": "finish"},
    FREE: _FREE,
    CALLING: _WINDOW,
    SERVING: _WINDOW,
    PAUSED: _with(_FREE, {"3": "unpause"}),
    CODE: _with(_ENTRY, {"ok": _C._code_done}),
    PIN: _with(_ENTRY, {"ok": _C._sign_in_a, "recall": _C._sign_in_b}),
    TARGET: _with(_ENTRY, {"ok": _C._transfer, "recall": _C._transfer_back}),
    ASKING: {OTHER: _C._busy, "answer": _C._answered},
}
# With four keys a walk-up is a finish of nobody's ticket; signing in is done on the clerk's page.
SHORT_TABLE = _with(TABLE, {FREE: _with(_FREE, {"finish": "walk_up"})})
