"""The OpenAPI 3.1 document, made from the table of doors and the types of their bodies."""

import re
from typing import Any

import msgspec

from hub.web.door import Door
from hub.web.doors import DOORS
from hub.web.schema import ProblemDetails

_PROBLEM = "application/problem+json"
_TITLES = {
    400: "Not readable",
    401: "No token, or nobody's",
    403: "The token is for another role or place",
    404: "There is no such thing in this hall",
    409: "Impossible in this state: the problem names `state` and `command`; or, `id-used`: another door had this id",
    410: "Let go: the problem names the first event that is kept",
    413: "Too large",
    415: "Not JSON",
    422: "Readable, but not what this door takes",
    429: "Too many wrong tries: wait",
    503: "Not now; nothing was changed; try again",
}


def document(version: str) -> dict[str, Any]:
    """The whole document."""
    types = [kind for door in DOORS for kind in (door.reply, door.body) if kind is not None]
    schemas, components = msgspec.json.schema_components(
        [*types, ProblemDetails], ref_template="#/components/schemas/{name}"
    )
    shown = iter(schemas)
    refs = {(door.method, door.path, side): next(shown) for door in DOORS for side in _sides(door)}
    paths: dict[str, dict[str, Any]] = {}
    for door in DOORS:
        paths.setdefault(door.path, {})[door.method.lower()] = _operation(door, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "听厅 Tingting hub",
            "version": version,
            "description": "The doors of one hall. No answer carries a grade, but for the auditor's.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


_NUMBER: dict[str, Any] = {"type": "integer", "minimum": 0}
_QUERIES: dict[str, dict[str, Any]] = {
    "service": {"type": "string"},
    "lang": {"enum": ["zh-CN", "en"]},
    "dry_run": {"enum": ["0", "1"]},
}


def _sides(door: Door) -> list[str]:
    return [side for side, kind in (("reply", door.reply), ("body", door.body)) if kind is not None]


def _operation(door: Door, refs: dict[tuple[str, str, str], Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": refs[(door.method, door.path, "reply")]} if door.reply is not None else {}
    responses: dict[str, Any] = {str(door.status): {"description": "Done", "content": {door.media: content}}}
    for status in sorted({*door.problems, *((429,) if door.who else ())}):
        responses[str(status)] = {
            "description": _TITLES[status],
            "content": {_PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
    name = door.handler.__name__
    operation: dict[str, Any] = {"operationId": name, "summary": door.summary, "responses": responses}
    if door.who:
        operation["security"] = [{"token": []}]
        operation["x-roles"] = list(door.who)
    parameters = [
        {"name": part, "in": "path", "required": True, "schema": {"type": "string"}}
        for part in re.findall(r"{(\w+)}", door.path)
    ]
    parameters += [
        {"name": part, "in": "query", "required": False, "schema": _QUERIES.get(part, _NUMBER)} for part in door.query
    ]
    if parameters:
        operation["parameters"] = parameters
    if door.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": refs[(door.method, door.path, "body")]}},
        }
    if door.takes:
        operation["requestBody"] = {"required": True, "content": {door.takes: {}}}
    return operation
