"""decide: what a command makes happen, as events; or a `Refusal`. Reads the state, changes nothing."""

from collections.abc import Callable
from typing import Any

from hub.queueing import commands
from hub.queueing.commands import VERBS, Command
from hub.queueing.decide import hall, issuing, machines, printing, serving, signing, training, windows
from hub.queueing.decide.ground import Ids
from hub.queueing.events import Event, Now
from hub.queueing.state import State
from hub.queueing.training import mark

__all__ = ["Ids", "decide"]


def decide(state: State, command: Command, now: Now, ids: Ids) -> list[Event]:
    """The events a command makes; none where it changes nothing (a fact already stored). Raises `Refusal`."""
    return mark(state, _DECIDERS[type(command)](state, command, now, ids))


_DECIDERS: dict[type, Callable[[State, Any, Now, Ids], list[Event]]] = {
    commands.IssueTicket: issuing.issue,
    commands.TicketPrinted: printing.printed,
    commands.PrintFailed: printing.print_failed,
    commands.GrantLease: printing.grant_lease,
    commands.CloseLease: printing.close_lease,
    commands.WalkUp: issuing.walk_up,
    commands.PinSet: signing.pin_set,
    commands.SetDate: issuing.set_date,
    commands.ChangeHall: hall.change,
    commands.SetTraining: training.switch,
    commands.CallNext: serving.call_next,
    commands.Call: serving.call,
    commands.Recall: serving.recall,
    commands.MarkArrived: serving.arrive,
    commands.NoShow: serving.no_show,
    commands.Restore: serving.restore,
    commands.Hold: serving.hold,
    commands.Resume: serving.resume,
    commands.Transfer: serving.transfer,
    commands.Cancel: serving.cancel,
    commands.CancelTicket: serving.cancel_ticket,
    commands.Sweep: serving.sweep,
    commands.Finish: serving.finish,
    commands.Undo: serving.undo,
    commands.SignIn: windows.sign_in,
    commands.SignOut: windows.sign_out,
    commands.Pause: windows.pause,
    commands.Unpause: windows.unpause,
    commands.InvitationAccepted: machines.accepted,
    commands.InvitationFailed: machines.failed,
    commands.AcceptFact: machines.fact,
    commands.DeviceOnline: machines.online,
    commands.DeviceOffline: machines.offline,
    commands.DeviceFaultSeen: machines.fault_seen,
    commands.DeviceHeardAgain: machines.heard_again,
    commands.DeviceReplaced: machines.replaced,
    commands.DeviceTested: machines.tested,
    commands.HubStarted: machines.started,
    commands.ClockStepped: machines.stepped,
}
assert _DECIDERS.keys() == VERBS.keys()
