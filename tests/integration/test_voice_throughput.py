"""How many calls a minute a zone carries, with clips as long as espeak-ng makes them (domain, "Voice": 4.3)."""

import random
from collections import deque
from collections.abc import Sequence

import pytest

from common.catalogue import CHINESE, ENGLISH
from hub.voice.clips import Clip, Clips
from hub.voice.engine import Espeak
from hub.voice.order import REST_MS, Announcement, Order
from hub.voice.wording import Place, sentence

WANTED_A_MINUTE = 4.3
WINDOWS = 12
NUMBERS = ("A012", "A118", "B777", "D205")
HOUR_MS = 3_600_000


@pytest.fixture
async def clips() -> dict[tuple[str, str, bool], Clip]:
    """(number, window, brief) → its clip; each window calls one number: twelve sentences make a mean."""
    made, found = Clips(Espeak()), {}
    for window in range(1, WINDOWS + 1):
        number, place = NUMBERS[window % len(NUMBERS)], Place(f"{window}号窗口")
        for brief in (False, True):
            said = [sentence(number, place, lang) for lang in (CHINESE, ENGLISH)[: 1 if brief else 2]]
            found[number, str(window), brief] = await made.get(said)
    return found


class Heard:
    """What a zone hears of calls that come at these times."""

    def __init__(self, clips: dict[tuple[str, str, bool], Clip], arrivals_ms: Sequence[int]) -> None:
        self.first_waits_ms: list[int] = []
        self.rests_ms: list[int] = []
        order, now_ms, count = Order(), 0, 0
        said_ms = quiet_from_ms = 0
        waiting: deque[tuple[Announcement, int]] = deque()
        while count < len(arrivals_ms) or order.wait_ms(now_ms) is not None:
            while count < len(arrivals_ms) and arrivals_ms[count] <= now_ms:
                window = count % WINDOWS + 1
                call = Announcement(NUMBERS[window % len(NUMBERS)], str(window))
                order.offer(call)
                waiting.append((call, arrivals_ms[count]))
                count += 1
            reading = order.next(now_ms)
            if reading is not None:
                assert now_ms >= quiet_from_ms, "two are heard at once"
                clip = clips[reading.announcement.number, reading.announcement.window, reading.brief]
                order.began(now_ms, clip.length_ms, clip.lead_ms)
                if reading.time == 1:
                    call, at_ms = waiting.popleft()
                    assert call == reading.announcement
                    self.first_waits_ms.append(now_ms - at_ms)
                else:
                    self.rests_ms.append(now_ms - said_ms)
                said_ms, quiet_from_ms = now_ms + clip.lead_ms, now_ms + clip.length_ms
            wait_ms = order.wait_ms(now_ms)
            next_ms = [now_ms + wait_ms] if wait_ms is not None else []
            now_ms = max(now_ms + 1, min([*next_ms, *arrivals_ms[count : count + 1]], default=0))
        assert len(self.first_waits_ms) == len(arrivals_ms), "somebody was not called"


async def test_a_zone_carries_what_the_domain_asks_with_both_readings(clips: dict[tuple[str, str, bool], Clip]) -> None:
    every_ms = 60_000 / WANTED_A_MINUTE
    heard = Heard(clips, [int(number * every_ms) for number in range(100)])
    assert len(heard.rests_ms) == 100, "everybody is read twice"
    assert set(heard.rests_ms) == {REST_MS}, "from the end of a sentence to the same again"
    assert max(heard.first_waits_ms) < every_ms, "nobody waits for two others"


@pytest.mark.parametrize("seed", range(3))
async def test_calls_that_come_as_they_like_are_said_in_time(
    clips: dict[tuple[str, str, bool], Clip], seed: int
) -> None:
    chance = random.Random(seed)
    arrivals_ms = [0]
    while arrivals_ms[-1] < 2 * HOUR_MS:
        arrivals_ms.append(arrivals_ms[-1] + int(chance.expovariate(WANTED_A_MINUTE / 60_000)))
    heard = Heard(clips, arrivals_ms)
    waits_ms = sorted(heard.first_waits_ms)
    assert waits_ms[len(waits_ms) // 2] < 20_000
    assert waits_ms[len(waits_ms) * 95 // 100] < 45_000
    assert len(heard.rests_ms) > 0.6 * len(arrivals_ms)


async def test_each_language_is_heard_twice_where_nobody_waits(clips: dict[tuple[str, str, bool], Clip]) -> None:
    clip = clips["A118", "1", False]
    assert clip.lead_ms < clip.length_ms < clip.lead_ms + REST_MS, "English is said in the rest"
    brief = clips["A118", "1", True]
    assert brief.lead_ms == brief.length_ms == clip.lead_ms
    assert len(Heard(clips, [0, 60_000]).rests_ms) == 2
