"""How loud a zone is, from the manager's form to what boards fetch and what the hub's sound card is given."""

import io
import json
import wave
from array import array
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub.voice.sound import PEAK, Sound, peak
from tests.hub_support import HubProcess, until

WAV_HEAD_BYTES = 44


def heard(content: bytes) -> Sound:
    """A WAV as a player hears it."""
    with wave.open(io.BytesIO(content)) as file:
        return Sound(array("h", file.readframes(file.getnframes())))


async def said(stream: aiohttp.ClientResponse, number: str, recall: bool) -> dict[str, Any]:
    """What boards are told of the next reading of a number's call, or of its recall."""
    while line := await stream.content.readline():
        if line.startswith(b"data: ") and b'"length_ms"' in line:
            found: dict[str, Any] = json.loads(line[6:])
            if (found["number"], found["recall"]) == (number, recall):
                return found
    raise AssertionError("the stream ended")


async def test_each_zone_has_its_own_and_a_change_holds_from_the_next_call(tmp_path: Path) -> None:
    card = tmp_path / "card.wav"
    # ALSA's own way to write what a card would play; no machine of ours has one.
    voice = f'[voice]\noutput = "both"\ndevice = "file:FILE={card},FORMAT=wav"\n'
    async with HubProcess(tmp_path, center=voice, windows=2) as hub:
        assert hub.http is not None
        _, config = await hub.call("GET", "/api/v1/hall/config", "manager")
        windows = [config["windows"][0], config["windows"][1] | {"zone": "east"}]

        async def set_volume(percent: int) -> None:
            zone = {"id": "east", "name": "东区", "volume_percent": percent}
            body = {"zones": [zone], "windows": windows}
            assert (await hub.call("PUT", "/api/v1/hall/config", "manager", body))[0] == 200

        async def loudness(number: str, recall: bool = False) -> float:
            """Of the reading told next, at the boards; the card has been given the same."""
            clip = (await said(stream, number, recall))["clip"]
            async with hub.http.get(f"{hub.url}/voice/{clip}.wav") as answer:  # type: ignore[union-attr]
                board = await answer.read()

            def played() -> bool:
                # A player fills the card's last period with silence.
                return card.exists() and card.read_bytes()[WAV_HEAD_BYTES:].startswith(board[WAV_HEAD_BYTES:])

            await until(played, "the card's turn")
            return peak(heard(board))

        await set_volume(25)
        for window in ("1", "2"):
            await hub.command(window, "sign_in", staff=f"s{window}")
        async with hub.http.get(f"{hub.url}/api/v1/stream?tick=1") as stream:
            await hub.ticket()
            await hub.ticket()
            await hub.command("1", "next")
            assert await loudness("A001") == pytest.approx(PEAK, rel=0.4)  # of no zone: as the hall, which is 100
            await hub.command("1", "arrive")
            await hub.command("2", "next")
            assert await loudness("A002") == pytest.approx(0.25 * PEAK, rel=0.05)
            await set_volume(5)
            assert (await hub.command("2", "recall"))[0] == 200
            # The call's second reading may come before it, made before the change or after.
            assert await loudness("A002", recall=True) == pytest.approx(0.05 * PEAK, rel=0.05)
        _, state = await hub.call("GET", "/readyz")
        assert state["voice"] == {"engine_fault": None, "card_fault": None}
