"""Training is switched on and off by the manager, while nobody holds a number."""

from hub.queueing import events as ev
from hub.queueing.commands import SetTraining
from hub.queueing.decide.ground import Ids, event
from hub.queueing.decide.hall import no_ticket
from hub.queueing.decide.windows import signed_out
from hub.queueing.errors import Refusal
from hub.queueing.events import Event, Now
from hub.queueing.state import State


def switch(state: State, command: SetTraining, now: Now, ids: Ids) -> list[Event]:
    """Everybody is signed out first, so that no attendance runs from practice into work or back."""
    verb = "training"
    if command.on == state.training:
        kind, said = ("training_on", "on") if state.training else ("training_off", "off")
        raise Refusal(kind, said, verb, f"Training is {said} already.")
    no_ticket(verb, "training can't be switched", state.tickets.values(), "finish or cancel them first")
    events = [each for window in state.windows.values() if window.staff for each in signed_out(window, now)]
    kind = ev.TRAINING_BEGAN if command.on else ev.TRAINING_ENDED
    return [*events, event(kind, "hall", {"by": command.staff, "reason": command.reason}, now)]
