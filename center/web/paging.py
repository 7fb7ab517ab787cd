"""What every page of the center has: somebody signed in, the navigation, names in the reader's language."""

from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from center.config import Hall
from center.people.reader import Reader
from center.people.roles import ADMINISTER, ENTER_PAPER, FOLLOW_CASES, READ
from center.web.asking import READERS
from center.web.case_scope import wanted_of
from center.web.context import CENTER
from common import catalogue
from common.problem import Problem


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """One page of the bar; its label is an English message of the catalogue."""

    name: str
    path: str
    label: str
    needs: str = READ
    # It tells of whole halls, and so nothing to who may see a department alone.
    whole: bool = False
    # Reminders that wait behind it.
    count: int = 0


def _(text: str) -> str:
    """Marks a message for the catalogue; it is translated when the page is made."""
    return text


NAVIGATION = (
    NavigationEntry("overview", "/", _("Overview")),
    NavigationEntry("halls", "/halls", _("Halls")),
    NavigationEntry("reports", "/reports", _("Reports")),
    NavigationEntry("bulletin", "/bulletin", _("Monthly notice"), whole=True),
    NavigationEntry("devices", "/devices", _("Devices")),
    NavigationEntry("cases", "/cases", _("Cases"), FOLLOW_CASES),
    NavigationEntry("signs", "/signs", _("Signs"), FOLLOW_CASES, whole=True),
    NavigationEntry("paper", "/paper", _("Paper forms"), ENTER_PAPER),
    NavigationEntry("accounts", "/accounts", _("Accounts"), ADMINISTER),
)


def navigation(request: web.Request) -> tuple[NavigationEntry, ...]:
    """The pages that whoever is signed in may open."""
    center = request.app[CENTER]
    reader = center.sessions.find(request)
    if reader is None:
        return ()
    waiting = center.desk.book.count(wanted_of(center, reader, "reminders", 0)) if reader.may(FOLLOW_CASES) else 0
    translate = words(request).gettext
    part = reader.scope.department is not None
    allowed = (entry for entry in NAVIGATION if reader.may(entry.needs) and not (part and entry.whole))
    return tuple(
        replace(entry, label=translate(entry.label), count=waiting if entry.name == "cases" else 0) for entry in allowed
    )


def signed_in(request: web.Request) -> Reader:
    """Who reads this page; whoever isn't signed in is sent to do so."""
    holder = request.app[CENTER].sessions.find(request)
    if holder is None or holder.role not in READERS:
        raise web.HTTPSeeOther("/sign-in")
    return holder


def words(request: web.Request) -> Any:
    """The translator of this request's language."""
    return catalogue.translations(request.app[CENTER].pages.language(request))


def hall_name(request: web.Request, hall: Hall) -> str:
    """A hall in the reader's language."""
    if request.app[CENTER].pages.language(request) == catalogue.CHINESE:
        return hall.name
    return hall.name_en or hall.id


def page(request: web.Request, template: str, here: str, status: int = 200, **values: Any) -> web.Response:
    """A page in the center's frame. `say` translates in it what was marked for the catalogue elsewhere."""
    center = request.app[CENTER]
    reader = center.sessions.find(request)
    values |= {
        "center": center.settings.overview,
        "navigation": navigation(request),
        "say": words(request).gettext,
        "department": None if reader is None else reader.scope.department,
    }
    return center.pages.page(request, template, status, here=here, **values)


def require_whole(reader: Reader) -> None:
    """Refuses who may see a department alone, where whole halls are told of; raises `Problem`."""
    if reader.scope.department is not None:
        raise Problem(
            403,
            "outside-scope",
            "This tells of other departments, too",
            f"You see {reader.scope.department} alone; its figures are on the overview and in the reports.",
        )


def wrong_page(request: web.Request, here: str, problem: Problem) -> web.Response:
    """A question that can't be answered, as a page that says so."""
    return page(request, "wrong.html", here, problem.status, title=problem.title, detail=problem.detail)
