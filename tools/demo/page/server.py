"""The demo page's server: shows the boxes live, and presses their pins.

It listens on this machine only. What changes something needs the secret that stands in the page, so that no other
page open in the same browser can press a key.
"""

import asyncio
import functools
import hmac
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from common import catalogue, problem
from common.pages import Pages, security_headers
from common.problem import Problem
from tools.demo.boxes import Box
from tools.demo.callers import KEYS as CALLER_KEYS
from tools.demo.callers import Caller
from tools.demo.citizens import Play
from tools.demo.errors import DemoError
from tools.demo.hall import SERVICES, SPARES, WINDOWS
from tools.demo.house import House
from tools.demo.page.keys import KEYS
from tools.demo.story import Story, translate
from tools.simulator.profile import KEYPAD

HERE: Final = Path(__file__).parent
CLIENTS: Final = 20  # browsers at once; each holds one connection open
WAITING: Final = 200  # messages for one browser; one that doesn't read for so long is dropped and comes back
ALIVE_S: Final = 10.0  # an idle stream says so, or a dead one would be kept


class Page:
    """The page of one demo."""

    def __init__(self, house: House, story: Story, play: Play) -> None:
        self.url = ""
        assert house.machine is not None  # a house that stands has one
        self._boxes = house.counters
        self._machine = house.machine
        self._callers = house.callers
        self._story = story
        self._play = play
        self._addresses: dict[str, Any] = {
            "hub_url": house.hub.url,
            "center_url": house.center.url,
            "viewer_token": house.center.token("viewer"),
        }
        self._secret = secrets.token_urlsafe(16)
        self._counts: dict[str, Any] = {"hands_off": False}
        self._clients: set[asyncio.Queue[bytes | None]] = set()
        self._runner: web.AppRunner | None = None
        self._pages = Pages(
            [HERE / "templates"],
            [HERE / "static"],
            zh=_chinese,
            keys=KEYS,
            windows=WINDOWS,
            spares=SPARES,
            services=SERVICES,
        )
        story.hear(lambda line: self._send("doing", line))
        for box in self._boxes.values():
            box.hear(functools.partial(self._show, box))
        self._machine.hear(lambda: self._send("machine", self._machine.view()))
        for caller in self._callers.values():
            caller.hear(functools.partial(self._show_caller, caller))

    async def start(self, port: int) -> None:
        """Serves on 127.0.0.1; port 0 takes a free one. Raises `DemoError`."""
        app = web.Application(middlewares=[self._own_host, problem.middleware])
        app.on_response_prepare.append(security_headers)
        self._pages.add_to(app)
        app.router.add_get("/", self._index)
        app.router.add_get("/stream", self._stream)
        app.router.add_post("/windows/{window}/press", self._press)
        app.router.add_post("/windows/{window}/caller", self._press_caller)
        app.router.add_post("/windows/{window}/power", self._power)
        app.router.add_post("/windows/{window}/wire", self._wire)
        app.router.add_post("/dispenser/press", self._press_service)
        app.router.add_post("/dispenser/printer", self._printer)
        app.router.add_post("/hands-off", self._hands_off)
        # Open streams end with the demo, not after it.
        self._runner = web.AppRunner(app, shutdown_timeout=1.0, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        try:
            await site.start()
        except OSError as error:
            raise DemoError(
                f"the page can't listen on 127.0.0.1:{port} ({error.strerror}); give another --port."
            ) from error
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Ends the streams and the server."""
        for client in self._clients:
            client.put_nowait(None)
        if self._runner is not None:
            await self._runner.cleanup()

    def count(self, **counts: Any) -> None:
        """Shows figures read at the center."""
        self._counts |= counts
        self._send("hall", self._counts)

    def _show(self, box: Box) -> None:
        self._send("box", box.view())

    def _show_caller(self, caller: Caller) -> None:
        self._send("caller", caller.view())

    def _send(self, event: str, data: Mapping[str, Any]) -> None:
        message = _message(event, data)
        for client in list(self._clients):
            if client.qsize() >= WAITING:
                self._clients.discard(client)
                client.put_nowait(None)
            else:
                client.put_nowait(message)

    @web.middleware
    async def _own_host(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Only under its own name: a foreign name that points here is a foreign page's trick."""
        if request.url.host not in {"127.0.0.1", "localhost"}:
            raise web.HTTPForbidden
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _index(self, request: web.Request) -> web.Response:
        return self._pages.page(
            request, "demo.html", secret=self._secret, callers=self._callers, caller_keys=CALLER_KEYS, **self._addresses
        )

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if len(self._clients) >= CLIENTS:
            raise Problem(503, "too-many", "Too many pages are open", f"Close some; {CLIENTS} are served at once.")
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await answer.prepare(request)
        client: asyncio.Queue[bytes | None] = asyncio.Queue()
        for box in self._boxes.values():
            client.put_nowait(_message("box", box.view()))
        client.put_nowait(_message("machine", self._machine.view()))
        for caller in self._callers.values():
            client.put_nowait(_message("caller", caller.view()))
        client.put_nowait(_message("hall", self._counts))
        client.put_nowait(_message("doing", self._story.last))
        self._clients.add(client)
        try:
            while (message := await _next(client)) is not None:
                await answer.write(message)
        except ConnectionResetError:
            pass  # the browser went away
        finally:
            self._clients.discard(client)
        return answer

    async def _body(self, request: web.Request) -> dict[str, Any]:
        if not hmac.compare_digest(request.headers.get("Demo-Secret", ""), self._secret):
            raise Problem(403, "wrong-secret", "This page is of an earlier demo", "Load it again.")
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Problem(422, "unreadable", "The body is no JSON object", "Send what the page sends.")
        return body

    def _box(self, request: web.Request) -> Box:
        box = self._boxes.get(request.match_info["window"])
        if box is None:
            raise Problem(404, "no-window", "There is no such window", f"There are {', '.join(self._boxes)}.")
        return box

    async def _press(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        key = body.get("key")
        if not isinstance(key, int) or not 1 <= key <= len(KEYS):
            raise Problem(422, "no-key", "There is no such key", "Keys are 1 to 5.")
        await self._box(request).press(key)  # nothing is written down about it
        return web.Response(status=204)

    async def _press_caller(self, request: web.Request) -> web.Response:
        key = (await self._body(request)).get("key")
        caller = self._callers.get(request.match_info["window"])
        if caller is None:
            raise Problem(404, "no-caller", "There is no caller", f"There are some at {', '.join(self._callers)}.")
        if key not in KEYPAD:
            raise Problem(422, "no-key", "There is no such key", f"Keys are {', '.join(KEYPAD)}.")
        await caller.press(key)
        return web.Response(status=204)

    async def _power(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        await self._box(request).power(not body.get("off"))
        return web.Response(status=204)

    async def _wire(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        await self._box(request).cut_wire(bool(body.get("off")))
        return web.Response(status=204)

    async def _press_service(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        key = body.get("key")
        if not isinstance(key, int) or not 0 <= key <= len(SERVICES):
            raise Problem(
                422, "no-key", "There is no such key", f"Keys are 1 to {len(SERVICES)}, and 0 for the clerk's."
            )
        await self._machine.press(key)
        return web.Response(status=204)

    async def _printer(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        changes = {name: body[name] for name in ("paper", "plugged") if name in body}
        if changes.get("paper", "ok") not in ("ok", "out") or not isinstance(changes.get("plugged", True), bool):
            raise Problem(422, "no-such-state", "The printer can't be so", "Send what the page sends.")
        await self._machine.printer(**changes)
        return web.Response(status=204)

    async def _hands_off(self, request: web.Request) -> web.Response:
        wanted = bool((await self._body(request)).get("on"))
        self._play.hands_off = wanted
        self.count(hands_off=wanted)
        return web.Response(status=204)


async def _next(client: asyncio.Queue[bytes | None]) -> bytes | None:
    try:
        return await asyncio.wait_for(client.get(), ALIVE_S)
    except TimeoutError:
        return b": alive\n\n"


def _message(event: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def _chinese(text: str) -> str:
    """What stands on the box itself stands there in both languages."""
    return translate(text, catalogue.CHINESE)
