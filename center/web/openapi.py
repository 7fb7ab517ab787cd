"""The OpenAPI 3.1 description of the center's doors; a test holds it against the routes."""

from typing import Any

from center.reports.ratings import BY


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(description: str, schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {kind: {"schema": schema}}}


def _problems(**meanings: str) -> dict[str, Any]:
    return {
        status.removeprefix("s"): _answer(text, _ref("Problem"), "application/problem+json")
        for status, text in meanings.items()
    }


def _query(name: str, schema: dict[str, Any], description: str, required: bool = True) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": schema, "description": description}


_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_HALL = {"name": "hall", "in": "path", "required": True, "schema": _TEXT, "description": "the hall's id"}
_JOURNAL = _query("journal", _TEXT, "the journal's id")
_BATCH = "application/cloudevents-batch+json"
_EVENTS = {"type": "array", "items": {"type": "object"}, "description": "CloudEvents 1.0"}
_DENIED = _problems(s401="no token, or one that nobody holds", s403="this token is for another role or place")


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties}


def _figures() -> dict[str, Any]:
    return {
        "served": _COUNT | {"description": "runs finished"},
        "rated": _COUNT | {"description": "runs with a counted rating"},
        "unrated": _COUNT | {"description": "served − rated"},
        "grades": {
            "type": ["object", "null"],
            "properties": {str(grade): _COUNT for grade in range(1, 6)},
            "description": "runs of each grade, 1 = very dissatisfied … 5 = very satisfied",
        },
        "evaluation_rate": _ref("Rate"),
        "satisfaction_rate": {"anyOf": [_ref("Rate"), {"type": "null"}], "description": "grades 3, 4, 5 / rated"},
        "points": {
            "type": ["integer", "null"],
            "description": "the sum of 10, 8, 6, 3, 0 for the grades 5 to 1; divided by rated it is the mean",
        },
        "hidden": {
            "type": "boolean",
            "description": "true where fewer than 5 ratings of one person would show, also as the total less the rows",
        },
    }


def _schemas() -> dict[str, Any]:
    return {
        "Problem": _object(
            "type title status",
            type=_TEXT,
            title=_TEXT,
            status={"type": "integer"},
            detail=_TEXT,
            stored_through=_COUNT,
        ),
        "Stored": _object(
            "journal stored_through quarantined",
            journal=_TEXT,
            stored_through=_COUNT,
            quarantined={"type": "array", "items": _COUNT, "description": "sequences of this batch in quarantine"},
            reasons={"type": "object", "additionalProperties": _TEXT, "description": "why, by sequence"},
        ),
        "Cursor": _object("journal stored_through chain", journal=_TEXT, stored_through=_COUNT, chain=_TEXT),
        "Rate": _object(
            "numerator denominator value", numerator=_COUNT, denominator=_COUNT, value={"type": ["number", "null"]}
        ),
        "Row": _object("key served rated unrated", key={"type": ["string", "null"]}, hall=_TEXT, **_figures()),
        "Ratings": _object(
            "from to by served rated unrated grades evaluation_rate satisfaction_rate points rows as_of",
            **{"from": _TEXT, "to": _TEXT},
            by={"enum": list(BY)},
            **_figures(),
            rows={"type": "array", "items": _ref("Row")},
            as_of={"type": "string", "format": "date-time"},
        ),
        "Halls": _object(
            "halls as_of",
            halls={
                "type": "array",
                "items": _object(
                    "hall journal stored_through last_event lag_s devices quarantined",
                    hall=_TEXT,
                    name=_TEXT,
                    name_en=_TEXT,
                    region={"type": ["string", "null"]},
                    journal={"type": ["string", "null"], "description": "the journal that was heard last"},
                    stored_through=_COUNT,
                    last_event={"type": ["string", "null"], "format": "date-time"},
                    lag_s={
                        "type": ["number", "null"],
                        "description": "seconds since the moment up to which the center knows what happened there",
                    },
                    devices=_object("up all", up=_COUNT, all=_COUNT),
                    quarantined=_COUNT,
                    journals={"type": "array", "items": {"type": "object"}},
                    in_quarantine={
                        "type": "array",
                        "items": _object("journal sequence reason", journal=_TEXT, sequence=_COUNT, reason=_TEXT),
                        "description": "the last events that were malformed",
                    },
                ),
            },
            as_of={"type": "string", "format": "date-time"},
        ),
    }


def _ingest() -> dict[str, Any]:
    return {
        "summary": "The events after N of journal J, in order; answered once durable",
        "parameters": [
            _HALL,
            _JOURNAL,
            _query("after", _COUNT, "N"),
            {"name": "Journal-Chain", "in": "header", "required": True, "schema": _TEXT, "description": "chain(N)"},
            {"name": "Content-Encoding", "in": "header", "required": False, "schema": {"enum": ["gzip"]}},
        ],
        "requestBody": {"required": True, "content": {_BATCH: {"schema": _EVENTS}}},
        "responses": {"200": _answer("durable", _ref("Stored"))}
        | _DENIED
        | _problems(
            s400="journal, after or Journal-Chain is missing or malformed",
            s409="gap or forked, with stored_through",
            s413="more than 4 MiB unpacked",
            s415="not a CloudEvents batch",
            s422="unreadable; nothing stored",
            s503="nothing stored now; send again",
        ),
    }


def document(version: str) -> dict[str, Any]:
    """The whole description."""
    ratings = [
        _query("from", {"type": "string", "format": "date"}, "first service date, local to each hall"),
        _query("to", {"type": "string", "format": "date"}, "last service date, included"),
        _query("by", {"enum": list(BY)}, "what the rows are; hall when left out", required=False),
    ]
    part = [
        _HALL,
        _JOURNAL,
        _query("after", _COUNT, "0 when left out", required=False),
        _query("limit", _COUNT, "at most 1,000", required=False),
    ]
    bad = _problems(s400="a parameter is missing or malformed")
    plain = _answer("Prometheus text, without any grade", _TEXT, "text/plain")
    down = _problems(s503="what doesn't work")
    operations: dict[str, dict[str, Any]] = {
        "/api/v1/halls/{hall}/events": {
            "post": _ingest(),
            "get": {
                "summary": "The stored events, byte for byte (auditor)",
                "parameters": part,
                "responses": {"200": _answer("a batch", _EVENTS, _BATCH)}
                | _DENIED
                | bad
                | _problems(s404="no such hall"),
            },
        },
        "/api/v1/halls/{hall}/cursor": {
            "get": {
                "summary": "Where a hub goes on",
                "parameters": [_HALL, _JOURNAL],
                "responses": {"200": _answer("the cursor", _ref("Cursor"))} | _DENIED | bad,
            }
        },
        "/api/v1/halls": {
            "get": {"summary": "How each hall stands", "responses": {"200": _answer("halls", _ref("Halls"))} | _DENIED}
        },
        "/api/v1/reports/ratings": {
            "get": {
                "summary": "Ratings of the service dates from..to",
                "parameters": ratings,
                "responses": {"200": _answer("the figures", _ref("Ratings"))} | _DENIED | bad,
            }
        },
        "/api/v1/openapi.json": {
            "get": {
                "summary": "This description",
                "security": [],
                "responses": {"200": _answer("it", {"type": "object"})},
            }
        },
        "/healthz": {"get": {"summary": "Alive", "responses": {"200": _answer("alive", {"type": "object"})} | _DENIED}},
        "/readyz": {
            "get": {"summary": "Ready", "responses": {"200": _answer("ready", {"type": "object"})} | down | _DENIED}
        },
        "/metrics": {"get": {"summary": "Metrics", "responses": {"200": plain} | _DENIED}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tingting center", "version": version, "license": {"name": "Apache-2.0"}},
        "security": [{"token": []}],
        "paths": operations,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
