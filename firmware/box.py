"""What every box does: at its keys, on the wire and by the clock, in the one right order. Both Pythons.

Knows no pin and no port: everything that touches the world comes in, and time is an argument. What only one role does
stands in firmware/boxes/, one class a role.
"""

import gc

from firmware.drivers import keys as key_driver
from firmware.loading import once
from firmware.records import (
    BOARD_BYTES,
    CAUSE_BYTES,
    DETAIL_BYTES,
    FIRMWARE_BYTES,
    INTERPRETER_BYTES,
    LogFullError,
    clip,
)
from protocol import messages, session
from protocol.compat import const

_HEALTH_MS = const(30_000)
_ROOM_AGAIN_PERMILLE = const(900)  # a full log counts as emptied below this, so that the fault doesn't flicker
_IDENTIFY_MAX_MS = const(60_000)
_MAINTENANCE_AFTER_MS = const(1_000)  # time for the answer to leave
_LEAST_BYTES = const(5_632)  # free at the least; below it goes what a box can do without (`shed`)
_DIARY_BYTES = const(8_192)  # free at the least where a line is written: what a box's own work needs comes first


class Box:
    """`about`: reset_cause, interpreter, firmware, board as texts. `maintain()`: restart without the application;
    `maintain(False)`: with it.

    A role's class gives it `app`, its state machine (`handle`, `due`, `deadline_ms`, `busy`, `state`; for STATUS its
    number in STATES and `run`, where the class doesn't tell that itself), and has its own `_act(what, values, now_ms)`
    for that machine's actions and `_view(event, now_ms)`.
    """

    def __init__(self, app, log, endpoint, *, keys, led, buzzer, about, maintain):
        self.app = app
        self.log = log
        self.endpoint = endpoint
        self._keys = keys
        self._led = led
        self._buzzer = buzzer
        self._about = about  # until it is told
        self._reset_cause = about["reset_cause"]
        self._maintain = maintain
        self._updater = None  # while an update comes, or is on trial
        self._maintain_ms = None
        self._mark = True  # of maintenance, which that restart leaves; a trial's does not
        self._health_ms = 0
        self._hub = False
        self._full = False
        self._stuck = []
        self._renumbered = 0
        self._low = 0  # the least free memory that the diary knows of this boot; at first what there was
        self.config = None  # as the hub last gave it
        self.calls = False  # whether it wants the hub for more than facts
        self.dropped = 0  # facts for which the full log had no room; the fault is on the display all the while

    # --- what main calls

    def start(self, now_ms):
        """The facts of a boot, the first face, the link."""
        about = self._about
        self._about = {}
        booted = {
            "reset_cause": clip(about["reset_cause"], CAUSE_BYTES),
            "interpreter": clip(about["interpreter"], INTERPRETER_BYTES),
            "firmware": clip(about["firmware"], FIRMWARE_BYTES),
            "board": clip(about["board"], BOARD_BYTES),
        }
        self._append(messages.BOOTED, now_ms, booted)
        self._note(now_ms, "reset", booted["reset_cause"])
        self._tell_status()
        self.endpoint.link_opened(now_ms)

    def receive(self, data, now_ms):
        """Bytes from the link."""
        self.endpoint.receive(data, now_ms)
        self._take_events(now_ms)

    def outgoing(self, now_ms):
        """Bytes for the link, b"" when there are none for now."""
        data = self.endpoint.outgoing(now_ms)
        self._take_events(now_ms)
        return data

    def scan_keys(self, now_ms, blind=False):
        """Look at the keys, after a time of not looking or not; returns whether anything happened."""
        events = self._keys.scan(now_ms, blind)
        for what, key in events:
            if what == key_driver.PRESSED:
                self.do(("press", key), now_ms)
            elif what == key_driver.STUCK:
                self._stuck.append(key)
                if len(self._stuck) == 1:
                    # Which key it is stays out of the fact: its first press may have been somebody's grade.
                    self.fault(messages.FAULT_STUCK_KEY, "a key hangs; run the key test", now_ms)
            else:
                self._stuck.remove(key)
                if not self._stuck:
                    self.recovered(messages.FAULT_STUCK_KEY, now_ms)
        return bool(events)

    def tick(self, now_ms):
        """Everything that is due by the clock."""
        event = self.app.due(now_ms)
        while event is not None:
            self.do(event, now_ms)
            event = self.app.due(now_ms)
        self._look_for_hub(now_ms)
        self._look_at_log(now_ms)
        if now_ms >= self._health_ms:
            self._health_ms = now_ms + _HEALTH_MS
            self._tell_health(now_ms)
            if self._updater is not None and self._updater.idle(now_ms):
                self._updater = None
        if self._maintain_ms is not None and now_ms >= self._maintain_ms:
            self._maintain_ms = now_ms + _MAINTENANCE_AFTER_MS
            if self._mark or not self.app.busy():  # something may have begun after the answer had left
                self._maintain(self._mark)

    def deadline_ms(self):
        """When `tick` and `outgoing` are to be called at the latest."""
        soonest = self._health_ms
        for moment_ms in (self.app.deadline_ms(), self.endpoint.deadline_ms(), self._maintain_ms):
            if moment_ms is not None and moment_ms < soonest:
                soonest = moment_ms
        return soonest

    def fault(self, code, detail, now_ms):
        """Something is wrong with this box: into the log and onto its face."""
        detail = clip(detail, DETAIL_BYTES)
        self._append(messages.FAULT, now_ms, {"code": code, "detail": detail})
        self._note(now_ms, "fault", code, detail)
        self.do(("fault", code), now_ms)

    def shed(self, now_ms):
        """Memory is short: what this box can do without goes, before a fact finds no room."""
        self._updater = None

    def recovered(self, code, now_ms):
        """It is right again."""
        self._append(messages.RECOVERED, now_ms, {"code": code})
        self.do(("recovered", code), now_ms)

    def do(self, event, now_ms):
        """One event for the role's state machine and all that follows, in its order."""
        for action in self.app.handle(event, now_ms):
            what = action[0]
            if what == "log":
                self._append(action[1], now_ms, action[2])
            elif what == "answer":
                self.endpoint.answer(action[1], action[2], action[3])
            elif what == "sound":
                self._buzzer.play(action[1])
            else:
                self._act(what, action[1:], now_ms)
        self._tell_status()

    def restart(self, now_ms, mark):
        """Soon: for maintenance, or to try an update; whoever asked for maintenance gets it, whatever else is asked."""
        if mark or self._maintain_ms is None:
            self._mark = mark
            self._maintain_ms = now_ms + _MAINTENANCE_AFTER_MS

    # --- inside

    def _append(self, kind, now_ms, fields):
        try:
            self.log.append(kind, now_ms, **fields)
        except LogFullError:
            if kind == messages.RATED:
                raise  # its room was kept: if it isn't there, restart and end the invitation as a fault
            self.dropped += 1

    def _act(self, what, values, now_ms):
        """An action of the role's own; a build's linker leaves these two behind."""
        raise NotImplementedError

    def _view(self, event, now_ms):
        """What the hub shows, as the session gives it."""
        raise NotImplementedError

    def _note(self, now_ms, *words):
        """A line of the diary, its code loaded for it; without memory none, which the fact of the same says too."""
        gc.collect()
        if not hasattr(gc, "mem_free") or gc.mem_free() >= _DIARY_BYTES:
            once("firmware.diary").note(self.log, now_ms, *words)

    def _tell_status(self):
        self.endpoint.set_status(self.app.STATES[self.app.state], self.app.run)

    def _tell_health(self, now_ms):
        gc.collect()
        free = gc.mem_free() if hasattr(gc, "mem_free") else 0
        if 0 < free < _LEAST_BYTES:
            self.shed(now_ms)
        low = self._low
        if not low or free < low - low // 4:
            self._low = free
            if low:
                self._note(now_ms, "memory", free)
        self.endpoint.health(
            {
                "uptime_ms": now_ms,
                "reset_cause": self._reset_cause,
                "free_memory": free,
                "log_fill_permille": self.log.fill_permille,
                "free_flash": self.log.files.free_bytes(),
            }
        )

    def _look_for_hub(self, now_ms):
        here = self.endpoint.hub_heard(now_ms)
        if here != self._hub:
            self._hub = here
            self.do(("hub", here), now_ms)

    def _look_at_log(self, now_ms):
        if not self._full and not self.log.has_room:
            self._full = True
            self.fault(messages.FAULT_LOG_FULL, "", now_ms)
        elif self._full and self.log.has_room and self.log.fill_permille < _ROOM_AGAIN_PERMILLE:
            self._full = False
            self.recovered(messages.FAULT_LOG_FULL, now_ms)

    def _take_events(self, now_ms):
        event = self.endpoint.next_event()
        if event is None:
            return  # what comes with time alone, `tick` looks for
        while event is not None:
            self._take(event, now_ms)
            event = self.endpoint.next_event()
        self._look_for_hub(now_ms)
        self._look_at_log(now_ms)

    def _take(self, event, now_ms):
        what = event[0]
        if what == session.REQUEST:
            self._request(event[1], event[2], event[3], now_ms)
        elif what == session.VIEW:
            self._view(event, now_ms)
        elif what == session.ANCHOR:
            self.log.note_anchor(event[1] - now_ms, event[2])
        elif what == session.WELCOME:
            if self.log.context.boot_at_ms is None:  # once a boot: what stands in the diary gets its day
                self._note(now_ms, "time", event[2] // 1000)
            self.log.note_anchor(event[2] - now_ms, event[3])
            self._configure(event[4], now_ms)
            self._look_for_hub(now_ms)
            if self.log.renumbered != self._renumbered:
                self._renumbered = self.log.renumbered
                detail = "the hub knew facts up to %d" % (event[1] - 1)
                self._append(messages.FAULT, now_ms, {"code": messages.FAULT_NUMBER_BEHIND, "detail": detail})
        elif what == session.CONFIG:
            self._configure(event[1], now_ms)

    def _configure(self, config, now_ms):
        self.config = config
        self.do(("config", config), now_ms)
        stuck_s = config.get("stuck_key_s")
        self._keys.stuck_ms = key_driver.STUCK_MS if stuck_s is None else stuck_s * 1000
        volume = config.get("volume")
        self._buzzer.set_volume(0 if config.get("quiet") else volume)

    def _request(self, request, command, args, now_ms):
        if command == messages.IDENTIFY:
            self._led.identify(now_ms + min(args["for_ms"], _IDENTIFY_MAX_MS))
            self._buzzer.play("beep")
            self.endpoint.answer(request, messages.ACCEPTED)
        elif command == messages.MAINTENANCE:
            self.restart(now_ms, True)
            self.endpoint.answer(request, messages.ACCEPTED)
        elif command == messages.UPDATE:
            self._update(request, args, now_ms)
        else:
            self.endpoint.answer(request, messages.UNKNOWN_COMMAND)

    def _update(self, request, args, now_ms):
        """One step of it; without memory for it there is none, and all else goes on."""
        answer = messages.FAILED, "memory"
        try:
            if self._updater is None:
                self._updater = once("firmware.updating").Updater(self)
            answer = self._updater.take(args, now_ms)
        except MemoryError:
            if not getattr(self._updater, "stays", False):
                self._updater = None
        self.endpoint.answer(request, answer[0], answer[1])
