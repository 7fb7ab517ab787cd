"""What becomes of a run's rating: its events' part of `apply`."""

from typing import Any

from hub.queueing.errors import ApplyError
from hub.queueing.events import Event
from hub.queueing.state import Run, State
from hub.queueing.tables import RUN_MOVES, RunState


def remember(state: State, run: Run) -> None:
    """Keeps a run; the oldest beyond the limit is forgotten."""
    if not state.runs_kept:
        return
    state.runs[run.id] = run
    state.run_order.append(run.id)
    while len(state.run_order) > state.runs_kept:
        gone = state.run_order.popleft()
        del state.runs[gone]
        state.practice.pop(gone, None)


def invited(state: State, data: dict[str, Any], event: Event) -> None:
    """A box has the invitation."""
    _move_run(state, data, "invited")


def submitted(state: State, data: dict[str, Any], event: Event) -> None:
    """A grade counts."""
    _move_run(state, data, "submitted")


def unrated(state: State, data: dict[str, Any], event: Event) -> None:
    """Nobody pressed, or no box took the invitation."""
    _move_run(state, data, "away" if data["reason"] == "device_away" else "unrated")


def _move_run(state: State, data: dict[str, Any], move: str) -> None:
    if not state.runs_kept:
        return  # a state for showing: no view shows a run
    run = state.runs.get(data["run"])
    if run is None:
        # An old journal's run, or one forgotten since: remembered from here on, so that it can't be rated twice.
        run = Run(data["run"], data.get("ticket"), data["window"], data["staff"], data.get("service"), RunState.OPEN)
        remember(state, run)
    target = RUN_MOVES.get((run.state, move))
    if target is None:
        raise ApplyError(f"run {run.id} is {run.state}; {move} can't follow")
    run.state = target
