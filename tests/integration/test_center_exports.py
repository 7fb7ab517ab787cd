"""Exports by the doors: what can't be filled is empty and counted, and silence is exported as the place says."""

import html
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.center_support import CONFIG, DAY, CenterProcess, Journal, running
from tests.people_support import Person, peopled, settle_accounts


@pytest.fixture
async def center(tmp_path: Path) -> AsyncIterator[CenterProcess]:
    async with peopled(tmp_path) as running_center:
        yield running_center


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
