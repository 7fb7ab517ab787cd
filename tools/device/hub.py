"""The hub's doors that a technician's commands use."""

import json
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen
from uuid import uuid4

from tools.device.errors import DeviceError, HubAwayError, HubRefusedError, NoRightError

TIMEOUT_S: Final = 10.0  # a hub answers in milliseconds, a busy Raspberry Pi in one second
PRINT_S: Final = 40.0  # a printer says by then that a paper is out, or why not
_DOOR: Final = "/api/v1/devices"
_UPDATES: Final = "/api/v1/updates"
_JSON: Final = "application/json"
_PRINTERS: Final = "/api/v1/printers"
_HALL: Final = "/api/v1/hall"
_ROWS: Final = "/api/v1/hall/config"


class HubClient:
    """One hub, one token."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise DeviceError("%(url)s is no hub address; it looks like http://127.0.0.1:8080", url=repr(url))
        self.url = url.rstrip("/")
        self._token = token

    def devices(self) -> list[dict[str, Any]]:
        """The registered devices."""
        found: list[dict[str, Any]] = self._ask("GET", None)["devices"]
        return found

    def device(self, name: str) -> dict[str, Any]:
        """A registered device."""
        found = [entry for entry in self.devices() if entry["device"] == name]
        if not found:
            raise DeviceError(
                "No device %(name)s is registered. `tingting device list --hub %(url)s` shows them.",
                name=repr(name),
                url=self.url,
            )
        return found[0]

    def register(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Registers a device, or registers it anew: its window, and the devices that lost their window to it."""
        return self._ask("POST", entry)

    def command(self, device: str, command: str, **more: Any) -> None:
        """Asks a box for something: `identify` (it blinks and beeps), `maintenance`, `key_test`, `fetch`."""
        self._ask("POST", {"command": command, "id": str(uuid4()), **more}, f"/{quote(device, safe='')}/commands")

    def tested(self, device: str, found: dict[str, Any]) -> None:
        """What a self-test found, into the hub's journal."""
        self._ask("POST", {"command": "tested", "id": str(uuid4()), **found}, f"/{quote(device, safe='')}/tested")

    def update(self) -> dict[str, Any] | None:
        """The hall's update, as it is; None: there was none."""
        found: dict[str, Any] | None = self._send("GET", _UPDATES, None, "")["update"]
        return found

    def begin_update(self, content: bytes, **query: Any) -> dict[str, Any]:
        """Gives a signed update to the hall's boxes."""
        known = {"id": str(uuid4())} | {name: value for name, value in query.items() if value is not None}
        door = f"{_UPDATES}?{urlencode(known)}"
        return dict(self._send("POST", door, content, "application/octet-stream")["update"])

    def steer_update(self, command: str, **more: Any) -> dict[str, Any]:
        """`stop`, `continue`."""
        body = {"command": command, "id": str(uuid4()), **more}
        return dict(self._send("POST", f"{_UPDATES}/commands", json.dumps(body).encode(), _JSON)["update"])

    def printers(self) -> list[dict[str, Any]]:
        """The ticket printers at the hub."""
        found: list[dict[str, Any]] = self._send("GET", _PRINTERS, None, _JSON)["printers"]
        return found

    def other_lines(self) -> list[str]:
        """The addresses of what hangs there and is no box: printers and LED modules."""
        rows = self._send("GET", _ROWS, None, _JSON)
        return [str(row["url"]) for table in ("printers", "leds") for row in rows[table]]

    def print_label(self, printer: str, device: str) -> str:
        """A box's label on paper; what the printer says."""
        wanted = json.dumps({"printer": printer, "device": device}).encode()
        return str(self._send("POST", f"{_PRINTERS}/label", wanted, _JSON, PRINT_S)["state"])

    def window_name(self, window: str | None) -> str:
        """A window as people read it."""
        found = self._send("GET", _HALL, None, _JSON)["windows"]
        return next((str(row["name"]) for row in found if row["window"] == window), window or "")

    def _ask(self, method: str, body: dict[str, Any] | None, below: str = "") -> dict[str, Any]:
        return self._send(method, _DOOR + below, None if body is None else json.dumps(body).encode(), _JSON)

    def _send(
        self, method: str, door: str, data: bytes | None, kind: str, timeout_s: float = TIMEOUT_S
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": kind}
        request = Request(self.url + door, data, headers, method=method)  # noqa: S310 - the scheme is checked above
        try:
            with urlopen(request, timeout=timeout_s) as response:  # noqa: S310 - as above
                answer: dict[str, Any] = json.load(response)
                return answer
        except HTTPError as error:
            with error:
                raise self._refused(error) from error
        except (URLError, OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise HubAwayError(
                "the hub at %(url)s does not answer (%(why)s). Is it running there?", url=self.url, why=reason
            ) from error
        except ValueError as error:
            raise HubAwayError(
                "what answers at %(url)s is no hub of this kind: its answer is not JSON", url=self.url
            ) from error

    def _refused(self, error: HTTPError) -> HubRefusedError:
        problem: dict[str, Any] = {}
        try:
            problem = json.loads(error.read())
            words = ": ".join(str(problem[key]) for key in ("title", "detail") if problem.get(key))
        except (ValueError, TypeError, AttributeError):
            words = str(error.reason)
        if error.code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return NoRightError(
                "the hub refuses this token (%(why)s). It must be the hub's admin token, printed at its first start",
                why=words,
            )
        refused = HubRefusedError(
            "the hub at %(url)s refuses (%(status)s): %(why)s", url=self.url, status=error.code, why=words
        )
        refused.problem = problem if isinstance(problem, dict) else {}
        return refused
