"""What a headless demo reports: counted from what the center's doors say, pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tools.demo import check
from tools.demo.presses import Press


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The contract's fields, in its order."""

    citizens: int
    tickets: int
    called: int
    finished: int
    rated: int
    unrated: int
    lost: int
    duplicated: int
    interpreter: str
    seconds: float


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """A report and everything that is not as it should be."""

    report: Report
    complaints: list[str]


def count(
    citizens: int,
    events: Sequence[Mapping[str, Any]],
    ratings: Mapping[str, Any],
    pressed: Sequence[Press],
    seconds: float,
) -> Count:
    """events: the auditor's door of the center; ratings: its ratings report over everything, one row's numbers."""
    # A number whose paper never came was nobody's: its citizen took another one.
    void = {
        event["data"]["ticket"]
        for event in events
        if event["type"] == "hall.ticket.cancelled" and event["data"]["reason"] == "not_printed"
    }
    issued = _by([event for event in events if event["data"].get("ticket") not in void], "hall.ticket.issued", "ticket")
    called = _by(events, "hall.ticket.called", "ticket")
    finished = _by(events, "hall.ticket.finished", "ticket")
    runs = _by(events, "hall.ticket.finished", "run")
    rated = _by(events, "hall.rating.submitted", "run")
    booted = [event["data"] for event in events if event["type"] == "hall.device.booted"]
    interpreters = sorted({found for data in booted if (found := interpreter(data))})

    rated_tickets = {event["data"].get("ticket") for event in events if event["type"] == "hall.rating.submitted"}
    whole = set(issued) & set(called) & set(finished)
    missing_presses = {press.ticket for press in pressed if press.due and press.ticket} - rated_tickets
    twice = sum(1 for counter in (issued, finished, runs, rated) for times in counter.values() if times > 1)
    over = max(0, int(ratings["served"]) - len(runs)) + max(0, int(ratings["rated"]) - len(rated))
    report = Report(
        citizens=citizens,
        tickets=len(issued),
        called=len(called),
        finished=len(finished),
        rated=int(ratings["rated"]),
        unrated=int(ratings["unrated"]),
        lost=max(0, citizens - len(whole)) + len(missing_presses & whole),
        duplicated=twice + over,
        interpreter="; ".join(interpreters),
        seconds=round(seconds, 1),
    )
    return Count(
        report=report, complaints=[*_doubts(report, ratings, len(runs), len(rated)), *check.compare(pressed, events)]
    )


def interpreter(booted: Mapping[str, Any]) -> str:
    """What a box said it runs on, as `hall.device.booted` keeps it."""
    detail = booted.get("detail")
    found = detail.get("interpreter", "") if isinstance(detail, Mapping) else booted.get("interpreter", "")
    return str(found)


def _by(events: Sequence[Mapping[str, Any]], kind: str, field: str) -> Counter[str]:
    return Counter(event["data"][field] for event in events if event["type"] == kind)


def _doubts(report: Report, ratings: Mapping[str, Any], runs: int, rated: int) -> list[str]:
    """What in the figures is not as one journey a citizen, once, would make it."""
    doubts = [
        f"{name} is {value}, not {report.citizens}"
        for name, value in (("tickets", report.tickets), ("called", report.called), ("finished", report.finished))
        if value != report.citizens
    ]
    doubts += [
        f"{name} is {value}" for name, value in (("lost", report.lost), ("duplicated", report.duplicated)) if value
    ]
    if (int(ratings["served"]), report.rated) != (runs, rated):
        doubts.append(
            f"the center's report says {ratings['served']} served, {report.rated} rated; its events say {runs}, {rated}"
        )
    if report.rated + report.unrated != int(ratings["served"]):
        doubts.append(f"rated {report.rated} and unrated {report.unrated} don't make {ratings['served']} served")
    if not report.interpreter:
        doubts.append("no box reported its interpreter")
    return doubts
