"""decide: what a command makes happen, as events; or a `Refusal`. Reads the state, changes nothing."""

from collections.abc import Callable
from typing import Any

from hub.queueing import commands, window_commands
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
    window_commands.WalkUp: issuing.walk_up,
    commands.PinSet: signing.pin_set,
    commands.SetDate: issuing.set_date,
    commands.ChangeHall: hall.change,
    commands.SetTraining: training.switch,
    window_commands.CallNext: serving.call_next,
    window_commands.Call: serving.call,
    window_commands.Recall: serving.recall,
    window_commands.MarkArrived: serving.arrive,
    window_commands.NoShow: serving.no_show,
    window_commands.Restore: serving.restore,
    window_commands.Hold: serving.hold,
    window_commands.Resume: serving.resume,
    window_commands.Transfer: serving.transfer,
    window_commands.Cancel: serving.cancel,
    commands.CancelTicket: serving.cancel_ticket,
    commands.Sweep: serving.sweep,
    window_commands.Finish: serving.finish,
    window_commands.Undo: serving.undo,
    window_commands.SignIn: windows.sign_in,
    window_commands.SignOut: windows.sign_out,
    window_commands.Pause: windows.pause,
    window_commands.Unpause: windows.unpause,
    commands.InvitationAccepted: machines.accepted,
    commands.InvitationFailed: machines.failed,
    commands.AcceptFact: machines.fact,
    commands.DeviceOnline: machines.online,
    commands.DeviceOffline: machines.offline,
    commands.DeviceFaultSeen: machines.fault_seen,
    commands.DeviceHeardAgain: machines.heard_again,
    commands.DeviceReplaced: machines.replaced,
    commands.DeviceTested: machines.tested,
    commands.DeviceUpdated: machines.updated,
    commands.HubStarted: machines.started,
    commands.ClockStepped: machines.stepped,
}
assert _DECIDERS.keys() == VERBS.keys()
