"""Who may see and do what: accounts, scopes, sessions, CSRF, throttling, by the real process and its real doors."""

import asyncio
import datetime
import ipaddress
import json
import re
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.center_support import CONFIG, DAY, ROOT, CenterProcess, Journal, running
from tests.people_support import ACCOUNTS, PASSWORD, Person, peopled, until


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


@pytest.fixture
async def center(tmp_path: Path) -> AsyncIterator[CenterProcess]:
    async with peopled(tmp_path) as running_center:
        yield running_center


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
