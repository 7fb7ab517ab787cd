"""Numbers for Prometheus: one table a server, from which the text, the reference and the dashboard's test are made.

None carries a grade, a name of a person or a secret.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
GAUGE = "gauge"
COUNTER = "counter"

# metric → values of its labels → number
Values = Mapping[str, Mapping[tuple[str, ...], float]]


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of a server's table."""

    name: str
    kind: str
    meaning: str
    labels: tuple[str, ...] = ()


def text(table: Sequence[Metric], values: Values) -> str:
    """The text form, in the table's order. A number that no row names is our mistake: KeyError."""
    unknown = values.keys() - {metric.name for metric in table}
    if unknown:
        raise KeyError(f"no row for {', '.join(sorted(unknown))}")
    lines = []
    for metric in table:
        if metric.name not in values:
            continue
        lines += [f"# HELP {metric.name} {metric.meaning}", f"# TYPE {metric.name} {metric.kind}"]
        for labels, value in values[metric.name].items():
            pairs = zip(metric.labels, labels, strict=True)
            inner = ",".join(f'{name}="{_escaped(label)}"' for name, label in pairs)
            lines.append(f"{metric.name}{{{inner}}} {value:.17g}" if inner else f"{metric.name} {value:.17g}")
    return "\n".join(lines) + "\n"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
