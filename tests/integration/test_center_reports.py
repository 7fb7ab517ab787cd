"""The reports' doors of a running center: waiting, ranking, peaks, use of windows, and down to the events."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from center.web.report_page import QUESTIONS
from common import chain
from tests.center_support import CONFIG, DAY, NOON_MS, CenterProcess, Journal, running

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def day_of_a_hall(journal: Journal) -> None:
    """A clerk at window 1 from 9 to 12: 40 tickets from 9:00, one a minute, a no-show, one who gave up, a walk-up."""
    nine = NOON_MS - 3 * HOUR_MS
    journal.add("hall.staff.signed_in", {"staff": "s1", "window": "1", "role": "A"}, at_ms=nine)
    for number in range(40):
        ticket, run = f"t{number}", f"r{number}"
        issued_ms = nine + number * MINUTE_MS
        data: dict[str, Any] = {"ticket": ticket, "number": f"A{number:03}", "service": "A", "channel": "kiosk"}
        journal.add("hall.ticket.issued", data, at_ms=issued_ms)
        called_ms = issued_ms + (number + 1) * 10_000
        call = {"ticket": ticket, "window": "1", "staff": "s1", "waited_ms": (number + 1) * 10_000}
        journal.add("hall.ticket.called", call, at_ms=called_ms)
        done = {"ticket": ticket, "run": run, "window": "1", "staff": "s1", "service": "A", "served_ms": 3 * MINUTE_MS}
        journal.add("hall.ticket.finished", done, at_ms=called_ms + 3 * MINUTE_MS)
        if number < 36:
            rated = {"run": run, "grade": 1 if number == 7 else 5, "device": "ev1", "epoch": "aa", "fact": number}
            journal.add("hall.rating.submitted", rated, at_ms=called_ms + 3 * MINUTE_MS)
    for ticket, then in (("missed", "no_show"), ("gave-up", "cancelled")):
        journal.add("hall.ticket.issued", {"ticket": ticket, "service": "B", "channel": "kiosk"}, at_ms=nine + HOUR_MS)
        if then == "no_show":
            call = {"ticket": ticket, "window": "2", "staff": "s2", "waited_ms": 90_000}
            journal.add("hall.ticket.called", call, at_ms=nine + HOUR_MS + 90_000)
        journal.add(f"hall.ticket.{then}", {"ticket": ticket}, at_ms=nine + HOUR_MS + 2 * MINUTE_MS)
    journal.add("hall.ticket.issued", {"ticket": "walk", "channel": "walk_up", "service": "A"}, at_ms=nine)
    journal.add("hall.staff.signed_out", {"staff": "s1", "window": "1", "role": "A"}, at_ms=NOON_MS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CenterProcess]:
    config = CONFIG.replace("[http]", "[http]\nsecure_cookie = false")
    async with running(Path(tmp_path_factory.mktemp("center")), config) as started:
        journal = Journal()
        day_of_a_hall(journal)
        assert (await started.send(journal))[0] == 200
        other = Journal(hall="liuhe", name="other")
        other.run(900, 3)
        assert (await started.send(other))[0] == 200
        yield started


pytestmark = pytest.mark.asyncio(loop_scope="module")


def on_day(by: str = "hall", **more: str) -> str:
    return f"from={DAY}&to={DAY}&by={by}" + "".join(f"&{name}={value}" for name, value in more.items())


async def test_waiting_and_serving_with_their_precision(center: CenterProcess) -> None:
    report = await center.get(f"/api/v1/reports/waiting?{on_day(hall='qingxi')}")
    assert (report["tickets"], report["called"], report["no_shows"], report["left"]) == (42, 41, 1, 1)
    assert report["served"] == 40
    waits = [(number + 1) * 10_000 for number in range(40)] + [90_000]
    ordered = sorted(waits)
    assert report["waiting"] == {
        "count": 41,
        "mean_ms": sum(waits) / 41,
        "median_ms": ordered[20],
        "p90_ms": ordered[36],
        "p99_ms": ordered[40],
        "max_ms": 400_000,
    }
    assert report["serving"]["median_ms"] == 3 * MINUTE_MS
    # Window 1 from 9 to 12; window 2 was seen for its one call alone.
    open_ms = 3 * HOUR_MS
    assert report["use"] == {
        "numerator_ms": 40 * 3 * MINUTE_MS,
        "denominator_ms": open_ms,
        "value": 40 * 3 * MINUTE_MS / open_ms,
    }
    assert report["precision"]["relative_above"] == 1 / 1024
    assert report["as_of"]


async def test_peaks_are_by_the_quarter_hour_in_which_numbers_were_taken(center: CenterProcess) -> None:
    report = await center.get(f"/api/v1/reports/waiting?{on_day('quarter', hall='qingxi')}")
    rows = {row["key"]: row["tickets"] for row in report["rows"] if row["tickets"]}
    assert rows == {"09:00": 15, "09:15": 15, "09:30": 10, "10:00": 2}
    assert sum(row["served"] for row in report["rows"]) == 40


@pytest.mark.parametrize("by", ["region", "department", "window", "staff", "service", "day", "month", "quarter"])
async def test_every_grouping_adds_up_to_the_same(center: CenterProcess, by: str) -> None:
    report = await center.get(f"/api/v1/reports/waiting?{on_day(by)}")
    assert (report["tickets"], report["called"], report["served"]) == (43, 42, 41)
    for name in ("tickets", "called", "no_shows", "left", "served"):
        assert sum(row[name] for row in report["rows"]) == report[name], name
    if by == "department":
        assert {(row["hall"], row["key"]) for row in report["rows"]} == {
            ("qingxi", "税务"),
            ("qingxi", "公安"),
            ("qingxi", None),
            ("liuhe", None),
        }


async def test_the_ranking_gives_sample_and_interval(center: CenterProcess) -> None:
    report = await center.get(f"/api/v1/reports/ranking?{on_day('window')}")
    first, second = report["rows"]
    assert (first["hall"], first["key"], first["rank"], first["rated"]) == ("qingxi", "1", 1, 36)
    assert first["mean"] == pytest.approx(350 / 36)
    assert first["low"] < first["mean"] < first["high"]
    assert (second["hall"], second["rank"], second["rated"]) == ("liuhe", None, 1)


FIGURES = {
    "served": ("ratings", 40),
    "rated": ("ratings", 36),
    "unrated": ("ratings", 4),
    "bad": ("ratings", 1),
    "grade-5": ("ratings", 35),
    "tickets": ("waiting", 42),
    "called": ("waiting", 41),
    "no-shows": ("waiting", 1),
    "left": ("waiting", 1),
}


@pytest.mark.parametrize("figure", FIGURES)
async def test_a_figure_opens_to_as_many_rows_as_it_says(center: CenterProcess, figure: str) -> None:
    answer = await center.get(f"/api/v1/reports/behind?from={DAY}&to={DAY}&hall=qingxi&figure={figure}")
    assert len(answer["runs"]) + len(answer["tickets"]) == FIGURES[figure][1]
    assert answer["next"] is None
    assert all("staff" not in row for row in answer["runs"] + answer["tickets"])


async def test_every_number_of_the_reports_opens_to_as_many_rows(center: CenterProcess) -> None:
    """As a person does it: each link of each report's page, to the end of its list; and each list down to events."""
    opened = 0
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        form = {"token": center.tokens["supervisor"]}
        await (await browser.post(f"{center.url}/sign-in", data=form, allow_redirects=False)).read()

        async def page(path: str) -> str:
            async with browser.get(f"{center.url}{path}") as answer:
                assert answer.status == 200, path
                return await answer.text()

        async def listed(path: str) -> list[str]:
            """The links to events of a list, over all its pages."""
            found: list[str] = []
            while path:
                text = await page(path)
                found += re.findall(r'href="(/halls/[^"/]+/(?:runs|tickets)/[^"]+)"', text)
                follows = re.search(r'href="(/reports/behind[^"]*after=[^"]*)"', text)
                path = follows[1].replace("&amp;", "&") if follows else ""
            return found

        for what, groupings in QUESTIONS.items():
            for by in groupings:
                text = await page(f"/reports?what={what}&by={by}&from={DAY}&to={DAY}")
                body = text[text.index("<tbody>") : text.index("</table>")]
                unopened = re.findall(r'<span class="num">(?!0<)([0-9,]+)</span>', body)
                assert what == "ranking" or not unopened, (what, by, "a number that doesn't open")
                for link, number in re.findall(r'<a class="num" href="(/reports/behind[^"]*)">([0-9,]+)</a>', body):
                    rows = await listed(link.replace("&amp;", "&"))
                    assert len(rows) == int(number.replace(",", "")), (what, by, link)
                    opened += 1
                    if opened % 10 == 0:
                        assert 'class="events"' in await page(rows[0])
    assert opened > 100


async def test_a_ticket_that_nobody_came_for_opens_down_to_its_events(center: CenterProcess) -> None:
    for ticket, kinds in (
        ("missed", ["issued", "called", "no_show"]),
        ("gave-up", ["issued", "cancelled"]),
        ("t3", ["issued", "called", "finished", "submitted"]),
    ):
        answer = await center.get(f"/api/v1/halls/qingxi/tickets/{ticket}", "supervisor")
        assert [event["type"].rpartition(".")[2] for event in answer["events"]] == kinds
        assert [run["run"] for run in answer["runs"]] == (["r3"] if ticket == "t3" else [])
    assert (await center.ask("/api/v1/halls/qingxi/tickets/none"))[0] == 404
    plain = await center.get("/api/v1/halls/qingxi/tickets/missed")
    assert all("event" not in event for event in plain["events"])


async def test_a_run_opens_down_to_its_events_with_their_chain(center: CenterProcess) -> None:
    """What the door shows of an event is what the hall's chain proves."""
    answer = await center.get("/api/v1/halls/qingxi/runs/r7", "supervisor")
    assert [event["type"] for event in answer["events"]] == [
        "hall.ticket.issued",
        "hall.ticket.called",
        "hall.ticket.finished",
        "hall.rating.submitted",
    ]
    assert (answer["grade"], answer["staff"]) == (1, "s1")
    rated = answer["events"][-1]
    journal = rated["journal"]
    listed = await center.ask(
        f"/api/v1/halls/qingxi/events?journal={journal}&after=0&limit={rated['sequence']}", "auditor"
    )
    events = [bytes(raw) for raw in msgspec.json.decode(listed[1], type=list[msgspec.Raw])]
    assert chain.extend(chain.start(journal), events).hex() == rated["chain"]
    plain = await center.get("/api/v1/halls/qingxi/runs/r7")
    assert "staff" not in plain
    assert all("event" not in event for event in plain["events"])


async def test_a_person_is_not_opened_by_who_may_not_see_persons(center: CenterProcess) -> None:
    path = f"/api/v1/reports/behind?from={DAY}&to={DAY}&staff=s1&figure=bad"
    assert (await center.ask(path, "viewer"))[0] == 403
    assert len((await center.get(path, "supervisor"))["runs"]) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/reports/waiting?from=2026-11-21&to=2026-11-20", 400),
        ("/api/v1/reports/waiting?from=2026-11-21&to=2026-11-21&by=grade", 400),
        ("/api/v1/reports/ranking?from=x&to=2026-11-21", 400),
        ("/api/v1/reports/ranking?from=2026-11-21&to=2026-11-21&by=day", 400),
        ("/api/v1/reports/behind?from=2026-11-21&to=2026-11-21&figure=all", 400),
        ("/api/v1/reports/behind?from=2026-11-21&to=2026-11-21&after=%FF", 400),
        ("/api/v1/reports/behind?from=2026-11-21&to=2026-11-21&hall=elsewhere", 404),
        ("/api/v1/reports/behind?from=2026-11-21&to=2026-11-21&quarter=9:20", 400),
        ("/api/v1/reports/behind?from=2026-11-21&to=2026-11-21&department=x", 400),
        ("/api/v1/halls/qingxi/runs/none", 404),
        ("/api/v1/halls/elsewhere/runs/r7", 404),
    ],
)
async def test_a_wrong_question_is_named(center: CenterProcess, path: str, status: int) -> None:
    assert (await center.ask(path))[0] == status


async def test_a_long_list_goes_on_where_it_ended(center: CenterProcess) -> None:
    journal = Journal(name="many")
    for number in range(250):
        journal.run(10_000 + number, None, window="7", at_ms=NOON_MS - 30 * 24 * HOUR_MS)
    assert (await center.send(journal))[0] == 200
    seen: list[str] = []
    after = ""
    while True:
        path = f"/api/v1/reports/behind?from=2026-10-01&to=2026-10-31&figure=unrated{after}"
        answer = await center.get(path)
        seen += [run["run"] for run in answer["runs"]]
        if answer["next"] is None:
            break
        after = f"&after={answer['next']}"
    assert len(seen) == len(set(seen)) == 250
