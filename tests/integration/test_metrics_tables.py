"""The numbers: what hub and center tell is what their tables, the reference and the dashboard name."""

import json
import re
from pathlib import Path

import pytest

from center.metrics import CENTER
from common.metrics import COUNTER, Metric, text
from hub.web.metrics import HUB, RADIO
from tests import center_support
from tests.hub_support import Box, HubProcess, until
from tools.checks.rooms import ROOT

DASHBOARD = ROOT / "share/grafana/tingting-hub.json"


def told(content: bytes) -> dict[str, set[tuple[str, ...]]]:
    """Metric → the label names that it came with."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for line in content.decode().splitlines():
        if line.startswith("# "):
            continue
        match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
        assert match is not None, line
        assert float(match[3]) >= 0, line
        labels = tuple(re.findall(r'(\w+)="', match[2] or ""))
        found.setdefault(match[1], set()).add(labels)
    return found


async def test_every_number_of_the_hubs_table_is_told_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "center").mkdir()
    (tmp_path / "hub").mkdir()
    config = '[http]\nport = 0\n[[halls]]\nid = "h1"\nname = "测试厅"\n'
    async with center_support.running(tmp_path / "center", config) as center, Box("ev-1") as box:
        section = f'[center]\nurl = "{center.url}"\ntoken = "{center.tokens["hall h1"]}"\n'
        section += '[[printers]]\nid = "k1"\nname = "东门口"\nurl = "tcp://127.0.0.1:9"\n'
        section += '[[leds]]\nwindow = "1"\nurl = "socket://127.0.0.1:9"\n'
        async with HubProcess(tmp_path / "hub", (box.line,), section) as hub:
            await hub.register(box)
            await until(lambda: hub.online(box), "the box online")
            box.secret = bytes(32)
            box.cut()  # it comes back with another secret: a fault, and a device that is silent

            cables = [metric for metric in HUB if metric not in RADIO]

            async def complete() -> bool:
                return set(told((await hub.call("GET", "/metrics"))[1])) == {metric.name for metric in cables}

            await until(complete, "every number of the table")
            _, content = await hub.call("GET", "/metrics")
            assert told(content) == {metric.name: {metric.labels} for metric in cables}
            _, content = await center.ask("/metrics", "")
            assert told(content) == {metric.name: {metric.labels} for metric in CENTER}


def test_the_dashboard_and_the_tables_name_the_same_numbers() -> None:
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    expressions += [entry["query"]["query"] for entry in dashboard["templating"]["list"] if entry["name"] == "hub"]
    used = set(re.findall(r"tingting_\w+", " ".join(expressions)))
    assert used == {metric.name for metric in (*HUB, *CENTER)}
    for expression in expressions:  # a counter alone is a line that rises; its rate says something
        for metric in (*HUB, *CENTER):
            if metric.kind == COUNTER and re.search(rf"\b{metric.name}\b", expression):
                assert expression.startswith(("rate(", "increase(")), expression
    legends = {label for panel in dashboard["panels"] for t in panel["targets"] for label in label_names(t)}
    assert legends <= {"instance"} | {label for metric in (*HUB, *CENTER) for label in metric.labels}


def label_names(target: dict[str, str]) -> list[str]:
    """What a legend names."""
    return re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])


@pytest.mark.parametrize("table", [HUB, CENTER])
def test_names_follow_prometheus(table: tuple[Metric, ...]) -> None:
    assert len({metric.name for metric in table}) == len(table)
    for metric in table:
        assert re.fullmatch(r"tingting_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind == COUNTER)
        assert not {"grade", "staff"} & set(metric.labels)


def test_labels_are_escaped_and_unknown_names_refused() -> None:
    table = (Metric("tingting_x", "gauge", "X", ("a",)),)
    assert text(table, {"tingting_x": {('q"\\\n',): 1}}).splitlines()[-1] == 'tingting_x{a="q\\"\\\\\\n"} 1'
    with pytest.raises(KeyError, match="tingting_y"):
        text(table, {"tingting_y": {(): 1}})
