"""An update's way into the other slot, on both Pythons: what is taken, what is refused and why, what is good."""

import json
import os
import sys
from binascii import hexlify
from hashlib import sha256

from firmware.apps import dispenser
from firmware.apps.caller import Caller
from firmware.apps.evaluator import Evaluator
from firmware.files import Directory
from firmware.trial import Trial
from firmware.updating import Updater
from protocol import messages as m
from protocol import updating as u

SECRET = bytes(range(32))
ROOT = "/tmp/tingting-updating-%s" % sys.implementation.name
FILES = {
    "firmware/main.mpy": b"main" * 120,
    "firmware/links/usb.mpy": b"usb",
    "firmware/wire.mpy": bytes(range(256)) * 3,
}


def manifest(files=FILES, version="0.1.0+abc", made=2000, role="evaluator", board="rpi_pico"):
    rows = [(len(data), hexlify(sha256(data).digest()), path) for path, data in sorted(files.items())]
    return u.write_manifest(version, made, role, board, rows)


def mac_of(text, flags=0, secret=SECRET):
    return bytes([flags]) + u.update_mac(u.update_key(secret), flags, sha256(text).digest())


class Quick(Directory):
    """Without the collections that a box needs: the heap of a test on CPython is so large that each takes 30 ms."""

    def open_elsewhere(self, path, mode="rb"):
        return open(path, mode)

    def keep_room(self):
        pass


Files = Directory if sys.implementation.name == "micropython" else Quick


class Log:
    def __init__(self):
        self.open_run = None
        self.oldest, self.next = 1, 2
        self.files = Files(ROOT + "/log")
        self.used = 0

    def used_bytes(self):
        return self.used


class Endpoint:
    heard = True

    def hub_heard(self, now_ms):
        return self.heard


class Box:
    """What an updater needs of a box."""

    def __init__(self, app=None):
        self.app = app or Evaluator()
        self.log = Log()
        self.endpoint = Endpoint()
        self.restarts = []
        self._health_ms = 0

    def restart(self, now_ms, mark):
        self.restarts.append((now_ms, mark))


def wipe(path):
    try:
        names = os.listdir(path)
    except OSError:
        return
    for name in names:
        full = path + "/" + name
        if os.stat(full)[0] & 0x4000:
            wipe(full)
            os.rmdir(full)
        else:
            os.remove(full)


def fresh(line=None, **settings):
    """A box's root with its settings, and an updater on it."""
    wipe(ROOT)
    for path in (ROOT, ROOT + "/log"):
        try:
            os.mkdir(path)
        except OSError:
            pass
    with open(ROOT + "/settings.json", "w") as file:
        values = {"role": "evaluator", "board": "rpi_pico", "secret": hexlify(SECRET).decode()}
        values.update(settings)
        json.dump(values, file)
    if line is not None:
        put("slot", line)
    return again()


def again():
    """After a restart."""
    return Updater(Box(), ROOT, "a", 0)


def put(name, data):
    with open(ROOT + "/" + name, "wb") as file:
        file.write(data)


def got(name):
    with open(ROOT + "/" + name, "rb") as file:
        return file.read()


def step(updater, number, file=0, at=0, data=b""):
    return updater.take({"step": number, "file": file, "at": at, "data": data}, 0)


def begin(updater, text, mac=None):
    answer = step(updater, u.STEP_BEGIN, 0, len(text), mac or mac_of(text))
    while answer == (m.ACCEPTED, "more"):
        answer = step(updater, u.STEP_BEGIN, 0, len(text), mac or mac_of(text))
    return answer


def send(updater, text, files=FILES, most=1000):
    """As a hub does: from where it is wanted, chunk by chunk; the last answer, and how many were sent."""
    parts = [text] + [files[path] for path in sorted(files)]
    code, detail = begin(updater, text)
    if code != m.ACCEPTED or detail == "done":
        return (code, detail), 0
    _, number, at = detail.split()
    number, at = int(number), int(at)
    sent = 0
    while number < len(parts):
        data = parts[number][at : at + u.CHUNK_BYTES]
        answer = step(updater, u.STEP_DATA, number, at, data)
        sent += 1
        if answer != (m.ACCEPTED, None) or sent == most:
            return answer, sent
        at += len(data)
        if at == len(parts[number]):
            number, at = number + 1, 0
    return begin(updater, text), sent


def test_an_update_goes_into_the_other_slot_and_is_tried():
    updater = fresh()
    assert step(updater, u.STEP_ASK) == (m.ACCEPTED, "a a 0.1.0")
    assert step(updater, u.STEP_GO) == (m.REFUSED, "begin")
    text = manifest()
    assert send(updater, text)[0] == (m.ACCEPTED, "done")
    for path, data in FILES.items():
        assert got("b/" + path) == data
    assert step(updater, u.STEP_GO) == (m.ACCEPTED, None)
    assert got("slot") == b"ab3"
    assert updater._box.restarts == [(0, False)]
    assert begin(updater, text) == (m.REFUSED, "trial")  # what is about to be tried isn't touched


def test_nobody_is_interrupted_by_a_trial():
    updater = fresh()
    assert send(updater, manifest())[0] == (m.ACCEPTED, "done")
    box = updater._box
    box.log.open_run = b"run A..."
    assert step(updater, u.STEP_GO) == (m.REFUSED, "busy")
    box.log.open_run = None
    assert step(updater, u.STEP_GO) == (m.ACCEPTED, None)


def ready_to_go(app):
    """An updater of a box with this application, all of the update there."""
    fresh()
    updater = Updater(Box(app), ROOT, "a", 0)
    assert send(updater, manifest())[0] == (m.ACCEPTED, "done")
    return updater


def test_a_caller_is_tried_but_not_in_the_middle_of_a_question():
    app = Caller()
    updater = ready_to_go(app)
    app.handle(("hub", True), 0)
    app.handle(("view", "serving", "A001", 2), 0)
    app.handle(("press", "next"), 0)
    assert step(updater, u.STEP_GO) == (m.REFUSED, "busy")
    app.handle(("answer", m.ACCEPTED, None), 0)
    app.handle(("press", "2"), 5_000)  # half a transfer
    assert step(updater, u.STEP_GO) == (m.REFUSED, "busy")
    app.handle(("entry_over",), 60_000)
    assert step(updater, u.STEP_GO) == (m.ACCEPTED, None)  # a ticket at the window is no reason: the hub has it
    assert got("slot") == b"ab3"


def test_a_dispenser_is_tried_but_not_with_a_paper_under_the_head():
    values = {"ticket": b"ticket.1", "number": "A001", "asked": 7}
    service = {"service": "A", "prefix": "A", "open": True, "matter": b"m", "matter_en": b"", "zone": b""}
    app = dispenser.Dispenser(None)
    updater = ready_to_go(app)
    begin = (("service", 1, service), ("ready",), ("hub", True), ("trouble", 0), ("press", 1), ("asked", 7))
    for event in begin:
        app.handle(event, 0)
    for event, state in (
        (("print", values, 1), dispenser.ASKING),
        (("printed",), dispenser.PRINTING),
        (("reprint", 2), dispenser.READY),
        (("failed", 1), dispenser.PRINTING),  # the reprint; at once its void follows
        (("printed",), dispenser.VOIDING),
    ):
        assert app.state == state
        if state != dispenser.READY:
            assert step(updater, u.STEP_GO) == (m.REFUSED, "busy"), state
        app.handle(event, 0)
    assert app.state == dispenser.READY
    assert step(updater, u.STEP_GO) == (m.ACCEPTED, None)


def test_it_goes_on_where_a_restart_broke_it_off_at_every_chunk():
    text = manifest()
    whole = send(fresh(), text)[1]
    assert whole > 8
    for cut in range(1, whole):
        updater = fresh()
        assert send(updater, text, most=cut)[1] == cut
        updater = again()
        answer, sent = send(updater, text)
        assert answer == (m.ACCEPTED, "done")
        in_manifest = -(-len(text) // u.CHUNK_BYTES)
        assert sent == whole - (cut if cut >= in_manifest else 0), cut
        assert got("b/firmware/wire.mpy") == FILES["firmware/wire.mpy"]


def test_what_is_in_flash_already_needs_no_room_again():
    """On a flash with room for the log, the update and nothing more; the log has filled meanwhile."""
    block = 4096
    spare = 8 * block
    text = manifest()
    need = len(FILES) * block
    first = -(-len(text) // u.CHUNK_BYTES) + 1  # the manifest's chunks and the first file, which has one

    def with_free(free, used):
        box = Box()
        box.log.used = used
        box.log.files.free_bytes = lambda: free
        return Updater(box, ROOT, "a", spare)

    fresh()
    assert send(with_free(spare + need - 1, 0), text)[0] == (m.REFUSED, "space")
    assert send(with_free(spare + need, 0), text, most=first)[1] == first
    used = 5 * block + 7
    free = spare + need - block - 5 * block
    assert begin(with_free(free - 1, used), text) == (m.ACCEPTED, "want 0 0")
    assert send(with_free(spare + need, 0), text, most=first)[1] == first
    assert begin(with_free(free, used), text) == (m.ACCEPTED, "want 2 0")


def test_what_is_wrong_is_refused_with_its_reason_and_the_slot_stays_untried():
    for reason, text in (
        ("role", manifest(role="caller")),
        ("board", manifest(board="esp32_c3")),
        ("older", manifest(version="0.0.9+abc")),
    ):
        updater = fresh()
        assert send(updater, text)[0] == (m.REFUSED, reason)
        assert step(updater, u.STEP_GO) == (m.REFUSED, "begin")
    updater = fresh()
    text = manifest(version="0.0.9")
    older = mac_of(text, u.FLAG_OLDER)
    assert begin(updater, text, older) == (m.ACCEPTED, "want 0 0")
    for at in range(0, len(text), 100):
        assert step(updater, u.STEP_DATA, 0, at, text[at : at + 100]) == (m.ACCEPTED, None)
    assert begin(updater, text, older) == (m.ACCEPTED, "want 1 0")
    updater = Updater(Box(), ROOT, "a", 1 << 60)  # a flash with less room than the log may need
    fresh()
    assert send(updater, manifest())[0] == (m.REFUSED, "space")


def test_a_manifest_that_the_hub_does_not_mean_for_this_box_is_refused():
    text = manifest()
    for mac in (mac_of(text, secret=bytes(32)), mac_of(text + b"x"), bytes([1]) + mac_of(text)[1:]):
        updater = fresh()
        assert begin(updater, text, mac) == (m.ACCEPTED, "want 0 0")
        answer = (m.ACCEPTED, None)
        for at in range(0, len(text), 192):
            assert answer == (m.ACCEPTED, None)
            answer = step(updater, u.STEP_DATA, 0, at, text[at : at + 192])
        assert answer == (m.REFUSED, "mac")
        assert step(updater, u.STEP_DATA, 1, 0, b"x") == (m.REFUSED, "begin")


def test_what_was_damaged_on_the_way_comes_again():
    updater = fresh()
    text = manifest()
    send(updater, text, most=-(-len(text) // u.CHUNK_BYTES))
    assert step(updater, u.STEP_DATA, 1, 0, b"USB") == (m.REFUSED, "damaged")
    assert begin(updater, text) == (m.ACCEPTED, "want 1 0")
    assert step(updater, u.STEP_DATA, 1, 2, b"b") == (m.REFUSED, "want 1 0")
    assert step(updater, u.STEP_DATA, 1, 0, b"usbx") == (m.REFUSED, "format")
    assert send(updater, text)[0] == (m.ACCEPTED, "done")


def test_rot_in_the_slot_is_found_before_it_is_tried():
    text = manifest()
    send(fresh(), text)
    put("b/firmware/wire.mpy", b"\x00" * len(FILES["firmware/wire.mpy"]))
    updater = again()
    assert begin(updater, text) == (m.ACCEPTED, "want 3 0")
    assert step(updater, u.STEP_GO) == (m.REFUSED, "begin")


def test_another_update_replaces_what_is_there_and_the_good_slot_is_never_touched():
    send(fresh(), manifest())
    put("b/firmware/old.mpy", b"old")
    updater = again()
    other = {"firmware/main.mpy": b"new"}
    assert send(updater, manifest(other, "0.2.0"), other)[0] == (m.ACCEPTED, "done")
    assert os.listdir(ROOT + "/b/firmware") == ["main.mpy"]
    assert step(updater, u.STEP_STOP) == (m.ACCEPTED, None)
    assert step(updater, u.STEP_GO) == (m.REFUSED, "begin")


def test_a_trial_is_good_once_its_fact_was_acknowledged():
    fresh(b"ab2")
    box = Box()
    box.endpoint.heard = False
    trial = Trial(box, ROOT)
    assert trial.take({"step": u.STEP_ASK}, 0)[1].startswith("ab2 ")
    assert trial.take({"step": u.STEP_BEGIN}, 0) == (m.REFUSED, "trial")
    assert not trial.idle(5000)
    assert box._health_ms == 6000
    box.endpoint.heard = True
    assert not trial.idle(6000)  # its first fact isn't at the hub yet
    assert got("slot") == b"ab2"
    box.log.oldest = 2
    assert trial.idle(7000)
    assert got("slot") == b"b"
