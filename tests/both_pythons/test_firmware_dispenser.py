"""The dispenser's decisions on both Pythons: what the lamps say, what is printed, what is told."""

from firmware.apps import dispenser as app
from firmware.drivers.printer import NO_ANSWER
from protocol import dispensing, escpos
from protocol import messages as m

LEASE = b"lease..1"


def service(name, is_open=True):
    return {"service": name, "prefix": name, "open": is_open, "matter": b"m", "matter_en": b"", "zone": b""}


def make(lease, key, number):
    return lease[:6] + bytes((key, number & 0xFF)), "token-%d" % number


def values(asked, number="A001"):
    return {
        "ticket": b"ticket.1",
        "asked": asked,
        "service": "A",
        "number": number,
        "token": "t",
        "ahead": 2,
        "wait": "",
        "at": "",
        "training": False,
    }


class Rig:
    """A dispenser with two services, a good printer and a hub."""

    def __init__(self):
        self.app = app.Dispenser(make)
        self.now_ms = 0
        self.lamps = None
        self.do("service", 1, service("A"))
        self.do("service", 2, service("B"))
        self.do("ready")
        self.do("hub", True)
        self.do("trouble", escpos.OK)

    def do(self, *event):
        actions = self.app.handle(event, self.now_ms)
        self.lamps = actions.pop()[1:]
        return actions

    def due(self, after_ms):
        self.now_ms += after_ms
        event = self.app.due(self.now_ms)
        return None if event is None else self.do(*event)

    def lend(self, first=990, last=992, lease=LEASE):
        return self.do("lease", lease, 60000, [(1, (first, last))], 5)

    def away(self):
        self.do("hub", False)

    def names(self, actions):
        return [action[0] for action in actions]


def test_the_lamps_of_open_services_are_lit_and_the_red_one_is_dark():
    rig = Rig()
    assert rig.lamps == ([1, 2], False)
    rig.do("service", 2, service("B", False))
    assert rig.lamps == ([1], False)
    rig.do("service", 2, service(""))
    assert rig.lamps == ([1], False)


def test_a_number_is_asked_printed_and_told():
    rig = Rig()
    assert rig.do("press", 1) == [("ask", "A")]
    assert rig.lamps[0] == []
    rig.do("asked", 7)
    paper, answer = rig.do("print", values(7), 3)
    assert paper[0] == "paper" and paper[1].values["number"] == "A001"
    assert answer == ("answer", 3, m.ACCEPTED, None)
    assert rig.app.run == b"ticket.1"
    assert rig.do("answer", 7, m.ACCEPTED) == []
    told, sound = rig.do("printed")
    assert told[0] == "told" and told[2] == 0 and sound == ("sound", "thanks")
    assert rig.app.state == app.READY and rig.app.run is None


def test_a_press_while_one_is_under_way_is_the_same_persons():
    rig = Rig()
    rig.do("press", 1)
    assert rig.do("press", 2) == []
    rig.do("asked", 7)
    rig.do("print", values(7), 3)
    assert rig.do("press", 2) == []


def test_a_refused_number_and_one_that_never_comes_say_so_with_the_red_lamp():
    rig = Rig()
    rig.do("press", 1)
    rig.do("asked", 7)
    assert rig.do("answer", 7, m.REFUSED) == [("sound", "refuse")]
    assert rig.lamps == ([1, 2], True)
    rig.due(3000)
    assert rig.lamps == ([1, 2], False)
    rig.do("press", 1)
    rig.do("asked", 8)
    assert rig.due(app.ASK_MS) == [("sound", "refuse")]
    # Its paper comes too late: nobody waits for it any more.
    assert rig.do("print", values(8), 4) == [("answer", 4, m.ENDED, "nobody waits for it")]


def test_a_session_that_ends_under_the_press_ends_the_wait():
    rig = Rig()
    rig.do("press", 1)
    assert rig.do("answer", None, m.FAILED) == [("sound", "refuse")]
    assert rig.app.state == app.READY


def test_trouble_darkens_the_keys_before_the_press():
    rig = Rig()
    rig.do("trouble", escpos.PAPER_OUT)
    assert rig.lamps == ([], True)
    assert rig.do("press", 1) == [("sound", "refuse")]
    rig.do("trouble", escpos.OK)
    rig.due(3000)
    assert rig.lamps == ([1, 2], False)


def test_paper_that_ran_out_after_the_press_refuses_the_number():
    rig = Rig()
    rig.do("press", 1)
    rig.do("asked", 7)
    rig.do("trouble", escpos.PAPER_OUT)
    assert rig.do("print", values(7), 3)[0] == ("answer", 3, m.REFUSED, "printer")
    assert rig.app.state == app.READY


def test_a_failed_paper_is_told_and_voided_when_the_printer_is_good_again():
    rig = Rig()
    rig.do("press", 1)
    rig.do("asked", 7)
    rig.do("print", values(7), 3)
    rig.do("trouble", escpos.PAPER_OUT)
    told = rig.do("failed", escpos.PAPER_OUT)[0]
    assert told[0] == "told" and told[2] == dispensing.PRINT_PAPER_OUT
    assert rig.lamps == ([], True)
    assert rig.do("trouble", escpos.OK) == [("void", "A001")]
    assert rig.app.state == app.VOIDING
    assert rig.do("press", 1) == []
    rig.do("printed")
    rig.due(3000)
    assert rig.lamps == ([1, 2], False)


def test_a_printer_that_never_says_through_gets_three_void_slips_and_no_more():
    rig = Rig()
    rig.do("press", 1)
    rig.do("asked", 7)
    rig.do("print", values(7), 3)
    actions = rig.do("failed", NO_ANSWER)
    for _ in range(2):
        assert ("void", "A001") in actions
        actions = rig.do("failed", NO_ANSWER)
    assert ("void", "A001") in actions
    assert rig.do("failed", NO_ANSWER) == []
    assert rig.app.state == app.READY


def test_a_ticket_that_a_restart_cut_off_is_voided_once_all_is_told():
    rig = Rig()
    other = app.Dispenser(make)
    other.handle(("spoilt", "A001"), 0)
    other.handle(("trouble", escpos.OK), 0)
    assert other.state == app.READY
    assert ("void", "A001") in other.handle(("ready",), 0)
    assert rig.app.state == app.READY


def test_hub_away_without_a_lease_the_keys_are_dark():
    rig = Rig()
    rig.away()
    assert rig.lamps == ([], True)


def test_hub_away_with_a_lease_its_numbers_go_on_until_they_are_given():
    rig = Rig()
    assert rig.lend() == [("answer", 5, m.ACCEPTED, None)]
    rig.away()
    assert rig.lamps == ([1], False)
    for number in (990, 991, 992):
        (paper,) = rig.do("press", 1)
        job = paper[1]
        assert job.values["number"] == "A%d" % number and job.lease == (LEASE, number)
        assert job.values["ahead"] is None and job.values["token"] == "token-%d" % number
        rig.do("printed")
    assert rig.lamps == ([], True)
    assert rig.do("press", 1) == [("sound", "refuse")]


def test_a_lease_ends_after_its_time_and_says_so():
    rig = Rig()
    rig.lend()
    rig.away()
    assert rig.app.deadline_ms() == 60000
    assert rig.due(59999) is None
    assert rig.lamps == ([1], False)
    rig.due(1)
    assert rig.lamps == ([], True)
    assert rig.do("press", 1) == [("sound", "refuse")]
    assert rig.app.deadline_ms() == rig.now_ms + 3000


def test_the_same_lease_again_gives_no_number_twice():
    rig = Rig()
    rig.lend()
    rig.away()
    rig.do("press", 1)
    rig.do("printed")
    rig.do("hub", True)
    rig.lend()
    rig.away()
    assert rig.do("press", 1)[0][1].values["number"] == "A991"
    rig.do("printed")
    rig.lend(970, 979, b"lease..2")
    assert rig.do("press", 1)[0][1].values["number"] == "A970"


def test_the_clerk_has_the_last_ticket_again():
    rig = Rig()
    assert rig.do("press", app.CLERK) == [("sound", "refuse")]
    assert rig.do("reprint", 9) == [("answer", 9, m.REFUSED, "no ticket to print again")]
    rig.do("press", 1)
    rig.do("asked", 7)
    rig.do("print", values(7), 3)
    assert rig.do("reprint", 9)[0][2] == m.REFUSED
    rig.do("printed")
    (paper,) = rig.do("press", app.CLERK)
    assert paper[1].reprint and paper[1].values["number"] == "A001"
    assert rig.app.run is None
    rig.do("printed")
    assert rig.names(rig.do("reprint", 9)) == ["answer", "paper"]


def test_a_full_log_stops_the_papers():
    rig = Rig()
    rig.do("fault", m.FAULT_LOG_FULL)
    assert rig.lamps == ([], True)
    rig.do("fault", m.FAULT_STUCK_KEY)
    rig.do("recovered", m.FAULT_LOG_FULL)
    assert rig.lamps == ([1, 2], False)


def test_every_state_has_its_number():
    assert {state for state, _ in app.TABLE} | set(app.TABLE.values()) == set(app.APP_STATES)
