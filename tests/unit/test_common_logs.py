"""What comes out of `logging` and of tracebacks: a line of ours, and nothing that somebody may not know."""

import io
import json
import logging
import sys
from collections.abc import Callable

import pytest
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.test_utils import TestClient, TestServer

from common import problem, tokens
from common.logs import Log, LogLines

TOKEN = tokens.new()
SECRET = "0f" * 32


def line(monkeypatch: pytest.MonkeyPatch, do: Callable[[logging.Logger], None]) -> tuple[dict[str, str], str]:
    """What one call wrote, read and as it stands."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    log = logging.Logger("some.place")
    log.addHandler(LogLines(Log(lambda: 0)))
    do(log)
    return json.loads(out.getvalue()), out.getvalue()


def failed(log: logging.Logger, error: BaseException) -> None:
    try:
        raise error
    except BaseException:
        log.exception("GET /api/v1/events", extra={"event": "http.failed"})


@pytest.mark.parametrize(
    "error",
    [
        KeyError(TOKEN),
        ValueError(f"no such value: {SECRET}"),
        RuntimeError(f"Authorization: Bearer {TOKEN[:6]}"),
        TypeError("can't read {'grade': 2, 'token': 'kurz'}"),
        ExceptionGroup("two", [KeyError(TOKEN), ValueError(f"pin='4711', grade={1}")]),
    ],
)
def test_a_traceback_says_where_and_of_what_kind_and_no_secret(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    said, text = line(monkeypatch, lambda log: failed(log, error))
    assert said["event"] == "http.failed"
    assert "test_common_logs.py" in said["text"]
    assert f"{type(error).__name__}: " in said["text"]
    for hidden in (TOKEN, TOKEN[:6], SECRET, "'grade': 2", "grade=1", "kurz", "4711"):
        assert hidden not in text


def test_what_an_exception_came_of_is_told_without_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    def do(log: logging.Logger) -> None:
        try:
            try:
                raise KeyError(TOKEN)
            except KeyError as inner:
                raise RuntimeError("the outer one") from inner
        except RuntimeError:
            log.exception("twice")

    said, text = line(monkeypatch, do)
    assert "RuntimeError: the outer one" in said["text"]
    assert "KeyError" in said["text"]
    assert TOKEN not in text


def test_what_is_no_http_is_named_and_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    said, text = line(monkeypatch, lambda log: failed(log, BadHttpMessage(f"Invalid header: b'Bearer {TOKEN}\\x00'")))
    assert (said["event"], said["text"]) == ("http.unreadable", "BadHttpMessage")
    assert TOKEN not in text


async def test_an_error_at_a_door_names_the_door_and_not_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address of a citizen's page is the key to it."""

    async def broken(request: web.Request) -> web.Response:
        raise KeyError(request.match_info["token"])

    app = web.Application(middlewares=[problem.middleware])
    app.router.add_get("/t/{token}", broken)
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    handler = LogLines(Log(lambda: 0))
    logging.getLogger("http").addHandler(handler)
    try:
        async with TestClient(TestServer(app)) as client, client.get(f"/t/{TOKEN}") as answer:
            said = await answer.text()
            assert answer.status == 500
    finally:
        logging.getLogger("http").removeHandler(handler)
    assert "GET /t/{token}" in json.loads(out.getvalue())["text"]
    assert TOKEN not in out.getvalue()
    assert TOKEN not in said


def test_what_asyncio_quotes_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    _, text = line(monkeypatch, lambda log: log.error("never retrieved: <Task exception=KeyError('%s')>", TOKEN))
    assert TOKEN in text  # our own words are chosen
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    log = logging.Logger("asyncio")
    log.addHandler(LogLines(Log(lambda: 0)))
    log.error("never retrieved: <Task exception=KeyError('%s')>", TOKEN)
    assert TOKEN not in out.getvalue()


def test_what_has_no_name_keeps_its_place_and_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = "0190a5f2-1111-7000-8000-000000000001"
    said, _ = line(monkeypatch, lambda log: log.warning("journal %s: event %d is odd", journal, 7))
    assert (said["event"], said["text"]) == ("log.some.place", f"journal {journal}: event 7 is odd")
