"""What is fuzzed: for each parser that somebody else's bytes reach, what may come of any bytes, and nothing else.

`one(data)` raises only where there is a finding. What a byte string can't easily be (a right checksum, a sealed packet,
a whole envelope) is put round the bytes here, so that they get where it matters: the first byte says how. `enters`
names the functions that must be reached. Rooms are imported when a target is made: a fuzzer instruments what is
imported after it began.
"""

import gzip
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

Parse = Callable[[bytes], None]
MAX_BYTES = 4096  # longer inputs are slower and meet the same branches; limits on length have tests of their own


@dataclass(frozen=True)
class Target:
    """One parser; `seeds`: inputs that are right, to begin with."""

    one: Parse
    enters: frozenset[str]
    seeds: tuple[bytes, ...]


def frame() -> Target:
    """The frame decoder: any pieces in, payloads out, memory with an end; what it takes it makes again."""
    from protocol import framing
    from protocol.errors import FrameError

    def one(data: bytes) -> None:
        if not data:
            return
        how, rest = data[0], data[1:]
        if how & 1 and rest:
            good = bytearray(framing.encode_frame(rest[: framing.MAX_PAYLOAD]))
            if how & 2:
                good[how % len(good)] ^= 1 << (how >> 5)
            rest = bytes(good) + rest
        reader = framing.FrameReader()
        step = 1 + (how >> 2)
        for at in range(0, len(rest), step):
            reader.feed(rest[at : at + step])
            while (payload := reader.next_frame()) is not None:
                assert 0 < len(payload) <= framing.MAX_PAYLOAD
                assert framing.decode_frame(framing.encode_frame(payload)[:-1]) == payload
            assert reader.held <= framing.MAX_FRAME
        for piece in rest.split(b"\x00"):
            try:
                framing.decode_frame(piece)
            except FrameError as error:
                assert str(error)

    good = framing.encode_frame(b"\x01hello\x00\x00there" * 9)
    seeds = (b"\x00" + good, b"\x04" + good * 2, b"\x01abc", b"\x03abc", b"\x00" + b"\xff" * 600)
    return Target(one, frozenset({"decode_frame", "next_frame", "_drop_overlong"}), seeds)


def cbor() -> Target:
    """The CBOR decoder, and the messages on it: what it takes has one encoding, the one that came."""
    from protocol import cbor as room
    from protocol import messages
    from protocol.errors import CborError, MessageError

    def one(data: bytes) -> None:
        try:
            value = room.decode(data)
        except CborError as error:
            assert str(error)
        else:
            assert room.encode(value) == data
        try:
            kind, values = messages.decode(data)
        except (CborError, MessageError) as error:
            assert str(error)
            return
        if values is not None:
            assert messages.decode(messages.encode(kind, values)) == (kind, values)

    rated = {"run": b"12345678", "grade": 3, "pressed_after_ms": 900}
    fact = {"n": 1, "fact_kind": messages.RATED, "boot": 1, "uptime_ms": 5, "boot_at_ms": None, "boot_at_sure": False}
    seeds = (
        room.encode([0, -1, 2**64 - 1, b"x", "字", None, True, {1: {2: [3]}, 24: False, -1: "k"}]),
        messages.encode(messages.FACT, {**fact, "fields": rated}),
        messages.encode(messages.ACK, {"through": 7}),
    )
    return Target(one, frozenset({"_read_map", "_argument", "_unpack", "_check"}), seeds)


def session() -> Target:
    """Two ends with a live session: garbage, packets nobody sealed, and words that were sealed by the other end."""
    from protocol import framing, messages
    from tests.both_pythons.wire import drain, live, rated

    def one(data: bytes) -> None:
        if len(data) < 2:
            return
        how, rest = data[0], data[1:]
        house = live(1)
        for piece in rest.split(b"\xff\x00\xff")[:8]:
            words = piece[: framing.MAX_PAYLOAD - 32] or b"\x00"
            if how & 1:
                sealer = (house.device if how & 2 else house.hub)._sealer
                if sealer is None:
                    break
                words = framing.encode_frame(sealer.seal(words))
            elif how & 4:
                words = framing.encode_frame(words)
            end = house.hub if how & 2 else house.device
            end.receive(words, house.now_ms)
            drain(end)
            assert end._reader.held <= framing.MAX_FRAME
            house.down.put(house.hub.outgoing(house.now_ms), house.now_ms)
            house.up.put(house.device.outgoing(house.now_ms), house.now_ms)
        # Whatever it was, what is not sealed ends nothing; after it a fact arrives once.
        if not how & 1:
            house.log.append(rated(1))
            assert house.run(60_000, house.drained)
            assert len(house.stored) == 1

    ask = messages.encode(
        messages.REQUEST, {"id": 1, "command": messages.IDENTIFY, "left_ms": 5000, "args": {"for_ms": 5000}}
    )
    seeds = (
        b"\x00garbage\x00garbage",
        b"\x04" + bytes(range(40)),
        b"\x01" + ask,
        b"\x03" + messages.encode(messages.ANSWER, {"id": 1, "code": 0, "detail": None}),
        b"\x01" + messages.encode(messages.ACK, {"through": 1}),
    )
    return Target(one, frozenset({"_on_packet", "_on_request", "_on_answer", "open"}), seeds)


class Sent:
    """As much of a request as the reading of a body needs."""

    content_type = "application/json"

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.content_length = len(body)

    async def read(self) -> bytes:
        """All of it."""
        return self._body


def finished(doing: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that waits for nothing."""
    try:
        doing.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


def hub_bodies() -> Target:
    """Every JSON body of the hub's doors and pages; what is taken becomes a command of the rules."""
    import msgspec

    from common.problem import Problem
    from hub.web import admin_page, clerk, hall_schema, kiosk_tickets, schema
    from hub.web.bodies import read_body
    from hub.web.doors import DOORS

    rows = {hall_schema.HallWanted, hall_schema.UndoWanted}
    kinds = [door.body for door in DOORS if door.body is not None]
    kinds += [admin_page.TokenWanted, kiosk_tickets.Wanted, kiosk_tickets.Aloud]

    def one(data: bytes) -> None:
        if not data:
            return
        kind: Any = kinds[data[0] % len(kinds)]
        read = hall_schema.read_rows if kind in rows else read_body
        try:
            wanted = finished(read(Sent(data[1:]), kind))  # type: ignore[arg-type]  # a request of our own with just a body
        except Problem as problem:
            assert problem.status in (400, 413, 422)
            assert problem.title
            assert msgspec.json.encode(problem.body())
            return
        if kind == schema.WindowCommand:
            assert clerk.command("1", wanted) is not None
        elif kind == schema.DayCommand:
            assert clerk.day_command("manager", wanted) is not None

    number = kinds.index(schema.WindowCommand)
    name = b'"id":"00000000-0000-4000-8000-000000000000"'
    bodies = (b'{"command":"next",%b}', b'{"command":"call","number":"A001","reason":null,%b}', b'{"command":"x",%b}')
    seeds = [bytes([number]) + body % name for body in bodies]
    seeds += [bytes([at]) + b"{}" for at in range(len(kinds))]
    seeds.append(bytes([kinds.index(schema.TicketWanted)]) + b'{"service":"A","also":["B"],%b}' % name)
    at = kinds.index(hall_schema.HallWanted)
    seeds.append(bytes([at]) + b'{"revision":1,"services":[{"id":"A","prefix":"A","name":"a"}],"windows":[]}')
    enters = frozenset({"read_body", "read_rows", "_wrong", "command", "_unknown_keys"})
    return Target(one, enters, tuple(seeds))


def center_bodies() -> Target:
    """Batches of a hall, with events that are nearly right; the address and headers of a batch; a phone's form."""
    from urllib.parse import parse_qs

    from center import ingest
    from center.counting import COUNTED
    from center.phone import rating
    from center.phone.errors import PhoneRefusal
    from center.web import opening
    from common.problem import Problem

    heading = ingest.Heading("h", "j", 0, bytes(32), 480)
    refusals = (ingest.BatchError, ingest.TooLargeError, ingest.RequestError)
    kinds = sorted(COUNTED)

    def event(kind: str, data: bytes) -> bytes:
        when = b'"2026-11-21T10:00:00.000+08:00"'
        return b"".join(
            (
                b'{"specversion":"1.0","id":"j/1","source":"/halls/h","type":"',
                kind.encode(),
                b'","time":%b,"recordedtime":%b,"subject":"x","sequence":"1","journal":"j","clock":"sure","data":'
                % (when, when),
                data + b"}",
            )
        )

    def batch(body: bytes, encoding: str) -> None:
        try:
            read = ingest.read_batch(heading, body, encoding)
        except refusals as error:
            assert str(error)
            return
        for element in read.elements:
            assert (element.fact is None) == (element.reason is not None)

    def one(data: bytes) -> None:
        if len(data) < 2:
            return
        how, rest = data[0] % 6, data[1:]
        text = rest.decode("utf-8", "replace")
        if how == 0:
            batch(rest, "")
        elif how == 1:
            batch(rest, "gzip")
        elif how == 2:
            batch(gzip.compress(rest, 1, mtime=0), "gzip")
        elif how == 3:
            batch(b"[" + event(kinds[rest[0] % len(kinds)], rest[1:]) + b"]", "")
        elif how == 4:
            for read in (ingest.journal_id, ingest.hubs_journal_id, ingest.position, ingest.chain_link):
                try:
                    read(text)
                except ingest.RequestError as error:
                    assert str(error)
            try:
                opening.read_place(text)
            except Problem as problem:
                assert problem.status == 400
        else:
            form = parse_qs(text, max_num_fields=1000, separator="&") if text.count("&") < 1000 else {}
            try:
                said = rating.read({name: values[0] for name, values in form.items()}, form.get("reason", []))
            except PhoneRefusal as refused:
                assert refused.kind
            else:
                assert 1 <= said.grade <= 5

    rated = b'{"run":"r","ticket":null,"window":"1","staff":null,"service":"A","grade":3,"channel":"box"}'
    at = kinds.index("hall.rating.submitted")
    seeds = [b"\x00[]", b"\x02[]", b"\x01" + gzip.compress(b"[]", 1, mtime=0), b"\x03" + bytes([at]) + rated]
    seeds += [b"\x00[" + event("hall.rating.submitted", rated) + b"]", b"\x04" + b"0" * 64, b"\x0412"]
    seeds += [b"\x05grade=3&reason=skill&words=x&contact=1&consent=yes", b"\x04WyJoIiwiZCIsIm4iXQ"]
    seeds += [b"\x03" + bytes([number]) + b"{}" for number in range(len(kinds))]
    enters = frozenset({"read_batch", "unpack", "read_element", "read_fact", "read_place", "chain_link"})
    return Target(one, enters, tuple(seeds))


HUB_TOML = """[hall]
id = "h1"
name = "a"
[paths]
data = "data"
[[services]]
id = "A"
prefix = "A"
name = "a"
[[windows]]
id = "1"
name = "1"
services = ["A"]
"""
CENTER_TOML = '[[halls]]\nid = "qingxi"\nname = "a"\n'


def configuration() -> Target:
    """`hub.toml` and `center.toml`: whole, and behind a right beginning."""
    import atexit
    import shutil
    import tempfile
    from pathlib import Path

    from center import config as center_config
    from common.settings import SettingsError
    from hub import config as hub_config

    place = tempfile.mkdtemp(prefix="tingting-fuzz-")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    path = Path(place) / "settings.toml"
    loads: tuple[tuple[Callable[[Path], Any], bytes], ...] = (
        (hub_config.load, HUB_TOML.encode()),
        (center_config.load, CENTER_TOML.encode()),
    )

    def one(data: bytes) -> None:
        if not data or b"token_file" in data:  # a file that is named there is read, and may be anything
            return
        load, begins = loads[data[0] & 1]
        path.write_bytes((begins if data[0] & 2 else b"") + data[1:])
        try:
            load(path)
        except SettingsError as error:
            assert str(error).startswith(str(path))

    seeds = [bytes([at]) + begins for at, (_, begins) in enumerate(loads)]
    seeds += [
        b'\x02[http]\nport = 8080\n[center]\nurl = "http://x"\ntoken = "t"\n[[radios]]\nadapter = "hci0"\n',
        b'\x02[[links]]\nurl = "socket://127.0.0.1:1"\n[limits]\nstream_clients = 5\n',
        b'\x02[[staff]]\ncode = "1"\nname = "a"\n[[zones]]\nid = "z"\nname = "z"\n[voice]\noutput = "off"\n',
        b"\x03[http]\nport = 0\n[cases]\ndays = 5\n[overview]\nrefresh_s = 1\n",
        b"\x02[hall]\n",
        b'\x02[htp]\nport = "x"\n',
    ]
    enters = frozenset({"convert", "_unknown_keys", "_plain", "_allowed", "_cross_check", "_resolved"})
    return Target(one, enters, tuple(seeds))


def sheets() -> Target:
    """`hall.csv`, from any spreadsheet: a hall, or every cell that is wrong."""
    from hub.hall import sheets as room
    from hub.hall.rows import HallRow, Rows, ServiceRow, WindowRow
    from hub.hall.sheet_reading import SheetError

    rows = Rows(
        hall=HallRow(name="h"),
        services=(ServiceRow(id="A", prefix="A", name="a"),),
        windows=(WindowRow(id="1", name="1", services=("A",)),),
    )

    def one(data: bytes) -> None:
        try:
            sheet = room.read(data, rows, {"ev-1": "evaluator"}, str)
        except SheetError as error:
            assert error.wrongs
            return
        # What was taken can be written, and taken again.
        room.read(room.write(sheet.rows, (), chinese=True), rows, {}, str)

    whole = room.write(rows, (), chinese=False)
    seeds = (
        whole,
        room.write(rows, (), chinese=True),
        whole.decode("utf-8-sig").encode("gb18030"),
        b"[windows]\nid,name,services\n2,b,A\n",
        "[窗口]\r\n编号,名称\r\n3,三号\r\n".encode(),
        b"[nothing]\na\n1\n",
        b'[services]\nid,prefix,name,hours\nB,B,"b\nb",9:00-12:00\n',
    )
    return Target(one, frozenset({"sheet", "read", "_text", "write"}), seeds)


def printer() -> Target:
    """What a ticket printer says of itself, in any pieces, with questions open or not."""
    from protocol import escpos

    def one(data: bytes) -> None:
        whole, pieces = escpos.Status(), escpos.Status()
        if not data:
            return
        for status in (whole, pieces):
            for number in (1, 2, 4)[: data[0] & 3]:
                status.asked(number)
        rest = data[1:]
        whole.feed(rest)
        for byte in rest:
            pieces.feed(bytes([byte]))
        assert vars(whole) == vars(pieces)
        assert whole.answers + whole.noise <= len(rest)
        assert whole.through <= whole.answers
        assert whole.worst in (escpos.OK, escpos.PAPER_OUT, escpos.COVER_OPEN, escpos.FAULT, escpos.OFFLINE)
        whole.forget()
        assert not whole.waiting

    seeds = (b"\x00\x10\x00\x00\x00", b"\x03\x12\x12\x72", b"\x02\x1a\x36\x00\x0f", b"\x01\x18\x08\x0c\x0f\xff")
    return Target(one, frozenset({"feed", "_answered", "_automatic", "_sensors"}), seeds)


# By name: what makes it, and the rooms that a coverage-guided fuzzer looks at.
TARGETS: dict[str, tuple[Callable[[], Target], tuple[str, ...]]] = {
    "frame": (frame, ("protocol",)),
    "cbor": (cbor, ("protocol",)),
    "session": (session, ("protocol",)),
    "hub-bodies": (hub_bodies, ("hub.web.bodies", "hub.web.hall_schema", "hub.web.clerk", "common.settings")),
    "center-bodies": (
        center_bodies,
        ("center.ingest", "center.counting", "center.phone", "center.web.opening", "common.envelope"),
    ),
    "configuration": (configuration, ("common.settings", "hub.config", "hub.hall", "center.config")),
    "sheets": (sheets, ("hub.hall",)),
    "printer": (printer, ("protocol",)),
}
