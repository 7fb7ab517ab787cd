"""The center as a process: killed under load, started again, misconfigured, described and watched."""

import asyncio
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import msgspec

from center import config
from center.config import CenterSettings, Hall
from center.main import assemble
from center.store.sqlite import FILE_NAME, SqliteStore
from center.web import app as web_app
from center.web.openapi import document
from common.tokens import Tokens
from tests.center_support import CONFIG, DAY, ROOT, CenterProcess, Journal, rating, running

SENDERS = 4
ROUNDS = 3
ANSWERS = 50  # batches of a round before the kill
EVENTS = list[msgspec.Raw]


async def body(center: CenterProcess, path: str) -> bytes:
    """What the auditor reads."""
    status, content = await center.ask(path, "auditor")
    assert status == 200
    return content


@dataclass
class Load:
    """What was acknowledged of each journal, and when it was enough to kill the center."""

    acknowledged: dict[str, int]
    answers: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def send_on(self, center: CenterProcess, journal: Journal) -> None:
        """Sends small batches, one after the other, until the center goes away."""
        try:
            while True:
                journal.run(journal.through, 5)
                status, answer = await center.send(journal, self.acknowledged[journal.name])
                assert status == 200, answer
                self.acknowledged[journal.name] = answer["stored_through"]
                self.answers += 1
                if self.answers >= ANSWERS:
                    self.enough.set()
        except aiohttp.ClientError:
            return


async def cursor_of(center: CenterProcess, journal: Journal) -> tuple[int, str]:
    answer = await center.get(f"/api/v1/halls/qingxi/cursor?journal={journal.name}", "hall qingxi")
    return answer["stored_through"], answer["chain"]


async def test_what_was_acknowledged_survives_sigkill_under_load(tmp_path: Path) -> None:
    journals = [Journal(name=f"journal-{number}") for number in range(SENDERS)]
    tokens: dict[str, str] = {}
    for _ in range(ROUNDS):
        async with running(tmp_path, tokens=tokens) as center:
            tokens = center.tokens
            load = Load({journal.name: (await cursor_of(center, journal))[0] for journal in journals})
            senders = [asyncio.create_task(load.send_on(center, journal)) for journal in journals]
            await load.enough.wait()
            center.kill()
            await asyncio.gather(*senders)
        async with running(tmp_path, tokens=tokens) as center:
            for journal in journals:
                through, link = await cursor_of(center, journal)
                assert through >= load.acknowledged[journal.name]
                assert link == journal.links[through].hex()
                stored: list[bytes] = []
                while len(stored) < through:
                    path = f"/api/v1/halls/qingxi/events?journal={journal.name}&after={len(stored)}"
                    stored += [bytes(event) for event in msgspec.json.decode(await body(center, path), type=EVENTS)]
                assert stored == journal.events[:through]
    async with running(tmp_path, tokens=tokens) as center:
        for journal in journals:
            await center.send(journal, (await cursor_of(center, journal))[0])
        # Runs and facts of the four journals have the same numbers: each counts once.
        longest = max(journal.through for journal in journals) // 4
        report = await center.ratings()
        assert report["served"] == report["rated"] == longest


async def test_tokens_are_shown_once_and_kept_only_as_hashes(tmp_path: Path) -> None:
    async with running(tmp_path) as first:
        tokens = first.tokens
    assert set(tokens) == {"hall qingxi", "hall liuhe", "viewer", "supervisor", "auditor", "monitor"}
    async with running(tmp_path, tokens=tokens) as second:
        assert second.tokens == tokens
        await second.get("/api/v1/halls")
    for path in (tmp_path / "var").iterdir():
        content = path.read_bytes()
        for token in tokens.values():
            assert token.encode() not in content


async def test_a_halls_token_is_renewed_without_losing_an_event(tmp_path: Path) -> None:
    journal = Journal()
    for number in range(1, 5):
        journal.run(number, 5)
    half = journal.through // 2
    async with running(tmp_path) as first:
        tokens = first.tokens
        assert (await first.send(journal, 0, half))[0] == 200
    words = ["-m", "tools.cli", "center", "tokens", "--renew", "hall qingxi", "--config", str(tmp_path / "center.toml")]
    told = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    said = (await told.communicate())[0].decode()
    (renewed,) = re.findall(r"token hall qingxi: (\S+)", said)
    async with running(tmp_path, tokens=tokens) as again:
        # The hub has the old one for a while: it is refused, keeps its events, and sends them with the new one.
        assert (await again.send(journal, half, token=tokens["hall qingxi"]))[0] == 401
        status, cursor = await again.send(journal, half, token=renewed)
        assert (status, cursor["stored_through"]) == (200, journal.through)
        assert (await again.ratings())["rated"] == 4


async def test_what_is_kept_is_for_the_centers_own_user_only(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "center.sqlite").touch(mode=0o644)  # as an earlier version made it
    async with running(tmp_path) as center:
        journal = Journal()
        journal.run(1, 1)
        status, answer = await center.send(journal)
        assert status == 200, answer
        open_to_others = [path.name for path in (tmp_path / "var").iterdir() if path.stat().st_mode & 0o077]
    assert open_to_others == []


async def refused(tmp_path: Path, text: str, exit_status: int = 1) -> str:
    """What the center says when it can't start with these settings."""
    file = tmp_path / "center.toml"
    file.write_text(text, "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "center.main", "--config", str(file), cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == exit_status
    return errors.decode()


WRONG_SETTINGS = {
    '[[halls]]\nid = "a"\nname = "A"\n[http]\nprot = 1\n': "http.prot: there is no such key; did you mean 'port'",
    '[[halls]]\nid = "a"\nname = "A"\n[http]\nport = 99999\n': "http.port: 99999 is not allowed",
    '[[halls]]\nid = "a"\nname = "A"\n[[halls]]\nid = "a"\nname = "B"\n': "halls[1].id: 'a' is there twice",
    "[http]\nport = 0\n": "halls",
    "halls = [": "not TOML",
}


async def test_wrong_settings_are_one_clear_line(tmp_path: Path) -> None:
    for text, wanted in WRONG_SETTINGS.items():
        # The hub's status, too; the service manager doesn't try again after it.
        errors = await refused(tmp_path, text, exit_status=2)
        assert wanted in errors
        assert errors.startswith(f"center: {tmp_path / 'center.toml'}: ")
        assert errors.count("\n") == 1


async def test_a_torn_token_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "tokens.json").write_text('{"half', "utf-8")
    errors = await refused(tmp_path, CONFIG)
    assert "tokens.json: not a token file" in errors
    assert "delete it" in errors


async def test_an_address_in_use_is_named(tmp_path: Path) -> None:
    async with running(tmp_path) as center:
        port = center.url.rpartition(":")[2]
        other = tmp_path / "other"
        other.mkdir()
        errors = await refused(other, CONFIG.replace("port = 0", f"port = {port}"))
    assert f"can't listen on 127.0.0.1:{port}" in errors


async def test_the_description_names_exactly_the_routes(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / FILE_NAME, asyncio.get_running_loop())
    settings = CenterSettings(halls=(Hall("a", "A"),))
    center = assemble(settings, tmp_path, store, Tokens({}))
    app = web_app.build(center)
    routes = {
        (route.method.lower(), route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    described = {(method, path) for path, methods in document("1")["paths"].items() for method in methods}
    assert described == {route for route in routes if route[1].startswith(("/api/", "/healthz", "/readyz", "/metrics"))}
    center.desk.book.close()
    await store.close()
    known = set(document("1")["components"]["schemas"])
    assert set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document("1")))) <= known


async def test_the_answers_have_the_members_that_are_described(tmp_path: Path) -> None:
    schemas = document("1")["components"]["schemas"]
    async with running(tmp_path) as center:
        journal = Journal()
        journal.run(1, 5)
        _, stored = await center.send(journal)
        answers = {
            "Stored": stored,
            "Cursor": await center.get(f"/api/v1/halls/qingxi/cursor?journal={journal.name}", "hall qingxi"),
            "Ratings": await center.ratings(),
            "Row": (await center.ratings())["rows"][0],
            "Halls": await center.get("/api/v1/halls"),
        }
        assert (await center.get("/api/v1/openapi.json"))["openapi"] == "3.1.0"
    for name, answer in answers.items():
        assert set(schemas[name]["required"]) <= set(answer) <= set(schemas[name]["properties"]), name
    hall = schemas["Halls"]["properties"]["halls"]["items"]
    assert set(answers["Halls"]["halls"][0]) == set(hall["properties"])


async def test_the_report_by_everything(tmp_path: Path) -> None:
    async with running(tmp_path) as center:
        journal, other = Journal(), Journal(hall="liuhe", name="other")
        for number in range(6):
            journal.run(number, 5, window="1", staff="s1")
        for number in range(6, 8):
            journal.run(number, 1, window="2", staff="s2")
        other.run(9, 3, window="7", staff=None)
        await center.send(journal)
        await center.send(other)
        wanted = {
            "hall": [("liuhe", 1, 1), ("qingxi", 8, 8)],
            "region": [("青溪", 9, 9)],
            "department": [(None, 1, 1), ("公安", 2, 2), ("税务", 6, 6)],
            "window": [("7", 1, 1), ("1", 6, 6), ("2", 2, 2)],
            "staff": [(None, 1, 1), ("s1", 6, 6), ("s2", 2, 2)],
            "service": [("A", 1, 1), ("A", 8, 8)],
            "day": [(DAY, 9, 9)],
            "month": [("2026-11", 9, 9)],
        }
        for by, rows in wanted.items():
            report = await center.ratings(by=by)
            assert [(row["key"], row["served"], row["rated"]) for row in report["rows"]] == rows, by
            assert (report["served"], report["rated"]) == (9, 9)
        # A person's two ratings are not told apart, be it of one day or of two; six are.
        staff = {row["key"]: row for row in (await center.ratings(by="staff"))["rows"]}
        assert staff["s1"]["grades"]["5"] == 6
        assert staff["s2"]["grades"] is None
        assert staff["s2"]["satisfaction_rate"] is None
        assert staff["s2"]["hidden"] is True
        week = await center.get(f"/api/v1/reports/ratings?from=2026-11-16&to={DAY}&by=staff")
        assert [row["key"] for row in week["rows"] if row.get("hidden")] == [None, "s2"]
        for query in ("from=2026-11-21", "from=x&to=y", f"from={DAY}&to=2026-11-20", f"from={DAY}&to={DAY}&by=grade"):
            status, _ = await center.ask(f"/api/v1/reports/ratings?{query}")
            assert status == 400, query


async def test_it_can_be_watched_and_no_metric_carries_a_grade(tmp_path: Path) -> None:
    async with running(tmp_path) as center:
        journal = Journal()
        journal.run(1, 2)
        await center.send(journal)
        await center.send(journal, after=4)
        assert json.loads((await center.ask("/healthz", ""))[1])["status"] == "alive"
        assert json.loads((await center.ask("/readyz", ""))[1])["status"] == "ready"
        _, text = await center.ask("/metrics", "")
        assert b'tingting_center_batches_total{answer="stored"} 2' in text
        assert b'tingting_center_stored_through{hall="qingxi",journal="' in text
        assert b"grade" not in text
        _, page = await center.ask("/sign-in", "")
        assert b"<form" in page
        async with center.client.get(center.url + "/") as answer:
            assert str(answer.url).endswith("/sign-in")
            assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_signing_in_gives_a_guarded_cookie_and_only_to_this_site(tmp_path: Path) -> None:
    async with running(tmp_path) as center:
        url, form = f"{center.url}/sign-in", {"token": center.tokens["viewer"]}
        elsewhere = {"Origin": "https://elsewhere.example"}
        async with center.client.post(url, data=form, headers=elsewhere, allow_redirects=False) as answer:
            assert answer.status == 403
        async with center.client.post(url, data=form, headers={"Origin": center.url}, allow_redirects=False) as answer:
            assert answer.status == 303
            cookie = answer.headers["Set-Cookie"]
        assert {"HttpOnly", "Secure", "SameSite=Strict"} <= {part.strip() for part in cookie.split(";")}
        assert center.tokens["viewer"] not in cookie
        for who in ("hall qingxi", "monitor"):
            async with center.client.post(url, data={"token": center.tokens[who]}, allow_redirects=False) as answer:
                assert answer.status == 403


def test_every_key_is_documented() -> None:
    text = config.reference()
    for name in ("paths.data", "http.port", "overview.silent_after_s", "halls[].departments"):
        assert f"`{name}`" in text
    assert all(row.split("|")[4].strip() for row in text.splitlines())


async def test_an_idle_hall_stays_current_by_empty_batches(tmp_path: Path) -> None:
    year_s = 365 * 24 * 3600
    async with running(tmp_path) as center:
        journal = Journal()
        journal.add("hall.rating.submitted", rating("r", 5, 1), at_ms=1_577_836_800_000)  # 2020
        await center.send(journal)
        halls = (await center.get("/api/v1/halls"))["halls"]
        assert halls[0]["lag_s"] > year_s
        assert halls[1]["lag_s"] is None
        await center.send(journal, after=1)
        assert (await center.get("/api/v1/halls"))["halls"][0]["lag_s"] < year_s
