"""The OpenAPI 3.1 description of the center's doors; a test holds it against the routes."""

from typing import Any

from center.web import openapi_cases, openapi_reports
from center.web.openapi_parts import (
    BATCH,
    COUNT,
    DENIED,
    EVENTS,
    HALL,
    JOURNAL,
    TEXT,
    answer,
    object_,
    problems,
    query,
    ref,
)


def _schemas() -> dict[str, Any]:
    return {
        "Problem": object_(
            "type title status",
            type=TEXT,
            title=TEXT,
            status={"type": "integer"},
            detail=TEXT,
            stored_through=COUNT,
        ),
        "Stored": object_(
            "journal stored_through quarantined",
            journal=TEXT,
            stored_through=COUNT,
            quarantined={"type": "array", "items": COUNT, "description": "sequences of this batch in quarantine"},
            reasons={"type": "object", "additionalProperties": TEXT, "description": "why, by sequence"},
        ),
        "Cursor": object_("journal stored_through chain", journal=TEXT, stored_through=COUNT, chain=TEXT),
        "Halls": object_(
            "halls as_of",
            halls={
                "type": "array",
                "items": object_(
                    "hall journal stored_through last_event lag_s devices quarantined",
                    hall=TEXT,
                    name=TEXT,
                    name_en=TEXT,
                    region={"type": ["string", "null"]},
                    journal={"type": ["string", "null"], "description": "the journal that was heard last"},
                    stored_through=COUNT,
                    last_event={"type": ["string", "null"], "format": "date-time"},
                    lag_s={
                        "type": ["number", "null"],
                        "description": "seconds since the moment up to which the center knows what happened there",
                    },
                    devices=object_("up all", up=COUNT, all=COUNT),
                    quarantined=COUNT,
                    journals={"type": "array", "items": {"type": "object"}},
                    in_quarantine={
                        "type": "array",
                        "items": object_("journal sequence reason", journal=TEXT, sequence=COUNT, reason=TEXT),
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
            HALL,
            JOURNAL,
            query("after", COUNT, "N"),
            {"name": "Journal-Chain", "in": "header", "required": True, "schema": TEXT, "description": "chain(N)"},
            {"name": "Content-Encoding", "in": "header", "required": False, "schema": {"enum": ["gzip"]}},
        ],
        "requestBody": {"required": True, "content": {BATCH: {"schema": EVENTS}}},
        "responses": {"200": answer("durable", ref("Stored"))}
        | DENIED
        | problems(
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
    part = [
        HALL,
        JOURNAL,
        query("after", COUNT, "0 when left out", required=False),
        query("limit", COUNT, "at most 1,000", required=False),
    ]
    bad = problems(s400="a parameter is missing or malformed")
    plain = answer("Prometheus text, without any grade", TEXT, "text/plain")
    down = problems(s503="what doesn't work")
    operations: dict[str, dict[str, Any]] = {
        "/api/v1/halls/{hall}/events": {
            "post": _ingest(),
            "get": {
                "summary": "The stored events, byte for byte (auditor)",
                "parameters": part,
                "responses": {"200": answer("a batch", EVENTS, BATCH)} | DENIED | bad | problems(s404="no such hall"),
            },
        },
        "/api/v1/halls/{hall}/cursor": {
            "get": {
                "summary": "Where a hub goes on",
                "parameters": [HALL, JOURNAL],
                "responses": {"200": answer("the cursor", ref("Cursor"))} | DENIED | bad,
            }
        },
        "/api/v1/halls": {
            "get": {"summary": "How each hall stands", "responses": {"200": answer("halls", ref("Halls"))} | DENIED}
        },
        "/api/v1/openapi.json": {
            "get": {
                "summary": "This description",
                "security": [],
                "responses": {"200": answer("it", {"type": "object"})},
            }
        },
        "/healthz": {"get": {"summary": "Alive", "responses": {"200": answer("alive", {"type": "object"})} | DENIED}},
        "/readyz": {
            "get": {"summary": "Ready", "responses": {"200": answer("ready", {"type": "object"})} | down | DENIED}
        },
        "/metrics": {"get": {"summary": "Metrics", "responses": {"200": plain} | DENIED}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tingting center", "version": version, "license": {"name": "Apache-2.0"}},
        "security": [{"token": []}],
        "paths": operations | openapi_reports.paths() | openapi_cases.paths(),
        "components": {
            "schemas": _schemas() | openapi_reports.schemas() | openapi_cases.schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
