"""What a clerk who wants good grades can't do by any door: ask without a run, ask twice for one, learn a grade."""

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.web.board import CALLS
from protocol import messages, session
from tests.door_support import Visitor, filled, hub_routes, visiting
from tests.hub_support import GRADE, Box, HubProcess, new_id, until

PRESSES = 250
VERBS = (
    *("next call recall arrive no_show restore transfer hold resume cancel undo finish walk_up".split()),
    *("sign_in sign_out pause unpause".split()),
    *("next arrive finish finish undo".split()),  # what opens an invitation, oftener
)
WARM_UP = CALLS  # citizens, until the list of last calls has its full length
KNOWN = {"window": "1", "staff": "s1"}
# Heard all the time, and what a key in the address opens, which a clerk doesn't have.
SKIPPED = ("/api/v1/stream", "/t/", "/claim/")
# Never in a page, a reply or the live stream of the counter: whether and how somebody rated.
TELLING = re.compile(r"grade|\brated\b|unrated|submitted|satisf", re.IGNORECASE)


class Evaluator(Box):
    """As the real one: a run that has ended here is not asked again."""

    def __init__(self, device: str) -> None:
        super().__init__(device)
        self.ended: set[bytes] = set()
        self.rated: set[int] = set()  # the numbers of the facts that are presses

    def end(self, kind: int, **fields: Any) -> None:
        """Pressed, or timed out."""
        assert self.open_run is not None
        self.ended.add(self.open_run)
        run, self.open_run = self.open_run, None
        number = self.fact(kind, run=run, **fields)
        if kind == messages.RATED:
            self.rated.add(number)

    def _turn(self, writer: asyncio.StreamWriter) -> None:
        assert self.endpoint is not None
        while (event := self.endpoint.next_event()) is not None:
            if event[0] == session.REQUEST and event[2] == messages.INVITE:
                run = event[3]["run"]
                self.invited.append(run)
                if run in self.ended:
                    self.endpoint.answer(event[1], messages.ENDED)
                    continue
                if self.open_run not in (None, run):
                    self.end(messages.UNRATED, reason=messages.UNRATED_TIMEOUT)
                self.open_run = run
                self.endpoint.answer(event[1], messages.ACCEPTED)
        self.endpoint.set_status(messages.APP_IDLE, self.open_run)
        while data := self.endpoint.outgoing(self.uptime_ms()):
            writer.write(data)


async def at_work(hub: HubProcess, boxes: dict[str, Evaluator]) -> None:
    for window, box in boxes.items():
        await hub.register(box, window)
        await until(lambda box=box: hub.online(box), "the box online")
        assert (await hub.command(window, "sign_in", staff=f"s{window}"))[0] == 200


def any_press(chance: random.Random, verb: str, ids: list[str]) -> dict[str, Any]:
    """A key of the clerk, with whatever words; now and then under an id that was used before."""
    name = chance.choice(ids) if ids and chance.random() < 0.15 else new_id()
    ids.append(name)
    body: dict[str, Any] = {"command": verb, "id": name}
    if verb in ("call", "restore", "resume"):
        body["number"] = f"A{chance.randrange(1, 40):03}"
    if verb == "transfer":
        body["to_window"] = chance.choice("12")
    if verb == "sign_in":
        body["staff"] = chance.choice(["s1", "s2"])
    if verb == "pause":
        body["reason"] = "lunch"
    if verb == "finish" and chance.random() < 0.3:
        body["then"] = "A"
    return body


async def test_whatever_a_clerk_presses_each_invitation_has_its_finished_run_and_each_run_one_rating(
    tmp_path: Path,
) -> None:
    chance = random.Random(9)
    async with (
        Evaluator("ev-1") as one,
        Evaluator("ev-2") as two,
        HubProcess(tmp_path, (one.line, two.line), windows=2) as hub,
    ):
        boxes = {"1": one, "2": two}
        await at_work(hub, boxes)
        for _ in range(12):
            await hub.ticket()
        ids: dict[str, list[str]] = {"1": [], "2": []}
        seen: Counter[int] = Counter()
        for number in range(PRESSES):
            window = chance.choice("12")
            body = any_press(chance, chance.choice(VERBS), ids[window])
            path = f"/api/v1/windows/{window}/commands"
            status, said = await hub.call("POST", path, f"clerk window/{window}", body)
            assert status in (200, 403, 404, 409, 422, 429), said
            seen[status] += 1
            box = boxes[window]
            if box.open_run is not None and chance.random() < 0.5:
                box.end(messages.RATED, grade=chance.randrange(1, 6), pressed_after_ms=900)
            if number % 25 == 0:
                await hub.ticket()
        assert seen[200] > 50
        assert seen[409] > 50
        for box in boxes.values():
            await until(lambda box=box: box.log.oldest == box.log.next, "the box's facts at the hub")
        check(await hub.events(), boxes)


def check(events: list[dict[str, Any]], boxes: dict[str, Evaluator]) -> None:
    """Of the whole journal."""
    finished: dict[str, str] = {}
    rated: Counter[str] = Counter()
    for event in events:
        data = event["data"]
        if event["type"] == "hall.ticket.finished":
            finished[data["run"]] = data["ticket"]
        elif event["type"] == "hall.rating.invited":
            assert data["run"] in finished, "asked before it was finished"
        elif event["type"] == "hall.rating.submitted":
            assert data["run"] in finished
            rated[data["run"]] += 1
    assert rated, "nobody rated: nothing was tried here"
    assert max(rated.values()) == 1, "one run was rated twice"
    asked = [run.hex() for box in boxes.values() for run in box.invited]
    assert set(asked) <= set(finished), "a box asked for a run that was never finished"
    # As many questions that a box took as runs: a second one for a run comes only where the finish was undone.
    undone = Counter(event["data"].get("run") for event in events if event["type"] == "hall.ticket.undone")
    for run, times in Counter(asked).items():
        assert times <= 1 + undone[run], "asked twice for one run"


async def test_a_box_that_is_told_of_no_run_is_not_asked(tmp_path: Path) -> None:
    """Every door that takes something, with the clerk's token and every word that might mean an invitation."""
    async with Evaluator("ev-1") as box, HubProcess(tmp_path, (box.line,)) as hub:
        await at_work(hub, {"1": box})
        await hub.ticket()
        assert (await hub.command("1", "next"))[0] == 200
        assert (await hub.command("1", "arrive"))[0] == 200
        bodies = [
            {"command": verb, "id": new_id(), "run": "00" * 8, "window": "1", "device": "ev-1"}
            for verb in ("invite", "rate", "ask", "evaluate", "submit", "finish")
        ]
        bodies += [{"run": "00" * 8}, {"for_s": 5, "run": "00" * 8}, {"role": "manager", "place": None}]
        for method, path in sorted(hub_routes()):
            if method == "GET":
                continue
            for body in bodies:
                status, _ = await hub.call(method, filled(path, {**KNOWN, "device": "ev-1"}), "clerk window/1", body)
                assert status >= 400 or path.endswith("/leave"), (path, body)
        assert box.invited == []
        assert await hub.events("hall.rating") == []
        # And the same box is asked once there is a run.
        assert (await hub.command("1", "finish"))[0] == 200
        await until(lambda: box.open_run, "the invitation")


async def counter(hub: HubProcess, visitor: Visitor) -> dict[str, str]:
    """Everything that a clerk can read, without what names moments and things."""
    read = {}
    for method, path in sorted(hub_routes()):
        if method != "GET" or path.startswith(SKIPPED):
            continue
        for how, token in (("token", hub.tokens["clerk window/1"]), ("page", None)):
            answer = await visitor.ask(method, filled(path, KNOWN), token)
            text = answer.body.decode("utf-8", "replace")
            assert not GRADE.search(text), path
            if path != "/api/v1/openapi.json" and "json" in answer.headers["Content-Type"]:
                assert not TELLING.search(text), (path, text)
            told = "" if path in ("/metrics", "/readyz") else re.sub(r"[0-9a-f]{8,}|\d+", "#", text)
            read[f"{how} {path}"] = f"{answer.status} {told}"
    return read


async def listen(hub: HubProcess, heard: list[str]) -> None:
    assert hub.http is not None
    async with hub.http.get(f"{hub.url}/api/v1/stream?tick=1") as answer:
        while line := await answer.content.readline():
            heard.append(line.decode())


async def test_nothing_that_a_clerk_can_read_tells_whether_or_how_a_citizen_rated(tmp_path: Path) -> None:
    async with Evaluator("ev-1") as box, HubProcess(tmp_path, (box.line,)) as hub, visiting(hub.url) as visitor:
        await at_work(hub, {"1": box})
        form = {"token": hub.tokens["clerk window/1"]}
        assert (await visitor.ask("POST", "/window/1/sign-in", data=form)).status == 303
        heard: list[str] = []
        listening = asyncio.create_task(listen(hub, heard))

        async def one(end: Callable[[], None]) -> None:
            before = len(await hub.events("hall.rating"))
            await hub.serve_one()
            await until(lambda: box.open_run, "the invitation")
            end()

            async def ended() -> bool:
                return len(await hub.events("hall.rating")) >= before + 2

            await until(ended, "the end of the invitation")

        async def unrated() -> None:
            await one(lambda: box.end(messages.UNRATED, reason=messages.UNRATED_TIMEOUT))

        for _ in range(WARM_UP):
            await unrated()
        views = []
        for grade in range(1, 6):
            await one(lambda grade=grade: box.end(messages.RATED, grade=grade, pressed_after_ms=900))
            views.append(await counter(hub, visitor))
        await unrated()
        views.append(await counter(hub, visitor))
        for path in views[0]:
            for view in views[1:]:
                assert view[path].splitlines() == views[0][path].splitlines(), path
        assert sum(text.startswith("200") for text in views[0].values()) > 20
        await until(lambda: any(f"A{WARM_UP + 6:03}" in line for line in heard), "the live stream of the last citizen")
        listening.cancel()
        text = "".join(heard)
        assert not GRADE.search(text)
        assert not TELLING.search(text)
        # It is all there, for the auditor: there was something to tell.
        grades = [event["data"]["grade"] for event in await hub.events("hall.rating.submitted")]
        assert sorted(grades) == [1, 2, 3, 4, 5]
        assert json.dumps(grades)
