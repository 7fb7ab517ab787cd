"""The center's table of numbers, and what it counts itself. None carries a grade."""

from dataclasses import dataclass, field

from common import metrics
from common.metrics import COUNTER, GAUGE, Metric, Values

CENTER = (
    Metric("tingting_center_batches_total", COUNTER, "Batches of halls, by the answer they got", ("answer",)),
    Metric("tingting_center_events_stored_total", COUNTER, "Events stored since this process started"),
    Metric("tingting_center_stored_through", GAUGE, "Sequence of the last event stored", ("hall", "journal")),
    Metric("tingting_center_quarantined", GAUGE, "Events kept aside because they can't be read", ("hall",)),
    Metric(
        "tingting_center_lag_seconds", GAUGE, "How old the hall's figures are; absent: nothing heard yet", ("hall",)
    ),
)


@dataclass(slots=True)
class Metrics:
    """What happened since this process started."""

    batches: dict[str, int] = field(default_factory=dict)
    events_stored: int = 0

    def batch(self, answer: str) -> None:
        """Counts a batch by its answer: stored, gap, forked, …"""
        self.batches[answer] = self.batches.get(answer, 0) + 1

    def text(self, gauges: Values) -> str:
        """The Prometheus text form, with gauges read now."""
        counted: Values = {
            "tingting_center_batches_total": {(answer,): count for answer, count in sorted(self.batches.items())},
            "tingting_center_events_stored_total": {(): self.events_stored},
        }
        return metrics.text(CENTER, {**counted, **gauges})
