"""A device's session on a radio: the line comes and goes with every visit, what is to be shown waits for the next."""

from typing import Any

from hub.devices.sessions import NOBODY, DeviceSession, ServedBy
from hub.queueing.commands import AcceptFact

JOIN_S = 0.003  # a write costs a connection event (30 ms): what is said within this goes with it
# What is seen on a box: state, number, label, how many wait, and who serves: another clerk is worth a visit, too.
View = tuple[int, str, str, int | None, ServedBy]


class RadioSession(DeviceSession):
    """The user of one address of one adapter."""

    on_radio = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.said = 0  # what it was visited for: facts that are durable, and requests
        self._wanted: View | None = None
        self._seen: View | None = None

    @property
    def shows_old(self) -> bool:
        """Its display is behind what it should show."""
        return self._wanted != self._seen

    @property
    def invited(self) -> bool:
        """Its box has an open question: somebody may press at any moment."""
        return self.status is not None and self.status["open_run"] is not None

    @property
    def patient(self) -> bool:
        """A step of an update is under way."""
        return bool(self._patient)

    @property
    def quiet(self) -> bool:
        """Nothing is under way: no question without its answer, no fact that isn't acknowledged, no view unseen.

        But for a step of an update, for which nobody waits.
        """
        answered = self._asked.keys() == self._patient
        return self.live and answered and not self._arrived and self.unstored == 0 and self._endpoint.has_shown

    def opened(self) -> None:
        """A fresh link; greetings without a proof are counted over all of them, since each link is short."""
        hellos = self._hellos
        super().opened()
        self._hellos = hellos

    def let_go(self) -> None:
        """The link was given back: nothing is wrong."""
        self._endpoint.link_lost()
        self._take_events(why="nothing more to say", line_lost=True)
        self._cancel_timer()

    def show(
        self, state: int, number: str, window: str, waiting: int | None = None, served_by: ServedBy = NOBODY
    ) -> None:
        """Now, or when it is connected again."""
        self._wanted = (state, number, window, waiting, served_by)
        super().show(state, number, window, waiting, served_by)

    def _pump_soon(self) -> None:
        """Together with what comes to be said in a moment: the question for which the link was made, the view."""
        if not self._pump_due:
            self._pump_due = True
            self._loop.call_later(JOIN_S, self._pump)

    def _on_request(self, number: int, command: int, arguments: dict[str, Any], deadline_ms: int) -> None:
        self.said += 1
        super()._on_request(number, command, arguments, deadline_ms)

    async def _keep(self, facts: list[AcceptFact], generation: int) -> None:
        before = self.facts
        await super()._keep(facts, generation)
        self.said += self.facts - before

    def _on_status(self, values: dict[str, Any]) -> None:
        super()._on_status(values)
        if self._endpoint.has_shown:
            self._seen = self._wanted
