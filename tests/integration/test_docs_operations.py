"""The how-to pages, done: install a hub, add a window, replace a box, move the hub; simulated boxes, real commands."""

import asyncio
import os
import re
import sys
from pathlib import Path

from tests.caller_support import press
from tests.hub_support import HubProcess, until
from tools.checks.rooms import ROOT
from tools.simulator.board import SimulatedBoard

PRESS_S = 90.0


async def typed(*words: str, token: str = "", status: int = 0) -> str:
    """A command of `tingting`; what it prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tools.cli", *words),
        cwd=ROOT,
        env={**os.environ, "TINGTING_TOKEN": token, "TINGTING_LANG": "en"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == status, out.decode()
    return out.decode()


class Installed(HubProcess):
    """A hub that was installed below a folder. The service itself isn't started: no systemd runs here."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.config.unlink()
        self.root = root
        self.config = root / "etc/tingting/hub.toml"

    def edit(self, old: str, new: str) -> None:
        """What a person does with an editor."""
        text = self.config.read_text("utf-8")
        assert old in text, old
        self.config.write_text(text.replace(old, new), "utf-8")

    async def make_tokens(self) -> list[str]:
        """`tingting hub tokens`: whom it made one for."""
        printed = await typed("hub", "tokens", "--config", str(self.config))
        made = dict(re.findall(r"^token (.+): (\S+)$", printed, re.MULTILINE))
        self.tokens |= made
        return list(made)

    async def doctor(self, status: int = 0) -> str:
        """`tingting doctor`."""
        words = ["doctor", "--config", str(self.config), "--hub", self.url, "--lang", "en"]
        return await typed(*words, status=status)

    async def provision(self, board: SimulatedBoard, window: str) -> str:
        """`tingting device provision`; returns what it says."""
        words = ["device", "provision", board.usb_port, "--window", window, "--hub", self.url]
        return await typed(*words, token=self.tokens["admin"])

    async def rated(self, board: SimulatedBoard, window: str, count: int) -> None:
        """A citizen is served there and presses on this box."""
        await self.serve_one(window)
        await board.wait_lamps(True, PRESS_S)
        await press(board, 5)
        ratings = await self.wait_event("hall.rating.submitted", count)
        assert ratings[-1]["data"]["window"] == window

    async def well(self) -> None:
        """Until all is as the doctor wants it: each box with a window connected, and each line's box proven.

        A box that lost its window proves itself anew as well, and the doctor looks at its line.
        """

        async def connected() -> bool:
            _, ready = await self.call("GET", "/readyz")
            fault = ready["last_fault"]
            return (
                all(entry["online"] for entry in ready["each_device"] if entry["window"] is not None)
                and all(line["device"] is not None for line in ready["lines"])
                and (fault is None or fault["over"])
            )

        await until(connected, "the boxes online and proven")


async def test_a_hub_is_installed_grows_a_window_changes_a_box_and_moves(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    async with (
        await SimulatedBoard.start(tmp_path / "first.image", baud_delay=False) as first,
        await SimulatedBoard.start(tmp_path / "second.image", baud_delay=False) as second,
    ):
        for board in (first, second):
            await typed("device", "flash", board.usb_port)
        hub = Installed(old)
        options = [
            "--hall-id",
            "h1",
            "--name",
            "测试厅",
            "--link",
            first.uart_url,
            "--program",
            "/opt/tingting/bin/tingting",
        ]
        await typed("hub", "install", "--root", str(old), *options)
        hub.edit('data = "/var/lib/', f'data = "{old}/var/lib/')
        hub.edit("port = 8080", "port = 0")
        assert len(await hub.make_tokens()) == 7
        async with hub:
            assert "serves window 1" in await hub.provision(first, "1")
            await hub.well()
            assert "✗" not in await hub.doctor()
            assert (await hub.command("1", "sign_in", staff="s1"))[0] == 200
            await hub.rated(first, "1", 1)

            # Add a window.
            page = (ROOT / "docs/how-to/add-a-window.md").read_text("utf-8")
            shown = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
            assert shown is not None
            lines = re.sub(r"^ +", "", shown[1], flags=re.MULTILINE)
            added = re.sub(r'url = ".*"', f'url = "{second.uart_url}"', lines)
            hub.config.write_text(hub.config.read_text("utf-8") + added, "utf-8")
            assert await hub.make_tokens() == ["clerk window/4"]
            await hub.stop()
            assert [line for line in await hub.start() if line.startswith("token")] == []
            assert "serves window 4" in await hub.provision(second, "4")
            await hub.well()
            assert "✗" not in await hub.doctor()
            assert (await hub.command("4", "sign_in", staff="s4"))[0] == 200
            await hub.rated(second, "4", 2)

            # Replace the box of window 1.
            said = await hub.provision(second, "1")
            assert "stood there before and has no window now" in said
            await hub.well()
            said = await hub.doctor()
            assert re.search(r"· .*put aside|✓ Line", said)
            await hub.rated(second, "1", 3)
            journal = (await hub.call("GET", "/readyz"))[1]["journal"]["id"]

        # Move the hub.
        archive = str(tmp_path / "hub.tar.gz")
        for words in (["-C", str(old), "-czf", archive, "etc/tingting", "var"], ["-C", str(new), "-xzf", archive]):
            tar = await asyncio.create_subprocess_exec("tar", *words)
            assert await tar.wait() == 0
        moved = Installed(new)
        moved.edit(f'data = "{old}/', f'data = "{new}/')
        said = await typed("hub", "install", "--root", str(new), "--program", "/opt/tingting/bin/tingting")
        assert "kept: it is yours to edit" in said
        assert await moved.make_tokens() == []
        moved.tokens = hub.tokens
        async with moved:
            assert (await moved.call("GET", "/readyz"))[1]["journal"]["id"] == journal
            await moved.well()
            assert "✗" not in await moved.doctor()
            await moved.rated(second, "1", 4)
