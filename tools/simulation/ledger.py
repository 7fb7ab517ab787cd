"""The ledger of the seeded hall: which seeds were run at which commit, kept in the repository."""

import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.bench.results import ROOT

LEDGER = ROOT / "tests" / "simulation" / "ledger.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One command's seeds."""

    commit: str  # with a + where files differed from it
    first: int
    seeds: int
    failed: list[int]
    facts: int
    presses: int
    hubs_killed: int
    centers_killed: int
    restores: int
    replaced: int
    cpu_s: float


def commit() -> str:
    """The commit that is run."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    code = ("tools/simulation", "protocol", "firmware", "hub", "common", "center")
    return git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain", "--", *code) else "")


def read(path: Path = LEDGER) -> list[Entry]:
    """All that was run."""
    return [Entry(**entry) for entry in json.loads(path.read_text("utf-8"))] if path.exists() else []


def add(entry: Entry, path: Path = LEDGER) -> list[Entry]:
    """One more; an entry that goes on where the last one of its commit ended is added to that."""
    entries = read(path)
    last = entries[-1] if entries else None
    if last is not None and (last.commit, last.first + last.seeds) == (entry.commit, entry.first):
        entries.pop()
        summed = {
            name: getattr(last, name) + getattr(entry, name)
            for name in ("seeds", "failed", "facts", "presses", "hubs_killed", "centers_killed", "restores", "replaced")
        }
        entry = Entry(commit=entry.commit, first=last.first, cpu_s=round(last.cpu_s + entry.cpu_s, 1), **summed)
    entries.append(entry)
    rows = ",\n".join("  " + json.dumps(asdict(each)) for each in entries)
    path.write_text(f"[\n{rows}\n]\n", "utf-8")
    return entries


def total(entries: list[Entry]) -> str:
    """In one line."""
    return (
        f"{sum(each.seeds for each in entries)} seeds at {len({each.commit for each in entries})} commits, "
        f"{sum(each.facts for each in entries)} facts, {sum(each.hubs_killed for each in entries)} hubs and "
        f"{sum(each.centers_killed for each in entries)} centers killed, {sum(each.restores for each in entries)} "
        f"restored from a backup, {sum(len(each.failed) for each in entries)} seeds failed"
    )
