"""The hub's doors that a technician's commands use."""

import json
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen
from uuid import uuid4

from tools.device.errors import DeviceError

TIMEOUT_S: Final = 10.0  # a hub answers in milliseconds, a busy Raspberry Pi in one second
_DOOR: Final = "/api/v1/devices"
_UPDATES: Final = "/api/v1/updates"
_JSON: Final = "application/json"


class HubClient:
    """One hub, one token."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise DeviceError(f"{url!r} is no hub address; it looks like http://127.0.0.1:8080")
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
            raise DeviceError(f"No device {name!r} is registered. `tingting device list --hub {self.url}` shows them.")
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

    def _ask(self, method: str, body: dict[str, Any] | None, below: str = "") -> dict[str, Any]:
        return self._send(method, _DOOR + below, None if body is None else json.dumps(body).encode(), _JSON)

    def _send(self, method: str, door: str, data: bytes | None, kind: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": kind}
        request = Request(self.url + door, data, headers, method=method)  # noqa: S310 - the scheme is checked above
        try:
            with urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310 - as above
                answer: dict[str, Any] = json.load(response)
                return answer
        except HTTPError as error:
            with error:
                raise DeviceError(self._refused(error)) from error
        except (URLError, OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise DeviceError(f"the hub at {self.url} does not answer ({reason}). Is it running there?") from error
        except ValueError as error:
            raise DeviceError(f"what answers at {self.url} is no hub of this kind: its answer is not JSON") from error

    def _refused(self, error: HTTPError) -> str:
        try:
            problem = json.loads(error.read())
            words = ": ".join(str(problem[key]) for key in ("title", "detail") if problem.get(key))
        except (ValueError, TypeError, AttributeError):
            words = str(error.reason)
        if error.code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return f"the hub refuses this token ({words}). It must be the hub's admin token, printed at its first start"
        return f"the hub at {self.url} refuses ({error.code}): {words}"
