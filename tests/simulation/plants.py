"""Bugs that more than one hall is planted with: the shipped code, changed where one would hurt."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from firmware.eventlog import EventLog
from hub.devices.fleet import Fleet
from hub.service import HallService
from tools.simulation.run import Result


def acknowledged_before_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub tells the box that it has what is still on its way to the disk."""
    submit_facts = HallService.submit_facts
    background: set[Any] = set()

    async def early(self: Fleet, facts: Any) -> None:
        hall: Any = self._hall
        task = asyncio.get_running_loop().create_task(submit_facts(hall.service, facts))
        background.add(task)
        task.add_done_callback(lambda done: (background.discard(done), done.cancelled() or done.exception()))

    init = Fleet.__init__

    def planted(self: Fleet, *positional: Any, **named: Any) -> None:
        init(self, *positional, **named)
        self._around = replace(self._around, submit_facts=lambda facts: early(self, facts))

    monkeypatch.setattr(Fleet, "__init__", planted)


def trimmed_one_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The box lets go of one fact more than the hub has."""
    trim = EventLog.trim
    monkeypatch.setattr(EventLog, "trim", lambda self, through: trim(self, min(through + 1, self.next - 1)))


def _first_found(play: Callable[[int], Result], seeds: range, word: str) -> Result:
    """The first of these halls in which an oracle says so."""
    for seed in seeds:
        result = play(seed)
        if any(word in line for line in result.wrong):
            return result
    raise AssertionError(f"the planted bug was not found in {len(seeds)} seeds")


def told(play: Callable[[int], Result], seeds: range, word: str) -> str:
    """How it came, of the first hall in which it was found, named, and said how to see it again."""
    result = _first_found(play, seeds, word)
    named, _, story = result.report().partition("how it came:")
    assert word in named
    assert f"tingting simulate --seeds 1 --first {result.seed} --story" in story
    return story
