"""What the citizens' pages decide, without a page: finding, codes, hours, words, and whose ticket a token is."""

import asyncio
import json
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from hub.queueing import commands
from hub.queueing.apply import apply
from hub.queueing.commands import CancelTicket, IssueTicket, SetTraining
from hub.queueing.layout import Layout, Service, Window
from hub.queueing.state import for_showing
from hub.queueing.window_commands import CallNext, Finish, NoShow, Recall, SignIn, Undo
from hub.web import finding, opening
from hub.web.claims import LIVES_MS, MOST, TOLD_MS, Claims, Wish
from hub.web.guide import Matter
from hub.web.initials import Initials
from hub.web.shown import Shown
from hub.web.words import figure, items, label, papers, ranges
from tests.support_hub_core import MINUTE_MS, Hall

MATTERS = (
    Matter("id", "D", "居民身份证换领", "Renew an ID card", "jmsfzhl", "公安户籍", "Police", often=True),
    Matter("pass", "D", "普通护照申领", "Apply for a passport", "pthzsl", "公安户籍", "Police"),
    Matter("fund", "A", "公积金提取", "Housing fund", "gjjtq", "公积金"),
    Matter("other", "A", "其他事项", "Other", "qtsx"),
)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("sfz", ["id"]),
        ("身份证", ["id"]),
        ("PASSPORT", ["pass"]),
        ("police", ["id", "pass"]),
        ("公积金", ["fund"]),
        ("pt", ["pass"]),
        ("police pass", ["pass"]),
        ("", []),
        ("xyz", []),
    ],
)
def test_a_matter_is_found_by_word_initials_and_department(typed: str, found: list[str]) -> None:
    assert [each.id for each in finding.find(MATTERS, typed)] == found


def test_what_begins_so_comes_before_what_holds_it() -> None:
    near = (Matter("a", "A", "换领身份证", initials="hlsfz"), Matter("b", "A", "身份证换领", initials="sfzhl"))
    assert [each.id for each in finding.find(near, "sfz")] == ["b", "a"]
    many = tuple(Matter(str(number), "A", f"事项{number}", initials="sx") for number in range(100))
    assert len(finding.find(many, "sx")) == finding.FOUND_MOST


def test_departments_and_the_first_page() -> None:
    listed = finding.departments(MATTERS)
    assert [(each.name, len(each.matters)) for each in listed] == [("公安户籍", 2), ("公积金", 1), ("其他", 1)]
    assert [each.id for each in finding.often(MATTERS)] == ["id", "fund", "pass", "other"]


def test_a_code_is_for_one_phone_and_two_minutes() -> None:
    claims = Claims()
    claim = claims.make("c", Wish("id"), 0)
    assert claims.opened("c", "mine", 10) is claim
    assert claims.opened("c", "yours", 20) is None
    claims.taken(claim, "D001", 30)
    assert claims.opened("c", "mine", LIVES_MS + 1) is claim  # the same phone, whose answer was lost
    assert claims.find("c", LIVES_MS + TOLD_MS) is None
    late = claims.make("d", Wish("id"), 0)
    assert claims.opened("d", "mine", LIVES_MS) is None
    assert late.number is None
    assert claims.opened("unknown", "mine", 0) is None


def test_codes_have_a_limit() -> None:
    claims = Claims()
    for number in range(MOST + 1):
        claims.make(str(number), Wish("id"), 0)
    assert claims.find("0", 1) is None
    assert claims.find(str(MOST), 1) is not None


def layout(*hours: tuple[int, int]) -> Layout:
    return Layout("h", 480, (Service("A", "A", "社保", hours=hours),), (Window("1", "1号窗口", ("A",)),))


def at(day: int, minute: int) -> int:
    """Of November 2026, in the hall's time."""
    return ((date(2026, 11, day).toordinal() - date(1970, 1, 1).toordinal()) * 1440 + minute - 480) * MINUTE_MS


def test_when_numbers_are_given_and_when_again() -> None:
    hall = layout((540, 720), (810, 1020))
    assert opening.giving(hall, at(26, 600))
    assert not opening.giving(hall, at(26, 750))
    assert opening.opens(hall, at(26, 750), lambda _: True) == (date(2026, 11, 26), 810)
    assert opening.opens(hall, at(26, 1100), lambda _: True) == (date(2026, 11, 27), 540)
    assert opening.opens(hall, at(26, 1100), lambda day: day.weekday() < 4) == (date(2026, 11, 30), 540)
    assert opening.opens(hall, at(26, 1100), lambda _: False) is None
    assert opening.giving(layout(), at(26, 0))
    assert opening.opens(layout(), at(26, 0), lambda _: True) is None
    assert opening.giving(layout((1320, 120)), at(26, 60))


def test_words_of_disclosures() -> None:
    assert figure("10 个工作日（法定 60 日）") == ("10", "个工作日", "法定 60 日")
    assert figure("不收费") == ("", "不收费", "")
    assert figure("") == ("", "", "")
    listed = items("身份证（原件）\n\n不用带照片\n（备注）")
    assert [(each.text, each.note, each.needed) for each in listed] == [
        ("身份证", "原件", True),
        ("不用带照片", "", False),
        ("（备注）", "", True),
    ]
    assert papers("身份证（原件）\n不用带照片\n银行卡", "、") == "身份证、银行卡"
    assert label("12号窗口") == "12"
    assert label("综合窗口") == "综合窗口"
    assert ranges(["8", "9", "10", "12", "综合窗口"]) == "8–10、12、综合窗口"
    assert ranges(["3", "4"]) == "3、4"


class Followed:
    """A hall and the projection that phones ask."""

    def __init__(self) -> None:
        self.hall = Hall()
        self.durable = for_showing(self.hall.state)
        self.shown = Shown(self.durable)
        self.seen = 0

    def do(self, command: commands.Command) -> None:
        self.hall.do(command)
        for event in self.hall.events[self.seen :]:
            apply(self.durable, event)
            self.shown.take(event, event.time_ms)
        self.seen = len(self.hall.events)

    def issue(self) -> str:
        self.do(IssueTicket("A", "kiosk"))
        return str(self.hall.events[-1].data["token_sha256"])

    def state(self, digest: str) -> str | None:
        view = self.shown.phone(digest, self.hall.now)
        return None if view is None else str(view["state"])


def test_a_token_follows_its_ticket_to_the_end_and_back() -> None:
    made = Followed()
    made.do(SignIn("1", "s"))
    first, second = made.issue(), made.issue()
    view = made.shown.phone(second, made.hall.now)
    assert view is not None
    assert (view["state"], view["ahead"], view["number"]) == ("waiting", 1, "A002")
    made.do(CallNext("1"))
    made.do(Recall("1"))
    view = made.shown.phone(first, made.hall.now)
    assert view is not None
    assert (view["state"], view["window"], view["times"], view["ahead"]) == ("called", "1", 2, None)
    made.do(Finish("1"))
    assert made.state(first) == "finished"
    made.do(Undo("1"))
    assert made.state(first) in ("called", "arrived")
    made.do(Finish("1"))
    made.do(CallNext("1"))
    made.do(NoShow("1"))
    assert made.state(second) == "missed"
    third = made.issue()
    assert made.shown.held_by(third) is not None
    made.do(CancelTicket(made.shown.held_by(third) or "", "given_back"))
    assert made.state(third) == "cancelled"
    assert made.shown.held_by(third) is None
    assert made.state(sha256(b"nobody").hexdigest()) is None


def test_a_projection_that_starts_anew_knows_the_open_tickets() -> None:
    made = Followed()
    digest = made.issue()
    assert Shown(made.hall.state).held_by(digest) == made.shown.held_by(digest) is not None


def test_a_missed_ticket_of_the_real_day_is_followed_again_after_practice() -> None:
    made = Followed()
    made.do(SignIn("1", "s"))
    digest = made.issue()
    made.do(CallNext("1"))
    made.do(NoShow("1"))
    made.do(SetTraining(True, "manager"))
    assert made.state(digest) is None
    made.do(SetTraining(False, "manager"))
    assert made.state(digest) == "missed"


async def test_initials_are_made_by_a_process_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "initials.json"
    made = Initials(path, lambda event, **fields: None)
    made.want(["居民身份证换领", "重庆户口"])
    task = asyncio.create_task(made.run())
    async with asyncio.timeout(90):
        while not made.version or not path.exists():
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (made.of("居民身份证换领"), made.of("重庆户口")) == ("jmsfzhl", "cqhk")
    assert json.loads(path.read_text("utf-8"))["重庆户口"] == "cqhk"
    again = Initials(path, lambda event, **fields: None)
    assert again.of("居民身份证换领") == "jmsfzhl"
    path.write_text("{", "utf-8")
    assert Initials(path, lambda event, **fields: None).of("重庆户口") == ""
