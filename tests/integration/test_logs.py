"""The logs of a whole small hall: every line has its form, and none a secret, a token or a grade."""

import json
import os
from pathlib import Path

import pytest

from protocol import messages
from tests import center_support
from tests.center_support import rating
from tests.hub_support import Box, HubProcess, check_log, new_id, until

CENTER = '[http]\nport = 0\n[[halls]]\nid = "h1"\nname = "测试厅"\n'


def event_names(text: str) -> set[str]:
    """Which events were logged."""
    return {json.loads(line)["event"] for line in text.splitlines() if line.startswith("{")}


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
            # A box with a wrong secret, then a center that is away.
            box.secret = os.urandom(32)
            box.cut()
            await until(lambda: "wrong_key" in hub.log(), "the wrong secret")
            journal = center_support.Journal(hall="h1", name=new_id())
            journal.add("hall.rating.submitted", rating("0" * 16, 9, 1))
            assert (await center.send(journal))[1]["quarantined"] == [1]
            center.kill()
            await center.process.wait()
            await hub.ticket()
            await until(lambda: "uplink.away" in hub.log(), "the center being away")
        assert {"hub.serving", "device.online", "device.fault", "uplink.away", "hub.stopped"} <= event_names(hub.log())
    errors = capfd.readouterr().err
    assert {"center.serving", "center.quarantined"} <= event_names(errors)
    check_log(errors, {*hub.secrets, *hub.tokens.values()})
