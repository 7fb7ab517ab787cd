"""The hall's configuration through the doors of a real hub: changed while people wait, refused, undone, found again."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import aiohttp

from tests.hub_support import Box, HubProcess, until

CONFIG = "/api/v1/hall/config"
FOUR = {"id": "4", "name": "4号窗口", "name_en": "Window 4", "services": ["A"], "zone": "east"}
PAPERS = "身份证原件\n户口簿"


async def read(hub: HubProcess) -> dict[str, Any]:
    status, config = await hub.call("GET", CONFIG, "manager")
    assert status == 200, config
    return dict(config)


async def put(hub: HubProcess, **body: Any) -> dict[str, Any]:
    status, reply = await hub.call("PUT", CONFIG, "manager", body)
    assert status == 200, reply
    hub.tokens |= reply["tokens"]
    hub.secrets |= set(reply["tokens"].values())
    return dict(reply)


async def test_a_window_and_its_box_are_added_while_the_hub_runs(tmp_path: Path) -> None:
    async with HubProcess(tmp_path) as hub, Box("ev-4") as box:
        await hub.ticket()
        config = await read(hub)
        assert config["revision"] == 1
        reply = await put(
            hub,
            revision=1,
            zones=[{"id": "east", "name": "东区", "name_en": "East"}],
            windows=[*config["windows"], FOUR],
            links=[{"url": box.line}],
        )
        assert reply["revision"] == 2
        assert [(change["table"], change["row"], change["act"]) for change in reply["changes"]] == [
            ("zones", "east", "added"),
            ("windows", "4", "added"),
            ("links", box.line, "added"),
        ]
        assert list(reply["tokens"]) == ["clerk window/4"]
        await hub.register(box, "4")
        await until(lambda: hub.online(box), "the new box is heard")
        _, hall = await hub.call("GET", "/api/v1/hall")
        assert hall["windows"][1]["zone"] == "east"
        assert hall["zones"] == [{"zone": "east", "name": "东区", "name_en": "East"}]

        await hub.command("4", "sign_in", staff="s4")
        for verb in ("next", "arrive", "finish"):
            status, said = await hub.command("4", verb)
            assert status == 200, said
        await hub.wait_event("hall.rating.invited")
        # The line is taken out again, and the box with it.
        await put(hub, links=[])
        await until(lambda: _offline(hub, box), "the box is offline")

        await hub.stop()
        await hub.start()
        config = await read(hub)
        assert (config["revision"], [row["id"] for row in config["windows"]]) == (3, ["1", "4"])
        changed = await hub.events("hall.config.changed")
        assert [(event["data"]["revision"], event["data"]["by"]) for event in changed] == [
            (1, "settings"),
            (2, "manager"),
            (3, "manager"),
        ]
        assert "4号窗口" in json.dumps(changed[1]["data"]["layout"], ensure_ascii=False)


async def _offline(hub: HubProcess, box: Box) -> bool:
    return not await hub.online(box)


async def test_what_can_not_be_changed_is_told_why_and_changes_nothing(tmp_path: Path) -> None:
    async with HubProcess(tmp_path, windows=2) as hub, Box("ev-2") as box:
        await hub.register(box, "2")
        await hub.ticket()
        before = await read(hub)
        for body, status, kind, says in (
            ({"windows": before["windows"][:1]}, 409, "device-stands-there", "ev-2 stands at window 2"),
            (
                {
                    "services": [{"id": "B", "prefix": "B", "name": "税"}],
                    "windows": [before["windows"][1] | {"services": ["B"]}, before["windows"][0] | {"services": ["B"]}],
                },
                409,
                "tickets-open",
                "A001",
            ),
            ({"revision": 7, "hall": {"name": "厅"}}, 409, "changed-meanwhile", "revision 7, the hall is at 1"),
            ({"windows": [FOUR]}, 422, "wrong-rows", "windows[0].zone: there is no zone 'east'"),
            ({"services": [{"id": "A", "prefix": "a", "name": "社保"}]}, 422, "wrong-body", "services[0].prefix"),
            ({"window": []}, 422, "wrong-body", "did you mean 'windows'"),
            ({"windows": []}, 422, "wrong-body", "windows"),
            ([], 400, "no-json", "Expected"),
        ):
            found, problem = await hub.call("PUT", CONFIG, "manager", body)
            assert (found, problem["type"].rpartition("/")[2].rpartition(":")[2]) == (status, kind), problem
            assert says in problem["detail"], problem
        assert (await hub.call("PUT", CONFIG, "kiosk", {}))[0] == 403
        assert (await hub.call("GET", CONFIG))[0] == 401
        # A dry run says what would be, and is refused like the change itself.
        found, reply = await hub.call(
            "PUT", CONFIG, "manager", {"hall": before["hall"] | {"name": "厅"}, "dry_run": True}
        )
        assert (found, reply["revision"], reply["changes"][0]["fields"]) == (200, 1, ["name"])
        only = [row | {"services": ["B"]} for row in before["windows"]]
        services = [*before["services"], {"id": "B", "prefix": "B", "name": "税"}]
        body = {"services": services, "windows": only, "dry_run": True}
        assert (await hub.call("PUT", CONFIG, "manager", body))[0] == 409
        assert await read(hub) == before
        assert len(await hub.events("hall.config.changed")) == 1


async def test_changes_are_undone_and_disclosures_are_shown_to_everybody(tmp_path: Path) -> None:
    async with HubProcess(tmp_path) as hub:
        before = await read(hub)
        service = before["services"][0] | {"papers": PAPERS, "papers_en": "ID card", "department": "人社局"}
        await put(hub, services=[service])
        await put(hub, announcements=[{"id": "n1", "text": "周五下午休息"}])
        _, shown = await hub.call("GET", "/api/v1/hall/services")
        assert (shown["revision"], shown["services"][0]["papers"]) == (3, PAPERS)
        _, hall = await hub.call("GET", "/api/v1/hall")
        assert hall["announcements"] == [{"announcement": "n1", "text": "周五下午休息", "text_en": "", "zone": ""}]
        assert hall["services"][0]["department"] == "人社局"
        config = await read(hub)
        assert [past["revision"] for past in config["undo"]] == [3, 2]
        for revision in (3, 4):
            status, reply = await hub.call("POST", f"{CONFIG}/undo", "manager", {"revision": revision})
            assert status == 200, reply
        after = await read(hub)
        assert {name: after[name] for name in ("services", "announcements")} == {
            name: before[name] for name in ("services", "announcements")
        }
        status, problem = await hub.call("POST", f"{CONFIG}/undo", "manager", {})
        assert (status, problem["detail"]) == (409, "No change is left to undo.")
        undone = [event["data"]["undoes"] for event in await hub.events("hall.config.changed")]
        assert undone == [None, None, None, 3, 2]
        # What a change holds is in no event and no log: only names of rows and fields.
        assert PAPERS not in json.dumps(await hub.events(), ensure_ascii=False)


async def test_boards_are_told_of_a_change(tmp_path: Path) -> None:
    async with HubProcess(tmp_path) as hub, aiohttp.ClientSession() as session:
        await hub.wait_event("hall.hub.started")
        async with session.get(hub.url + "/api/v1/stream") as stream:
            await put(hub, announcements=[{"id": "n1", "text": "消防演习"}])
            async with asyncio.timeout(60):
                async for line in stream.content:
                    if b'"hall":' in line:
                        assert json.loads(line.removeprefix(b"data: "))["hall"] == {"revision": 2}
                        return


async def test_a_changed_settings_file_is_taken_in_at_the_next_start(tmp_path: Path) -> None:
    async with HubProcess(tmp_path) as hub:
        config = await read(hub)
        await put(hub, staff=[{"code": "017", "name": "王芳"}], windows=[*config["windows"], FOUR | {"zone": ""}])
        await hub.stop()
        text = hub.config.read_text("utf-8").replace("1号窗口", "一号窗口")
        hub.config.write_text(text + '[[windows]]\nid = "5"\nname = "5号窗口"\nservices = ["A"]\n', "utf-8")
        await hub.start()
        await hub.wait_event("hall.hub.started", 2)
        after = await read(hub)
        assert [(row["id"], row["name"]) for row in after["windows"]] == [
            ("1", "一号窗口"),
            ("5", "5号窗口"),
            ("4", "4号窗口"),
        ]
        assert [row["code"] for row in after["staff"]] == ["017"]
        assert "clerk window/5" in hub.tokens


async def test_a_kill_at_any_moment_leaves_the_change_done_or_not_done(tmp_path: Path) -> None:
    async with HubProcess(tmp_path) as hub:
        await hub.wait_event("hall.hub.started")
        for number in range(6):
            wanted = [{"id": f"n{n}", "text": f"公告{n}"} for n in range(number + 1)]
            asking = asyncio.create_task(hub.call("PUT", CONFIG, "manager", {"announcements": wanted}))
            await asyncio.sleep(number * 0.004)
            await hub.kill()
            await asyncio.gather(asking, return_exceptions=True)
            await hub.start()
            await hub.wait_event("hall.hub.started", number + 2)
            config = await read(hub)
            last = (await hub.events("hall.config.changed"))[-1]["data"]
            assert last["revision"] == config["revision"]
            happened = not isinstance(asking.exception(), aiohttp.ClientError)
            assert len(config["announcements"]) == number + 1 or not happened
            await put(hub, announcements=wanted)


async def tingting(hub: HubProcess, *arguments: str) -> tuple[int, str, str]:
    """`tingting hall …` as a person types it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tools.cli", "hall", *arguments, "--hub", hub.url),
        env=os.environ | {"TINGTING_TOKEN": hub.tokens["manager"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_the_hall_goes_out_as_a_table_is_edited_and_comes_back(tmp_path: Path) -> None:
    async with HubProcess(tmp_path, windows=2) as hub, Box("ev-1") as box:
        await hub.register(box, "1")
        file = tmp_path / "hall.csv"
        assert await tingting(hub, "export", str(file)) == (0, "", "")
        assert file.read_bytes().startswith(b"\xef\xbb\xbf")
        status, out, _ = await tingting(hub, "import", str(file), "--yes")
        assert (status, out) == (0, "大厅与文件一致，无须改动。\n")

        # As a spreadsheet in China writes it, with window 1 gone, window 3 there and its box moved.
        text = file.read_text("utf-8-sig")
        text = text.replace("1,1号窗口,,A,", "3,3号窗口,,A,").replace("ev-1,evaluator,1", "ev-1,evaluator,3")
        file.write_bytes(text.encode("gb18030"))
        before = await read(hub)
        status, out, _ = await tingting(hub, "import", str(file), "--dry-run", "--lang", "en")
        changes = "- windows 1\n+ windows 3\n~ devices ev-1: window\n"
        assert (status, out) == (0, changes + "Nothing was changed: this was a dry run.\n")
        assert await read(hub) == before
        status, out, err = await tingting(hub, "import", str(file), "--yes")
        assert (status, err) == (0, "")
        made = re.search(r"token clerk window/3: (\S+)", out)
        assert made is not None
        hub.secrets.add(made[1])
        assert [row["id"] for row in (await read(hub))["windows"]] == ["3", "2"]
        _, devices = await hub.call("GET", "/api/v1/devices", "manager")
        assert [(each["device"], each["window"]) for each in devices["devices"]] == [("ev-1", "3")]

        # One cell is wrong: nothing of the file is taken, and the line says why.
        file.write_text(text.replace("2号窗口,,A", "2号窗口,,Q").replace("测试厅", "新厅"), "utf-8")
        before = await read(hub)
        status, out, err = await tingting(hub, "import", str(file), "--yes")
        assert (status, out) == (1, "")
        assert re.search(r"hall\.csv:\d+:4: services: 没有“Q”；可填：A\n", err), err
        assert await read(hub) == before


async def test_the_sheet_door_takes_csv_of_the_manager_only(tmp_path: Path) -> None:
    async with HubProcess(tmp_path) as hub, aiohttp.ClientSession() as session:
        url = hub.url + "/api/v1/hall/sheet"
        manager = {"Authorization": f"Bearer {hub.tokens['manager']}"}
        for headers, query, status in (
            ({"Authorization": f"Bearer {hub.tokens['kiosk']}", "Content-Type": "text/csv"}, "", 403),
            ({"Content-Type": "text/csv"}, "", 401),
            (manager | {"Content-Type": "application/json"}, "", 415),
            (manager | {"Content-Type": "text/csv"}, "?dry_run=yes", 400),
            (manager | {"Content-Type": "text/csv"}, "?lang=en", 422),
        ):
            async with session.post(url + query, data=b"nothing", headers=headers) as answer:
                assert answer.status == status, await answer.text()
        async with session.get(url + "?lang=en", headers=manager) as answer:
            assert (answer.status, "[windows]" in await answer.text("utf-8-sig")) == (200, True)
