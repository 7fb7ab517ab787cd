"""A disk that takes no writes any more while the hub runs: made read-only by the kernel, as a dying card is; and for a
while only. Really mounted: an ext4 file system in a file."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub_support import Box, HubProcess, new_id, until

# The journal leaves 64 MiB free.
DISK_MB = 128


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


class Disk:
    """The hub's data folder, a file system of its own. Needs root and a loop device, as CI has them."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.data.mkdir()
        self._image = folder / "disk.img"
        with self._image.open("wb") as file:
            file.truncate(DISK_MB * 1024 * 1024)
        run("mkfs.ext4", "-q", "-F", str(self._image))
        self.mount()

    def mount(self) -> None:
        """As Raspberry Pi OS mounts a card: on an error it becomes read-only."""
        run("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self.data))

    def fail(self) -> None:
        """What the kernel does when it can't write the file system's journal."""
        run("mount", "-o", "remount,abort", str(self.data))

    def check_and_mount(self) -> None:
        """The technician's part; it works only when nobody has a file open there."""
        run("umount", str(self.data))
        checked = subprocess.run(["e2fsck", "-p", str(self._image)], check=False, capture_output=True)
        assert checked.returncode in (0, 1)  # 1: errors were put right
        self.mount()

    def refuse_writes(self, refused: bool) -> None:
        """The kernel refuses each write, to files that are open, too; and takes them again.

        But for SQLite's `-shm`: it is memory that processes share, which no disk refuses, and a page of it that is
        refused is a SIGBUS, or not, as the kernel has written it out in the meantime.
        """
        flag = "+i" if refused else "-i"
        below = [path for path in self.data.rglob("*") if not path.name.endswith("-shm")]
        run("chattr", flag, str(self.data), *map(str, below))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path)
    try:
        yield made
    finally:
        subprocess.run(["chattr", "-R", "-i", str(made.data)], check=False, capture_output=True)
        run("umount", "-l", str(made.data))


async def invited_box(hub: HubProcess, box: Box) -> None:
    """A citizen was served and is asked."""
    await hub.register(box)
    await until(lambda: hub.online(box), "the box is online")
    assert (await hub.command("1", "sign_in", staff="li"))[0] == 200
    await hub.serve_one()
    await until(lambda: box.open_run, "the invitation")


async def refuses(hub: HubProcess, command: str, words: str) -> None:
    """A number asked for is refused, and everybody can read why."""
    status, problem = await hub.call("POST", "/api/v1/tickets", "kiosk", number(command))
    assert (status, problem["type"]) == (503, "urn:tingting:problem:journal-refuses")
    assert words in problem["detail"]
    status, ready = await hub.call("GET", "/readyz")
    assert (status, ready["ready"]) == (503, False)
    assert words in ready["journal"]["refuses"]


def number(command: str) -> dict[str, str | None]:
    return {"service": "A", "priority": None, "id": command}


def not_kept(hub: HubProcess) -> bool:
    return '"device.fact_not_kept"' in hub.log()


async def all_is_there(hub: HubProcess, before: list[dict[str, object]], box: Box, pressed: int) -> None:
    """Nothing that was there is lost, and the press made meanwhile counts once."""
    await until(lambda: box.log.oldest > pressed, "the press is acknowledged")
    events = await hub.events()
    assert events[: len(before)] == before
    submitted = [event for event in events if event["type"] == "hall.rating.submitted"]
    assert [(event["data"]["epoch"], event["data"]["fact"]) for event in submitted] == [(box.epoch.hex(), pressed)]
    numbers = [event["data"]["number"] for event in events if event["type"] == "hall.ticket.issued"]
    assert len(numbers) == len(set(numbers)) == 2


async def test_a_disk_that_the_kernel_made_read_only_is_said_loses_nothing_and_is_used_again_after_a_start(
    disk: Disk, tmp_path: Path
) -> None:
    async with Box("box-1") as box, HubProcess(tmp_path, (box.line,)) as hub:
        await invited_box(hub, box)
        before = await hub.events()
        # Nobody can do it by hand while a hub has its journal open.
        with pytest.raises(subprocess.CalledProcessError):
            run("mount", "-o", "remount,ro", str(disk.data))
        disk.fail()
        pressed = box.press(1)
        await until(lambda: not_kept(hub), "the press is refused")
        assert box.log.oldest <= pressed
        command = new_id()
        await refuses(hub, command, "the file system takes no writes")
        assert "the file system takes no writes" in hub.log()
        # What is only read goes on, and whoever has to look at it comes in.
        assert (await hub.call("GET", "/api/v1/queue"))[0] == 200
        body = {"announcements": [{"id": "n", "text": "今日停电"}]}
        assert (await hub.call("PUT", "/api/v1/hall/config", "manager", body))[0] == 503
        assert hub.http is not None
        form = {"token": hub.tokens["manager"]}
        async with hub.http.post(f"{hub.url}/admin/sign-in", data=form, allow_redirects=False) as answer:
            assert answer.status == 303
        assert await hub.stop() == 0
        said = hub.log()
        with pytest.raises(AssertionError, match="the hub ended"):
            await hub.start()
        (line,) = hub.log().removeprefix(said).strip().splitlines()
        assert line.startswith("hub: ")
        assert "the file system takes no writes" in line
        disk.check_and_mount()
        await hub.start()
        status, ticket = await hub.call("POST", "/api/v1/tickets", "kiosk", number(command))
        assert status == 201
        assert (await hub.call("POST", "/api/v1/tickets", "kiosk", number(command)))[1] == ticket
        hub.secrets.add(ticket["token"])
        await all_is_there(hub, before, box, pressed)


async def test_a_disk_that_takes_no_writes_for_a_while_is_used_again_without_a_start(
    disk: Disk, tmp_path: Path
) -> None:
    async with Box("box-1") as box, HubProcess(tmp_path, (box.line,)) as hub:
        await invited_box(hub, box)
        before = await hub.events()
        disk.refuse_writes(True)
        pressed = box.press(5)
        await until(lambda: not_kept(hub), "the press is refused")
        command = new_id()
        await refuses(hub, command, "journal.sqlite3: could not ")
        disk.refuse_writes(False)

        async def taken() -> bool:
            status, reply = await hub.call("POST", "/api/v1/tickets", "kiosk", number(command))
            hub.secrets.add(reply.get("token", "none"))
            return status == 201

        await until(taken, "numbers are given again")
        await all_is_there(hub, before, box, pressed)
