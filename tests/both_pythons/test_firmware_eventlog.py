"""The event log on both Pythons: numbers, contexts, moves, cuts at any byte, rot."""

from firmware.eventlog import EventLog, file_name
from firmware.logfile import pack_record
from firmware.records import LogError, LogFullError, clip, decode_body, encode_body
from protocol import messages
from tests.both_pythons.cut_files import CutError, Memory

RUN = b"\x01\x02\x03\x04\x05\x06\x07\x08"


def raises(error, function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except error as caught:
        return caught
    raise AssertionError("no %s" % error.__name__)


def run(n):
    return n.to_bytes(8, "big")


def rate(log, n, grade=5):
    return log.append(messages.RATED, 1000 * n, run=run(n), grade=grade, pressed_after_ms=n & 0xFFFF)


def runs_in(log):
    return [log.read(n)["fields"]["run"] for n in range(log.oldest, log.next)]


def test_body_round_trip():
    facts = [
        (
            messages.BOOTED,
            {"reset_cause": "power on", "interpreter": "x" * 52, "firmware": "0.1.0", "board": "rpi_pico"},
        ),
        (messages.RATED, {"run": RUN, "grade": 1, "pressed_after_ms": 65535}),
        (messages.UNRATED, {"run": RUN, "reason": messages.UNRATED_TIMEOUT}),
        (messages.IGNORED, {"why": messages.IGNORED_REPEATED}),
        (messages.KEY_TESTED, {"keys_ok": 31}),
        (messages.FAULT, {"code": messages.FAULT_STUCK_KEY, "detail": "键 3"}),
        (messages.RECOVERED, {"code": messages.FAULT_STUCK_KEY}),
    ]
    for kind, fields in facts:
        for uptime_ms in (0, 1, (1 << 40) - 1):
            assert decode_body(encode_body(kind, uptime_ms, fields)) == (kind, uptime_ms, fields)


def test_a_fact_of_another_firmware_is_told_and_blocks_nothing():
    memory = Memory()
    log = EventLog(memory)
    rate(log, 1)
    body = b"\x63" + bytes(10)
    memory.append(file_name("t", 1), pack_record(2, body))
    log = EventLog(memory)
    rate(log, 3)
    assert log.read(2)["fields"] == {"code": messages.FAULT_LOG_DAMAGED, "detail": "fact 2"}
    assert log.read(3)["fields"]["run"] == run(3)


def test_body_says_what_is_wrong():
    raises(LogError, encode_body, 99, 0, {})
    raises(LogError, encode_body, messages.RATED, 0, {"run": RUN, "grade": 5})
    raises(LogError, encode_body, messages.RATED, 0, {"run": RUN, "grade": 5, "why": 1})
    raises(LogError, encode_body, messages.RATED, 0, {"run": RUN, "grade": 256, "pressed_after_ms": 0})
    raises(LogError, encode_body, messages.RATED, 0, {"run": b"short", "grade": 5, "pressed_after_ms": 0})
    raises(LogError, encode_body, messages.IGNORED, 1 << 40, {"why": 1})
    raises(LogError, encode_body, messages.FAULT, 0, {"code": 1, "detail": "x" * 65})
    assert decode_body(b"\x63" + bytes(10)) is None
    assert clip("好差评", 7) == "好差"


def test_every_grade_has_one_length():
    bodies = [encode_body(messages.RATED, 5, {"run": RUN, "grade": g, "pressed_after_ms": 1}) for g in range(1, 6)]
    assert [len(body) for body in bodies] == [17] * 5


def test_first_start_is_empty():
    log = EventLog(Memory())
    assert (log.oldest, log.next, log.boot, log.open_run) == (1, 1, 1, None)
    assert log.has_room


def test_facts_come_back_with_boot_and_anchor():
    memory = Memory()
    log = EventLog(memory)
    log.append(messages.IGNORED, 10, why=messages.IGNORED_NOT_INVITED)
    log.note_anchor(1_800_000_000_000, True)
    assert rate(log, 7) == 2
    log.note_anchor(1_800_000_000_100, True)  # a tenth of a second: not worth writing
    rate(log, 8)
    log.note_anchor(1_800_000_001_000, False)
    rate(log, 9)
    assert [log.read(n)["boot_at_ms"] for n in range(1, 5)] == [1_800_000_001_000] * 4  # this boot: the newest anchor
    log = EventLog(memory)
    assert log.boot == 2
    facts = [log.read(n) for n in range(log.oldest, log.next)]
    assert [fact["boot"] for fact in facts] == [1, 1, 1, 1]
    assert [fact["boot_at_ms"] for fact in facts] == [None, 1_800_000_000_000, 1_800_000_000_000, 1_800_000_001_000]
    assert [fact["boot_at_sure"] for fact in facts] == [False, True, True, False]
    assert facts[1] == {
        "fact_kind": messages.RATED,
        "boot": 1,
        "uptime_ms": 7000,
        "boot_at_ms": 1_800_000_000_000,
        "boot_at_sure": True,
        "fields": {"run": run(7), "grade": 5, "pressed_after_ms": 7},
    }
    rate(log, 10)
    assert log.read(5)["boot"] == 2 and log.read(5)["boot_at_ms"] is None


def test_a_slow_drift_of_the_anchor_is_written_too():
    memory = Memory()
    log = EventLog(memory)
    for n in range(1, 9):
        log.note_anchor(1_800_000_000_000 + 100 * n, True)
        rate(log, n)
    log = EventLog(memory)
    for n in range(1, 9):
        assert abs(log.read(n)["boot_at_ms"] - (1_800_000_000_000 + 100 * n)) < 250


def test_many_facts_over_many_files_in_any_order_of_reading():
    memory = Memory()
    log = EventLog(memory)
    for n in range(1, 1001):
        rate(log, n)
    assert len(memory.files) == 4 and max([len(data) for data in memory.files.values()]) <= 16_368
    for again in (log, EventLog(memory)):
        assert runs_in(again) == [run(n) for n in range(1, 1001)]
        for n in (1000, 1, 500, 499, 177, 178, 1000, 2):
            assert again.read(n)["fields"]["run"] == run(n)


def test_trim_gives_space_back_and_the_number_survives_an_emptied_log():
    memory = Memory()
    log = EventLog(memory)
    for n in range(1, 1501):
        rate(log, n)
    used = log.fill_permille
    log.trim(1400)
    assert log.oldest == 1401 and log.fill_permille < used * 2 // 3
    assert runs_in(log) == [run(n) for n in range(1401, 1501)]
    raises(LogError, log.read, 1400)
    raises(LogError, log.trim, 1501)
    log.trim(1500)
    log.trim(3)
    assert (log.oldest, log.next) == (1501, 1501)
    log = EventLog(memory)
    assert log.next == 1501 and log.oldest > 1480
    log.trim(1500)
    for n in range(1501, 1600):
        rate(log, n)
        log.trim(n)
    assert EventLog(memory).next == 1600
    assert not [name for name in memory.files if name[0] == "b"]


def test_advance_renumbers_what_is_unsent_and_keeps_it_after_a_restart():
    memory = Memory()
    log = EventLog(memory)
    for n in range(1, 31):
        rate(log, n)
    log.trim(10)
    log.advance(5000)
    assert (log.oldest, log.next) == (5000, 5020)
    assert runs_in(log) == [run(n) for n in range(11, 31)]
    raises(LogError, log.advance, 5020)
    log = EventLog(memory)
    assert log.next == 5020 and log.oldest <= 5000
    log.trim(4999)
    assert runs_in(log) == [run(n) for n in range(11, 31)]
    log.trim(5019)
    log.advance(6000)
    assert (log.oldest, log.next) == (6000, 6000)
    assert EventLog(memory).next == 6000


def test_the_open_invitation_ends_only_by_its_own_fact():
    memory = Memory()
    log = EventLog(memory)
    log.open_invitation(run(1))
    log.open_invitation(run(1))
    raises(LogError, log.open_invitation, run(2))
    rate(log, 9)
    assert EventLog(memory).open_run == run(1)
    log = EventLog(memory)
    log.append(messages.UNRATED, 5, run=run(1), reason=messages.UNRATED_DEVICE_FAULT)
    assert log.open_run is None and run(1) in log.ended_runs
    log = EventLog(memory)
    assert log.open_run is None and run(1) in log.ended_runs and run(9) in log.ended_runs


def test_full_is_an_error_that_changes_nothing_and_keeps_a_reserve():
    memory = Memory()
    log = EventLog(memory, log_bytes=3000)
    log.open_invitation(run(9999))
    n = 0
    while log.has_room:
        n += 1
        rate(log, n)
    while True:
        try:
            rate(log, n + 1)
        except LogFullError as error:
            assert "connect the hub" in str(error)
            break
        n += 1
    before = {name: bytes(data) for name, data in memory.files.items()}
    raises(LogFullError, rate, log, n + 1)
    assert {name: bytes(data) for name, data in memory.files.items()} == before
    assert log.next == n + 1
    log.append(messages.FAULT, 1, code=messages.FAULT_LOG_FULL, detail="")
    rate(log, 9999)  # the citizen who was already invited
    log.append(messages.RECOVERED, 2, code=messages.FAULT_LOG_FULL)
    assert log.next == n + 4 and log.fill_permille > 800
    log.trim(n)
    assert log.has_room
    rate(log, n + 4)


def test_a_small_volume_is_full_before_the_file_system_is():
    memory = Memory()
    memory.free = 20_000
    log = EventLog(memory)
    n = 0
    while log.has_room:
        n += 1
        rate(log, n)
    assert memory.free_bytes() >= 8192 and n > 300


def script(log, state):
    """A day in short. `state` holds what was acknowledged to the caller, also when the power goes in the middle."""
    log.note_anchor(1_800_000_000_000, True)
    for _ in range(12):
        n = state["n"] + 1
        state["trying"] = n
        if log.open_run is None:
            log.open_invitation(run(n))
        rate(log, n)
        state["n"] = n
        if n % 5 == 0:
            through = log.next - 4
            state["trimmed"] = max(state["trimmed"], n - 3)
            log.trim(through)
    if state["n"] < 20:
        state["trying"] = 0
        log.advance(log.next + 100)


def check_after_a_cut(memory, state):
    """Opens the log after a cut, with nothing lost, nothing invented and the numbers right."""
    memory.budget = None
    log = EventLog(memory, tail_bytes=124)
    runs = runs_in(log)
    kept = [int.from_bytes(r, "big") for r in runs]
    assert kept == list(range(kept[0], kept[-1] + 1)) if kept else True
    last = kept[-1] if kept else state["trimmed"]
    assert last in (state["n"], state["trying"]) if kept else state["n"] == state["trimmed"] or state["n"] == 0
    assert not kept or kept[0] <= state["trimmed"] + 1
    if state["n"] < state["trying"] == last:
        state["n"] = last
    if log.open_run is not None:
        assert log.open_run == run(state["n"] + 1)
    return log


def test_a_cut_at_any_byte_loses_nothing_that_was_acknowledged():
    whole = Memory(1 << 30)
    for _ in range(3):
        script(EventLog(whole, tail_bytes=124), {"n": 0, "trimmed": 0, "trying": 0})
        total = (1 << 30) - whole.budget
        whole = Memory(1 << 30)
    for budget in range(0, total, 3):
        memory = Memory(budget)
        state = {"n": 0, "trimmed": 0, "trying": 0}
        try:
            script(EventLog(memory, tail_bytes=124), state)
        except CutError:
            pass
        # A second cut, while the first one is being put right or a little later.
        memory.budget = budget % 97
        try:
            EventLog(memory, tail_bytes=124)
        except CutError:
            pass
        log = check_after_a_cut(memory, state)
        script(log, state)
        first = log.next
        log = check_after_a_cut(memory, state)
        assert log.next == first


def test_boot_counter_only_rises_whatever_is_cut():
    memory = Memory()
    last = 0
    for budget in range(40):
        memory.budget = budget
        try:
            EventLog(memory)
        except CutError:
            pass
        memory.budget = None
        boot = EventLog(memory).boot
        assert boot > last
        last = boot
    assert len([name for name in memory.files if name[0] == "k"]) == 1


def test_rot_is_told_under_its_number_and_the_rest_is_read():
    memory = Memory()
    log = EventLog(memory)
    for n in range(1, 201):
        rate(log, n)
    bulk = memory.files["b1"]
    for at in range(0, len(bulk), 5):
        bulk[at] ^= 0x40
        log = EventLog(memory)
        assert log.next == 201
        facts = [log.read(n) for n in range(1, 201)]
        bad = [i for i, fact in enumerate(facts) if fact["fact_kind"] == messages.FAULT]
        # In the first 18 bytes stands only the context, which tells nothing of a fact but its boot.
        assert len(bad) == (0 if at < 18 else 1), (at, bad)
        if not bad:
            continue
        assert facts[bad[0]]["fields"]["code"] == messages.FAULT_LOG_DAMAGED
        assert [f["fields"]["run"] for i, f in enumerate(facts) if i not in bad] == [
            run(n + 1) for n in range(200) if n not in bad
        ]
        bulk[at] ^= 0x40
        if at > 900:
            break
