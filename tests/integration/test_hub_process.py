"""The hub process from outside: starts, restarts, tokens, doors, a full disk, the live stream."""

import asyncio
import json
import resource
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from common import chain
from common.throttle import FREE_TRIES
from tests.hub_support import HubProcess, new_id, until


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[HubProcess]:
    async with HubProcess(tmp_path) as started:
        yield started


async def test_a_command_sent_again_after_a_kill_gets_its_first_answer(hub: HubProcess) -> None:
    first_id = new_id()
    first = await hub.ticket(first_id)
    await hub.command("1", "sign_in", staff="s1")
    body = {"command": "next", "id": new_id()}
    path = "/api/v1/windows/1/commands"
    _, called = await hub.call("POST", path, "clerk window/1", body)
    before = await hub.events()
    await hub.kill()
    printed = await hub.start()
    assert len(printed) == 1, "tokens are shown once"
    assert await hub.ticket(first_id) == first
    assert await hub.call("POST", path, "clerk window/1", body) == (200, called)
    await hub.wait_event("hall.hub.started", 2)
    after = await hub.events()
    assert after[: len(before)] == before
    assert [event["type"] for event in after[len(before) :]] == ["hall.hub.started"]


async def test_an_id_used_at_one_door_opens_no_other(tmp_path: Path) -> None:
    async with HubProcess(tmp_path, windows=2) as hub:
        used = new_id()
        token = (await hub.ticket(used))["token"]
        signing_in = {"command": "sign_in", "staff": "s1", "id": used}
        status, problem = await hub.call("POST", "/api/v1/windows/1/commands", "clerk window/1", signing_in)
        assert (status, problem["type"]) == (409, "urn:tingting:problem:id-used")
        assert token not in str(problem)
        signing_in["id"] = new_id()
        assert (await hub.call("POST", "/api/v1/windows/1/commands", "manager", signing_in))[0] == 200
        status, problem = await hub.call("POST", "/api/v1/windows/2/commands", "manager", signing_in)
        assert (status, problem["type"]) == (409, "urn:tingting:problem:id-used")
        wanted = {"service": "A", "id": signing_in["id"]}
        status, problem = await hub.call("POST", "/api/v1/tickets", "kiosk", wanted)
        assert (status, problem["type"]) == (409, "urn:tingting:problem:id-used")
        assert len(await hub.events("hall.ticket.issued")) == 1


async def test_the_events_door_gives_the_journal_with_its_chain(hub: HubProcess) -> None:
    await hub.ticket()
    await hub.ticket()
    await hub.wait_event("hall.hub.started")
    events = await hub.events()
    assert [event["sequence"] for event in events] == ["1", "2", "3", "4"]
    status, page = await hub.call("GET", "/api/v1/events?after=1&limit=1", "auditor")
    assert (status, [event["sequence"] for event in page]) == (200, ["2"])
    assert len(chain.start(events[0]["journal"])) == chain.LINK_BYTES
    for query in ("after=-1", "after=x", "limit=1001", "limit=1e3"):
        status, problem = await hub.call("GET", f"/api/v1/events?{query}", "auditor")
        assert (status, problem["status"]) == (400, 400)


DOORS = [
    ("POST", "/api/v1/tickets", {"kiosk", "desk"}),
    ("POST", "/api/v1/windows/1/commands", {"clerk window/1", "manager"}),
    ("GET", "/api/v1/events", {"auditor"}),
    ("GET", "/api/v1/devices", {"manager", "admin"}),
    ("GET", "/api/v1/hall/config", {"manager", "admin"}),
    ("PUT", "/api/v1/hall/config", {"manager", "admin"}),
    ("POST", "/api/v1/hall/config/undo", {"manager", "admin"}),
    ("POST", "/api/v1/devices", {"admin"}),
]


async def test_each_door_opens_for_its_roles_only(tmp_path: Path) -> None:
    async with HubProcess(tmp_path, windows=2) as hub:
        for number, (method, path, allowed) in enumerate(DOORS):
            for who in hub.tokens:
                status, problem = await hub.call(method, path, who, {} if method != "GET" else None)
                assert (status == 403) == (who not in allowed), (method, path, who, problem)
            status, problem = await hub.call(method, path)
            assert (status, problem["type"]) == (401, "urn:tingting:problem:no-token")
            status, problem = await hub.call(method, path, headers={"Authorization": "Bearer guessed"})
            # After the free ones a guess is told to wait; it is let in at none.
            if number < FREE_TRIES or status == 401:
                assert (status, problem["type"]) == (401, "urn:tingting:problem:wrong-token")
            else:
                assert (status, problem["type"]) == (429, "urn:tingting:problem:too-many-guesses")
        assert not any(token in hub.log() for token in hub.tokens.values())


BODIES: list[tuple[Any, int]] = [
    ({"service": "A", "id": "not-a-uuid"}, 422),
    ({"service": "A"}, 422),
    ({"service": "A", "id": "4f8b1d3e-98b8-4d7c-9d6c-b5e9ecf27a62", "name": "张三"}, 422),
    ({"service": "Z", "id": "4f8b1d3e-98b8-4d7c-9d6c-b5e9ecf27a62"}, 422),
    ({"service": 1, "id": "4f8b1d3e-98b8-4d7c-9d6c-b5e9ecf27a62"}, 422),
    ([], 422),
]


async def test_wrong_bodies_are_named_and_change_nothing(hub: HubProcess) -> None:
    await hub.wait_event("hall.hub.started")
    for body, expected in BODIES:
        status, problem = await hub.call("POST", "/api/v1/tickets", "kiosk", body)
        assert (status, problem["status"]) == (expected, expected), body
        assert problem["detail"]
    assert hub.http is not None
    headers = {"Authorization": f"Bearer {hub.tokens['kiosk']}", "Content-Type": "application/json"}
    for raw, expected in ((b"{", 400), (b"\xff", 400), (b"[" * 5000, 422), (b" " * 20_000, 413)):
        async with hub.http.post(f"{hub.url}/api/v1/tickets", data=raw, headers=headers) as answer:
            assert answer.status == expected, raw[:10]
            assert answer.content_type == "application/problem+json"
    status, problem = await hub.command("1", "teleport")
    assert status == 422
    status, problem = await hub.call(
        "POST", "/api/v1/windows/99/commands", "manager", {"command": "next", "id": new_id()}
    )
    assert status == 404
    assert len(await hub.events()) == 2  # those of the start


async def test_an_impossible_command_names_state_and_command(hub: HubProcess) -> None:
    status, problem = await hub.command("1", "next")
    assert (status, problem["state"], problem["command"]) == (409, "closed", "next")
    assert "sign in" in problem["detail"]
    status, problem = await hub.call("PUT", "/api/v1/tickets", "kiosk", {})
    assert (status, problem["status"]) == (405, 405)
    status, problem = await hub.call("GET", "/api/v1/nothing")
    assert (status, problem["status"]) == (404, 404)


async def test_a_full_disk_refuses_and_loses_nothing(hub: HubProcess) -> None:
    await hub.ticket()
    await hub.wait_event("hall.hub.started")  # what a start tells may come after the first ticket
    before = await hub.events()
    assert hub.process is not None
    # The kernel lets no file of this process grow: what a full disk does to it.
    resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    lost = new_id()
    status, problem = await hub.call("POST", "/api/v1/tickets", "kiosk", {"service": "A", "id": lost})
    assert status == 503
    assert "journal.sqlite3" in problem["detail"]
    status, ready = await hub.call("GET", "/readyz")
    assert (status, ready["ready"]) == (503, False)
    assert ready["why"]
    assert (await hub.call("GET", "/healthz"))[0] == 200
    assert await hub.events() == before
    resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    async def taken() -> dict[str, Any] | None:
        status, reply = await hub.call("POST", "/api/v1/tickets", "kiosk", {"service": "A", "id": lost})
        return reply if status == 201 else None

    reply = await until(taken, "the ticket once there is room")
    assert reply["number"] == "A002"
    assert (await hub.events())[: len(before)] == before


async def run(hub: HubProcess) -> tuple[int | None, bytes, bytes]:
    """A hub with this one's configuration that comes to its end: its status and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hub.main",
        "--config",
        str(hub.config),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    out, err = await process.communicate()
    return process.returncode, out, err


async def test_what_can_not_be_used_is_one_line_and_a_status(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path)
    good = hub.config.read_text("utf-8")
    cases = [
        (None, 2, "there is no such file"),
        ("[hall\n", 2, "not TOML"),
        (good.replace("invitation_s", "invitation"), 2, "hall.invitation"),
        (good.replace("port = 0", "port = 99999"), 2, "http.port"),
        (good.replace('services = ["A"]', 'services = ["B"]'), 2, "windows[0].services"),
        (good.replace('data = "data"', 'data = "/proc/none"'), 1, "/proc/none"),
    ]
    for text, status, named in cases:
        hub.config.unlink(missing_ok=True)
        if text is not None:
            hub.config.write_text(text, "utf-8")
        ended, out, err = await run(hub)
        assert (ended, out) == (status, b""), err
        assert err.count(b"\n") == 1, err
        assert named in err.decode(), err


async def test_a_second_hub_on_the_same_journal_is_told_so(hub: HubProcess) -> None:
    ended, out, err = await run(hub)
    assert (ended, out) == (1, b"")
    assert "journal.sqlite3" in err.decode()


async def test_sigterm_ends_it_in_order(hub: HubProcess) -> None:
    await hub.ticket()
    assert await hub.stop() == 0
    assert json.loads(hub.log().splitlines()[-1])["event"] == "hub.stopped"


class Board:
    """A reader of the live stream."""

    def __init__(self, hub: HubProcess, last_id: str | None = None) -> None:
        self._hub = hub
        self._headers = {"Last-Event-ID": last_id} if last_id else {}
        self.last_id = last_id

    async def __aenter__(self) -> "Board":
        assert self._hub.http is not None
        self._answer = await self._hub.http.get(f"{self._hub.url}/api/v1/stream", headers=self._headers)
        assert self._answer.content_type == "text/event-stream"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._answer.close()

    async def next(self) -> tuple[str, dict[str, Any]]:
        """The next (event, data)."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(60):
            while True:
                line = (await self._answer.content.readline()).decode()
                assert line, "the stream ended"
                name, _, value = line.rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                elif "data" in fields:
                    self.last_id = fields["id"]
                    return fields["event"], json.loads(fields["data"])


async def test_a_board_misses_nothing_and_repeats_nothing(hub: HubProcess) -> None:
    await hub.command("1", "sign_in", staff="s1")
    async with Board(hub) as board:
        assert (await board.next())[0] == "snapshot"
        await hub.ticket()
        assert await board.next() == ("change", {"queue": await board_queue(hub)})
        seen = board.last_id
    await hub.ticket()
    await hub.command("1", "next")
    async with Board(hub, seen) as board:
        name, data = await board.next()
        assert (name, data["queue"]["waiting"]) == ("change", {"A": 2})
        name, data = await board.next()
        assert (data["call"]["number"], data["window"]) == (
            "A001",
            {"window": "1", "state": "calling", "number": "A001"},
        )
        assert "s1" not in json.dumps(data)
        await hub.command("1", "finish")
        assert (await board.next())[1]["window"]["state"] == "free"
        seen = board.last_id
    await hub.kill()
    await hub.start()
    async with Board(hub, seen) as board:
        await hub.command("1", "pause")
        name, data = await board.next()
        assert (name, data["window"]["state"]) == ("change", "paused")
        await hub.command("1", "unpause")
        assert (await board.next())[1]["window"]["state"] == "free"
    for old in ("other/3", f"{(seen or '').split('/')[0]}/999999", "nonsense"):
        async with Board(hub, old) as board:
            name, data = await board.next()
            assert name == "snapshot"
            assert data["windows"] == [{"window": "1", "state": "free", "number": None}]


async def board_queue(hub: HubProcess) -> dict[str, Any]:
    """The queue, at the moment of the last event that changed it."""
    _, queue = await hub.call("GET", "/api/v1/queue")
    events = await hub.events("hall.ticket.")
    return {**queue, "as_of": events[-1]["recordedtime"]}


async def test_the_index_speaks_both_languages_with_safe_headers(hub: HubProcess) -> None:
    assert hub.http is not None
    for language, word in (("zh-CN", "一切正常"), ("en", "Everything works")):
        async with hub.http.get(f"{hub.url}/?lang={language}") as answer:
            text = await answer.text()
            assert answer.status == 200
            assert word in text
            assert f'lang="{language}"' in text
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_metrics_carry_numbers_and_no_grade(hub: HubProcess) -> None:
    _, content = await hub.call("GET", "/metrics")
    text = content.decode()
    assert "grade" not in text
    for line in text.splitlines():
        assert line.startswith("# ") or float(line.rpartition(" ")[2]) >= 0, line
    assert "tingting_up{" in text
