"""What comes on a line or through the air, and what a printer says."""

from tests.fuzz.target import Target


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

    tables = {
        messages.FACT: ("fact_kind", messages.FACT_FIELDS, "fields"),
        messages.REQUEST: ("command", messages.COMMAND_FIELDS, "args"),
    }

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
        if values is None:
            return
        table = tables.get(kind)
        if table is None or values[table[0]] in table[1]:
            assert messages.decode(messages.encode(kind, values)) == (kind, values)
        else:  # of a firmware that is newer than we are: as it came, and nobody here could write it
            assert values[table[2]] in room.decode(data).values()

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
