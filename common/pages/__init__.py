"""The page frame that hub, center and demo share: templates, style, static files, languages, security headers."""

from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from common import catalogue
from common.errors import CommonError

HERE = Path(__file__).parent
LANGUAGE_COOKIE = "lang"
# A language is called by its own name, whatever language the page is in.
LANGUAGE_NAMES = {catalogue.CHINESE: "中文", catalogue.ENGLISH: "English"}
# How a page is drawn for whom normal print is too small or too pale: by `?text=large`, then the cookie of aids.js.
MODES = {"text": ("normal", "large"), "contrast": ("normal", "high")}
LANGUAGE_COOKIE_S = 365 * 24 * 3600  # a switch is a choice of the person at this screen, not of this visit
STATIC_CACHE = "public, max-age=31536000, immutable"  # the address changes with the content
HASH_DIGITS = 12  # 48 bits: two versions of one file never share an address by chance

CONTENT_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
}

# Nothing is fetched from elsewhere, nothing runs that isn't a file of ours. Inline style attributes carry widths of
# figures (a share of a bar); they can't run anything.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; media-src 'self' blob:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class PagesError(CommonError):
    """A template asked for a static file that doesn't exist, or two rooms gave one name to different files."""


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def security_headers(_: web.Request, answer: web.StreamResponse) -> None:
    """Puts the security headers on an answer; for `on_response_prepare`, which redirections and streams pass, too."""
    for name, value in SECURITY_HEADERS.items():
        answer.headers.setdefault(name, value)
    # What doesn't say how long it holds is kept by nobody: a screen in the hall is used by many.
    answer.headers.setdefault("Cache-Control", "no-store")


class Pages:
    """Renders templates and serves static files of one house.

    templates, static: the room's own folders; the shared frame (`frame.html`, `icons.html`, `aids.html`, `tokens.css`,
    `frame.css`, `aids.js`, `live.js`) is always there. Files are read once, at start.
    """

    def __init__(self, templates: Sequence[Path], static: Sequence[Path], **shared: Any) -> None:
        self._files: dict[str, tuple[bytes, str]] = {}
        for folder in (HERE / "static", *static):
            for path in sorted(folder.iterdir()):
                if path.suffix in CONTENT_TYPES:
                    if path.name in self._files:
                        raise PagesError(f"{path}: another folder already has a static file of this name")
                    content = path.read_bytes()
                    self._files[path.name] = (content, sha256(content).hexdigest()[:HASH_DIGITS])
        loader = ChoiceLoader([FileSystemLoader([*templates, HERE / "templates"])])
        self._environments = {}
        for language in catalogue.LANGUAGES:
            environment = Environment(
                loader=loader,
                autoescape=True,
                undefined=StrictUndefined,
                extensions=["jinja2.ext.i18n"],
                trim_blocks=True,
                lstrip_blocks=True,
            )
            environment.install_gettext_translations(  # type: ignore[attr-defined]  # added by the extension
                catalogue.translations(language), newstyle=True
            )
            environment.globals.update(lang=language, static=self.static, **shared)
            self._environments[language] = environment

    def static(self, name: str) -> str:
        """The address of a static file, with its hash: it may be cached for ever."""
        if name not in self._files:
            raise PagesError(f"there is no static file {name!r}")
        return f"/static/{self._files[name][1]}/{name}"

    def add_to(self, app: web.Application) -> None:
        """Adds `GET /static/{hash}/{name}`."""
        app.router.add_get("/static/{hash}/{name}", self._serve)

    async def _serve(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self._files:
            raise web.HTTPNotFound
        content, digest = self._files[name]
        # An address of an older version still gets the file, but nobody may keep it under that address.
        current = request.match_info["hash"] == digest
        headers = {"ETag": f'"{digest}"', "Cache-Control": STATIC_CACHE if current else "no-cache"}
        if f'"{digest}"' in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        return web.Response(
            body=content, content_type=CONTENT_TYPES[Path(name).suffix], charset="utf-8", headers=headers
        )

    @staticmethod
    def language(request: web.Request) -> str:
        """The language of a request: `?lang=`, then the cookie, then the browser's wish, then Chinese."""
        wished = request.query.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
        return catalogue.pick(wished, request.headers.get("Accept-Language", ""))

    @staticmethod
    def modes(request: web.Request) -> dict[str, str]:
        """Text size and contrast of a request."""
        wished = {name: request.query.get(name) or request.cookies.get(name, "") for name in MODES}
        return {name: wished[name] if wished[name] in allowed else allowed[0] for name, allowed in MODES.items()}

    @property
    def release(self) -> str:
        """Another one whenever a script or a style is another: a page that is left alone for months reloads by it."""
        return sha256("".join(digest for _, digest in self._files.values()).encode()).hexdigest()[:HASH_DIGITS]

    def text(self, request: web.Request, template: str, language: str | None = None, **values: Any) -> str:
        """A template rendered in the request's language, or in one that the page has for itself."""
        language = language or self.language(request)
        other = catalogue.ENGLISH if language == catalogue.CHINESE else catalogue.CHINESE
        query = {**request.query, "lang": other}
        return (
            self._environments[language]
            .get_template(template)
            .render(
                request=request,
                modes=self.modes(request),
                other_language=other,
                switch_label=LANGUAGE_NAMES[other],
                switch_href="?" + urlencode(query),
                **values,
            )
        )

    def page(self, request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
        """A rendered page; a language asked for by `?lang=` is remembered."""
        answer = web.Response(status=status, text=self.text(request, template, **values), content_type="text/html")
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["Content-Language"] = self.language(request)
        if request.query.get("lang") in catalogue.LANGUAGES:
            answer.set_cookie(
                LANGUAGE_COOKIE,
                request.query["lang"],
                max_age=LANGUAGE_COOKIE_S,
                httponly=True,
                samesite="Lax",
                path="/",
            )
        return answer
