"""Who is let in on a second line, and whose numbers are in doubt."""

from hub.devices.rivals import MOVED_AFTER_MS, Doubts, Rivals, Verdict


class Line:
    """A line as far as rivals see it."""

    def __init__(self) -> None:
        self.has_shown = True
        self.asked = 0

    def ask(self) -> None:
        """A fresh view goes out."""
        self.asked += 1
        self.has_shown = False


def test_a_line_that_answers_is_a_second_box_and_one_that_does_not_was_left() -> None:
    now_ms = 0
    rivals: Rivals[Line] = Rivals(lambda: now_ms)
    first, second = Line(), Line()
    assert rivals.judge(first, second, first.ask) is Verdict.WAIT
    now_ms = MOVED_AFTER_MS - 1
    assert rivals.judge(first, second, first.ask) is Verdict.WAIT
    assert rivals.behind(first) == [second]
    first.has_shown = True
    assert rivals.judge(first, second, first.ask) is Verdict.SHARED
    now_ms = 10 * MOVED_AFTER_MS
    assert rivals.judge(first, second, first.ask) is Verdict.SHARED
    assert first.asked == 1
    assert rivals.over(second)
    assert not rivals.over(second)
    assert rivals.judge(first, second, first.ask) is Verdict.WAIT
    now_ms += MOVED_AFTER_MS
    assert rivals.judge(first, second, first.ask) is Verdict.MOVED
    assert not rivals.behind(first)


def test_another_first_line_is_asked_anew() -> None:
    rivals: Rivals[Line] = Rivals(lambda: 0)
    first, other, second = Line(), Line(), Line()
    rivals.judge(first, second, first.ask)
    assert rivals.judge(other, second, other.ask) is Verdict.WAIT
    assert (first.asked, other.asked) == (1, 1)
    assert not rivals.behind(first)


def test_an_earlier_boot_is_in_doubt_until_all_its_numbers_are_new() -> None:
    doubts = Doubts()
    assert not doubts.came("ev-1", "e", 3, 500)
    doubts.told("ev-1", "e", 3, 500, all_new=True)
    assert not doubts.came("ev-1", "e", 3, 501)
    assert not doubts.came("ev-1", "e", 4, 1)
    assert doubts.came("ev-1", "e", 3, 499)
    doubts.told("ev-1", "e", 3, 499, all_new=False)
    assert doubts.came("ev-1", "e", 3, 600)  # its welcome was lost
    doubts.told("ev-1", "e", 3, 600, all_new=True)
    assert not doubts.came("ev-1", "e", 3, 700)


def test_a_shared_identity_is_in_doubt_until_it_is_registered_anew() -> None:
    doubts = Doubts()
    doubts.share("ev-1")
    doubts.told("ev-1", "e", 1, 1, all_new=True)
    assert doubts.came("ev-1", "e", 2, 1)
    assert not doubts.came("ev-2", "e", 2, 1)
    doubts.forget("ev-1")
    assert not doubts.came("ev-1", "e", 1, 0)
