"""The recorded benchmark runs as tables for people, each under the line that says on which machine it was."""

from typing import Any

import msgspec

from tools.checks.rooms import ROOT

# Written by `tingting bench --out` into this folder, on purpose and seldom: never by a check. The long groups have
# files of their own, since nobody has a quiet machine for an hour and a half.
RECORDED = ROOT / "docs" / "explanation" / "measured"
# Smaller is better, unless a name says otherwise.
_MORE_IS_BETTER = ("_per_s", "free_heap_kb", "_ratio_sqlite", "_ratio_postgres")


class Row(msgspec.Struct, frozen=True):
    """One row of the file."""

    name: str
    value: float
    unit: str
    limit: str
    limit_value: float
    aim: float | None
    ratio: float | None


class Recorded(msgspec.Struct, frozen=True):
    """The whole file."""

    machine: dict[str, Any]
    results: list[Row]


def met(name: str, value: float, aim: float) -> bool:
    """Whether the value is what was aimed at, or better."""
    return value >= aim if name.endswith(_MORE_IS_BETTER) else value <= aim


def table() -> str:
    """For each run: machine, then value, aim, limit and ratio of each row."""
    return "\n\n".join(
        _run(msgspec.json.decode(path.read_bytes(), type=Recorded)) for path in sorted(RECORDED.glob("*.json"))
    )


def _run(recorded: Recorded) -> str:
    lines = [
        "Machine: " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in recorded.machine.items()) + ".",
        "",
        "| name | value | aim | limit beside it | ratio |",
        "|---|---|---|---|---|",
    ]
    lines += [_line(row) for row in recorded.results]
    return "\n".join(lines)


def _line(row: Row) -> str:
    aim = "–"
    if row.aim is not None:
        aim = f"{row.aim:g} {'met' if met(row.name, row.value, row.aim) else '**missed**'}"
    limit = row.limit.replace("|", "\\|")
    return f"| `{row.name}` | {row.value:.4g} {row.unit} | {aim} | {row.limit_value:.4g} {limit} | {row.ratio} |"
