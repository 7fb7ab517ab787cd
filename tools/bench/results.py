"""What a benchmark says: a value, and beside it a limit measured in the same run; a table and `build/bench.json`."""

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "build" / "bench.json"
# Programs that wanted to run, mean of the minute before: whatever else this machine does is in every figure.
_LOAD_BEFORE = round(os.getloadavg()[0], 1)


@dataclass(frozen=True, slots=True)
class Result:
    """One row. aim: the value we want to reach, where somebody has said one; limit: in words, what stands beside."""

    name: str
    value: float
    unit: str
    limit: str
    limit_value: float
    aim: float | None = None

    def row(self) -> dict[str, Any]:
        """As it stands in the file."""
        ratio = round(self.value / self.limit_value, 3) if self.limit_value else None
        return asdict(self) | {"ratio": ratio}


def machine() -> dict[str, Any]:
    """Where it was measured."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "busy_before": _LOAD_BEFORE,
        "commit": _commit(),
    }


def _commit() -> str:
    """Which sources were measured, and whether exactly those."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty=, changed since"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unknown"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def write(results: list[Result], path: Path = FILE) -> None:
    """The contract's file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"machine": machine(), "results": [result.row() for result in results]}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


def table(results: list[Result]) -> str:
    """For people."""
    lines = []
    for result in results:
        row = result.row()
        lines.append(f"{result.name:<30} {result.value:>10.4g} {result.unit:<4} {_beside(row)}")
    return "\n".join(lines)


def _beside(row: dict[str, Any]) -> str:
    aim = "" if row["aim"] is None else f"(aim {row['aim']:g}) "
    return f"{aim}{row['ratio']} × {row['limit_value']:.4g}: {row['limit']}"


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
