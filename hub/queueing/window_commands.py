"""What a window can be asked to do. One frozen class a command; `WINDOW_VERBS` has the contract's word for each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallNext:
    """下一位: the next one waiting for what this window serves."""

    window: str


@dataclass(frozen=True, slots=True)
class MarkArrived:
    """到达: the one called stands at the window."""

    window: str


@dataclass(frozen=True, slots=True)
class Call:
    """A chosen number instead of the next."""

    window: str
    number: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Recall:
    """重呼: the one called is called again; 3 at most."""

    window: str


@dataclass(frozen=True, slots=True)
class NoShow:
    """过号: nobody came."""

    window: str


@dataclass(frozen=True, slots=True)
class Restore:
    """A no-show has come after all: once, behind the next 2."""

    window: str
    number: str


@dataclass(frozen=True, slots=True)
class Hold:
    """The ticket at the window is set aside while its holder fetches something."""

    window: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """A held ticket comes back to a window."""

    window: str
    number: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """转移: to another service, one window, or both, keeping its place by order of issue; back: and then here again."""

    window: str
    to_service: str | None = None
    to_window: str | None = None
    back: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """The ticket at the window is void, or another one by its number."""

    window: str
    number: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """Takes back this window's finish or no-show, within a minute and before anything else is done there."""

    window: str


@dataclass(frozen=True, slots=True)
class Finish:
    """办结: the service is done; makes the run. then: a further service of this visit, without queueing again."""

    window: str
    outcome: str | None = None
    then: str | None = None


@dataclass(frozen=True, slots=True)
class WalkUp:
    """请评价 at a window without a queue: one service rendered without a number."""

    window: str
    service: str | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """A clerk takes the window; role A or B (角). With another one signed in, that one is signed out."""

    window: str
    staff: str
    role: str = "A"


@dataclass(frozen=True, slots=True)
class SignOut:
    """The clerk leaves the window."""

    window: str


@dataclass(frozen=True, slots=True)
class Pause:
    """暂停: the window calls nobody for a while."""

    window: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Unpause:
    """The window goes on."""

    window: str


WindowCommand = (
    CallNext
    | Call
    | Recall
    | MarkArrived
    | NoShow
    | Restore
    | Hold
    | Resume
    | Transfer
    | Cancel
    | Finish
    | Undo
    | WalkUp
    | SignIn
    | SignOut
    | Pause
    | Unpause
)

# The contract's words for what a window can be asked (`POST /windows/{window}/commands`); what is not here is refused
# at the edge.
WINDOW_VERBS: dict[str, type[WindowCommand]] = {
    "next": CallNext,
    "call": Call,
    "recall": Recall,
    "arrive": MarkArrived,
    "no_show": NoShow,
    "restore": Restore,
    "hold": Hold,
    "resume": Resume,
    "transfer": Transfer,
    "cancel": Cancel,
    "finish": Finish,
    "undo": Undo,
    "walk_up": WalkUp,
    "sign_in": SignIn,
    "sign_out": SignOut,
    "pause": Pause,
    "unpause": Unpause,
}
