"""The event log at its very bounds: the last byte that fits, the first that doesn't, and what its errors say."""

from firmware.eventlog import EventLog, file_name
from firmware.records import LogError, LogFullError
from protocol import messages
from tests.both_pythons.cut_files import Memory
from tests.both_pythons.test_firmware_eventlog import raises, rate, run

RATED_BYTES = 23
CONTEXT_BYTES = 18
BULK_BYTES = 16_368
FAULT_BYTES = 14  # with an empty text
RESERVE_BYTES = 512
LONGEST_BYTES = 124
SPARE_BYTES = 8192


def fresh(room):
    """An empty log with so many bytes left."""
    memory = Memory()
    return memory, EventLog(memory, log_bytes=EventLog(Memory()).used_bytes() + room)


def test_there_is_room_while_the_longest_fact_fits_beside_the_reserve():
    _, log = fresh(LONGEST_BYTES + RESERVE_BYTES)
    assert log.has_room
    _, log = fresh(LONGEST_BYTES + RESERVE_BYTES - 1)
    assert not log.has_room


def test_a_rating_fits_to_the_last_byte_and_not_one_further():
    _, log = fresh(RATED_BYTES + RESERVE_BYTES)
    rate(log, 1)
    error = raises(LogFullError, rate, log, 2)
    assert "%d of %d bytes used" % (log.used_bytes(), log.used_bytes()) in str(error)
    assert "kind %d" % messages.RATED in str(error)
    _, log = fresh(RATED_BYTES + RESERVE_BYTES - 1)
    raises(LogFullError, rate, log, 1)
    assert log.next == 1


def test_the_reserve_is_for_faults_and_the_open_invitations_end_alone():
    for room, fits in ((RATED_BYTES, True), (RATED_BYTES - 1, False)):
        _, log = fresh(room)
        log.open_invitation(run(1))
        raises(LogFullError, rate, log, 2)  # another's
        raises(LogFullError, log.append, messages.IGNORED, 1, why=messages.IGNORED_REPEATED)
        if fits:
            assert rate(log, 1) == 1
            assert log.open_run is None
        else:
            raises(LogFullError, rate, log, 1)
            assert log.open_run == run(1)
    for kind, fields, size in (
        (messages.FAULT, {"code": messages.FAULT_LOG_FULL, "detail": ""}, FAULT_BYTES),
        (messages.RECOVERED, {"code": messages.FAULT_LOG_FULL}, FAULT_BYTES - 1),
    ):
        _, log = fresh(size)
        assert log.append(kind, 1, **fields) == 1
        _, log = fresh(size - 1)
        raises(LogFullError, log.append, kind, 1, **fields)
    _, log = fresh(RESERVE_BYTES)
    log.open_invitation(run(1))
    raises(LogFullError, log.append, messages.IGNORED, 1, why=messages.IGNORED_REPEATED)
    assert log.append(messages.UNRATED, 1, run=run(1), reason=messages.UNRATED_TIMEOUT) == 1
    assert log.open_run is None


def test_fullness_is_told_in_thousandths_and_never_above_them():
    _, log = fresh(1000 - EventLog(Memory()).used_bytes())
    assert log.fill_permille == log.used_bytes()
    rate(log, 1)
    assert log.fill_permille == log.used_bytes() == EventLog(Memory()).used_bytes() + RATED_BYTES
    memory = Memory()
    memory.free = SPARE_BYTES // 2
    log = EventLog(memory)
    assert log.fill_permille == 1000 and not log.has_room
    raises(LogFullError, rate, log, 1)


def test_a_crowded_volume_is_used_up_to_what_littlefs_needs_itself():
    memory = Memory()
    memory.free = SPARE_BYTES + 600
    log = EventLog(memory)
    used = log.used_bytes()
    assert log.fill_permille == used * 1000 // 600
    while True:
        try:
            rate(log, 1)
        except LogFullError:
            break
    assert 600 - RESERVE_BYTES - RATED_BYTES < log.used_bytes() <= 600 - RESERVE_BYTES


def test_the_last_sixteen_ended_runs_are_remembered():
    _, log = fresh(100_000)
    for n in range(1, 18):
        rate(log, n)
    assert log.ended_runs == [run(n) for n in range(2, 18)]


def test_new_numbers_are_counted_and_leave_one_mark():
    memory, log = fresh(100_000)
    rate(log, 1)
    assert log.renumbered == 0
    log.advance(10)
    log.advance(20)
    assert log.renumbered == 2
    assert [name for name in memory.files if name[0] == "s"] == [file_name("s", 19)]
    assert (log.oldest, log.next) == (20, 21)
    assert log.read(20)["fields"]["run"] == run(1)
    log = EventLog(memory)
    assert (log.oldest, log.next) == (20, 21)
    raises(LogError, log.advance, 21)
    log.advance(22)
    assert log.oldest == 22


def test_errors_name_the_numbers():
    _, log = fresh(100_000)
    for n in range(1, 4):
        rate(log, n)
    log.trim(1)
    assert str(raises(LogError, log.trim, 4)) == "trim through 4, but the last fact is 3"
    assert str(raises(LogError, log.read, 1)) == "fact 1 is not in the log, which holds 2 to 3"
    assert str(raises(LogError, log.read, 4)) == "fact 4 is not in the log, which holds 2 to 3"
    assert str(raises(LogError, log.advance, 4)) == "advance to 4, but the next fact is already 4"
    log.open_invitation(run(0x1F))
    assert str(raises(LogError, log.open_invitation, run(2))) == (
        "invitation 000000000000001f is still open: log its end first"
    )
    assert log.open_run == run(0x1F)


def test_a_tail_that_refuses_is_an_error_and_no_number():
    memory, log = fresh(100_000)
    rate(log, 1)
    append = memory.append

    def refuses(name, data):
        raise OSError(28)

    memory.append = refuses
    error = raises(LogError, rate, log, 2)
    assert not isinstance(error, LogFullError) and "28" in str(error) and "restart" in str(error)
    assert log.next == 2
    memory.append = append
    log = EventLog(memory)
    assert log.next == 2 and rate(log, 2) == 2


def test_a_bulk_that_refuses_is_an_error_and_loses_nothing():
    memory, log = fresh(100_000)
    append = memory.append

    def refuses(name, data):
        if name[0] == "b":
            raise OSError(28)
        append(name, data)

    memory.append = refuses
    n = 0
    while True:
        try:
            rate(log, n + 1)
        except LogError as error:
            assert "b1" in str(error) and "28" in str(error)
            break
        n += 1
    memory.append = append
    log = EventLog(memory)
    assert [log.read(number)["fields"]["run"] for number in range(1, log.next)] == [run(m) for m in range(1, n + 1)]


def test_a_file_goes_when_its_last_fact_is_acknowledged_and_not_before():
    memory, log = fresh(100_000)
    for n in range(1, 901):
        rate(log, n)
    firsts = sorted([int(name[1:], 16) for name in memory.files if name[0] == "b"])
    assert len(firsts) == 2
    log.read(1)  # a reader stands in the first file
    log.trim(firsts[1] - 2)
    assert file_name("b", firsts[0]) in memory.files
    assert log.read(firsts[1] - 1)["fields"]["run"] == run(firsts[1] - 1)
    log.trim(firsts[1] - 1)
    assert file_name("b", firsts[0]) not in memory.files
    assert log.read(firsts[1])["fields"]["run"] == run(firsts[1])
    assert log.used_bytes() == sum([len(data) for name, data in memory.files.items() if name[0] in "bt"])


def test_marks_are_names_alone():
    memory, log = fresh(100_000)
    rate(log, 1)
    log.open_invitation(run(2))
    log.advance(9)
    for name, data in memory.files.items():
        assert (name[0] in "osk") == (len(data) == 0), name


def test_the_last_file_grows_on_when_those_before_it_go():
    memory, log = fresh(100_000)
    for n in range(1, 901):
        rate(log, n)
    last = max([int(name[1:], 16) for name in memory.files if name[0] == "b"])
    log.trim(last)
    size = len(memory.files[file_name("b", last)])
    for n in range(901, 921):
        rate(log, n)
    assert [name for name in memory.files if name[0] == "b"] == [file_name("b", last)]
    assert len(memory.files[file_name("b", last)]) > size
    log.trim(920)
    assert not [name for name in memory.files if name[0] == "b"]


def test_reading_in_order_looks_at_each_byte_about_once():
    memory, log = fresh(100_000)
    for n in range(1, 501):
        rate(log, n)
    took = []
    shipped = memory.read

    def read(name, at, size):
        data = shipped(name, at, size)
        took.append(len(data))
        return data

    memory.read = read
    for n in range(1, 501):
        assert log.read(n)["fields"]["run"] == run(n)
    assert sum(took) < 3 * log.used_bytes()


def test_the_longest_fact_that_a_box_tells_fits_one_record():
    _, log = fresh(100_000)
    texts = {"reset_cause": "c" * 10, "interpreter": "i" * 52, "firmware": "f" * 18, "board": "b" * 10}
    assert log.append(messages.BOOTED, (1 << 40) - 1, **texts) == 1
    assert log.read(1)["fields"] == texts


def test_a_new_anchor_counts_when_room_is_looked_for():
    for room, fits in ((CONTEXT_BYTES + RATED_BYTES + RESERVE_BYTES, True), (RATED_BYTES + RESERVE_BYTES, False)):
        _, log = fresh(room)
        log.note_anchor(1_800_000_000_000, True)
        if fits:
            rate(log, 1)
        else:
            raises(LogFullError, rate, log, 1)
    _, log = fresh(CONTEXT_BYTES + RATED_BYTES + RESERVE_BYTES - 1)
    log.note_anchor(1_800_000_000_000, True)
    raises(LogFullError, rate, log, 1)


def test_a_tail_is_filled_to_its_last_byte_and_never_above_it():
    tail_bytes = CONTEXT_BYTES + 4 * RATED_BYTES
    memory = Memory()
    log = EventLog(memory, tail_bytes=tail_bytes)
    for n in range(1, 5):
        rate(log, n)
    assert len(memory.files[file_name("t", 1)]) == tail_bytes
    rate(log, 5)
    assert len(memory.files[file_name("t", 5)]) == CONTEXT_BYTES + RATED_BYTES
    for n in range(6, 60):
        log.note_anchor(1_800_000_000_000 + 1_000 * n, True)
        rate(log, n)
        assert max([len(data) for name, data in memory.files.items() if name[0] == "t"]) <= tail_bytes
    assert [log.read(n)["fields"]["run"] for n in range(1, 60)] == [run(n) for n in range(1, 60)]


def test_a_file_is_filled_to_its_last_byte_and_never_above_it():
    # Twenty contexts and 696 ratings take 16,368 bytes.
    memory, log = fresh(100_000)
    for n in range(1, 901):
        if n <= 20:
            log.note_anchor(1_800_000_000_000 + 1_000 * n, True)
        rate(log, n)
    sizes = {name: len(data) for name, data in memory.files.items() if name[0] == "b"}
    assert sorted(sizes) == [file_name("b", 1), file_name("b", 697)]
    assert sizes[file_name("b", 1)] == BULK_BYTES
    memory, log = fresh(100_000)
    for n in range(1, 901):
        log.note_anchor(1_800_000_000_000 + 1_000 * n, True)
        rate(log, n)
    sizes = [len(data) for name, data in memory.files.items() if name[0] == "b"]
    assert len(sizes) > 2 and max(sizes) <= BULK_BYTES
    assert [log.read(n)["fields"]["run"] for n in range(1, 901)] == [run(n) for n in range(1, 901)]


def test_a_fact_written_after_new_numbers_is_told_under_its_new_one():
    _, log = fresh(100_000)
    rate(log, 1)
    log.advance(50)
    assert rate(log, 2) == 51
    assert log.read(51)["fields"]["run"] == run(2)


def test_a_rotten_context_names_no_boot_and_a_rotten_fact_no_time():
    memory = Memory()
    for _ in range(3):
        log = EventLog(memory)
        rate(log, log.next)
    log = EventLog(memory)  # the fourth boot: none of the three facts is this one's
    for n in range(4, 120):
        rate(log, n)
    memory.files["b1"][8] ^= 0x40  # in the first context
    memory.files["b1"][CONTEXT_BYTES + 8] ^= 0x40  # in the first fact
    log = EventLog(memory)
    first = log.read(1)
    assert (first["fact_kind"], first["uptime_ms"], first["boot"]) == (messages.FAULT, 0, 0)
    assert first["boot_at_ms"] is None and not first["boot_at_sure"]
    assert log.read(2)["boot"] == 2
