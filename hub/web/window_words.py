"""The words of the clerk's page, by the short names that its scripts know. Refusals are those of `hub/queueing`."""

from collections.abc import Callable
from typing import Any

Translate = Callable[[str], str]


def bars(_: Translate) -> dict[str, str]:
    """Why a key does nothing now: short, for it stands on the key."""
    return {
        "no_link": _("no link to the hub"),
        "loading": _("waiting for the hub"),
        "finish_first": _("after Finish"),
        "nobody_signed_in": _("sign in first"),
        "no_ticket": _("no ticket here"),
        "ticket_open": _("a ticket is open"),
        "window_paused": _("paused: go on first"),
        "not_paused": _("not paused"),
        "already_arrived": _("has arrived"),
        "arrived_at": _("arrived at {time}"),
        "queue_empty": _("nobody waits"),
        "recalled_enough": _("recalled {most} times"),
        "nothing_to_undo": _("nothing to undo"),
        "too_late_to_undo": _("more than a minute ago"),
        "too_soon": _("one was just now; wait a minute"),
        "other": _("not possible now"),
    }


def refused(_: Translate) -> dict[str, str]:
    """What the hub said no to, what it means and what to do."""
    return {
        "nobody_signed_in": _("Nobody is signed in at this window. Sign in first."),
        "no_ticket": _("There is no ticket at this window any more. Look at the list and call the next one."),
        "ticket_open": _("A ticket is open at this window. Finish it first."),
        "window_paused": _("This window is paused. Go on first."),
        "not_paused": _("This window is not paused."),
        "already_arrived": _("The arrival is marked already."),
        "queue_empty": _("Nobody waits for this window any more."),
        "recalled_enough": _("Called again often enough. Mark the arrival or the no-show."),
        "nothing_to_undo": _("There is nothing to undo: something else was done here since."),
        "too_late_to_undo": _("It is more than a minute ago and can't be undone. A no-show can be restored."),
        "too_soon": _("The last one without a number was less than a minute ago. Wait a little."),
        "other_service": _("{number} is for a service that this window doesn't serve. Ask for a transfer."),
        "unknown_ticket": _("No ticket {number} is open today. Look at the paper again."),
        "ticket_state": _("{number} was called, taken back or ended elsewhere just now. Nothing was done here."),
        "restored_once": _("{number} was restored once already. A new number is needed."),
        "no_target": _("Choose a service or a window."),
        "unknown_target": _("This hall has no such window."),
        "unknown_service": _("This hall has no such service."),
        "unknown_window": _("This hall has no such window."),
        "already_signed_in": _("You are signed in here already."),
        "no_staff": _("Enter the staff number."),
        "unknown_role": _("Choose role A or B."),
        "busy": _("The hub is very busy. Nothing was done; press again in a moment."),
        "journal_refuses": _("The hub can't write to its disk, so nothing was done. Call the technician."),
        "other": _("This was not done: {detail}"),
    }


def reasons(_: Translate) -> dict[str, list[tuple[str, str]]]:
    """The reasons to choose from. What is recorded is Chinese, whatever language the page is in."""
    return {
        "hold": [
            ("去复印", _("making a copy")),
            ("去缴费", _("paying the fee")),
            ("补材料", _("fetching papers")),
            ("填表格", _("filling in the form")),
        ],
        "pause": [
            ("短暂休息", _("a short rest")),
            ("取送材料", _("carrying papers")),
            ("开会", _("a meeting")),
            ("系统故障", _("a system is down")),
            ("用餐", _("a meal")),
        ],
        "cancel": [
            ("群众放弃", _("does not want to wait")),
            ("取错号", _("the wrong number")),
            ("重复取号", _("took two numbers")),
        ],
        "call": [
            ("有急事", _("urgent")),
            ("行动不便", _("walks with difficulty")),
            ("已办过，补材料", _("came back with papers")),
        ],
    }


def words(_: Translate) -> dict[str, Any]:
    """Everything that the scripts say."""
    verbs = {
        "next": _("Next"),
        "recall": _("Recall"),
        "arrive": _("Arrived"),
        "no_show": _("No-show"),
        "transfer": _("Transfer"),
        "hold": _("Hold"),
        "finish": _("Finish"),
        "undo": _("Undo"),
        "walk_up": _("Finish without a number"),
        "cancel": _("Void the ticket"),
        "by_number": _("By number"),
        "finish_then": _("Finish and go on"),
        "pause": _("Pause"),
        "unpause": _("Go on"),
        "sign_in": _("Sign in"),
        "sign_out": _("Sign off"),
        "call": _("Call"),
        "restore": _("Restore"),
        "resume": _("Resume"),
    }
    return {
        "verbs": verbs,
        "call_next": _("Call next"),
        "bars": bars(_),
        "refused": refused(_),
        "known": {value: text for group in reasons(_).values() for value, text in group},
        "hints": {
            "finish": _("and invite a rating"),
            "finish_next": _("then the next matter of this visit"),
            "recall": _("recalled {n} of {most}"),
            "arrive": _("stands at the window"),
            "no_show": _("nobody came"),
            "transfer": _("window or matter"),
            "hold": _("back soon"),
            "unpause": _("call again"),
        },
        "doing": _("doing it"),
        "states": {"calling": _("Called"), "serving": _("Serving"), "free": _("free"), "paused": _("paused")},
        "window_states": {
            "closed": _("closed"),
            "free": _("free"),
            "calling": _("calling"),
            "serving": _("serving"),
            "paused": _("paused"),
        },
        "channels": {
            "kiosk": _("kiosk"),
            "desk": _("information desk"),
            "dispenser": _("dispenser"),
            "appointment": _("appointment"),
            "walk_up": _("without a number"),
        },
        "facts": {
            "priority": _("Priority"),
            "visit": _("This visit"),
            "note": _("Note"),
            "before": _("Before"),
            "taken": _("Number taken"),
        },
        "checked": _("checked at {who}, {time}"),
        "booked_for": _("appointment at {time}"),
        "was_restored": _("missed its call once, restored"),
        "taken": _("{time}, {how}"),
        "this_one": _("{service} (now)"),
        "at_window": _(" at {window}"),
        "served": _("served {time}"),
        "called_for": _("called {time} ago"),
        "waited": _("waited {n} min"),
        "waited_short": _("{n} min"),
        "ready": _("Ready. {n} people are waiting"),
        "ready_one": _("Ready. 1 person is waiting"),
        "first": _("Next by the rules: {number}, waited {n} min"),
        "nobody": _("Nobody waits now"),
        "nobody_words": _("The next number appears here by itself."),
        "paused": _("This window is paused"),
        "paused_for": _("Reason: {reason}. Press Go on to call again."),
        "paused_words": _("Press Go on to call again."),
        "longest": _("longest {n} min"),
        "next": _("next"),
        "whys": {
            "priority": _("priority"),
            "appointment": _("booked"),
            "restored": _("restored"),
            "transferred": _("transferred"),
            "own": _("for this window"),
        },
        "booked": _("booked {time}"),
        "more": _("{n} more. "),
        "rule": _("Priority: at most 1 in {n}. Press a row to call it out of turn."),
        "none": _("none"),
        "held": _("{reason}, {n} min"),
        "missed": _("{time}, called {n} times"),
        "undo": {"finish": _("Finish of {number}, {n} s left"), "no_show": _("No-show of {number}, {n} s left")},
        "staff_a": _("Staff {staff}"),
        "staff_b": _("Staff {staff}, stand-in B"),
        "nobody_here": _("nobody signed in"),
        "linked": _("Connected"),
        "linking": _("Connecting"),
        "unlinked": _("No hub since {time}"),
        "calling_off": _("Calling is off."),
        "offline": _("The hub can't be reached."),
        "offline_serving": _("Go on serving {number}; press Finish when the link is back."),
        "nothing_later": _("Nothing pressed now will be done later by itself."),
        "lost": _(
            "No answer came. Whether it was done shows when the link is back; it will not be done later by itself."
        ),
        "no_target": _("Choose a service or a window."),
        "no_reason": _("Choose or write a reason."),
        "no_number": _("Enter the number, as A012."),
        "fill_in": _("Fill in this field."),
        "done": {
            "next": _("{number} called"),
            "call": _("{number} called"),
            "recall": _("{number} called again"),
            "arrive": _("{number} has arrived"),
            "finish": _("Finish marked"),
            "no_show": _("No-show marked"),
            "restore": _("{number} restored"),
            "resume": _("{number} resumed"),
            "undo": _("Taken back: {number}"),
            "other": _("Done"),
        },
        "comma": _(", "),
        "colon": _(": "),
        "about": {},
    }
