"""Headers, cookies, forged requests and guesses at every page and door of hub and center, by the real processes.

The routes come from the applications, not from a list here: a new one is asked, too.
"""

import re
import uuid
from collections.abc import AsyncIterator
from hashlib import sha256
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.center_support import CONFIG, CenterProcess, Journal, running
from tests.door_support import Answer, Visitor, center_routes, filled, hub_routes, visiting
from tests.hub_support import HubProcess
from tests.people_support import PASSWORD, settle_accounts

pytestmark = pytest.mark.asyncio(loop_scope="module")

WRONG = "never-given-to-anybody"
CITIZEN = "on-a-citizens-paper"
EVIL = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
KNOWN = {"window": "1", "hall": "qingxi", "staff": "s1", "profile": "gbt39046"}
TRIES = 40  # five are free, and each that is looked at makes the wait twice as long
# What may be kept by a browser: it changes with its address.
KEPT = ("/static/", "/voice/")
# The key is in the address, which no other site knows.
KEY_IN_ADDRESS = {"/t/{token}/cancel", "/claim/{code}", "/t/{token}"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HubProcess]:
    async with HubProcess(Path(tmp_path_factory.mktemp("hub"))) as hub:
        hub.secrets.add(WRONG)
        yield hub


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CenterProcess]:
    folder = Path(tmp_path_factory.mktemp("center"))
    config = CONFIG.replace("[http]", "[http]\nsecure_cookie = false")
    (folder / "center.toml").write_text(config, "utf-8")
    settle_accounts(folder, {"root1": ("administrator", "all"), "chen": ("supervisor", "all")})
    async with running(folder, config) as center:
        journal = Journal()
        journal.run(1, 1)
        paper = {"ticket": "citizens", "number": "A002", "service": "A", "channel": "kiosk"}
        journal.add("hall.ticket.issued", paper | {"token_sha256": sha256(CITIZEN.encode()).hexdigest()})
        assert (await center.send(journal))[0] == 200
        yield center


def check_headers(path: str, headers: Any, status: int) -> None:
    policy = headers["Content-Security-Policy"]
    for wanted in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert wanted in policy, path
    assert not re.search(r"script-src[^;]*unsafe", policy), path
    assert headers["X-Content-Type-Options"] == "nosniff", path
    assert headers["Referrer-Policy"] in ("same-origin", "no-referrer"), path
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
    assert "camera=()" in headers["Permissions-Policy"], path
    assert "Access-Control-Allow-Origin" not in headers, path
    assert "no-store" in headers.get("Cache-Control", "") or (path.startswith(KEPT) and status == 200), path


async def walk(visitor: Visitor, routes: set[tuple[str, str]], tokens: dict[str, str]) -> None:
    """Every route with nothing, with a wrong token and with each token, also where it refuses."""
    for method, path in sorted(routes):
        at = filled(path, KNOWN)
        for token in (None, WRONG, *tokens.values()):
            answer = await visitor.ask(method, f"{at}?lang=en", token)
            check_headers(at, answer.headers, answer.status)
    for method, at in (("GET", "/no/such/door"), ("DELETE", "/"), ("PATCH", "/api/v1/openapi.json")):
        answer = await visitor.ask(method, at)
        assert answer.status in (404, 405)
        check_headers(at, answer.headers, answer.status)


def check_cookies(set_cookies: list[str], secrets: set[str]) -> set[str]:
    """The names of the cookies; each is kept from scripts and from other sites, and holds nothing that is secret."""
    names = set()
    for text in set_cookies:
        for name, morsel in SimpleCookie(text).items():
            names.add(name)
            assert morsel["httponly"], text
            assert morsel["samesite"] == ("Lax" if name in ("lang", "phone") else "Strict"), text
            assert morsel["path"], text
            assert not any(secret in morsel.value for secret in secrets), name
    return names


async def enter_hub(hub: HubProcess, visitor: Visitor) -> None:
    """Signed in on every page of the hub, on one machine."""
    for path, who in (("/admin/sign-in", "manager"), ("/window/1/sign-in", "clerk window/1"), ("/kiosk", "kiosk")):
        answer = await visitor.ask("POST", path, data={"token": hub.tokens[who]})
        assert answer.status == 303, path


async def enter_center(visitor: Visitor, name: str) -> str:
    """Signed in at the center with a password of one's own; the page's word."""
    assert (await visitor.ask("POST", "/sign-in", data={"name": name, "password": PASSWORD})).status == 303
    page = await visitor.ask("GET", "/password")
    word = re.search(rb'name="csrf" value="([^"]+)"', page.body)
    assert word is not None
    fresh = PASSWORD + name[::-1] + "9"
    form = {"csrf": word[1].decode(), "old": PASSWORD, "new": fresh, "again": fresh}
    answer = await visitor.ask("POST", "/password", data=form)
    assert answer.status == 303, answer.body
    page = await visitor.ask("GET", "/password")
    word = re.search(rb'name="csrf" value="([^"]+)"', page.body)
    assert word is not None
    return word[1].decode()


async def test_every_answer_of_the_hub_has_the_headers_and_every_cookie_is_kept(hub: HubProcess) -> None:
    async with visiting(hub.url) as visitor:
        await walk(visitor, hub_routes(), hub.tokens)
        await enter_hub(hub, visitor)
        names = check_cookies(visitor.set_cookies, set(hub.tokens.values()))
    assert {"lang", "session-manager", "session-clerk-window-1", "session-kiosk"} <= names


async def test_every_answer_of_the_center_has_the_headers_and_every_cookie_is_kept(center: CenterProcess) -> None:
    async with visiting(center.url) as visitor:
        await walk(visitor, center_routes(), center.tokens)
    async with visiting(center.url, 2) as visitor:
        answer = await visitor.ask("POST", "/sign-in", data={"token": center.tokens["viewer"]})
        assert answer.status == 303
        assert {"session"} <= check_cookies(visitor.set_cookies, {*center.tokens.values(), PASSWORD})


async def forge(visitor: Visitor, routes: set[tuple[str, str]], inside: bytes) -> set[str]:
    """What another site's page can send along with our cookies: all of it is refused. The paths that were asked."""
    asked = set()
    for method, path in sorted(routes):
        if method in ("GET", "HEAD") or path in KEY_IN_ADDRESS:
            continue
        for more in (
            {"data": {"action": "put_right", "act": "create", "token": "", "name": "x", "csrf": WRONG}},
            {"data": inside, "headers": {"Content-Type": "application/json"}},
            {"data": inside, "headers": {"Content-Type": "text/plain"}},
        ):
            headers = EVIL | more.get("headers", {})
            answer = await visitor.ask(method, filled(path, KNOWN), data=more["data"], headers=headers)
            assert answer.status in (401, 403), (method, path, answer.status, answer.body[:200])
        asked.add(path)
    return asked


async def test_no_other_site_can_use_a_session_at_the_hub(hub: HubProcess) -> None:
    async with visiting(hub.url, 3) as visitor:
        await enter_hub(hub, visitor)
        before = await hub.events()
        asked = await forge(visitor, hub_routes(), b'{"command":"walk_up","id":"00000000-0000-4000-8000-000000000000"}')
        assert {"/api/v1/windows/{window}/commands", "/admin/tokens", "/kiosk/ticket", "/admin/leave"} <= asked
        assert await hub.events() == before
        # Our own page gets through with the same cookies: it was the page's word that lacked.
        page = await visitor.ask("GET", "/window/1")
        word = re.search(rb'name="csrf" content="([^"]+)"', page.body)
        assert word is not None
        headers = {"X-CSRF-Token": word[1].decode()}
        body = {"command": "sign_in", "staff": "s1", "id": "00000000-0000-4000-8000-000000000001"}
        answer = await visitor.ask("POST", "/api/v1/windows/1/commands", json=body, headers=headers)
        assert answer.status == 200, answer.body


async def test_no_other_site_can_use_a_session_at_the_center(center: CenterProcess) -> None:
    for last, name in ((4, "root1"), (5, "chen")):
        async with visiting(center.url, last) as visitor:
            word = await enter_center(visitor, name)
            asked = await forge(visitor, center_routes(), b'{"action":"put_right","text":"x"}')
            assert {"/accounts", "/password", "/cases/{id}", "/api/v1/cases/{id}/actions", "/sign-out"} <= asked
            # Still signed in, and with the page's word the same person may.
            fresh = PASSWORD + name[::-1] + "9"
            form = {"csrf": word, "old": "wrong", "new": fresh, "again": fresh}
            assert b"csrf" in (await visitor.ask("POST", "/password", data=form)).body


async def slowed(visitor: Visitor, method: str, path: str) -> bool:
    """Whether wrong tokens, in every place where one is looked for, are told to wait in the end."""
    at = filled(path, KNOWN | {"token": WRONG, "code": WRONG})
    form = {"token": WRONG, "name": "chen", "password": WRONG}
    for _ in range(TRIES):
        more = {"data": form} if method != "GET" and not path.startswith("/api/") else {}
        answer = await visitor.ask(method, at, WRONG, **more)
        if answer.status == 429:
            assert int(answer.headers["Retry-After"]) >= 1, path
            return True
        if answer.status not in (401, 403, 404, 410):
            return False
    return False


async def looks_at_no_token(visitor: Visitor, method: str, path: str, tokens: dict[str, str]) -> bool:
    """Whether a right token gets the same answer as a wrong one: then there is nothing to be guessed."""
    answers = set()
    for token in (WRONG, *tokens.values()):
        answer = await visitor.ask(method, filled(path, KNOWN), token)
        answers.add((answer.status, answer.headers.get("Location")))
    return len(answers) == 1


async def check_guesses(url: str, routes: set[tuple[str, str]], tokens: dict[str, str], first: int) -> set[str]:
    """Each route from an address of its own: it slows guesses down, or takes no token. The paths that slow down."""
    slow = set()
    for number, (method, path) in enumerate(sorted(routes)):
        async with visiting(url, first + number) as visitor:
            if await slowed(visitor, method, path):
                slow.add(path)
            else:
                assert await looks_at_no_token(visitor, method, path, tokens), (method, path)
    return slow


async def test_guesses_are_slow_at_every_door_of_the_hub(hub: HubProcess) -> None:
    slow = await check_guesses(hub.url, hub_routes(), hub.tokens, 10)
    described = (await hub.call("GET", "/api/v1/openapi.json"))[1]["paths"]
    for path, operations in described.items():
        for operation in operations.values():
            # By the description, too: where a token is wanted, guesses wait.
            assert ("security" in operation) == ("429" in operation["responses"])
            assert "security" not in operation or path in slow
    assert {"/admin/sign-in", "/window/{window}/sign-in", "/t/{token}", "/claim/{code}", "/t/{token}/cancel"} <= slow
    async with visiting(hub.url, 99) as visitor:
        assert await slowed(visitor, "GET", "/api/v1/devices")
        # A right one passes, from the same address, while the wrong ones wait.
        assert (await visitor.ask("GET", "/api/v1/devices", hub.tokens["manager"])).status == 200
        # The waiting page can be read.
        for _ in range(TRIES):  # each one that is looked at doubles the wait
            page = await visitor.ask("POST", "/window/1/sign-in", data={"token": WRONG})
            if page.status == 429:
                break
        assert page.status == 429
        assert "错误次数太多".encode() in page.body


async def test_a_clerk_who_mistypes_ticket_numbers_guesses_nothing(hub: HubProcess) -> None:
    right = hub.tokens["clerk window/1"]
    async with visiting(hub.url, 98) as visitor:

        async def command(**body: str) -> Answer:
            body["id"] = str(uuid.uuid4())
            return await visitor.ask("POST", "/api/v1/windows/1/commands", right, json=body)

        await command(command="sign_in", staff="s1")
        for number in range(10):
            answer = await command(command="restore", number=f"A{900 + number}")
            assert (answer.status, b"unknown-ticket" in answer.body) == (409, True), (number, answer.body)
        # Nor has it used up what a wrong token has free.
        assert (await visitor.ask("GET", "/api/v1/devices", WRONG)).status == 401


async def test_guesses_are_slow_at_every_door_of_the_center(center: CenterProcess) -> None:
    slow = await check_guesses(center.url, center_routes(), center.tokens, 100)
    assert {"/sign-in", "/t/{token}"} <= slow
    assert {path for _, path in center_routes() if path.startswith("/api/")} - slow == {"/api/v1/openapi.json"}
    async with visiting(center.url, 199) as visitor:
        assert await slowed(visitor, "GET", "/api/v1/halls")
        assert (await visitor.ask("GET", "/api/v1/halls", center.tokens["viewer"])).status == 200
    async with visiting(center.url, 198) as visitor:
        # Many phones share one address: a citizen's own page and rating don't wait for somebody's wrong ones.
        for method in ("GET", "POST"):
            assert await slowed(visitor, method, "/t/{token}")
        assert (await visitor.ask("GET", f"/t/{CITIZEN}")).status == 200
        assert (await visitor.ask("POST", f"/t/{CITIZEN}", data={"grade": "5"})).status == 200
        assert await slowed(visitor, "GET", "/t/{token}"), "and they free no guesses"
