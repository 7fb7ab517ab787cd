"""The page for who tries too many wrong tokens."""

from aiohttp import web

from common import catalogue
from common.guesses import GUESSES, waiting
from hub.web.house import HOUSE


def too_many(request: web.Request) -> web.Response | None:
    """A wrong token, or a wrong address that is the key to something: None, or the page that asks to wait."""
    wait_s = request.app[GUESSES].wrong(request)
    if not wait_s:
        return None
    pages, hall = request.app[HOUSE].pages, request.app[HOUSE].hall_view()
    english = pages.language(request) == catalogue.ENGLISH
    said = catalogue.translations(pages.language(request))
    page = pages.page(
        request,
        "not_here.html",
        heading=hall["name_en"] if english and hall["name_en"] else hall["name"],
        title=said.gettext("Not so fast"),
        words=said.ngettext(
            "Too many wrong tries. Try again in %(num)d second.",
            "Too many wrong tries. Try again in %(num)d seconds.",
            wait_s,
        )
        % {"num": wait_s},
        places=[("/", said.gettext("Where everything is"))],
    )
    return waiting(page, wait_s)
