"""The citizen's phone: place in line, the call, the late rating once, and the contact that goes with the case."""

import json
import re
import time
from pathlib import Path
from typing import Any

import aiohttp

from tests.center_support import CONFIG, NOON_MS, Journal, running
from tests.people_support import Person, settle_accounts, ticket, until


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
