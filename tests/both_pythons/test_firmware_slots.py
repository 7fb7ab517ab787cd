"""/main.py of a box, as it is flashed: which slot runs, how often one on trial may try, when its time is over."""

import sys

NAMES = ("machine", "os", "firmware.main")


class ResetError(Exception):
    """The board started again: nothing after it runs."""


class File:
    def __init__(self, files, name, mode):
        self.files = files
        self.name = name
        if mode[0] == "w":
            files[name] = b""
        elif name not in files:
            raise OSError(2)

    def read(self):
        return self.files[self.name]

    def write(self, data):
        self.files[self.name] += data

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Timer:
    ONE_SHOT = 0

    def __init__(self, board, number):
        if number not in board.timers:
            raise ValueError("no such timer")
        self.board = board

    def init(self, mode, period, callback):
        self.board.period_ms = period
        self.board.callback = callback

    def deinit(self):
        self.board.callback = None


class Machine:
    """In place of the module."""

    def __init__(self, board):
        class Only(Timer):
            def __init__(self, number):
                Timer.__init__(self, board, number)

        self.Timer = Only

    def reset(self):
        raise ResetError


class Board:
    """A flash, and what a start does with it; `run`: the firmware."""

    def __init__(self, line, run=None, timers=(-1,)):
        self.files = {} if line is None else {b"/slot": line}
        self.run = run or (lambda: None)
        self.timers = timers
        self.callback = None
        self.period_ms = None
        self.folder = "/"
        self.ran = []

    def rename(self, old, new):
        self.files[new] = self.files.pop(old)

    def chdir(self, path):
        self.folder = path.decode()

    def _run(self, trial):
        assert trial == (self.callback is not None)
        self.ran.append(self.folder)
        self.run()

    def start(self):
        """Run /main.py; the slot that ran, or None."""
        with open("firmware/device_main.py") as file:
            source = file.read()
        with open("firmware/device_start.py") as file:
            chooser = file.read()
        # The test's interpreter is no board.
        assert "gc.threshold(4096)" in source
        assert "sys.print_exception(error)" in chooser
        source = source.replace("gc.threshold(4096)", "pass")
        chooser = chooser.replace("sys.print_exception(error)", "pass").replace("sys.stdout.write", "len")

        class Os:
            rename = self.rename
            chdir = self.chdir

        class Main:
            run = self._run

        kept = {name: sys.modules.get(name) for name in NAMES}
        sys.modules["machine"], sys.modules["os"], sys.modules["firmware.main"] = Machine(self), Os, Main
        scope = {"open": lambda name, mode: File(self.files, name, mode), "print": lambda *_: None, "__name__": "x"}
        try:
            exec(chooser, scope)

            class Start:
                start = staticmethod(scope["start"])

            sys.modules["start"] = Start
            exec(source, scope)
        finally:
            for name, module in kept.items():
                if module is None:
                    del sys.modules[name]
                else:
                    sys.modules[name] = module
        return self.ran[-1] if self.ran else None


def restarts(board):
    """Whether a start ends with the board starting again."""
    try:
        board.start()
    except ResetError:
        return True
    return False


def test_the_good_slot_runs_and_nothing_is_written():
    for line, slot in ((None, "/a"), (b"a", "/a"), (b"b", "/b"), (b"", "/a"), (b"a-b", "/a"), (b"b-a", "/b")):
        board = Board(line)
        assert board.start() == slot, line
        assert board.files.get(b"/slot") == line
        assert board.callback is None


def test_what_is_no_line_of_ours_is_no_trial():
    for line in (b"ab", b"abx", b"aa3", b"bb3", b"ac3", b"ab33", b"\xff\xff\xff"):
        board = Board(line)
        assert board.start() == ("/b" if line[:1] == b"b" else "/a"), line
        assert board.files[b"/slot"] == line


def test_a_trial_loses_a_start_before_it_runs_and_then_the_old_one_is_back():
    seen = []

    def run():
        seen.append(board.files[b"/slot"])
        raise ValueError("a firmware that fails at its start")

    board = Board(b"ab3", run)
    for left in (b"ab2", b"ab1", b"ab0"):
        assert restarts(board)
        assert seen[-1] == left
        assert board.ran[-1] == "/b"
    board.run = lambda: None
    assert board.start() == "/a"
    assert board.files == {b"/slot": b"a-b"}
    assert board.start() == "/a"


def test_a_slot_that_was_found_good_stays():
    def run():
        board.files[b"/slot"] = b"b"
        board.callback(None)  # the time of its trial is over: nothing happens

    board = Board(b"ab1", run)
    assert board.start() == "/b"
    board.run = lambda: None
    assert board.start() == "/b"


def test_the_time_of_a_trial_ends_whatever_the_firmware_does():
    for timers in ((-1,), (0,)):
        board = Board(b"ba2", lambda board=None: None, timers)
        board.run = lambda board=board: board.callback(None)
        assert restarts(board)
        assert board.period_ms == 120_000
        assert board.ran == ["/a"]


def test_for_maintenance_the_clock_of_the_trial_stops():
    board = Board(b"ab2")
    board.start()
    assert board.callback is None


def test_an_error_of_the_good_firmware_is_seen():
    def run():
        raise ValueError("broken")

    board = Board(b"a", run)
    try:
        board.start()
    except ValueError:
        return
    raise AssertionError("it was swallowed")
