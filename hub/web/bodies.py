"""JSON through the hub's doors: a body that is what its door takes, or a `Problem`; an answer that nobody stores."""

from typing import Any, get_args

import msgspec
from aiohttp import web

from common.problem import Problem

BODY_BYTES = 16 * 1024  # the longest honest body is a tenth of this


async def read_json(request: web.Request, most_bytes: int = BODY_BYTES) -> bytes:
    """The request's bytes, said to be JSON; raises a 415, or a 413 where it is longer than this door takes."""
    if request.content_type not in ("application/json", "application/octet-stream"):
        raise Problem(415, "no-json", "This door takes JSON", "Send it with Content-Type: application/json")
    content = await request.read() if (request.content_length or 0) <= most_bytes else None
    if content is None or len(content) > most_bytes:
        raise Problem(413, "too-large", "The body is too large", f"This door takes {most_bytes} bytes.")
    return content


async def read_body(request: web.Request, kind: Any) -> Any:
    """The request's JSON as `kind`; raises a 400 for what is no JSON, a 422 for what isn't meant here."""
    content = await read_json(request)
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise Problem(422, "wrong-body", "The body isn't what this door takes", _wrong(kind, str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "no-json", "The body is no JSON", str(error)) from error


def _wrong(kind: Any, what: str) -> str:
    """What msgspec found, and for a command that isn't known, those that are."""
    known = [each.__struct_config__.tag for each in get_args(kind) if each.__struct_config__.tag_field == "command"]
    return f"{what}. `command` is one of: {', '.join(known)}." if known and "command`" in what else what


def json_response(value: Any, status: int = 200) -> web.Response:
    """An answer that nobody stores."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(value),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
