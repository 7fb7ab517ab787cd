"""Sessions of pages: cookies that can't be read, lent or forged, and that outlive a restart."""

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from common import sessions
from common.problem import Problem
from common.sessions import Sessions, check_csrf, check_origin, cookie_name
from common.tokens import Holder

CLERK = Holder("clerk", "window/3")
MANAGER = Holder("manager")


class Browser:
    """What a browser keeps of the answers."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}
        self.now_ms = 1_000_000

    def take(self, answer: web.Response) -> None:
        for name, morsel in answer.cookies.items():
            self.cookies[name] = morsel.value

    def request(self, **headers: str) -> web.Request:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return make_mocked_request("POST", "/", {"Cookie": cookie, "Host": "hub:8080"} | headers)


def signed_in(path: Path, browser: Browser, *holders: Holder) -> Sessions:
    made = Sessions(path / "sessions.json", lambda: browser.now_ms)
    for holder in holders:
        answer = web.Response()
        made.begin(browser.request(), answer, holder)
        morsel = answer.cookies[cookie_name(holder)]
        assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "Strict", "/")
        browser.take(answer)
    return made


def test_two_holders_on_one_machine_have_a_cookie_each(tmp_path: Path) -> None:
    browser = Browser()
    made = signed_in(tmp_path, browser, CLERK, MANAGER)
    assert set(browser.cookies) == {"session-clerk-window-3", "session-manager"}
    clerk, manager = made.find(browser.request(), CLERK), made.find(browser.request(), MANAGER)
    assert clerk is not None
    assert manager is not None
    assert clerk.csrf != manager.csrf
    assert made.find(browser.request(), Holder("clerk", "window/4")) is None


def test_a_cookie_under_another_name_opens_nothing(tmp_path: Path) -> None:
    browser = Browser()
    made = signed_in(tmp_path, browser, CLERK)
    browser.cookies["session-manager"] = browser.cookies["session-clerk-window-3"]
    assert made.find(browser.request(), MANAGER) is None


def test_a_restart_signs_nobody_out_and_the_file_holds_no_cookie(tmp_path: Path) -> None:
    browser = Browser()
    signed_in(tmp_path, browser, CLERK)
    file = tmp_path / "sessions.json"
    assert browser.cookies["session-clerk-window-3"] not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert Sessions(file, lambda: browser.now_ms).find(browser.request(), CLERK) is not None


def test_a_damaged_file_costs_a_sign_in_not_the_start(tmp_path: Path) -> None:
    browser = Browser()
    signed_in(tmp_path, browser, CLERK)
    for text in ("", "[]", '{"a": 1}', '{"a": ["x", null, "y"]}', "\udcff"):
        (tmp_path / "sessions.json").write_bytes(text.encode("utf-8", "surrogateescape"))
        assert Sessions(tmp_path / "sessions.json", lambda: browser.now_ms).find(browser.request(), CLERK) is None


def test_a_session_ends_by_time_and_by_signing_out(tmp_path: Path) -> None:
    browser = Browser()
    made = signed_in(tmp_path, browser, CLERK, MANAGER)
    browser.now_ms += sessions.LASTS_S * 1000
    assert made.find(browser.request(), MANAGER) is None
    assert made.find(browser.request(), CLERK) is not None
    lent = dict(browser.cookies)
    answer = web.Response()
    made.end(browser.request(), answer, CLERK)
    browser.cookies = lent  # a cookie that somebody copied before is worth nothing after
    assert made.find(browser.request(), CLERK) is None


def test_the_oldest_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 2)
    first, second, third = Browser(), Browser(), Browser()
    made = Sessions(tmp_path / "sessions.json", lambda: 0)
    for browser in (first, second, third):
        answer = web.Response()
        made.begin(browser.request(), answer, CLERK)
        browser.take(answer)
    assert [made.find(browser.request(), CLERK) is not None for browser in (first, second, third)] == [
        False,
        True,
        True,
    ]


def test_the_second_secret_is_needed(tmp_path: Path) -> None:
    browser = Browser()
    session = signed_in(tmp_path, browser, CLERK).find(browser.request(), CLERK)
    assert session is not None
    check_csrf(session, session.csrf)
    for wrong in ("", "x", session.csrf[:-1], browser.cookies["session-clerk-window-3"], "é\udcff"):
        with pytest.raises(Problem) as caught:
            check_csrf(session, wrong)
        assert caught.value.kind == "no-csrf-token"


@pytest.mark.parametrize(
    ("headers", "fine"),
    [
        ({}, True),
        ({"Origin": "http://hub:8080"}, True),
        ({"Origin": "http://hub:8080", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
    ],
)
def test_a_sign_in_from_elsewhere_is_refused(headers: dict[str, str], fine: bool) -> None:
    request = Browser().request(**headers)
    if fine:
        check_origin(request)
        return
    with pytest.raises(Problem) as caught:
        check_origin(request)
    assert caught.value.kind == "wrong-origin"
