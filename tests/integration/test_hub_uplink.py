"""The hub's uplink: to the real center, and to one that gives the contract's answers when things go wrong."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from common import chain
from tests import center_support
from tests.hub_support import HubProcess, until
from tests.kill_support import free_port

CENTER = '[http]\nport = {port}\n[[halls]]\nid = "h1"\nname = "测试厅"\n'


def to_center(url: str, token: str) -> str:
    """The hub's section."""
    return f'[center]\nurl = "{url}"\ntoken = "{token}"\n'


async def uplink(hub: HubProcess) -> dict[str, Any]:
    """Its state as /readyz tells it."""
    found: dict[str, Any] = (await hub.call("GET", "/readyz"))[1]["uplink"]
    return found


async def test_events_reach_the_center_at_once_and_after_it_was_away(tmp_path: Path) -> None:
    config = CENTER.format(port=free_port())
    (tmp_path / "center").mkdir()
    (tmp_path / "hub").mkdir()
    async with center_support.running(tmp_path / "center", config) as center:
        section = to_center(center.url, center.tokens["hall h1"])
        tokens = center.tokens
        hub = HubProcess(tmp_path / "hub", center=section)
        await hub.__aenter__()
        try:
            await hub.ticket()
            await until(lambda: all_delivered(hub), "the first delivery")
            center.kill()
            await center.process.wait()
            for _ in range(5):
                await hub.ticket()
            await hub.kill()  # offline and killed: nothing may be lost
            await hub.start()
            await hub.ticket()
            async with center_support.running(tmp_path / "center", config, tokens) as back:
                await until(lambda: all_delivered(hub), "the delivery after the outage")
                ours = await hub.events()
                page = f"/api/v1/halls/h1/events?journal={ours[0]['journal']}&after=0&limit=1000"
                assert await back.get(page, "auditor") == ours
        finally:
            await hub.__aexit__()


async def all_delivered(hub: HubProcess) -> bool:
    """Whether the center has all that the journal has."""
    _, ready = await hub.call("GET", "/readyz")
    return bool(ready["uplink"]["stored_through"] == ready["journal"]["durable"])


class Answers:
    """A center's two doors, to the contract; `trouble` is asked before each batch is taken."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.journal = ""
        self.chain = b""
        self.posts: list[int] = []
        self.packed = 0
        self.trouble: Callable[[], web.Response | None] = lambda: None

    async def cursor(self, request: web.Request) -> web.Response:
        """How far it has the journal."""
        if not self.journal:
            self.journal = request.query["journal"]
            self.chain = chain.start(self.journal)
        return web.json_response(
            {"journal": self.journal, "stored_through": len(self.events), "chain": self.chain.hex()}
        )

    async def take(self, request: web.Request) -> web.Response:
        """A batch."""
        body = await request.read()
        packed = request.headers.get("Content-Encoding") == "gzip"
        self.packed += packed
        events = [json.dumps(event) for event in json.loads(gzip.decompress(body) if packed else body)]
        self.posts.append(len(events))
        if (answer := self.trouble()) is not None:
            return answer
        raw = (gzip.decompress(body) if packed else body)[1:-1]
        after = int(request.query["after"])
        assert after == len(self.events), "an honest hub goes on from the cursor"
        assert request.headers["Journal-Chain"] == self.chain.hex()
        for event in split(raw):
            self.events.append(event)
            self.chain = chain.link(self.chain, event)
        return web.json_response({"journal": self.journal, "stored_through": len(self.events), "quarantined": []})


def split(raw: bytes) -> list[bytes]:
    """The exact bytes of the events of a batch."""
    found, at, decoder = [], 0, json.JSONDecoder()
    text = raw.decode()
    while at < len(text):
        _, end = decoder.raw_decode(text, at)
        found.append(text[at:end].encode())
        at = end + 1
    return found


def problem(status: int, kind: str, **more: Any) -> web.Response:
    """A refusal as the center says it."""
    body = {"type": f"urn:tingting:problem:{kind}", "title": kind, "status": status} | more
    return web.json_response(body, status=status, content_type="application/problem+json")


@asynccontextmanager
async def answering() -> AsyncIterator[tuple[Answers, str]]:
    """Such a center and its address."""
    answers = Answers()
    app = web.Application()
    app.router.add_get("/api/v1/halls/h1/cursor", answers.cursor)
    app.router.add_post("/api/v1/halls/h1/events", answers.take)
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield answers, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_gap_is_answered_by_going_back(tmp_path: Path) -> None:
    async with answering() as (answers, url), HubProcess(tmp_path, center=to_center(url, "t")) as hub:
        await hub.ticket()
        await until(lambda: all_delivered(hub), "the delivery")
        delivered = len(answers.events)
        del answers.events[1:]  # the center was set back; its cursor and its 409 say so
        answers.chain = chain.extend(chain.start(answers.journal), answers.events)
        said: list[int] = []

        def gap() -> web.Response | None:
            if said:
                return None
            said.append(1)
            return problem(409, "gap", stored_through=1)

        answers.trouble = gap
        await hub.ticket()
        await until(lambda: len(answers.events) == delivered + 1, "all events at the center")
        assert "uplink.gap" in hub.log()


async def test_a_fork_stops_it_loudly(tmp_path: Path) -> None:
    async with answering() as (answers, url), HubProcess(tmp_path, center=to_center(url, "t")) as hub:
        await until(lambda: all_delivered(hub), "the delivery")
        answers.trouble = lambda: problem(409, "forked")
        await hub.ticket()

        async def forked() -> bool:
            return (await uplink(hub))["state"] == "forked"

        await until(forked, "the fork")
        status, ready = await hub.call("GET", "/readyz")
        assert status == 503
        assert "forked" in ready["why"][0]
        assert "uplink.forked" in hub.log()
        _, metrics = await hub.call("GET", "/metrics")
        assert 'tingting_uplink_state{state="forked"} 1' in metrics.decode()
        sent = len(answers.posts)
        await hub.ticket()
        await hub.ticket()
        assert len(answers.posts) == sent, "nothing is sent into a fork"


async def test_another_history_at_the_center_is_seen_before_anything_is_sent(tmp_path: Path) -> None:
    async with answering() as (answers, url):
        answers.journal, answers.chain = "x", b"\x00" * 32

        async def cursor(request: web.Request) -> web.Response:
            return web.json_response(
                {"journal": request.query["journal"], "stored_through": 0, "chain": answers.chain.hex()}
            )

        answers.cursor = cursor
        async with HubProcess(tmp_path, center=to_center(url, "t")) as hub:
            await until(lambda: "uplink.forked" in hub.log(), "the fork")
            assert not answers.posts


async def test_what_the_center_refuses_is_kept_and_said(tmp_path: Path) -> None:
    async with answering() as (answers, url), HubProcess(tmp_path, center=to_center(url, "t")) as hub:
        answers.trouble = lambda: problem(422, "unreadable")

        async def refused() -> bool:
            return (await uplink(hub))["state"] == "refused"

        await hub.ticket()
        await until(refused, "the refusal")
        assert "center.token" in hub.log()
        answers.trouble = lambda: web.Response(status=503)

        async def away() -> bool:
            return (await uplink(hub))["state"] == "away"

        await until(away, "the center being away")
        answers.trouble = lambda: None
        await until(lambda: all_delivered(hub), "the delivery after all")


async def test_a_large_backlog_goes_in_packed_batches_within_the_limits(tmp_path: Path) -> None:
    async with answering() as (answers, url), HubProcess(tmp_path, center=to_center(url, "t")) as hub:
        answers.trouble = lambda: web.Response(status=503)
        await asyncio.gather(*(hub.ticket() for _ in range(300)))
        answers.trouble = lambda: problem(413, "too-large") if answers.posts[-1] > 100 else None
        await until(lambda: all_delivered(hub), "the delivery")
        assert max(answers.posts) <= 1000
        assert answers.packed > 0
        ours = await hub.events()
        assert [json.loads(event) for event in answers.events] == ours
