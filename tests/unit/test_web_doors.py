"""The description of the doors and the live stream, without a process."""

import json
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from common import problem
from hub.hall.rows import HallRow, Rows, ServiceRow, WindowRow
from hub.queueing import commands, state, views
from hub.queueing.events import Now
from hub.queueing.layout import Layout, Service, Window
from hub.web import doors, openapi, schema
from hub.web.hall_schema import public_rows
from hub.web.shown import last_shown
from hub.web.stream import CLIENT_QUEUE, RING, RING_BYTES, Stream, StreamFull

DOCUMENT = openapi.document("1.2.3")


def test_the_document_describes_each_door_and_no_other() -> None:
    described = {(method.upper(), path) for path, entry in DOCUMENT["paths"].items() for method in entry}
    assert described == {(door.method, door.path) for door in doors.DOORS}
    names = [operation["operationId"] for entry in DOCUMENT["paths"].values() for operation in entry.values()]
    assert len(names) == len(set(names))


def test_every_reference_in_the_document_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    schemas = DOCUMENT["components"]["schemas"]
    for reference in text.split('"$ref": "')[1:]:
        name = reference.split('"')[0].removeprefix("#/components/schemas/")
        assert name in schemas
    assert DOCUMENT["openapi"].startswith("3.1")


def test_doors_that_need_a_token_say_for_whom_and_what_refuses() -> None:
    for door in doors.DOORS:
        operation = DOCUMENT["paths"][door.path][door.method.lower()]
        assert ("security" in operation) == bool(door.who)
        if door.who:
            assert {"401", "403"} <= operation["responses"].keys()
        if door.body is not None:
            assert {"400", "413", "415", "422"} <= operation["responses"].keys()


def test_the_bodies_are_the_commands_of_the_rules() -> None:
    verbs = {kind.__struct_config__.tag for kind in schema.WindowCommand.__args__}
    assert verbs == set(commands.WINDOW_VERBS)


@pytest.mark.parametrize("body", [b'{"command": "sing"}', b"{}"])
async def test_an_unknown_command_is_told_those_that_are_known(body: bytes) -> None:
    async def take(request: web.Request) -> web.Response:
        return schema.json_response(await schema.read_body(request, schema.WindowCommand))

    app = web.Application(middlewares=[problem.middleware])
    app.router.add_post("/", take)
    async with (
        TestClient(TestServer(app)) as client,
        client.post("/", data=body, headers={"Content-Type": "application/json"}) as answer,
    ):
        assert answer.status == 422
        said = json.loads(await answer.read())["detail"].partition("is one of: ")[2]
    assert set(said.removesuffix(".").split(", ")) == set(commands.WINDOW_VERBS)


def events(reader: Any) -> list[Any]:
    """What waits for a reader."""
    found = []
    while not reader.queue.empty():
        found.append(reader.queue.get_nowait())
    return found


def stream(last: int = 0, readers: int = 10) -> Stream:
    """A stream of journal j."""
    return Stream("j", last, readers, lambda: {"all": True})


async def test_a_reader_gets_what_it_missed_and_then_what_comes() -> None:
    made = stream(5)
    for number in range(6, 11):
        made.publish(number, {"n": number} if number % 2 else {})
    _, missed = made.join("j/7")
    assert missed == [b'event: change\nid: j/9\ndata: {"n":9}\n\n']
    reader, missed = made.join("j/10")
    assert missed == []
    made.publish(11, {"n": 11})
    assert [change.sequence for change in events(reader)] == [11]


@pytest.mark.parametrize("last_id", [None, "", "j/4", "j/12", "other/7", "j/x", "j/-1", "j/٧", "j/" + "9" * 400])
async def test_an_id_too_old_or_not_ours_gets_one_snapshot(last_id: str | None) -> None:
    made = stream(5)
    made.publish(6, {"n": 6})
    _, missed = made.join(last_id)
    assert missed == [b'event: snapshot\nid: j/6\ndata: {"all":true}\n\n']


async def test_after_a_restart_who_saw_the_last_shown_event_gets_no_snapshot() -> None:
    last = last_shown([(1, "hall.ticket.issued"), (2, "hall.ticket.called"), (3, "hall.device.online")], 0)
    made = Stream("j", 3, 10, lambda: {"all": True}, last)
    assert [made.join(f"j/{number}")[1] == [] for number in (1, 2, 3, 4)] == [False, True, True, False]
    assert last_shown([(9, "hall.device.online")], 8) == 8


async def test_the_kept_changes_and_each_reader_have_their_limits() -> None:
    made = stream(0, readers=2)
    reader, _ = made.join(None)
    made.join(None)
    with pytest.raises(StreamFull):
        made.join(None)
    for number in range(1, RING + 2):
        made.publish(number, {"n": number})
    waiting = events(reader)
    assert [change.sequence for change in waiting[:-1]] == list(range(1, CLIENT_QUEUE + 1))
    assert waiting[-1] is None
    made.leave(reader)
    made.leave(reader)
    assert (made.readers, made.let_go) == (1, 1)
    _, missed = made.join("j/0")
    assert missed[0].startswith(b"event: snapshot")
    made.leave(_)
    _, missed = made.join("j/1")
    assert len(missed) == RING


async def test_a_closing_house_lets_everybody_go() -> None:
    made = stream()
    reader, _ = made.join(None)
    made.publish(1, {"n": 1})
    made.close()
    assert events(reader) == [None]
    with pytest.raises(StreamFull):
        made.join(None)


def test_the_replies_of_the_document_are_those_of_the_views() -> None:
    layout = Layout("h", 480, (Service("A", "A", "a"),), (Window("1", "1", ("A",)),))
    now = state.new(layout)
    rows = Rows(
        hall=HallRow(name="h"),
        services=(ServiceRow(id="A", prefix="A", name="a"),),
        windows=(WindowRow(id="1", name="1", services=("A",)),),
    )
    hall = views.hall(layout, now) | public_rows(rows)
    for view, kind in (
        (hall, schema.Hall),
        (views.queue(now, Now(0)), schema.Queue),
        (views.window(now, "1"), schema.Window),
    ):
        known = {field.name for field in msgspec.structs.fields(kind)}
        assert view.keys() == known
        msgspec.convert(view, kind)


def test_a_tick_says_what_the_house_says_and_has_no_id() -> None:
    told = Stream("j", 7, 10, dict, tick=lambda: {"as_of": "now"})
    assert told.tick_frame() == b'event: tick\ndata: {"as_of":"now"}\n\n'
    assert told.last_id == "j/7"


def test_what_boards_may_catch_up_with_is_bounded_in_bytes_too() -> None:
    stream = Stream("j", 0, 2, dict)
    for sequence in range(1, 40):
        stream.publish(sequence, {"queue": "x" * (RING_BYTES // 20)})
    assert len(stream.join("j/30")[1]) == 9
    assert stream.join("j/10")[1][0].startswith(b"event: snapshot")
