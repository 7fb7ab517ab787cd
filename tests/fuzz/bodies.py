"""What strangers send to the doors of hub and center."""

import gzip
from collections.abc import Coroutine
from typing import Any

from tests.fuzz.target import Target


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

    import msgspec

    from center import ingest
    from center.counting import COUNTED
    from center.folded import folded
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
            # Whether its batch was decoded at once or it was read alone.
            assert element == ingest.read_element(element.data, heading.hall, heading.journal, heading.offset_minutes)
        unpacked = ingest.unpack(body, encoding)
        made = folded(heading, len(unpacked), len(ingest.split(unpacked)), read.elements)
        if made is not None:
            handed_over = msgspec.structs.replace(made, body=body, encoding=encoding)
            # One whose number can't be read has that of its place.
            places = enumerate(read.elements, start=heading.after + 1)
            expected = [
                one if one.declared is not None else msgspec.structs.replace(one, declared=place)
                for place, one in places
            ]
            assert handed_over.unfolded().elements == expected

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
