"""The bodies of windows and of the day as the rules' commands."""

from collections.abc import Callable
from typing import Any

from hub.queueing import commands, window_commands
from hub.web import schema

_MADE: dict[type, Callable[[str, Any], commands.Command]] = {
    schema.Next: lambda window, body: window_commands.CallNext(window),
    schema.CallNumber: lambda window, body: window_commands.Call(window, body.number, body.reason),
    schema.Recall: lambda window, body: window_commands.Recall(window),
    schema.Arrive: lambda window, body: window_commands.MarkArrived(window),
    schema.NoShow: lambda window, body: window_commands.NoShow(window),
    schema.Restore: lambda window, body: window_commands.Restore(window, body.number),
    schema.Hold: lambda window, body: window_commands.Hold(window, body.reason),
    schema.Resume: lambda window, body: window_commands.Resume(window, body.number),
    schema.Transfer: lambda window, body: window_commands.Transfer(
        window, body.to_service, body.to_window, body.back, body.reason
    ),
    schema.Cancel: lambda window, body: window_commands.Cancel(window, body.number, body.reason),
    schema.Finish: lambda window, body: window_commands.Finish(window, body.outcome, body.then),
    schema.Undo: lambda window, body: window_commands.Undo(window),
    schema.WalkUp: lambda window, body: window_commands.WalkUp(window, body.service),
    schema.SignIn: lambda window, body: window_commands.SignIn(window, body.staff, body.role),
    schema.SignOut: lambda window, body: window_commands.SignOut(window),
    schema.Pause: lambda window, body: window_commands.Pause(window, body.reason),
    schema.Unpause: lambda window, body: window_commands.Unpause(window),
}


def command(window: str, body: Any) -> commands.Command:
    """What a body of `schema.WindowCommand` asks of the rules."""
    return _MADE[type(body)](window, body)


def day_command(who: str, body: schema.DayCommand) -> commands.Command:
    """What a body of `schema.DayCommand` asks of the rules; who: in whose name."""
    if isinstance(body, schema.Training):
        return commands.SetTraining(body.on, who, body.reason)
    if isinstance(body, schema.SetDate):
        return commands.SetDate(body.date, who, body.reason)
    return commands.Sweep(now=True, staff=who)
