"""The description of the doors and the live stream, without a process."""

import json

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from common import problem
from hub.hall.rows import HallRow, Rows, ServiceRow, WindowRow
from hub.queueing import state, views, window_commands
from hub.queueing.events import Now
from hub.queueing.layout import Layout, Service, Window
from hub.web import bodies, doors, openapi, schema
from hub.web.hall_schema import public_rows
from hub.web.shown import last_shown
from hub.web.stream import (
    BEHIND_BEATS,
    BEHIND_BYTES,
    KEEP_ALIVE_BEATS,
    RING,
    RING_BYTES,
    TICK_BEATS,
    Reader,
    Stream,
    StreamFull,
)

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
    assert verbs == set(window_commands.WINDOW_VERBS)


@pytest.mark.parametrize("body", [b'{"command": "sing"}', b"{}"])
async def test_an_unknown_command_is_told_those_that_are_known(body: bytes) -> None:
    async def take(request: web.Request) -> web.Response:
        return bodies.json_response(await bodies.read_body(request, schema.WindowCommand))

    app = web.Application(middlewares=[problem.middleware])
    app.router.add_post("/", take)
    async with (
        TestClient(TestServer(app)) as client,
        client.post("/", data=body, headers={"Content-Type": "application/json"}) as answer,
    ):
        assert answer.status == 422
        said = json.loads(await answer.read())["detail"].partition("is one of: ")[2]
    assert set(said.removesuffix(".").split(", ")) == set(window_commands.WINDOW_VERBS)


class Line:
    """A connection that takes what it is told to."""

    def __init__(self, takes: bool = True) -> None:
        self.frames: list[bytes] = []
        self.takes = takes
        self.closing = False

    def write(self, data: bytes) -> None:
        self.frames.append(data)

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return 0 if self.takes else sum(map(len, self.frames))

    def abort(self) -> None:
        self.closing = True


def stream(last: int = 0, readers: int = 10) -> Stream:
    """A stream of journal j."""
    return Stream("j", last, readers, lambda: {"all": True}, tick=lambda: {"as_of": "now"})


def listening(made: Stream, takes: bool = True, **manner: bool) -> tuple[Reader, Line]:
    """A reader that listens."""
    reader, line = Reader(**manner), Line(takes)
    made.enter(reader)
    made.listen(reader, line)
    return reader, line


def change(number: int) -> bytes:
    """As it goes out."""
    return b'event: change\nid: j/%d\ndata: {"n":%d}\n\n' % (number, number)


TICK = b'event: tick\ndata: {"as_of":"now"}\n\n'


async def test_a_reader_gets_what_it_missed_and_then_what_comes() -> None:
    made = stream(5)
    for number in range(6, 11):
        made.publish(number, {"n": number} if number % 2 else {})
    assert made.missed("j/7") == ([change(9)], "j/10")
    assert made.missed("j/6") == ([change(7) + change(9)], "j/10")
    assert made.missed("j/10") == ([], "j/10")
    _, line = listening(made)
    assert line.frames == []
    made.publish(11, {"n": 11})
    made.publish(12, {"n": 12})
    assert line.frames == []
    made.flush()
    assert line.frames == [change(11) + change(12)]


async def test_all_are_written_the_same_bytes_and_once_a_commit() -> None:
    made = stream()
    lines = [listening(made, chunked=True)[1] for _ in range(5)]
    made.publish(1, {"n": 1})
    made.publish(2, {"n": 2})
    made.flush()
    made.flush()
    whole = change(1) + change(2)
    assert [line.frames for line in lines] == [[b"%x\r\n%b\r\n" % (len(whole), whole)]] * 5
    assert len({id(line.frames[0]) for line in lines}) == 1


async def test_the_calm_hear_of_a_call_at_once_and_of_the_rest_with_the_next_beat() -> None:
    made = stream()
    _, calm = listening(made, calm=True, live=True)
    _, other = listening(made)
    made.publish(1, {"n": 1})
    made.flush()
    assert (calm.frames, other.frames) == ([], [change(1)])
    made.publish(2, {"call": {}})
    made.flush()
    assert calm.frames == [change(1) + b'event: change\nid: j/2\ndata: {"call":{}}\n\n']
    made.publish(3, {"n": 3})
    made.flush()
    reader = Reader(calm=True)
    made.enter(reader)
    assert made.missed("j/2") == ([change(3)], "j/3")
    late = Line()
    made.listen(reader, late)
    made.beat()
    assert calm.frames[1:] == [change(3)]
    assert late.frames == [], "what it had among the missed is not repeated"


async def test_a_quiet_line_gets_a_sign_of_life() -> None:
    made = stream()
    _, live = listening(made, live=True, calm=True)
    _, plain = listening(made)
    for _ in range(TICK_BEATS):
        made.beat()
    assert (live.frames, plain.frames) == ([TICK], [])
    made.publish(1, {"n": 1})
    for _ in range(KEEP_ALIVE_BEATS):
        made.beat()
    assert live.frames[1] == change(1)
    assert set(live.frames[2:]) == {TICK}
    assert plain.frames == [change(1), b": still here\n\n"]
    made.tell("say", {"n": 1})
    assert live.frames[-1] == b'event: say\ndata: {"n":1}\n\n'
    assert len(plain.frames) == 2


@pytest.mark.parametrize("last_id", [None, "", "j/4", "j/12", "other/7", "j/x", "j/-1", "j/٧", "j/" + "9" * 400])
async def test_an_id_too_old_or_not_ours_gets_one_snapshot(last_id: str | None) -> None:
    made = stream(5)
    made.publish(6, {"n": 6})
    missed, _ = made.missed(last_id)
    assert missed == [b'event: snapshot\nid: j/6\ndata: {"all":true}\n\n']


async def test_after_a_restart_who_saw_the_last_shown_event_gets_no_snapshot() -> None:
    last = last_shown([(1, "hall.ticket.issued"), (2, "hall.ticket.called"), (3, "hall.device.online")], 0)
    made = Stream("j", 3, 10, lambda: {"all": True}, last)
    assert [made.missed(f"j/{number}")[0] == [] for number in (1, 2, 3, 4)] == [False, True, True, False]
    assert last_shown([(9, "hall.device.online")], 8) == 8


async def test_the_kept_changes_and_each_reader_have_their_limits() -> None:
    made = stream(0, readers=2)
    reader, line = listening(made, takes=False)
    _, other = listening(made)
    with pytest.raises(StreamFull):
        made.enter(Reader())
    number = 0
    while not reader.lagging:
        number += 1
        made.publish(number, {"n": "x" * 1000})
        made.flush()
    assert BEHIND_BYTES < sum(map(len, line.frames)) < BEHIND_BYTES + 2000
    assert (line.closing, reader.gone.is_set(), len(other.frames)) == (True, True, number)
    made.leave(reader)
    made.leave(reader)
    assert (made.readers, made.let_go) == (1, 1)
    for more in range(number + 1, number + RING + 1):
        made.publish(more, {"n": more})
    assert made.missed(f"j/{number - 1}")[0][0].startswith(b"event: snapshot")
    assert b"".join(made.missed(f"j/{number}")[0]).count(b"event: change") == RING


async def test_one_that_takes_nothing_is_let_go_in_time_and_one_that_left_is_seen() -> None:
    made = stream()
    stuck, _ = listening(made, takes=False)
    slow, slow_line = listening(made, takes=False)
    left, left_line = listening(made)
    made.publish(1, {"n": 1})
    made.flush()
    left_line.closing = True
    for _ in range(BEHIND_BEATS - 1):
        made.beat()
    assert left.gone.is_set()
    assert not left.lagging
    assert not stuck.gone.is_set()
    slow_line.takes = True
    made.beat()
    assert stuck.gone.is_set()
    assert stuck.lagging
    assert not slow.gone.is_set()


async def test_a_closing_house_lets_everybody_go() -> None:
    made = stream()
    reader, line = listening(made)
    made.publish(1, {"n": 1})
    made.close()
    made.flush()
    assert reader.gone.is_set()
    assert (line.frames, line.closing) == ([], False)
    with pytest.raises(StreamFull):
        made.enter(Reader())


def test_the_replies_of_the_document_are_those_of_the_views() -> None:
    layout = Layout("h", 480, (Service("A", "A", "a"),), (Window("1", "1", ("A",)),))
    now = state.new(layout)
    rows = Rows(
        hall=HallRow(name="h"),
        services=(ServiceRow(id="A", prefix="A", name="a"),),
        windows=(WindowRow(id="1", name="1", services=("A",)),),
    )
    hall = views.hall(layout, now) | public_rows(rows)
    # As the running hub tells of each window's keys, which the rules do not know.
    hall["windows"] = [window | {"keys_tested_at": None, "keys_dead": None} for window in hall["windows"]]
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
    assert len(stream.missed("j/30")[0]) == 9
    assert stream.missed("j/10")[0][0].startswith(b"event: snapshot")
