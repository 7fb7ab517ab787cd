"""Whatever events are appended in whatever groups: replay gives them back, and the bytes chain."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from common import chain
from hub.journal import InlineExecutor
from hub.queueing.events import Event
from tests.support_hub_core import MORNING_MS, open_journal

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), TEXTS, st.lists(TEXTS, max_size=3))
# "earliest" and "latest" are the envelope's own names in an unsure event's data.
DATA = st.dictionaries(TEXTS.filter(lambda name: name not in ("earliest", "latest")), VALUES, max_size=5)
TIMES_MS = st.integers(0, 4_000_000_000_000)


@st.composite
def events(draw: st.DrawFn) -> Event:
    sure = draw(st.booleans())
    bounds = (None, None) if sure else (draw(st.none() | TIMES_MS), draw(st.none() | TIMES_MS))
    return Event(f"hall.{draw(TEXTS)}", draw(TEXTS), draw(DATA), draw(TIMES_MS), *bounds, sure)


@settings(max_examples=40, deadline=None)
@given(groups=st.lists(st.lists(events(), max_size=4), max_size=6), restart=st.booleans())
def test_replay_gives_back_what_was_appended(groups: list[list[Event]], restart: bool) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            journal = open_journal(Path(folder), executor=InlineExecutor())
            committed = await asyncio.gather(*(journal.append(group, MORNING_MS) for group in groups))
            if restart:
                await journal.close()
                journal = open_journal(Path(folder), executor=InlineExecutor())
            replayed = list(journal.replay())
            flat = [event for group in groups for event in group]
            assert [row.event for row in replayed] == flat
            assert [row.data for row in replayed] == [row.data for rows in committed for row in rows]
            assert [row.sequence for row in replayed] == list(range(1, len(flat) + 1))
            assert journal.chain_at(len(flat)) == chain.extend(chain.start(journal.id), [row.data for row in replayed])
            await journal.close()

    asyncio.run(run())
