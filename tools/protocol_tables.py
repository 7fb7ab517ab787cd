"""SPEC.md's tables and messages.cddl, made from protocol/messages.py: `python -m tools.protocol_tables` writes them."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from protocol import calling, delivery, dispensing, framing, messages, seal, session

# What only one role and its hub say stands in files of their own, which add their rows to the tables of messages.py.
_SOURCES = (messages, calling, dispensing)
ROOM = Path(messages.__file__).parent
TYPES = ("integer", "bytes", "text", "bool", "map: settings", "map: by fact kind", "map: by command")
_NAMED = {
    "Roles": "ROLE_",
    "Reasons of REFUSE": "REFUSED_",
    "Reasons of `unrated`": "UNRATED_",
    "Why of `ignored`": "IGNORED_",
    "Codes of `fault`": "FAULT_",
    "Reasons of `print_failed` and `away`": "PRINT_",
    "States of the app": "APP_",
    "States of the window": "WINDOW_",
}
_KINDS = ("STATUS", "FACT", "REQUEST", "ANSWER", "HEALTH", "WELCOME", "ANCHOR", "ACK", "VIEW", "CONFIG")
_FACTS = (
    "BOOTED", "RATED", "UNRATED", "IGNORED", "KEY_TESTED", "FAULT", "RECOVERED", "SIGNED_IN", "SIGNED_OUT",
    "PRINTED", "PRINT_FAILED", "AWAY",
)  # fmt: skip
_COMMANDS = (
    "INVITE", "KEY_TEST", "IDENTIFY", "MAINTENANCE", "UPDATE", "PRINT", "REPRINT", "LEASE", "SERVICE", "WORD", "HALL",
    "WINDOW_COMMAND", "SIGN_IN", "ISSUE",
)  # fmt: skip
_CODES = ("ACCEPTED", "ENDED", "REFUSED", "UNKNOWN_COMMAND", "FAILED")
_TO_HUB = {"STATUS", "FACT", "HEALTH"}
_BOTH = {"REQUEST", "ANSWER"}


def _number(name: str) -> int:
    return next(int(vars(source)[name]) for source in _SOURCES if name in vars(source))


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = list(head)
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _range(field: Any) -> str:
    if field.kind == messages.INT:
        return f"{field.low} … {field.high}"
    if field.kind in (messages.BYTES, messages.TEXT):
        return f"{field.high} bytes" if field.low == field.high else f"{field.low} … {field.high} bytes"
    return ""


def _rows(fields: Iterable[Any]) -> Iterable[list[object]]:
    for field in fields:
        yield [field.key, f"`{field.name}`", TYPES[field.kind], _range(field), "yes" if field.null else ""]


_HEAD = ("key", "name", "type", "range or length", "may be null or missing")


def kinds() -> str:
    """The sealed messages by number."""

    def way(name: str) -> str:
        if name in _BOTH:
            return "both ways"
        return "device → hub" if name in _TO_HUB else "hub → device"

    return _table(("kind (key 0)", "message", "way"), ([_number(name), name, way(name)] for name in _KINDS))


def fields() -> str:
    """Every message's fields, then those of facts, commands and settings."""
    parts = []
    for name in _KINDS:
        parts += [f"**{name}** ({_number(name)})", "", _table(_HEAD, _rows(messages.FIELDS[_number(name)])), ""]
    for title, names, tables in (
        ("Fact", _FACTS, messages.FACT_FIELDS),
        ("Command", _COMMANDS, messages.COMMAND_FIELDS),
    ):
        for name in names:
            rows = list(_rows(tables[_number(name)]))
            parts += [f"**{title} {name}** ({_number(name)})", "", _table(_HEAD, rows) if rows else "No fields.", ""]
    parts += ["**Settings**", "", _table(_HEAD, _rows(messages.CONFIG_FIELDS))]
    return "\n".join(parts)


def numbers() -> str:
    """The named values inside fields."""
    rows = [
        [title, name[len(prefix) :].lower(), value]
        for title, prefix in _NAMED.items()
        for name, value in (*vars(messages).items(), *vars(dispensing).items())
        if name.startswith(prefix) and isinstance(value, int) and name not in _COMMANDS + _FACTS
    ]
    rows += [["Roles of SIGNED_IN", name.removeprefix("ROLE_"), _number(name)] for name in ("ROLE_A", "ROLE_B")]
    rows += [["Codes of ANSWER", name.lower(), _number(name)] for name in _CODES]
    return _table(("set", "name", "number"), rows)


def limits() -> str:
    """Every limit, from the file that keeps it."""
    rows = [
        ["longest frame, with its delimiter", f"{framing.MAX_FRAME} bytes", "framing"],
        ["longest payload", f"{framing.MAX_PAYLOAD} bytes", "framing"],
        ["sealing adds", f"{seal.OVERHEAD} bytes", "seal"],
        ["a new session begins at counter", f"{seal.RENEW_COUNTER}", "seal"],
        ["longest device id", f"{messages.MAX_DEVICE_ID} bytes", "messages"],
        ["facts in flight, at most", f"{messages.MAX_WINDOW}", "messages"],
        ["requests in flight from one end", f"{delivery.MAX_REQUESTS}", "delivery"],
        ["answers kept for repeated requests", f"{delivery.MAX_ANSWERS}", "delivery"],
        ["first wait before sending again", f"{delivery.FIRST_WAIT_MS} ms", "delivery"],
        ["longest wait before sending again", f"{delivery.LAST_WAIT_MS} ms", "delivery"],
        ["a handshake step's first wait", f"{session.STEP_MS} ms", "session"],
        ["a handshake step's longest wait", f"{session.LAST_STEP_MS} ms", "session"],
        ["between greetings", f"{session.GREET_MS} ms", "session"],
        ["between keep-alives", f"{session.KEEP_ALIVE_MS} ms", "session"],
        ["silence that ends a session", f"{session.SILENCE_MS} ms", "session"],
        ["events waiting to be taken", f"{session.MAX_EVENTS}", "session"],
    ]
    return _table(("limit", "value", "kept in"), rows)


def _cddl_type(field: Any, choices: str) -> str:
    kind = field.kind
    if kind == messages.INT:
        made = f"{field.low}..{field.high}"
    elif kind in (messages.BYTES, messages.TEXT):
        name = "bstr" if kind == messages.BYTES else "tstr"
        size = f"{field.high}" if field.low == field.high else f"{field.low}..{field.high}"
        made = f"{name} .size {size}" if field.low == field.high else f"{name} .size ({size})"
    elif kind == messages.BOOL:
        made = "bool"
    else:
        made = choices
    return made + (" / null" if field.null else "")


def _cddl_map(name: str, rows: Iterable[Any], kind: int | None = None, choices: str = "settings") -> str:
    lines = [f"{name} = {{"]
    if kind is not None:
        lines.append(f"  0: {kind},")
    lines += [f"  {'? ' if row.null else ''}{row.key}: {_cddl_type(row, choices)}, ; {row.name}" for row in rows]
    return "\n".join([*lines, "  * int => any, ; keys of a newer end", "}"])


def cddl() -> str:
    """messages.cddl (RFC 8610), whole."""
    parts = [
        "; Sealed messages before sealing. Made by `python -m tools.protocol_tables` from messages.py (SPEC.md).",
        "; Encoding is deterministic (RFC 8949, 4.2.1): what fits this schema in another encoding is refused.",
        "",
        "message = "
        + " / ".join(name.lower() for name in _KINDS if name not in ("FACT", "REQUEST"))
        + " / fact / request",
        "fact = " + " / ".join(f"fact-{name.lower()}" for name in _FACTS),
        "request = " + " / ".join(f"request-{name.lower()}" for name in _COMMANDS),
        "",
    ]
    for name in _KINDS:
        if name == "FACT":
            parts += _cddl_cases("fact", messages.FACT, 2, [(n, messages.FACT_FIELDS[_number(n)]) for n in _FACTS])
        elif name == "REQUEST":
            named = [(n, messages.COMMAND_FIELDS[_number(n)]) for n in _COMMANDS]
            parts += _cddl_cases("request", messages.REQUEST, 3, named)
        else:
            parts += [_cddl_map(name.lower(), messages.FIELDS[_number(name)], _number(name)), ""]
    parts.append(_cddl_map("settings", messages.CONFIG_FIELDS))
    return "\n".join(parts) + "\n"


def _cddl_cases(word: str, kind: int, chooser: int, cases: list[tuple[str, Any]]) -> list[str]:
    parts = []
    for name, rows in cases:
        inner = f"{word}-{name.lower()}-fields"
        fixed = [
            row if row.key != chooser else row._replace(low=_number(name), high=_number(name))
            for row in messages.FIELDS[kind]
        ]
        text = _cddl_map(f"{word}-{name.lower()}", fixed, kind, inner)
        number = _number(name)
        parts += [text.replace(f": {number}..{number},", f": {number},"), _cddl_map(inner, rows), ""]
    return parts


TABLES: dict[str, Callable[[], str]] = {
    "wire-kinds": kinds,
    "wire-fields": fields,
    "wire-numbers": numbers,
    "wire-limits": limits,
}


def spec(text: str) -> str:
    """SPEC.md with its tables made anew."""
    for name, make in TABLES.items():
        opening, closing = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        pattern = re.compile(re.escape(opening) + r"\n.*?" + re.escape(closing), re.DOTALL)
        text, found = pattern.subn(f"{opening}\n{make()}\n{closing}".replace("\\", r"\\"), text)
        if found != 1:
            raise ValueError(f"SPEC.md has {found} places for the table {name}; it needs one {opening} and {closing}")
    return text


def main() -> None:
    """Writes both files."""
    path = ROOM / "SPEC.md"
    path.write_text(spec(path.read_text("utf-8")), "utf-8")
    (ROOM / "messages.cddl").write_text(cddl(), "utf-8")


if __name__ == "__main__":
    main()
