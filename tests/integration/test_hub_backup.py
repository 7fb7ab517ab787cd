"""Backup and restore with real processes: what the center then has, what is said to be lost, what is refused."""

import asyncio
import json
import os
import stat
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from hub.devices import key_file
from hub.devices.sealing import key_id
from protocol import messages
from tests import center_support
from tests.hub_support import Box, HubProcess, until
from tests.integration.test_docs_operations import typed
from tests.integration.test_hub_damage import all_events
from tests.integration.test_hub_uplink import CENTER, all_delivered, to_center, uplink
from tests.kill_support import free_port

RESTORED = "hall.journal.restored"


async def back_up(hub: HubProcess, folder: Path) -> dict[str, Any]:
    """`tingting hub backup`; the manifest."""
    printed = await typed("hub", "backup", "--config", str(hub.config), str(folder))
    manifest: dict[str, Any] = json.loads((Path(printed.split(": ")[0]) / "manifest.json").read_bytes())
    return manifest


async def restore(config: Path, folder: Path, *more: str, status: int = 0) -> str:
    return await typed("hub", "restore", "--config", str(config), str(folder), *more, status=status)


async def rated(hub: HubProcess, box: Box, count: int) -> None:
    """Somebody is served at window 1 and presses."""
    await hub.serve_one()
    await until(lambda: box.open_run, "the invitation")
    box.press(3)
    await hub.wait_event("hall.rating.submitted", count)
    await until(lambda: box.log.oldest == box.log.next, "the acknowledgement")


async def at_center(center: Any, journals: list[str]) -> list[dict[str, Any]]:
    return [event for journal in journals for event in await all_events(center, journal)]


def facts(events: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    """Of the ratings: which box's which fact."""
    found = [event["data"] for event in events if event["type"] == "hall.rating.submitted"]
    return [(data["device"], data["epoch"], data["fact"]) for data in found]


def shape(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_what_the_center_lacks_of_the_old_journal_comes_and_the_rest_is_declared_lost(tmp_path: Path) -> None:
    config = CENTER.format(port=free_port())
    (tmp_path / "center").mkdir()
    (tmp_path / "hub").mkdir()
    async with center_support.running(tmp_path / "center", config) as center, Box("box-1") as box:
        tokens = center.tokens
        section = to_center(center.url, center.tokens["hall h1"])
        hub = HubProcess(tmp_path / "hub", lines=(box.line,), center=section)
        await hub.__aenter__()
        try:
            await hub.register(box)
            await until(lambda: hub.online(box), "the box online")
            status, view = await hub.command("1", "sign_in", staff="li")
            assert status == 200, view
            await rated(hub, box, 1)
            await until(lambda: all_delivered(hub), "the first delivery")
            center.kill()
            await center.process.wait()
            await rated(hub, box, 2)
            waiting = await hub.ticket()
            manifest = await back_up(hub, tmp_path / "stick")
            whole = (await hub.events())[: manifest["sequence"]]
            # Acknowledged after the backup, and the center never hears of it.
            await rated(hub, box, 3)
            lost = await hub.ticket()
            await hub.kill()
            said = await restore(hub.config, tmp_path / "stick", "--replace")
            assert "journal.sqlite3.replaced-1" in said
            await hub.start()
            async with center_support.running(tmp_path / "center", config, tokens) as back:
                await until(lambda: all_delivered(hub), "the delivery of the new journal")

                async def delivered() -> bool:
                    return len(await all_events(back, manifest["journal"])) >= len(whole)

                await until(delivered, "the delivery of the old journal's end")
                await until(lambda: hub.online(box), "the box online again")
                # Who waited is served, and rates with the box whose log the hub has forgotten in part.
                for verb in ("next", "arrive", "finish"):
                    status, view = await hub.command("1", verb)
                    assert status == 200, view
                await until(lambda: box.open_run, "the invitation")
                box.press(5)
                await hub.wait_event("hall.rating.submitted")
                after = await hub.ticket()
                await until(lambda: all_delivered(hub), "the last delivery")
                here = await hub.events()
                assert await all_events(back, manifest["journal"]) == whole
                assert await all_events(back, here[0]["journal"]) == here
                ratings = facts(await at_center(back, [manifest["journal"], here[0]["journal"]]))
            assert len(ratings) == len(set(ratings)) == 3
            assert here[0]["type"] == RESTORED
            assert here[0]["journal"] != manifest["journal"]
            said_data = here[0]["data"]
            assert (said_data["journal"], said_data["through"]) == (manifest["journal"], manifest["sequence"])
            assert manifest["made_at_ms"] == said_data["from_ms"] < said_data["to_ms"]
            called = next(event for event in here if event["type"] == "hall.ticket.called")
            assert called["data"]["ticket"] == waiting["ticket"]
            # Not even the number of somebody whom the hub has forgotten is given twice.
            assert int(after["number"][1:]) == int(waiting["number"][1:]) + 100 + 1
            assert int(after["number"][1:]) > int(lost["number"][1:])
        finally:
            await hub.__aexit__()


async def test_a_center_that_is_ahead_is_sent_nothing_of_the_old_journal_again(tmp_path: Path) -> None:
    (tmp_path / "center").mkdir()
    (tmp_path / "hub").mkdir()
    async with (
        center_support.running(tmp_path / "center", CENTER.format(port=free_port())) as center,
        Box("box-1") as box,
    ):
        section = to_center(center.url, center.tokens["hall h1"])
        hub = HubProcess(tmp_path / "hub", lines=(box.line,), center=section)
        await hub.__aenter__()
        try:
            await hub.register(box)
            await until(lambda: hub.online(box), "the box online")
            status, view = await hub.command("1", "sign_in", staff="li")
            assert status == 200, view
            await rated(hub, box, 1)
            manifest = await back_up(hub, tmp_path / "stick")
            await rated(hub, box, 2)
            await until(lambda: all_delivered(hub), "the delivery")
            whole = await hub.events()
            assert len(whole) > manifest["sequence"]
            await hub.kill()
            # Pressed while the hub was away: it belongs to a run that the restored hub doesn't know.
            unheard = box.fact(messages.RATED, run=os.urandom(8), grade=4, pressed_after_ms=900)
            await restore(hub.config, tmp_path / "stick", "--replace")
            await hub.start()
            await hub.wait_event("hall.rating.submitted")
            await hub.serve_one()
            await until(lambda: all_delivered(hub), "the delivery of the new journal")
            here = await hub.events()
            assert await all_events(center, manifest["journal"]) == whole
            assert await all_events(center, here[0]["journal"]) == here
            assert (await uplink(hub))["state"] in ("idle", "sending")
            delivered = facts(await at_center(center, [manifest["journal"], here[0]["journal"]]))
            assert len(delivered) == len(set(delivered)) == 3
            assert delivered[-1][2] == unheard
            log = [json.loads(line)["event"] for line in hub.log().splitlines()]
            assert "uplink.old_journal_delivered" in log
        finally:
            await hub.__aexit__()


async def test_a_backup_under_load_is_one_moment_and_a_fresh_machine_goes_on_from_it(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    hub = HubProcess(tmp_path / "old")
    await hub.__aenter__()
    issued: list[dict[str, Any]] = []
    try:
        ended = asyncio.Event()

        async def citizens() -> None:
            while not ended.is_set():
                issued.append(await hub.ticket())

        crowd = [asyncio.create_task(citizens()) for _ in range(4)]
        await until(lambda: len(issued) > 20, "the first numbers")
        before = len(issued)
        manifest = await back_up(hub, tmp_path / "stick")
        assert len(issued) > before  # the hub served on meanwhile
        ended.set()
        await asyncio.gather(*crowd)
        whole = await hub.events()
        first_reply = await hub.ticket("6ecd8c99-4036-403d-bf84-cf8400f67836")
        await back_up(hub, tmp_path / "stick")
    finally:
        await hub.__aexit__()
    backups = sorted((tmp_path / "stick").iterdir())
    assert len(backups) == 2
    for path in (tmp_path / "stick").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    fresh = HubProcess(tmp_path / "new")
    text = fresh.config.read_text("utf-8")
    fresh.config.unlink()
    # Four who never stop take more numbers than the citizens of any hall.
    said = await restore(fresh.config, backups[0], "--skip-numbers", "5000")
    assert "is the backup's" in said
    assert fresh.config.read_text("utf-8") == text
    fresh.tokens, fresh.secrets = hub.tokens, hub.secrets
    await fresh.__aenter__()
    try:
        here = await fresh.events()
        assert here[0]["data"]["through"] == manifest["sequence"]
        kept = [event["data"]["number"] for event in whole[: manifest["sequence"]] if "number" in event["data"]]
        _, queue = await fresh.call("GET", "/api/v1/queue")
        assert queue["waiting"] == {"A": len(kept)}
        number = (await fresh.ticket())["number"]
        assert number not in {reply["number"] for reply in issued} | {first_reply["number"]}
        # Killed before it kept a state, backed up and restored again: nothing of the first history is missing.
        await fresh.kill()
        await typed("hub", "backup", "--config", str(fresh.config), str(tmp_path / "second"))
        await restore(fresh.config, tmp_path / "second", "--replace", "--skip-numbers", "7")
        await fresh.start()
        _, queue = await fresh.call("GET", "/api/v1/queue")
        assert queue["waiting"] == {"A": len(kept) + 1}
        assert int((await fresh.ticket())["number"][1:]) == int(number[1:]) + 8
    finally:
        await fresh.__aexit__()


async def test_a_command_answered_before_the_backup_gets_its_first_reply_after_the_restore(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path)
    await hub.__aenter__()
    try:
        known = "6ecd8c99-4036-403d-bf84-cf8400f67836"
        first = await hub.ticket(known)
        await back_up(hub, tmp_path / "stick")
        await hub.stop()
        await restore(hub.config, tmp_path / "stick", "--replace")
        await hub.start()
        assert await hub.ticket(known) == first
        assert [event["type"] for event in await hub.events()].count("hall.ticket.issued") == 0
    finally:
        await hub.__aexit__()


@pytest.mark.parametrize("name", ["journal.sqlite3", "registry.json", "tokens.json", "hub.toml", "manifest.json"])
async def test_a_backup_that_was_changed_is_refused_and_nothing_is_touched(tmp_path: Path, name: str) -> None:
    hub = HubProcess(tmp_path)
    await hub.__aenter__()
    try:
        async with Box("box-1") as box:
            await hub.register(box)
        await hub.ticket()
        await back_up(hub, tmp_path / "stick")
    finally:
        await hub.__aexit__()
    (backup,) = (tmp_path / "stick").iterdir()
    spoiled = bytearray((backup / name).read_bytes())
    at = spoiled.find(b'"sequence":"1"') if name.startswith("journal") else len(spoiled) // 2
    spoiled[at + 3] ^= 1
    (backup / name).write_bytes(spoiled)
    before = shape(tmp_path / "data")
    said = await restore(hub.config, tmp_path / "stick", "--replace", status=1)
    assert "Take another backup" in said
    assert shape(tmp_path / "data") == before


async def test_a_forged_manifest_does_not_make_a_changed_journal_whole(tmp_path: Path) -> None:
    """The files fit the manifest; the events don't fit their chain."""
    hub = HubProcess(tmp_path)
    await hub.__aenter__()
    try:
        await hub.ticket()
        await back_up(hub, tmp_path / "stick")
    finally:
        await hub.__aexit__()
    (backup,) = (tmp_path / "stick").iterdir()
    path = backup / "journal.sqlite3"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"number":"A001"', b'"number":"A009"'))
    manifest = json.loads((backup / "manifest.json").read_bytes())
    manifest["files"]["journal.sqlite3"]["sha256"] = sha256(path.read_bytes()).hexdigest()
    (backup / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert "chain differs" in await restore(hub.config, tmp_path / "stick", "--replace", status=1)


async def test_a_running_hub_and_data_that_is_there_are_left_alone(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path)
    await hub.__aenter__()
    try:
        await hub.ticket()
        await back_up(hub, tmp_path / "stick")
        said = await restore(hub.config, tmp_path / "stick", "--replace", status=1)
        assert "A restore needs it ended" in said
        assert (await hub.ticket())["number"] == "A002"
        await hub.stop()
        before = shape(tmp_path / "data")
        said = await restore(hub.config, tmp_path / "stick", status=1)
        assert "--replace" in said
        assert shape(tmp_path / "data") == before
        await hub.start()
        assert (await hub.ticket())["number"] == "A003"
    finally:
        await hub.__aexit__()


async def test_older_backups_go_and_a_strange_folder_is_refused(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path)
    await hub.__aenter__()
    try:
        await hub.ticket()
    finally:
        await hub.__aexit__()
    made = []
    for _ in range(3):
        words = ("--config", str(hub.config), "--keep", "2", "--lang", "zh-CN")
        assert "个事件，已校验\n" in await typed("hub", "backup", *words, str(tmp_path / "stick"))
        made.append(max((tmp_path / "stick").iterdir()))
    assert sorted((tmp_path / "stick").iterdir()) == made[1:]
    said = await typed("hub", "backup", "--config", str(hub.config), str(tmp_path / "data"), status=1)
    assert "holds something that is no backup" in said
    assert (tmp_path / "data" / "journal.sqlite3").exists()


async def test_a_backup_has_no_secret_and_wants_the_key_of_its_hub(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    async with Box("box-1") as box:
        hub = HubProcess(tmp_path / "old", lines=(box.line,))
        await hub.__aenter__()
        try:
            await hub.register(box)
            await until(lambda: hub.online(box), "the box online")
            said = await typed("hub", "backup", "--config", str(hub.config), str(tmp_path / "stick"))
            (key,) = key_file.read(tmp_path / "old/hub.key")
            assert f"need key {key_id(key)}" in said
        finally:
            await hub.__aexit__()
        (backup,) = (tmp_path / "stick").iterdir()
        for path in backup.iterdir():
            for secret in (box.secret, box.secret.hex().encode(), key, key.hex().encode()):
                assert secret not in path.read_bytes(), path.name

        # On another machine, without the key and with a strange one: nothing is touched.
        place = tmp_path / "new/hub.key"
        fresh = HubProcess(tmp_path / "new", lines=(box.line,))
        before = shape(tmp_path / "new")
        assert "the hub's key is missing" in await restore(fresh.config, backup, status=1)
        assert shape(tmp_path / "new") == before
        key_file.write(place, [bytes(32)])
        before = shape(tmp_path / "new")
        assert f"is sealed under key '{key_id(key)}'" in await restore(fresh.config, backup, status=1)
        assert shape(tmp_path / "new") == before

        # Added to the one that is there, the box is let in, and the next start seals it under the first.
        key_file.write(place, [bytes(32), key])
        await restore(fresh.config, backup)
        fresh.tokens, fresh.secrets = hub.tokens, hub.secrets
        await fresh.__aenter__()
        try:
            await until(lambda: fresh.online(box), "the box at the restored hub")
            _, ready = await fresh.call("GET", "/readyz")
            assert ready["secrets"] == {"sealed": 1, "of": 1, "key": key_id(bytes(32)), "why": "", "aside": []}
            await fresh.stop()

            # Lost for good: all else is there.
            key_file.write(place, [bytes(31) + b"1"])
            said = await restore(fresh.config, backup, "--replace", "--without-boxes", "--lang", "zh-CN")
            assert "registry.json.replaced-1" in said
            assert "可能丢失：" in said
            await fresh.start()
            _, ready = await fresh.call("GET", "/readyz")
            assert (ready["each_device"], ready["secrets"]["of"]) == ([], 0)
        finally:
            await fresh.__aexit__()


async def test_a_backup_from_before_there_was_a_key_is_taken_and_sealed(tmp_path: Path) -> None:
    async with Box("box-1") as box:
        hub = HubProcess(tmp_path, lines=(box.line,))
        await hub.__aenter__()
        try:
            await hub.register(box)
            await until(lambda: hub.online(box), "the box online")
            await back_up(hub, tmp_path / "stick")
            await hub.stop()
            (backup,) = (tmp_path / "stick").iterdir()
            path = backup / "registry.json"
            registry = json.loads(path.read_bytes())
            for row in registry["devices"].values():
                del row["sealed"]
                row["secret"] = box.secret.hex()
            path.write_text(json.dumps(registry), "utf-8")
            manifest = json.loads((backup / "manifest.json").read_bytes())
            del manifest["keys"], manifest["plain"]
            manifest["format"] = 1
            content = path.read_bytes()
            manifest["files"]["registry.json"] = {"sha256": sha256(content).hexdigest(), "bytes": len(content)}
            (backup / "manifest.json").write_text(json.dumps(manifest), "utf-8")
            await restore(hub.config, backup, "--replace")
            assert box.secret.hex() in (tmp_path / "data/registry.json").read_text("utf-8")
            await hub.start()
            await until(lambda: hub.online(box), "the box at the restored hub")
            assert not [name for name, said in shape(tmp_path / "data").items() if box.secret.hex().encode() in said]
        finally:
            await hub.__aexit__()
