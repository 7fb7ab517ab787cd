"""A box's diary: what it holds, and that it never grows beyond two files. Both Pythons."""

from firmware.diary import note
from firmware.eventlog import EventLog
from protocol import messages as m
from tests.both_pythons.cut_files import Memory
from tests.both_pythons.test_firmware_box import Rig


def lines(log):
    names = sorted([name for name in log.files.names() if name[0] == "d"], key=lambda name: int(name[1:]))
    return b"".join([bytes(log.files.read(name, 0, 10_000)) for name in names]).decode().splitlines()


def test_firmware_diary_keeps_two_files_and_the_newest_lines():
    log = EventLog(Memory())
    for number in range(300):
        note(log, number * 1000, "fault 1 the same again")
    names = [name for name in log.files.names() if name[0] == "d"]
    assert len(names) == 2
    kept = lines(log)
    assert kept[-1] == "%d 299 fault 1 the same again" % log.boot
    assert 30 < len(kept) < 80
    assert [int(line.split()[1]) for line in kept] == list(range(300 - len(kept), 300))
    # The log of facts doesn't mind it.
    before = log.next
    log.append(m.IGNORED, 5, why=m.IGNORED_REPEATED)
    again = EventLog(log.files)
    assert (again.next, lines(again)) == (before + 1, kept)


class Full(Memory):
    def append(self, name, data):
        if name[0] == "d":
            raise OSError(28)
        Memory.append(self, name, data)


def test_firmware_diary_without_room_keeps_nothing_and_stops_nobody():
    log = EventLog(Full())
    note(log, 0, "reset power on")
    assert lines(log) == []


def test_firmware_box_notes_its_resets_faults_and_when_it_met_the_hub():
    rig = Rig()
    rig.run(2_000)
    assert lines(rig.log)[0] == "1 1 reset power on"
    rig.box.fault(m.FAULT_MEMORY, "none left", rig.now_ms)
    assert [line.split(None, 2)[2].split()[0] for line in lines(rig.log)] == ["reset", "time", "fault"]
    assert lines(rig.log)[-1].endswith("fault 6 none left")
