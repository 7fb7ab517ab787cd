"""A disk of its own, really mounted: full, free again, and read-only at the start."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub_support import HubProcess, new_id, until

# The journal leaves 64 MiB free; the rest holds a small hall many times over.
DISK_MB = 80
FILLER_MB = 20


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """The hub's data folder, a file system of its own. Needs root, as CI has it."""
    data = tmp_path / "data"
    data.mkdir()
    mount("-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(data))
    try:
        yield data
    finally:
        subprocess.run(["umount", "-l", str(data)], check=True, capture_output=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1024 * 1024))


async def refused(hub: HubProcess) -> bool:
    body = {"service": "A", "priority": None, "id": new_id()}
    status, problem = await hub.call("POST", "/api/v1/tickets", "kiosk", body)
    if status == 201:
        hub.secrets.add(problem["token"])
        return False
    assert (status, problem["type"]) == (503, "urn:tingting:problem:journal-refuses")
    assert "Make room" in problem["detail"]
    return True


async def test_a_full_disk_refuses_says_so_and_goes_on_when_there_is_room(disk: Path, tmp_path: Path) -> None:
    async with HubProcess(tmp_path) as hub:
        first = await hub.ticket()
        filler = disk / "filler"
        filler.write_bytes(bytes(FILLER_MB * 1024 * 1024))
        await until(lambda: refused(hub), "the journal sees that the disk is full")
        status, ready = await hub.call("GET", "/readyz")
        assert (status, ready["ready"]) == (503, False)
        assert "Make room" in ready["journal"]["refuses"]
        body = {"announcements": [{"id": "n", "text": "今日停电"}]}
        status, problem = await hub.call("PUT", "/api/v1/hall/config", "manager", body)
        assert (status, problem["type"]) == (503, "urn:tingting:problem:journal-refuses")
        assert (await hub.call("GET", "/api/v1/hall"))[1]["announcements"] == []
        # To the last byte: nothing of what is there may be harmed by it.
        with pytest.raises(OSError, match="No space left"):
            fill(disk / "more")
        await hub.kill()
        (disk / "more").unlink()
        filler.unlink()
        await hub.start()
        await until(lambda: served(hub), "numbers are given again")
        assert (await hub.call("PUT", "/api/v1/hall/config", "manager", body))[0] == 200
        issued = [event["data"]["number"] for event in await hub.events("hall.ticket.issued")]
        assert issued[0] == first["number"]
        assert len(set(issued)) == len(issued)


async def served(hub: HubProcess) -> bool:
    return not await refused(hub)


async def test_a_read_only_disk_ends_the_start_with_one_line_and_loses_nothing(disk: Path, tmp_path: Path) -> None:
    async with HubProcess(tmp_path) as hub:
        await hub.ticket()
        await hub.stop()
        mount("-o", "remount,ro", str(disk))
        before = hub.log()
        with pytest.raises(AssertionError, match="the hub ended"):
            await hub.start()
        said = hub.log().removeprefix(before).strip().splitlines()
        assert len(said) == 1
        assert said[0].startswith("hub: ")
        assert str(disk) in said[0]
        mount("-o", "remount,rw", str(disk))
        await hub.start()
        assert (await hub.ticket())["number"] == "A002"
