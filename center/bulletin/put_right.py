"""What came of a month's bad ratings, from their cases. Pure; the check of an export makes the same from the events."""

from collections.abc import Iterable

from center.bulletin.figures import PutRight
from center.casework.cases import Case
from center.casework.tables import CaseState

NO_REASON = ""  # a key that was pressed gives none
MAX_NAMED = 3  # things that were done about one cause; the cases have the rest
MAX_CHARS = 60  # of one of them


def summary(cases: Iterable[Case]) -> PutRight:
    """By cause, the most frequent first; a case with two causes stands under both."""
    counts: dict[str, list[int]] = {}
    done: dict[str, list[str]] = {}
    closed = {1: 0, 2: 0}
    upheld = 0
    for case in sorted(cases, key=lambda case: (case.rating.rated_ms, case.id)):
        closed[case.rating.grade] += case.ended
        upheld += case.state is CaseState.SET_ASIDE
        for cause in case.rating.reasons or (NO_REASON,):
            row = counts.setdefault(cause, [0, 0])
            row[0] += 1
            row[1] += case.ended
            said = done.setdefault(cause, [])
            for step in case.steps:
                text = str(step.data.get("text", ""))[:MAX_CHARS]
                if step.action == "put_right" and text not in said and len(said) < MAX_NAMED:
                    said.append(text)
    rows = sorted(counts.items(), key=lambda item: (-item[1][0], item[0]))
    return PutRight(
        tuple((cause, number, ended, "；".join(done[cause])) for cause, (number, ended) in rows),
        closed[1],
        closed[2],
        upheld,
    )
