"""The page frame and the catalogue: every message in both languages, static files, headers."""

import ast
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from common import catalogue, problem
from common.catalogue import CHINESE, ENGLISH, CatalogueError
from common.pages import Pages, PagesError, security_headers

ROOT = Path(__file__).parents[2]
ROOMS = ("center", "common", "hub", "tools")
FUNCTIONS = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
OPTIONS = {"newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}

SCRIPT = web.AppKey("SCRIPT", str)
Client = TestClient[web.Request, web.Application]


def used() -> Iterator[tuple[Path, int, object]]:
    """Every message that a template or a Python file asks for."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix not in (".html", ".py"):
                continue
            with path.open("rb") as file:
                if path.suffix == ".html":
                    for line, _, message, _ in babel_extract(file, list(FUNCTIONS), [], OPTIONS):
                        yield path, line, message
                else:
                    for line, message, _, _ in extract("python", file, FUNCTIONS):
                        yield path, line, message


def texts_of(path: Path) -> Iterator[str]:
    """A file's text; of Python also every string as it is when it runs, which may stand on several lines."""
    text = path.read_text("utf-8")
    yield text
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield " ".join(node.value.split()) + "\n"


def first(message: object) -> str:
    return str(next(part for part in message if part)) if isinstance(message, tuple) else str(message)


def test_every_message_has_both_languages() -> None:
    merged = {entry.msgid: entry for entry in catalogue.merge()}
    seen = 0
    for path, line, message in used():
        seen += 1
        source = first(message)
        where = f"{path.relative_to(ROOT)}:{line}: {source!r}"
        assert source.isascii() or all(ord(sign) < 0x2E80 for sign in source), f"{where}: the source text is English"
        translated = merged.get(source)
        assert translated is not None, f"{where} is in no .zh_CN.po"
        assert catalogue.said(translated), f"{where} has no Chinese"
    assert seen > 20


def test_every_translation_is_used_and_keeps_its_placeholders() -> None:
    sources = "".join(
        text
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.suffix in (".html", ".py", ".js")
        for text in texts_of(path)
    )
    for path in sorted(catalogue.HERE.glob("*.po")):
        with path.open("rb") as file:
            messages = read_po(file, abort_invalid=True)
        for message in messages:
            if message.id:
                assert first(message.id) in sources, f"{message.id!r} is translated but nobody says it"
                assert not list(message.check(messages)), message.id


def test_chinese_has_one_form_for_every_number() -> None:
    plural = [entry for entry in catalogue.merge() if entry.msgid_plural]
    assert plural
    speak = catalogue.translations(CHINESE)
    for entry in plural:
        for number in (0, 1, 2, 5):
            assert speak.ngettext(entry.msgid, entry.msgid_plural, number) == catalogue.said(entry)


def test_a_message_has_one_translation(tmp_path: Path) -> None:
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    (tmp_path / "a.zh_CN.po").write_text(header + 'msgid "Hall"\nmsgstr "厅"\n', "utf-8")
    (tmp_path / "b.zh_CN.po").write_text(header + 'msgid "Hall"\nmsgstr "大厅"\n', "utf-8")
    with pytest.raises(CatalogueError, match=r"b\.zh_CN\.po: 'Hall' is '大厅' here and '厅' elsewhere"):
        catalogue.merge(tmp_path)


def test_a_broken_po_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.zh_CN.po"
    path.write_bytes(b'msgid "Hall"\nmsgstr "\xff"\n')
    with pytest.raises(CatalogueError, match=r"a\.zh_CN\.po: can't be used"):
        catalogue.merge(tmp_path)


@pytest.mark.parametrize(
    ("wished", "accepted", "spoken"),
    [
        (None, "", CHINESE),
        ("en", "zh-CN", ENGLISH),
        ("zh-CN", "en", CHINESE),
        ("fr", "en-GB,en;q=0.9", ENGLISH),
        (None, "fr, de", CHINESE),
        (None, "fr, zh-TW;q=0.8, en", CHINESE),
    ],
)
def test_the_language_is_picked(wished: str | None, accepted: str, spoken: str) -> None:
    assert catalogue.pick(wished, accepted) == spoken


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    templates, static = tmp_path / "templates", tmp_path / "static"
    templates.mkdir()
    static.mkdir()
    (templates / "page.html").write_text(
        '{% extends "frame.html" %}{% block body %}<main id="content">{{ _("Skip to the content") }} {{ name }}'
        "<a href='{{ switch_href }}'>{{ other_language }}</a></main>{% endblock %}",
        "utf-8",
    )
    (static / "page.js").write_text("'use strict';", "utf-8")
    pages = Pages([templates], [static])

    async def page(request: web.Request) -> web.Response:
        return pages.page(request, "page.html", name="<b>")

    app = web.Application(middlewares=[problem.middleware])
    app.on_response_prepare.append(security_headers)
    app.router.add_get("/", page)
    pages.add_to(app)
    app[SCRIPT] = pages.static("page.js")
    async with TestClient(TestServer(app)) as made:
        yield made


async def test_pages_speak_both_languages_and_escape(client: Client) -> None:
    async with client.get("/") as answer:
        text = await answer.text()
    assert '<html lang="zh-CN"' in text
    assert "跳到正文 &lt;b&gt;" in text
    assert answer.headers["Content-Language"] == "zh-CN"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    async with client.get("/?lang=en&x=1") as answer:
        text = await answer.text()
    assert '<html lang="en"' in text
    assert "?lang=zh-CN&amp;x=1" in text
    async with client.get("/", headers={"Accept-Language": "zh"}) as answer:
        assert '<html lang="en"' in await answer.text()  # the switch is remembered


async def test_pages_are_drawn_as_the_person_reads_them(client: Client) -> None:
    async with client.get("/") as answer:
        assert 'data-text="normal" data-contrast="normal"' in await answer.text()
    async with client.get("/?text=large") as answer:
        assert 'data-text="large" data-contrast="normal"' in await answer.text()
    async with client.get("/?text=huge", cookies={"text": "large", "contrast": "high"}) as answer:
        assert 'data-text="normal" data-contrast="high"' in await answer.text()
    async with client.get("/", cookies={"text": '"><script>', "contrast": "high"}) as answer:
        assert 'data-text="normal" data-contrast="high"' in await answer.text()


async def test_static_files_are_kept_by_their_content(client: Client) -> None:
    address = client.app[SCRIPT]
    async with client.get(address) as answer:
        assert await answer.text() == "'use strict';"
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.content_type == "text/javascript"
        etag = answer.headers["ETag"]
    async with client.get(address, headers={"If-None-Match": etag}) as answer:
        assert answer.status == 304
    async with client.get("/static/0123456789ab/page.js") as answer:
        assert answer.headers["Cache-Control"] == "no-cache"
    for path in ("/static/x/none.js", "/static/x/..%2Fframe.html"):
        async with client.get(path) as answer:
            assert answer.status == 404
            assert answer.content_type == "application/problem+json"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_that_is_not_there_or_twice_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PagesError, match="there is no static file"):
        Pages([], []).static("none.js")
    (tmp_path / "tokens.css").write_text("")
    with pytest.raises(PagesError, match="already has"):
        Pages([], [tmp_path])


def test_no_template_has_a_script_or_an_event_handler_inside() -> None:
    """The content security policy would not run them."""
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.html"):
            text = path.read_text("utf-8")
            assert "<script>" not in text, path
            assert " onclick=" not in text, path


def test_python_asks_for_messages_by_literals() -> None:
    """A message that is put together at run time could not be translated."""
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                    assert all(isinstance(argument, ast.Constant) for argument in node.args), path
