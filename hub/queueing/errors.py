"""The errors of this room."""


class QueueingError(Exception):
    """The root of what the queueing core raises."""


class LayoutError(QueueingError):
    """The hall's services and windows contradict each other; the text names the one at fault."""


class Refusal(QueueingError):  # noqa: N818 - a refusal is an answer to a person, not a fault
    """A command that is impossible now. It changed nothing.

    kind: stable short name for programs (`queue_empty`); state: what the thing asked is in (`calling`);
    command: the verb that was refused (`next`); detail: one sentence saying why and what to do.
    """

    def __init__(self, kind: str, state: str, command: str, detail: str) -> None:
        super().__init__(f"{command} refused in state {state} ({kind}): {detail}")
        self.kind = kind
        self.state = state
        self.command = command
        self.detail = detail


class ApplyError(QueueingError):
    """An event that can't follow the ones before it: the journal was not written by these rules."""
