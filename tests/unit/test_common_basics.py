"""Chain, envelope, tokens, files and problems: the small pieces that everything stands on."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from common import chain, envelope, files, problem, tokens
from common.envelope import Envelope, EnvelopeError
from common.problem import Problem
from common.tokens import Holder, TokenFileError, Tokens


def test_the_chain_is_the_contracts() -> None:
    start = sha256(b"j").digest()
    one = sha256(start + b"a").digest()
    assert chain.start("j") == start
    assert chain.link(start, b"a") == one
    assert chain.extend(start, [b"a", b"b"]) == sha256(one + b"b").digest()
    assert chain.extend(start, []) == start


def event(**changes: str) -> Envelope:
    fields = {
        "specversion": "1.0",
        "id": "j/1",
        "source": "/halls/h",
        "type": "hall.ticket.issued",
        "time": "2026-11-21T09:30:00.250+08:00",
        "recordedtime": "2026-11-21T09:30:00.251+08:00",
        "subject": "ticket/1",
        "sequence": "1",
        "journal": "j",
        "clock": "sure",
    } | changes
    return Envelope(**fields, data={"number": "A001", "名": "号"})


def test_an_event_is_cloudevents_json() -> None:
    data = envelope.encode(event())
    assert json.loads(data)["specversion"] == "1.0"
    assert "request" not in json.loads(data)
    assert json.loads(envelope.encode(event(request="r")))["request"] == "r"
    assert envelope.decode(data) == event()
    assert envelope.decode(data).number == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"specversion": "0.3"},
        {"id": "other/1"},
        {"sequence": "0", "id": "j/0"},
        {"sequence": "01", "id": "j/01"},
        {"sequence": "-1", "id": "j/-1"},
        {"sequence": "²", "id": "j/²"},
        {"sequence": "9" * 30, "id": "j/" + "9" * 30},
    ],
)
def test_what_is_no_event_of_ours_is_said(changes: dict[str, str]) -> None:
    with pytest.raises(EnvelopeError):
        envelope.decode(envelope.encode(event(**changes)))


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"id": "\\ud800"}'])
def test_other_bytes_are_an_envelope_error(data: bytes) -> None:
    with pytest.raises(EnvelopeError):
        envelope.decode(data)


def test_times_go_there_and_back() -> None:
    assert envelope.format_time(0) == "1970-01-01T00:00:00.000+00:00"
    assert envelope.format_time(1_795_233_600_250, 480) == "2026-11-21T12:00:00.250+08:00"
    assert envelope.parse_time("2026-11-21T12:00:00.250+08:00") == 1_795_233_600_250
    assert envelope.parse_time("2026-11-21T04:00:00.250Z") == 1_795_233_600_250
    for text in ("", "today", "2026-11-21", "2026-11-21T12:00:00", "2026-13-01T00:00:00Z"):
        with pytest.raises(EnvelopeError):
            envelope.parse_time(text)


def test_a_file_is_old_or_new(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    files.replace(path, b"old")
    files.replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["file"]
    (path.parent / "file.new").mkdir()  # the new content can't be written
    with pytest.raises(IsADirectoryError):
        files.replace(path, b"lost")
    assert path.read_bytes() == b"new"


def test_tokens_are_made_once_and_only_their_hash_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    viewer, clerk = Holder("viewer"), Holder("clerk", "window/1")
    known, made = Tokens.open(path, [viewer, clerk])
    assert set(made) == {viewer, clerk}
    assert known.find(made[clerk]) == clerk
    assert known.find("guess") is None
    assert known.find("no UTF-8 \udcff") is None
    assert made[clerk] not in path.read_text()
    again, none = Tokens.open(path, [viewer, clerk, Holder("admin")])
    assert set(none) == {Holder("admin")}
    assert again.find(made[viewer]) == viewer


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}', '{"a": {}}'])
def test_a_broken_token_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(content)
    with pytest.raises(TokenFileError, match=r"tokens\.json: not a token file.*Restore it"):
        Tokens.open(path, [Holder("viewer")])


@pytest.mark.parametrize(
    ("header", "status"),
    [(None, 401), ("Bearer", 401), ("Basic abc", 401), ("Bearer wrong", 401)],
)
def test_a_door_asks_for_a_token(header: str | None, status: int) -> None:
    request = make_mocked_request("GET", "/", headers={"Authorization": header} if header else {})
    with pytest.raises(Problem) as caught:
        tokens.require(request, Tokens({}), "viewer")
    assert caught.value.status == status


def test_a_token_of_another_role_is_403(tmp_path: Path) -> None:
    known, made = Tokens.open(tmp_path / "t", [Holder("viewer")])
    request = make_mocked_request("GET", "/", headers={"Authorization": f"Bearer {made[Holder('viewer')]}"})
    assert tokens.require(request, known, "admin", "viewer") == Holder("viewer")
    with pytest.raises(Problem) as caught:
        tokens.require(request, known, "admin")
    assert caught.value.status == 403


async def test_every_refusal_is_problem_details() -> None:
    async def handler(request: web.Request) -> web.Response:
        raise Problem(409, "gap", "Events are missing", "Send from 3.", stored_through=3)

    async def broken(request: web.Request) -> web.Response:
        raise KeyError("secret")

    async def moved(request: web.Request) -> web.Response:
        raise web.HTTPFound("/elsewhere")

    async def read(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    app = web.Application(middlewares=[problem.middleware], client_max_size=16)
    app.router.add_get("/", handler)
    app.router.add_post("/read", read)
    app.router.add_get("/moved", moved)
    app.router.add_get("/broken", broken)
    async with TestClient(TestServer(app)) as client:
        async with client.get("/") as answer:
            assert answer.status == 409
            assert answer.content_type == "application/problem+json"
            assert json.loads(await answer.read()) == {
                "type": "urn:tingting:problem:gap",
                "title": "Events are missing",
                "status": 409,
                "detail": "Send from 3.",
                "stored_through": 3,
            }
        async with client.get("/broken") as answer:
            assert (answer.status, answer.content_type) == (500, "application/problem+json")
            assert "secret" not in await answer.text()
        async with client.get("/none") as answer:
            assert (answer.status, answer.content_type) == (404, "application/problem+json")
            assert "/api/v1/openapi.json" in json.loads(await answer.read())["detail"]
        async with client.post("/") as answer:
            assert answer.status == 405
            assert "GET" in answer.headers["Allow"]
            assert "allowed here: GET, HEAD" in json.loads(await answer.read())["detail"]
        async with client.post("/read", data=b"x" * 17) as answer:
            assert answer.status == 413
            assert "16" in json.loads(await answer.read())["detail"]
        async with client.get("/moved", allow_redirects=False) as answer:
            assert answer.status == 302
