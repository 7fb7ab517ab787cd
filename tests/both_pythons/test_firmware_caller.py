"""The caller's rules, one by one, on both Pythons; and what stands on its two wires."""

from firmware.apps import caller as ca
from firmware.apps.caller import Caller
from firmware.apps.caller_keys import KEYS
from firmware.apps.errors import IllegalEventError
from firmware.drivers.keypad import MatrixKeys
from firmware.drivers.keys import PRESSED
from firmware.drivers.tm1637 import Tm1637, segments
from protocol import calling
from protocol import messages as m


def box(view="free", number="", waiting=2, short=False):
    """A caller with its hub there, showing this."""
    machine = Caller(short)
    machine.handle(("hub", True), 0)
    machine.handle(("view", view, number, waiting), 0)
    return machine


class Hand:
    """Presses keys two seconds apart, unless told otherwise."""

    def __init__(self, machine):
        self.machine = machine
        self.now_ms = 0

    def press(self, key, after_ms=2_000):
        self.now_ms += after_ms
        return self.machine.handle(("press", key), self.now_ms)

    def type(self, *keys):
        actions = []
        for key in keys:
            actions = self.press(key, 300)
        return actions

    def answer(self, code, detail=None):
        return self.machine.handle(("answer", code, detail), self.now_ms)


def asked(actions):
    """Command and arguments that are not left out."""
    return [(action[1], given(action[2])) for action in actions if action[0] == "ask"]


def given(arguments):
    return {name: value for name, value in arguments.items() if value is not None}


def logged(actions):
    return [action[1:] for action in actions if action[0] == "log"]


def sounds(actions):
    return [action[1] for action in actions if action[0] == "sound"]


def command(word, **more):
    more["command"] = word
    return [(m.WINDOW_COMMAND, more)]


def illegal(machine, event):
    try:
        machine.handle(event, 0)
    except IllegalEventError as error:
        return str(error)
    raise AssertionError("taken: %r" % (event,))


def test_each_key_asks_for_its_command():
    words = {"next": "next", "recall": "recall", "no_show": "no_show", "finish": "finish", "1": "arrive", "3": "pause"}
    words["4"] = "walk_up"
    for view in ("free", "calling", "serving"):
        for key, word in words.items():
            hand = Hand(box(view))
            assert asked(hand.press(key)) == command(word)
            assert hand.machine.state == ca.ASKING


def test_a_paused_window_is_unpaused_by_the_same_key():
    assert asked(Hand(box("paused")).press("3")) == command("unpause")


def test_four_keys_make_a_finish_of_nobody_a_walk_up():
    assert asked(Hand(box("free", short=True)).press("finish")) == command("walk_up")
    assert asked(Hand(box("serving", short=True)).press("finish")) == command("finish")
    assert asked(Hand(box("free")).press("finish")) == command("finish")


def test_one_question_at_a_time():
    hand = Hand(box())
    hand.press("next")
    assert hand.press("finish") == [] and hand.press("next") == []
    hand.answer(m.ACCEPTED)
    assert asked(hand.press("recall")) == command("recall")


def test_two_presses_within_a_second_are_one():
    hand = Hand(box())
    assert asked(hand.press("next"))
    hand.answer(m.ACCEPTED)
    assert hand.press("next", 999) == []
    assert asked(hand.press("next", 1)), "a second after the one that counted"
    hand.answer(m.ACCEPTED)
    assert asked(hand.press("finish", 100)), "another key is another wish"


def test_what_the_hub_refuses_is_said_for_a_moment():
    hand = Hand(box("free"))
    hand.press("recall")
    actions = hand.answer(m.REFUSED, "E 11")
    assert sounds(actions) == ["refuse"] and actions[-1] == ("text", "E 11")
    assert hand.machine.due(hand.now_ms + 2_499) is None
    assert hand.machine.due(hand.now_ms + 2_500) == ("note_over",)
    assert hand.machine.handle(("note_over",), hand.now_ms + 2_500) == [("text", "L  2")]


def test_no_answer_is_said_and_nothing_is_kept():
    hand = Hand(box())
    hand.press("next")
    assert hand.answer(None)[-1] == ("text", "noAn")
    assert hand.machine.handle(("view", "free", "", 2), hand.now_ms) == [("text", "noAn")]
    assert hand.machine.handle(("hub", False), hand.now_ms) == [("text", "noHb")]


def test_no_hub_is_shown_at_once_and_no_press_waits_for_it():
    hand = Hand(box())
    assert hand.machine.handle(("hub", False), 0) == [("text", "noHb")]
    for _ in range(5):
        actions = hand.press("next")
        assert asked(actions) == [] and sounds(actions) == ["refuse"]
    assert asked(hand.machine.handle(("hub", True), hand.now_ms)) == []
    assert hand.machine.text() == "L  0" and hand.machine.state == ca.FREE
    hand.machine.handle(("view", "free", "", 7), hand.now_ms)
    assert hand.machine.text() == "L  7"


def test_a_question_dies_with_the_hub():
    hand = Hand(box())
    hand.press("next")
    hand.machine.handle(("hub", False), hand.now_ms)
    hand.machine.handle(("hub", True), hand.now_ms)
    assert hand.answer(m.ACCEPTED) == [] and hand.machine.state == ca.FREE


def test_signing_in_asks_first_and_is_a_fact_then():
    hand = Hand(box("closed"))
    hand.type("1", "0", "0", "7")
    assert hand.machine.text() == "C007"
    assert asked(hand.press("ok")) == []
    assert hand.machine.text() == "P  0"
    hand.type("4", "4", "4", "4")
    assert hand.machine.text() == "P  4", "never which"
    assert asked(hand.press("ok")) == [(calling.SIGN_IN, {"staff": "1007", "pin": "4444"})]
    assert logged(hand.answer(m.ACCEPTED)) == [(calling.SIGNED_IN, {"staff": "1007", "role": calling.ROLE_A})]


def test_the_one_who_stands_in_ends_with_the_b_key():
    hand = Hand(box("closed"))
    hand.type("8", "ok", "1", "2", "3", "4", "recall")
    assert logged(hand.answer(m.ACCEPTED)) == [(calling.SIGNED_IN, {"staff": "8", "role": calling.ROLE_B})]


def test_a_wrong_pin_is_no_fact():
    hand = Hand(box("closed"))
    hand.type("8", "ok", "1", "2", "3", "4", "ok")
    assert logged(hand.answer(m.REFUSED, "E 21")) == []
    hand = Hand(box("closed"))
    hand.type("8", "ok", "1", "2", "3", "4", "ok")
    hand.machine.handle(("hub", False), hand.now_ms)
    hand.machine.handle(("hub", True), hand.now_ms)
    assert logged(hand.answer(m.ACCEPTED)) == [], "the session in which it was asked is over"


def test_half_a_code_is_forgotten():
    hand = Hand(box("closed"))
    hand.type("1", "2")
    assert hand.machine.due(hand.now_ms + 14_999) is None
    assert hand.machine.due(hand.now_ms + 15_000) == ("entry_over",)
    assert hand.machine.handle(("entry_over",), hand.now_ms + 15_000) == [("text", "----")]
    hand.type("3", "clear")
    assert hand.machine.text() == "C   "
    hand.press("clear")
    assert hand.machine.state == ca.CLOSED
    hand.type("1", "2", "3", "4", "5", "6", "7", "8")
    assert sounds(hand.press("9")) == ["refuse"]
    hand.press("ok")
    hand.machine.handle(("hub", False), hand.now_ms)
    assert hand.machine.state == ca.AWAY


def test_signing_out_is_a_fact_with_and_without_a_hub():
    for view in ("free", "paused"):
        hand = Hand(box(view))
        assert logged(hand.press("0")) == [(calling.SIGNED_OUT, {})] and hand.machine.text() == "----"
        hand = Hand(box(view))
        hand.machine.handle(("hub", False), 0)
        assert logged(hand.press("0")) == [(calling.SIGNED_OUT, {})] and hand.machine.text() == "noHb"
        assert logged(hand.press("0")) == []
    for view in ("calling", "serving", "closed"):
        hand = Hand(box(view))
        assert logged(hand.press("0")) == []
        hand.machine.handle(("hub", False), hand.now_ms)
        assert logged(hand.press("0")) == []


def test_a_transfer_names_its_target():
    hand = Hand(box("serving", "A001"))
    hand.press("2")
    assert hand.machine.text() == "t   "
    assert sounds(hand.press("ok")) == ["refuse"] and sounds(hand.press("next")) == ["refuse"]
    hand.type("1", "2")
    assert asked(hand.press("ok")) == command("transfer", to="12")
    hand.answer(m.ACCEPTED)
    hand.press("2")
    hand.type("0", "3")
    assert asked(hand.press("recall")) == command("transfer", to="03", back=True)


def test_a_beep_when_the_queue_is_empty_no_longer():
    hand = Hand(box("free", waiting=0))
    assert sounds(hand.machine.handle(("view", "free", "", 1), 0)) == ["beep"]
    assert sounds(hand.machine.handle(("view", "free", "", 2), 0)) == []
    assert sounds(hand.machine.handle(("view", "serving", "A001", 0), 0)) == []
    assert sounds(hand.machine.handle(("view", "serving", "A001", 1), 0)) == ["beep"]
    assert sounds(Hand(box("closed", waiting=0)).machine.handle(("view", "closed", "", 5), 0)) == []
    machine = box("free", waiting=0)
    machine.handle(("hub", False), 0)
    machine.handle(("hub", True), 0)
    assert sounds(machine.handle(("view", "free", "", 5), 0)) == [], "nobody knows since when"


def test_number_and_waiting_take_turns():
    machine = box("serving", "A012", 1234)
    assert machine.text() == "A012" and machine.due(3_999) is None
    assert machine.due(4_000) == ("page_over",)
    assert machine.handle(("page_over",), 4_000) == [("text", "L999")]
    assert machine.due(5_500) == ("page_over",)
    assert machine.handle(("page_over",), 5_500) == [("text", "A012")]
    machine.handle(("page_over",), 9_500)
    assert machine.handle(("view", "calling", "B001", 3), 9_600) == [("text", "B001")]


def test_faults_light_up_and_go():
    machine = box()
    assert machine.handle(("fault", m.FAULT_DISPLAY), 0) == [
        ("light", True),
        ("sound", "refuse"),
        ("text", "F 07"),
    ]
    assert machine.handle(("recovered", m.FAULT_DISPLAY), 0) == [("light", False)]


def test_every_state_has_its_row_and_nothing_else_is_taken():
    assert set(ca.TABLE) == set(ca.SHORT_TABLE)
    for state in ca.TABLE:
        machine = box()
        machine.state = state
        for key in KEYS:
            machine.handle(("press", key), 100_000 + 2_000 * KEYS.index(key))
            machine.state = state
    machine = box()
    before = (machine.state, machine.text())
    assert "state free" in illegal(machine, ("sneeze",))
    illegal(machine, ("view", "free"))
    illegal(machine, ("entry_over",))
    illegal(machine, ("press", "F13"))
    assert (machine.state, machine.text()) == before


# --- the drivers


class Wire:
    """An open-drain pin: what anybody pulls down is low."""

    def __init__(self, changed):
        self.level = 1
        self.pulled = False
        self._changed = changed

    def value(self, level=None):
        if level is None:
            return 0 if self.pulled else self.level
        before = self.level
        self.level = level
        if level != before:
            self._changed()
        return None


class Chip:
    """A TM1637 by its data sheet, for both Pythons: bytes by start, clock and stop."""

    def __init__(self, there=True):
        self.clk = Wire(self.clocked)
        self.dio = Wire(self.moved)
        self.dio.pulled = False
        self.there = there
        self.messages = []
        self.bits = []
        self.open = False

    def clocked(self):
        self.dio.pulled = self.there and self.open and len(self.bits) == 8
        if self.clk.level and self.open:
            if len(self.bits) == 8:
                self.messages[-1].append(sum([bit << place for place, bit in enumerate(self.bits)]))
                self.bits = []
            else:
                self.bits.append(self.dio.level)

    def moved(self):
        if self.clk.level and not self.dio.level:
            self.open = True
            self.bits = []
            self.messages.append([])
        elif self.clk.level:
            self.open = False


def test_a_display_gets_its_bytes_as_the_data_sheet_says():
    chip = Chip()
    display = Tm1637(chip.clk, chip.dio, lambda: None)
    assert display.show("A012")
    digits = [segments(character) for character in "A012"]
    assert chip.messages == [[0x40], [0xC0] + digits, [0x8C]] and not chip.open
    assert digits == [0x77, 0x3F, 0x06, 0x5B]
    assert display.show("L") and chip.messages[-2] == [0xC0, 0x38, 0, 0, 0]
    assert segments("?") == 0 and segments("N") == segments("n") and segments("G") == 0


def test_a_display_that_is_gone_is_noticed():
    chip = Chip(there=False)
    assert not Tm1637(chip.clk, chip.dio, lambda: None).show("A012")


class Column:
    def __init__(self, rows, held):
        self._rows = rows
        self._held = held

    def value(self):
        return 0 if any(self._rows[row].level == 0 for row in self._held) else 1


class Row:
    def __init__(self):
        self.level = 1

    def value(self, level):
        self.level = level


def test_a_matrix_tells_its_keys_apart():
    rows = [Row() for _ in range(4)]
    held = [[], [], [], []]
    columns = [Column(rows, held[index]) for index in range(4)]
    keys = MatrixKeys(rows, columns, KEYS, 0)
    now_ms = 0
    assert [row.level for row in rows] == [0, 0, 0, 0], "any key is felt"
    for index in range(16):
        row, column = divmod(index, 4)
        held[column].append(row)
        events = []
        for _ in range(5):
            now_ms += 5
            events += keys.scan(now_ms)
        assert events == [(PRESSED, KEYS[index])], index
        held[column].remove(row)
        for _ in range(5):
            now_ms += 5
            assert keys.scan(now_ms) == []
        assert not keys.deaf and [each.level for each in rows] == [0, 0, 0, 0]
