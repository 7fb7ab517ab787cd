"""Counters for Prometheus. None carries a grade."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Metrics:
    """What happened since this process started."""

    batches: dict[str, int] = field(default_factory=dict)
    events_stored: int = 0

    def batch(self, answer: str) -> None:
        """Counts a batch by its answer: stored, gap, forked, …"""
        self.batches[answer] = self.batches.get(answer, 0) + 1

    def text(self, gauges: dict[str, list[tuple[dict[str, str], float]]]) -> str:
        """The Prometheus text form, with gauges read now."""
        lines = ["# TYPE tingting_center_batches_total counter"]
        lines += [
            f'tingting_center_batches_total{{answer="{answer}"}} {count}'
            for answer, count in sorted(self.batches.items())
        ]
        lines += ["# TYPE tingting_center_events_stored_total counter"]
        lines += [f"tingting_center_events_stored_total {self.events_stored}"]
        for name, values in gauges.items():
            lines.append(f"# TYPE tingting_center_{name} gauge")
            for labels, value in values:
                inner = ",".join(f'{label}="{text}"' for label, text in labels.items())
                lines.append(
                    f"tingting_center_{name}{{{inner}}} {value:g}" if inner else f"tingting_center_{name} {value:g}"
                )
        return "\n".join(lines) + "\n"
