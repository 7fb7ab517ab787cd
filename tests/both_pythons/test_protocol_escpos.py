"""What printers say: status in whole answers, in pieces, in noise; and the template's bytes on both Pythons."""

from protocol import escpos, ticket


def status(*asked):
    made = escpos.Status()
    for number in asked:
        made.asked(number)
    return made


def test_a_good_printer():
    made = status(1, 2, 4)
    made.feed(b"\x12\x12\x12")
    assert made.worst == escpos.OK
    assert (made.answers, made.waiting, made.noise) == (3, False, 0)


def test_each_cause_by_its_own_question():
    for number, byte, worst in (
        (1, 0x1A, escpos.OFFLINE),
        (2, 0x16, escpos.COVER_OPEN),
        (2, 0x32, escpos.PAPER_OUT),
        (2, 0x52, escpos.FAULT),
        (4, 0x72, escpos.PAPER_OUT),
    ):
        made = status(number)
        made.feed(bytes((byte,)))
        assert made.worst == worst, (number, byte)


def test_low_paper_is_no_fault():
    made = status(4)
    made.feed(b"\x1e")
    assert (made.paper_low, made.worst) == (True, escpos.OK)


def test_status_that_comes_by_itself_in_pieces():
    made = status()
    for byte in b"\x3c\x00\x0f\x00":
        made.feed(bytes((byte,)))
    assert (made.offline, made.cover_open, made.paper_out, made.answers) == (True, True, True, 1)
    made.feed(b"\x14\x00\x00\x0f")
    assert made.worst == escpos.OK
    made.feed(b"\x14\x08\x00\x00")
    assert made.worst == escpos.FAULT


def test_an_answer_within_an_automatic_status_is_no_part_of_it():
    made = status(1)
    made.feed(b"\x14\x00\x12\x14\x00\x00\x00")
    assert (made.answers, made.noise) == (2, 1)


def test_through_is_counted_and_brings_the_paper_sensors():
    made = status()
    made.feed(b"\x00")
    assert (made.through, made.worst) == (1, escpos.OK)
    made.feed(b"\x0c")
    assert (made.through, made.worst) == (2, escpos.PAPER_OUT)


def test_either_sensor_is_enough_for_low_and_for_out():
    for third, low, out in ((0x00, 0, 0), (0x01, 1, 0), (0x02, 1, 0), (0x03, 1, 0), (0x04, 1, 1), (0x08, 1, 1)):
        made = status()
        made.feed(bytes([0x10, 0x00, third, 0x00]))
        assert (made.paper_low, made.paper_out) == (bool(low), bool(out)), third
        made = status()
        made.feed(bytes([third]))
        assert (made.paper_low, made.paper_out) == (bool(low), bool(out)), third
        made = status(4)
        made.feed(bytes([0x12 | (third & 0x03) << 2 | (third & 0x0C) << 3]))
        assert (made.paper_low, made.paper_out) == (bool(low), bool(out)), third


def test_noise_says_nothing():
    made = status()
    made.feed(b"\xff\x80\x13\x11\x12")
    assert (made.answers, made.through, made.worst) == (0, 0, escpos.OK)
    assert made.noise == 5


def test_a_forgotten_question_takes_no_later_answer():
    made = status(4)
    made.forget()
    made.feed(b"\x72")
    assert (made.worst, made.noise) == (escpos.OK, 1)


def test_the_commands_bytes():
    assert escpos.size(8, 8) == b"\x1d!\x77"
    code = escpos.qr(b"ab", 6)
    assert code == (b"\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x06\x1d(k\x03\x001E1\x1d(k\x05\x001P0ab\x1d(k\x03\x001Q0")
    assert escpos.columns(b"A\xb0\xa1\x81\x39\xef\x30") == 5


def test_a_ticket_is_the_same_on_both_pythons():
    words = tuple([("w%d" % at).encode() for at in range(len(ticket.WORDS))])
    paper = ticket.Ticket(b"A017", b"\xc9\xe7\xb1\xa3", b"http://h/t/x", b"2026-11-26 09:30")
    paper.ahead = 3
    paper.zone = b"2F"
    data = ticket.render(words, paper, ticket.NARROW)
    assert data.startswith(b"\x1b@\x1c&\x1ba\x01\x1bE\x01\x1d!\x11\xc9\xe7\xb1\xa3\n")
    assert b"\x1d!\x55A017\n" in data
    assert b"       w0              w4       \n" in data
    assert data.endswith(b"w8\n2026-11-26 09:30\n\x1bd\x01\x1dVB\x00")
    assert len(data) == 311
    assert ticket.void(words, b"A017", 32).count(b"A017") == 1


def test_the_hour_of_a_paper_that_a_box_prints_alone():
    for unix_min, text in (
        (0, b"1970-01-01 00:00"),
        (15778079, b"1999-12-31 23:59"),
        (15863794, b"2000-02-29 12:34"),
        (15864480, b"2000-03-01 00:00"),
        (28487519, b"2024-02-29 23:59"),
        (29920962, b"2026-11-21 10:42"),
        (29979359, b"2026-12-31 23:59"),
        (29979360, b"2027-01-01 00:00"),
        (68459041, b"2100-03-01 00:01"),
    ):
        assert ticket.at_text(unix_min) == text
