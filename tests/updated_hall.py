"""A hall whose boxes are updated: genuine firmware on cables and radio, a real hub, and what was signed for it."""

import asyncio
import dataclasses
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.hub_support import HubProcess
from tests.integration import firmware_bench
from tests.integration.simulator_bench import volume
from tests.radio_support import BATCH, RadioBox, RadioHall, hub_on
from tests.update_support import MADE, Signer
from tools.bench import images
from tools.device import build, bundles
from tools.simulator.radio.client import Radio

ROOT = Path(__file__).parents[1]
HEAP = 144 * 1024  # a box at rest on the radio needs 112 KB, and an update 16 KB more
NEW = "9.0.0+hall"


def new_image(folder: Path) -> build.Image:
    """Today's firmware under another version."""
    image = build.build("evaluator", "rpi_pico")
    stamped = folder / "version.mpy"
    build._stamp(NEW, stamped)
    return dataclasses.replace(image, version=NEW, files=image.files | {"a/firmware/__init__.mpy": stamped})


def broken_off(flashed: bytes, image: build.Image, manifest: bytes, left_bytes: int) -> bytes:
    """The flash of a box whose update ended in its last file."""
    fs = volume(flashed)
    names = sorted(name.removeprefix("a/") for name in image.files if name not in build.FIXED)
    content = {name: image.files[f"a/{name}"].read_bytes() for name in names}
    content[names[-1]] = content[names[-1]][:-left_bytes]
    for name, data in {"manifest": manifest, **content}.items():
        fs.makedirs(f"b/{name}".rpartition("/")[0], exist_ok=True)
        with fs.open(f"b/{name}", "wb") as file:
            file.write(data)
    return bytes(fs.context.buffer)


class Box(RadioBox):
    """On a cable or on the radio, on this flash."""

    def __init__(self, folder: Path, number: int, link: str, flashed: bytes) -> None:
        super().__init__(folder, number, link)
        self._flashed = flashed

    def flash(self) -> Path:
        """With its own settings."""
        own = {"device": self.device, "secret": self.secret.hex(), "epoch": self.epoch.hex(), "link": self.link}
        path = self.folder / "flash.img"
        path.write_bytes(images.with_settings(self._flashed, firmware_bench.settings(**own)))
        return path

    def in_flash(self, name: str) -> bytes:
        """What stands there now."""
        with volume(self.board.flash.path.read_bytes()).open(name, "rb") as file:
            return bytes(file.read())


@asynccontextmanager
async def updated_hall(
    folder: Path, cables: int, radios: int, left_bytes: int | None
) -> AsyncIterator[tuple[HubProcess, list[Box], Path]]:
    """A running hub whose boxes are all online, and the update that was signed for it.

    left_bytes: of its last file, not in the boxes' slots yet; an update that was broken off has left the rest there.
    None: their slots are empty.
    """
    signer, image = Signer(folder), new_image(folder)
    bundle = folder / "hall.update"
    bundle.write_bytes(bundles.write([("evaluator", "rpi_pico", image)], MADE, signer.key))
    flashed = images.flashed("evaluator")
    target = bundles.read(bundle, signer.key.with_name(f"{signer.key.name}.pub"))["evaluator", "rpi_pico"]
    if left_bytes is not None:
        flashed = broken_off(flashed, image, target.manifest, left_bytes)
    links = ["uart"] * cables + ["ble"] * radios
    boxes = [Box(folder, number, link, flashed) for number, link in enumerate(links, 1)]
    async with AsyncExitStack() as stack:
        radio = await stack.enter_async_context(await Radio.launch())
        stack.push_async_callback(_close, boxes)
        wired, wireless = boxes[:cables], boxes[cables:]
        await _start(wired, radio)
        hub = hub_on(folder, radio, windows=len(boxes), invitation_s=60)
        text = hub.config.read_text("utf-8") + signer.section
        text += "".join(f'[[links]]\nurl = "{box.board.uart_url}"\n' for box in wired)
        hub.config.write_text(text, "utf-8")
        await stack.enter_async_context(hub)
        hall = RadioHall(radio, hub, list(boxes))
        await hall.online(wired)
        for first in range(0, radios, BATCH):
            batch = wireless[first : first + BATCH]
            await _start(batch, radio)
            await hall.online(batch)
        yield hub, boxes, bundle


async def _start(boxes: Sequence[Box], radio: Radio) -> None:
    await asyncio.gather(*(box.start(radio, heap_bytes=HEAP) for box in boxes))


async def _close(boxes: Sequence[Box]) -> None:
    for box in boxes:
        if hasattr(box, "board"):
            await box.board.close()


async def give_out(hub: HubProcess, bundle: Path, limit_s: float) -> dict[str, Any]:
    """By the command, which waits for the end."""
    token = bundle.with_name("admin.token")
    token.write_text(hub.tokens["admin"] + "\n", "utf-8")
    command = ["device", "update", str(bundle), "--hall", hub.url, "--token-file", str(token), "--json"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.cli", *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), limit_s)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, printed.decode()
    return dict(json.loads(printed))
