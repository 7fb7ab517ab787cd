"""`tingting device update … --hall`: the command against a real hub, in both languages."""

import asyncio
import json
from pathlib import Path

from click.testing import CliRunner

from tests.hub_support import Box, HubProcess, until
from tests.update_support import Signer, ended
from tools.device.update_commands import update as command


async def update(hub: HubProcess, *words: str, lang: str = "en") -> tuple[int, str]:
    """The command in this process: ten of its own would be ten seconds."""
    options = ["--hall", hub.url, "--lang", lang, "--token-file", str(hub.folder / "admin.token")]
    done = await asyncio.to_thread(CliRunner().invoke, command, [*words, *options])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


async def test_hall_update_command_begins_follows_stops_and_says_why(tmp_path: Path) -> None:
    """The boxes here know the wire and no update: the first one refuses, as boxes of before do."""
    signer = Signer(tmp_path)
    (tmp_path / "new.update").write_bytes(signer.whole())
    (tmp_path / "old.update").write_bytes(signer.whole("0.0.1"))
    (tmp_path / "cut.update").write_bytes(signer.whole()[:-50])
    bundle = str(tmp_path / "new.update")
    async with (
        Box("ev-1") as first,
        Box("ev-2") as second,
        HubProcess(tmp_path, (first.line, second.line), signer.section, windows=2) as hub,
    ):
        (tmp_path / "admin.token").write_text(hub.tokens["admin"], "utf-8")
        assert await update(hub, "--status") == (0, "Nothing was given out here yet.\n")
        status, said = await update(hub, bundle)
        assert status == 1
        assert "no device is registered" in said
        for box, window in ((first, "1"), (second, "2")):
            await hub.register(box, window)
            await until(lambda box=box: hub.online(box), "the box online")
        status, said = await update(hub, str(tmp_path / "cut.update"))
        assert status == 1
        assert "cut off or damaged" in said

        status, said = await update(hub, bundle)
        assert status == 1, said
        assert "the first of its kind, refused it" in said
        assert "its firmware is older than updates: flash it once at its cable" in said
        assert "refused 1" in said
        assert "waiting for its turn 1" in said
        status, said = await update(hub, "--status", lang="zh-CN")
        assert status == 0
        assert "同类中第一台" in said
        assert "它的固件太旧" in said
        assert "继续：" in said
        status, said = await update(hub, bundle)
        assert status == 1
        assert "--continue" in said

        status, said = await update(hub, "--continue", "--json")
        assert status == 1
        assert json.loads(said)["update"]["counts"]["refused"] == 2
        assert (await ended(hub, "stopped"))["why"] == "first_refused"
        assert len(await hub.events("hall.device.updated")) == 2

        for words, complaint in (
            ((), "say BUNDLE"),
            ((bundle, "--window", "1", "--device", "ev-1"), "one of"),
            ((bundle, "--device", "nobody"), "No device 'nobody' stands here"),
            ((str(tmp_path / "none.update"),), "can't be read"),
        ):
            status, said = await update(hub, *words)
            assert status != 0
            assert complaint in said.replace("\n", " "), (words, said)
