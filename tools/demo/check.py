"""Holds what the fingers pressed against what the center counted: pure, and a small command for an outside check.

python -m tools.demo.check DIR        (a folder that `tingting demo --headless --keep DIR` left)
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from common import envelope
from tools.demo import presses
from tools.demo.errors import DemoError
from tools.demo.presses import Press

NEAR_MS: Final = 1_000  # issue and architecture: a rating stands at its time of pressing within 1 s

Event = Mapping[str, Any]


def compare(pressed: Sequence[Press], events: Iterable[Event]) -> list[str]:
    """Complaints, none when every thanked press is at the center once, and nothing else is."""
    complaints: list[str] = []
    runs: Counter[str] = Counter()
    facts: Counter[tuple[str, str, int]] = Counter()
    unclaimed: dict[tuple[str, int], list[Event]] = defaultdict(list)
    for event in events:
        if event["type"] != "hall.rating.submitted":
            continue
        data = event["data"]
        runs[data["run"]] += 1
        facts[data["device"], data["epoch"], data["fact"]] += 1
        unclaimed[data["window"], data["grade"]].append(event)
    complaints += [f"run {run} is rated {count} times" for run, count in runs.items() if count > 1]
    complaints += [f"fact {fact} of {device} stands {n} times" for (device, _, fact), n in facts.items() if n > 1]
    for press in sorted(pressed, key=lambda press: press.at_ms):
        if press.lit:
            complaints += _claim(press, unclaimed[press.window, press.grade])
    for (window, _), events_left in unclaimed.items():
        complaints += [f"event {event['id']}: nobody pressed this at window {window}" for event in events_left]
    return complaints


def _claim(press: Press, candidates: list[Event]) -> list[str]:
    """Takes the press's own event out of the candidates."""
    where = f"the press at window {press.window}, {press.time}, ticket {press.number}"

    def distance_ms(event: Event) -> int:
        return abs(envelope.parse_time(event["time"]) - press.at_ms)

    own = [event for event in candidates if press.ticket and event["data"].get("ticket") == press.ticket]
    near = [event for event in candidates if distance_ms(event) <= NEAR_MS]
    if own:
        candidates.remove(own[0])
        late_ms = distance_ms(own[0])
        return [] if late_ms <= NEAR_MS else [f"{where}, stands at the center {late_ms} ms away from its time"]
    if near:
        nearest = min(near, key=distance_ms)
        candidates.remove(nearest)
        if press.ticket and nearest["data"].get("ticket"):
            return [f"{where}, was counted for ticket {nearest['data']['ticket']}"]
        return []
    if press.thanked:
        return [f"{where}, was thanked for and is not at the center"]
    return [] if not press.due else [f"{where}, was not taken by the box though its lamps were lit"]


def main(arguments: Sequence[str]) -> int:
    """Reads a kept folder and prints complaints; 0 when there are none."""
    if len(arguments) != 1:
        sys.stderr.write(__doc__ or "")
        return 2
    folder = Path(arguments[0])
    try:
        pressed = presses.read(folder / "pressed.jsonl")
        path = folder / "events.jsonl"
        events = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    except (DemoError, OSError, ValueError) as error:
        sys.stderr.write(f"check: {error}\n")
        return 2
    complaints = compare(pressed, events)
    for complaint in complaints:
        print(complaint)
    print(f"{len(pressed)} presses, {len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
