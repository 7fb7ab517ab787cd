"""The logs of a whole small hall: every line has its form, and none a secret, a token or a grade."""

import asyncio
import contextlib
import json
import os
import re
from pathlib import Path

import pytest

from protocol import messages
from tests import center_support
from tests.center_support import CenterProcess, rating
from tests.hub_support import GRADE, Box, HubProcess, check_log, new_id, until

CENTER = '[http]\nport = 0\n[[halls]]\nid = "h1"\nname = "测试厅"\n'


def event_names(text: str) -> set[str]:
    """Which events were logged."""
    return {json.loads(line)["event"] for line in text.splitlines() if line.startswith("{")}


async def send_raw(url: str, text: str) -> None:
    """Bytes to a door's port, until it hangs up."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(text.encode())
    writer.write_eof()
    with contextlib.suppress(ConnectionError):
        await reader.read()
    writer.close()


async def check_metrics(hub: HubProcess, center: CenterProcess) -> None:
    """Of both: no secret, and nothing by grade."""
    assert hub.http is not None
    secrets = {*hub.secrets, *hub.tokens.values()}
    for url in (hub.url, center.url):
        async with hub.http.get(f"{url}/metrics") as answer:
            text = await answer.text()
        assert "# TYPE" in text
        assert not GRADE.search(text)
        assert not re.search(r"grade|satisf", text.replace("No metric carries a grade", ""), re.IGNORECASE)
        assert not [secret for secret in secrets if secret in text]


async def test_a_hall_with_ratings_and_faults_logs_neither_secret_nor_grade(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "center").mkdir()
    (tmp_path / "hub").mkdir()
    async with center_support.running(tmp_path / "center", CENTER) as center, Box("ev-1") as box:
        section = f'[center]\nurl = "{center.url}"\ntoken = "{center.tokens["hall h1"]}"\n'
        async with HubProcess(tmp_path / "hub", (box.line, "/dev/tingting/none"), section) as hub:
            hub.secrets |= set(center.tokens.values())
            await hub.register(box)
            await until(lambda: hub.online(box), "the box online")
            assert (await hub.command("1", "sign_in", staff="s1"))[0] == 200
            for grade in range(1, 6):
                await hub.serve_one()
                await until(lambda: box.open_run, "the invitation")
                box.press(grade)
                await hub.wait_event("hall.rating.submitted", grade)
            box.fact(messages.FAULT, code=messages.FAULT_STUCK_KEY, detail="3")
            await hub.wait_event("hall.device.fault")
            journal = center_support.Journal(hall="h1", name=new_id())
            journal.add("hall.rating.submitted", rating("0" * 16, 9, 1))
            assert (await center.send(journal))[1]["quarantined"] == [1]
            # Doors that refuse: with a wrong token, with a secret in a body that is wrong elsewhere.
            wrong = {"Authorization": "Bearer not-a-token-of-anybody"}
            hub.secrets.add("not-a-token-of-anybody")
            assert (await hub.call("GET", "/api/v1/events", headers=wrong))[0] == 401
            secret = os.urandom(32).hex()
            hub.secrets.add(secret)
            body = {
                "device": "ev-2",
                "role": "evaluator",
                "window": "99",
                "epoch": "0" * 16,
                "secret": secret,
                "board": "",
            }
            assert (await hub.call("POST", "/api/v1/devices", "admin", body))[0] == 422
            assert (await hub.command("1", "nonsense"))[0] == 422
            # What is no HTTP, with a right token in it, and numbers that nobody prints.
            for url, token in ((hub.url, hub.tokens["manager"]), (center.url, center.tokens["viewer"])):
                await send_raw(url, f"GET /t/{token} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\0\r\n\r\n")
                await send_raw(url, f"GET /t/{token}\1 HTTP/1.1\r\n\r\n")
                await send_raw(url, f"POST /?grade=1 HTTP/1.1\r\nHost: {token}\r\nContent-Length: -1\r\n\r\n")
            await until(lambda: hub.log().count("http.unreadable") >= 3, "the hub's lines about them")
            await check_metrics(hub, center)
            # A store that breaks while a citizen's page is asked for.
            citizen = (await hub.ticket())["token"]
            for file in (tmp_path / "center").rglob("center.sqlite*"):
                with file.open("r+b") as broken_file:  # without a moment at which it is empty: the center has it mapped
                    broken_file.write(b"\xa5" * file.stat().st_size)

            async def broken() -> bool:
                return (await center.ask(f"/t/{citizen}", ""))[0] == 503

            await until(broken, "the broken store")
            # A box with a wrong secret, then a center that is away.
            box.secret = os.urandom(32)
            box.cut()
            await until(lambda: "wrong_key" in hub.log(), "the wrong secret")
            center.kill()
            await center.process.wait()
            await hub.ticket()
            await until(lambda: "uplink.away" in hub.log(), "the center being away")
        assert {"hub.serving", "device.online", "device.fault", "uplink.away", "hub.stopped"} <= event_names(hub.log())
    errors = capfd.readouterr().err
    assert {"center.serving", "center.quarantined", "center.store_failed", "http.unreadable"} <= event_names(errors)
    check_log(errors, {*hub.secrets, *hub.tokens.values()})
