"""The voice that is heard: real espeak-ng, real processes for the sound card, the real hub."""

import array
import asyncio
import io
import json
import stat
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from common.catalogue import CHINESE, ENGLISH
from common.logs import Log
from hub.queueing import events as ev
from hub.queueing.events import Event
from hub.voice.announcer import LATE_S, Announcer, Manner
from hub.voice.card import Card
from hub.voice.clips import Clip, Clips
from hub.voice.engine import Espeak
from hub.voice.errors import CardError, EngineError
from hub.voice.order import BREATH_MS
from hub.voice.sound import PEAK, RATE, Sound, chime, peak, silence, trimmed
from hub.voice.wording import Place, sentence
from tests.hub_support import HubProcess

PLACE = Place("5号窗口", "Window 5")
SILENT = 0.01  # −40 dBFS


def samples(clip: Clip) -> "array.array[int]":
    """What a player of the WAV would hear."""
    with wave.open(io.BytesIO(clip.wav)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return array.array("h", file.readframes(file.getnframes()))


@pytest.fixture(scope="module")
def clips() -> Clips:
    """One cache for all."""
    return Clips(Espeak())


async def test_a_call_has_chime_and_both_languages_loud_enough(clips: Clips) -> None:
    said = [sentence("A012", PLACE, CHINESE), sentence("A012", PLACE, ENGLISH)]
    clip = await clips.get(said)
    heard = samples(clip)
    assert len(heard) * 1000 // RATE in (clip.length_ms - 1, clip.length_ms)
    assert 4_000 < clip.length_ms < 9_500  # both languages; how many calls a minute that carries stands in the how-to
    assert 0.5 < peak(Sound(heard)) <= 1
    third = len(heard) // 3
    for part in (heard[:third], heard[third : 2 * third], heard[2 * third :]):
        assert Sound(part).level > SILENT
    alone = await clips.get(said[:1])
    assert alone.length_ms < clip.length_ms
    assert heard[: RATE // 2] == pytest.approx(samples(alone)[: RATE // 2], abs=2_000)  # both begin with the chime


async def test_a_sentence_is_spoken_once(clips: Clips) -> None:
    said = [sentence("B007", PLACE, CHINESE)]
    before = clips.spoken
    first, second = await asyncio.gather(clips.get(said), clips.get(said))
    assert first is second
    assert clips.find(first.key) is first
    assert clips.spoken == before + 1
    again = await clips.get([sentence("B007", PLACE, CHINESE, recall=True)])
    assert again.key != first.key
    assert again.length_ms > first.length_ms


async def test_the_cache_lets_the_oldest_go() -> None:
    small = Clips(Espeak(), most_bytes=400_000)
    made = [await small.get([sentence(f"C00{number}", PLACE, ENGLISH)]) for number in range(4)]
    assert small.find(made[0].key) is None
    assert small.find(made[3].key) is made[3]


async def test_a_quieter_zone_is_quieter(clips: Clips) -> None:
    said = [sentence("A012", PLACE, CHINESE)]
    loud, soft = await clips.get(said), await clips.get(said, volume=0.25)
    assert peak(Sound(samples(soft))) == pytest.approx(0.25 * PEAK, rel=0.05)
    assert Sound(samples(soft)).level < Sound(samples(loud)).level


async def test_a_missing_engine_says_what_to_install() -> None:
    with pytest.raises(EngineError, match="apt-get install"):
        await Espeak("no-such-engine").speak(CHINESE, "你好")
    with pytest.raises(EngineError, match="limit is 2000"):
        await Espeak().speak(CHINESE, "好" * 2_001)


def test_silence_is_cut_away_and_the_chime_is_heard() -> None:
    assert trimmed(silence(100)).length_ms == 0
    assert chime().level > 0.05
    assert 500 < chime().length_ms < 1_500


async def test_a_missing_card_is_an_error_with_words(clips: Clips) -> None:
    clip = await clips.get([sentence("A012", PLACE, CHINESE)])
    with pytest.raises(CardError, match="aplay -L"):
        await Card("no-such-card").play(clip)
    with pytest.raises(CardError, match="not installed"):
        await Card(program="no-such-player").play(clip)


def program(path: Path, script: str) -> str:
    """A player of the test's."""
    path.write_text("#!/bin/sh\n" + script, "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


class Tone:
    """An engine that needs no time: what is tested with it is when, not how it sounds."""

    name = "tone"

    async def speak(self, lang: str, text: str) -> Sound:
        return Sound(array.array("h", [9_000, -9_000] * (RATE // 10)))


class House:
    """Two windows in two zones."""

    def zone(self, window: str) -> str:
        return {"1": "east"}.get(window, "west")

    def place(self, window: str) -> Place:
        return Place(f"{window}号窗口")

    def volume(self, zone: str) -> float:
        return 1.0


@asynccontextmanager
async def announcing(card: Card | None = None, engine: Any = None) -> AsyncIterator[tuple[Announcer, list[Any]]]:
    """A running announcer, and what it told the boards with the time."""
    loop = asyncio.get_running_loop()
    told: list[Any] = []
    announcer = Announcer(
        Clips(engine or Tone()),
        Manner((CHINESE,)),
        House(),
        lambda said: told.append((loop.time(), said)),
        now_ms=lambda: int(loop.time() * 1000),
        log=Log(lambda: 0),
        card=card,
    )
    task = asyncio.create_task(announcer.run())
    yield announcer, told
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def called(number: str, window: str = "1", kind: str = ev.TICKET_CALLED) -> Event:
    return Event(kind, f"ticket/{number}", {"number": number, "window": window}, 0)


async def until(told: list[Any], count: int) -> None:
    async with asyncio.timeout(60):
        while len(told) < count:
            await asyncio.sleep(0.02)


async def test_zones_speak_at_once_and_each_in_its_own_order() -> None:
    async with announcing() as (announcer, told):
        announcer.committed([called("A001"), called("A002"), called("A003"), called("A004"), called("B001", "2")])
        await until(told, 3)
        east = [(at, said) for at, said in told if said["zone"] == "east"]
        west = [said for _, said in told if said["zone"] == "west"]
        assert [said["number"] for said in west] == ["B001"]
        assert [said["number"] for _, said in east] == ["A001", "A002"]
        assert east[1][0] - east[0][0] >= east[0][1]["length_ms"] / 1000  # the first has ended
        assert announcer.metrics()["tingting_voice_waiting"][()] == 2


async def test_who_arrives_is_not_read_a_second_time() -> None:
    async with announcing() as (announcer, told):
        announcer.committed([called("A001")])
        await until(told, 1)
        announcer.committed([called("A001", kind=ev.TICKET_ARRIVED), called("A002")])
        await until(told, 2)
        assert [said["number"] for _, said in told] == ["A001", "A002"]


async def test_a_card_that_hangs_or_refuses_delays_nobody(tmp_path: Path) -> None:
    hanging = Card(program=program(tmp_path / "hangs", "sleep 60\n"))
    async with announcing(hanging) as (announcer, told):
        announcer.committed([called(f"A00{number}") for number in range(1, 5)])
        await until(told, 2)
        assert announcer.card_fault is not None  # the second found it busy
    refusing = Card(program=program(tmp_path / "refuses", "echo 'no such device' >&2\nexit 1\n"))
    async with announcing(refusing) as (announcer, told):
        announcer.committed([called(f"A00{number}") for number in range(1, 5)])
        await until(told, 2)
        assert "no such device" in (announcer.card_fault or "")


async def test_a_call_right_behind_another_is_heard_on_a_card_that_began_late() -> None:
    heard: list[str] = []

    class Late(Card):
        async def play(self, clip: Clip) -> None:
            await asyncio.sleep((clip.length_ms + BREATH_MS) / 1000 + LATE_S / 2)
            heard.append(clip.key)

    async with announcing(Late()) as (announcer, told):
        announcer.committed([called(f"A00{number}") for number in range(1, 5)])
        await until(told, 2)
        assert heard == [told[0][1]["clip"]]
        assert announcer.metrics()["tingting_voice_total"]["card_failures",] == 0


async def test_the_card_hears_the_whole_clip(tmp_path: Path) -> None:
    card = Card(program=program(tmp_path / "plays", f"cat > {tmp_path}/heard.wav\n"))
    async with announcing(card) as (announcer, told):
        announcer.committed([called("A001")])
        await until(told, 1)
        clip = announcer.clips.find(told[0][1]["clip"])
        assert clip is not None
        async with asyncio.timeout(60):
            while not (tmp_path / "heard.wav").exists() or (tmp_path / "heard.wav").read_bytes() != clip.wav:
                await asyncio.sleep(0.02)
        assert announcer.card_fault is None


async def test_without_an_engine_boards_are_told_all_the_same() -> None:
    async with announcing(engine=Espeak("no-such-engine")) as (announcer, told):
        announcer.committed([called("A001"), called("A002"), called("A003"), called("A004")])
        await until(told, 2)
        assert told[0][1]["clip"] is None
        assert "not installed" in (announcer.engine_fault or "")


async def test_the_hub_says_a_call_and_keeps_the_clip_for_boards(tmp_path: Path) -> None:
    async with HubProcess(tmp_path) as hub:
        assert hub.http is not None
        await hub.command("1", "sign_in", staff="s1")
        async with hub.http.get(f"{hub.url}/api/v1/stream?tick=1") as stream:
            await hub.ticket()
            await hub.command("1", "next")
            said = None
            async with asyncio.timeout(60):
                async for line in stream.content:
                    if line.startswith(b"data: ") and b'"length_ms"' in line:
                        said = json.loads(line[6:])
                        break
        assert said is not None
        assert (said["number"], said["window"], said["time"], said["recall"]) == ("A001", "1", 1, False)
        async with hub.http.get(f"{hub.url}/voice/{said['clip']}.wav") as answer:
            assert answer.status == 200
            assert answer.content_type == "audio/wav"
            heard = await answer.read()
        with wave.open(io.BytesIO(heard)) as file:
            assert abs(file.getnframes() * 1000 // RATE - said["length_ms"]) <= 1
        async with hub.http.get(f"{hub.url}/voice/{'0' * 32}.wav") as answer:
            assert answer.status == 404
        _, ready = await hub.call("GET", "/readyz")
        assert ready["voice"] == {"engine_fault": None, "card_fault": None}
