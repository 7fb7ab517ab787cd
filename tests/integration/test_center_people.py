"""Who may see and do what: accounts, scopes, sessions, CSRF, throttling, by the real process and its real doors."""

import asyncio
import datetime
import html
import ipaddress
import json
import re
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import argon2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from center.config import load as config_of
from center.main import ACCOUNTS_FILE
from center.people.accounts import Accounts, Wanted
from center.people.roles import scope_of
from tests.center_support import CONFIG, DAY, NOON_MS, ROOT, CenterProcess, Journal, running

PASSWORD = "Haishu-中心-8102"
ACCOUNTS = {
    "root1": ("administrator", "all"),
    "chen": ("supervisor", "all"),
    "wang": ("manager", "hall:qingxi"),
    "li": ("viewer", "region:青溪"),
    "zhao": ("viewer", "region:鄞州"),
    "sun": ("manager", "department:qingxi/税务"),
}
FOREIGN = '[[halls]]\nid = "yinzhou"\nname = "鄞州区政务服务中心"\nregion = "鄞州"\n'


def make(file: Path, name: str, role: str, scope: str) -> None:
    """By the command line, as the first administrator is made."""
    words = ["center", "account", "create", name, "--role", role, "--scope", scope]
    done = subprocess.run(
        [sys.executable, "-m", "tools.cli", *words, "--config", str(file), "--password-stdin"],
        input=PASSWORD + "\n",
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr


def settle_accounts(folder: Path, accounts: dict[str, tuple[str, str]]) -> None:
    """Accounts as the command line makes them, with a cheap hash: how long guessing takes is not tested here."""
    cheap = argon2.PasswordHasher.from_parameters(argon2.profiles.CHEAPEST)
    kept = Accounts(folder / "var" / ACCOUNTS_FILE, lambda: 0, cheap)
    halls = config_of(folder / "center.toml").halls
    for name, (role, scope) in accounts.items():
        kept.create(Wanted(name, role, scope_of(scope, halls)), PASSWORD)


class Person:
    """A browser without a window: a cookie jar and the page's second secret."""

    def __init__(self, center: CenterProcess) -> None:
        self.url = center.url
        self.client = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.csrf = ""

    async def get(self, path: str) -> tuple[int, str]:
        async with self.client.get(self.url + path, allow_redirects=False) as answer:
            text = await answer.text()
            found = re.search(r'name="csrf" value="([^"]+)"', text)
            self.csrf = found[1] if found else self.csrf
            return answer.status, text

    async def post(self, path: str, csrf: str | None = None, **fields: str) -> tuple[int, str]:
        form = {"csrf": self.csrf if csrf is None else csrf} | fields
        async with self.client.post(self.url + path, data=form, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location", "") or await answer.text()

    async def sign_in(self, name: str, password: str) -> tuple[int, str]:
        return await self.post("/sign-in", name=name, password=password)

    async def settle(self, name: str) -> None:
        """Signs in for the first time, with a password of one's own."""
        assert (await self.sign_in(name, PASSWORD)) == (303, "/password")
        await self.get("/password")
        status, where = await self.post(
            "/password", old=PASSWORD, new=PASSWORD + name[::-1] + "9", again=PASSWORD + name[::-1] + "9"
        )
        assert (status, where) == (303, "/accounts" if name == "root1" else "/"), where


@pytest.fixture
async def center(tmp_path: Path) -> AsyncIterator[CenterProcess]:
    config = CONFIG.replace("[http]", "[http]\nsecure_cookie = false") + FOREIGN
    (tmp_path / "center.toml").write_text(config, "utf-8")
    settle_accounts(tmp_path, ACCOUNTS)
    async with running(tmp_path, config) as running_center:
        yield running_center


async def until(condition: Any) -> Any:
    async with asyncio.timeout(20):
        while not (found := await condition()):
            await asyncio.sleep(0.02)
        return found


async def test_what_each_may_and_the_others_may_not(center: CenterProcess) -> None:
    ours, theirs = Journal(), Journal(hall="yinzhou", name="other-1")
    runs = [ours.run(1, 1, window="1"), ours.run(2, 1, window="2", staff="staff-of-two")]
    theirs.run(3, 2, window="9", staff="secret-staff")
    now_ms = time.time_ns() // 1_000_000
    ours.run(4, 5, window="1", at_ms=now_ms)
    ours.run(5, 5, window="2", staff="staff-of-two", at_ms=now_ms)
    await center.send(ours)
    await center.send(theirs)
    people = {name: Person(center) for name in ACCOUNTS}
    try:
        for name, person in people.items():
            await person.settle(name)

        async def cases(name: str) -> list[str]:
            status, text = await people[name].get("/api/v1/cases")
            return [case["run"] for case in json.loads(text)["cases"]] if status == 200 else [str(status)]

        async def all_opened() -> bool:
            return len(await cases("chen")) == 3

        await until(all_opened)
        assert sorted(await cases("wang")) == sorted(runs), "the manager of one hall"
        assert await cases("sun") == [runs[0]], "of one department"
        assert await cases("li") == ["403"], "a viewer reads figures, no cases"
        assert await cases("root1") == ["403"], "who gives access reads nothing"

        # A viewer of one region sees nothing of another, by any door or page.
        (foreign,) = [run for run in await cases("chen") if run not in runs]
        for path in await walk(people["chen"]):
            status, text = await people["zhao"].get(path)
            assert status < 500, path
            for secret in ("青溪县政务服务中心", *runs):
                assert secret in path or secret not in text, (path, secret, status)
            status, text = await people["li"].get(path)
            for secret in ("鄞州区政务服务中心", "secret-staff", foreign, "yinzhou"):
                # An answer may name what was asked for, but then it is a refusal.
                assert secret not in text or (secret in path and status in (400, 403, 404)), (path, secret, status)

        await department_sees_itself_alone(people["chen"], people["sun"], runs)

        # The manager of a hall does what the table says, to its own cases only.
        case = f"qingxi.{runs[0]}"
        await people["wang"].get(f"/cases/{case}")
        assert (await people["wang"].post(f"/cases/{case}", action="verify", text="已核实"))[0] == 303
        assert (await people["wang"].post(f"/cases/{case}", action="reopen", text="x"))[0] == 409
        assert (await people["wang"].get(f"/cases/yinzhou.{foreign}"))[0] == 404
        assert (await people["sun"].get(f"/cases/qingxi.{runs[1]}"))[0] == 404

        # A change without the page's word, or with another's, is none.
        for csrf in ("", people["chen"].csrf):
            assert (await people["wang"].post(f"/cases/{case}", csrf=csrf, action="put_right", text="已整改"))[0] == 403
        headers = {"X-CSRF-Token": "wrong"}
        async with people["wang"].client.post(
            f"{center.url}/api/v1/cases/{case}/actions", json={"action": "note", "text": "x"}, headers=headers
        ) as answer:
            assert answer.status == 403

        # Whoever is shut out is out at once, also where a page is open.
        await people["root1"].get("/accounts")
        assert (await people["root1"].post("/accounts", act="disable", name="wang"))[0] == 200
        assert (await people["wang"].get("/cases"))[0] == 303
        assert (await people["wang"].sign_in("wang", PASSWORD + "gnaw9"))[0] == 403
        assert (await people["root1"].post("/accounts", act="disable", name="root1"))[0] == 409, "the last one"

        # Every change is in the audit log, under the center's own chain.
        events = await center.get("/api/v1/halls/_center/events?journal=center:center:_center", "auditor")
        said = [(event["type"], event["data"]["who"], event["data"].get("account")) for event in events]
        assert ("center.audit.account_disable", "root1", "wang") in said
        assert {kind.rpartition(".")[2] for kind, _, _ in said} == {"password_changed", "account_disable", "exported"}
    finally:
        for person in people.values():
            await person.client.close()


async def department_sees_itself_alone(chen: Person, sun: Person, runs: list[str]) -> None:
    """Of a department: its own figures by every door and page, nothing of another department's or hall's."""
    days, tickets = f"from={DAY}&to={DAY}", [f"{number:016x}" for number in (1, 2)]
    walked = sorted({*await walk(chen), *await walk(sun), *(f"/halls/qingxi/tickets/{ticket}" for ticket in tickets)})
    assert len(walked) > 120
    for path in walked:
        status, text = await sun.get(path)
        assert status < 500, path
        for secret in (runs[1], tickets[1], "staff-of-two", "公安", "yinzhou", "鄞州区政务服务中心", "secret-staff"):
            assert secret not in text or (secret in path and status in (400, 403, 404)), (path, secret, status)
    for by in ("hall", "region", "department", "window", "staff", "service", "day", "month"):
        report = json.loads((await sun.get(f"/api/v1/reports/ratings?{days}&by={by}"))[1])
        assert (report["served"], len(report["rows"])) == (1, 1), by
        times = json.loads((await sun.get(f"/api/v1/reports/waiting?{days}&by={by}"))[1])
        assert (times["tickets"], times["called"], times["served"]) == (1, 1, 1), by
        assert times["waiting"]["median_ms"] == 60_000
    peaks = json.loads((await sun.get(f"/api/v1/reports/waiting?{days}&by=quarter"))[1])
    assert [(row["key"], row["tickets"], row["served"]) for row in peaks["rows"]] == [("12:00", 1, 1)]
    ranked = json.loads((await sun.get(f"/api/v1/reports/ranking?{days}&by=window"))[1])
    assert [row["key"] for row in ranked["rows"]] == ["1"]
    opened = json.loads((await sun.get(f"/api/v1/reports/behind?{days}&figure=served"))[1])
    assert [run["run"] for run in opened["runs"]] == [runs[0]]
    year = "from=2026-01-01&to=2026-12-31"
    assert (await sun.get(f"/api/v1/reports/ratings?{year}&by=staff"))[0] == 400
    assert (await sun.get(f"/api/v1/reports/ratings?{year}&by=day"))[0] == 200
    assert (await sun.get(f"/halls/qingxi/runs/{runs[0]}"))[0] == 200
    assert (await sun.get(f"/halls/qingxi/runs/{runs[1]}"))[0] == 404
    assert (await sun.get(f"/halls/qingxi/tickets/{tickets[0]}"))[0] == 200
    assert (await sun.get(f"/halls/qingxi/tickets/{tickets[1]}"))[0] == 404
    for path in ("/bulletin", "/bulletin/2026-11", "/bulletin/2026-11.json", "/signs"):
        assert (await sun.get(path))[0] == 403, path
    _, overview = await sun.get("/overview?lang=en")
    assert "Today by window" in overview
    assert re.search(r"Finished today</dt><dd><b class=\"num\"><a [^>]*>1</a></b>service<", overview)
    assert "仅税务" in (await sun.get("/?lang=zh-CN"))[1]
    for person in (chen, sun):  # no hall is there
        assert (await person.get("/overview?region=nowhere"))[0] == 200


async def walk(person: Person) -> list[str]:
    """Every address that a supervisor of everything can reach from the doors' description and the pages' links."""
    _, text = await person.get("/api/v1/openapi.json")
    days = f"from={DAY}&to={DAY}"
    found = {"/", "/overview", "/cases", "/signs", "/paper", "/reports", "/halls", "/devices", "/bulletin", "/accounts"}
    for path in json.loads(text)["paths"]:
        # Of the machine's own doors these are for a monitor on the same machine, as this test is.
        if "{" not in path and path not in ("/metrics", "/healthz", "/readyz"):
            found |= {path, f"{path}?{days}"}
            found |= {f"{path}?{days}&by={by}" for by in ("hall", "region", "department", "window", "staff", "service")}
            found |= {f"{path}?{days}&hall={hall}" for hall in ("qingxi", "yinzhou")}
    found |= {f"/api/v1/exports/{profile}?{days}" for profile in ("gbt39046", "zhejiang")}
    for what, by in (
        ("ratings", "hall"),
        ("ratings", "window"),
        ("waiting", "region"),
        ("peaks", "quarter"),
        ("use", "window"),
        ("ranking", "department"),
    ):
        found.add(f"/reports?what={what}&by={by}&{days}")
    seen: set[str] = set()
    while found - seen:
        path = min(found - seen)
        seen.add(path)
        status, text = await person.get(path)
        if status == 200:
            links = re.findall(r'(?:href|action)="(/[^"#]*)"', text)
            found |= {link.replace("&amp;", "&") for link in links if not link.startswith(("/static", "/sign-out"))}
        if len(seen) > 400:
            break
    return sorted(seen)


async def test_guessing_is_slow_and_cookies_are_safe(center: CenterProcess) -> None:
    person = Person(center)
    try:
        for _ in range(6):
            status, _ = await person.sign_in("chen", "wrong-" + PASSWORD)
        assert status in (403, 429)
        status, _ = await person.sign_in("chen", PASSWORD)
        assert status == 429, "the right one waits as well: nobody learns that it was right"
        async with person.client.post(f"{center.url}/sign-in", data={"name": "li", "password": PASSWORD}) as answer:
            assert answer.status == 429
            assert int(answer.headers["Retry-After"]) >= 1
    finally:
        await person.client.close()


async def test_headers_of_every_page(center: CenterProcess) -> None:
    async with aiohttp.ClientSession() as client:
        for path in ("/sign-in", "/t/nothing", "/", "/cases", "/nowhere"):
            async with client.get(center.url + path, allow_redirects=False) as answer:
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"], path
                assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
        form = {"token": center.tokens["viewer"]}
        async with client.post(f"{center.url}/sign-in", data=form, allow_redirects=False) as answer:
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
        evil = {"Origin": "https://evil.example"}
        async with client.post(f"{center.url}/sign-in", data=form, headers=evil) as answer:
            assert answer.status == 403


def ticket(journal: Journal, number: int, token: str, called: bool = True, finished: bool = True) -> str:
    """A ticket whose paper has a token; not rated."""
    name, run = f"{number:016x}", f"{number + 2**60:016x}"
    issued = {"ticket": name, "number": f"A{number:03}", "service": "A", "channel": "kiosk"}
    journal.add("hall.ticket.issued", issued | {"token_sha256": sha256(token.encode()).hexdigest()}, NOON_MS + number)
    if called:
        call = {"ticket": name, "number": f"A{number:03}", "window": "3", "staff": "s1", "waited_ms": 600_000}
        journal.add("hall.ticket.called", call, NOON_MS + 60_000 + number)
    if finished:
        done = {"ticket": name, "run": run, "window": "3", "staff": "s1", "service": "A", "served_ms": 1000}
        journal.add("hall.ticket.finished", done, NOON_MS + 120_000 + number)
    return run


async def test_a_citizens_phone_from_the_line_to_the_late_rating(tmp_path: Path) -> None:
    # The hall's clock is the machine's: a rating is taken within seven days of now.
    now_ms = int(time.time() * 1000)
    journal = Journal()
    shift = now_ms - NOON_MS - 3_600_000
    plain = journal.add

    def moved(kind: str, data: dict[str, Any], at_ms: int = NOON_MS, recorded_ms: int | None = None) -> bytes:
        return plain(kind, data, at_ms + shift, recorded_ms)

    journal.add = moved  # type: ignore[method-assign]
    ticket(journal, 1, "waits-first", called=False, finished=False)
    ticket(journal, 2, "waits-second", called=False, finished=False)
    ticket(journal, 3, "called", finished=False)
    run = ticket(journal, 4, "served")
    config = CONFIG.replace("[http]", "[http]\nsecure_cookie = false")
    (tmp_path / "center.toml").write_text(config, "utf-8")
    settle_accounts(tmp_path, {"chen": ("supervisor", "all")})
    async with running(tmp_path, config) as center:
        await center.send(journal)
        async with aiohttp.ClientSession() as client:

            async def page(token: str, **form: str) -> tuple[int, str]:
                url = f"{center.url}/t/{token}?lang=en"
                if form:
                    async with client.post(url, data=form, allow_redirects=False) as answer:
                        return answer.status, await answer.text()
                async with client.get(url) as answer:
                    return answer.status, await answer.text()

            assert "You are next" in (await page("waits-first"))[1]
            assert re.search(r'"num">1</span>\s*person ahead', (await page("waits-second"))[1])
            assert "it is your turn" in (await page("called"))[1]
            assert (await page("unknown"))[0] == 404
            status, text = await page("served")
            assert "How was the service?" in text
            for secret in ("s1", "waits", run):
                assert secret not in text, "nothing of anyone else, and no clerk's name"

            assert (await page("served", grade="9"))[0] == 422
            assert (await page("served", grade="1", contact="13900001111"))[0] == 422, "no consent, no contact"
            contact = {"contact": "13900001111", "consent": "yes"}
            assert (await page("served", grade="1", reason="attitude", words="等太久", **contact))[0] == 303
            assert "Thank you" in (await page("served"))[1]
            assert (await page("served", grade="5"))[0] == 409, "once"

            day = time.strftime("%Y-%m-%d", time.gmtime((now_ms - 3_600_000) / 1000 + 8 * 3600))
            report = await center.ratings(day, day)
            assert (report["served"], report["rated"], report["grades"]["1"]) == (1, 1, 1)

            person = Person(center)
            await person.settle("chen")

            async def opened() -> Any:
                return json.loads((await person.get("/api/v1/cases"))[1])["cases"]

            (case,) = await until(opened)
            assert (case["channel"], case["words"], case["has_contact"]) == ("phone", "等太久", True)
            assert "13900001111" not in (await person.get(f"/cases/{case['id']}"))[1], "not yet its handler"
            await person.post(f"/cases/{case['id']}", action="assign", handler="chen")
            assert "13900001111" in (await person.get(f"/cases/{case['id']}"))[1]
            for action in ("verify", "put_right", "answer", "revisit", "close"):
                status, text = await person.post(
                    f"/cases/{case['id']}", action=action, text="好", by="s1", result="content"
                )
                assert status == 303, text
            on_disk = b"".join(path.read_bytes() for path in (tmp_path / "var").iterdir())
            assert b"13900001111" not in on_disk, "the contact of a closed case is nowhere on the disk"

            # Who tries addresses is slowed down.
            for number in range(8):
                status, _ = await page(f"guess-{number}")
            assert status == 429
            await person.client.close()


async def test_an_export_says_what_it_could_not_fill(center: CenterProcess) -> None:
    journal = Journal()
    journal.run(1, 5)
    journal.run(2, None, staff="=cmd()")
    await center.send(journal)
    status, text = await center.ask(f"/api/v1/exports/gbt39046?from={DAY}&to={DAY}", "supervisor")
    lines = text.decode("utf-8-sig").splitlines()
    assert status == 200
    assert len(lines) == 3
    assert ",'=cmd()," in lines[2], "no spreadsheet runs a cell as a formula"
    found = await center.get(f"/api/v1/exports/zhejiang?from={DAY}&to={DAY}&format=json", "supervisor")
    assert (found["count"], found["empty"]["satisfaction"], found["empty"]["userName"]) == (2, 1, 2)
    assert [record["satisfaction"] for record in found["records"]] == ["5", ""]
    assert (await center.ask(f"/api/v1/exports/gbt39046?from={DAY}&to={DAY}", "viewer"))[0] == 403
    assert (await center.ask(f"/api/v1/exports/none?from={DAY}&to={DAY}", "supervisor"))[0] == 404
    empty = await center.get(f"/api/v1/exports/zhejiang/empty?from={DAY}&to={DAY}", "supervisor")
    assert empty["empty"] == found["empty"]


async def test_a_place_that_counts_silence_exports_it_marked(tmp_path: Path) -> None:
    config = CONFIG.replace("[http]", "[exports]\ndefault_after_days = { zhejiang = 7 }\n[http]\nsecure_cookie = false")
    now_ms = time.time_ns() // 1_000_000
    journal = Journal()
    for number, days in enumerate((9, 3)):
        journal.run(number, None, at_ms=now_ms - days * 86_400_000)
    journal.run(2, 1, at_ms=now_ms - 9 * 86_400_000)
    (tmp_path / "center.toml").write_text(config, "utf-8")
    settle_accounts(tmp_path, {"chen": ("supervisor", "all")})
    async with running(tmp_path, config) as center:
        await center.send(journal)
        first, last = (time.strftime("%Y-%m-%d", time.gmtime(now_ms / 1000 + day * 86_400)) for day in (-20, 2))
        days = f"from={first}&to={last}"
        found = await center.get(f"/api/v1/exports/zhejiang?{days}&format=json", "supervisor")
        said = {(record["satisfaction"], record["is_default"]) for record in found["records"]}
        assert said == {("3", "1"), ("", "0"), ("1", "0")}
        assert found["empty"]["satisfaction"] == 1
        summary = await center.get(f"/api/v1/exports/zhejiang/empty?{days}", "supervisor")
        assert (summary["count"], summary["empty"]) == (3, found["empty"])
        other = await center.get(f"/api/v1/exports/gbt39046/empty?{days}", "supervisor")
        assert other["empty"]["satisfaction"] == 2, "no place counts silence unless it says so"

        # Where a supervisor finds them.
        person = Person(center)
        try:
            await person.settle("chen")
            page = (await person.get(f"/reports?what=ratings&by=hall&{days}"))[1]
            doors = [html.unescape(door) for door in re.findall(r'href="(/api/v1/exports/[^"]+)"', page)]
            assert len(doors) == 6
            for door in doors:
                assert (await person.get(door))[0] == 200, door
        finally:
            await person.client.close()


async def test_signs_name_their_test_and_their_events(center: CenterProcess) -> None:
    journal = Journal()
    for number in range(80):
        staff = "quick" if number % 2 else "honest"
        journal.run(number + 1, 5 if number % 5 else 4, staff=staff)
        event = json.loads(journal.events[-1])
        event["data"]["pressed_after_ms"] = 300 if staff == "quick" else 4000
        journal.events[-1] = json.dumps(event, ensure_ascii=False).encode()
    again = Journal()
    for data in journal.events:
        again.add_raw(data)
    await center.send(again)
    found = await center.get(f"/api/v1/signs?hall=qingxi&from={DAY}&to={DAY}", "supervisor")
    (sign,) = [sign for sign in found["signs"] if sign["kind"] == "quick_presses"]
    assert (sign["who"], sign["numbers"]["quick"], sign["test"]) == ("quick", 40, "exact binomial test, one-sided")
    assert sign["chance"] < 1e-10
    assert len(sign["events"]) == 40
    assert (await center.ask(f"/api/v1/signs?hall=qingxi&from={DAY}&to={DAY}", "viewer"))[0] == 403


@pytest.mark.parametrize("odd_rates", [True, False])
async def test_a_rate_far_from_the_others_opens_to_its_services(center: CenterProcess, odd_rates: bool) -> None:
    journal, runs = Journal(), {}
    for number in range(1, 121):
        odd = number % 3 == 0
        run = journal.run(number, 5 if odd == odd_rates else None, staff="odd" if odd else "other")
        runs[run] = odd
    await center.send(journal)
    found = await center.get(f"/api/v1/signs?hall=qingxi&from={DAY}&to={DAY}", "supervisor")
    (sign,) = [one for one in found["signs"] if one["kind"] == "far_rate" and one["who"] == "odd"]
    assert (sign["numbers"]["rated"], sign["numbers"]["served"]) == (40 if odd_rates else 0, 40)
    behind = [json.loads(journal.events[int(event.rpartition("/")[2]) - 1]) for event in sign["events"]]
    assert {event["type"] for event in behind} == {"hall.ticket.finished"}
    assert {event["data"]["run"] for event in behind} == {run for run, odd in runs.items() if odd}


async def test_the_first_administrator_is_made_on_the_command_line(tmp_path: Path) -> None:
    config = CONFIG.replace("[http]", "[http]\nsecure_cookie = false")
    async with running(tmp_path, config) as center:
        person = Person(center)
        try:
            assert (await person.sign_in("root1", PASSWORD))[0] == 403, "there is no default account"
            await asyncio.to_thread(make, tmp_path / "center.toml", "root1", "administrator", "all")
            await person.settle("root1")
            status, _ = await person.post(
                "/accounts", act="create", name="chen", role="supervisor", scope="all", password=PASSWORD
            )
            assert status == 403, "without the page's word"
            await person.get("/accounts")
            new = {"act": "create", "role": "supervisor", "scope": "region:青溪", "password": PASSWORD}
            assert (await person.post("/accounts", name="chen", **new))[0] == 200
            assert (await person.post("/accounts", name="chen", **new))[0] == 409
            assert "region:青溪" in (await person.get("/accounts"))[1]
        finally:
            await person.client.close()


async def test_tls_by_certificate_files(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(pem))
    plain = serialization.NoEncryption()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    config = CONFIG.replace("[http]", '[http]\ncertificate = "cert.pem"\nprivate_key = "key.pem"')
    trusted = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    async with running(tmp_path, config) as center, aiohttp.ClientSession() as client:
        assert center.url.startswith("https://127.0.0.1")
        async with client.get(f"{center.url}/healthz", ssl=trusted) as answer:
            assert answer.status == 200
    (tmp_path / "key.pem").write_text("nothing", "utf-8")
    words = [sys.executable, "-m", "center.main", "--config", str(tmp_path / "center.toml")]
    done = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert "key.pem can't be used" in done.stderr
