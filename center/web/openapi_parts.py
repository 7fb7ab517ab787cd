"""Pieces of the OpenAPI description."""

from typing import Any


def ref(name: str) -> dict[str, str]:
    """A schema of this document."""
    return {"$ref": f"#/components/schemas/{name}"}


def answer(description: str, schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    """An answer with its schema."""
    return {"description": description, "content": {kind: {"schema": schema}}}


def problems(**meanings: str) -> dict[str, Any]:
    """Refusals by status, as `s404="no such hall"`."""
    return {
        status.removeprefix("s"): answer(text, ref("Problem"), "application/problem+json")
        for status, text in meanings.items()
    }


def query(name: str, schema: dict[str, Any], description: str, required: bool = True) -> dict[str, Any]:
    """A parameter of the address."""
    return {"name": name, "in": "query", "required": required, "schema": schema, "description": description}


TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
HALL = {"name": "hall", "in": "path", "required": True, "schema": TEXT, "description": "the hall's id"}
JOURNAL = query("journal", TEXT, "the journal's id")
BATCH = "application/cloudevents-batch+json"
EVENTS = {"type": "array", "items": {"type": "object"}, "description": "CloudEvents 1.0"}
DENIED = problems(
    s401="no token, or one that nobody holds",
    s403="this token is for another role or place",
    s429="too many wrong tokens came from this address",
)


def object_(required: str, **properties: Any) -> dict[str, Any]:
    """An object with the members that are always there."""
    return {"type": "object", "required": required.split(), "properties": properties}
