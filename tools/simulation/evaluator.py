"""One evaluator: five keys and lamps, and the oracle that hears of each press."""

from collections.abc import Callable
from typing import Any

from firmware.boxes.evaluator import EvaluatorBox
from protocol import messages
from protocol.device import DeviceEndpoint
from tools.simulation.box import SimulatedBox, WatchedLog
from tools.simulation.oracle import Oracle, Press
from tools.simulation.world import World


class Counter:
    """Lamps and display in one: what the person at the counter is told."""

    def __init__(self, lit: Callable[[], None]) -> None:
        self._lit = lit

    def set(self, on: bool) -> None:
        """The five lamps."""
        if on:
            self._lit()

    def show(self, face: Any, now_ms: int) -> None:
        """The display; nobody reads it here."""


class SimulatedEvaluator(SimulatedBox):
    """`lit` hears when its lamps go on, `logged` of a press."""

    ROLE = messages.ROLE_EVALUATOR

    def __init__(self, world: World, name: str, secret: bytes, epoch: bytes, oracle: Oracle) -> None:
        super().__init__(world, name, secret, epoch)
        self.lit: Callable[[], None] = lambda: None
        self._oracle = oracle

    def _made(self, log: WatchedLog, end: DeviceEndpoint, shared: dict[str, Any]) -> Any:
        counter = Counter(self.lit)
        return EvaluatorBox(log, end, counter, counter, **shared)

    def _took(self, kind: int, fields: dict[str, Any], number: int | None) -> None:
        if kind != messages.RATED:
            return
        run = fields["run"].hex()
        self._oracle.took(Press(self.name, run, fields["grade"], self._world.unix_ms, number is not None))
        became = "the power goes while it is written" if number is None else f"logged as fact {number}"
        self._world.tell(self.name, f"run {run}: pressed; {became}")
        self.logged()
