"""The doors of hub and center as these commands ask them: with no token on the machine itself, else the monitor's."""

import json
import tomllib
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from tools.operations.errors import OperationsError

TIMEOUT_S: Final = 10.0  # a server answers in milliseconds, a busy Raspberry Pi in one second
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - what a server listens on, made what a client asks


class Unreachable(OperationsError):  # noqa: N818 - a state of the other side
    """Nothing answers there."""


def address(config: Path) -> str:
    """Where the hub of a settings file serves; only that is read, so nobody needs the right to read its secrets."""
    try:
        http = tomllib.loads(config.read_text("utf-8")).get("http", {})
        host, port = str(http.get("host", "127.0.0.1")), int(http.get("port", 8080))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise OperationsError(f"{config}: can't be read ({error}); or say --hub http://…") from error
    return f"http://{_EVERYWHERE.get(host, host)}:{port}"


def ask(url: str, token: str = "") -> tuple[int, Any]:
    """(status, JSON or None) of a door; raises `Unreachable`, and `OperationsError` for what is no address."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise OperationsError(f"{url!r} is no address; it looks like http://127.0.0.1:8080")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = Request(url, headers=headers)  # noqa: S310 - the scheme is checked above
    try:
        with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - as above
            return int(answer.status), _json(answer.read())
    except HTTPError as error:
        with error:
            return error.code, _json(error.read())
    except (URLError, OSError, HTTPException, ValueError) as error:
        raise Unreachable(str(getattr(error, "reason", error))) from error


def ready(url: str, token: str) -> dict[str, Any]:
    """What the hub says of itself at /readyz; raises `OperationsError`."""
    status, said = ask(f"{url.rstrip('/')}/readyz", token)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise OperationsError(
            f"the hub at {url} asks for its monitor token: --token-file, or the variable TINGTING_TOKEN"
        )
    if not isinstance(said, dict) or "each_device" not in said:
        raise OperationsError(f"what answers at {url} is no hub of this version (status {status})")
    return said


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None
