"""Signing in and out, one's own password, and the administrator's page of accounts."""

import asyncio

from aiohttp import web

from center.people.accounts import Account, Wanted
from center.people.errors import AccountRefusal
from center.people.reader import TOKEN_MAY, Reader, token_reader
from center.people.roles import ADMINISTER, ROLES, scope_of
from center.web.audit import audit
from center.web.context import CENTER, Center, client_address, require_actor
from center.web.desk_page import desk_page
from center.web.sessions import Session, check_csrf
from common import sessions
from common.problem import Problem

MAX_FIELD_CHARS = 200


def _field(form: object, name: str) -> str:
    value = form.get(name, "") if hasattr(form, "get") else ""
    return str(value)[:MAX_FIELD_CHARS].strip() if isinstance(value, str) else ""


def account_reader(account: Account) -> Reader:
    """Who an account is when it is signed in."""
    return Reader(account.name, account.role, account.scope, True, account.generation)


async def get_sign_in(request: web.Request) -> web.Response:
    """GET /sign-in: by name and password, or by a token."""
    session = request.app[CENTER].sessions.session(request)
    if session is not None and session.must_change:
        raise web.HTTPSeeOther("/password")
    return _sign_in_page(request, None)


def _sign_in_page(request: web.Request, wrong: str | None, status: int = 200, wait_s: int = 0) -> web.Response:
    center = request.app[CENTER]
    return center.pages.page(
        request, "sign_in.html", status, center=center.settings.overview, wrong=wrong, wait_s=wait_s
    )


async def post_sign_in(request: web.Request) -> web.Response:
    """POST /sign-in."""
    center = request.app[CENTER]
    sessions.check_origin(request)
    form = await request.post()
    name, password, token = _field(form, "name"), str(form.get("password", "")), _field(form, "token")
    keys = [f"from/{client_address(request)}"] + ([f"name/{name}"] if name else [])
    wait_ms = center.throttle.wait_ms(*keys)
    if wait_ms:
        answer = _sign_in_page(request, "wait", 429, -(-wait_ms // 1000))
        answer.headers["Retry-After"] = str(-(-wait_ms // 1000))
        return answer
    if token:
        holder = center.tokens.find(token)
        reader = None if holder is None or holder.role not in TOKEN_MAY else token_reader(holder.role)
        must_change = False
    else:
        account = await asyncio.to_thread(center.accounts.verify, name, password)
        reader = None if account is None else account_reader(account)
        must_change = account is not None and account.must_change
    if reader is None:
        center.throttle.failed(*keys)
        return _sign_in_page(request, "token" if token else "password", 403)
    center.throttle.succeeded(*keys)
    where = "/password" if must_change else "/accounts" if reader.may(ADMINISTER) else "/"
    answer = web.Response(status=303, headers={"Location": where})
    center.sessions.begin(answer, reader, must_change)
    return answer


async def post_sign_out(request: web.Request) -> web.Response:
    """POST /sign-out."""
    center = request.app[CENTER]
    answer = web.Response(status=303, headers={"Location": "/sign-in"})
    sessions.check_origin(request)
    center.sessions.end(request, answer)
    return answer


def _own_session(request: web.Request) -> Session:
    session = request.app[CENTER].sessions.session(request)
    if session is None or not session.reader.account:
        raise web.HTTPSeeOther("/sign-in")
    return session


def _password_page(request: web.Request, session: Session, wrong: str | None, status: int = 200) -> web.Response:
    center = request.app[CENTER]
    return center.pages.page(
        request,
        "password.html",
        status,
        center=center.settings.overview,
        name=session.reader.name,
        csrf=session.csrf,
        must_change=session.must_change,
        wrong=wrong,
    )


async def get_password(request: web.Request) -> web.Response:
    """GET /password: one's own."""
    return _password_page(request, _own_session(request), None)


async def post_password(request: web.Request) -> web.Response:
    """POST /password: the old one, and the new one twice."""
    center, session = request.app[CENTER], _own_session(request)
    await check_csrf(request, session)
    form = await request.post()
    old, new, again = (str(form.get(name, "")) for name in ("old", "new", "again"))
    name = session.reader.name
    wait_ms = center.throttle.wait_ms(f"name/{name}")
    if wait_ms:
        return _password_page(request, session, "wait", 429)
    if await asyncio.to_thread(center.accounts.verify, name, old) is None:
        center.throttle.failed(f"name/{name}")
        return _password_page(request, session, "old", 403)
    if new != again:
        return _password_page(request, session, "again", 400)
    if new == old:
        return _password_page(request, session, "same", 400)
    try:
        account = await asyncio.to_thread(center.accounts.set_password, name, new)
    except AccountRefusal:
        return _password_page(request, session, "weak", 400)
    await audit(center, "password_changed", session.reader, account=name)
    answer = web.Response(status=303, headers={"Location": "/sign-in"})
    center.sessions.end(request, answer)
    center.sessions.begin(answer, account_reader(account))
    answer.headers["Location"] = "/accounts" if account.may(ADMINISTER) else "/"
    return answer


def _administrator(request: web.Request) -> Session:
    session = request.app[CENTER].sessions.session(request)
    if session is None or session.must_change:
        raise web.HTTPSeeOther("/sign-in")
    if not session.reader.may(ADMINISTER):
        raise Problem(403, "wrong-role", f"You are {session.reader.role}", "Accounts are the administrator's.")
    return session


def _accounts_page(
    request: web.Request, session: Session, wrong: str | None = None, done: str | None = None, status: int = 200
) -> web.Response:
    center = request.app[CENTER]
    return desk_page(
        request,
        "accounts.html",
        "accounts",
        status,
        name=session.reader.name,
        accounts=center.accounts.all(),
        roles=ROLES,
        scopes=scopes(center),
        wrong=wrong,
        done=done,
    )


def scopes(center: Center) -> list[str]:
    """All scopes that an account can have here, in words."""
    halls = center.settings.halls
    regions = sorted({hall.region for hall in halls if hall.region})
    found = ["all", *(f"region:{region}" for region in regions)]
    for hall in halls:
        found.append(f"hall:{hall.id}")
        found += [f"department:{hall.id}/{name}" for name in sorted(set(hall.departments.values()))]
    return found


async def get_accounts(request: web.Request) -> web.Response:
    """GET /accounts."""
    return _accounts_page(request, _administrator(request))


async def post_accounts(request: web.Request) -> web.Response:
    """POST /accounts: create, change, password, disable or enable; each is in the audit log."""
    center = request.app[CENTER]
    session = _administrator(request)
    await require_actor(request, ADMINISTER)
    form = await request.post()
    act, name = _field(form, "act"), _field(form, "name")
    accounts = center.accounts
    try:
        said: dict[str, str] = {}
        if act in ("create", "change"):
            role, scope = _field(form, "role"), _field(form, "scope")
            said = {"role": role, "scope": scope}
            seen = scope_of(scope, center.settings.halls)
        if act == "create":
            await asyncio.to_thread(accounts.create, Wanted(name, role, seen), str(form.get("password", "")))
        elif act == "change":
            accounts.set_role(name, role, seen)
        elif act == "password":
            await asyncio.to_thread(accounts.set_password, name, str(form.get("password", "")), True)
        elif act in ("disable", "enable"):
            accounts.set_disabled(name, act == "disable")
        else:
            raise Problem(400, "bad-request", f"act={act!r} is not known", "create, change, password, disable, enable.")
    except AccountRefusal as refused:
        return _accounts_page(request, session, wrong=refused.kind, status=409)
    except ValueError:
        return _accounts_page(request, session, wrong="bad-scope", status=409)
    await audit(center, f"account_{act}", session.reader, account=name, **said)
    if name == session.reader.name:  # signed out by the change of oneself
        raise web.HTTPSeeOther("/sign-in")
    return _accounts_page(request, session, done=name)


ROUTES = (
    web.get("/sign-in", get_sign_in),
    web.post("/sign-in", post_sign_in),
    web.post("/sign-out", post_sign_out),
    web.get("/password", get_password),
    web.post("/password", post_password),
    web.get("/accounts", get_accounts),
    web.post("/accounts", post_accounts),
)
