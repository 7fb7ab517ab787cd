"""`/window/{id}`: the clerk's page. The computer at the window is let in once by the window's token, the person by
signing in at the window."""

from aiohttp import web

from common import catalogue, sessions
from common.sessions import CSRF_FIELD
from hub.web.house import HOUSE, House
from hub.web.patience import too_many
from hub.web.who import at_window, signed_in
from hub.web.window_words import reasons, words

TOKEN_CHARS = 200  # the longest honest token is a tenth of this


def hall_name(request: web.Request, house: House) -> str:
    """The hall's name in the request's language."""
    hall = house.hall_view()
    english = house.pages.language(request) == catalogue.ENGLISH and hall["name_en"]
    return str(hall["name_en"] if english else hall["name"])


def _names(request: web.Request, house: House, window: str) -> tuple[str, str]:
    """The hall's and the window's name in the request's language; the window must be in the layout."""
    english = house.pages.language(request) == catalogue.ENGLISH
    hall = house.hall_view()
    place = next(each for each in hall["windows"] if each["window"] == window)
    pairs = [(each["name_en"] if english and each["name_en"] else each["name"]) for each in (hall, place)]
    return pairs[0], pairs[1]


async def show(request: web.Request) -> web.Response:
    """The page, or the sign-in for who has no session."""
    house = request.app[HOUSE]
    window = request.match_info["window"]
    if window not in house.layout.window_by_id:
        return _no_window(request, house)
    session = signed_in(request, *at_window(window))
    if session is None:
        return _ask_token(request, house, window)
    translate = catalogue.translations(house.pages.language(request)).gettext
    hall_name, name = _names(request, house, window)
    return house.pages.page(
        request,
        "window.html",
        hall_name=hall_name,
        name=name,
        csrf=session.csrf,
        training=house.guide.training,
        pins=house.staff.wanted,
        choices=reasons(translate),
        words=words(translate) | {"window": window, "last": house.stream.last_id},
    )


async def sign_in(request: web.Request) -> web.Response:
    """The window's token, or the manager's, for a session."""
    house = request.app[HOUSE]
    window = request.match_info["window"]
    sessions.check_origin(request)
    if window not in house.layout.window_by_id:
        return _no_window(request, house)
    sent = (await request.post()).get("token", "")
    holder = house.tokens.find(sent.strip()) if isinstance(sent, str) and 0 < len(sent) <= TOKEN_CHARS else None
    if holder not in at_window(window):
        return too_many(request) or _ask_token(request, house, window, wrong=True)
    answer = web.Response(status=303, headers={"Location": f"/window/{window}"})
    house.sessions.begin(request, answer, holder)
    return answer


async def leave(request: web.Request) -> web.Response:
    """This computer is let in no longer."""
    house = request.app[HOUSE]
    window = request.match_info["window"]
    sent = (await request.post()).get(CSRF_FIELD, "")
    answer = web.Response(status=303, headers={"Location": "/"})
    for holder in at_window(window):
        session = house.sessions.find(request, holder)
        if session is not None:
            sessions.check_csrf(session, sent if isinstance(sent, str) else "")
            house.sessions.end(request, answer, holder)
            break
    return answer


def _ask_token(request: web.Request, house: House, window: str, *, wrong: bool = False) -> web.Response:
    name = _names(request, house, window)[1]
    return house.pages.page(
        request,
        "window_sign_in.html",
        status=401 if wrong else 200,
        heading=name,
        action=f"/window/{window}/sign-in",
        wrong=wrong,
    )


def _no_window(request: web.Request, house: House) -> web.Response:
    _ = catalogue.translations(house.pages.language(request)).gettext
    hall = house.hall_view()
    english = house.pages.language(request) == catalogue.ENGLISH
    return house.pages.page(
        request,
        "not_here.html",
        status=404,
        heading=hall_name(request, house),
        title=_("This hall has no such window"),
        words=_("Choose one of these, or look at the address again."),
        places=[
            (f"/window/{each['window']}", each["name_en"] if english and each["name_en"] else each["name"])
            for each in hall["windows"]
        ],
    )


ROUTES = (
    web.get("/window/{window}", show),
    web.post("/window/{window}/sign-in", sign_in),
    web.post("/window/{window}/leave", leave),
)
