"""A whole evaluator with its hub in one process, on both Pythons: the order of flash, lamp, sound, answer and wire."""

from firmware.boxes.evaluator import EvaluatorBox
from firmware.drivers.buzzer import Buzzer
from firmware.drivers.keys import Keys
from firmware.drivers.lamps import Lamps, PowerLed
from firmware.eventlog import EventLog
from firmware.trial import Trial
from protocol import messages as m
from protocol import session, updating
from protocol.device import DeviceEndpoint
from protocol.hub import HubEndpoint
from tests.both_pythons.cut_files import Memory

SECRET = b"s" * 32
EPOCH = b"epoch..8"
A = b"run A..."
B = b"run B..."
GRADES = (5, 4, 3, 2, 1)


class Pin:
    def __init__(self, level, journal=None):
        self.level = level
        self.journal = journal

    def value(self, level=None):
        if level is None:
            return self.level
        if self.journal is not None and level != self.level:
            self.journal.append("lamps")
        self.level = level
        return None


class Pwm:
    def __init__(self):
        self.hz = 0
        self.duty = 0

    def freq(self, hz):
        self.hz = hz

    def duty_u16(self, duty):
        self.duty = duty


class HeardBuzzer(Buzzer):
    def __init__(self, pwm, journal):
        super().__init__(pwm)
        self._journal = journal

    def play(self, name):
        self._journal.append("sound")
        super().play(name)


class Screen:
    def __init__(self):
        self.faces = []

    def show(self, face, now_ms):
        self.faces.append((face.name, face.number, face.note))


class Flash(Memory):
    """Memory that tells in which order things reach it."""

    def __init__(self, journal):
        Memory.__init__(self)
        self.journal = journal

    def _put(self, name, data):
        if data:
            self.journal.append("flash " + name[0])
        Memory._put(self, name, data)

    def write(self, name, data):
        self.journal.append("flash " + name[0])
        Memory.write(self, name, data)


class Rig:
    """One box, one hub, one wire and one clock."""

    def __init__(self, flash=None, log_bytes=None):
        self.journal = []
        self.flash = flash or Flash(self.journal)
        self.now_ms = 1000
        self.hub = HubEndpoint({"ev-1": SECRET}.get, lambda size: b"h" * size)
        self.facts = {}
        self.answers = {}
        self.health = []
        self.acknowledging = True
        self.wired = True
        self.restarts = []  # each with its mark of maintenance or not
        self.boot(log_bytes)
        self.hub.link_opened(self.now_ms)

    def display(self):
        return Screen()

    def boot(self, log_bytes=None):
        """What main does at switching on."""
        self.key_pins = [Pin(1) for _ in range(5)]
        self.lamp_pins = [Pin(0, self.journal)] + [Pin(0) for _ in range(4)]
        self.led_pin = Pin(0)
        self.pwm = Pwm()
        self.screen = self.display()
        self.log = EventLog(self.flash, log_bytes=log_bytes) if log_bytes else EventLog(self.flash)
        self.led = PowerLed(self.led_pin)
        self.buzzer = HeardBuzzer(self.pwm, self.journal)
        self.keys = Keys(self.key_pins, GRADES, 0)
        endpoint = DeviceEndpoint("ev-1", m.ROLE_EVALUATOR, SECRET, EPOCH, self.log.boot, self.log, lambda n: b"d" * n)
        self.box = EvaluatorBox(
            self.log,
            endpoint,
            Lamps(self.lamp_pins),
            self.screen,
            keys=self.keys,
            led=self.led,
            buzzer=self.buzzer,
            about={"reset_cause": "power on", "interpreter": "MicroPython x", "firmware": "0.1.0", "board": "test"},
            maintain=self.maintain,
        )
        self.box.start(self.now_ms)

    def maintain(self, mark=True):
        self.restarts.append(mark)

    def run(self, for_ms):
        """Lets the clock go on in steps of 5 ms."""
        end_ms = self.now_ms + for_ms
        while self.now_ms < end_ms:
            self.now_ms += 5
            self.box.scan_keys(self.now_ms)
            self.box.tick(self.now_ms)
            self.led.step(self.now_ms)
            self.buzzer.step(self.now_ms)
            self.exchange()

    def exchange(self):
        while True:
            up = self.box.outgoing(self.now_ms)
            if up:
                self.journal.append("wire")
            if up and self.wired:
                self.hub.receive(up, self.now_ms)
            self.take()
            down = self.hub.outgoing(self.now_ms)
            self.take()
            if down and self.wired:
                self.box.receive(down, self.now_ms)
            if not up and not down:
                return

    def take(self):
        while True:
            event = self.hub.next_event()
            if event is None:
                return
            if event[0] == session.STATUS and not self.hub.welcomed:
                self.hub.welcome(max(list(self.facts) + [0]) + 1, 1_800_000_000_000 + self.now_ms, True, {})
            elif event[0] == session.FACT:
                assert event[1] not in self.facts
                self.facts[event[1]] = event[2]
                if self.acknowledging:
                    self.hub.acknowledge(event[1])
            elif event[0] == session.ANSWER:
                self.answers[event[1]] = (event[2], event[3])
            elif event[0] == session.HEALTH:
                self.health.append(event[1])

    def ask(self, command, args):
        request = self.hub.request(command, args, self.now_ms + 3000)
        self.run(10)
        return self.answers[request]

    def invite(self, run, wait_ms=20_000):
        return self.ask(m.INVITE, {"run": run, "wait_ms": wait_ms})

    def press(self, grade, ms=60):
        pin = self.key_pins[GRADES.index(grade)]
        pin.level = 0
        self.run(ms)
        pin.level = 1
        self.run(40)

    def of_kind(self, kind):
        return [self.facts[n]["fields"] for n in sorted(self.facts) if self.facts[n]["fact_kind"] == kind]

    def lit(self):
        levels = {pin.level for pin in self.lamp_pins}
        assert len(levels) == 1, "lamps know only together"
        return levels == {1}


def live():
    rig = Rig()
    rig.run(2500)
    assert rig.hub.welcomed
    return rig


def test_boot_facts_and_health_arrive():
    rig = live()
    assert rig.of_kind(m.BOOTED) == [
        {"reset_cause": "power on", "interpreter": "MicroPython x", "firmware": "0.1.0", "board": "test"}
    ]
    rig.run(31_000)
    assert rig.health and rig.health[-1]["reset_cause"] == "power on"
    assert rig.log.oldest == rig.log.next == 2


def test_nothing_is_lit_answered_or_sent_before_it_is_in_flash():
    rig = live()
    del rig.journal[:]
    assert rig.invite(A) == (m.ACCEPTED, None)
    assert rig.lit() and rig.journal[:4] == ["flash o", "lamps", "sound", "wire"]
    rig.run(100)
    del rig.journal[:]
    rig.press(2)
    assert not rig.lit() and rig.journal[0] == "flash t"
    assert rig.journal.index("lamps") > 0 and rig.journal.index("wire") > rig.journal.index("lamps")
    assert rig.of_kind(m.RATED)[0]["grade"] == 2
    assert rig.screen.faces[-1] == ("thanked", "", "recorded")


def test_views_reach_the_face():
    rig = live()
    for state, name in ((m.WINDOW_SERVING, "serving"), (m.WINDOW_PAUSED, "paused"), (m.WINDOW_CLOSED, "idle")):
        rig.hub.show(state, "A012", "3")
        rig.run(20)
        assert rig.screen.faces[-1] == (name, "A012" if name == "serving" else "", "")


def test_a_press_with_the_hub_away_is_saved_and_sent_later():
    rig = live()
    rig.invite(A, 60_000)
    rig.wired = False
    rig.run(12_000)
    assert rig.lit()
    rig.press(1)
    assert rig.screen.faces[-1][2] == "saved" and rig.of_kind(m.RATED) == []
    rig.wired = True
    rig.run(15_000)
    assert rig.of_kind(m.RATED)[0]["run"] == A
    assert rig.invite(A) == (m.ENDED, None)


def test_a_restart_ends_what_it_finds_open():
    rig = live()
    rig.invite(A)
    rig.boot()
    rig.run(15_000)
    assert rig.of_kind(m.UNRATED) == [{"run": A, "reason": m.UNRATED_DEVICE_FAULT}]
    assert rig.of_kind(m.RATED) == [] and not rig.lit()
    assert rig.invite(A) == (m.ENDED, None) and rig.invite(B) == (m.ACCEPTED, None)


def test_two_keys_at_once_and_a_bouncing_one_are_one_rating():
    rig = live()
    rig.invite(A)
    pin = rig.key_pins[0]
    for level in (0, 1, 0, 1, 0):
        pin.level = level
        rig.run(5)
    rig.key_pins[4].level = 0
    rig.run(100)
    assert [fields["grade"] for fields in rig.of_kind(m.RATED)] == [5]
    assert rig.of_kind(m.IGNORED) == [{"why": m.IGNORED_REPEATED}]


def test_a_key_that_hangs_is_a_fault_until_it_is_free():
    rig = live()
    rig.key_pins[2].level = 0
    rig.run(31_000)
    assert [fields["code"] for fields in rig.of_kind(m.FAULT)] == [m.FAULT_STUCK_KEY]
    levels = set()
    for _ in range(40):
        rig.run(50)
        levels.add(rig.led_pin.level)
    assert levels == {0, 1} and rig.screen.faces[-1][0] == "fault"
    assert rig.invite(A) == (m.REFUSED, "fault")
    rig.key_pins[2].level = 1
    rig.run(100)
    assert rig.of_kind(m.RECOVERED) == [{"code": m.FAULT_STUCK_KEY}] and rig.invite(A) == (m.ACCEPTED, None)


def test_a_full_log_is_seen_and_empties_again():
    rig = Rig(log_bytes=1200)
    rig.run(2500)
    rig.invite(A, 60_000)
    rig.wired = False
    rig.run(12_000)
    rig.press(4)
    for _ in range(60):
        rig.press(4)
    assert rig.log.fill_permille > 400 and rig.screen.faces[-1][0] == "fault"
    kept = rig.log.next
    rig.press(4)
    assert rig.log.next == kept
    rig.wired = True
    rig.run(30_000)
    codes = [fields["code"] for fields in rig.of_kind(m.FAULT)]
    assert codes == [m.FAULT_LOG_FULL] and rig.of_kind(m.RECOVERED) == [{"code": m.FAULT_LOG_FULL}]
    assert rig.of_kind(m.RATED)[0]["run"] == A and rig.screen.faces[-1][0] == "idle"
    assert rig.invite(B) == (m.ACCEPTED, None)


def test_identify_maintenance_and_what_nobody_knows():
    rig = live()
    assert rig.ask(m.IDENTIFY, {"for_ms": 1000}) == (m.ACCEPTED, None)
    levels = []
    for _ in range(8):
        rig.run(120)
        levels.append(rig.led_pin.level)
    assert 0 in levels and 1 in levels
    assert rig.ask(m.MAINTENANCE, {}) == (m.ACCEPTED, None) and rig.restarts == []
    rig.run(1100)
    assert rig.restarts[0] is True


def test_a_restart_for_a_trial_waits_for_the_one_who_is_asked():
    rig = live()
    rig.box.restart(rig.now_ms, False)  # as an updater does at its last step
    assert rig.invite(A) == (m.ACCEPTED, None)
    rig.run(3000)
    assert rig.restarts == []
    rig.press(3)
    rig.run(2000)
    assert rig.restarts and not any(rig.restarts)


def test_maintenance_leaves_its_mark_though_a_trial_was_about_to_begin():
    for trial_first in (True, False):
        rig = live()
        if trial_first:
            rig.box.restart(rig.now_ms, False)
        assert rig.ask(m.MAINTENANCE, {}) == (m.ACCEPTED, None)
        if not trial_first:
            rig.box.restart(rig.now_ms, False)
        rig.run(1500)
        assert rig.restarts and all(rig.restarts)


class Short:
    """In an updater's place, without memory."""

    def idle(self, now_ms):
        return False

    def take(self, args, now_ms):
        raise MemoryError


class ShortTrial(Trial):
    """A trial's own, without memory for its answer."""

    def __init__(self):
        """Without a slot."""

    idle = Short.idle
    take = Short.take


def test_an_update_without_memory_is_forgotten_but_never_the_trial():
    for updater, kept in ((Short(), False), (ShortTrial(), True)):
        rig = live()
        rig.box._updater = updater
        args = {"step": updating.STEP_DATA, "file": 0, "at": 0, "data": b"x"}
        assert rig.ask(m.UPDATE, args) == (m.FAILED, "memory")
        assert (rig.box._updater is updater) == kept


def test_quiet_is_quiet():
    rig = live()
    rig.hub.configure({"quiet": True})
    rig.run(100)
    rig.invite(A)
    duties = set()
    for _ in range(60):
        rig.run(5)
        duties.add(rig.pwm.duty)
    assert duties == {0}
    rig.hub.configure({"volume": 5})
    rig.run(100)
    rig.invite(B)
    for _ in range(60):
        rig.run(5)
        duties.add(rig.pwm.duty)
    assert duties == {0, 16384}


def test_a_hub_with_higher_numbers_is_a_fault_to_be_seen():
    rig = live()
    rig.facts = {700: {"fact_kind": 0, "fields": {}}}
    rig.boot()
    rig.run(15_000)
    detail = [fields for fields in rig.of_kind(m.FAULT) if fields["code"] == m.FAULT_NUMBER_BEHIND]
    assert detail == [{"code": m.FAULT_NUMBER_BEHIND, "detail": "the hub knew facts up to 700"}]
    assert min([n for n in rig.facts if n != 700]) == 701


class Hungry(Screen):
    """A display for which there is no memory from some moment on."""

    def __init__(self):
        Screen.__init__(self)
        self.broken = self.full = False
        self.dark = 0

    def show(self, face, now_ms):
        if self.full:
            raise MemoryError
        Screen.show(self, face, now_ms)

    def step(self, now_ms):
        return now_ms + 1000

    def serve(self, clerk, stars):
        pass

    def off(self):
        self.dark += 1


def with_display():
    rig = live()
    rig.screen = Hungry()
    box = rig.box
    box._screen, box._step, box._serve = rig.screen, rig.screen.step, rig.screen.serve
    return rig


def told_dark(rig):
    return [fact["fields"] for fact in rig.facts.values() if fact["fact_kind"] == m.FAULT] == [
        {"code": m.FAULT_DISPLAY, "detail": "no memory for the display"}
    ]


def test_a_picture_without_memory_ends_the_display_and_no_invitation():
    rig = with_display()
    rig.screen.full = True
    assert rig.invite(A) == (m.ACCEPTED, None)
    rig.press(4)
    rig.run(100)
    assert [fact["fields"]["grade"] for fact in rig.facts.values() if fact["fact_kind"] == m.RATED] == [4]
    assert rig.screen.dark == 1 and told_dark(rig)


def test_short_of_memory_the_display_goes_first_and_once():
    rig = with_display()
    rig.box._updater = Short()
    for _ in range(2):
        rig.box.shed(rig.now_ms)
        rig.run(100)
    assert rig.box._updater is None
    assert rig.screen.dark == 1 and told_dark(rig)


class DarkRig(Rig):
    def display(self):
        return None


def test_a_box_whose_display_found_no_room_says_so_after_its_boot():
    rig = DarkRig()
    rig.run(200)
    assert [fact["fact_kind"] for _, fact in sorted(rig.facts.items())] == [m.BOOTED, m.FAULT]
    assert told_dark(rig)


def test_a_box_without_a_display_has_none_to_shed():
    rig = live()
    rig.box.shed(rig.now_ms)
    rig.run(100)
    assert rig.of_kind(m.FAULT) == []
