"""The OpenAPI description of the doors of cases, signs and exports."""

from typing import Any

from center.casework.tables import ACTIONS, RESULTS, CaseState
from center.exports.profiles import PROFILES
from center.web.case_scope import SHOW
from center.web.exports import FORMATS
from center.web.openapi_parts import COUNT, DENIED, TEXT, answer, object_, problems, query, ref

_MAYBE_TEXT = {"type": ["string", "null"]}
_DATE = {"type": "string", "format": "date"}
_TIME = {"type": "string", "format": "date-time"}
_BAD = problems(s400="a parameter is missing or malformed", s404="nothing of that name in your scope")
_DOWN = problems(s503="the store doesn't work")
_CASE_ID = {"name": "id", "in": "path", "required": True, "schema": TEXT, "description": "the case's id"}
_PROFILE = {
    "name": "profile",
    "in": "path",
    "required": True,
    "schema": {"enum": list(PROFILES)},
    "description": "whose record format",
}
_RANGE = [
    query("from", _DATE, "first service date"),
    query("to", _DATE, "last service date"),
    query("hall", TEXT, "one hall", required=False),
]


def schemas() -> dict[str, Any]:
    """The answers."""
    return {
        "Case": object_(
            "id hall run grade channel reasons words rated_at opened_at state due due_sure days_left urgency handler "
            "has_contact actions steps",
            id=TEXT,
            hall=TEXT,
            run=TEXT,
            window=_MAYBE_TEXT,
            staff=_MAYBE_TEXT,
            service=_MAYBE_TEXT,
            grade={"enum": [1, 2]},
            channel=TEXT,
            reasons={"type": "array", "items": TEXT},
            words=TEXT,
            rated_at=_TIME,
            opened_at=_TIME,
            state={"enum": [state.value for state in CaseState]},
            due=_DATE | {"description": "the last working day on which it is answered in time"},
            due_sure={"type": "boolean", "description": "false where a year's holidays are not known yet"},
            days_left={"type": "integer", "description": "working days; negative when late"},
            urgency={"enum": ["in_time", "remind", "overdue", "done"]},
            reminder={"enum": ["due_soon", "overdue", None], "description": "of this deadline, until it is answered"},
            handler=_MAYBE_TEXT,
            has_contact={"type": "boolean"},
            contact=TEXT | {"description": "for the case's handler alone, while the case is open"},
            actions={"type": "array", "items": {"enum": list(ACTIONS)}, "description": "what you may do now"},
            steps={
                "type": "array",
                "items": object_(
                    "action at who role data", action=TEXT, at=_TIME, who=TEXT, role=TEXT, data={"type": "object"}
                ),
            },
        ),
        "Cases": object_(
            "show count page cases as_of",
            show=TEXT,
            count=COUNT,
            page=COUNT,
            cases={"type": "array", "items": ref("Case")},
            as_of=_TIME,
        ),
        "Action": object_(
            "action",
            action={"enum": list(ACTIONS)},
            text=TEXT,
            by=TEXT | {"description": "who answers for it"},
            result={"enum": list(RESULTS)},
            handler=TEXT | {"description": "an account that follows cases of this hall"},
            days={"type": "integer", "minimum": 1, "maximum": 400},
        ),
        "Signs": object_(
            "hall from to level signs as_of",
            **{"from": _DATE, "to": _DATE},
            hall=TEXT,
            level={"type": "number", "description": "of all comparisons of one kind together"},
            signs={
                "type": "array",
                "items": object_(
                    "kind who numbers chance test events",
                    kind=TEXT,
                    who=TEXT,
                    numbers={"type": "object", "additionalProperties": {"type": "number"}},
                    chance={"type": "number", "description": "how likely it is by chance alone"},
                    test=TEXT,
                    events={"type": "array", "items": TEXT, "description": "<journal>/<sequence>"},
                ),
            },
            as_of=_TIME,
        ),
        "Empty": object_(
            "profile count empty as_of",
            profile=TEXT,
            count=COUNT,
            empty={"type": "object", "additionalProperties": COUNT, "description": "records in which it is empty"},
            as_of=_TIME,
        ),
    }


def paths() -> dict[str, Any]:
    """The doors."""
    refused = problems(
        s409="the case is in another state", s413="more than 16 KiB", s422="no JSON, or something is missing in it"
    )
    exported = {
        "200": {
            "description": "the records",
            "content": {"text/csv": {"schema": TEXT}, "application/json": {"schema": {"type": "object"}}},
        }
    }
    return {
        "/api/v1/cases": {
            "get": {
                "summary": "Bad ratings and how far they are followed, the most urgent first",
                "parameters": [
                    query("show", {"enum": list(SHOW)}, "which", required=False),
                    query("page", {"type": "string", "pattern": "^[0-9]{1,6}$"}, "from 0, of 50", required=False),
                ],
                "responses": {"200": answer("cases", ref("Cases"))} | DENIED | _BAD,
            }
        },
        "/api/v1/cases/{id}": {
            "get": {
                "summary": "One case",
                "parameters": [_CASE_ID],
                "responses": {"200": answer("the case", ref("Case"))} | DENIED | _BAD,
            }
        },
        "/api/v1/cases/{id}/actions": {
            "post": {
                "summary": "One step of a case",
                "parameters": [_CASE_ID],
                "requestBody": {"required": True, "content": {"application/json": {"schema": ref("Action")}}},
                "responses": {"200": answer("the case", ref("Case"))} | DENIED | _BAD | refused | _DOWN,
            }
        },
        "/api/v1/signs": {
            "get": {
                "summary": "Signs of self-rating in one hall, each with its chance",
                "parameters": [each | {"required": False} for each in _RANGE],
                "responses": {"200": answer("signs", ref("Signs"))} | DENIED | _BAD | _DOWN,
            }
        },
        "/api/v1/exports/{profile}": {
            "get": {
                "summary": "A province's records",
                "parameters": [_PROFILE, *_RANGE, query("format", {"enum": list(FORMATS)}, "csv", required=False)],
                "responses": exported | DENIED | _BAD | _DOWN,
            }
        },
        "/api/v1/exports/{profile}/empty": {
            "get": {
                "summary": "How many records there are, and how often a field can't be filled",
                "parameters": [_PROFILE, *_RANGE],
                "responses": {"200": answer("counts", ref("Empty"))} | DENIED | _BAD | _DOWN,
            }
        },
    }
